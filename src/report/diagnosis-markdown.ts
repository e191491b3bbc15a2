import type { Diagnosis, Timeline, Verdict } from '../diagnose/diagnosis.js';
import { providerText, VERDICT_MEANING, verdictHeadline, verdictRemedy, whenText } from '../diagnose/verdict-words.js';
import { OUTCOME, placeText, providerFact, signaturesSeen, sizeText, totalsText, whoseText } from './diagnosis-view.js';
import { markdownText } from './visible-text.js';

const text = (value: string): string => markdownText(value, 2_000);
const cell = (value: string): string => markdownText(value, 300);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return rows.length === 0 ? ['None.'] : [[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')];
}

/** The diagnosis as a document to send around, with every line that proves something. */
export function diagnosisAsMarkdown(diagnosis: Diagnosis, madeBy: string): string {
  const blocks = [
    '# What sps.log says',
    `${totalsText(diagnosis)}. By ${text(madeBy)}. Times are UTC.`,
    '## Verdicts',
    ...(diagnosis.verdicts.length === 0 ? ['None.'] : diagnosis.verdicts.flatMap(verdictBlocks)),
    '## Removals',
    ...table(
      ['time', 'vCenter', 'task', 'provider', 'outcome', 'array', 'backup'],
      diagnosis.sources.flatMap((source) =>
        source.removals.map(({ from, task, uid, outcome, array, backup }) =>
          [from ?? '', whoseText(source), task ?? '', uid ?? '', OUTCOME[outcome], array ?? '', backup ?? ''].map(cell),
        ),
      ),
    ),
    '## Time lines',
    ...diagnosis.timelines.flatMap(timelineBlocks),
    '## What the logs say',
    ...table(
      ['entry', 'times', 'mark', 'meaning', 'first'],
      signaturesSeen(diagnosis).map(({ id, count, mark, meaning, first }) => [
        id,
        `${count}`,
        mark,
        cell(meaning),
        cell(placeText(first)),
      ]),
    ),
    '## Logs read',
    ...table(
      ['file', 'size', 'lines', 'from', 'to'],
      diagnosis.sources.flatMap(({ files }) =>
        files.map(({ name, extent }) => [
          cell(name),
          sizeText(extent.bytes),
          `${extent.lines}`,
          extent.from ?? '',
          extent.to ?? '',
        ]),
      ),
    ),
    '## Gaps',
    ...table(
      ['what', 'problem', 'what to do'],
      diagnosis.gaps.map(({ target, summary, remedy }) => [cell(target), cell(summary), cell(remedy)]),
    ),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function verdictBlocks(verdict: Verdict): string[] {
  const facts = [
    `vCenter: ${text(whoseText({ ...verdict, id: verdict.source }))}`,
    ...(verdict.provider === undefined ? [] : [`provider: ${text(providerFact(verdict.provider))}`]),
    ...(verdict.array === undefined ? [] : [`array: ${text(verdict.array)}`]),
    ...(verdict.backup === undefined ? [] : [`backup provider: ${text(providerFact(verdict.backup))}`]),
    ...(verdict.task === undefined ? [] : [`task: ${text(verdict.task)}`]),
    `when: ${text(whenText(verdict))}`,
  ];
  return [
    `### ${verdict.severity}: ${verdict.code}`,
    `${text(verdictHeadline(verdict))}. ${VERDICT_MEANING[verdict.code]}`,
    facts.map((fact) => `- ${fact}`).join('\n'),
    ...table(
      ['proof', 'line'],
      verdict.proof.map((line) => [cell(placeText(line)), cell(line.text)]),
    ),
    `What to do: ${text(verdictRemedy(verdict))}`,
  ];
}

function timelineBlocks({ provider, events, omitted }: Timeline): string[] {
  return [
    `### ${text(providerText(provider))}`,
    ...table(
      ['time', 'log', 'what', 'line'],
      events.map(({ at, vcenter, source, what, count, line }) => [
        at ?? '',
        cell(vcenter ?? source),
        cell(`${what}${count === undefined || count === 1 ? '' : ` (${count} times)`}`),
        line === undefined ? '' : cell(placeText(line)),
      ]),
    ),
    ...(omitted === 0 ? [] : [`${omitted} more in between.`]),
  ];
}
