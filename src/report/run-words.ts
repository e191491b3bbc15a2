import type { CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import type { StepId } from '../model/plan.js';
import { unreachable } from '../model/problem.js';
import type { JournalEntry, RunLetter, RunSummary, TakeBackReason } from '../model/run.js';
import { commandLine, stepTitle } from '../plan/describe-cleanup.js';

/** Steps by id, also those that only came up on the way. */
export type KnownSteps = ReadonlyMap<StepId, CleanupStep>;

const STANDS_AT: Readonly<Record<RunLetter, string>> = {
  A: 'neither file, route nor SPS was changed yet',
  B: 'sms-config.xml is edited; SPS has not read it',
  C: 'the provider is blocked by a route; SPS has noticed nothing yet',
  D: 'SPS is stopped',
  E: 'SPS runs with the changed value, and the provider is blocked',
  F: 'the registration is removed; route and file are still changed',
  G: 'the registration is removed and the route is gone; the file is still changed',
  H: 'the registration is removed, route and file are back; SPS has not been restarted with the original value',
  I: 'the registration is removed, route and file are back, SPS was restarted; what is left is to verify and to tidy up',
};

export const letterWords = (letter: RunLetter): string => STANDS_AT[letter];

export function stateWords(state: RunSummary['state']): string {
  switch (state) {
    case 'under-way':
      return 'under way';
    case 'interrupted':
      return 'interrupted: nobody works on it, and it has no end';
    case 'done':
      return 'done';
    case 'taken-back':
      return 'taken back; nothing was removed';
    case 'removed-and-taken-back':
      return 'taken back, but for what was removed';
    case 'left-changed':
      return 'something is left changed';
    default:
      return unreachable(state);
  }
}

/** A process stopped since another session of the same run is obeyed: what is left is for that one. */
export function isElsewhere(entries: readonly JournalEntry[]): boolean {
  const last = entries.findLast(({ event }) => event === 'end');
  return last?.event === 'end' && last.result === 'left-changed' && last.problem?.code === 'another-run';
}

const REASONS: Readonly<Record<TakeBackReason, string>> = {
  'step-failed': 'a step failed',
  interrupted: 'somebody pressed Ctrl-C',
  deadline: 'the deadline leaves no time for the next step',
  'lease-lost': 'the appliance had heard nothing for too long and takes itself back',
  rebooted: 'the appliance was rebooted',
  asked: 'somebody asked for it',
  drifted: 'something is not as this run had left it',
};

const SIGHTS = {
  'connection-lost': 'the connection was lost',
  'connected-again': 'connected again',
  'lease-lost': 'no sign of life in time',
  rebooted: 'the appliance had been rebooted',
  'self-revert': 'what the appliance did by itself',
  interrupted: 'Ctrl-C',
} as const;

const RESULTS = {
  apply: { done: 'done', already: 'was so already', failed: 'FAILED' },
  undo: { done: 'taken back', already: 'was back already', failed: 'NOT TAKEN BACK' },
} as const;

const HOW = {
  plain: 'the plain removal',
  procedure: 'the procedure',
  'somebody-else': 'somebody else',
} as const;

const MODES = { run: 'begins', resume: 'goes on (resume)', revert: 'takes back (revert)' } as const;

/** One entry in a sentence; undefined for those that say nothing to a person. Foreign text is in it as it came. */
export function entryWords(entry: JournalEntry, plan: CleanupPlan, steps: KnownSteps): string | undefined {
  const stepWords = (id: StepId) => {
    const step = steps.get(id);
    if (step === undefined) return id;
    return `${step.number === undefined ? '' : `step ${step.number}: `}${stepTitle(step, plan)}`;
  };
  const nameOf = (uid: string) => plan.removals.find((one) => one.uid === uid)?.name ?? uid;
  switch (entry.event) {
    case 'begin':
      return undefined;
    case 'session':
      return `${entry.user}@${entry.host} (process ${entry.pid}, ${entry.madeBy})${entry.accounts === undefined ? '' : ` as ${entry.accounts}`} ${MODES[entry.mode]}`;
    case 'appliance': {
      const { hostKey, machineId, bootId, spsPid } = entry.facts;
      const facts = [
        ['host key', hostKey],
        ['machine', machineId],
        ['boot', bootId],
        ['SPS process', spsPid],
      ];
      return `connected to the appliance: ${facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])).join(', ')}`;
    }
    case 'intent':
      return `${entry.action === 'apply' ? 'begun' : 'begun to take back'}, and nothing tells what came of it  ${stepWords(entry.step)}`;
    case 'outcome':
      // Nobody looked: it is the operator's word.
      if (steps.get(entry.step)?.kind === 'confirm-backup' && entry.result !== 'failed')
        return `taken on the operator's word (--accept backup-unconfirmed)  ${stepWords(entry.step)}`;
      if (steps.get(entry.step)?.kind === 'try-plain' && entry.problem?.code === 'fault')
        return `did not help, which is what the procedure is for  ${stepWords(entry.step)}: ${entry.problem.summary}`;
      return `${RESULTS[entry.action][entry.result]}  ${stepWords(entry.step)}${entry.problem === undefined ? '' : `: ${entry.problem.summary}`}`;
    case 'looked':
      // What did not answer is told like what somebody changed: it says which.
      if (entry.state === 'drifted')
        return `looked, and it is not as this run left it, or could not be seen  ${stepWords(entry.step)}${typeof entry.found === 'string' ? `: ${entry.found}` : ''}`;
      return `looked: ${entry.state === 'in-effect' ? 'still in effect' : 'not in effect'}  ${stepWords(entry.step)}`;
    case 'removed':
      return `${nameOf(entry.uid)} (uid ${entry.uid}) is gone from the list of providers: ${HOW[entry.how]}`;
    case 'returned':
      return `${nameOf(entry.uid)} (uid ${entry.uid}) is listed again after the restart of SPS: the removal did not last`;
    case 'decided':
      switch (entry.what.kind) {
        case 'one-at-a-time':
          return `decided to go on one at a time: ${entry.what.survivors.map(nameOf).join(', ')} survived step 7`;
        case 'reconnected':
          return `${nameOf(entry.what.uid)} is online again and stays`;
        case 'take-back':
          return `decided to take everything back: ${REASONS[entry.what.why]}`;
        default:
          return unreachable(entry.what);
      }
    case 'saw':
      return `${SIGHTS[entry.what]}${entry.text === '' ? '' : `: ${entry.text}`}`;
    case 'end':
      return `end: ${stateWords(entry.result)}`;
    default:
      return unreachable(entry);
  }
}

/** uids whose place a new registration has taken, or that came online again and stayed. */
export function backAgain({ steps }: CleanupPlan, entries: readonly JournalEntry[]): ReadonlySet<string> {
  const back = new Set<string>();
  const again = steps.flatMap((step) => (step.kind === 're-register' ? [step] : []));
  for (const entry of entries) {
    if (entry.event === 'decided' && entry.what.kind === 'reconnected') back.add(entry.what.uid);
    if (entry.event !== 'outcome' || entry.action !== 'apply' || entry.result === 'failed') continue;
    // Under a name of its own in each turn.
    const step = again.find(({ id }) => entry.step === id || entry.step.startsWith(`${id}.turn`));
    if (step !== undefined) back.add(step.uid);
  }
  return back;
}

/** The command for those that are still there, and for no other. */
export function cleanupAgain(
  { vcenter, removals, warnings }: CleanupPlan,
  states: readonly { readonly uid: string; readonly gone: boolean }[],
): string {
  const still = removals.filter(({ uid }) => states.some((one) => one.uid === uid && !one.gone));
  const command = `vasatrust cleanup ${vcenter.id}`;
  // Others were stale as well, and left out on purpose.
  if (!warnings.some(({ code }) => code === 'other-stale')) return `${command} --all-stale`;
  const [first] = still;
  const names = new Set(still.map(({ name }) => name));
  const which = still.length > 1 && names.size === 1 ? first?.name : first?.uid;
  return `${command} --provider ${which === undefined ? 'UID' : commandLine([which])}`;
}

/** Commands on the appliance that lead back from anywhere in a run, to be used as far as something is left. */
export function backByHand({ steps, config }: CleanupPlan, run: string): string[] {
  const { path, working, backup, after, exact } = config;
  const isAsFound = exact === undefined || exact.shaAfter === exact.shaNow;
  const routes = steps.flatMap(({ kind, undo }) =>
    kind === 'block' ? undo.flatMap((act) => (act.by === 'ssh' ? [commandLine(act.argv)] : [])) : [],
  );
  return [
    ...new Set(routes),
    isAsFound
      ? `cp -p ${backup} ${working} && mv -f ${working} ${path}    where nobody else has changed it since`
      : `see that qsConnection/retryAttempt in ${path} says ${after}; the copy that was kept, ${backup}, does not`,
    'service-control --stop vmware-sps; service-control --start vmware-sps    where SPS is stopped, or runs with the changed value',
    `sh ${GUARD_ROOT}/${run}/guard.sh forget    last of all: ends the watch, gives the lock back, and removes the copy of the file`,
  ];
}

const GUARD_ROOT = '/root/.vasatrust';
