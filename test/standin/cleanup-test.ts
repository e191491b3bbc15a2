import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext } from 'vitest';
import { type Look, look } from './look.js';
import type { Ended } from './operator.js';
import { openStandin, SECOND_MS, type Standin, type StandinOptions } from './standin.js';

export const CT0 = '453d453a-ac19-4bf5-b1f7-7252ad84950a';
export const CT1 = 'b1801691-98a2-4484-b156-f91e55ca54c6';
export const BOTH = [CT0, CT1];
/** For what takes a few minutes of the procedure, on a busy machine. */
export const PATIENCE_MS = 60_000 + 400 * SECOND_MS;

export const cleanup = (vcenter: string, ...more: readonly string[]) => [
  'cleanup',
  vcenter,
  '--all-stale',
  '--yes',
  ...['--second-look', '1'],
  ...['--accept', 'dependents-running', '--accept', 'backup-unconfirmed'],
  ...more,
];

/** A test with a stand-in of its own; when it fails, what journal and self-revert say is told with it. */
export function on(options: StandinOptions, work: (at: Standin) => Promise<void>): (context: TestContext) => Promise<void> {
  return async ({ signal }) => {
    const at = await openStandin(options);
    // A test whose time is up is not waited for: what it left open ends with the stand-in.
    const over = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('the time of the test is up')), { once: true });
    });
    try {
      await Promise.race([work(at), over]);
    } catch (error) {
      console.error(`${error instanceof Error ? error.message.slice(0, 2_000) : error}\n${await story(at)}`);
      throw error;
    } finally {
      await at.close();
    }
  };
}

async function story(at: Standin): Promise<string> {
  const folder = join(at.env.XDG_STATE_HOME ?? '', 'vasatrust/runs');
  const journals = existsSync(folder) ? readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')) : [];
  const entries = journals.flatMap((text) => text.split('\n')).filter((line) => line !== '' && !line.includes('"event":"begin"'));
  const guard = await at.inside('cat /root/.vasatrust/*/status; ls -la /root/.vasatrust/*; tail -3 /root/.vasatrust/*/*.out');
  return `${entries
    .map((line) => line.slice(0, 300))
    .slice(-40)
    .join('\n')}\n${guard.stdout}\n${at.running()}`;
}

export const told = ({ code, stderr, stdout }: Ended) => `exit code ${code}\n${stderr}\n${stdout}`;

export async function holds(what: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!(await what())) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

/** Which of these registrations the vCenter of the container has no more. */
export const gone = async (at: Standin, uids: readonly string[] = BOTH): Promise<string[]> => {
  const left = (await at.state()).vcenters[0]?.registrations.map(({ uid }) => uid) ?? [];
  return uids.filter((uid) => !left.includes(uid));
};

interface AsBefore {
  /** Of what is left in the folder of runs; default: nothing is. */
  readonly record?: string;
  /** As SPS runs with it. */
  readonly retryAttempt?: number;
  readonly removed?: readonly string[];
}

/** As before, but for what is gone; SPS that runs with the changed value is a matter of its own. */
export async function expectAsBefore(
  at: Standin,
  before: Look,
  { record = '', retryAttempt = 99_999, removed = BOTH }: AsBefore = {},
): Promise<void> {
  await holds(async () => (await at.state()).sps.health === 'HEALTHY', PATIENCE_MS);
  const { record: left, ...now } = await look(at, removed);
  const { record: _none, ...then } = before;
  expect(now).toEqual({ ...then, retryAttempt });
  expect(left).toMatch(record === '' ? /^$/ : new RegExp(record));
}
