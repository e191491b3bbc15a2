import type { JournalEntry, RunLetter } from '../../src/model/run.js';
import type { Fault, StoryPlan } from './fault-plan.js';
import { playStory, type StoryEnd, type StoryOptions } from './story.js';

/** What happens after the tool was killed. */
export const AFTERWARDS = ['resume', 'revert', 'nobody', 'reboot'] as const;
export type Afterwards = (typeof AFTERWARDS)[number];

const killed = (nth: number, side: 'before' | 'after'): Fault => ({
  trigger: { at: 'journal ', nth },
  trouble: { kind: 'crash', side },
});

/** A run that nobody disturbs: how many lines it writes. */
export async function undisturbed(options: StoryOptions): Promise<StoryEnd> {
  return playStory({ seed: 0, variant: 0, sessions: [{ mode: 'run', afterS: 0, faults: [] }] }, options);
}

export function planInterruption(record: number, side: 'before' | 'after', afterwards: Afterwards): StoryPlan {
  const run = { mode: 'run', afterS: 0, faults: [killed(record, side)] } as const;
  const common = { seed: record, variant: 0 };
  switch (afterwards) {
    case 'resume':
    case 'revert':
      return { ...common, sessions: [run, { mode: afterwards, afterS: 15, faults: [] }] };
    case 'nobody':
      return { ...common, sessions: [run] };
    case 'reboot':
      return { ...common, sessions: [run], late: { afterS: 15, trouble: { kind: 'reboot', side: 'after' } } };
  }
}

/** The line after `begin` is number 1. */
export const lineOf = (entry: JournalEntry | undefined): string => {
  if (entry === undefined) return '';
  if (entry.event === 'intent' || entry.event === 'outcome')
    return `${entry.event} ${entry.step.replace(/\.vc65/, '').replace(/\.([0-9a-f]{8})-[0-9a-f-]+$/, ' $1')}`;
  if (entry.event === 'removed') return `removed ${entry.uid.slice(0, 8)}`;
  return entry.event;
};

export interface Row {
  readonly record: number;
  readonly line: string;
  readonly side: 'before' | 'after';
  readonly at: RunLetter;
  readonly cells: { readonly [Key in Afterwards]: string };
}

export interface Played {
  readonly rows: readonly Row[];
  /** Everything that is not as promised. */
  readonly broken: readonly string[];
}

/**
 * Every line of a run's journal, killed before and after it was written, and what may follow: each played and held against the promises.
 */
export async function playInterruptions(options: StoryOptions): Promise<Played> {
  const whole = await undisturbed(options);
  const broken = whole.broken.map((one) => `undisturbed: ${one}`);
  const rows: Row[] = [];
  const lines = whole.journal.slice(1);
  for (const [index, entry] of lines.entries()) {
    const line = lineOf(entry);
    // Killed before an outcome is written: the effect is there, and nobody knows. Before other lines nothing has happened since the last one.
    for (const side of entry.event === 'outcome' || entry.event === 'removed'
      ? (['before', 'after'] as const)
      : (['after'] as const)) {
      const cells: Partial<Record<Afterwards, string>> = {};
      let at: RunLetter = 'A';
      for (const afterwards of AFTERWARDS) {
        const end = await playStory(planInterruption(index + 1, side, afterwards), options);
        at = end.killedAt ?? at;
        cells[afterwards] = cellOf(afterwards, end);
        const wrong = [...end.broken, ...notAsPromised(afterwards, at, end)];
        broken.push(...wrong.map((one) => `${afterwards} after being killed ${side} line ${index + 1} (${line}, ${at}): ${one}`));
      }
      rows.push({ record: index + 1, line, side, at, cells: cells as Row['cells'] });
    }
  }
  return { rows, broken };
}

/** In words, for the page. */
function cellOf(afterwards: Afterwards, { sessions, alone, gone }: StoryEnd): string {
  const second = sessions[1]?.replace(/^(resume|revert): /, '');
  if (afterwards === 'resume' || afterwards === 'revert') return second ?? 'nothing to do';
  if (alone === undefined) return 'nothing to do';
  const what = gone === 0 ? 'as before' : `${gone === 1 ? 'one registration' : 'both registrations'} gone, else as before`;
  const service =
    alone.retryAttempt < 99_999
      ? 'restart pending'
      : alone.starts === 0
        ? 'SPS not touched'
        : alone.starts === 1
          ? 'SPS started once'
          : `SPS started ${alone.starts} times`;
  return afterwards === 'reboot' ? what : `${what}; ${service}`;
}

/** The table of docs/interruptions.md, letter by letter. */
function notAsPromised(afterwards: Afterwards, at: RunLetter, { sessions, alone, gone }: StoryEnd): string[] {
  const said = sessions[1]?.split(': ')[1];
  switch (afterwards) {
    case 'resume':
      return said === 'done' || (said === undefined && at === 'I') ? [] : [`resume ended ${said ?? 'before it began'}`];
    case 'revert': {
      if (at === 'I' && (said === undefined || said === 'done')) return [];
      const promised =
        gone > 0 ? ['removed-and-taken-back', ...(at === 'G' || at === 'H' || at === 'I' ? ['done'] : [])] : ['taken-back'];
      return said !== undefined && promised.includes(said) ? [] : [`revert ended ${said ?? 'before it began'}`];
    }
    case 'nobody': {
      if (alone === undefined) return at === 'A' || at === 'I' ? [] : ['nothing happened'];
      const least = at === 'D' || (at === 'E' && gone < 2) ? 1 : 0;
      const most = at === 'A' || at === 'B' || at === 'C' || at === 'I' ? 0 : 1;
      return alone.starts >= least && alone.starts <= most ? [] : [`the appliance started SPS ${alone.starts} times by itself`];
    }
    case 'reboot':
      return alone === undefined || alone.retryAttempt === 99_999 ? [] : ['SPS read the changed file when the appliance booted'];
  }
}
