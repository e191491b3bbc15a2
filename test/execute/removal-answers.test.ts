import { expect, test } from 'vitest';
import type { SmsAccess, Way } from '../../src/execute/ports.js';
import { type RunEnd, runCleanup } from '../../src/execute/run-plan.js';
import { isRemoved, readRun } from '../../src/execute/run-state.js';
import { beginStart, beginStop } from '../../src/lab/sps-model.js';
import { err, ok, type Problem } from '../../src/model/problem.js';
import type { RunEvent } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { openStage, RUN } from '../campaign/worlds.js';
import { MemoryJournal } from '../support/again-stage.js';
import { openMemoryWay } from '../support/memory-link.js';
import { VirtualClock } from '../support/virtual-clock.js';

type Stage = Awaited<ReturnType<typeof openStage>>;

interface Played {
  readonly stage: Stage;
  readonly end: RunEnd;
  readonly journal: MemoryJournal;
  /** Removals that were asked for. */
  readonly asked: readonly string[];
}

/** A run in which SMS answers otherwise, or somebody does something as an entry of the journal is written. */
async function play(
  answer: (real: SmsAccess, asked: readonly string[]) => Partial<SmsAccess>,
  meanwhile: (event: RunEvent, stage: Stage) => void = () => {},
): Promise<Played> {
  const stage = await openStage(0, (start) => new VirtualClock(start));
  const { clock, plan, world, vcenter } = stage;
  const journal = new MemoryJournal();
  const asked: string[] = [];
  const open = openMemoryWay(world, vcenter.id);
  const way: Way = {
    label: open.label,
    async open() {
      const opened = await open.open();
      if (!opened.ok) return opened;
      const { sms } = opened.value;
      const counted: SmsAccess = {
        ...sms,
        unregister: (uid) => {
          asked.push(uid);
          return sms.unregister(uid);
        },
      };
      return ok({ ...opened.value, sms: { ...counted, ...answer(counted, asked) } });
    },
  };
  const end = await clock.run(
    runCleanup({
      run: RUN,
      plan,
      journal: {
        entries: journal.entries,
        append: async (event) => {
          await journal.append(event);
          meanwhile(event, stage);
        },
      },
      way,
      clock,
      timing: DEFAULT_TIMING,
      operator: { mode: 'run', user: 'somebody', host: 'here', pid: 1, madeBy: 'test' },
      say: () => {},
      interrupted: new AbortController().signal,
      mode: 'run',
    }),
  );
  return { stage, end, journal, asked };
}

const NOT_ALLOWED: Problem = {
  code: 'no-permission',
  target: 'vc65',
  summary: 'UnregisterProvider_Task needs the privilege StorageViews.ConfigureService, which this account does not have',
  remedy: 'Give the account a role with it.',
  retry: 'after-remedy',
};

test('an account that may not remove: the plain removal says so, and SPS, file and routes are never touched', async () => {
  const begun: string[] = [];
  const { stage, end } = await play(
    () => ({ unregister: async () => err(NOT_ALLOWED) }),
    (event) => {
      if (event.event === 'intent') begun.push(event.step);
    },
  );
  expect(end).toMatchObject({ result: 'taken-back', removed: [], left: [], problem: { code: 'no-permission' } });
  expect(begun.filter((step) => /lower-retry|block|stop-sps/.test(step))).toEqual([]);
  expect(begun.filter((step) => step.startsWith('try-plain'))).toHaveLength(1);
  const there = stage.vcenter.registrations.map(({ uid }) => uid);
  expect(there).toEqual(expect.arrayContaining(stage.plan.removals.map(({ uid }) => uid)));
});

test('SPS that somebody restarts before step 7: nothing is asked for, and no registration counts as one that survived', async () => {
  const { end, journal, asked, stage } = await play(
    () => ({}),
    (event, { world, vcenter, clock }) => {
      if (event.event !== 'outcome' || !event.step.startsWith('await-offline')) return;
      beginStop(world, vcenter);
      void clock.sleep(world.timing.spsStopMs + 1_000).then(() => beginStart(world, vcenter));
    },
  );
  expect(end).toMatchObject({ result: 'taken-back', removed: [], left: [] });
  expect(asked).toHaveLength(stage.plan.removals.length);
  expect(journal.entries.filter(({ event }) => event === 'decided')).toMatchObject([{ what: { kind: 'take-back' } }]);
});

test('a removal that SMS did not keep: listed again after the restart, it does not count as removed', async () => {
  const kept = new Map<string, Stage['vcenter']['registrations'][number]>();
  const { end, journal, stage } = await play(
    () => ({}),
    (event, { vcenter, plan }) => {
      if (kept.size === 0)
        for (const one of vcenter.registrations) if (plan.removals.some(({ uid }) => uid === one.uid)) kept.set(one.uid, one);
      if (event.event !== 'outcome' || !event.step.startsWith('restart-sps')) return;
      const [first] = plan.removals;
      const back = first === undefined ? undefined : kept.get(first.uid);
      if (back !== undefined) vcenter.registrations.push(back);
    },
  );
  const [first, second] = stage.plan.removals;
  expect(end).toMatchObject({
    result: 'removed-and-taken-back',
    removed: [second?.uid],
    left: [],
    problem: { summary: expect.stringContaining(`${first?.name} (uid ${first?.uid}) is listed again`) },
  });
  const state = readRun(stage.plan, journal.entries);
  await journal.append({ event: 'removed', uid: first?.uid ?? '', how: 'procedure' });
  expect(isRemoved(readRun(stage.plan, journal.entries), first?.uid ?? '')).toBe(true);
  expect(stage.plan.removals.map(({ uid }) => isRemoved(state, uid))).toEqual([false, true]);
});
