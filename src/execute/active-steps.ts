import type { CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import { stepsForSurvivors } from '../plan/cleanup-steps.js';
import { headOf, isLast, procedureOf, type RunState, type StepRecord, tailOf } from './run-state.js';

const PREPARE: readonly CleanupStep['kind'][] = ['record-state', 'lower-retry'];
const OF_A_TURN: readonly CleanupStep['kind'][] = ['block', 'stop-sps', 'start-sps', 'await-offline', 'unregister'];

/**
 * The steps that lead from what a journal says to the end, in order. What concerns registrations that are gone is left out: the plain
 * removal of all makes the procedure needless, but for what an earlier one left; after a pass only its routes and the file are left to be
 * put back.
 */
export function activeSteps(plan: CleanupPlan, state: RunState): readonly CleanupStep[] {
  const { gone, reconnected, begunAt, survivors } = state;
  const isSettled = (uid: string) => gone.has(uid) || reconnected.has(uid);
  const head = headOf(plan).filter((step) => step.kind !== 'try-plain' || !reconnected.has(step.uid));
  const procedure = tailOf(procedureOf(plan, state));
  const all =
    survivors === undefined
      ? procedure
      : [...procedure.filter(({ kind }) => PREPARE.includes(kind)), ...stepsForSurvivors(plan, survivors)];
  const last = all.filter(isLast);
  if (isClosing(plan, state, last)) return last;
  if (begunAt === undefined && plan.removals.every(({ uid }) => isSettled(uid)) && !mendsLeftovers(plan))
    return [...head, ...last];
  const turns = turnsOf(all);
  const isOver = ({ pass }: CleanupStep) => (turns.get(pass) ?? []).every(isSettled);
  const allOver = [...turns.values()].flat().every(isSettled);
  const left = all.filter((step) => {
    if (step.kind === 'lower-retry') return !allOver;
    return !(OF_A_TURN.includes(step.kind) && isOver(step));
  });
  return [...head, ...left];
}

/**
 * All is proven, and the self-revert was being disarmed: with it the copy of the file as it was found went. Where the file is left otherwise,
 * no new self-revert could be armed, and none is needed.
 */
function isClosing({ config: { exact } }: CleanupPlan, { steps }: RunState, last: readonly CleanupStep[]): boolean {
  if (exact?.shaAfter === exact?.shaNow) return false;
  const disarm = last.find(({ kind }) => kind === 'disarm-self-revert');
  const { applied, outcome } = (disarm && steps.get(disarm.id)) ?? {};
  if (applied === undefined || outcome?.result === 'failed') return false;
  const ids = new Set(last.map(({ id }) => id));
  const latest = ({ applied, undoing, undone }: StepRecord) =>
    Math.max(...[applied, undoing, undone].map((one) => one?.seq ?? 0));
  return [...steps].every(([id, record]) => ids.has(id) || latest(record) < applied.seq);
}

/** An earlier cleanup left a route or the number, and this run takes them away: also where the plain removal of all makes the rest needless. */
export function mendsLeftovers({ config: { exact }, addresses }: CleanupPlan): boolean {
  return exact?.shaAfter !== exact?.shaNow || addresses.some(({ alreadyBlocked }) => alreadyBlocked !== undefined);
}

/** Which registrations each turn removes. */
function turnsOf(steps: readonly CleanupStep[]): Map<number, string[]> {
  const turns = new Map<number, string[]>();
  for (const step of steps) {
    if (step.kind === 'unregister') turns.set(step.pass, [...(turns.get(step.pass) ?? []), step.uid]);
  }
  return turns;
}
