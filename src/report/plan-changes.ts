import type { Fact, Plan } from '../model/plan.js';
import type { FactChange, PlanDifference } from '../model/plan-answer.js';
import { unreachable } from '../model/problem.js';
import { factChangeText, factText, lasting, warningText } from './plan-words.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

type Format = 'table' | 'json' | 'md';

/** `plan check`: every fact that no longer holds, by name. */
export function renderPlanCheck(changes: readonly FactChange[], facts: number, format: Format): string {
  const changed = changes.filter(({ state }) => state !== 'not-seen').length;
  const unseen = changes.length - changed;
  const verdict =
    changes.length === 0
      ? `All ${facts} facts of the plan hold.`
      : `${changed} of ${facts} facts changed, ${unseen} could not be seen.${changed > 0 ? ' Make the plan anew.' : ''}`;
  switch (format) {
    case 'json':
      return `${visibleJson({ formatVersion: 1, facts, holds: changes.length === 0, changes: changes.map((change) => ({ ...change, text: factChangeText(change) })) })}\n`;
    case 'md':
      return `${[
        '# Does the plan still hold?',
        verdict,
        ...changes.map(
          (change) =>
            `- ${factChangeText(change)
              .split('\n')
              .map((line) => markdownText(line.trim()))
              .join('; ')}`,
        ),
      ].join('\n\n')}\n`;
    case 'table':
      return `${[
        ...changes.flatMap((change) =>
          factChangeText(change)
            .split('\n')
            .map((line) => visibleText(line)),
        ),
        verdict,
      ].join('\n')}\n`;
    default:
      return unreachable(format);
  }
}

/** `plan diff`: from the older plan to the newer; `-` is gone, `+` is new, `~` has changed. */
export function renderPlanDifference(
  difference: PlanDifference,
  plans: { readonly older: Plan; readonly newer: Plan },
  format: Format,
): string {
  if (format === 'json') return `${visibleJson({ formatVersion: 1, ...difference })}\n`;
  const lines = differenceLines(difference, plans);
  if (lines.length === 0) return format === 'md' ? '# Plans\n\nNo difference.\n' : 'No difference.\n';
  return format === 'md'
    ? `# Plans\n\n${lines.map((line) => `- ${markdownText(line)}`).join('\n')}\n`
    : `${lines.map((line) => visibleText(line)).join('\n')}\n`;
}

function differenceLines(difference: PlanDifference, { older, newer }: { readonly older: Plan; readonly newer: Plan }): string[] {
  const minutes = (seconds: number | undefined) => (seconds === undefined ? 'not in the plan' : lasting(seconds));
  const sign = (mark: string, facts: readonly Fact[]) => facts.map((fact) => `${mark} fact: ${factText(fact)}`);
  return [
    ...(difference.sameEstate ? [] : [`~ estate ${older.estate.slice(0, 16)} → ${newer.estate.slice(0, 16)}`]),
    ...(difference.sameStrategy ? [] : [`~ strategy ${older.strategy} → ${newer.strategy}`]),
    ...difference.outages.map(({ vcenter, was, is }) => `~ outage of ${vcenter}, at most: ${minutes(was)} → ${minutes(is)}`),
    ...difference.removed.map(({ id }) => `- step ${id}`),
    ...difference.added.map(({ id }) => `+ step ${id}`),
    ...difference.changed.map(({ id, fields }) => `~ step ${id}: ${fields.join(', ')}`),
    ...difference.moved.map((id) => `~ step ${id} follows another one`),
    ...difference.warnings.removed.map((warning) => `- warning: ${warningText(warning, older)}`),
    ...difference.warnings.added.map((warning) => `+ warning: ${warningText(warning, newer)}`),
    ...sign('-', difference.facts.removed),
    ...sign('+', difference.facts.added),
  ];
}
