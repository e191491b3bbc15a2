import { stepsAhead } from '../../execute/foresee.js';
import { openJournal } from '../../execute/journal/journal-file.js';
import { stateFolder } from '../../execute/journal/state-folder.js';
import { thisOperator } from '../../execute/operator.js';
import { readRun } from '../../execute/run-state.js';
import type { CleanupPlan } from '../../model/cleanup-plan.js';
import { minutes } from '../../plan/describe-cleanup.js';
import { renderAhead } from '../../report/render-ahead.js';
import { type EndedRun, renderRunEnd } from '../../report/render-run-end.js';
import { letterWords } from '../../report/run-words.js';
import { carryOut, toldBy } from '../carry-out.js';
import { takeAim } from '../cleanup-look.js';
import { confirmName } from '../confirm.js';
import { nextTime, timeWords } from '../deadline.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { failureOf } from '../failure.js';
import { findRun, type KnownRun, lockRun } from '../local-runs.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';
import type { Failure } from '../terminal.js';
import { VERSION } from '../version.js';
import { acceptedRuns, parseAccept } from './cleanup.js';
import { planOf } from './runs.js';

export interface ContinueOptions extends GlobalOptions {
  readonly accept?: readonly string[];
  /** `HH:MM` */
  readonly deadline?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/**
 * Goes on with a run, or takes it back, by its own journal: plan, addresses and accepted codes are those of the beginning, and staleness
 * is not judged again. estate.yaml gives the way to the vCenter.
 */
export async function runsContinueCommand(
  mode: 'resume' | 'revert',
  wanted: string,
  options: ContinueOptions,
  around: Surroundings,
): Promise<ExitCode> {
  const { out, env, clock } = around;
  const fail = (failure: Failure, code: ExitCode): ExitCode => {
    out.fail(failure);
    return code;
  };
  const deadline = options.deadline === undefined ? undefined : nextTime(options.deadline, clock.now());
  if (deadline?.ok === false) return fail(deadline.error, EXIT.usage);
  const state = stateFolder(env);
  const run = await findRun(state, wanted);
  if (!run.ok) return fail(run.error, EXIT.usage);
  const { id, summary } = run.value;
  const plan = planOf(run.value);
  if (plan === undefined) throw new Error('a journal without a beginning was read');
  const end = endOf(run.value);
  if (end !== undefined && end.result !== 'left-changed') {
    const isGone = mode === 'revert' && summary.removals.some(({ gone }) => gone);
    out.say(
      `the run ${id} has ended; there is nothing to ${isGone ? 'take back: what it removed comes back only by registering it again' : 'do'}`,
    );
    out.write(renderRunEnd({ end, run: id, journal: run.value.path, plan, ...toldBy(plan, run.value.entries) }, options.output));
    return mode === 'revert' && end.result === 'removed-and-taken-back' ? EXIT.registrationGone : EXIT.clean;
  }
  if (options.dryRun === true) {
    const steps = stepsAhead(plan, run.value.entries, mode);
    out.write(renderAhead({ run: id, plan, mode, steps }, options.output));
    return EXIT.clean;
  }
  const aim = await takeAim(plan.vcenter.id, options, around);
  if (aim.kind === 'failed') return fail(aim.failure, aim.code);

  out.say(`run ${id} of ${plan.vcenter.id} (${plan.vcenter.address}), begun by ${summary.by} at ${summary.startedAt}`);
  out.say(`as far as its journal goes: ${summary.at}, ${letterWords(summary.at)}`);
  const { returned } = readRun(plan, run.value.entries);
  for (const { name, uid, gone } of summary.removals)
    out.say(`  ${name}  uid ${uid}  ${gone ? 'is removed' : returned.has(uid) ? LISTED_AGAIN : removalWords(mode)}`);
  out.say(costWords(mode, plan));
  if (deadline !== undefined) out.say(`Deadline ${timeWords(deadline.value)}`);
  const confirmed = await confirmName(plan.vcenter, options.yes === true, around);
  if (typeof confirmed !== 'string') return fail(confirmed, EXIT.refused);

  const operator = thisOperator(mode, env, `vasatrust ${VERSION}`);
  const accepted = acceptedRuns((options.accept ?? []).map(parseAccept));
  const locked = await lockRun(state, plan.vcenter.id, { run: id, operator, now: clock.now(), accepted });
  if (!locked.ok) return fail(locked.error, EXIT.refused);
  const { lock, instead } = locked.value;
  try {
    if (instead !== undefined) out.say(`the lock of ${instead} is taken over`);
    const journal = await openJournal(state, id, { now: () => clock.now(), secrets: aim.look.secrets });
    if (!journal.ok) return fail(failureOf(journal.error), EXIT.refused);
    try {
      const { vcenter, config, look } = aim;
      const parts = { plan, vcenter, config, look, journal: journal.value, operator, yes: options.yes === true };
      return await carryOut({ ...parts, ...(deadline === undefined ? {} : { deadline: deadline.value }) }, options, around);
    } finally {
      await journal.value.close();
    }
  } finally {
    await lock.release();
  }
}

/** What was left changed is worth a second try; every other end is one. */
function endOf({ entries, summary: { removals, state } }: KnownRun): EndedRun['end'] | undefined {
  const last = entries.findLast(({ event }) => event === 'end' || event === 'session');
  if (last?.event !== 'end' || state === 'under-way') return undefined;
  const removed = removals.filter(({ gone }) => gone).map(({ uid }) => uid);
  const { result, left, problem } = last;
  return { result, left, removed, interrupted: false, ...(problem === undefined ? {} : { problem }) };
}

/** What it may cost, before anybody says yes. What the appliance took back by itself is done anew, so a resume may cost as much as a run. */
const costWords = (mode: 'resume' | 'revert', { vcenter, restarts, window, addresses }: CleanupPlan): string =>
  mode === 'resume'
    ? `It looks where ${vcenter.id} stands and does what is missing: at most SPS restarted ${restarts} times, ${minutes(window)}; meanwhile ${vcenter.id} does not reach ${addresses.map(({ address }) => address).join(', ')}.`
    : `Route and sms-config.xml are put back where they are not; SPS is restarted once where it read the changed value, and started where it is stopped.`;

const LISTED_AGAIN = 'was removed, and was listed again; this run does not remove it a second time';

const removalWords = (mode: 'resume' | 'revert'): string =>
  mode === 'resume' ? 'is going to be removed' : 'stays, unless it is gone already';
