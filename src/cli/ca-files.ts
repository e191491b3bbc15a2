import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MAX_ANSWER_BYTES } from '../ca/read-answer.js';
import type { Plan } from '../model/plan.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { readPlan } from '../plan/plan-file.js';

const MAX_PLAN_BYTES = 256 * 1024 * 1024;

/**
 * Whole contents of a file, one byte more than is read of an answer at most. Without promises: a plan of a thousand certificates reads three thousand files, and each promise of `fs` costs as much as
 * what is in them.
 */
export function readBytes(path: string, most = MAX_ANSWER_BYTES + 1): Result<Buffer> {
  try {
    const file = openSync(path, 'r');
    try {
      const stat = fstatSync(file);
      // What is no file has no size: a pipe, say.
      if (!stat.isFile()) return ok(readToEnd(file, most));
      const buffer = Buffer.allocUnsafeSlow(Math.min(stat.size, most));
      return ok(buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0)));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return err(fileProblem(path, 'cannot be read', error));
  }
}

function readToEnd(file: number, most: number): Buffer {
  const pieces: Buffer[] = [];
  for (let left = most; left > 0; ) {
    const piece = Buffer.allocUnsafeSlow(Math.min(left, 64 * 1024));
    const read = readSync(file, piece, 0, piece.length, null);
    if (read === 0) break;
    pieces.push(piece.subarray(0, read));
    left -= read;
  }
  return Buffer.concat(pieces);
}

/** Undefined where there is no such file. */
export function readBytesIfThere(path: string): Result<Buffer | undefined> {
  const bytes = readBytes(path);
  return !bytes.ok && bytes.error.retry === 'never' ? ok(undefined) : bytes;
}

export function loadPlan(path: string, shown: string): Result<Plan> {
  const bytes = readBytes(path, MAX_PLAN_BYTES);
  return bytes.ok ? readPlan(bytes.value.toString('utf8'), shown) : bytes;
}

export interface NewFile {
  readonly path: string;
  /** As the operator wrote it. */
  readonly shown: string;
  readonly text: string;
  readonly mode: number;
  /** Take the place of another file of that name. */
  readonly replace?: boolean;
}

/**
 * Writes all or nothing: every file is complete beside its place before the first takes it, and what took its place is removed again when a later one fails (a file that was
 * replaced on demand is not brought back). Without `replace` a file of that name is never touched.
 */
export async function writeAll(files: readonly NewFile[]): Promise<Result<void>> {
  const suffix = `.${randomBytes(6).toString('hex')}.tmp`;
  const placed: string[] = [];
  let at = '';
  try {
    for (const { path, text, mode } of files) {
      at = path;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeSynced(path + suffix, text, mode);
    }
    for (const { path, mode, replace } of files) {
      at = path;
      // Holds the name, so that nobody's file is replaced unasked, not even one that appears just now.
      if (!replace) await (await open(path, 'wx', mode)).close();
      if (!replace) placed.push(path);
      await rename(path + suffix, path);
    }
    return ok(undefined);
  } catch (error) {
    for (const path of placed) await rm(path, { force: true });
    return err(fileProblem(at, 'cannot be written', error));
  } finally {
    // What could not be written is not there to be removed, whatever the reason; that one is told already.
    for (const { path } of files) await rm(path + suffix, { force: true }).catch(() => {});
  }
}

async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What is at the place of each file now. */
export async function whatIsThere(files: readonly NewFile[]): Promise<('nothing' | 'same' | 'other')[]> {
  const states: ('nothing' | 'same' | 'other')[] = [];
  for (const { path, text } of files) {
    const there = await readFile(path, 'latin1').catch(({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' ? undefined : ''));
    states.push(there === undefined ? 'nothing' : there === text ? 'same' : 'other');
  }
  return states;
}

function fileProblem(path: string, what: string, error: unknown): Problem {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  const why = code === 'ENOENT' ? 'there is no such file or folder' : code === 'EEXIST' ? 'there is one already' : code;
  return {
    code: 'file-unreadable',
    target: path,
    summary: `${path} ${what}: ${why}`,
    remedy: 'Check the path, and that you have the right to it.',
    retry: code === 'ENOENT' ? 'never' : 'after-remedy',
  };
}
