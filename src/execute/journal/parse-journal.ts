import { err, ok, type Problem, type Result } from '../../model/problem.js';
import type { JournalEntry } from '../../model/run.js';

export interface ParsedJournal {
  readonly entries: readonly JournalEntry[];
  readonly torn: boolean;
  /** Up to the end of the last whole line. */
  readonly goodBytes: number;
}

const EVENTS: ReadonlySet<unknown> = new Set<JournalEntry['event']>([
  'begin',
  'session',
  'appliance',
  'intent',
  'outcome',
  'looked',
  'removed',
  'returned',
  'decided',
  'saw',
  'end',
]);
const NEWLINE = 0x0a;

/**
 * The lines of a journal. A last line without a line end was cut off while it was written, and does not count. Anything else that does
 * not read is no accident of ours, and nothing may be concluded from such a file: `file-invalid`.
 */
export function parseJournal(bytes: Uint8Array, path: string): Result<ParsedJournal> {
  const goodBytes = bytes.lastIndexOf(NEWLINE) + 1;
  const lines = new TextDecoder().decode(bytes.subarray(0, goodBytes)).split('\n').slice(0, -1);
  const entries: JournalEntry[] = [];
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(line);
    if (entry === undefined || entry.seq !== index + 1) return err(invalid(path, `line ${index + 1} is no entry of a journal`));
    if (index === 0 && (entry.event !== 'begin' || entry.formatVersion !== 1))
      return err(invalid(path, 'it does not begin as the journal of a run that this version knows'));
    entries.push(entry);
  }
  return ok({ entries, torn: goodBytes < bytes.length, goodBytes });
}

function parseEntry(line: string): JournalEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const { seq, at, event } = value as Partial<JournalEntry>;
    return Number.isInteger(seq) && typeof at === 'string' && EVENTS.has(event) ? (value as JournalEntry) : undefined;
  } catch {
    return undefined;
  }
}

const invalid = (path: string, what: string): Problem => ({
  code: 'file-invalid',
  target: path,
  summary: `${path} is damaged: ${what}`,
  remedy: 'Nothing is concluded from it. Look at the appliance yourself: routes, sms-config.xml, SPS and /root/.vasatrust.',
  retry: 'after-remedy',
});
