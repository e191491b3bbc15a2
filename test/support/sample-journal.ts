import type { BlockedAddress, CleanupPlan, CleanupStepKind, ConfigChange, Removal } from '../../src/model/cleanup-plan.js';
import type { ProviderId } from '../../src/model/ids.js';
import { isoTime, providerUrl, type Sha256Hex, vcenterId } from '../../src/model/ids.js';
import type { StepId } from '../../src/model/plan.js';
import type { JournalEntry, RunEvent, RunId, StepResult } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { buildFallback, buildSteps } from '../../src/plan/cleanup-steps.js';

const FILE = '/usr/lib/vmware-vpx/sps/conf/sms-config.xml';
const config: ConfigChange = {
  path: FILE,
  working: `${FILE}.vasatrust-new`,
  backup: `${FILE}.vasatrust-orig`,
  now: '99999',
  during: '4',
  after: '99999',
  interval: 30,
  xmllint: true,
  exact: {
    line: 12,
    column: 28,
    lineNow: '      <property name="retryAttempt" value="99999"/>',
    lineDuring: '      <property name="retryAttempt" value="4"/>',
    shaNow: 'a'.repeat(64),
    shaDuring: 'b'.repeat(64),
    shaAfter: 'a'.repeat(64),
  },
};

const removal = (uid: string, name: string, address: string, active: boolean): Removal => ({
  uid,
  name,
  url: providerUrl(`https://${name}.lab.example:8084/version.xml`),
  provider: `provider:${name}` as ProviderId,
  active,
  status: 'offline',
  addresses: [address],
  arrays: ['com.purestorage:array1'],
  holders: [vcenterId('vc67')],
  dependents: { datastores: ['vvol-gold'], vms: 14, poweredOnVms: 9 },
});

const removals = [removal('uid-ct1', 'array1-CT1', '10.1.2.4', false), removal('uid-ct0', 'array1-CT0', '10.1.2.3', true)];
const addresses: readonly BlockedAddress[] = removals.map(({ uid, addresses: [address = ''] }) => ({
  address,
  family: 4,
  uids: [uid],
}));
const facts = {
  vcenter: vcenterId('vc65'),
  removals,
  addresses,
  config,
  routeTool: 'ip',
  strategy: 'one-pass',
  by: 'tool',
} as const;

/** Two controllers of one array, in one pass, carried out by the tool. */
export const SAMPLE_PLAN: CleanupPlan = {
  formatVersion: 1,
  kind: 'cleanup',
  madeBy: 'vasatrust test',
  takenAt: isoTime(new Date('2026-11-22T20:14:00Z')),
  estate: 'c'.repeat(64) as Sha256Hex,
  vcenter: { id: vcenterId('vc65'), address: 'vc65.lab.example', version: '6.5.0' },
  removals,
  addresses,
  strategy: 'one-pass',
  by: 'tool',
  routeTool: 'ip',
  siblings: [],
  config,
  restarts: 2,
  window: { least: 300, most: 3000 },
  steps: buildSteps(facts),
  ifOneSurvives: buildFallback(facts),
  warnings: [],
  undecided: [],
  accepted: [{ code: 'dependents-running', name: 'vvol-gold' }, { code: 'backup-unconfirmed' }],
  unneeded: [],
  unseen: [],
};

export const SAMPLE_RUN = '20261122T201500Z-vc65-1f3a' as RunId;

export const SAMPLE_BEGIN = {
  event: 'begin',
  formatVersion: 1,
  run: SAMPLE_RUN,
  plan: SAMPLE_PLAN,
  timing: DEFAULT_TIMING,
  confirmed: 'typed',
} as const satisfies RunEvent;

export const SAMPLE_SESSION = {
  event: 'session',
  mode: 'run',
  user: 'alice',
  host: 'jump1',
  pid: 4711,
  madeBy: 'vasatrust test',
} as const satisfies RunEvent;

export const stepOf = (kind: CleanupStepKind): StepId => {
  const step = SAMPLE_PLAN.steps.find((one) => one.kind === kind);
  if (step === undefined) throw new Error(`the sample has no ${kind}`);
  return step.id;
};

/** A step as a run writes it down: what it is going to do, then what came of it. */
export const did = (kind: CleanupStepKind, result: StepResult = 'done', action: 'apply' | 'undo' = 'apply'): RunEvent[] => [
  { event: 'intent', step: stepOf(kind), action, captured: null },
  { event: 'outcome', step: stepOf(kind), action, result },
];

/** Numbered and dated, ten seconds apart. */
export const journalOf = (events: readonly RunEvent[]): JournalEntry[] =>
  events.map((event, index) => ({
    seq: index + 1,
    at: isoTime(new Date(Date.parse('2026-11-22T20:15:00Z') + index * 10_000)),
    ...event,
  }));
