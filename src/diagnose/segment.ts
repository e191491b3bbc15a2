import { matchRecord } from './match-record.js';
import type { LogRecord } from './record.js';
import { addLine, closeRemoval, type LogLine, type OpenRemoval, openRemoval, type Removal } from './removal.js';
import type { Facts } from './signature.js';
import { type Signs, signsOf } from './signs.js';

/** Hits that were not tied to anything yet: kept for the file before this one, where the beginning may be. */
export interface Orphan {
  readonly thread?: string;
  readonly id: string;
  readonly facts: Facts;
  readonly line: LogLine;
  readonly npe?: 'proven' | 'elsewhere' | 'no-stack';
}

export interface TaskCreated {
  readonly opId?: string;
  readonly guid?: string;
  readonly line: LogLine;
}

/** What one file of a log told: closed removals, what was open at its end, what had no beginning in it, and everything else it says. */
export interface Segment {
  readonly removals: readonly Removal[];
  /** Removals beyond those kept, by uid and outcome. */
  readonly dropped: ReadonlyMap<string, number>;
  readonly open: ReadonlyMap<string, OpenRemoval>;
  readonly orphans: readonly Orphan[];
  readonly tasks: ReadonlyMap<string, TaskCreated>;
  readonly signs: Signs;
}

export interface SegmentReader {
  take(record: LogRecord): void;
  end(): Segment;
}

const MOST_ORPHANS = 300;
const MOST_OPEN = 200;
const MOST_TASKS = 2_000;
const MOST_KEYS = 500;
const FIRST_KEPT = 3;
const LAST_KEPT = 3;
const TEXT = 400;
/** Entries that tell of a removal, in whatever order a thread logs them. */
const OF_REMOVALS = new Set([
  'C2',
  'C3',
  'C4',
  'C5',
  'C7',
  'C8',
  'C10',
  'C12',
  'C13',
  'C14',
  'C14b',
  'C14f',
  'C15',
  'C29',
  'C30',
]);
/** How far below its head a stack may begin when threads write into each other. */
const STRAY_LINES = 50;

export function openSegment(file: string): SegmentReader {
  const open = new Map<string, OpenRemoval>();
  const tasks = new Map<string, TaskCreated>();
  const orphans: Orphan[] = [];
  const kept = new Map<string, Removal[]>();
  const dropped = new Map<string, number>();
  const signs = signsOf();
  let errorWithoutStack: { removal?: OpenRemoval; orphan?: number; line: number } | undefined;

  const close = (removal: OpenRemoval): void => {
    const closed = closeRemoval(removal);
    const key = `${closed.outcome} ${closed.uid ?? ''}`;
    const list = kept.get(key) ?? [];
    if (list.length === 0 && kept.size >= MOST_KEYS) {
      dropped.set(closed.outcome, (dropped.get(closed.outcome) ?? 0) + 1);
      return;
    }
    kept.set(key, list);
    list.push(closed);
    if (list.length > FIRST_KEPT + LAST_KEPT) {
      list.splice(FIRST_KEPT, 1);
      dropped.set(key, (dropped.get(key) ?? 0) + 1);
    }
  };

  return {
    take(record) {
      const hit = matchRecord(record);
      const thread = record.thread ?? '';
      const line = (signature?: string): LogLine => lineOf(file, record, signature);
      if (hit === undefined) {
        if (record.level !== 'ERROR') return;
        const removal = open.get(thread);
        signs.addError(record, line());
        if (removal !== undefined) {
          removal.errors += 1;
          addLine(removal, line());
        }
        return;
      }
      const { signature, facts } = hit;
      const { id } = signature;
      const npe = id === 'C14' ? stackOf(record) : undefined;
      signs.add(id, facts, record, line(id));
      if (id === 'C1') {
        if (tasks.size >= MOST_TASKS) tasks.delete(tasks.keys().next().value ?? '');
        tasks.set(facts.task ?? '', { ...(record.opId ? { opId: record.opId } : {}), ...guidOf(facts), line: line(id) });
        return;
      }
      if (!OF_REMOVALS.has(id)) return;
      if (id === 'C2') {
        const before = open.get(thread);
        if (before !== undefined) close(before);
        else if (open.size >= MOST_OPEN) close(takeFirst(open));
        open.set(thread, openRemoval(record.thread, false));
      }
      if (id === 'C14f' && errorWithoutStack !== undefined && record.line - errorWithoutStack.line <= STRAY_LINES) {
        const { removal, orphan } = errorWithoutStack;
        if (removal !== undefined) removal.npe = 'proven';
        const stray = orphan === undefined ? undefined : orphans[orphan];
        if (stray !== undefined && orphan !== undefined) orphans[orphan] = { ...stray, npe: 'proven' };
        errorWithoutStack = undefined;
        return;
      }
      const removal = open.get(thread);
      const orphan: Orphan = { id, facts, line: line(id), ...(record.thread ? { thread } : {}), ...(npe ? { npe } : {}) };
      if (removal === undefined) {
        // C3 and C15 are logged by every task: without a removal they say nothing, except at the beginning of a file.
        if (orphans.length < MOST_ORPHANS || id.startsWith('C14')) orphans.push(orphan);
        if (npe === 'no-stack') errorWithoutStack = { orphan: orphans.length - 1, line: record.line };
        if (orphans.length > 2 * MOST_ORPHANS) orphans.splice(MOST_ORPHANS, 1);
        return;
      }
      if (npe === 'no-stack') errorWithoutStack = { removal, line: record.line };
      if (applyHit(removal, orphan, tasks)) {
        open.delete(thread);
        // Numbers begin anew when SPS starts.
        if (removal.task !== undefined) tasks.delete(removal.task);
        close(removal);
      }
    },
    end: () => ({ removals: [...kept.values()].flat(), dropped, open, orphans, tasks, signs: signs.end() }),
  };
}

