import type { Plan } from '../model/plan.js';
import type { Named } from '../plan/describe-step/step-text.js';
import { describeStep } from '../plan/describe-step.js';
import { warningText } from './plan-words.js';
import { visibleJson } from './visible-text.js';

/** The plan as it is saved, with its age and the words of every step and warning beside the data. */
export function planAsJson(plan: Plan, now: Date, named: Named): string {
  const ageSeconds = Math.round((now.getTime() - new Date(plan.takenAt).getTime()) / 1000);
  const shown = {
    ...plan,
    ageSeconds,
    warnings: plan.warnings.map((warning) => ({ ...warning, text: warningText(warning, plan) })),
    steps: plan.steps.map((step) => ({ ...step, text: describeStep(step, plan, named) })),
  };
  return `${visibleJson(shown)}\n`;
}
