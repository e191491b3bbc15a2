import { describe, expect, test } from 'vitest';
import { BOTH, cleanup, expectAsBefore, gone, holds, on, PATIENCE_MS, told } from '../standin/cleanup-test.js';
import { look } from '../standin/look.js';
import { vasatrust, vasatrustUntil } from '../standin/operator.js';
import { missingStandin, type Standin } from '../standin/standin.js';

/** Waits until the self-revert has done its work and is disarmed. */
async function selfReverted(at: Standin): Promise<void> {
  const ended = async () =>
    (await at.inside('for guard in /root/.vasatrust/*/guard.sh; do sh "$guard" status; done')).stdout.startsWith(
      'state=disarmed',
    );
  if (!(await holds(ended, PATIENCE_MS)))
    throw new Error((await at.inside('cat /root/.vasatrust/*/status; sh /root/.vasatrust/*/guard.sh status')).stdout);
  // Ending its own timer is the last thing it does.
  await holds(
    async () => (await at.inside('systemctl list-units --all --plain --no-legend "vasatrust-*"')).stdout.trim() === '',
    PATIENCE_MS,
  );
  // SMS loads its providers before it is healthy again.
  await holds(async () => (await at.state()).sps.health === 'HEALTHY', PATIENCE_MS);
}

const runOf = async (at: Standin): Promise<string> => {
  const listed = await vasatrust(at, 'runs', 'list', '-o', 'json').ended;
  const [run] = JSON.parse(listed.stdout) as { id: string }[];
  if (run === undefined) throw new Error(told(listed));
  return run.id;
};

/** Where the run is interrupted, as the promises name the states, and the line of the journal behind which that is. */
const POINTS = {
  B: 'outcome:lower-retry',
  C: 'outcome:block',
  D: 'outcome:stop-sps',
  E: 'outcome:start-sps',
  F: 'intent:unblock',
  G: 'outcome:unblock',
  H: 'outcome:restore-retry',
} as const;
type Point = keyof typeof POINTS;

/** A registration that is gone stays gone; the first of two, where the run is interrupted between them. */
const isAfterRemoval = (point: Point) => ['F', 'G', 'H'].includes(point);

const ONE_RUN = '^/root/\\.vasatrust/[\\w-]+\n$';

