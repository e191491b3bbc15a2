import { randomBytes } from 'node:crypto';
import type { CleanupPlan, CleanupStep, CleanupStepKind } from '../model/cleanup-plan.js';
import type { StepId } from '../model/plan.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import type { JsonValue, RunId } from '../model/run.js';
import type { Timing } from '../model/timing.js';
import { plainText } from '../wire/redact.js';
import type { CommandOutput, RunOptions } from '../wire/vcenter-shell.js';
import { FENCE_BUSY, LEASE_UNWRITABLE, NOT_ARMED, OTHER_SESSION, type SpsJob, TAKEN_OVER } from './guard/guard-facts.js';
import { type ArmProof, type Guard, otherSession } from './guard/self-revert.js';
import type { Clock, Journal, Link, Registering, SmsAccess, Way } from './ports.js';
import { isRemoved, knownSteps, type RunState, readRun } from './run-state.js';
import { because, type Done, failed } from './trouble.js';

/** How long a fence that somebody else holds is asked again, in seconds of the procedure. */
const FENCE_PATIENCE = 60;
const REFUSED_ANEW: readonly Problem['code'][] = ['host-key-mismatch', 'host-key-unknown', 'host-key-revoked'];
const BROKEN: readonly Problem['code'][] = ['unreachable', 'timeout', 'command-failed', 'shell-unproven'];

export interface TargetParts {
  readonly run: RunId;
  /** `user@host` */
  readonly owner: string;
  readonly plan: CleanupPlan;
  readonly journal: Journal;
  readonly way: Way;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly say: (text: string) => void;
  readonly interrupted: AbortSignal;
  readonly registering?: Registering;
}

/**
 * One appliance and its SMS, as steps see them: a way that may break and is opened anew, and a sign of life that is given whenever it is
 * due, before everything and during every wait.
 */
export class Target {
  readonly run: RunId;
  readonly owner: string;
  readonly plan: CleanupPlan;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly say: (text: string) => void;
  readonly registering: Registering | undefined;
  /** By which the appliance tells this process from another one that works on the same run. */
  readonly session = randomBytes(6).toString('hex');
  /** Processes of SPS, in this boot, that read the file as it was found or as it is left. */
  readonly cleanPids = new Set<number>();
  readonly #way: Way;
  readonly #interrupted: AbortSignal;
  #link: Link | undefined;
  #hostKey: string | undefined;
  #guard: Guard | undefined;
  #armed = false;
  #isTaken = false;
  #renewedAt = 0;

  constructor({ run, owner, plan, journal, way, clock, timing, say, interrupted, registering }: TargetParts) {
    this.run = run;
    this.owner = owner;
    this.plan = plan;
    this.journal = journal;
    this.#way = way;
    this.clock = clock;
    this.timing = timing;
    this.say = say;
    this.#interrupted = interrupted;
    this.registering = registering;
  }

  get label(): string {
    return this.#way.label;
  }

  get isInterrupted(): boolean {
    return this.#interrupted.aborted;
  }

  /** @param hostKey what the first connection of the run saw; another one ends the run */
  async open(hostKey?: string): Promise<Done<Link>> {
    await this.close();
    const opened = await this.#way.open();
    if (!opened.ok) return because(REFUSED_ANEW.includes(opened.error.code) ? 'elsewhere' : 'lost', opened.error);
    const link = opened.value;
    if (hostKey !== undefined && link.shell.hostKeySha256 !== hostKey) {
      await link.close();
      return because('elsewhere', otherHostKey(this.label, hostKey, link.shell.hostKeySha256));
    }
    this.#link = link;
    this.#hostKey = link.shell.hostKeySha256;
    return ok(link);
  }

  /** The same way once more, after it or its SMS session broke. */
  async reopen(): Promise<Done<void>> {
    const opened = await this.open(this.#hostKey);
    return opened.ok ? ok(undefined) : opened;
  }

  async close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }

  get routeTool(): 'ip' | 'route' {
    return this.plan.routeTool ?? 'ip';
  }

  get state(): RunState {
    return readRun(this.plan, this.journal.entries);
  }

  get steps(): ReadonlyMap<StepId, CleanupStep> {
    return knownSteps(this.plan, this.state);
  }

  /** The file says already what the procedure sets. */
  get changesNothing(): boolean {
    const { exact } = this.plan.config;
    return exact !== undefined && exact.shaNow === exact.shaDuring;
  }

  /** The procedure was begun, by this session or an earlier one. */
  get isBegun(): boolean {
    return this.state.begunAt !== undefined;
  }

  /** Nobody has decided to take it back. */
  get goesForward(): boolean {
    return this.state.mode !== 'revert' && this.state.takeBack === undefined;
  }

  isGone(uid: string): boolean {
    return this.state.gone.has(uid);
  }

  /** A fresh list proved it. */
  async noteRemoved(uid: string, how: 'plain' | 'procedure' | 'somebody-else'): Promise<void> {
    if (!isRemoved(this.state, uid)) await this.journal.append({ event: 'removed', uid, how });
  }

