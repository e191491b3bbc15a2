import type { Plan } from '../model/plan.js';
import { unreachable } from '../model/problem.js';
import type { Named } from '../plan/describe-step/step-text.js';
import { planAsJson } from './plan-json.js';
import { planAsMarkdown } from './plan-markdown.js';
import { planAsText } from './plan-text.js';

export type PlanFormat = 'table' | 'json' | 'md';

/** One valid document that ends in a line end. `now` is only for the plan's age. */
export function renderPlan(plan: Plan, format: PlanFormat, now: Date, named: Named, width?: number): string {
  switch (format) {
    case 'table':
      return planAsText(plan, now, named, width);
    case 'json':
      return planAsJson(plan, now, named);
    case 'md':
      return planAsMarkdown(plan, now, named);
    default:
      return unreachable(format);
  }
}
