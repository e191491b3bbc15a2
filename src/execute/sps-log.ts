import { readLogText } from '../diagnose/read-text.js';
import type { Removal } from '../diagnose/removal.js';
import { stitchRemovals } from '../diagnose/stitch.js';
import { ok } from '../model/problem.js';
import { SPS_LOGS } from '../wire/appliance-reads.js';
import { plainText } from '../wire/redact.js';
import type { Target } from './target.js';
import type { Done } from './trouble.js';

/** Where sps.log ended at some moment: what comes after is what an action brought about. */
export interface LogMark {
  readonly path: string;
  readonly inode: string;
  readonly size: number;
  /** Of the last line that has a time. */
  readonly lastAt?: string;
}

const MOST_BYTES = 2 * 1024 * 1024;
const TAIL = 16_384;
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{3})?Z?) \[/gm;

/** Undefined: there is no log to be seen, which keeps nobody from going on. */
export async function markLog(target: Target): Promise<Done<LogMark | undefined>> {
  for (const path of SPS_LOGS) {
    const stat = await target.look(['/usr/bin/stat', '-c', '%i|%s', path]);
    if (!stat.ok) return stat;
    const [, inode, size] = /^(\d+)\|(\d+)\s*$/.exec(stat.value.stdout) ?? [];
    if (stat.value.code !== 0 || inode === undefined || size === undefined) continue;
    const tail = await target.look(['/usr/bin/tail', '-c', String(TAIL), path]);
    if (!tail.ok) return tail;
    const lastAt = [...tail.value.stdout.matchAll(TIME)].at(-1)?.[1];
    return ok({ path, inode, size: Number(size), ...(lastAt === undefined ? {} : { lastAt }) });
  }
  return ok(undefined);
}

/** What was written since; goes on from the rotated file where the log was rotated meanwhile. Bounded from its end. */
export async function readSince(target: Target, mark: LogMark): Promise<Done<string>> {
  const now = await target.look(['/usr/bin/stat', '-c', '%i|%s', mark.path]);
  if (!now.ok) return now;
  const [, inode, size] = /^(\d+)\|(\d+)\s*$/.exec(now.value.stdout) ?? [];
  const wasRotated = inode !== mark.inode || Number(size ?? 0) < mark.size;
  const before = wasRotated ? await readFrom(target, `${mark.path}.1`, mark.size) : ok('');
  if (!before.ok) return before;
  const after = await readFrom(target, mark.path, wasRotated ? 0 : mark.size);
  if (!after.ok) return after;
  const text = `${before.value}${after.value}`;
  // A rotated file that is not the one we marked may hold older lines.
  return ok(wasRotated && mark.lastAt !== undefined ? laterThan(text, mark.lastAt) : text);
}

async function readFrom(target: Target, path: string, offset: number): Promise<Done<string>> {
  const read = await target.look(['/usr/bin/tail', '-c', `+${offset + 1}`, path], { maxBytes: MOST_BYTES });
  if (read.ok) return ok(read.value.code === 0 ? read.value.stdout : '');
  if (read.error.problem.code !== 'too-large') return read;
  const end = await target.look(['/usr/bin/tail', '-c', String(MOST_BYTES / 2), path], { maxBytes: MOST_BYTES });
  return end.ok ? ok(end.value.stdout) : end;
}

function laterThan(text: string, lastAt: string): string {
  for (const match of text.matchAll(TIME)) if ((match[1] ?? '') > lastAt) return text.slice(match.index);
  return '';
}

/** What sps.log says of one removal. */
export interface LoggedRemoval {
  /** In one line. */
  readonly words: string;
  /** It has an error: nothing more comes of that task. */
  readonly failed: boolean;
}

/** What the log says of the removal of this registration since then. */
export async function tellRemoval(
  target: Target,
  mark: LogMark | undefined,
  uid: string,
): Promise<Done<LoggedRemoval | undefined>> {
  if (mark === undefined) return ok(undefined);
  const text = await readSince(target, mark);
  if (!text.ok) return text;
  const { segment } = readLogText('sps.log', text.value);
  const removal = stitchRemovals([segment]).findLast((one) => one.uid === uid);
  if (removal === undefined) return ok(undefined);
  return ok({ words: wordsFor(removal), failed: removal.outcome === 'null-pointer' || removal.outcome === 'other-error' });
}

function wordsFor({ outcome, task, array, backup, exception, lines }: Removal): string {
  const of = task === undefined ? '' : ` of ${task}`;
  const telling = lines.find(({ signature }) => signature === 'C14' || signature === 'C14b') ?? lines.at(-1);
  const line = telling === undefined ? '' : ` (${plainText(telling.text, 240)})`;
  switch (outcome) {
    case 'null-pointer':
      return plainText(
        `sps.log has the NullPointerException${of}${backup === undefined ? '' : `, in the failover to ${backup}`}${array === undefined ? '' : ` for ${array}`}${line}`,
        600,
      );
    case 'other-error':
      return plainText(`sps.log has an error${of}: ${exception ?? ''}${line}`, 600);
    case 'not-found':
      return `sps.log says that it is not registered${of}`;
    case 'no-error':
      return `sps.log shows no error${of}`;
    case 'unfinished':
      return `sps.log does not show how it ended${of}`;
  }
}

/** Last lines of sps.log that are errors, for whoever has to look after SPS. */
export async function recentErrors(target: Target): Promise<readonly string[]> {
  for (const path of SPS_LOGS) {
    const tail = await target.look(['/usr/bin/tail', '-c', String(TAIL), path]);
    if (!tail.ok || tail.value.code !== 0) continue;
    const lines = tail.value.stdout.split('\n').filter((line) => /\] +(ERROR|FATAL)\b/.test(line));
    return lines.slice(-3).map((line) => plainText(line, 200));
  }
  return [];
}
