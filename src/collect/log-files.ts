import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ReadLog } from '../diagnose/diagnosis.js';
import { openPrefilter } from '../diagnose/fast-prefilter.js';
import type { LogRecord } from '../diagnose/record.js';
import { type LogScanner, openScanner, SCANNER_BYTES } from '../diagnose/scan-log.js';
import { openSegment, type SegmentReader } from '../diagnose/segment.js';
import type { Problem, ProblemCode } from '../model/problem.js';
import { isArchiveName, isLogName, placeOf } from './log-names.js';
import { type Bytes, gunzip, LogTrouble, peek } from './log-stream.js';
import { isTarHead, tarMembers } from './log-tar.js';

export interface LogReading {
  readonly logs: readonly ReadLog[];
  /** Files that could not be read, or not to their end. */
  readonly problems: readonly Problem[];
}

export interface LogDeps {
  readonly cwd: string;
  /** What `-` reads. */
  readonly stdin: () => Bytes;
  readonly interrupted: AbortSignal;
}

const MOST_FILES = 5_000;
const MOST_FOLDERS = 20_000;
/** An archive in an archive in an archive: what a client downloads of a vCenter and its hosts. */
const MOST_DEPTH = 6;
const HEAD_BYTES = 512;

/**
 * Reads logs wherever they are: files, .gz, folders, support bundles (.tgz, .zip) with what they hold, and stdin (`-`). One after the other,
 * in bounded memory, writing nothing. In folders and archives only files named like logs of ours are read; a file named by the operator is
 * read whatever its name. What a file is, its first bytes tell.
 */
export async function readLogs(paths: readonly string[], deps: LogDeps): Promise<LogReading> {
  const reader = openReader(deps.interrupted);
  for (const path of paths) {
    if (deps.interrupted.aborted) break;
    if (path === '-') await reader.guarded('stdin', () => reader.readStream('stdin', deps.stdin(), 0));
    else await reader.guarded(path, () => reader.readPath(resolve(deps.cwd, path), path));
  }
  return { logs: reader.logs, problems: reader.problems };
}

interface Reader {
  readonly logs: ReadLog[];
  readonly problems: Problem[];
  guarded(name: string, work: () => Promise<void>): Promise<void>;
  readPath(path: string, name: string): Promise<void>;
  readStream(name: string, source: Bytes, depth: number): Promise<void>;
}

function openReader(interrupted: AbortSignal): Reader {
  const logs: ReadLog[] = [];
  const problems: Problem[] = [];
  let segment: SegmentReader | undefined;
  const scanner = openScanner(openPrefilter(SCANNER_BYTES), (record: LogRecord) => segment?.take(record));

  /** Reads one log; what was read before it failed counts. */
  const readLog = async (name: string, work: () => Promise<void>): Promise<void> => {
    if (logs.length >= MOST_FILES) throw new LogTrouble('too-large', `there are more than ${MOST_FILES} logs`);
    segment = openSegment(name);
    scanner.begin();
    try {
      await work();
    } finally {
      logs.push({ name, ...placeOf(name), extent: scanner.end(), segment: segment.end() });
      segment = undefined;
    }
  };

  const guarded = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      problems.push(problemOf(name, error));
    }
  };

  const readStream = async (name: string, source: Bytes, depth: number): Promise<void> => {
    const { head, all } = await peek(source, HEAD_BYTES);
    const kind = kindOf(head);
    if (kind === 'log') return readLog(name, () => scanStream(all, scanner, interrupted));
    if (depth >= MOST_DEPTH) throw new LogTrouble('not-supported', 'archives are packed into each other too often');
    if (kind === 'gzip') return readStream(name, gunzip(all), depth + 1);
    if (kind === 'tar') return readTar(name, all, depth);
    throw new LogTrouble('not-supported', UNREADABLE[kind]);
  };

  const readTar = async (name: string, source: Bytes, depth: number): Promise<void> => {
    let found = 0;
    for await (const member of tarMembers(source)) {
      if (interrupted.aborted) return;
      const label = `${name}:${member.name.slice(0, 500)}`;
      if (!isLogName(member.name) && !isArchiveName(member.name)) continue;
      if (member.kind === 'link')
        problems.push(problemOf(label, new LogTrouble('not-supported', 'it is a link, which is not followed')));
      if (member.kind !== 'file') continue;
      found += 1;
      await guarded(label, () => readStream(label, member.body, depth + 1));
    }
    if (found === 0) throw nothingInside();
  };

  const readZip = async (path: string, name: string): Promise<void> => {
    const { zipMembers } = await import('./log-zip.js');
    let found = 0;
    for await (const { name: member, body } of zipMembers(path, (one) => isLogName(one) || isArchiveName(one))) {
      if (interrupted.aborted) return;
      found += 1;
      const label = `${name}:${member.slice(0, 500)}`;
      await guarded(label, () => readStream(label, body, 1));
    }
    if (found === 0) throw nothingInside();
  };

  const readFolder = async (path: string, name: string): Promise<void> => {
    const files = await logsIn(path);
    if (files.length === 0) throw nothingInside();
    for (const file of files) {
      if (interrupted.aborted) return;
      const label = `${name.replace(/[/\\]+$/, '')}/${file}`;
      await guarded(label, () => readPath(join(path, file), label));
    }
  };

  const readPath = async (path: string, name: string): Promise<void> => {
    if ((await stat(path)).isDirectory()) return readFolder(path, name);
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(
        Buffer.alloc(HEAD_BYTES),
        0,
        HEAD_BYTES,
        (await file.stat()).isFile() ? 0 : null,
      );
      const kind = kindOf(buffer.subarray(0, bytesRead));
      if (kind === 'zip') return await readZip(path, name);
      // A pipe cannot be read again from its beginning.
      const isFile = (await file.stat()).isFile();
      if (kind === 'log' && isFile) return await readLog(name, () => scanFile(file, scanner, interrupted));
      const rest = file.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false, ...(isFile ? { start: 0 } : {}) });
      return await readStream(name, isFile ? rest : joined(buffer.subarray(0, bytesRead), rest), 0);
    } finally {
      await file.close();
    }
  };

  return {
    logs,
    problems,
    guarded,
    readPath,
    readStream,
  };
}

