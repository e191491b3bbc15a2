import { createHash } from 'node:crypto';
import type { Journal, Registering, SmsAccess, Way } from '../../src/execute/ports.js';
import type { StepHandler, StepOf } from '../../src/execute/step-handler.js';
import { Target } from '../../src/execute/target.js';
import { openWorld } from '../../src/lab/build-world.js';
import { openKeySource } from '../../src/lab/keys.js';
import { mintCa, mintLeaf } from '../../src/lab/pki.js';
import type { LabCa, LabIdentity, LabProvider, LabVcenter, LabWorld, SpsSwitches } from '../../src/lab/world.js';
import type { WorldBuilder } from '../../src/lab/world-builder.js';
import type { CertificateQuestion } from '../../src/model/certificate-question.js';
import type { CleanupPlan, CleanupStepKind, NewRegistration } from '../../src/model/cleanup-plan.js';
import { type DerBase64, derBytes, type IsoTime, providerUrl, type Sha256Hex } from '../../src/model/ids.js';
import type { StepId } from '../../src/model/plan.js';
import { ok, type Result } from '../../src/model/problem.js';
import type { JournalEntry, RunEvent, RunId } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { openMemoryWay } from './memory-link.js';
import { VirtualClock } from './virtual-clock.js';

const TIMING = { spsStopMs: 20_000, spsStartMs: 60_000, pollMs: 10_000, taskMs: 4_000, latencyMs: 0, retrySecondMs: 1_000 };
const keys = openKeySource({ only: 'ec' });

export const shaOf = (der: DerBase64): Sha256Hex => createHash('sha256').update(derBytes(der)).digest('hex') as Sha256Hex;

/** A vCenter, another one beside it, and a provider; time is the test's. */
export interface AgainStage {
  readonly world: LabWorld;
  readonly clock: VirtualClock;
  readonly vcenter: LabVcenter;
  readonly other: LabVcenter;
  readonly provider: LabProvider;
  readonly builder: WorldBuilder;
}

export async function openAgainStage(
  spec: { readonly vasaVersion?: string; readonly retained?: boolean; readonly switches?: Partial<SpsSwitches> } = {},
): Promise<AgainStage> {
  const clock = new VirtualClock();
  const { switches = {}, ...provider } = spec;
  const builder = openWorld('again', { clock, keys, timing: TIMING, switches });
  const vcenter = await builder.vcenter({ id: 'vc65', release: '8.0U3' });
  const other = await builder.vcenter({ id: 'vc67', release: '8.0U3' });
  const made = await builder.provider({ name: 'array1-CT0', array: 'array1', retained: false, ...provider });
  return { world: builder.world, clock, vcenter, other, provider: made, builder };
}

/** The provider keeps a certificate of an outside CA. */
export async function giveOutsideCertificate({ builder, provider }: AgainStage, san?: readonly string[]): Promise<LabCa> {
  const root = await mintCa({
    subject: 'CN=Example Root CA, O=Example',
    keys: await keys.take('ec'),
    notBefore: builder.daysAgo(300),
  });
  const identity: LabIdentity = await mintLeaf({
    subject: `CN=${provider.host}, O=Example`,
    issuer: root,
    keys: await keys.take('ec'),
    san: san ?? [provider.host, ...provider.addresses],
    notBefore: builder.daysAgo(10),
  });
  provider.served = { identity, chain: [identity.certificate] };
  return root;
}

export function newRegistration({ provider }: AgainStage, facts: Partial<NewRegistration> = {}): NewRegistration {
  return {
    name: provider.name,
    url: providerUrl(`https://${provider.host}:${provider.port}${provider.path}`),
    username: provider.credentials.username,
    seen: [shaOf(provider.served.identity.certificate)],
    because: 'hurts-nobody',
    ...facts,
  };
}

export class MemoryJournal implements Journal {
  readonly entries: JournalEntry[] = [];

  async append(event: RunEvent): Promise<void> {
    this.entries.push({ seq: this.entries.length + 1, at: '2026-11-22T12:00:00.000Z' as IsoTime, ...event });
  }
}

export interface Person extends Registering {
  readonly questions: CertificateQuestion[];
}

export function person(password: string, answer = true): Person {
  const questions: CertificateQuestion[] = [];
  return {
    questions,
    password: async (): Promise<Result<string>> => ok(password),
    confirm: async (question) => {
      questions.push(question);
      return answer;
    },
  };
}

export interface AgainOptions {
  readonly journal?: MemoryJournal;
  readonly registering?: Registering;
  readonly datastores?: readonly string[];
  readonly sms?: (real: SmsAccess) => SmsAccess;
  readonly interrupted?: AbortSignal;
}

export const ID = 'step' as StepId;

/** The steps of a run this stage has, without the engine: one target, one journal. */
export async function openTarget(stage: AgainStage, options: AgainOptions = {}) {
  const { world, vcenter, clock } = stage;
  const { journal = new MemoryJournal(), registering, sms, datastores = [] } = options;
  const said: string[] = [];
  const plan = {
    removals: [{ uid: 'uid-old', dependents: { datastores, vms: 0, poweredOnVms: 0 } }],
    steps: [],
    ifOneSurvives: [],
    config: {},
  } as unknown as CleanupPlan;
  const real = openMemoryWay(world, vcenter.id);
  const way: Way = {
    label: real.label,
    async open() {
      const opened = await real.open();
      return opened.ok && sms !== undefined ? ok({ ...opened.value, sms: sms(opened.value.sms) }) : opened;
    },
  };
  const target = new Target({
    run: 'run-1' as RunId,
    owner: 'somebody@here',
    plan,
    journal,
    way,
    clock,
    timing: DEFAULT_TIMING,
    say: (text) => said.push(text),
    interrupted: options.interrupted ?? new AbortController().signal,
    ...(registering === undefined ? {} : { registering }),
  });
  const opened = await clock.run(target.open());
  if (!opened.ok) throw new Error(opened.error.problem.summary);
  return { target, journal, said };
}

/** As the engine goes about one step: looked at, captured, announced, done. */
export async function carryStep<Kind extends CleanupStepKind>(
  handler: StepHandler<Kind>,
  step: StepOf<Kind>,
  { target, journal }: Awaited<ReturnType<typeof openTarget>>,
  clock: VirtualClock,
) {
  return clock.run(
    (async () => {
      const begun = journal.entries.some((one) => one.event === 'intent' && one.step === step.id)
        ? { captured: null }
        : undefined;
      const look = await handler.inspect(step, target, begun);
      if (!look.ok || look.value.state === 'in-effect') return { look, applied: undefined };
      const captured = await handler.capture(step, target);
      if (!captured.ok) return { look: captured, applied: undefined };
      await journal.append({ event: 'intent', step: step.id, action: 'apply', captured: captured.value });
      return { look, applied: await handler.apply(step, target) };
    })(),
  );
}

export const callsOf = ({ world }: AgainStage, method: string): number =>
  world.record.filter(({ kind, what }) => kind === 'sms' && what === method).length;
