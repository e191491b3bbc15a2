import { day } from '../findings/explain/quote.js';
import type { IsoTime } from '../model/ids.js';
import type { Plan } from '../model/plan.js';
import type { Named } from '../plan/describe-step/step-text.js';
import { describeStep } from '../plan/describe-step.js';
import { alignRows, breakLine } from './layout.js';
import { acceptanceText, lasting, outageText, span, strategyText, warningText } from './plan-words.js';
import { visibleText } from './visible-text.js';

/** Shown where a plan is: how old it is now. */
export function ageText(plan: Plan, now: Date): string {
  const seconds = (now.getTime() - new Date(plan.takenAt).getTime()) / 1000;
  return seconds < 0 ? 'from the future: compare clocks' : `${lasting(seconds)} old`;
}

/** The plan on a terminal: header, who is out for how long, what to know, and one line per step. */
export function planAsText(plan: Plan, now: Date, named: Named, width?: number): string {
  const numbers = new Map(plan.steps.map(({ id }, index) => [id, index + 1]));
  const header: [string, string][] = [
    ['evidence', `${plan.takenAt}, ${ageText(plan, now)}`],
    ['estate', plan.estate.slice(0, 16)],
    ['strategy', strategyText(plan)],
    ['providers', plan.providers.map(({ name }) => name).join(', ')],
    [
      'no return from',
      plan.pointOfNoReturn === undefined ? 'never' : `step ${numbers.get(plan.pointOfNoReturn)} (${plan.pointOfNoReturn})`,
    ],
    ['accepted', plan.acceptances.length === 0 ? 'nothing had to be' : plan.acceptances.map(acceptanceText).join(', ')],
  ];
  const steps = plan.steps.map((step, index) => {
    const { title, who } = describeStep(step, plan, named);
    return [String(index + 1), visibleText(title), who, span(step.seconds), needsText(step.needs, numbers)];
  });
  const lines = [
    'THE PLAN',
    ...rows(header.map(([key, value]) => [key, visibleText(value)])),
    '',
    'OUTAGE PER vCENTER',
    ...rows(plan.outages.map((outage) => [outage.vcenter, visibleText(outageText(outage))])),
    '',
    'STEPS TO TAKE',
    ...rows(steps),
    ...(plan.warnings.length === 0 ? [] : ['']),
    ...plan.warnings.flatMap((warning) => breakLine(`warning  ${visibleText(warningText(warning, plan))}`, width, 9)),
    '',
    ...breakLine(`${plan.steps.length} steps. The runbook: vasatrust plan show ${visibleText(named.planFile)} -o md`, width, 2),
  ];
  return `${lines.join('\n')}\n`;

  function rows(cells: readonly (readonly string[])[]): string[] {
    return alignRows(cells, { width }).flat();
  }
}

/** `after 3, 4`: the steps that have to be done before. */
function needsText(needs: readonly string[], numbers: ReadonlyMap<string, number>): string {
  const after = needs.map((need) => numbers.get(need) ?? 0).sort((a, b) => a - b);
  if (after.length === 0) return '';
  return after.length > 6 ? `after ${after.slice(0, 5).join(', ')} … ${after.at(-1)}` : `after ${after.join(', ')}`;
}

/** `2026-11-22 12:00 UTC`. */
export const minuteOf = (at: IsoTime): string => `${day(new Date(at))} ${at.slice(11, 16)} UTC`;
