import type { Result } from '../model/problem.js';
import type { Timing } from '../model/timing.js';
import type { GuardFacts, SpsJob } from './guard-facts.js';
import type { GuardState, GuardStatus, JobState } from './guard-status.js';
import type { Link } from './ports.js';

export type ApplianceRun = Link['shell']['run'];

/** The self-revert of one run, as the tool handles it. */
export interface Guard {
  /** The folder of the run on the appliance. */
  readonly folder: string;
  /**
   * Before the first change, and again by whoever goes on with the run. Safe to repeat. Ends only when it is proven: the timer (or watcher)
   * is there, the boot guard enabled, a sign of life was written, and a look was made. Problem `not-attempted` while it is taking back.
   */
  arm(run: ApplianceRun): Promise<Result<ArmProof>>;
  isArmed(run: ApplianceRun): Promise<Result<GuardState>>;
  /** Every command that changes the appliance goes through the fence: exit codes of guard-facts.ts, else the command's own. */
  fenced(argv: readonly string[]): string[];
  /** Starts a job that outlives the connection; a job that is running is not started twice. */
  detached(job: SpsJob): string[];
  /** How the last job of that name stands. */
  jobState(run: ApplianceRun, job: SpsJob): Promise<Result<JobState>>;
  readonly renew: readonly string[];
  /** Only after a fresh query proved all registrations gone. */
  readonly markRemoved: readonly string[];
  /** Puts the original of sms-config.xml back by a rename: needs no space. Goes through the fence; nothing to do is fine. */
  readonly restoreFile: readonly string[];
  status(run: ApplianceRun): Promise<Result<GuardStatus>>;
  /**
   * Verified gone: timer, units, watcher, copies beside the file, lock, folder. Refused (`command-failed`) while a route of the run or its
   * change of the file is in effect, unless `leave` says that what is left was left on purpose. Safe to repeat.
   */
  disarm(run: ApplianceRun, options?: { readonly leave?: true }): Promise<Result<void>>;
}

export interface ArmProof {
  readonly kind: 'systemd' | 'watcher';
  /** For the journal: what was seen. */
  readonly proof: string;
}

export declare function openGuard(facts: GuardFacts, timing: Timing): Guard;
