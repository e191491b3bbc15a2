import type { IsoTime, ProviderId, ProviderUrl, Sha256Hex, VcenterId } from './ids.js';
import type { PlannedVcenter, Span, Step } from './plan.js';
import type { Accepted } from './plan-answer.js';

/** What planning a cleanup comes to. */
export type CleanupAnswer =
  | { readonly kind: 'plan'; readonly plan: CleanupPlan }
  /** Asked for all stale ones, and there is none. */
  | { readonly kind: 'nothing-stale'; readonly vcenter: VcenterId; readonly undecided: readonly Undecided[] }
  | { readonly kind: 'refused'; readonly refusals: readonly CleanupRefusal[]; readonly undecided: readonly Undecided[] };

/** A registration of which nobody can say whether it is stale. */
export interface Undecided {
  readonly uid: string;
  readonly name: string;
  readonly why: string;
}

/**
 * How the registrations of one vCenter that went stale are removed, and everything taken back: data, carried out by nobody yet.
 * Steps stand in an order that honours `needs`; the steps of the published procedure keep their numbers.
 */
export interface CleanupPlan {
  readonly formatVersion: 1;
  readonly kind: 'cleanup';
  readonly madeBy: string;
  readonly takenAt: IsoTime;
  readonly estate: Sha256Hex;
  readonly vcenter: PlannedVcenter;
  /** In the order they are removed: inactive ones first. */
  readonly removals: readonly Removal[];
  readonly addresses: readonly BlockedAddress[];
  readonly strategy: 'one-pass' | 'one-at-a-time';
  /** Who is going to carry it out; missing: a person. */
  readonly by?: 'hand' | 'tool';
  /** `route` only where `ip` is proven missing. */
  readonly routeTool?: 'ip' | 'route';
  /** Other registrations of the same arrays on this vCenter that are left alone. */
  readonly siblings: readonly { readonly uid: string; readonly name: string; readonly working: boolean }[];
  readonly config: ConfigChange;
  readonly restarts: number;
  /** From the first change to the last check. */
  readonly window: Span;
  /** The first attempt, then the procedure. */
  readonly steps: readonly CleanupStep[];
  /** What follows when a registration survives step 7 of the one pass: one at a time, from step 8 of the others on. */
  readonly ifOneSurvives: readonly CleanupStep[];
  readonly warnings: readonly CleanupWarning[];
  readonly undecided: readonly Undecided[];
  readonly accepted: readonly Accepted[];
  /** Accepted, and not needed. */
  readonly unneeded: readonly Accepted[];
  /** What could not be looked at, in words. */
  readonly unseen: readonly string[];
}

export interface Removal {
  readonly uid: string;
  readonly name: string;
  readonly url: ProviderUrl;
  readonly provider: ProviderId;
  readonly active: boolean;
  readonly status: string;
  readonly addresses: readonly string[];
  readonly arrays: readonly string[];
  /** Who holds the provider's trust now, proven by key. */
  readonly holders: readonly VcenterId[];
  readonly dependents?: { readonly datastores: readonly string[]; readonly vms: number; readonly poweredOnVms: number };
}

export interface BlockedAddress {
  readonly address: string;
  readonly family: 4 | 6;
  /** uids of the removals behind it. */
  readonly uids: readonly string[];
  /** A reject route is there already and was accepted: it is taken over, and removed in step 8. */
  readonly alreadyBlocked?: string;
}

/** How `qsConnection/retryAttempt` is changed and put back. */
export interface ConfigChange {
  readonly path: string;
  /** Where changed copies are made: beside the file, so that the last act is a rename. */
  readonly working: string;
  readonly backup: string;
  /** What the file says now; missing: not seen. */
  readonly now?: string;
  readonly during: string;
  /** What it says at the end. */
  readonly after: string;
  /** Seconds; 30 is published, the file's own value counts. */
  readonly interval: number;
  /** Whether the appliance has xmllint. */
  readonly xmllint: boolean;
  /** Known where the file itself was read. */
  readonly exact?: {
    readonly line: number;
    /** Where on that line the number begins, 0-based. */
    readonly column: number;
    readonly lineNow: string;
    readonly lineDuring: string;
    readonly shaNow: string;
    readonly shaDuring: string;
    readonly shaAfter: string;
  };
}

export type CleanupWarning =
  | { readonly code: 'holder-loses-nothing'; readonly holders: readonly VcenterId[] }
  | { readonly code: 'no-path-afterwards'; readonly array: string }
  | { readonly code: 'vms-without-control-path'; readonly datastores: readonly string[]; readonly poweredOnVms: number }
  | { readonly code: 'other-stale'; readonly uid: string; readonly name: string }
  | { readonly code: 'looked-once' }
  | { readonly code: 'may-need-one-at-a-time'; readonly extraRestarts: number }
  /** Services SPS may need to come up again; a clock that is off by more than a minute. */
  | { readonly code: 'services-down'; readonly services: readonly string[] }
  | { readonly code: 'clock-off'; readonly seconds: number }
  /** `--first-reconnect` was asked for, and is of no use here. */
  | { readonly code: 'no-reconnect'; readonly uid: string; readonly name: string; readonly why: 'status' | 'not-trusted' }
  /** Registering again may replace the roots by which the provider lets other vCenters in. */
  | { readonly code: 'client-cas'; readonly name: string };

