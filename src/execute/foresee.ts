import type { CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import type { JournalEntry, RunMode } from '../model/run.js';
import { activeSteps } from './active-steps.js';
import { endsTheRun, nextAction } from './next-action.js';
import { knownSteps, type RunState, readRun, type StepRecord } from './run-state.js';

/** A step that a resumption or a taking back would come to, with what the journal says of it: `done` is looked at, and done anew where it is not so. */
export interface AheadStep {
  readonly step: CleanupStep;
  readonly journal: 'done' | 'begun' | 'open';
}

/** Nothing makes them happen a second time. */
const ONCE: readonly CleanupStep['kind'][] = ['confirm-backup', 'try-reconnect', 'try-plain', 'unregister', 're-register'];

/** By the journal alone: what the appliance did since, nobody knows before it is asked. */
export function stepsAhead(
  plan: CleanupPlan,
  entries: readonly JournalEntry[],
  mode: Exclude<RunMode, 'run'>,
): readonly AheadStep[] {
  const state = readRun(plan, entries);
  return mode === 'resume' ? onward(plan, state) : backward(plan, state, entries);
}

function onward(plan: CleanupPlan, state: RunState): AheadStep[] {
  return activeSteps(plan, state).flatMap((step) => {
    const journal = standing(state.steps.get(step.id));
    const isGone = 'uid' in step && step.kind !== 're-register' && state.gone.has(step.uid);
    // What failed of these led on to the procedure, or is tried again.
    const { outcome } = state.steps.get(step.id) ?? {};
    const wasTried =
      (step.kind === 'try-reconnect' || (step.kind === 'try-plain' && endsTheRun(outcome?.problem) === undefined)) &&
      outcome?.result === 'failed';
    return isGone || wasTried || (journal === 'done' && ONCE.includes(step.kind)) ? [] : [{ step, journal }];
  });
}

/** As the engine itself would go, were each step undone without a hitch. */
function backward(plan: CleanupPlan, state: RunState, entries: readonly JournalEntry[]): AheadStep[] {
  const known = knownSteps(plan, state);
  const ahead: AheadStep[] = [];
  const at = entries.at(-1)?.at;
  const told: JournalEntry[] = [...entries];
  if (at === undefined) return ahead;
  const tell = (event: object) => told.push({ seq: told.length + 1, at, ...event } as JournalEntry);
  tell({ event: 'session', mode: 'revert', user: '', host: '', pid: 0, madeBy: '' });
  for (;;) {
    const next = nextAction(plan, told);
    if (next.do === 'end') return ahead;
    if (next.do === 'decide') tell({ event: 'decided', what: next.what });
    else if (next.do === 'undo') {
      const step = known.get(next.step.id) ?? next.step;
      ahead.push({ step, journal: standing(state.steps.get(step.id)) });
      tell({ event: 'outcome', step: step.id, action: 'undo', result: 'done' });
    } else tell({ event: 'looked', step: next.step.id, state: 'not-in-effect' });
  }
}

function standing(record: StepRecord | undefined): AheadStep['journal'] {
  if (record === undefined || record.undone !== undefined) return 'open';
  if (record.outcome === undefined) return record.applied === undefined ? 'open' : 'begun';
  return record.outcome.result === 'failed' ? 'open' : 'done';
}
