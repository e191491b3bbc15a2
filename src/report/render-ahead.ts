import type { CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import { actText, stepTitle } from '../plan/describe-cleanup.js';
import { stepLines } from './cleanup-text.js';
import { stepAsJson } from './render-cleanup.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

/** What going on with a run, or taking it back, would come to, by its journal alone. */
export interface RunAhead {
  readonly run: string;
  readonly plan: CleanupPlan;
  readonly mode: 'resume' | 'revert';
  readonly steps: readonly { readonly step: CleanupStep; readonly journal: 'done' | 'begun' | 'open' }[];
}

const JOURNAL = {
  done: 'done, as far as the journal goes: looked at, and done anew where it is not so any more',
  begun: 'begun, and nothing tells what came of it: looked at first',
  open: 'not done, as far as the journal goes',
} as const;

/** One valid document that ends in a line end. */
export function renderAhead(ahead: RunAhead, format: 'table' | 'json' | 'md'): string {
  const { run, plan, mode, steps } = ahead;
  if (format === 'json') {
    const all = steps.map(({ step, journal }) => ({ journal, ...stepAsJson(step, plan) }));
    return `${visibleJson({ formatVersion: 1, kind: 'ahead', run, vcenter: plan.vcenter.id, mode, steps: all })}\n`;
  }
  const md = format === 'md';
  const text = md ? (value: string) => markdownText(value, 1000) : (value: string) => visibleText(value, 1000);
  const title = mode === 'resume' ? 'What runs resume would come to' : 'What runs revert would come to';
  const blocks = steps.flatMap(({ step, journal }) => {
    const detail =
      mode === 'resume' ? stepLines(step, plan).slice(1) : undoLines(step, plan).map((line) => `        undo   ${text(line)}`);
    const head = `${stepTitle(step, plan)} (${JOURNAL[journal]})`;
    if (md) return [`- ${text(mode === 'revert' ? `Take back: ${head}` : head)}`];
    const number = step.number === undefined ? '   -' : String(step.number).padStart(4);
    return [`${number}  ${text(mode === 'revert' ? `Take back: ${head}` : head)}`, ...detail];
  });
  const none = steps.length === 0 ? ['Nothing of it is left to be done, as far as the journal goes.'] : [];
  const lines = [
    `${md ? '# ' : ''}${title}`,
    '',
    `Run ${text(run)} on ${text(plan.vcenter.id)}, by its journal alone: nobody was asked, nothing was changed. It looks at each of these first.`,
    '',
    ...none,
    ...blocks,
  ];
  return `${lines.join('\n')}\n`;
}

function undoLines(step: CleanupStep, plan: CleanupPlan): string[] {
  if (step.kind === 'arm-self-revert') return [actText({ by: 'self-revert', what: 'disarm' }, plan)];
  const restart = step.kind === 'stop-sps' ? ['where it runs with the changed value, it is restarted once'] : [];
  return [...step.undo.map((act) => actText(act, plan)), ...restart];
}