  /** A look after the last restart lists it again. */
  async noteReturned(uid: string): Promise<void> {
    if (isRemoved(this.state, uid)) await this.journal.append({ event: 'returned', uid });
  }

  /** The last thing that was captured for a step of this kind. */
  capturedFor(kind: CleanupStepKind): JsonValue | undefined {
    const ids = new Set([...this.steps.values()].filter((step) => step.kind === kind).map(({ id }) => id));
    const intent = this.journal.entries.findLast(
      (entry) => entry.event === 'intent' && entry.action === 'apply' && ids.has(entry.step),
    );
    return intent?.event === 'intent' ? intent.captured : undefined;
  }

  useGuard(guard: Guard): void {
    this.#guard = guard;
  }

  get guard(): Guard {
    if (this.#guard === undefined) throw new Error('a step was begun before the appliance was looked at');
    return this.#guard;
  }

  setArmed(armed: boolean): void {
    this.#armed = armed;
    if (armed) this.#renewedAt = this.clock.uptimeMs();
  }

  get isArmed(): boolean {
    return this.#armed;
  }

  /** The bare shell, for the self-revert and the lock: no sign of life in between. */
  readonly shell: Link['shell']['run'] = async (argv, options) => {
    const link = this.#link;
    if (link === undefined) return err(noConnection(this.label));
    return link.shell.run(argv, { timeoutMs: this.timing.commandMs, ...options });
  };

  /** A command that only reads, or that changes nothing but the folder of the run. */
  async look(argv: readonly string[], options: RunOptions = {}): Promise<Done<CommandOutput>> {
    const alive = await this.giveSign();
    if (!alive.ok) return alive;
    return this.lift(await this.shell(argv, options));
  }

  /** What `Guard` and `wire` answer: a broken connection is told apart from a no. */
  lift<T>(result: Result<T>): Done<T> {
    if (result.ok) return result;
    return because(BROKEN.includes(result.error.code) ? 'lost' : 'failed', result.error);
  }

  /** For answers whose `command-failed` is an answer. */
  liftAnswer<T>(result: Result<T>): Done<T> {
    if (!result.ok && result.error.code === 'command-failed') return failed(result.error);
    return this.lift(result);
  }

  /** Changes the appliance: through the fence, which lets nothing pass once the appliance takes itself back. */
  async change(argv: readonly string[], options: RunOptions = {}): Promise<Done<CommandOutput>> {
    return this.#throughFence(this.guard.fenced(argv), options);
  }

  /** A line of the guard that is a change already: a mark, a job, the file. */
  async changeBy(line: readonly string[]): Promise<Done<CommandOutput>> {
    return this.#throughFence(line, {});
  }

  async startJob(job: SpsJob): Promise<Done<CommandOutput>> {
    const started = await this.#throughFence(this.guard.detached(job), {});
    if (!started.ok || started.value.code === 0) return started;
    return failed(commandProblem(this.label, `service-control --${job} vmware-sps`, started.value));
  }

  async #throughFence(line: readonly string[], options: RunOptions): Promise<Done<CommandOutput>> {
    const until = this.clock.uptimeMs() + FENCE_PATIENCE * this.timing.secondMs;
    for (;;) {
      const output = this.lift(await this.shell(line, options));
      if (!output.ok) return output;
      const { code } = output.value;
      if (code === OTHER_SESSION) return because('elsewhere', otherSession(this.label));
      if (code === TAKEN_OVER || code === NOT_ARMED) return because('taken-over', takenOver(this.label, code));
      if (code !== FENCE_BUSY && code !== LEASE_UNWRITABLE) {
        this.#renewedAt = this.clock.uptimeMs();
        return output;
      }
      if (this.clock.uptimeMs() >= until) return because('taken-over', noSignOfLife(this.label, code));
      await this.clock.sleep(this.timing.secondMs);
    }
  }

  /** Armed by this session, and obeying it alone. */
  async arm(): Promise<Done<ArmProof>> {
    const proof = this.liftAnswer(await this.guard.arm(this.shell));
    // It takes back: that is waited for, and no failure of whoever wanted to arm.
    if (!proof.ok && proof.error.problem.code === 'not-attempted') return because('taken-over', proof.error.problem);
    if (!proof.ok) return proof;
    this.#isTaken = true;
    this.setArmed(true);
    return proof;
  }

