import type { CleanupPlan } from './cleanup-plan.js';
import type { IsoTime } from './ids.js';
import type { StepId } from './plan.js';
import type { Problem } from './problem.js';
import type { Timing } from './timing.js';

/** `20261122T201500Z-vc65-1f3a`: sorts by time, names the vCenter, fits into file, unit and folder names. */
export type RunId = string & { readonly __brand: 'RunId' };

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * One line of a journal. Written before what it announces is done (`intent`), and after (`outcome`); never changed. Holds no secret.
 * Together the lines are enough to go on with the run, or to take it back, by somebody else, on another day.
 */
export type JournalEntry = { readonly seq: number; readonly at: IsoTime } & RunEvent;

export type RunEvent =
  | {
      readonly event: 'begin';
      readonly formatVersion: 1;
      readonly run: RunId;
      readonly plan: CleanupPlan;
      readonly timing: Timing;
      /** How it was confirmed: the vCenter's name typed, or `--yes`. */
      readonly confirmed: 'typed' | 'yes';
    }
  /** Somebody's process begins to work on this run; the first one is the run itself. */
  | {
      readonly event: 'session';
      readonly mode: RunMode;
      readonly user: string;
      readonly host: string;
      readonly pid: number;
      readonly madeBy: string;
      /** The logins it uses, without their secrets: `administrator@vsphere.local, root on the appliance`. */
      readonly accounts?: string;
    }
  /** What was there when we came: of the appliance at the first connection of a session. */
  | { readonly event: 'appliance'; readonly facts: ApplianceFacts }
  | { readonly event: 'intent'; readonly step: StepId; readonly action: 'apply' | 'undo'; readonly captured: JsonValue }
  | {
      readonly event: 'outcome';
      readonly step: StepId;
      readonly action: 'apply' | 'undo';
      readonly result: StepResult;
      readonly found?: JsonValue;
      readonly problem?: Problem;
    }
  /** A step that had been done was looked at again by a later session. */
  | {
      readonly event: 'looked';
      readonly step: StepId;
      readonly state: 'in-effect' | 'not-in-effect' | 'drifted';
      readonly found?: JsonValue;
    }
  /** A registration is proven gone, by a fresh query. */
  | { readonly event: 'removed'; readonly uid: string; readonly how: 'plain' | 'procedure' | 'somebody-else' }
  /** And is listed again by the last look of the run: a removal that SMS did not keep. */
  | { readonly event: 'returned'; readonly uid: string }
  | { readonly event: 'decided'; readonly what: RunDecision }
  | { readonly event: 'saw'; readonly what: RunSight; readonly text: string }
  | { readonly event: 'end'; readonly result: RunResult; readonly left: readonly string[]; readonly problem?: Problem };

export type RunMode = 'run' | 'resume' | 'revert';

export interface ApplianceFacts {
  /** `SHA256:…` */
  readonly hostKey: string;
  readonly machineId?: string;
  /** Changes with every boot. */
  readonly bootId?: string;
  readonly build?: string;
  readonly spsPid?: number;
}

/** `already`: in effect before we came; `failed`: tried, and its check does not hold. */
export type StepResult = 'done' | 'already' | 'failed';

export type RunDecision =
  /** A registration survived step 7 of the one pass. */
  | { readonly kind: 'one-at-a-time'; readonly survivors: readonly string[] }
  /** Online again after a Reconnect: nothing more is done about it. */
  | { readonly kind: 'reconnected'; readonly uid: string }
  | { readonly kind: 'take-back'; readonly why: TakeBackReason };

export type TakeBackReason = 'step-failed' | 'interrupted' | 'deadline' | 'lease-lost' | 'rebooted' | 'asked' | 'drifted';

export type RunSight =
  | 'connection-lost'
  | 'connected-again'
  | 'lease-lost'
  | 'rebooted'
  /** What the self-revert on the appliance wrote down. */
  | 'self-revert'
  | 'interrupted';

export type RunResult =
  /** Every registration removed, all else as before. */
  | 'done'
  /** Everything was taken back; nothing was removed. */
  | 'taken-back'
  /** At least one registration is gone; the rest was taken back. */
  | 'removed-and-taken-back'
  /** Something is left changed: `left` says what. */
  | 'left-changed';

/** What `runs list` shows of one. */
export interface RunSummary {
  readonly id: RunId;
  readonly vcenter: string;
  /** `under-way`: a process that is alive works on it; `interrupted`: nobody does and it has no end. */
  readonly state: RunResult | 'under-way' | 'interrupted';
  readonly startedAt: IsoTime;
  readonly endedAt?: IsoTime;
  readonly removals: readonly { readonly uid: string; readonly name: string; readonly gone: boolean }[];
  /** The letter of the promised end states that the journal stands at; see docs/interruptions.md. */
  readonly at: RunLetter;
  readonly by: string;
  readonly left: readonly string[];
}

/** A nothing changed, B file edited, C route set, D SPS stopped, E SPS running and provider blocked, F registration removed, G unblocked, H file back, I restarted and verified. */
export type RunLetter = 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I';
