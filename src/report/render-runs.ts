import type { CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import type { JournalEntry, RunSummary } from '../model/run.js';
import { afterwards } from './afterwards.js';
import { alignRows } from './layout.js';
import { backByHand, cleanupAgain, entryWords, isElsewhere, type KnownSteps, letterWords, stateWords } from './run-words.js';
import { mayWatch, openRegistrations, openRemovals } from './unanswered.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

type Format = 'table' | 'json' | 'md';

/** Journals that cannot be read are told elsewhere: a list is a list of runs. */
export function renderRuns(runs: readonly RunSummary[], format: Format, width?: number): string {
  if (format === 'json') return `${visibleJson(runs)}\n`;
  if (runs.length === 0) return 'No run yet.\n';
  const rows = runs.map((run) => [
    run.id,
    run.vcenter,
    isOpen(run) ? `${run.state === 'interrupted' ? 'interrupted' : stateWords(run.state)} (${run.at})` : stateWords(run.state),
    time(run.startedAt),
    run.by,
    run.removals.map(({ name, gone }) => `${name}${gone ? ' (gone)' : ''}`).join(', '),
  ]);
  const head = ['run', 'vCenter', 'state', 'started (UTC)', 'by', 'registrations'];
  if (format === 'md') {
    const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
    const cells = rows.map((row) => line(row.map((cell) => markdownText(cell, 300))));
    return `${[line(head), line(head.map(() => '---')), ...cells].join('\n')}\n`;
  }
  const visible = rows.map((row) => row.map((cell) => visibleText(cell, 300)));
  return `${alignRows([head, ...visible], { indent: 0, width })
    .flat()
    .join('\n')}\n`;
}

/** A run as its journal tells it. */
export interface ShownRun {
  readonly summary: RunSummary;
  readonly plan: CleanupPlan;
  readonly entries: readonly JournalEntry[];
  readonly steps: KnownSteps;
  readonly journal: string;
  /** The last line was cut off while it was written. */
  readonly torn: boolean;
  /** Seconds after its last sign of life in which the appliance begins to take itself back. */
  readonly selfRevertSeconds: number;
}

/** For somebody who was not there: what was done, by whom, when, what is left, and what to do. */
export function renderRun(run: ShownRun, format: Format): string {
  if (format === 'json') return `${visibleJson(asJson(run))}\n`;
  const md = format === 'md';
  const text = md ? (value: string) => markdownText(value, 1000) : (value: string) => visibleText(value, 1000);
  const heading = (title: string) => (md ? `\n## ${title}\n` : `\n${title.toUpperCase()}`);
  const item = (line: string) => `${md ? '- ' : '  '}${text(line)}`;
  const { summary, plan, journal, torn } = run;
  const lines = [
    `${md ? '# ' : ''}Run ${text(summary.id)}`,
    ...(md ? [''] : []),
    item(`${plan.vcenter.id} (${plan.vcenter.address}): ${stateWords(summary.state)}`),
    ...(isOpen(summary) ? [item(`as far as the journal goes: ${summary.at}, ${letterWords(summary.at)}`)] : []),
    item(`begun ${time(summary.startedAt)} UTC by ${summary.by}; confirmed ${confirmedWords(run)}`),
    ...(summary.endedAt === undefined ? [] : [item(`ended ${time(summary.endedAt)} UTC`)]),
    ...(plan.accepted.length === 0 ? [] : [item(`accepted: ${acceptedWords(plan)}`)]),
    item(`journal ${journal}${torn ? ' (its last line was cut off while it was written; nothing was done on its account)' : ''}`),
    heading('Registrations'),
    ...summary.removals.map(({ name, uid, gone }) =>
      item(`${name}  uid ${uid}  ${gone ? 'removed' : 'not removed, as far as the journal goes'}`),
    ),
    heading('What was done (UTC)'),
    ...happenings(run).map(({ at, words }) => item(`${clock(at)}  ${words}`)),
    heading('What is left'),
    ...leftWords(run).map(item),
    heading('What to do'),
    ...nextWords(run).map(item),
  ];
  return `${lines.join('\n')}\n`;
}

const isOpen = ({ state }: RunSummary): boolean => state === 'under-way' || state === 'interrupted';

/** What a step was going to do is told where nothing tells what came of it; else with the outcome, and how long it took. */
function happenings({ entries, plan, steps }: ShownRun) {
  const begun = new Map<string, string>();
  const settled = new Set<number>();
  const seconds = new Map<number, number>();
  for (const entry of entries.toReversed()) {
    if (entry.event !== 'intent' && entry.event !== 'outcome') continue;
    const key = `${entry.action} ${entry.step}`;
    if (entry.event === 'outcome') begun.set(key, `${entry.seq} ${entry.at}`);
    else {
      const [seq, at] = begun.get(key)?.split(' ') ?? [];
      begun.delete(key);
      if (seq === undefined || at === undefined) continue;
      settled.add(entry.seq);
      seconds.set(Number(seq), Math.round((Date.parse(at) - Date.parse(entry.at)) / 1000));
    }
  }
  return entries.flatMap((entry) => {
    const words = settled.has(entry.seq) ? undefined : entryWords(entry, plan, steps);
    if (words === undefined) return [];
    const took = seconds.get(entry.seq) ?? 0;
    return [{ at: entry.at, words: took > 0 ? `${words} (${took} s)` : words }];
  });
}

function confirmedWords({ entries: [begin] }: ShownRun): string {
  return begin?.event === 'begin' && begin.confirmed === 'typed' ? "by the vCenter's name, typed" : 'by --yes';
}

const acceptedWords = ({ accepted }: CleanupPlan): string =>
  accepted.map(({ code, name }) => `${code}${name === undefined ? '' : `:${name}`}`).join(', ');

/** What the journal proves, and what follows from the letter where it has no end. */
function leftWords(run: ShownRun): string[] {
  const { summary, plan, selfRevertSeconds, entries } = run;
  if (summary.left.length > 0) return [...summary.left];
  if (!isOpen(summary)) {
    const gone = summary.removals.filter((one) => one.gone).map(({ name }) => name);
    return [
      gone.length === 0
        ? 'nothing: all is as before'
        : `nothing but what was wanted: ${gone.join(', ')} removed, all else as before`,
      ...againOrNot(run),
    ];
  }
  if (summary.state === 'under-way') return ['it is under way; the process that works on it is the last one named above'];
  const { at } = summary;
  const last = entries.at(-1)?.at;
  const folder = `the folder /root/.vasatrust/${summary.id}, the lock beside it, and what watches from there: a timer or a process, and a guard for the next boot`;
  const itself = `the appliance begins to take itself back ${selfRevertSeconds} s after the last sign of life at the latest, and keeps a record in that folder; the last sign of life was not before ${last === undefined ? 'the beginning' : `${time(last)} UTC, the last line here`}. Resume and revert look, and tell what it did; \`vasatrust audit\` shows what is still there.`;
  if (at === 'A' || at === 'I') {
    const open = [
      ...openRemovals(run).map(
        (name) => `${name} or not: its removal was asked for, and nothing tells what came of it; resume and revert ask SMS first`,
      ),
      ...againOrNot(run),
    ];
    return ['file, routes and SPS are as before', ...open, ...(mayWatch(run) ? [folder, itself] : ['nothing on the appliance'])];
  }
  const { config, addresses } = plan;
  // Where all were gone before it, the procedure changed nothing, and puts right what an earlier one left.
  const isChanged = isBegun(run, 'lower-retry') || config.now === config.during;
  const isBlocked = ['C', 'D', 'E', 'F'].includes(at) && !isTakenBack(run, 'block');
  const isEdited = at !== 'H' && isChanged && !isTakenBack(run, 'lower-retry');
  const isRestarted = isTakenBack(run, 'stop-sps');
  const isInRestart = at === 'H' && isBegun(run, 'restart-sps');
  return [
    `as this run left it${last === undefined ? '' : ` (its last line is of ${time(last)} UTC)`}; nobody has looked since:`,
    ...(isEdited ? [`${config.path} says ${config.during} in place of ${config.after}; its original is ${config.backup}`] : []),
    ...(isBlocked ? [`reject routes on the appliance: ${addresses.map(({ address }) => address).join(', ')}`] : []),
    ...(at === 'D' && !isRestarted ? ['SPS is stopped'] : []),
    ...(isInRestart ? ['SPS was being stopped and started: it may be stopped, until the appliance or somebody starts it'] : []),
    ...(['E', 'F', 'G', 'H'].includes(at) && isChanged && !isRestarted && !isInRestart
      ? ['SPS runs with the changed value until it is restarted']
      : []),
    folder,
    `or none of it any more: ${itself}`,
  ];
}

const againOrNot = (run: ShownRun): string[] =>
  [...openRegistrations(run).values()].map(
    (name) =>
      `${name} registered again or not: that was asked for, and nothing tells what came of it; \`vasatrust audit\` shows it`,
  );

function isBegun({ entries, steps }: ShownRun, kind: CleanupStep['kind']): boolean {
  return entries.some((entry) => entry.event === 'intent' && entry.action === 'apply' && steps.get(entry.step)?.kind === kind);
}

/** The last that the journal tells of steps of this kind is that they were taken back. */
function isTakenBack({ entries, steps }: ShownRun, kind: CleanupStep['kind']): boolean {
  const last = entries.findLast(
    (entry) => (entry.event === 'intent' || entry.event === 'outcome') && steps.get(entry.step)?.kind === kind,
  );
  return last?.event === 'outcome' && last.action === 'undo' && last.result !== 'failed';
}

function nextWords(run: ShownRun): string[] {
  const { summary, plan, entries } = run;
  const { id, state, at } = summary;
  if (state === 'left-changed' && isElsewhere(entries))
    return [
      'Ask who goes on with it, or has ended it, elsewhere: its end is told there.',
      `vasatrust runs revert ${id}    only where nobody does: it takes the run from whoever works on it`,
    ];
  switch (state) {
    case 'under-way':
      return ['Wait for its end. Ctrl-C where it runs takes everything back.'];
    case 'interrupted':
      return [
        `vasatrust runs resume ${id}    goes on${at === 'A' ? '' : ' from where it stands'}; the registrations are removed`,
        `vasatrust runs revert ${id}    takes everything back, but for registrations that are gone`,
      ];
    case 'left-changed':
      return [
        `vasatrust runs revert ${id}    tries once more to take back what is left`,
        `else by hand on ${plan.vcenter.id}, what of it is still there:`,
        ...backByHand(plan, id),
      ];
    case 'taken-back':
      return [`${cleanupAgain(plan, summary.removals)}    a new run, once the reason is gone`];
    case 'removed-and-taken-back':
      if (summary.removals.some(({ gone }) => !gone))
        return [`${cleanupAgain(plan, summary.removals)}    a new run for the rest, once the reason is gone`];
      return ['vasatrust audit    to see the estate as it is now', ...afterwards(run)];
    case 'done':
      return ['vasatrust audit    to see the estate as it is now', ...afterwards(run)];
  }
}

function asJson(run: ShownRun): object {
  const { summary, plan, entries, journal, torn } = run;
  return {
    formatVersion: 1,
    ...summary,
    standsAt: isOpen(summary) ? letterWords(summary.at) : stateWords(summary.state),
    confirmed: entries[0]?.event === 'begin' ? entries[0].confirmed : null,
    accepted: plan.accepted,
    what: happenings(run),
    whatIsLeft: leftWords(run),
    next: nextWords(run),
    journal,
    torn,
    entries,
  };
}

const time = (iso: string): string => iso.slice(0, 19).replace('T', ' ');
/** The day is told once, above. */
const clock = (iso: string): string => iso.slice(5, 19).replace('T', ' ');
