import type { Diagnosis, Timeline, Verdict } from '../diagnose/diagnosis.js';
import { providerText, verdictHeadline, verdictRemedy, whenText } from '../diagnose/verdict-words.js';
import { OUTCOME, placeText, providerFact, signaturesSeen, totalsText, whoseText } from './diagnosis-view.js';
import { alignRows, breakLine } from './layout.js';
import { visibleText } from './visible-text.js';

const CELL = 160;
const MOST_ROWS = 40;

const cell = (text: string): string => visibleText(text, CELL);

/** The diagnosis for a terminal: verdicts with their proof, removals, time lines, what was read. */
export function diagnosisAsText(diagnosis: Diagnosis, width?: number): string {
  const blocks = [
    ...(diagnosis.verdicts.length === 0 ? [['No verdict: nothing in these logs is known to mean trouble with a provider.']] : []),
    ...diagnosis.verdicts.map((verdict) => verdictBlock(verdict, width)),
    removalsBlock(diagnosis, width),
    ...diagnosis.timelines.map((timeline) => timelineBlock(timeline, diagnosis, width)),
    signaturesBlock(diagnosis, width),
    logsBlock(diagnosis, width),
    gapsBlock(diagnosis, width),
    [totalsText(diagnosis)],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function verdictBlock(verdict: Verdict, width: number | undefined): string[] {
  const { severity, code, array, backup, task, proof } = verdict;
  const facts: [string, string][] = [
    ['vCenter', whoseText({ ...verdict, id: verdict.source })],
    ...(verdict.provider === undefined ? [] : [['provider', providerFact(verdict.provider)] as [string, string]]),
    ...(array === undefined ? [] : [['array', array] as [string, string]]),
    ...(backup === undefined ? [] : [['backup', providerFact(backup)] as [string, string]]),
    ...(task === undefined ? [] : [['task', task] as [string, string]]),
    ['when', whenText(verdict)],
  ];
  return [
    ...breakLine(`${severity.padEnd(9)}${code}  ${visibleText(verdictHeadline(verdict), 400)}`, width, 9),
    ...alignRows(
      facts.map(([name, value]) => [name, visibleText(value, 300)]),
      { indent: 9, width },
    ).flat(),
    '         proof',
    ...proof.flatMap((line) => breakLine(`           ${cell(placeText(line))}  ${visibleText(line.text, 400)}`, width, 13)),
    ...breakLine(`         do       ${visibleText(verdictRemedy(verdict), 2_000)}`, width, 18),
  ];
}

function removalsBlock({ sources }: Diagnosis, width: number | undefined): string[] {
  const rows = sources.flatMap((source) =>
    source.removals.map(({ from, uid, task, outcome, array, backup }) => [
      from ?? 'no time',
      cell(whoseText(source)),
      cell(task ?? 'task not told'),
      cell(uid ?? 'provider not told'),
      OUTCOME[outcome],
      cell(
        [...(array === undefined ? [] : [`array ${array}`]), ...(backup === undefined ? [] : [`backup ${backup}`])].join(', '),
      ),
    ]),
  );
  return rows.length === 0 ? [] : ['REMOVALS', ...alignRows(rows.slice(-MOST_ROWS), { width }).flat(), ...moreThan(rows.length)];
}

function timelineBlock({ provider, events, omitted }: Timeline, diagnosis: Diagnosis, width: number | undefined): string[] {
  const manyVcenters = new Set(diagnosis.sources.map(whoseText)).size > 1;
  const rows = events
    .slice(-MOST_ROWS)
    .map(({ at, what, count, vcenter, source, line }) => [
      at ?? 'no time',
      ...(manyVcenters ? [cell(vcenter ?? source)] : []),
      cell(`${what}${count === undefined || count === 1 ? '' : ` (${count} times)`}`),
      line === undefined ? '' : cell(placeText(line)),
    ]);
  return [
    ...breakLine(`TIME LINE of ${cell(providerText(provider))}`, width, 4),
    ...alignRows(rows, { width }).flat(),
    ...moreThan(events.length + omitted),
  ];
}

function signaturesBlock(diagnosis: Diagnosis, width: number | undefined): string[] {
  const rows = signaturesSeen(diagnosis).map(({ id, count, meaning, mark }) => [id, `${count}x`, mark, meaning]);
  const errors = diagnosis.sources
    .flatMap((source) => source.errors)
    .slice(0, 10)
    .map(({ logger, count, first }) => [
      '?',
      `${count}x`,
      'no entry',
      `errors of ${cell(logger)}, first at ${cell(placeText(first))}`,
    ]);
  return rows.length + errors.length === 0 ? [] : ['WHAT THE LOGS SAY', ...alignRows([...rows, ...errors], { width }).flat()];
}

function logsBlock({ sources }: Diagnosis, width: number | undefined): string[] {
  const rows = sources.flatMap((source) =>
    source.files.map(({ name, extent }) => [
      cell(name),
      `${extent.lines} lines`,
      extent.from === undefined ? 'no times' : `${extent.from} to ${extent.to ?? '?'}`,
    ]),
  );
  return rows.length === 0
    ? []
    : ['LOGS READ', ...alignRows(rows.slice(0, MOST_ROWS), { width }).flat(), ...moreThan(rows.length)];
}

function gapsBlock({ gaps }: Diagnosis, width: number | undefined): string[] {
  return gaps
    .slice(0, MOST_ROWS)
    .flatMap(({ summary, remedy }) => breakLine(`gap  ${visibleText(summary, 400)}. ${remedy}`, width, 5));
}

const moreThan = (count: number): string[] => (count > MOST_ROWS ? [`  and ${count - MOST_ROWS} more (-o json lists them)`] : []);
