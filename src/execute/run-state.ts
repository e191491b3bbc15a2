import type { CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import type { StepId } from '../model/plan.js';
import type { Problem } from '../model/problem.js';
import type { JournalEntry, JsonValue, RunMode, RunResult, StepResult, TakeBackReason } from '../model/run.js';
import { stepsForSurvivors, stepsWithout } from '../plan/cleanup-steps.js';

/** The last thing a journal says of one step. */
export interface StepRecord {
  /** Of the last intent to apply it, or of the outcome of one that needed no intent. */
  readonly applied?: { readonly seq: number; readonly session: number; readonly captured: JsonValue };
  readonly outcome?: {
    readonly seq: number;
    readonly session: number;
    readonly result: StepResult;
    readonly found?: JsonValue;
    readonly problem?: Problem;
  };
  readonly undoing?: { readonly seq: number; readonly session: number };
  readonly undone?: {
    readonly seq: number;
    readonly session: number;
    readonly result: StepResult;
    readonly problem?: Problem;
    readonly found?: JsonValue;
  };
  readonly looked?: { readonly seq: number; readonly session: number; readonly state: 'in-effect' | 'not-in-effect' | 'drifted' };
}

/** A journal, read from beginning to end. */
export interface RunState {
  /** Number of the session that is under way, from 1; 0: none yet. */
  readonly session: number;
  readonly mode: RunMode;
  readonly steps: ReadonlyMap<StepId, StepRecord>;
  readonly gone: ReadonlyMap<string, { readonly seq: number; readonly how: 'plain' | 'procedure' | 'somebody-else' }>;
  /** Of these, listed again by the last look of the run: proven gone no more. */
  readonly returned: ReadonlySet<string>;
  /** First intent of the procedure itself: a record of the state on the appliance, or later. */
  readonly begunAt?: number;
  /** Whether a self-revert was ever begun to be armed. */
  readonly wasArmed: boolean;
  /** And whether it was ever proven armed: from then on a route that an earlier cleanup left is this run's. */
  readonly wasProven: boolean;
  /** In this session: its services may still be coming up. */
  readonly rebooted: boolean;
  /** sms-config.xml was changed, or may have been, at some time. */
  readonly lowered: boolean;
  readonly survivors?: readonly string[];
  /** uids that came online again after a Reconnect. */
  readonly reconnected: ReadonlySet<string>;
  /** Decided in this session. */
  readonly takeBack?: { readonly seq: number; readonly why: TakeBackReason };
  /** The last entry of all is an end, and nobody began anew. */
  readonly ended?: RunResult;
}

type Growing = { -readonly [Key in keyof StepRecord]: StepRecord[Key] };

export function readRun(plan: CleanupPlan, entries: readonly JournalEntry[]): RunState {
  const steps = new Map<StepId, Growing>();
  const record = (id: StepId): Growing => {
    const known = steps.get(id) ?? {};
    steps.set(id, known);
    return known;
  };
  const gone = new Map<string, { seq: number; how: 'plain' | 'procedure' | 'somebody-else' }>();
  const procedure = new Set(plan.steps.filter(isOfProcedure).map(({ id }) => id));
  const reconnected = new Set<string>();
  const returned = new Set<string>();
  let session = 0;
  let mode: RunMode = 'run';
  let begunAt: number | undefined;
  let wasArmed = false;
  let wasProven = false;
  let rebooted = false;
  let lowered = false;
  const lowering = new Set(plan.steps.filter(({ kind }) => kind === 'lower-retry').map(({ id }) => id));
  const arming = new Set(plan.steps.filter(({ kind }) => kind === 'arm-self-revert').map(({ id }) => id));
  let survivors: readonly string[] | undefined;
  let takeBack: RunState['takeBack'];
  let ended: RunResult | undefined;
  for (const entry of entries) {
    const { seq } = entry;
    switch (entry.event) {
      case 'session':
        session += 1;
        mode = entry.mode;
        takeBack = undefined;
        ended = undefined;
        rebooted = false;
        break;
      case 'intent': {
        if (entry.action === 'apply') {
          const one = record(entry.step);
          one.applied = { seq, session, captured: entry.captured };
          delete one.outcome;
          delete one.undoing;
          delete one.undone;
          if (procedure.has(entry.step)) begunAt ??= seq;
          if (arming.has(entry.step)) wasArmed = true;
          if (lowering.has(entry.step)) lowered = true;
        } else {
          record(entry.step).undoing = { seq, session };
        }
        break;
      }
      case 'outcome': {
        const { result, found, problem } = entry;
        const facts = {
          seq,
          session,
          result,
          ...(found === undefined ? {} : { found }),
          ...(problem === undefined ? {} : { problem }),
        };
        if (entry.action === 'apply') {
          const one = record(entry.step);
          if (arming.has(entry.step) && result !== 'failed') wasProven = true;
          one.outcome = facts;
          delete one.undoing;
          delete one.undone;
        } else record(entry.step).undone = facts;
        break;
      }
      case 'looked':
        record(entry.step).looked = { seq, session, state: entry.state };
        break;
      case 'removed':
        if (!gone.has(entry.uid)) gone.set(entry.uid, { seq, how: entry.how });
        returned.delete(entry.uid);
        break;
      case 'returned':
        returned.add(entry.uid);
        break;
      case 'decided':
        if (entry.what.kind === 'take-back') takeBack ??= { seq, why: entry.what.why };
        else if (entry.what.kind === 'one-at-a-time') survivors = entry.what.survivors;
        else reconnected.add(entry.what.uid);
        break;
      case 'saw':
        if (entry.what === 'rebooted') rebooted = true;
        break;
      case 'end':
        ended = entry.result;
        break;
      default:
        break;
    }
  }
  return {
    session,
    mode,
    steps,
    gone,
    reconnected,
    returned,
    wasArmed,
    wasProven,
    rebooted,
    lowered,
    ...(begunAt === undefined ? {} : { begunAt }),
    ...(survivors === undefined ? {} : { survivors }),
    ...(takeBack === undefined ? {} : { takeBack }),
    ...(ended === undefined ? {} : { ended }),
  };
}

/** By the last that the journal tells. */
export const isRemoved = ({ gone, returned }: RunState, uid: string): boolean => gone.has(uid) && !returned.has(uid);

const HEAD: readonly CleanupStep['kind'][] = ['confirm-backup', 'open-shell', 'arm-self-revert', 'try-reconnect', 'try-plain'];
/** After these nothing of the procedure follows, whether there was one or not. */
const LAST: readonly CleanupStep['kind'][] = ['disarm-self-revert', 're-register'];
export const isLast = ({ kind }: CleanupStep): boolean => LAST.includes(kind);
const isOfProcedure = (step: CleanupStep): boolean => !HEAD.includes(step.kind) && !isLast(step);

/** Every step that this run may have begun, by id: of the plan, of the plan without those that went before, of the survivors. */
export function knownSteps(plan: CleanupPlan, state: RunState): Map<StepId, CleanupStep> {
  const all = [...plan.steps, ...procedureOf(plan, state), ...(state.survivors ? stepsForSurvivors(plan, state.survivors) : [])];
  return new Map(all.map((step) => [step.id, step]));
}

/** The procedure for what Reconnect and the plain removals left. */
export function procedureOf(plan: CleanupPlan, { gone, reconnected, begunAt }: RunState): readonly CleanupStep[] {
  const early = [...gone].filter(([, { seq }]) => begunAt === undefined || seq < begunAt).map(([uid]) => uid);
  const before = new Set([...early, ...reconnected]);
  if (before.size === 0 || before.size === plan.removals.length) return plan.steps;
  return stepsWithout(plan, before);
}

export const headOf = (plan: CleanupPlan): readonly CleanupStep[] => plan.steps.filter(({ kind }) => HEAD.includes(kind));
export const tailOf = (steps: readonly CleanupStep[]): readonly CleanupStep[] => steps.filter(({ kind }) => !HEAD.includes(kind));
