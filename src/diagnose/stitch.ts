import { closeRemoval, type OpenRemoval, openRemoval, type Removal } from './removal.js';
import { applyHit, type Orphan, type Segment, type TaskCreated } from './segment.js';

/** Entries that can only belong to a removal: one of them without a beginning still tells of one. */
const TELLING = new Set(['C4', 'C5', 'C7', 'C8', 'C12', 'C13', 'C14', 'C14b', 'C14f']);
/** How far below a stack without a head the end of its task may stand. */
const NEAR_LINES = 60;

/**
 * The removals of one rotated set, its files in time order: what was open at the end of a file goes on in the next. A removal that is still
 * open at the end of the last file is `unfinished`.
 */
export function stitchRemovals(segments: readonly Segment[]): Removal[] {
  const removals: Removal[] = [];
  const tasks = new Map<string, TaskCreated>();
  const open = new Map<string, OpenRemoval>();
  for (const segment of segments) {
    for (const orphan of segment.orphans) {
      const thread = threadFor(orphan, open);
      const removal = open.get(thread) ?? begin(orphan, thread, open);
      if (removal === undefined || !applyHit(removal, orphan, new Map([...tasks, ...segment.tasks]))) continue;
      open.delete(thread);
      removals.push(closeRemoval(removal));
    }
    removals.push(...segment.removals);
    for (const [thread, removal] of segment.open) {
      const before = open.get(thread);
      if (before !== undefined) removals.push(closeRemoval(before));
      open.set(thread, removal);
    }
    for (const [task, created] of segment.tasks) tasks.set(task, created);
  }
  return once([...removals, ...[...open.values()].map(closeRemoval)]);
}

function threadFor({ thread, id, line }: Orphan, open: ReadonlyMap<string, OpenRemoval>): string {
  if (thread !== undefined && open.has(thread)) return thread;
  // A stack whose head ends the file before this one.
  if (id === 'C14f') return [...open].find(([, one]) => one.npe === 'no-stack')?.[0] ?? '';
  const nameless = open.get('');
  const near = nameless !== undefined && line.line - (nameless.lines.at(-1)?.line ?? 0) <= NEAR_LINES;
  return id === 'C15' && near && nameless.task === undefined ? '' : (thread ?? '');
}

function begin({ id }: Orphan, thread: string, open: Map<string, OpenRemoval>): OpenRemoval | undefined {
  if (!TELLING.has(id)) return undefined;
  const removal = openRemoval(thread === '' ? undefined : thread, true);
  open.set(thread, removal);
  return removal;
}

/** The same log given twice, or a line in the log and in saved evidence, is one removal. */
function once(removals: readonly Removal[]): Removal[] {
  const byKey = new Map<string, Removal>();
  for (const removal of removals) {
    const { uid = '', task = '', from = '', thread = '' } = removal;
    const key = from === '' ? `${byKey.size}` : `${uid} ${task} ${from} ${thread}`;
    const known = byKey.get(key);
    if (known === undefined || known.lines.length < removal.lines.length) byKey.set(key, removal);
  }
  return [...byKey.values()].sort((a, b) => ((a.from ?? '') < (b.from ?? '') ? -1 : 1));
}