export type CleanupStep = Pick<Step, 'id' | 'needs' | 'actor' | 'place' | 'seconds'> & {
  /** Of the published procedure, 1 to 11; missing: ours, before, between or after them. */
  readonly number?: number;
  /** 1, or the turn of a cleanup that goes one at a time. */
  readonly pass: number;
  readonly do: readonly Act[];
  readonly check: readonly Check[];
  readonly undo: readonly Act[];
  readonly wait?: Wait;
} & CleanupAction;

export type CleanupAction =
  | { readonly kind: 'confirm-backup' }
  /** Only for a registration that is `disconnected` and whose provider is trusted there: SMS is asked to try again. */
  | { readonly kind: 'try-reconnect'; readonly uid: string; readonly name: string }
  | { readonly kind: 'try-plain'; readonly uid: string; readonly name: string }
  | { readonly kind: 'open-shell' }
  | { readonly kind: 'record-state' }
  /** Before the first change: from then on the appliance takes itself back when nobody gives a sign of life. */
  | { readonly kind: 'arm-self-revert' }
  | { readonly kind: 'lower-retry' }
  | { readonly kind: 'block'; readonly addresses: readonly string[] }
  | { readonly kind: 'stop-sps' }
  | { readonly kind: 'start-sps' }
  | { readonly kind: 'await-offline'; readonly uids: readonly string[] }
  | { readonly kind: 'unregister'; readonly uid: string; readonly name: string }
  | { readonly kind: 'unblock'; readonly addresses: readonly string[] }
  | { readonly kind: 'restore-retry' }
  | { readonly kind: 'restart-sps' }
  | { readonly kind: 'confirm-clean' }
  | { readonly kind: 'disarm-self-revert' }
  /** After everything is as before: `uid` and `name` are those of the registration that was removed. */
  | { readonly kind: 're-register'; readonly uid: string; readonly name: string; readonly registration: NewRegistration };

export type CleanupStepKind = CleanupStep['kind'];

/** How a provider is registered again. The password is read when it is needed and stands nowhere. */
export interface NewRegistration {
  readonly name: string;
  /** By a host name that the provider's certificate holds. */
  readonly url: ProviderUrl;
  readonly username: string;
  /** The leaves that were seen at this URL: any other that SMS asks to trust is refused, whoever would confirm it. */
  readonly seen: readonly Sha256Hex[];
  /** Why nobody loses anything by it. */
  readonly because: 'retained' | 'virtual-host' | 'hurts-nobody';
}

/** One thing to do. Commands run as root on the appliance: an argument list, absolute path first. */
export type Act =
  | { readonly by: 'ssh'; readonly argv: readonly string[] }
  /** `UnregisterProvider_Task`; by hand: remove it in the vSphere Client. */
  | { readonly by: 'sms'; readonly unregister: string; readonly name: string }
  /** `VasaProviderReconnect_Task`; by hand: no place in the vSphere Client is known for it. */
  | { readonly by: 'sms-reconnect'; readonly uid: string; readonly name: string }
  /** `RegisterProvider_Task`, once without and, where SMS asks, once with the provider's certificate. */
  | { readonly by: 'sms-register'; readonly registration: NewRegistration }
  | { readonly by: 'operator'; readonly what: 'backup' | 'log-in' }
  | { readonly by: 'self-revert'; readonly what: 'arm' | 'disarm' };

/** One read-only look and what it has to show. */
export type Check =
  | { readonly by: 'ssh'; readonly argv: readonly string[]; readonly expect: Expectation }
  | { readonly by: 'sms'; readonly expect: SmsExpectation };

export type Expectation =
  | { readonly is: 'done' }
  /** Exit code 0, and this text somewhere. */
  | { readonly is: 'prints'; readonly text: readonly string[] }
  | { readonly is: 'prints-nothing' }
  /** An exit code other than 0, and this text somewhere where one is given. */
  | { readonly is: 'fails'; readonly text?: string };

/** Of a fresh `QueryProvider`: what a finished task says is no proof. */
export interface SmsExpectation {
  readonly absent?: readonly string[];
  /** One that is gone by then, whoever removed it, holds as well. */
  readonly offline?: readonly string[];
  /** uids, or URLs where the uid is not known before. */
  readonly online?: readonly string[];
  /** Fresh queries in a row that have to agree. */
  readonly times: number;
}

export interface Wait {
  readonly until: 'sps-stopped' | 'sps-healthy' | 'offline' | 'removed' | 'online';
  /** Seconds. `least` counts from when SPS turned healthy. */
  readonly least: number;
  readonly most: number;
  readonly every: number;
}

/** Why nothing is planned. `code` is stable; `name` is what `--accept CODE:NAME` names. */
export interface CleanupRefusal {
  readonly code: CleanupRefusalCode;
  readonly name?: string;
  readonly acceptable: boolean;
  readonly summary: string;
  readonly remedy: string;
}

export type CleanupRefusalCode =
  | 'not-registered'
  | 'not-stale'
  | 'issuer-unknown'
  | 'internal-provider'
  | 'leftover-route'
  | 'static-route'
  | 'dependents-running'
  | 'dependents-unknown'
  | 'shared-address'
  | 'protected-address'
  | 'addresses-unknown'
  | 'cannot-block'
  | 'backup-unconfirmed'
  | 'sps-unhealthy'
  | 'config-unexpected'
  | 'cleanup-leftover'
  | 'another-run'
  | 'another-appliance'
  | 'disk-full'
  | 'password-expiring'
  | 'vcha-enabled'
  | 'would-take-trust'
  | 'cannot-register';
