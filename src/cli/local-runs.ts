import { hostname } from 'node:os';
import { isRunId, listRuns, type ReadJournal, readJournal } from '../execute/journal/journal-file.js';
import { type HeldLock, type HolderLife, type LockHolder, readLock, takeLock } from '../execute/journal/lock-file.js';
import type { StateFolder } from '../execute/journal/state-folder.js';
import type { RunOperator } from '../execute/ports.js';
import { summarize } from '../execute/summarize-run.js';
import type { CleanupRefusal } from '../model/cleanup-plan.js';
import { err, ok, type Result } from '../model/problem.js';
import type { JournalEntry, RunId, RunSummary } from '../model/run.js';
import { failureOf } from './failure.js';
import type { Failure } from './terminal.js';

/** A run as its journal and the lock tell of it. */
export interface KnownRun extends ReadJournal {
  readonly id: RunId;
  readonly summary: RunSummary;
  /** Whose process works, or worked last, on it and holds the lock. */
  readonly lock?: { readonly holder: LockHolder; readonly life: HolderLife };
}

export interface DamagedRun {
  readonly id: RunId;
  readonly problem: Failure;
}

/** Every run on this machine, newest first; a journal that nobody can read is told and does not hide the others. */
export async function knownRuns(state: StateFolder): Promise<Result<{ runs: KnownRun[]; damaged: DamagedRun[] }, Failure>> {
  const ids = await listRuns(state);
  if (!ids.ok) return err(failureOf(ids.error));
  const runs: KnownRun[] = [];
  const damaged: DamagedRun[] = [];
  for (const id of ids.value) {
    const run = await knownRun(state, id);
    if (run === undefined) continue;
    if (run.ok) runs.push(run.value);
    else damaged.push({ id, problem: run.error });
  }
  return ok({ runs, damaged });
}

/** Undefined: a process died before it wrote the first line, so nothing was done. */
async function knownRun(state: StateFolder, id: RunId): Promise<Result<KnownRun, Failure> | undefined> {
  const read = await readJournal(state, id);
  if (!read.ok) return err(failureOf(read.error));
  const vcenter = vcenterOf(read.value.entries);
  if (vcenter === undefined) return undefined;
  const lock = await readLock(state, vcenter, hostname());
  const own = lock?.holder.run === id ? { lock } : {};
  const summary = summarize(read.value.entries, own.lock !== undefined && own.lock.life !== 'dead');
  return ok({ id, ...read.value, summary, ...own });
}

const vcenterOf = ([begin]: readonly JournalEntry[]): string | undefined =>
  begin?.event === 'begin' ? begin.plan.vcenter.id : undefined;

/** The run that is meant: its id, or as much of it as leaves no doubt. */
export async function findRun(state: StateFolder, wanted: string): Promise<Result<KnownRun, Failure>> {
  const ids = await listRuns(state);
  if (!ids.ok) return err(failureOf(ids.error));
  const fitting = ids.value.includes(wanted as RunId) ? [wanted] : ids.value.filter((id) => wanted !== '' && id.includes(wanted));
  const [id, ...others] = fitting;
  if (id === undefined || others.length > 0 || !isRunId(id)) {
    const summary = others.length > 0 ? `"${wanted}" fits ${fitting.length} runs` : `there is no run "${wanted}"`;
    const remedy = others.length > 0 ? `Name one of: ${fitting.slice(0, 5).join(', ')}.` : 'vasatrust runs list has the ids.';
    return err({ code: 'usage', summary, remedy });
  }
  const run = await knownRun(state, id);
  return run ?? err({ code: 'usage', summary: `the run ${id} ended before it did anything`, remedy: 'There is nothing to do.' });
}

export const isOpen = ({ summary }: KnownRun): boolean => summary.state === 'under-way' || summary.state === 'interrupted';

/** Runs of this vCenter that nobody brought to an end: what they left would be taken for the original state. */
export async function openRunRefusals(state: StateFolder, vcenter: string): Promise<CleanupRefusal[]> {
  const known = await knownRuns(state);
  if (!known.ok) return [];
  return known.value.runs
    .filter((run) => run.summary.vcenter === vcenter && isOpen(run))
    .map((run) => {
      const { id, lock } = run;
      const isAlive = lock !== undefined && lock.life !== 'dead';
      return {
        code: 'another-run',
        name: id,
        acceptable: !isAlive,
        summary: isAlive
          ? `${lockWords(lock.holder)} works on ${vcenter}`
          : `the run ${id} of ${vcenter} was interrupted, and nobody brought it to an end`,
        remedy: isAlive
          ? 'Wait for its end, or ask who runs it.'
          : `Look at it with \`vasatrust runs show ${id}\`, then \`runs resume\` or \`runs revert\`.`,
      };
    });
}

const lockWords = ({ run, user, host, pid, since }: LockHolder): string =>
  `${user}@${host} (process ${pid}, run ${run}, since ${since.slice(0, 16).replace('T', ' ')} UTC)`;

export interface LockWish {
  readonly run: RunId;
  readonly operator: RunOperator;
  readonly now: Date;
  /** Runs or machines whose lock was accepted by name; `*`: any. */
  readonly accepted: readonly string[];
}

/**
 * The lock of this machine. A dead process's lock goes to whoever resumes or reverts that very run; to a new run only where the dead one
 * had ended, or never began. Another machine's lock is replaced where it was accepted, and by nobody else.
 */
export async function lockRun(
  state: StateFolder,
  vcenter: string,
  wish: LockWish,
): Promise<Result<{ readonly lock: HeldLock; readonly instead?: string }, Failure>> {
  const there = await readLock(state, vcenter, hostname()).catch(() => undefined);
  const isOver = there !== undefined && there.holder.run !== wish.run && (await hasEnded(state, there.holder.run));
  const mayReplace = (holder: LockHolder, life: HolderLife): boolean => {
    const isAccepted = wish.accepted.some((one) => one === '*' || one === holder.run || one === holder.host);
    if (life === 'unknown') return isAccepted;
    const isOwn = wish.operator.mode !== 'run' && holder.run === wish.run;
    return isOwn || isAccepted || (isOver && holder.run === there?.holder.run);
  };
  const answer = await takeLock(state, vcenter, wish, mayReplace);
  switch (answer.kind) {
    case 'locked':
      return ok({ lock: answer.lock, ...(answer.instead === undefined ? {} : { instead: lockWords(answer.instead) }) });
    case 'failed':
      return err(failureOf(answer.problem));
    case 'held':
      return err(heldFailure(vcenter, answer.by, answer.life));
  }
}

async function hasEnded(state: StateFolder, run: RunId): Promise<boolean> {
  if (!isRunId(run)) return false;
  const read = await readJournal(state, run);
  if (!read.ok) return read.error.code === 'file-unreadable' && read.error.summary.includes('ENOENT');
  const { entries } = read.value;
  return entries.length === 0 || entries.at(-1)?.event === 'end';
}

function heldFailure(vcenter: string, by: LockHolder, life: HolderLife): Failure {
  const summary = `another run has ${vcenter}: ${lockWords(by)}`;
  const remedies: Record<HolderLife, string> = {
    alive: 'Wait for its end, or ask who runs it.',
    dead: `That process is dead. Look with \`vasatrust runs show ${by.run}\`, then \`runs resume\` or \`runs revert\`.`,
    unknown: `Ask there whether it still works. If it does not: --accept another-run:${by.host}.`,
  };
  return { code: 'another-run', summary, remedy: `${remedies[life]} Nothing was changed.` };
}
