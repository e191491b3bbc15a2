import type { CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import type { JournalEntry, RunLetter, RunSummary } from '../model/run.js';
import { isRemoved, knownSteps, type RunState, readRun } from './run-state.js';

/** One line of `runs list`. @param entries begin with `begin`, as every journal that can be read does @param alive whether a process works on it now */
export function summarize(entries: readonly JournalEntry[], alive: boolean): RunSummary {
  const begin = entries.find((entry) => entry.event === 'begin');
  if (begin === undefined) throw new Error('a journal without a beginning');
  const { plan, run } = begin;
  const state = readRun(plan, entries);
  const end = entries.findLast((entry) => entry.event === 'end');
  const session = entries.find((entry) => entry.event === 'session');
  return {
    id: run,
    vcenter: plan.vcenter.id,
    state: alive ? 'under-way' : (state.ended ?? 'interrupted'),
    startedAt: begin.at,
    ...(state.ended === undefined || end === undefined ? {} : { endedAt: end.at }),
    removals: plan.removals.map(({ uid, name }) => ({ uid, name, gone: isRemoved(state, uid) })),
    at: letterOf(plan, state),
    by: session === undefined ? begin.plan.madeBy : `${session.user}@${session.host}`,
    left: state.ended !== undefined && end !== undefined ? end.left : [],
  };
}

/**
 * Where the appliance stands as far as the journal can tell; a step that was begun and has no outcome counts as done, since it may be, but
 * for the last restart.
 * After a taking back it is A, or I where a registration went.
 */
export function letterOf(plan: CleanupPlan, state: RunState): RunLetter {
  const known = [...knownSteps(plan, state).values()];
  const isIn = (kind: CleanupStep['kind']) =>
    known.some((step) => {
      const record = state.steps.get(step.id);
      if (step.kind !== kind || record === undefined) return false;
      if (record.undone !== undefined && record.undone.result !== 'failed') return false;
      return record.outcome === undefined ? record.applied !== undefined : record.outcome.result !== 'failed';
    });
  const hasOutcome = (kind: CleanupStep['kind']) =>
    known.some((step) => step.kind === kind && state.steps.get(step.id)?.outcome !== undefined);
  const allGone = plan.removals.every(({ uid }) => state.gone.has(uid));
  if (state.ended === 'done' || isIn('confirm-clean')) return 'I';
  if (state.ended === 'removed-and-taken-back') return 'I';
  if (state.ended === 'taken-back') return 'A';
  if (allGone && state.begunAt !== undefined) {
    // Begun, it may have got no further than the stop.
    if (isIn('restart-sps') && hasOutcome('restart-sps')) return 'I';
    if (isIn('restore-retry')) return 'H';
    if (isIn('unblock')) return 'G';
    return isIn('block') || isIn('lower-retry') ? 'F' : 'A';
  }
  if (isIn('start-sps') && !isStoppedSince(known, state)) return 'E';
  if (isIn('stop-sps')) return 'D';
  if (isIn('block')) return 'C';
  return isIn('lower-retry') ? 'B' : 'A';
}

/** Of a run that goes one at a time: the next turn stopped SPS again. */
function isStoppedSince(known: readonly CleanupStep[], { steps }: RunState): boolean {
  const last = (kind: CleanupStep['kind']) =>
    Math.max(0, ...known.filter((step) => step.kind === kind).map(({ id }) => steps.get(id)?.applied?.seq ?? 0));
  return last('stop-sps') > last('start-sps');
}
