import type { LabRegistration, LabTask, LabVcenter, LabWorld } from './world.js';

/** What SMS shows for a registration. */
export interface ShownStatus {
  readonly status: 'online' | 'offline' | 'disconnected' | 'unknown';
  /** `statusFault`: SMS type name and localized message; `certificate` where the fault carries one. */
  readonly fault?: { readonly type: string; readonly message: string; readonly certificate?: string };
  readonly certificateStatus: 'valid' | 'expirySoftLimitReached' | 'expiryHardLimitReached' | 'expired' | 'invalid';
  /** `retainVasaProviderCertificate`; missing: the field is not sent. */
  readonly retained?: boolean;
}

/** `VasaProviderSpec`. */
export interface ProviderSpec {
  readonly name: string;
  readonly description?: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Base64 DER or PEM, as the caller accepted it. */
  readonly certificate?: string;
}

/** Brings tasks, SPS and its sessions up to `world.now()`. Call it before a change made by hand, so that the change is dated right. */
export declare function settle(world: LabWorld, vcenter?: LabVcenter): void;
export declare function statusOf(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): ShownStatus;
/** `down`: answer 503. `starting`: answer the fault ServiceNotInitialized. */
export declare function isServing(world: LabWorld, vcenter: LabVcenter): 'up' | 'starting' | 'down';
/** A task brought up to now; undefined: no such task. */
export declare function findTask(world: LabWorld, vcenter: LabVcenter, key: string): LabTask | undefined;
/** `uid` of `SmsProviderInfo`. An unknown one ends in NotFound. */
export declare function startUnregister(world: LabWorld, vcenter: LabVcenter, uid: string): LabTask;
export declare function startRegister(world: LabWorld, vcenter: LabVcenter, spec: ProviderSpec): LabTask;
export declare function startReconnect(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): LabTask;
export declare function startSync(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): LabTask;
export declare function startRefreshCertificate(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): LabTask;
/** `uids` empty: all providers. A failed push ends in CertificateRefreshFailed with the uids, comma-separated, in field `providerId`. */
export declare function startRefreshCas(world: LabWorld, vcenter: LabVcenter, uids: readonly string[]): LabTask;
/** For scenarios: a registration with everything it does to the provider, at once and without a task. */
export declare function registerAtOnce(world: LabWorld, vcenter: LabVcenter, spec: ProviderSpec): LabRegistration;
/** For service-control: false when SPS is in a state that does not allow it. Progress comes with the clock. */
export declare function beginStop(world: LabWorld, vcenter: LabVcenter): boolean;
export declare function beginStart(world: LabWorld, vcenter: LabVcenter): boolean;