/** What a line adds to the removal on its thread; true where that ends it. */
export function applyHit(removal: OpenRemoval, hit: Orphan, tasks: ReadonlyMap<string, TaskCreated>): boolean {
  const { id, facts, npe } = hit;
  // Another task on the same thread: not this removal's.
  if (id === 'C15' && removal.task !== undefined && facts.task !== removal.task) return false;
  addLine(removal, hit.line);
  if (facts.uid !== undefined) removal.uid ??= facts.uid;
  if (facts.array !== undefined) removal.array ??= facts.array;
  if (id === 'C12' && facts.backup !== undefined) removal.backup = facts.backup;
  if (id === 'C13') removal.flushed = true;
  if (id === 'C30') removal.notFound = true;
  if (id === 'C29') removal.errors += 1;
  if (facts.exception !== undefined) removal.exception = facts.exception;
  if (npe !== undefined) removal.npe = npe;
  if (id === 'C14f') removal.npe = 'proven';
  if (facts.task !== undefined && removal.task === undefined) {
    removal.task = facts.task;
    const created = tasks.get(facts.task);
    if (created !== undefined) {
      if (created.opId !== undefined) removal.opId = created.opId;
      if (created.guid !== undefined) removal.serverGuid = created.guid;
      removal.lines.unshift(created.line);
    }
  }
  if (facts.guid !== undefined) removal.serverGuid ??= facts.guid;
  if (id === 'C15') removal.complete = true;
  return id === 'C15';
}

/** Whether the stack shows the published case: `flushEventQueue` of the removed provider, by class and method. */
function stackOf(record: LogRecord): 'proven' | 'elsewhere' | 'no-stack' {
  if (record.more.some((line) => line.includes('VasaProviderImpl.flushEventQueue('))) return 'proven';
  return record.more.some((line) => /^\s+at /.test(line)) && !record.cut ? 'elsewhere' : 'no-stack';
}

function lineOf(file: string, record: LogRecord, signature: string | undefined): LogLine {
  return {
    file,
    line: record.line,
    ...(record.at === undefined ? {} : { at: record.at }),
    text: record.text.slice(0, TEXT),
    ...(signature === undefined ? {} : { signature }),
  };
}

const guidOf = ({ guid }: Facts): { guid?: string } => (guid === undefined ? {} : { guid });

function takeFirst(open: Map<string, OpenRemoval>): OpenRemoval {
  const [thread, removal] = [...open][0] as [string, OpenRemoval];
  open.delete(thread);
  return removal;
}
