import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../model/problem.js';
import type { RunId } from '../../model/run.js';
import type { RunOperator } from '../ports.js';
import { processStart } from './process-start.js';
import { makeFolder, type StateFolder } from './state-folder.js';

/** Who holds the lock of a vCenter on this machine. */
export interface LockHolder {
  readonly run: RunId;
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
  /** Tells the process from a later one with its number; missing where the system does not tell. */
  readonly started?: string;
}

/** `unknown`: another machine's process, of which nothing can be said here. */
export type HolderLife = 'alive' | 'dead' | 'unknown';

export interface HeldLock {
  readonly path: string;
  readonly holder: LockHolder;
  release(): Promise<void>;
}

export type LockAnswer =
  | { readonly kind: 'locked'; readonly lock: HeldLock /** Whose lock was taken over. */; readonly instead?: LockHolder }
  | { readonly kind: 'held'; readonly by: LockHolder; readonly life: HolderLife; readonly path: string }
  | { readonly kind: 'failed'; readonly problem: Problem };

const MAX_TRIES = 5;

export const lockPath = ({ locks }: StateFolder, vcenter: string): string =>
  join(locks, `${vcenter.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^\.+/, '-')}.lock`);

/**
 * One run per vCenter on this machine. The file appears whole, under its name, or not at all.
 * @param mayReplace of a lock that is there: whether it may be taken over; never asked for one whose holder is alive
 */
export async function takeLock(
  state: StateFolder,
  vcenter: string,
  who: { readonly run: RunId; readonly operator: RunOperator; readonly now: Date },
  mayReplace: (holder: LockHolder, life: HolderLife) => boolean,
): Promise<LockAnswer> {
  const path = lockPath(state, vcenter);
  const { user, host, pid } = who.operator;
  const started = await processStart(pid);
  const holder: LockHolder = {
    run: who.run,
    user,
    host,
    pid,
    since: who.now.toISOString(),
    ...(started === undefined ? {} : { started }),
  };
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await makeFolder(state.locks);
    await writeWhole(own, JSON.stringify(holder));
    return await tryToLock(path, own, holder, mayReplace);
  } catch (error) {
    return { kind: 'failed', problem: cannotLock(path, error) };
  } finally {
    await unlink(own).catch(() => {});
  }
}

async function tryToLock(
  path: string,
  own: string,
  holder: LockHolder,
  mayReplace: (holder: LockHolder, life: HolderLife) => boolean,
): Promise<LockAnswer> {
  const mine = (instead?: LockHolder): LockAnswer => ({
    kind: 'locked',
    lock: { path, holder, release: () => release(path, holder) },
    ...(instead === undefined ? {} : { instead }),
  });
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (await linked(own, path)) return mine();
    const text = await textOf(path);
    if (text === undefined) continue; // released in between
    const there = parseHolder(text);
    if (there === undefined) return { kind: 'failed', problem: notALock(path) };
    const life = await lifeOf(there, holder.host);
    if (life === 'alive' || !mayReplace(there, life)) return { kind: 'held', by: there, life, path };
    const replaced = await replace(path, own, text);
    if (replaced === 'replaced') return mine(there);
    if (replaced === 'somebody-else-is-at-it') return { kind: 'failed', problem: takeoverUnderWay(`${path}.takeover`) };
  }
  return { kind: 'failed', problem: cannotLock(path, new Error('it changed hands all the time')) };
}

/**
 * A stale lock changes hands under a lock of its own: else two who both saw it stale would replace each other's.
 * One that died in these few milliseconds leaves a file that a person has to remove.
 */
async function replace(path: string, own: string, seen: string): Promise<'replaced' | 'changed' | 'somebody-else-is-at-it'> {
  const guard = `${path}.takeover`;
  if (!(await linked(own, guard))) return 'somebody-else-is-at-it';
  try {
    if ((await textOf(path)) !== seen) return 'changed';
    await rename(own, path);
    return 'replaced';
  } finally {
    await unlink(guard).catch(() => {});
  }
}

/** Removes the lock where it is still ours. */
async function release(path: string, holder: LockHolder): Promise<void> {
  if ((await textOf(path)) === JSON.stringify(holder)) await unlink(path).catch(() => {});
}

export async function readLock(
  state: StateFolder,
  vcenter: string,
  thisHost: string,
): Promise<{ readonly holder: LockHolder; readonly life: HolderLife } | undefined> {
  const text = await textOf(lockPath(state, vcenter));
  const holder = text === undefined ? undefined : parseHolder(text);
  return holder === undefined ? undefined : { holder, life: await lifeOf(holder, thisHost) };
}

async function lifeOf(holder: LockHolder, thisHost: string): Promise<HolderLife> {
  if (holder.host !== thisHost) return 'unknown';
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead';
  }
  const started = await processStart(holder.pid);
  return holder.started !== undefined && started !== undefined && started !== holder.started ? 'dead' : 'alive';
}

/** False where the name is taken. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockHolder>;
    const isHolder =
      [value.run, value.user, value.host, value.since].every((one) => typeof one === 'string') && Number.isInteger(value.pid);
    return isHolder ? (value as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}

const problem = (path: string, summary: string, remedy: string): Problem => ({
  code: 'file-invalid',
  target: path,
  summary,
  remedy,
  retry: 'after-remedy',
});

const notALock = (path: string): Problem =>
  problem(path, `${path} is no lock of ours`, 'See that no run is under way (`vasatrust runs list`), then remove the file.');

const takeoverUnderWay = (path: string): Problem =>
  problem(
    path,
    `somebody else is taking this run over (${path})`,
    'Wait a moment and look with `vasatrust runs list`. If nobody is, remove that file.',
  );

const cannotLock = (path: string, error: unknown): Problem =>
  problem(
    path,
    `the lock ${path} cannot be made (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`,
    'Check that you may write there and that the disk has room; XDG_STATE_HOME names another place.',
  );
