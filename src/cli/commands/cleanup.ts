import { deadlineAllows } from '../../execute/deadline.js';
import { createJournal, newRunId } from '../../execute/journal/journal-file.js';
import { type StateFolder, stateFolder } from '../../execute/journal/state-folder.js';
import { thisOperator } from '../../execute/operator.js';
import type { CleanupAnswer, CleanupPlan, CleanupRefusal, CleanupRefusalCode } from '../../model/cleanup-plan.js';
import type { Accepted } from '../../model/plan-answer.js';
import { ok, type Result } from '../../model/problem.js';
import type { RunId } from '../../model/run.js';
import { minutes } from '../../plan/describe-cleanup.js';
import { renderCleanup } from '../../report/render-cleanup.js';
import { runPlanLines } from '../../report/render-run-plan.js';
import { carryOut, selfRevertMs } from '../carry-out.js';
import {
  type Aim,
  answerFromFile,
  answerFromLooks,
  asConfirmed,
  type CleanupWish,
  type Failed,
  takeAim,
} from '../cleanup-look.js';
import { confirmName, nobodyToAsk } from '../confirm.js';
import { nextTime, timeWords } from '../deadline.js';
import { EXIT, type ExitCode, exitCodeFor } from '../exit-codes.js';
import { failureOf } from '../failure.js';
import { lockRun, openRunRefusals } from '../local-runs.js';
import { registrationWishes } from '../registering.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';
import type { Failure } from '../terminal.js';
import { VERSION } from '../version.js';

export interface CleanupOptions extends GlobalOptions {
  readonly provider?: string;
  readonly allStale?: boolean;
  readonly dryRun?: boolean;
  readonly runbook?: 'md';
  readonly accept?: readonly string[];
  readonly originalRetry?: number;
  /** Seconds between the two looks; 0: look once, which is enough to show and not enough to do. */
  readonly secondLook: number;
  readonly oneAtATime?: boolean;
  readonly firstReconnect?: boolean;
  readonly reRegister?: boolean;
  readonly evidence?: string;
  /** `HH:MM` */
  readonly deadline?: string;
  readonly yes?: boolean;
}

/** Shows how a cleanup is done, or does it. */
export async function cleanupCommand(wanted: string, options: CleanupOptions, around: Surroundings): Promise<ExitCode> {
  const mistake = usageMistake(options);
  if (mistake !== undefined) return fail({ failure: mistake, code: EXIT.usage }, around);
  return options.dryRun === true || options.runbook !== undefined
    ? showCleanup(wanted, options, around)
    : doCleanup(wanted, options, around);
}

function fail({ failure, code }: Pick<Failed, 'failure' | 'code'>, { out, interrupted }: Surroundings): ExitCode {
  if (interrupted.aborted) return EXIT.interrupted;
  out.fail(failure);
  return code;
}

const usage = (summary: string, remedy: string): Failure => ({ code: 'usage', summary, remedy });

function usageMistake(options: CleanupOptions): Failure | undefined {
  const { provider, allStale, originalRetry, evidence, secondLook } = options;
  const shows = options.dryRun === true || options.runbook !== undefined;
  if ((provider === undefined) === (allStale !== true))
    return usage(
      'name one registration with --provider, or all stale ones with --all-stale',
      'Say which of the two; `vasatrust audit` lists what is stale.',
    );
  if (originalRetry === 0)
    return usage(
      '--original-retry 0 is no number of attempts',
      'Give the number the file had before, 99999 as far as is published.',
    );
  if (!shows && evidence !== undefined)
    return usage(
      'nothing is removed by saved evidence',
      'Leave --evidence out to look now, or add --dry-run or --runbook md to see how it is done.',
    );
  if (!shows && secondLook === 0)
    return usage(
      'what is removed has to be stale at two looks',
      'Leave --second-look out, or give the seconds between the looks.',
    );
  return undefined;
}

async function showCleanup(wanted: string, options: CleanupOptions, around: Surroundings): Promise<ExitCode> {
  const by = options.runbook === undefined ? 'tool' : 'hand';
  const again = await againFor(options, around);
  if (!again.ok) return fail({ failure: again.error, code: EXIT.usage }, around);
  const wish: CleanupWish = { ...wishFor(options), ...again.value, purpose: 'show', by };
  const see = options.evidence === undefined ? look : answerFromFile;
  const seen = await see(wanted, options, wish, around);
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (seen.kind === 'failed') return fail(seen, around);
  around.out.write(renderCleanup(seen.answer, options.runbook ?? options.output));
  return exitCodeOf(seen.answer);
}

async function look(wanted: string, options: CleanupOptions, wish: CleanupWish, around: Surroundings) {
  const aim = await takeAim(wanted, options, around);
  return aim.kind === 'failed' ? aim : answerFromLooks(aim, options.secondLook, wish, around);
}