describe.skipIf(missingStandin()).concurrent('a cleanup', { timeout: 4 * PATIENCE_MS }, () => {
  for (const shell of ['bash', 'appliancesh'] as const)
    test(
      `by ${shell}: the plain removal fails, the procedure succeeds, and all else is as before`,
      on({ shell }, async (at) => {
        const before = await look(at, BOTH);
        const ended = await vasatrust(at, ...cleanup('vc65')).ended;
        expect(ended.code, told(ended)).toBe(0);
        expect(at.spsLog()).toContain('java.lang.NullPointerException');
        expect(await gone(at)).toEqual(BOTH);
        await expectAsBefore(at, before);
      }),
    );

  describe('killed', () => {
    for (const [point, then] of [
      ['B', 'revert'],
      ['C', 'resume'],
      ['D', 'resume'],
      ['E', 'revert'],
      ['F', 'resume'],
      ['G', 'revert'],
      ['H', 'resume'],
    ] as const)
      test(
        `in ${point}, and nobody comes back for a while: the appliance takes itself back; then ${then}`,
        on({ shell: 'BDFH'.includes(point) ? 'bash' : 'appliancesh' }, async (at) => {
          const before = await look(at, BOTH);
          const { sps } = await at.state();
          const running = await vasatrustUntil(at, POINTS[point], ...cleanup('vc65'));
          running.kill('SIGKILL');
          await running.ended;
          const removed = await gone(at);
          expect(removed.length > 0).toBe(isAfterRemoval(point));
          await selfReverted(at);
          expect(await gone(at)).toEqual(removed);
          await expectAsBefore(at, before, { record: ONE_RUN, retryAttempt: isAfterRemoval(point) ? 4 : 99_999 });
          // SPS that never read the changed file was not restarted.
          if (point === 'B' || point === 'C') expect((await at.state()).sps.pid).toBe(sps.pid);
          const ended = await vasatrust(at, 'runs', then, await runOf(at), '--yes').ended;
          const expected = then === 'resume' ? 0 : isAfterRemoval(point) ? 7 : 0;
          expect(ended.code, told(ended)).toBe(expected);
          expect(await gone(at)).toEqual(then === 'resume' ? BOTH : removed);
          await expectAsBefore(at, before);
        }),
      );

    for (const [point, then] of [
      ['C', 'revert'],
      ['D', 'revert'],
      ['E', 'resume'],
      ['F', 'revert'],
      ['H', 'revert'],
    ] as const)
      test(
        `in ${point}, and ${then} at once`,
        on({ shell: 'CE'.includes(point) ? 'bash' : 'appliancesh' }, async (at) => {
          const before = await look(at, BOTH);
          const running = await vasatrustUntil(at, POINTS[point], ...cleanup('vc65'));
          running.kill('SIGKILL');
          await running.ended;
          const removed = await gone(at);
          const ended = await vasatrust(at, 'runs', then, await runOf(at), '--yes').ended;
          expect(ended.code, told(ended)).toBe(then === 'resume' || !isAfterRemoval(point) ? 0 : 7);
          expect(await gone(at)).toEqual(then === 'resume' ? BOTH : removed);
          await expectAsBefore(at, before);
        }),
      );

    test(
      'in step 7, while the task runs: nothing is unregistered again before SMS was asked',
      on({ taskMs: 1_500 }, async (at) => {
        const before = await look(at, BOTH);
        const running = await vasatrustUntil(at, 'intent:unregister', ...cleanup('vc65'));
        const tasks = () => at.spsLog().split('Created a task').length;
        const earlier = tasks();
        running.kill('SIGCONT');
        expect(await holds(async () => tasks() > earlier, 10_000)).toBe(true);
        running.kill('SIGKILL');
        await running.ended;
        await selfReverted(at);
        // The registration came to one end or the other, by its own task.
        const removed = await gone(at);
        expect(tasks()).toBe(earlier + 1);
        await expectAsBefore(at, before, { record: ONE_RUN });
        const ended = await vasatrust(at, 'runs', 'resume', await runOf(at), '--yes').ended;
        expect(ended.code, told(ended)).toBe(0);
        expect(tasks()).toBeLessThanOrEqual(earlier + 1 + 2 * (BOTH.length - removed.length));
        expect(await gone(at)).toEqual(BOTH);
        await expectAsBefore(at, before);
      }),
    );
  });

  for (const then of ['resume', 'revert'] as const)
    test(
      `killed in E: ${then} in the middle of the self-revert waits for it`,
      on({}, async (at) => {
        const before = await look(at, BOTH);
        const running = await vasatrustUntil(at, POINTS.E, ...cleanup('vc65'));
        running.kill('SIGKILL');
        await running.ended;
        const run = await runOf(at);
        expect(await holds(async () => (await at.inside('cat /root/.vasatrust/*/reverting')).code === 0, PATIENCE_MS)).toBe(true);
        const ended = await vasatrust(at, 'runs', then, run, '--yes').ended;
        expect(ended.code, told(ended)).toBe(0);
        expect(await gone(at)).toEqual(then === 'resume' ? BOTH : []);
        await expectAsBefore(at, before);
      }),
    );

  test(
    'whose connection is cut in D for a moment goes on by itself',
    on({}, async (at) => {
      const before = await look(at, BOTH);
      const running = await vasatrustUntil(at, POINTS.D, ...cleanup('vc65'));
      await at.inside(
        'kill -9 $(cat /proc/[0-9]*/stat 2>/dev/null | sed -n "s/^\\([0-9]*\\) (sshd) . \\([0-9]*\\) .*/\\1 \\2/p" | while read -r pid parent; do [ "$parent" = 1 ] || echo "$pid"; done)',
      );
      running.kill('SIGCONT');
      const ended = await running.ended;
      expect(ended.code, told(ended)).toBe(0);
      expect(await gone(at)).toEqual(BOTH);
      await expectAsBefore(at, before);
    }),
  );

  test(
    'whose network is gone in E for longer than the lease: the appliance takes itself back, and the run says so',
    on({ shell: 'appliancesh' }, async (at) => {
      const before = await look(at, BOTH);
      const running = await vasatrustUntil(at, POINTS.E, ...cleanup('vc65'));
      await at.cut();
      running.kill('SIGCONT');
      await selfReverted(at);
      await expectAsBefore(at, before, { record: ONE_RUN });
      await at.mend();
      const ended = await running.ended;
      expect(ended.code, told(ended)).toBe(4);
      expect(await gone(at)).toEqual([]);
      await expectAsBefore(at, before);
    }),
  );

  for (const [point, how, code] of [
    ['C', 'reset', 4],
    ['E', 'reboot', 4],
    ['F', 'reset', 7],
  ] as const)
    test(
      `whose appliance is rebooted (${how}) in ${point} finds it as before`,
      on({ shell: point === 'E' ? 'appliancesh' : 'bash' }, async (at) => {
        const before = await look(at, BOTH);
        const running = await vasatrustUntil(at, POINTS[point], ...cleanup('vc65'));
        const removed = await gone(at);
        await at[how]();
        // The file was put back before SPS read it.
        expect((await at.state()).sps.retryAttempt).toBe(99_999);
        running.kill('SIGCONT');
        const ended = await running.ended;
        expect(ended.code, told(ended)).toBe(code);
        expect(await gone(at)).toEqual(removed);
        await expectAsBefore(at, before);
      }),
    );

  test(
    'killed in E, its appliance rebooted, and nobody there: the appliance is as before by itself',
    on({}, async (at) => {
      const before = await look(at, BOTH);
      const running = await vasatrustUntil(at, POINTS.E, ...cleanup('vc65'));
      running.kill('SIGKILL');
      await running.ended;
      await at.reset();
      await selfReverted(at);
      expect((await at.state()).sps.retryAttempt).toBe(99_999);
      await expectAsBefore(at, before, { record: ONE_RUN });
      const ended = await vasatrust(at, 'runs', 'revert', await runOf(at), '--yes').ended;
      expect(ended.code, told(ended)).toBe(0);
      await expectAsBefore(at, before);
    }),
  );

  for (const [what, signals, code] of [
    ['finds on waking up that the appliance took itself back', [], 4],
    ['and is interrupted as it wakes up', ['SIGINT'], 130],
  ] as const)
    test(
      `that sleeps in E for longer than the lease ${what}`,
      on({}, async (at) => {
        const before = await look(at, BOTH);
        const running = await vasatrustUntil(at, POINTS.E, ...cleanup('vc65'));
        await holds(async () => (await at.inside('cat /root/.vasatrust/*/reverting')).code === 0, PATIENCE_MS);
        for (const signal of signals) running.kill(signal);
        running.kill('SIGCONT');
        const ended = await running.ended;
        expect([code, 4], told(ended)).toContain(ended.code);
        expect(await gone(at)).toEqual([]);
        await expectAsBefore(at, before);
      }),
    );

  test(
    'that is interrupted by Ctrl-C in E takes everything back',
    on({}, async (at) => {
      const before = await look(at, BOTH);
      const running = await vasatrustUntil(at, POINTS.E, ...cleanup('vc65'));
      running.kill('SIGINT');
      running.kill('SIGCONT');
      const ended = await running.ended;
      expect(ended.code, told(ended)).toBe(130);
      expect(await gone(at)).toEqual([]);
      await expectAsBefore(at, before);
    }),
  );
});
