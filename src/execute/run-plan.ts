import type { CleanupPlan, CleanupStep } from '../model/cleanup-plan.js';
import { ok, type Problem } from '../model/problem.js';
import type { JsonValue, RunEvent, RunId, RunMode, RunResult, TakeBackReason } from '../model/run.js';
import type { Timing } from '../model/timing.js';
import { stepTitle } from '../plan/describe-cleanup.js';
import { connect, settleWithGuard } from './connect.js';
import { deadlineAllows } from './deadline.js';
import { openGuard } from './guard/self-revert.js';
import { HANDLERS, type Handlers } from './handlers/all-handlers.js';
import { type Action, endsTheRun, nextAction } from './next-action.js';
import type { Clock, Journal, Registering, RunOperator, Way } from './ports.js';
import { isRemoved, type RunState, readRun } from './run-state.js';
import type { Begun, StepHandler } from './step-handler.js';
import { takeBack } from './take-back.js';
import { Target } from './target.js';
import type { Done, Trouble } from './trouble.js';

/** All that a run, its resumption or its taking back is made of. Its journal has begun. */
export interface RunParts {
  readonly run: RunId;
  readonly plan: CleanupPlan;
  readonly journal: Journal;
  readonly way: Way;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly operator: RunOperator;
  /** What happens, and what is waited for. */
  readonly say: (text: string) => void;
  readonly interrupted: AbortSignal;
  /** No step is begun that could not be finished or taken back by then. */
  readonly deadline?: Date;
  readonly mode: RunMode;
  readonly registering?: Registering;
  /** Parts that tests replace. */
  readonly guardFor?: typeof openGuard;
  readonly handlers?: Partial<Handlers>;
  readonly nextAction?: typeof nextAction;
  readonly takeBack?: typeof takeBack;
}

export interface RunEnd {
  readonly result: RunResult;
  /** In words; not empty where `result` is `left-changed`. */
  readonly left: readonly string[];
  /** uids that are proven gone. */
  readonly removed: readonly string[];
  readonly interrupted: boolean;
  /** Why the run did not go to its end. With code `another-run` this process changed nothing. */
  readonly problem?: Problem;
}

/** Losing the connection over and over is no way to work; the appliance then takes itself back. */
const MOST_LOSSES = 60;

/**
 * Carries a cleanup out, goes on with one, or takes one back. Per step: inspect, capture, intent, apply, inspect, outcome. Everything it
 * does is decided by the plan and the journal alone, so that a process that was killed anywhere can be followed by another.
 */
export async function runCleanup(parts: RunParts): Promise<RunEnd> {
  return new Runner(parts).go();
}