async function doCleanup(wanted: string, options: CleanupOptions, around: Surroundings): Promise<ExitCode> {
  const { out, clock } = around;
  const deadline = options.deadline === undefined ? undefined : nextTime(options.deadline, clock.now());
  if (deadline?.ok === false) return fail({ failure: deadline.error, code: EXIT.usage }, around);
  const aim = await takeAim(wanted, options, around);
  if (aim.kind === 'failed') return fail(aim, around);
  if (aim.vcenter.ssh === undefined) return fail({ failure: withoutShell(aim.vcenter.id), code: EXIT.refused }, around);

  const run = newRunId(aim.vcenter.id, clock.now());
  const state = stateFolder(around.env);
  const again = await againFor(options, around);
  if (!again.ok) return fail({ failure: again.error, code: EXIT.usage }, around);
  const wish: CleanupWish = { ...wishFor(options), ...again.value, purpose: 'carry-out', by: 'tool', run };
  // Nobody waits for a second look that cannot lead anywhere; what stands against it is told all the same.
  const nobodyThere = nobodyToAsk(options.yes === true, around);
  const seen = await answerFromLooks(aim, nobodyThere === undefined ? options.secondLook : 0, wish, around);
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (seen.kind === 'failed') return fail(seen, around);
  const answer = withLocalRefusals(seen.answer, await openRunRefusals(state, aim.vcenter.id), wish.accepted);
  if (answer.kind !== 'plan') {
    out.write(renderCleanup(answer, options.output));
    return exitCodeOf(answer);
  }
  return begin(
    { run, state, aim, wish, plan: answer.plan, ...(deadline === undefined ? {} : { deadline: deadline.value }) },
    options,
    around,
  );
}

interface Ready {
  readonly run: RunId;
  readonly state: StateFolder;
  readonly aim: Aim;
  readonly wish: CleanupWish;
  readonly plan: CleanupPlan;
  readonly deadline?: Date;
}

/** From here on: said, confirmed, locked, written down, done. */
async function begin(ready: Ready, options: CleanupOptions, around: Surroundings): Promise<ExitCode> {
  const { run, state, aim, deadline } = ready;
  const { out, clock, timing } = around;
  for (const line of runPlanLines(ready.plan)) out.say(line);
  const seconds = Math.ceil(selfRevertMs(timing) / 1000);
  out.say(`If this is killed or loses its connection, ${ready.plan.vcenter.id} begins to take itself back within ${seconds} s.`);
  if (deadline !== undefined) {
    out.say(`Deadline ${timeWords(deadline)}: no step is begun that could not be finished or taken back by then.`);
    const tooLate = beyond(deadline, ready.plan, around);
    if (tooLate !== undefined) return fail({ failure: tooLate, code: EXIT.refused }, around);
  }
  const confirmed = await confirmName(ready.plan.vcenter, options.yes === true, around);
  if (typeof confirmed !== 'string') return fail({ failure: confirmed, code: EXIT.refused }, around);
  const now = await asConfirmed(ready.plan, aim, ready.wish, around);
  if (now.kind === 'failed') return fail(now, around);
  const { plan } = now;

  const operator = thisOperator('run', around.env, `vasatrust ${VERSION}`);
  const accepted = acceptedRuns(wishFor(options).accepted);
  const locked = await lockRun(state, plan.vcenter.id, { run, operator, now: clock.now(), accepted });
  if (!locked.ok) return fail({ failure: locked.error, code: EXIT.refused }, around);
  try {
    const journal = await createJournal(state, run, { now: () => clock.now(), secrets: aim.look.secrets });
    if (!journal.ok) return fail({ failure: failureOf(journal.error), code: EXIT.refused }, around);
    try {
      await journal.value.append({ event: 'begin', formatVersion: 1, run, plan, timing, confirmed });
      out.say(`run ${run}, journal ${journal.value.path}`);
      const { vcenter, config, look } = aim;
      const parts = { plan, vcenter, config, look, journal: journal.value, operator, yes: options.yes === true };
      const code = await carryOut({ ...parts, ...(deadline === undefined ? {} : { deadline }) }, options, around);
      const isThin = options.allStale === true && plan.undecided.length > 0;
      return exitCodeFor([code, ...(isThin ? [EXIT.gaps] : [])]);
    } finally {
      await journal.value.close();
    }
  } finally {
    await locked.value.lock.release();
  }
}