  /** What is armed already is this session's from now on; once only: whoever takes it away later has it. */
  async takeOn(): Promise<Done<void>> {
    this.setArmed(true);
    if (this.#isTaken) return this.renew();
    const taken = await this.#throughFence(this.guard.takeOn, {});
    if (!taken.ok) return taken;
    if (taken.value.code !== 0) return because('taken-over', noSignOfLife(this.label, taken.value.code));
    this.#isTaken = true;
    return ok(undefined);
  }

  /** Gives a sign of life now, and learns whether the appliance still waits for it. */
  async renew(): Promise<Done<void>> {
    if (!this.#armed) return ok(undefined);
    const output = await this.#throughFence(this.guard.renew, {});
    if (!output.ok) return output;
    return output.value.code === 0 ? ok(undefined) : because('taken-over', noSignOfLife(this.label, output.value.code));
  }

  /**
   * Takes the self-revert away. While it is asked for, nobody counts on it any more: where the answer is lost and nothing is there
   * afterwards, it was this run that took it away, and not the appliance that took the run back.
   */
  async disarm(options: { readonly leave?: true } = {}): Promise<Done<void>> {
    const was = this.#armed;
    this.#armed = false;
    const gone = this.liftAnswer(await this.guard.disarm(this.shell, options));
    if (!gone.ok && gone.error.kind === 'failed') this.#armed = was;
    return gone;
  }

  /** A sign of life, when one is due. */
  async giveSign(): Promise<Done<void>> {
    if (!this.#armed || this.clock.uptimeMs() - this.#renewedAt < this.timing.renewMs) return ok(undefined);
    return this.renew();
  }

  async sms<T>(ask: (sms: SmsAccess) => Promise<Result<T>>): Promise<Done<T>> {
    const alive = await this.giveSign();
    if (!alive.ok) return alive;
    if (this.#link === undefined) return because('lost', noConnection(this.label));
    const answer = await ask(this.#link.sms);
    return answer.ok ? answer : failed(answer.error);
  }

  /** Seconds of the procedure. `leave`: ends early when the operator asks to stop. */
  async pause(seconds: number, leave: 'when-interrupted' | 'never'): Promise<Done<void>> {
    const until = this.clock.uptimeMs() + seconds * this.timing.secondMs;
    for (;;) {
      if (leave === 'when-interrupted' && this.isInterrupted) return because('interrupted', wasInterrupted(this.label));
      const alive = await this.giveSign();
      if (!alive.ok) return alive;
      const left = until - this.clock.uptimeMs();
      if (left <= 0) return ok(undefined);
      await this.clock.sleep(Math.min(left, this.timing.renewMs, 5 * this.timing.secondMs));
    }
  }

  /** For waits with an end. `still` says once a minute what is seen meanwhile: minutes of silence look like a hang. */
  deadline(seconds: number): {
    readonly isOver: () => boolean;
    readonly spent: () => number;
    readonly still: (seen: string) => void;
  } {
    const begin = this.clock.uptimeMs();
    const spent = () => (this.clock.uptimeMs() - begin) / this.timing.secondMs;
    let told = 0;
    const still = (seen: string) => {
      const minutes = Math.floor(spent() / 60);
      if (minutes <= told) return;
      told = minutes;
      this.say(`still waiting after ${minutes * 60} s of at most ${seconds} s: ${seen}`);
    };
    return { spent, isOver: () => spent() >= seconds, still };
  }
}

export function commandProblem(target: string, what: string, { code, stdout, stderr }: CommandOutput): Problem {
  const said = plainText((stderr.trim() || stdout.trim()).slice(-2000), 300);
  return {
    code: 'command-failed',
    target,
    summary: `${what} on ${target} gave exit code ${code}${said === '' ? '' : `: ${said}`}`,
    remedy: 'See what it says. What the run did is taken back; where that fails as well, the end of the run says what is left.',
    retry: 'after-remedy',
  };
}

const noConnection = (target: string): Problem => ({
  code: 'unreachable',
  target,
  summary: `there is no connection to ${target}`,
  remedy: 'The run connects again by itself.',
  retry: 'later',
});

const takenOver = (target: string, code: number): Problem => ({
  code: 'not-attempted',
  target,
  summary:
    code === TAKEN_OVER
      ? `the self-revert on ${target} missed the sign of life of this run, and takes everything back`
      : `the self-revert on ${target} is not armed any more`,
  remedy: 'Nothing more is changed by this run until that is settled.',
  retry: 'later',
});

const noSignOfLife = (target: string, code: number): Problem => ({
  code: 'not-attempted',
  target,
  summary:
    code === LEASE_UNWRITABLE
      ? `the sign of life of this run cannot be written on ${target}: its disk is full`
      : `the fence of the self-revert on ${target} did not let a command through (exit code ${code})`,
  remedy: 'The appliance takes the run back by itself. Make space on it, then look at `vasatrust runs show`.',
  retry: 'after-remedy',
});

const wasInterrupted = (target: string): Problem => ({
  code: 'not-attempted',
  target,
  summary: `the operator asked to stop while the run waited for ${target}`,
  remedy: 'What was done is taken back.',
  retry: 'later',
});

const otherHostKey = (target: string, before: string, now: string): Problem => ({
  code: 'host-key-mismatch',
  target,
  summary: `${target} offers the SSH host key ${now}; when the run began it was ${before}`,
  remedy:
    'Nothing more was sent. After a fail-over of vCenter HA this is the other node: the first one takes the run back by itself. Look at both on their consoles, then use `vasatrust runs revert`.',
  retry: 'after-remedy',
});
