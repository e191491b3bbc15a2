import type { CleanupStep } from '../model/cleanup-plan.js';
import type { Problem } from '../model/problem.js';
import type { JournalEntry } from '../model/run.js';
import type { KnownSteps } from './run-words.js';

/** A journal, and the steps it speaks of. */
export interface Told {
  readonly entries: readonly JournalEntry[];
  readonly steps: KnownSteps;
}

/** Codes of what is no open question: nothing was sent, or the answer was a no. */
type Noes = readonly (Problem['code'] | undefined)[];

const NO_TO_REMOVING: Noes = ['fault', 'changed-meanwhile', 'no-permission'];
/** What SMS left unanswered is a `timeout`. */
const NO_TO_REGISTERING: Noes = [
  'fault',
  'no-permission',
  'login-refused',
  'not-attempted',
  'not-configured',
  'secret-unavailable',
  'secret-unusable',
  'tls-not-trusted',
  'config-invalid',
];

/** Names of registrations that SMS was asked to remove, where nothing tells what came of it. */
export const openRemovals = (told: Told): string[] => [
  ...open(told, ({ kind }) => kind === 'try-plain' || kind === 'unregister', NO_TO_REMOVING, goneIn(told)).values(),
];

/** Registrations that SMS was asked to make, where nothing tells that it did not: the names by the uids whose place they take. */
export const openRegistrations = (told: Told): ReadonlyMap<string, string> =>
  open(told, ({ kind }) => kind === 're-register', NO_TO_REGISTERING, new Set());

/** Failed, and the call may have arrived all the same. */
const leavesOpen = (entry: JournalEntry, noes: Noes): boolean =>
  (entry.event === 'outcome' && entry.action === 'apply' && entry.result === 'failed' && !noes.includes(entry.problem?.code)) ||
  (entry.event === 'looked' && entry.state === 'drifted');

/** Something of the run may still watch on the appliance: it was to be armed, and it is not proven gone. */
export function mayWatch({ entries, steps }: Told): boolean {
  const last = entries.findLast(
    (entry) =>
      (entry.event === 'intent' || entry.event === 'outcome') &&
      ['arm-self-revert', 'disarm-self-revert'].includes(steps.get(entry.step)?.kind ?? ''),
  );
  if (last === undefined || (last.event !== 'intent' && last.event !== 'outcome')) return false;
  const isDisarming = steps.get(last.step)?.kind === 'disarm-self-revert' || last.action === 'undo';
  return !(isDisarming && last.event === 'outcome' && last.result !== 'failed');
}

function open(
  { entries, steps }: Told,
  fits: (step: CleanupStep) => boolean,
  noes: Noes,
  settled: ReadonlySet<string>,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of entries) {
    if (entry.event !== 'intent' && entry.event !== 'outcome' && entry.event !== 'looked') continue;
    const step = steps.get(entry.step);
    if (step === undefined || !('uid' in step) || !('name' in step) || !fits(step) || settled.has(step.uid)) continue;
    if (entry.event === 'intent') found.set(step.uid, step.name);
    else if (!leavesOpen(entry, noes)) found.delete(step.uid);
  }
  return found;
}

const goneIn = ({ entries }: Told): ReadonlySet<string> =>
  new Set(entries.flatMap((entry) => (entry.event === 'removed' ? [entry.uid] : [])));
