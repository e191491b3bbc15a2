import type { CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import type { Problem } from '../model/problem.js';
import type { JournalEntry, RunDecision, RunResult, TakeBackReason } from '../model/run.js';
import { activeSteps, mendsLeftovers } from './active-steps.js';
import { keepsWatch } from './lasting.js';
import { isRemoved, knownSteps, procedureOf, type RunState, readRun, type StepRecord, tailOf } from './run-state.js';
import type { Begun } from './step-handler.js';

/** What comes next in a run: the one question that run, resume and revert ask, and the journal answers. */
export type Action =
  /** `begun`: an earlier attempt is in the journal; whether it took effect has to be looked at first. */
  | { readonly do: 'apply'; readonly step: CleanupStep; readonly begun?: Begun }
  /** Done by an earlier session: is it still in effect? */
  | { readonly do: 'look'; readonly step: CleanupStep; readonly begun?: Begun }
  | { readonly do: 'decide'; readonly what: RunDecision }
  | { readonly do: 'undo'; readonly step: CleanupStep }
  | { readonly do: 'end'; readonly result: RunResult; readonly left: readonly string[] };

/** Once done, done: nothing that happens to the appliance afterwards undoes them. */
const LASTING: readonly CleanupStep['kind'][] = ['confirm-backup', 'try-reconnect', 'try-plain', 'unregister', 're-register'];
/** Looks of their own: what an earlier session saw is worth nothing. */
const SEEN_ANEW: readonly CleanupStep['kind'][] = ['open-shell', 'await-offline', 'confirm-clean', 'disarm-self-revert'];
/** What follows them was built on them. */
const FOUNDATIONS: readonly CleanupStep['kind'][] = ['lower-retry', 'block', 'stop-sps', 'start-sps', 'restore-retry'];
/** What SPS reads, or whether it runs, may be otherwise once one of them was begun. */
const TOUCHES_SPS: readonly CleanupStep['kind'][] = ['lower-retry', 'stop-sps', 'start-sps', 'restart-sps'];
/** Of SMS about a removal, after which none is under way. */
const ANSWERS: readonly (Problem['code'] | undefined)[] = ['fault', 'no-permission'];
const REMOVALS: readonly CleanupStep['kind'][] = ['try-plain', 'unregister'];

export function nextAction(plan: CleanupPlan, entries: readonly JournalEntry[]): Action {
  const state = readRun(plan, entries);
  if (state.mode === 'revert' && state.takeBack === undefined) return { do: 'decide', what: { kind: 'take-back', why: 'asked' } };
  return state.takeBack === undefined ? forward(plan, state) : back(plan, state, state.takeBack.seq);
}

function forward(plan: CleanupPlan, state: RunState): Action {
  const steps = activeSteps(plan, state);
  const asked = openRemoval(steps, state);
  let validFrom = 0;
  let watched = false;
  for (const step of steps) {
    const record = state.steps.get(step.id);
    const next = stepAction(step, record, state, validFrom, steps);
    if (next !== undefined) {
      // What became of a removal that was under way is asked before anything else is done, but for arming.
      if (asked !== undefined && watched) return asked;
      return next.do === 'apply' && next.decide !== undefined
        ? { do: 'decide', what: next.decide }
        : next.do === 'apply'
          ? { do: 'apply', step, ...(next.begun === undefined ? {} : { begun: next.begun }) }
          : next;
    }
    if (step.kind === 'arm-self-revert') watched = true;
    validFrom = Math.max(validFrom, invalidates(step, record, state));
  }
  return { do: 'end', result: endOf(plan, state, false, []), left: [] };
}

type StepAction =
  | { readonly do: 'apply'; readonly begun?: Begun; readonly decide?: RunDecision }
  | Extract<Action, { do: 'look' }>;

/** Undefined: nothing more to do about this step. */
function stepAction(
  step: CleanupStep,
  record: StepRecord | undefined,
  state: RunState,
  validFrom: number,
  steps: readonly CleanupStep[],
): StepAction | undefined {
  if ('uid' in step && REMOVALS.includes(step.kind) && state.gone.has(step.uid)) return undefined;
  const seq = Math.max(record?.applied?.seq ?? 0, record?.outcome?.seq ?? 0);
  if (record === undefined || seq === 0 || (seq < validFrom && !LASTING.includes(step.kind))) return { do: 'apply' };
  if (record.undoing !== undefined || record.undone !== undefined) return { do: 'apply' };
  const { outcome } = record;
  const begun: Begun = {
    captured: record.applied?.captured ?? null,
    ...(outcome?.found === undefined ? {} : { found: outcome.found }),
  };
  if (outcome === undefined) return { do: 'apply', begun };
  const here = outcome.session === state.session;
  if (outcome.result === 'failed') {
    const ends = step.kind === 'try-plain' ? endsTheRun(outcome.problem) : undefined;
    // What was not allowed may be by the time somebody goes on.
    if (ends === 'step-failed' && outcome.session !== state.session) return { do: 'apply' };
    if (ends !== undefined) return { do: 'apply', decide: { kind: 'take-back', why: ends } };
    if (step.kind === 'try-plain' || step.kind === 'try-reconnect') return undefined;
    return here ? { do: 'apply', decide: afterFailure(step, state, steps) } : { do: 'apply', begun };
  }
  if (here || LASTING.includes(step.kind)) return undefined;
  if (SEEN_ANEW.includes(step.kind)) return { do: 'apply' };
  if (step.kind === 'stop-sps' && isFollowed(step, state, steps)) return undefined;
  const { looked } = record;
  if (looked === undefined || looked.session !== state.session) return { do: 'look', step, begun };
  switch (looked.state) {
    case 'in-effect':
      return undefined;
    case 'not-in-effect':
      return { do: 'apply' };
    case 'drifted':
      return { do: 'apply', decide: { kind: 'take-back', why: 'drifted' } };
  }
}

/** A plain removal whose no is also the procedure's: undefined for the others, which the procedure is there for. */
export function endsTheRun(problem: Problem | undefined): TakeBackReason | undefined {
  switch (problem?.code) {
    case 'changed-meanwhile':
      return 'drifted';
    case 'no-permission':
      return 'step-failed';
    default:
      return undefined;
  }
}

/** Everything of later steps that the journal says from before this number is void. */
function invalidates(step: CleanupStep, record: StepRecord | undefined, { session }: RunState): number {
  if (record === undefined || !FOUNDATIONS.includes(step.kind)) return 0;
  const { looked, applied, outcome } = record;
  const notInEffect = looked?.state === 'not-in-effect' && looked.session === session ? looked.seq : 0;
  // Applied again after it was undone: what came after the first time stands on nothing.
  const again = outcome?.result === 'done' ? (applied?.seq ?? 0) : 0;
  return Math.max(notInEffect, again);
}

/** A stop that was followed by a start says nothing about now; the start does. */
function isFollowed(step: CleanupStep, state: RunState, steps: readonly CleanupStep[]): boolean {
  const next = steps[steps.indexOf(step) + 1];
  const record = next === undefined ? undefined : state.steps.get(next.id);
  if (next?.kind !== 'start-sps' || record?.applied === undefined) return false;
  const { looked } = record;
  return !(looked?.state === 'not-in-effect' && looked.session === state.session);
}

function afterFailure(step: CleanupStep, state: RunState, steps: readonly CleanupStep[]): RunDecision {
  // Only what was sent for and is still listed has survived: any other no is one to all of them.
  const survived = step.kind === 'unregister' && state.steps.get(step.id)?.outcome?.problem?.code === 'fault';
  if (step.kind === 'unregister' && survived && state.survivors === undefined) {
    const together = steps.filter((one) => one.kind === 'unregister' && one.pass === step.pass);
    const survivors = together.flatMap((one) => ('uid' in one && !state.gone.has(one.uid) ? [one.uid] : []));
    if (together.length > 1) return { kind: 'one-at-a-time', survivors };
  }
  return { kind: 'take-back', why: 'step-failed' };
}

/** A removal whose call may or may not have gone out when an earlier session ended. */
function openRemoval(steps: readonly CleanupStep[], state: RunState): Action | undefined {
  for (const step of steps) {
    const record = state.steps.get(step.id);
    if (!('uid' in step) || !REMOVALS.includes(step.kind) || state.gone.has(step.uid)) continue;
    if (record?.applied === undefined || record.outcome !== undefined || record.applied.session === state.session) continue;
    if (record.looked?.session === state.session) continue;
    return { do: 'look', step, begun: { captured: record.applied.captured } };
  }
  return undefined;
}

/** Routes, file, SPS, then the question what became of removals under way, then what watched. */
function back(plan: CleanupPlan, state: RunState, since: number): Action {
  const known = [...knownSteps(plan, state).values()];
  const wasBegun = ({ id }: CleanupStep) => {
    const { applied, outcome } = state.steps.get(id) ?? {};
    return applied !== undefined || outcome !== undefined;
  };
  const changed = known.some((step) => TOUCHES_SPS.includes(step.kind) && wasBegun(step));
  // Taken over by arming, which removes it as well.
  const isTakenOver = ({ address, alreadyBlocked }: CleanupPlan['addresses'][number], of: readonly string[]) =>
    state.wasProven && alreadyBlocked !== undefined && of.includes(address);
  // As planned: of the routes that were taken over, some may be of registrations that went before.
  const blocks = known.flatMap((step) => {
    const planned = plan.steps.find(({ id }) => id === step.id) ?? step;
    return planned.kind === 'block' ? [planned] : [];
  });
  const hasRoutes = (step: (typeof blocks)[number]) =>
    wasBegun(step) || plan.addresses.some((one) => isTakenOver(one, step.addresses));
  const service = tailOf(procedureOf(plan, state)).find(({ kind }) => kind === 'stop-sps');
  const undo: readonly (CleanupStep | undefined)[] = [
    ...blocks.filter(hasRoutes).reverse(),
    ...known.filter((step) => step.kind === 'lower-retry' && wasBegun(step)),
    changed || state.rebooted ? service : undefined,
  ];
  const isSettled = ({ id }: CleanupStep) => {
    const { undone } = state.steps.get(id) ?? {};
    return undone !== undefined && undone.session === state.session && undone.seq > since;
  };
  const open = (list: readonly (CleanupStep | undefined)[]) =>
    list.find((step): step is CleanupStep => step !== undefined && !isSettled(step));
  const next = open(undo);
  if (next !== undefined) return { do: 'undo', step: next };
  // Without SPS nobody answers.
  const isSilent = service !== undefined && state.steps.get(service.id)?.undone?.result === 'failed' && isSettled(service);
  const question = isSilent ? undefined : openQuestion(plan, known, state, since);
  if (question !== undefined) return question;
  // Where something is left that the appliance can still take back by itself, it watches on.
  const watchesOn = known.some((step) => {
    const { undone } = state.steps.get(step.id) ?? {};
    return isSettled(step) && undone?.result === 'failed' && keepsWatch(step);
  });
  const last = watchesOn ? undefined : open(known.filter((step) => step.kind === 'arm-self-revert' && wasBegun(step)));
  if (last !== undefined) return { do: 'undo', step: last };
  const left = known.flatMap((step) => {
    const { undone, looked } = state.steps.get(step.id) ?? {};
    const unanswered = isSilent || (looked?.state === 'drifted' && looked.seq > since);
    if ('uid' in step && unanswered && !state.gone.has(step.uid) && isOpen(state.steps.get(step.id)))
      return [`whether ${step.name} (uid ${step.uid}) is still registered could not be asked`];
    return undone?.session === state.session && undone.result === 'failed' && undone.problem !== undefined
      ? [undone.problem.summary]
      : [];
  });
  return { do: 'end', result: endOf(plan, state, true, left), left };
}

/** Which registrations are gone is asked once more: a removal may have been under way, or somebody else was faster. */
function openQuestion(plan: CleanupPlan, known: readonly CleanupStep[], state: RunState, since: number): Action | undefined {
  const tried = known.filter((step) => REMOVALS.includes(step.kind) && state.steps.get(step.id)?.applied !== undefined);
  if (tried.length === 0) return undefined;
  for (const { uid } of plan.removals) {
    const steps = known.filter((step) => 'uid' in step && step.uid === uid && REMOVALS.includes(step.kind));
    if (state.gone.has(uid) || steps.some(({ id }) => (state.steps.get(id)?.looked?.seq ?? 0) > since)) continue;
    const step = steps.find(({ id }) => isOpen(state.steps.get(id))) ?? steps[0];
    if (step === undefined) continue;
    const { applied } = state.steps.get(step.id) ?? {};
    const begun = applied !== undefined && isOpen(state.steps.get(step.id)) ? { begun: { captured: applied.captured } } : {};
    return { do: 'look', step, ...begun };
  }
  return undefined;
}

/** The call may have gone out, and no fresh list has said since that the registration is still there. */
function isOpen(record: StepRecord | undefined): boolean {
  if (record?.applied === undefined) return false;
  const { outcome } = record;
  return outcome === undefined || (outcome.result === 'failed' && !ANSWERS.includes(outcome.problem?.code));
}

function endOf(plan: CleanupPlan, state: RunState, isBack: boolean, left: readonly string[]): RunResult {
  const { begunAt, reconnected } = state;
  if (left.length > 0) return 'left-changed';
  if (!isBack) return 'done';
  const all = plan.removals.every(({ uid }) => isRemoved(state, uid) || reconnected.has(uid));
  // What was to be registered again and is not, is no end as it was wanted.
  const isOpen = ({ kind, id }: CleanupStep) =>
    kind === 're-register' && !['done', 'already'].includes(state.steps.get(id)?.outcome?.result ?? 'failed');
  if (all && begunAt === undefined && !mendsLeftovers(plan) && !plan.steps.some(isOpen)) return 'done';
  return plan.removals.some(({ uid }) => isRemoved(state, uid)) ? 'removed-and-taken-back' : 'taken-back';
}
