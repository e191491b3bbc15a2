import { expect, test } from 'vitest';
import { runCleanup } from '../../src/execute/run-plan.js';
import { switchOff, switchOn } from '../../src/lab/appliance-reboot.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { openStage, RUN } from '../campaign/worlds.js';
import { MemoryJournal } from '../support/again-stage.js';
import { openMemoryWay } from '../support/memory-link.js';
import { VirtualClock } from '../support/virtual-clock.js';

test('an account may have any name: it is in the journal as it is, and in plain letters on the appliance', async () => {
  const { clock, plan, world, vcenter } = await openStage(0, (start) => new VirtualClock(start));
  switchOn(world, vcenter);
  const owners = new Set<string>();
  const way = openMemoryWay(world, vcenter.id);
  const journal = new MemoryJournal();
  try {
    const end = await clock.run(
      runCleanup({
        run: RUN,
        plan,
        journal,
        way,
        clock,
        timing: DEFAULT_TIMING,
        operator: { mode: 'run', user: `jürgen'$(id)\u202e`, host: '名古屋', pid: 1, madeBy: 'test' },
        say: () => {
          const owner = vcenter.appliance.files.get('/root/.vasatrust/lock/owner')?.content.toString('utf8');
          if (owner !== undefined) owners.add(owner.split('\n')[1] ?? '');
        },
        interrupted: new AbortController().signal,
        mode: 'run',
      }),
    );
    expect(end).toMatchObject({ result: 'done', left: [] });
  } finally {
    switchOff(world, vcenter);
  }
  expect([...owners]).toEqual(["owner=j?rgen'$(id)?@???"]);
  expect(journal.entries.find(({ event }) => event === 'session')).toMatchObject({ user: `jürgen'$(id)\u202e`, host: '名古屋' });
});
