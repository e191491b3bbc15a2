import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const isFullTime = process.env.VASATRUST_STANDIN_SECOND_MS === '1000';

/**
 * Five projects, fastest first. `pure` runs on every save; the others need sockets, the built command, or Debian packages. The stand-ins
 * boot containers and measure leases in real time: they come last, when nothing else is busy.
 */
export default defineConfig({
  test: {
    // By itself vitest leaves a core idle: half the machine, where there are two.
    maxWorkers: availableParallelism(),
    projects: [
      {
        test: {
          name: 'pure',
          include: [
            'test/{model,x509,inventory,findings,plan,report,config,diagnose,ca}/**/*.test.ts',
            'test/architecture.test.ts',
          ],
          testTimeout: 30_000,
        },
      },
      { test: { name: 'lab', include: ['test/{wire,collect,lab,journeys,execute}/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: { name: 'cli', include: ['test/cli/**/*.test.ts'], testTimeout: 60_000, globalSetup: 'test/cli/build-command.ts' },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          exclude: ['test/system/standin*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'standin',
          include: ['test/system/standin*.test.ts'],
          // Only where somebody asks for full time, and has the time.
          exclude: isFullTime ? [] : ['test/system/standin-full-time.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
          // At a thirtieth of the time a lease is over in four seconds, and two appliances at once on two cores were too much (measured).
          maxConcurrency: isFullTime ? 9 : 1,
        },
      },
    ],
  },
});