/** Sooner or later a step would not be begun, however quick those before it are. */
function beyond(deadline: Date, plan: CleanupPlan, { clock, timing }: Surroundings): Failure | undefined {
  const now = clock.now().getTime();
  const isLate = (end: Date): boolean => {
    let before = 0;
    return plan.steps.some((step) => {
      const at = new Date(now + before * timing.secondMs);
      if (step.kind !== 'confirm-backup') before += step.seconds.least;
      return !deadlineAllows(step, { deadline: end, now: at, timing });
    });
  };
  if (!isLate(deadline)) return undefined;
  const minute = 60 * timing.secondMs;
  const after = (minutes: number) => new Date(now + minutes * minute);
  const enough = Array.from({ length: MOST_MINUTES }, (_, index) => index + 1).find((one) => !isLate(after(one)));
  return {
    code: 'deadline',
    summary: `it cannot be done before the deadline, since every step must have time to fail and be taken back: the whole may take ${minutes(plan.window)}; nothing was changed`,
    remedy: `Begin earlier, or set a later deadline${enough === undefined ? '' : `: begun now, ${timeWords(after(enough + 1))} is the first that lets every step begin when those before it are quick`}.`,
  };
}

/** A day: a time of day cannot be further away. */
const MOST_MINUTES = 24 * 60;

const withoutShell = (vcenter: string): Failure => ({
  code: 'not-configured',
  summary: `estate.yaml has no \`ssh\` for ${vcenter}: the procedure needs root's shell there; nothing was changed`,
  remedy: 'Add `ssh` with a pinned host key; --runbook md prints the procedure for doing it by hand.',
});

/** Reasons on this machine stand beside those of the estate: all at once. */
function withLocalRefusals(
  answer: CleanupAnswer,
  local: readonly CleanupRefusal[],
  accepted: readonly Accepted[],
): CleanupAnswer {
  const lifts = ({ code, name }: Accepted, refusal: CleanupRefusal) =>
    refusal.acceptable && code === refusal.code && (name === undefined || name === refusal.name);
  const against = local.filter((refusal) => !accepted.some((one) => lifts(one, refusal)));
  if (answer.kind === 'nothing-stale' || local.length === 0) return answer;
  if (answer.kind === 'refused') {
    // What a run that is under way has changed is no leftover, and nobody is to be told how to remove it.
    const isAlive = local.some(({ acceptable }) => !acceptable);
    const others = answer.refusals.filter((one) => (isAlive ? !OF_A_RUN.includes(one.code) : !belongsTo(one, against)));
    return { ...answer, refusals: [...against, ...others] };
  }
  if (against.length > 0) return { kind: 'refused', refusals: against, undecided: answer.plan.undecided };
  const used = answer.plan.unneeded.filter((one) => local.some((refusal) => lifts(one, refusal)));
  const { plan } = answer;
  return {
    kind: 'plan',
    plan: { ...plan, accepted: [...plan.accepted, ...used], unneeded: plan.unneeded.filter((one) => !used.includes(one)) },
  };
}

/** What stands on the appliance in the name of a run that is told already. */
const belongsTo = ({ code, name = '' }: CleanupRefusal, runs: readonly CleanupRefusal[]): boolean =>
  code === 'another-run' && runs.some((run) => run.name !== undefined && (name.includes(run.name) || name.endsWith('/lock')));

const OF_A_RUN: readonly CleanupRefusalCode[] = [
  'another-run',
  'leftover-route',
  'cleanup-leftover',
  'config-unexpected',
  'sps-unhealthy',
];

/** What the command line says; the looks add the rest. */
function wishFor({
  provider,
  accept = [],
  originalRetry,
  oneAtATime,
  firstReconnect,
}: CleanupOptions): Omit<CleanupWish, 'purpose' | 'by'> {
  return {
    accepted: accept.map(parseAccept),
    madeBy: `vasatrust ${VERSION}`,
    ...(provider === undefined ? {} : { provider }),
    ...(originalRetry === undefined ? {} : { originalRetry }),
    ...(oneAtATime === undefined ? {} : { oneAtATime }),
    ...(firstReconnect === undefined ? {} : { firstReconnect }),
  };
}

/** How it is registered again stands in estate.yaml, also where the evidence is a saved file. */
async function againFor(
  options: CleanupOptions,
  around: Surroundings,
): Promise<Result<Pick<CleanupWish, 'reRegister'>, Failure>> {
  if (options.reRegister !== true) return ok({});
  const wishes = await registrationWishes(options, around);
  return wishes.ok ? ok({ reRegister: wishes.value }) : wishes;
}

/** `CODE` or `CODE:NAME`; a name may hold colons. */
export function parseAccept(text: string): Accepted {
  const at = text.indexOf(':');
  return at === -1 ? { code: text } : { code: text.slice(0, at), name: text.slice(at + 1) };
}

/** Whose lock may be taken: names after `another-run`. */
export const acceptedRuns = (accepted: readonly Accepted[]): string[] =>
  accepted.filter(({ code }) => code === 'another-run').map(({ name }) => name ?? '*');

/** 0, or 3 with something undecided among them; 6 refused. */
function exitCodeOf(answer: CleanupAnswer): ExitCode {
  if (answer.kind === 'refused') return EXIT.refused;
  const undecided = answer.kind === 'plan' ? answer.plan.undecided : answer.undecided;
  return undecided.length > 0 ? EXIT.gaps : EXIT.clean;
}
