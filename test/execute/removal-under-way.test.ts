import { expect, test } from 'vitest';
import type { Way } from '../../src/execute/ports.js';
import { type RunEnd, runCleanup } from '../../src/execute/run-plan.js';
import { ok } from '../../src/model/problem.js';
import type { RunMode } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { openStage, RUN } from '../campaign/worlds.js';
import { MemoryJournal } from '../support/again-stage.js';
import { openMemoryWay } from '../support/memory-link.js';
import { VirtualClock } from '../support/virtual-clock.js';

class Killed extends Error {}

test('a removal that SMS is still at work on, when its run is killed and gone on with, is not asked for again', async () => {
  const { clock, plan, world, vcenter } = await openStage(0, (start) => new VirtualClock(start));
  Object.assign(world.timing, { taskMs: 20_000 });
  const journal = new MemoryJournal();
  const asked: string[] = [];
  let mortal = true;
  const open = openMemoryWay(world, vcenter.id);
  const way: Way = {
    label: open.label,
    async open() {
      const opened = await open.open();
      if (!opened.ok) return opened;
      const { sms } = opened.value;
      const unregister: typeof sms.unregister = async (uid) => {
        asked.push(uid);
        const sent = await sms.unregister(uid);
        // Two plain removals fail; this is the first of step 7.
        if (mortal && asked.length === 3) throw new Killed();
        return sent;
      };
      return ok({ ...opened.value, sms: { ...sms, unregister } });
    },
  };
  const session = (mode: RunMode): Promise<RunEnd> =>
    clock.run(
      runCleanup({
        run: RUN,
        plan,
        journal,
        way,
        clock,
        timing: DEFAULT_TIMING,
        operator: { mode, user: 'somebody', host: 'here', pid: 1, madeBy: 'test' },
        say: () => {},
        interrupted: new AbortController().signal,
        mode,
      }),
    );
  await expect(session('run')).rejects.toThrow(Killed);
  mortal = false;
  expect(await session('resume')).toMatchObject({ result: 'done', left: [] });
  const uids = plan.removals.map(({ uid }) => uid);
  expect(asked).toEqual([...uids, ...uids]);
});
