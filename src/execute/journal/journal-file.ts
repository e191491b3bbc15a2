import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isoTime } from '../../model/ids.js';
import { err, ok, type Problem, type Result } from '../../model/problem.js';
import type { JournalEntry, RunEvent, RunId } from '../../model/run.js';
import { redact } from '../../wire/redact.js';
import type { Journal } from '../ports.js';
import { parseJournal } from './parse-journal.js';
import { makeFolder, type StateFolder } from './state-folder.js';

/** A journal in `STATE/runs/ID.jsonl`, mode 0600: one line of JSON per entry, each on disk before anything it announces is done. */
export interface FileJournal extends Journal {
  readonly run: RunId;
  readonly path: string;
  close(): Promise<void>;
}

export interface JournalParts {
  readonly now: () => Date;
  /** Secrets read so far: taken out of what others said before it is written. */
  readonly secrets: () => readonly string[];
}

/** What `append` throws where a line could not be brought to disk: nothing may be changed any more, since nobody would know of it. */
export class JournalLost extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.summary);
    this.name = 'JournalLost';
    this.problem = problem;
  }
}

/** A run has some hundred lines; what is larger is no journal of ours. */
const MAX_BYTES = 64 * 1024 * 1024;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/;

/** `20261122T201500Z-vc65-1f3a` */
export function newRunId(vcenter: string, now: Date): RunId {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const name = vcenter.replace(/[^A-Za-z0-9-]+/g, '-').slice(0, 40);
  return `${time}-${name}-${randomBytes(2).toString('hex')}` as RunId;
}

export const isRunId = (text: string): text is RunId => NAME.test(text);

export const journalPath = ({ runs }: StateFolder, run: RunId): string => join(runs, `${run}.jsonl`);

/**
 * A new, empty journal; the folder's own entry for it is on disk, too. Whoever carries a run out writes `begin` first.
 * Fails with `file-unreadable` where it cannot be made.
 */
export async function createJournal(state: StateFolder, run: RunId, parts: JournalParts): Promise<Result<FileJournal>> {
  const path = journalPath(state, run);
  try {
    await makeFolder(state.runs);
    const file = await open(path, 'ax', 0o600);
    await syncFolder(state.runs);
    return ok(writer({ run, path, file, entries: [] }, parts));
  } catch (error) {
    return err(cannotWrite(path, error));
  }
}

/**
 * The journal of a run that goes on. A last line that was cut off is cut away: nobody acted on it, because `append` had not returned.
 * Fails with `file-unreadable` and `file-invalid`.
 */
export async function openJournal(state: StateFolder, run: RunId, parts: JournalParts): Promise<Result<FileJournal>> {
  const read = await readJournal(state, run);
  if (!read.ok) return read;
  const { path, entries, goodBytes } = read.value;
  try {
    const file = await open(path, 'r+');
    try {
      await file.truncate(goodBytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return ok(writer({ run, path, file: await open(path, 'a'), entries: [...entries] }, parts));
  } catch (error) {
    return err(cannotWrite(path, error));
  }
}

export interface ReadJournal {
  readonly path: string;
  readonly entries: readonly JournalEntry[];
  /** The last line was cut off while it was written. */
  readonly torn: boolean;
  readonly goodBytes: number;
}

/** What a journal holds, whoever is writing it. */
export async function readJournal(state: StateFolder, run: RunId): Promise<Result<ReadJournal>> {
  const path = journalPath(state, run);
  const bytes = await readBounded(path);
  if (!bytes.ok) return bytes;
  const parsed = parseJournal(bytes.value, path);
  return parsed.ok ? ok({ path, ...parsed.value }) : parsed;
}

/** Newest first: the name begins with the time. */
export async function listRuns({ runs }: StateFolder): Promise<Result<RunId[]>> {
  try {
    const ids = (await readdir(runs)).filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -'.jsonl'.length));
    return ok(ids.filter(isRunId).sort().reverse());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ok([]);
    return err(cannotRead(runs, error));
  }
}

function writer(
  { run, path, file, entries }: { run: RunId; path: string; file: FileHandle; entries: JournalEntry[] },
  { now, secrets }: JournalParts,
): FileJournal {
  let last: Promise<void> = Promise.resolve();
  let lost: JournalLost | undefined;
  const write = async (event: RunEvent): Promise<void> => {
    if (lost !== undefined) throw lost;
    const entry: JournalEntry = { seq: entries.length + 1, at: isoTime(now()), ...withoutSecrets(event, secrets()) };
    try {
      await file.appendFile(`${lineOf(entry)}\n`);
      await file.sync();
    } catch (error) {
      lost = new JournalLost(cannotWrite(path, error));
      throw lost;
    }
    entries.push(entry);
  };
  return {
    run,
    path,
    entries,
    append: (event) => {
      const done = last.then(() => write(event));
      last = done.catch(() => {});
      return done;
    },
    close: async () => {
      await last;
      await file.close();
    },
  };
}

/** What cannot be seen is escaped: names come from others, and people look at journals with whatever shows files. */
const lineOf = (entry: JournalEntry): string =>
  JSON.stringify(entry).replace(/[\p{Cc}\p{Cf}\p{Co}\u2028\u2029]/gu, (char) =>
    Array.from({ length: char.length }, (_, unit) => `\\u${char.charCodeAt(unit).toString(16).padStart(4, '0')}`).join(''),
  );

/** Plan and captured facts are ours and stay as they are, for a resumed run goes by them; what came from outside is cleaned. */
function withoutSecrets(event: RunEvent, secrets: readonly string[]): RunEvent {
  const clean = <T>(value: T): T => cleaned(value, secrets) as T;
  switch (event.event) {
    case 'outcome':
      return {
        ...event,
        ...(event.found === undefined ? {} : { found: clean(event.found) }),
        ...(event.problem === undefined ? {} : { problem: clean(event.problem) }),
      };
    case 'looked':
      return event.found === undefined ? event : { ...event, found: clean(event.found) };
    case 'saw':
      return { ...event, text: clean(event.text) };
    case 'end':
      return {
        ...event,
        left: clean(event.left),
        ...(event.problem === undefined ? {} : { problem: clean(event.problem) }),
      };
    default:
      return event;
  }
}

function cleaned(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return redact(value, secrets);
  if (Array.isArray(value)) return value.map((one) => cleaned(one, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cleaned(one, secrets)]));
}

/** The entry of a new file is on disk only when its folder is; Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readBounded(path: string): Promise<Result<Uint8Array>> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size <= MAX_BYTES) return ok(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    return err(cannotRead(path, error));
  }
  return err({
    code: 'file-invalid',
    target: path,
    summary: `${path} is larger than ${MAX_BYTES / 1024 / 1024} MB: no journal of a run`,
    remedy: 'Check what wrote it.',
    retry: 'after-remedy',
  });
}

const why = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

const cannotRead = (path: string, error: unknown): Problem => ({
  code: 'file-unreadable',
  target: path,
  summary: `${path} cannot be read (${why(error)})`,
  remedy: 'Check the id (`vasatrust runs list`), XDG_STATE_HOME, and that you may read the file.',
  retry: 'after-remedy',
});

const cannotWrite = (path: string, error: unknown): Problem => ({
  code: 'file-unreadable',
  target: path,
  summary: `the journal ${path} cannot be written (${why(error)})`,
  remedy: 'Check that the disk has room and that you may write there; XDG_STATE_HOME names another place.',
  retry: 'after-remedy',
});