class Runner {
  readonly #parts: RunParts;
  readonly #target: Target;
  readonly #handlers: Partial<Handlers>;
  #problem: Problem | undefined;
  #interrupted = false;
  #losses = 0;
  #takeOvers = 0;
  #atWork = false;
  #heard = false;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#handlers = { ...HANDLERS, ...parts.handlers };
    const { run, plan, journal, way, clock, timing, say, interrupted, registering, operator } = parts;
    this.#target = new Target({
      run,
      owner: plainOwner(operator),
      plan,
      journal,
      way,
      clock,
      timing,
      say,
      interrupted,
      ...(registering === undefined ? {} : { registering }),
    });
  }

  async go(): Promise<RunEnd> {
    const { plan, journal, operator, mode } = this.#parts;
    const before = readRun(plan, journal.entries);
    // A run that came to its end, but for what it left, has nothing to go on with and nothing to take back.
    if (before.ended !== undefined && before.ended !== 'left-changed' && mode !== 'run') return this.#end(before.ended, []);
    const { user, host, pid, madeBy, accounts } = operator;
    const logins = accounts === undefined ? {} : { accounts };
    await this.#note({ event: 'session', mode, user, host, pid, madeBy, ...logins });
    // Nothing of it could be watched over, compared, or put back.
    if (plan.config.exact === undefined && mode !== 'revert') return this.#stopHere(withoutFile(this.#target.label, plan), []);
    try {
      const reached = await connect(this.#target, this.#connectParts());
      if (!reached.ok) {
        const over = await this.#reachedNot(reached.error);
        if (over !== undefined) return over;
      }
      return await this.#work();
    } finally {
      await this.#target.close();
    }
  }

  async #work(): Promise<RunEnd> {
    const { plan, journal } = this.#parts;
    this.#atWork = true;
    for (;;) {
      await this.#hear();
      const action = (this.#parts.nextAction ?? nextAction)(plan, journal.entries);
      const stop = this.#reasonToStop(action);
      if (stop !== undefined) {
        await this.#decideTakeBack(stop);
        continue;
      }
      if (action.do === 'end') return this.#finish(action.result, action.left);
      const done = await this.#act(action);
      if (done.ok) continue;
      const over = await this.#handle(done.error);
      if (over !== undefined) return over;
    }
  }

  /** Why the step that comes next is not begun. What only leads back to the state before is always begun. */
  #reasonToStop(action: Action): TakeBackReason | undefined {
    if (action.do !== 'apply' && action.do !== 'look') return undefined;
    const { plan, journal, interrupted, deadline, clock, timing } = this.#parts;
    const state = readRun(plan, journal.entries);
    // On the way back already: whoever asks what became of a registration does not decide once more.
    if (state.mode === 'revert' || state.takeBack !== undefined) return undefined;
    if (interrupted.aborted && !leadsBack(action.step, plan, state)) {
      this.#interrupted = true;
      return 'interrupted';
    }
    if (action.do === 'apply' && deadline !== undefined && !deadlineAllows(action.step, { deadline, now: clock.now(), timing }))
      return 'deadline';
    return undefined;
  }

  /** Once, also where it changes nothing any more. */
  async #hear(): Promise<void> {
    if (this.#heard || !this.#parts.interrupted.aborted) return;
    this.#heard = true;
    await this.#note({ event: 'saw', what: 'interrupted', text: 'the operator asked to stop' });
  }

  async #decideTakeBack(why: TakeBackReason): Promise<void> {
    this.#parts.say(WORDS[why]);
    await this.#note({ event: 'decided', what: { kind: 'take-back', why } });
  }

  async #act(action: Exclude<Action, { do: 'end' }>): Promise<Done<void>> {
    switch (action.do) {
      case 'decide':
        if (action.what.kind === 'take-back') await this.#decideTakeBack(action.what.why);
        else await this.#note({ event: 'decided', what: action.what });
        return ok(undefined);
      case 'look':
        return this.#look(action.step, action.begun);
      case 'apply':
        return this.#apply(action.step, action.begun);
      case 'undo':
        return this.#undo(action.step);
    }
  }

  #handlerOf(step: CleanupStep): StepHandler {
    const handler = this.#handlers[step.kind];
    if (handler === undefined) throw new Error(`nobody carries out ${step.kind}`);
    return handler as unknown as StepHandler;
  }

  async #look(step: CleanupStep, begun: Begun | undefined): Promise<Done<void>> {
    const look = await this.#handlerOf(step).inspect(step, this.#target, begun);
    if (!look.ok) {
      if (look.error.kind !== 'failed') return look;
      this.#problem ??= look.error.problem;
      await this.#note({ event: 'looked', step: step.id, state: 'drifted', found: look.error.problem.summary });
      return ok(undefined);
    }
    const { state } = look.value;
    if (look.value.state === 'drifted') this.#problem ??= look.value.problem;
    const found = look.value.state === 'drifted' ? look.value.problem.summary : look.value.found;
    await this.#note({ event: 'looked', step: step.id, state, ...(found === undefined ? {} : { found }) });
    return ok(undefined);
  }

  async #apply(step: CleanupStep, begun: Begun | undefined): Promise<Done<void>> {
    const handler = this.#handlerOf(step);
    const { plan, say } = this.#parts;
    const look = await handler.inspect(step, this.#target, begun);
    if (!look.ok) return this.#failedStep(step, look.error);
    if (look.value.state === 'in-effect') {
      await this.#outcome(step, begun === undefined ? 'already' : 'done', look.value.found);
      return ok(undefined);
    }
    if (look.value.state === 'drifted') return this.#failedStep(step, { kind: 'failed', problem: look.value.problem });
    let captured = begun?.captured;
    if (begun === undefined) {
      const now = await handler.capture(step, this.#target);
      if (!now.ok) return this.#failedStep(step, now.error);
      captured = now.value;
    }
    say(`${step.number === undefined ? '' : `step ${step.number}: `}${stepTitle(step, plan)}`);
    await this.#note({ event: 'intent', step: step.id, action: 'apply', captured: captured ?? null });
    const applied = await handler.apply(step, this.#target);
    if (!applied.ok) return this.#failedStep(step, applied.error);
    await this.#outcome(step, 'done', applied.value ?? undefined);
    return ok(undefined);
  }

  /** Only a no is an outcome: whatever else happened, nobody knows how it ended. */
  async #failedStep(step: CleanupStep, trouble: Trouble): Promise<Done<void>> {
    if (trouble.kind !== 'failed') return { ok: false, error: trouble };
    const { problem } = trouble;
    const goesOn = step.kind === 'try-reconnect' || (step.kind === 'try-plain' && endsTheRun(problem) === undefined);
    if (!goesOn) this.#problem = problem;
    this.#parts.say(problem.summary);
    await this.#note({ event: 'outcome', step: step.id, action: 'apply', result: 'failed', problem });
    return ok(undefined);
  }

  async #outcome(step: CleanupStep, result: 'done' | 'already', found: JsonValue | undefined): Promise<void> {
    await this.#note({ event: 'outcome', step: step.id, action: 'apply', result, ...(found === undefined ? {} : { found }) });
  }

  async #undo(step: CleanupStep): Promise<Done<void>> {
    await this.#note({ event: 'intent', step: step.id, action: 'undo', captured: null });
    const undone = await (this.#parts.takeBack ?? takeBack)(step, this.#target);
    if (!undone.ok) {
      if (undone.error.kind !== 'failed') return undone;
      const { problem } = undone.error;
      this.#parts.say(problem.summary);
      await this.#note({ event: 'outcome', step: step.id, action: 'undo', result: 'failed', problem });
      this.#problem = problem;
      return ok(undefined);
    }
    const { result, found } = undone.value;
    await this.#note({ event: 'outcome', step: step.id, action: 'undo', result, ...(found === undefined ? {} : { found }) });
    const words = backWords(step, found);
    if (words !== undefined && result === 'done') this.#parts.say(words);
    return ok(undefined);
  }

  /** Undefined: the run goes on. */
  async #handle(trouble: Trouble): Promise<RunEnd | undefined> {
    const { say } = this.#parts;
    switch (trouble.kind) {
      case 'interrupted':
        return undefined;
      case 'elsewhere':
        return this.#stopElsewhere(trouble.problem);
      case 'lost': {
        this.#losses += 1;
        say(`the connection is lost: ${trouble.problem.summary}`);
        await this.#note({ event: 'saw', what: 'connection-lost', text: trouble.problem.summary });
        if (this.#losses > MOST_LOSSES) return this.#stopHere(trouble.problem, [UNSEEN(this.#target.label)]);
        const reached = await connect(this.#target, this.#connectParts());
        return reached.ok ? undefined : this.#reachedNot(reached.error);
      }
      case 'taken-over':
        return this.#afterTakeOver(trouble.problem);
      case 'failed':
        throw new Error(`a step failed without an outcome: ${trouble.problem.summary}`);
    }
  }

  /** While the way was opened anew. */
  async #reachedNot(trouble: Trouble): Promise<RunEnd | undefined> {
    if (trouble.kind === 'taken-over') return this.#afterTakeOver(trouble.problem);
    return trouble.kind === 'elsewhere' ? this.#stopElsewhere(trouble.problem) : this.#unreached(trouble);
  }

  async #afterTakeOver(problem: Problem): Promise<RunEnd | undefined> {
    this.#takeOvers += 1;
    this.#parts.say(problem.summary);
    await this.#note({ event: 'saw', what: 'lease-lost', text: problem.summary });
    this.#target.setArmed(false);
    if (this.#takeOvers > MOST_LOSSES) return this.#stopHere(problem, [UNSEEN(this.#target.label)]);
    const state = readRun(this.#parts.plan, this.#parts.journal.entries);
    // Who comes to go on with a run finds it so, and goes on.
    if (state.takeBack === undefined && this.#atWork) {
      this.#problem ??= problem;
      await this.#decideTakeBack('lease-lost');
    }
    const settled = await settleWithGuard(this.#target);
    if (!settled.ok) {
      if (settled.error.kind === 'taken-over') return undefined;
      return settled.error.kind === 'failed' ? this.#unreached(settled.error) : this.#handle(settled.error);
    }
    return settled.value === undefined ? undefined : this.#stopHere(settled.value, [settled.value.summary]);
  }

  /** The appliance cannot be reached (any more); what was begun there is taken back by itself. */
  async #unreached(trouble: Trouble): Promise<RunEnd> {
    const state = readRun(this.#parts.plan, this.#parts.journal.entries);
    const isUntouched = state.steps.size === 0;
    return this.#stopHere(trouble.problem, isUntouched ? [] : [UNSEEN(this.#target.label)]);
  }

  /** Another machine answers, or another session of this run is obeyed: what is left is that one's. */
  async #stopElsewhere(problem: Problem): Promise<RunEnd> {
    return this.#stopHere(problem, problem.code === 'another-run' ? [problem.summary] : []);
  }

  /** Without another word to the appliance. */
  async #stopHere(problem: Problem, left: readonly string[]): Promise<RunEnd> {
    this.#problem = problem;
    this.#parts.say(problem.summary);
    const { steps } = readRun(this.#parts.plan, this.#parts.journal.entries);
    const found = left.length > 0 || steps.size === 0 ? left : [UNSEEN(this.#target.label)];
    return this.#finish(found.length > 0 ? 'left-changed' : 'taken-back', found);
  }

  async #finish(result: RunResult, left: readonly string[]): Promise<RunEnd> {
    const problem = result === 'done' ? undefined : this.#problem;
    await this.#note({ event: 'end', result, left, ...(problem === undefined ? {} : { problem }) });
    return this.#end(result, left);
  }

  #end(result: RunResult, left: readonly string[]): RunEnd {
    const state = readRun(this.#parts.plan, this.#parts.journal.entries);
    return {
      result,
      left,
      removed: [...state.gone.keys()].filter((uid) => isRemoved(state, uid)),
      interrupted: this.#interrupted,
      ...(this.#problem === undefined || result === 'done' ? {} : { problem: this.#problem }),
    };
  }

  #connectParts() {
    return { guardFor: this.#parts.guardFor ?? openGuard };
  }

  async #note(event: RunEvent): Promise<void> {
    await this.#parts.journal.append(event);
  }
}

/** For a shell script: names of accounts may have any letters. */
const plainOwner = ({ user, host }: RunOperator): string => `${user}@${host}`.replace(/[^\x20-\x7e]/gu, '?').slice(0, 200);

/** From here on, going on and going back are the same way. */
function leadsBack({ kind }: CleanupStep, { removals }: CleanupPlan, { gone, reconnected }: RunState): boolean {
  if (['unblock', 'restore-retry', 'restart-sps', 'confirm-clean', 'disarm-self-revert'].includes(kind)) return true;
  // Nothing is to be removed any more: what follows puts right what an earlier cleanup left.
  return kind === 'record-state' && removals.every(({ uid }) => gone.has(uid) || reconnected.has(uid));
}

/** What is proven once it was taken back. */
function backWords({ kind }: CleanupStep, found: JsonValue | undefined): string | undefined {
  switch (kind) {
    case 'block':
      return 'taken back: the routes are removed';
    case 'lower-retry':
      return 'taken back: sms-config.xml is as before';
    case 'stop-sps': {
      const readTheOriginal = found !== null && typeof found === 'object' && 'cleanPid' in found && found.cleanPid !== null;
      return `taken back: SPS is STARTED and HEALTHY${readTheOriginal ? ', with the original value' : '; what it read is not proven'}`;
    }
    default:
      return undefined;
  }
}

const UNSEEN = (target: string): string =>
  `what the run changed on ${target} could not be looked at any more; a self-revert that was armed takes it back by itself`;

const withoutFile = (target: string, { config }: CleanupPlan): Problem => ({
  code: 'file-unreadable',
  target,
  summary: `${config.path} on ${target} was not read when this was planned; without it nothing is begun`,
  remedy: 'Configure `ssh` for this vCenter, see with `vasatrust doctor` that the file can be read, and plan again.',
  retry: 'after-remedy',
});

const WORDS: Readonly<Record<TakeBackReason, string>> = {
  'step-failed': 'taking back what was done: a step failed',
  interrupted: 'taking back what was done: the operator asked to stop',
  deadline: 'taking back what was done: what comes next could not be finished, or taken back, before the deadline',
  'lease-lost': 'the appliance takes back what was done: it missed the sign of life',
  rebooted: 'taking back what was done: the appliance was rebooted',
  asked: 'taking back what was done',
  drifted: 'taking back what was done: somebody else changed something meanwhile',
};
