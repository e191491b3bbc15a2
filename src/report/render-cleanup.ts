import type { CleanupAnswer, CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import { unreachable } from '../model/problem.js';
import {
  actText,
  checkText,
  expectationText,
  stepFailed,
  stepNote,
  stepSource,
  stepTitle,
  warningText,
} from '../plan/describe-cleanup.js';
import { cleanupRunbook, refusalsAsMarkdown } from './cleanup-markdown.js';
import { cleanupAsText, refusalsAsText } from './cleanup-text.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

/** One valid document that ends in a line end, whatever planning came to. */
export function renderCleanup(answer: CleanupAnswer, format: 'table' | 'json' | 'md'): string {
  if (format === 'json') return `${visibleJson(asJson(answer))}\n`;
  switch (answer.kind) {
    case 'plan':
      return format === 'md' ? cleanupRunbook(answer.plan) : cleanupAsText(answer.plan);
    case 'refused':
      return format === 'md'
        ? refusalsAsMarkdown(answer.refusals, answer.undecided)
        : refusalsAsText(answer.refusals, answer.undecided);
    case 'nothing-stale': {
      const text = format === 'md' ? (value: string) => markdownText(value, 1000) : (value: string) => visibleText(value, 1000);
      const unknown = answer.undecided.map(
        ({ name, why }) => `${format === 'md' ? '- unknown:' : 'unknown '} ${text(name)}: ${text(why)}`,
      );
      const first =
        unknown.length === 0
          ? `${text(answer.vcenter)} has no stale registration. Nothing to do, nothing was changed.`
          : `No registration of ${text(answer.vcenter)} is proven stale, and of ${unknown.length} it is not known whether they are. Nothing was changed.`;
      const next =
        unknown.length === 0
          ? []
          : [
              'Next: vasatrust audit shows what was not seen; --provider NAME in place of --all-stale tells every reason against that one.',
            ];
      return [first, ...unknown, ...next, ''].join('\n');
    }
    default:
      return unreachable(answer);
  }
}

function asJson(answer: CleanupAnswer): object {
  if (answer.kind !== 'plan') return { formatVersion: 1, ...answer };
  const { plan } = answer;
  const steps = (list: readonly CleanupStep[]) => list.map((step) => stepAsJson(step, plan));
  return {
    ...plan,
    kind: 'plan',
    warnings: plan.warnings.map((warning) => ({ ...warning, text: warningText(warning, plan) })),
    steps: steps(plan.steps),
    ifOneSurvives: steps(plan.ifOneSurvives),
  };
}

/** With words beside what only a program reads. */
export function stepAsJson(step: CleanupStep, plan: CleanupPlan): object {
  return {
    ...step,
    title: stepTitle(step, plan),
    note: stepNote(step, plan),
    failedWhen: stepFailed(step),
    source: stepSource(step),
    do: step.do.map((act) => ({ ...act, text: actText(act, plan) })),
    check: step.check.map((check) => ({ ...check, text: checkText(check, plan), expected: expectationText(check, plan) })),
    undo: step.undo.map((act) => ({ ...act, text: actText(act, plan) })),
  };
}