/** Straight from the file into the searched memory; the next part is read while this one is searched. */
async function scanFile(file: FileHandle, scanner: LogScanner, interrupted: AbortSignal): Promise<void> {
  let at = 0;
  const fill = async (area: Uint8Array): Promise<number> => {
    let length = 0;
    while (length < area.length) {
      const { bytesRead } = await file.read(area, length, area.length - length, at);
      if (bytesRead === 0) break;
      length += bytesRead;
      at += bytesRead;
    }
    return length;
  };
  const [first, second] = scanner.areas;
  let [current, other] = [first, second];
  let length = await fill(current);
  for (;;) {
    const isLast = length < current.length || interrupted.aborted;
    const next = isLast ? undefined : fill(other);
    scanner.scan(length, isLast);
    if (next === undefined) return;
    length = await next;
    [current, other] = [other, current];
  }
}

async function scanStream(source: Bytes, scanner: LogScanner, interrupted: AbortSignal): Promise<void> {
  let [current, other] = scanner.areas;
  let length = 0;
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + current.length - length);
        current.set(part, length);
        length += part.length;
        at += part.length;
        if (length < current.length) continue;
        scanner.scan(length, false);
        [current, other, length] = [other, current, 0];
      }
      if (interrupted.aborted) break;
    }
  } finally {
    scanner.scan(length, true);
  }
}

/** Paths below a folder, in order, of what is named like a log or an archive of logs. Links are not followed. */
async function logsIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  const folders = [''];
  for (let index = 0; index < folders.length && folders.length <= MOST_FOLDERS; index += 1) {
    const below = folders[index] ?? '';
    const entries = await readdir(join(folder, below), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() && (isLogName(entry.name) || isArchiveName(entry.name))) found.push(path);
    }
  }
  return found;
}

async function* joined(head: Uint8Array, rest: Bytes): AsyncGenerator<Uint8Array> {
  yield head;
  yield* rest;
}

type Kind = 'log' | 'gzip' | 'tar' | 'zip' | keyof typeof PACKED;

const PACKED = {
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  bzip2: [0x42, 0x5a, 0x68],
  '7z': [0x37, 0x7a, 0xbc, 0xaf],
  utf16: [0xff, 0xfe],
};
const UNREADABLE: Readonly<Record<'zip' | keyof typeof PACKED, string>> = {
  zip: 'a zip can only be read as a file, not from stdin or within another archive',
  xz: 'it is packed with xz',
  zstd: 'it is packed with zstd',
  bzip2: 'it is packed with bzip2',
  '7z': 'it is packed with 7z',
  utf16: 'it is written in UTF-16',
};

function kindOf(head: Uint8Array): Kind {
  const begins = (magic: readonly number[]) => head.length >= magic.length && magic.every((byte, index) => head[index] === byte);
  if (begins([0x1f, 0x8b])) return 'gzip';
  if (begins([0x50, 0x4b, 3, 4]) || begins([0x50, 0x4b, 5, 6])) return 'zip';
  for (const [kind, magic] of Object.entries(PACKED)) if (begins(magic)) return kind as Kind;
  return isTarHead(head) ? 'tar' : 'log';
}

const nothingInside = (): LogTrouble =>
  new LogTrouble('not-supported', 'nothing in it is named like sps.log, vvold.log or vpxd.log');

function problemOf(name: string, error: unknown): Problem {
  const of = (code: ProblemCode, why: string, remedy: string): Problem => ({
    code,
    target: name,
    summary: `${name}: ${why}`,
    remedy,
    retry: 'after-remedy',
  });
  if (error instanceof LogTrouble) {
    const code = error.kind === 'too-large' ? 'too-large' : error.kind === 'not-supported' ? 'not-supported' : 'file-invalid';
    return of(code, error.message, REMEDY[error.kind]);
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return of('file-unreadable', `cannot be read (${code})`, 'Check the path and that you may read it.');
}

const REMEDY: Readonly<Record<LogTrouble['kind'], string>> = {
  truncated: 'Copy it again; what is before the cut was read.',
  damaged: 'Copy it again; what is before the damage was read.',
  'too-large': 'Unpack it yourself, and name the log that matters.',
  'not-supported': 'Unpack or convert it yourself, and name the log that matters.',
};
