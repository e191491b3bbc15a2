import { beforeAll, describe, expect, test } from 'vitest';
import type { Journal } from '../../src/execute/ports.js';
import { type RunEnd, runCleanup } from '../../src/execute/run-plan.js';
import { generateEcKeys } from '../../src/lab/keys.js';
import { mint } from '../../src/lab/pki.js';
import { buildScenario, startLab } from '../../src/lab/start-lab.js';
import type { LabTiming, LabWorld } from '../../src/lab/world.js';
import type { CleanupPlan } from '../../src/model/cleanup-plan.js';
import { providerUrl, vcenterId } from '../../src/model/ids.js';
import type { JournalEntry, RunEvent, RunId, RunMode } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { planCleanup } from '../../src/plan/plan-cleanup.js';
import { copyWorld } from '../campaign/worlds.js';
import { MemoryJournal, person } from '../support/again-stage.js';
import { openMemoryWay } from '../support/memory-link.js';
import { lookFor } from '../support/play-cleanup.js';
import { VirtualClock } from '../support/virtual-clock.js';

const TIMES: LabTiming = {
  spsStopMs: 10_000,
  spsStartMs: 40_000,
  pollMs: 10_000,
  taskMs: 2_000,
  latencyMs: 0,
  retrySecondMs: 1_000,
};
const RUN = '20261122T201500Z-vc65-0001' as RunId;
const CONTROLLERS = ['array1-CT0', 'array1-CT1'];

/** Both controllers show certificates of their own, so that nobody holds them; both registrations of vc65 are stale. */
let original: { readonly world: LabWorld; readonly start: Date; readonly plan: CleanupPlan };
beforeAll(async () => {
  const world = await buildScenario('clash', { timing: TIMES });
  const start = world.now();
  const wishes = world.providers.flatMap((provider) => {
    if (!CONTROLLERS.includes(provider.name)) return [];
    const names = { san: [provider.host, ...provider.addresses], notBefore: new Date(start.getTime() - 3_600_000) };
    const identity = mint({ subject: [['CN', provider.host]], ...names }, generateEcKeys());
    provider.served = { identity, chain: [identity.certificate] };
    const url = providerUrl(`https://${provider.host}:${provider.port}${provider.path}`);
    return [{ match: { url }, name: provider.name, username: provider.credentials.username }];
  });
  const lab = await startLab(copyWorld(world, undefined));
  try {
    const { inventory, probes } = await lookFor(lab, 'vc65');
    const answer = planCleanup(
      inventory,
      {
        vcenter: vcenterId('vc65'),
        accepted: [{ code: 'dependents-running' }, { code: 'backup-unconfirmed' }],
        purpose: 'carry-out',
        by: 'tool',
        run: RUN,
        madeBy: 'test',
        reRegister: wishes,
      },
      probes,
    );
    if (answer.kind !== 'plan') throw new Error(JSON.stringify(answer));
    original = { world, start, plan: answer.plan };
  } finally {
    await lab.close();
  }
}, 120_000);

class Killed extends Error {}

/** A process that dies as it is about to write the entry of this number. */
class MortalJournal implements Journal {
  readonly #journal: MemoryJournal;
  readonly #until: number;

  constructor(journal: MemoryJournal, until: number) {
    this.#journal = journal;
    this.#until = until;
  }

  get entries(): readonly JournalEntry[] {
    return this.#journal.entries;
  }

  append(event: RunEvent): Promise<void> {
    return this.#journal.entries.length >= this.#until ? Promise.reject(new Killed()) : this.#journal.append(event);
  }
}

function stage() {
  const clock = new VirtualClock(original.start);
  return { clock, world: copyWorld(original.world, clock), journal: new MemoryJournal() };
}

async function session({ clock, world, journal }: ReturnType<typeof stage>, mode: RunMode, until = Number.POSITIVE_INFINITY) {
  const passwords = new Map(world.providers.map(({ name, credentials }) => [name, credentials.password]));
  const somebody = person('');
  const work = runCleanup({
    run: RUN,
    plan: original.plan,
    journal: new MortalJournal(journal, until),
    way: openMemoryWay(world, 'vc65'),
    clock,
    timing: DEFAULT_TIMING,
    operator: { mode, user: 'somebody', host: 'here', pid: 1, madeBy: 'test' },
    say: () => {},
    interrupted: new AbortController().signal,
    mode,
    registering: { ...somebody, password: async ({ name }) => ({ ok: true, value: passwords.get(name) ?? '' }) },
  });
  const ended: Promise<RunEnd | undefined> = work.catch((error: unknown) => {
    if (error instanceof Killed) return undefined;
    throw error;
  });
  return { end: await clock.run(ended), questions: somebody.questions.length };
}

const begin: RunEvent = {
  event: 'begin',
  formatVersion: 1,
  run: RUN,
  plan: undefined as unknown as CleanupPlan,
  timing: DEFAULT_TIMING,
  confirmed: 'yes',
};

const registered = (world: LabWorld) =>
  world.vcenters[0]?.registrations.flatMap(({ name, uid }) =>
    CONTROLLERS.includes(name) && !original.plan.removals.some((one) => one.uid === uid) ? [name] : [],
  );

describe('the whole procedure, and both controllers registered again', () => {
  test('in order: removed, back as before, nothing armed, then registered, each after a question', async () => {
    const at = stage();
    await at.journal.append({ ...begin, plan: original.plan });
    const { end, questions } = await session(at, 'run');
    expect(end).toMatchObject({ result: 'done', left: [], interrupted: false });
    expect(end?.removed).toHaveLength(2);
    expect([registered(at.world)?.sort(), questions]).toEqual([CONTROLLERS, 2]);
    const intents = at.journal.entries.flatMap((one) => (one.event === 'intent' ? [String(one.step).split('.')[0]] : []));
    expect(intents.slice(-3)).toEqual(['disarm-self-revert', 're-register', 're-register']);
    const { appliance } = at.world.vcenters[0] as LabWorld['vcenters'][number];
    expect([appliance.routes, appliance.sps.retryAttempt]).toEqual([[], 99_999]);
  });

  test('killed before any entry from step 11 on: resume registers each exactly once, revert none any more', async () => {
    const whole = stage();
    await whole.journal.append({ ...begin, plan: original.plan });
    await session(whole, 'run');
    const entries = whole.journal.entries;
    const from = entries.findIndex((one) => one.event === 'intent' && String(one.step).startsWith('disarm-self-revert'));
    expect(entries.length - from).toBeGreaterThanOrEqual(6);
    for (let until = from; until < entries.length; until += 1)
      for (const mode of ['resume', 'revert'] as const) {
        const at = stage();
        await at.journal.append({ ...begin, plan: original.plan });
        const first = await session(at, 'run', until);
        expect(first.end).toBeUndefined();
        const before = registered(at.world)?.length ?? 0;
        const { end } = await session(at, mode);
        const label = `${mode}, killed before entry ${until}`;
        expect([label, end?.left]).toEqual([label, []]);
        if (mode === 'resume') {
          expect([label, end?.result, registered(at.world)?.sort()]).toEqual([label, 'done', CONTROLLERS]);
        } else {
          expect([label, end?.result, registered(at.world)?.length]).toEqual([
            label,
            before === 2 && end?.result === 'done' ? 'done' : 'removed-and-taken-back',
            before,
          ]);
        }
        const { appliance } = at.world.vcenters[0] as LabWorld['vcenters'][number];
        expect([label, appliance.routes, appliance.sps.retryAttempt, appliance.sps.state]).toEqual([
          label,
          [],
          99_999,
          'STARTED',
        ]);
      }
  }, 300_000);
});
