import * as life from './sps-life.js';
import { clockOf } from './sps-log.js';
import { giveCertificate, hearRetain, isRefusal, type ProviderSpec, pushRoots, register, registered } from './sps-register.js';
import { met, observe, tryProvider } from './sps-session.js';
import { createTask, failed, settleTasks, type TaskOutcome } from './sps-tasks.js';
import { readCertificate, servedTo } from './sps-trust.js';
import { unregister } from './sps-unregister.js';
import type { LabProvider, LabRegistration, LabTask, LabVcenter, LabWorld } from './world.js';

/**
 * How SPS behaves, as a function of world and clock: nothing happens by itself, everything is brought up to `world.now()` when somebody
 * asks. What nobody has proven about SPS is a switch of the world; the table of views is in `sps-session`, their removal in `sps-unregister`.
 */

export type { ProviderSpec };

/** What SMS shows for a registration. */
export interface ShownStatus {
  readonly status: 'online' | 'offline' | 'disconnected' | 'unknown';
  /** `statusFault`: SMS type name and localized message; `certificate` where the fault carries one. */
  readonly fault?: { readonly type: string; readonly message: string; readonly certificate?: string };
  readonly certificateStatus: 'valid' | 'expirySoftLimitReached' | 'expiryHardLimitReached' | 'expired' | 'invalid';
  /** `retainVasaProviderCertificate`; missing: the field is not sent. */
  readonly retained?: boolean;
}

const DAY_MS = 86_400_000;
const MANAGER = 'storageManager';

/** Brings tasks, SPS and its sessions up to `world.now()`. Call it before a change made by hand, so that the change is dated right. */
export function settle(world: LabWorld, vcenter?: LabVcenter): void {
  settleTasks(world);
  for (const one of vcenter ? [vcenter] : world.vcenters) {
    life.settleService(world, one);
    for (const registration of one.registrations) observe(world, one, registration);
  }
}

export function statusOf(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): ShownStatus {
  settleTasks(world);
  life.settleService(world, vcenter);
  observe(world, vcenter, registration);
  const { status, fault } = shownView(world, vcenter, registration);
  const retained = shownRetained(world, registration);
  return {
    status,
    certificateStatus: certificateStatus(world, registration),
    ...(fault ? { fault } : {}),
    ...(retained === undefined ? {} : { retained }),
  };
}

/** `down`: answer 503. `starting`: answer the fault ServiceNotInitialized. */
export function isServing(world: LabWorld, vcenter: LabVcenter): 'up' | 'starting' | 'down' {
  settleTasks(world);
  life.settleService(world, vcenter);
  const { state, health } = vcenter.appliance.sps;
  if (state !== 'STARTED') return 'down';
  return health === 'HEALTHY' ? 'up' : 'starting';
}

/** A task brought up to now; undefined: no such task. */
export function findTask(world: LabWorld, vcenter: LabVcenter, key: string): LabTask | undefined {
  settleTasks(world);
  return vcenter.tasks.find((task) => task.key === key);
}

/** `uid` of `SmsProviderInfo`. An unknown one ends in NotFound. */
export function startUnregister(world: LabWorld, vcenter: LabVcenter, uid: string): LabTask {
  return start(world, vcenter, MANAGER, (atMs, key) => {
    const outcome = unregister(world, vcenter, uid, atMs, key);
    const gone = !vcenter.registrations.some((one) => one.uid === uid);
    if (!('error' in outcome)) note(world, vcenter.id, `unregister ${uid}`, gone ? 'removed' : 'still registered');
    return outcome;
  });
}

export function startRegister(world: LabWorld, vcenter: LabVcenter, spec: ProviderSpec): LabTask {
  return start(world, vcenter, MANAGER, () => {
    settleSessions(world);
    const outcome = register(world, vcenter, spec);
    if (!isRefusal(outcome)) note(world, vcenter.id, `register ${spec.url}`, outcome.uid);
    settleSessions(world);
    return registered(outcome);
  });
}

/** Does something only where SMS shows `disconnected`. */
export function startReconnect(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): LabTask {
  return start(world, vcenter, registration.ref, (atMs) => {
    if (shownView(world, vcenter, registration).status !== 'disconnected') return {};
    const attempt = tryProvider(world, vcenter, registration);
    switch (attempt) {
      case 'works':
        registration.session = met(world, vcenter, registration, 'works', atMs);
        return {};
      case 'not-trusted':
        return failed('InvalidCertificate', 'The provider certificate is not trusted.', {
          certificate: providerOf(world, registration, (provider) => servedTo(vcenter, provider).leaf) ?? '',
        });
      case 'not-accepted':
      case 'no-route':
      case 'refused':
      case 'unknown-host':
        return failed('ProviderConnectionFailed', attempt === 'not-accepted' ? 'Handshake failed.' : 'Connection refused.');
    }
  });
}

export function startSync(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): LabTask {
  return start(world, vcenter, registration.ref, (atMs) => {
    if (registration.session?.view !== 'healthy') return failed('ProviderSyncFailed', 'Sync failed.');
    registration.lastSyncMs = atMs;
    return {};
  });
}

/** A new certificate from this vCenter's VMCA, whoever holds the provider now: from a vCenter that lost it, this is the clash (inferred). */
export function startRefreshCertificate(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): LabTask {
  return start(world, vcenter, registration.ref, (atMs) => {
    const attempt = tryProvider(world, vcenter, registration);
    const shown = shownView(world, vcenter, registration).status;
    const provider = world.providers.find((one) => one.name === registration.provider);
    const reached = attempt === 'works' || attempt === 'not-trusted' || attempt === 'not-accepted';
    if (!provider || !reached || shown === 'disconnected') {
      return failed('CertificateRefreshFailed', 'Refresh failed.', { providerId: registration.uid });
    }
    if (provider.retained) return {};
    settleSessions(world);
    giveCertificate(world, vcenter, provider);
    pushRoots(world, vcenter, provider);
    hearRetain(registration, provider);
    note(world, vcenter.id, `refresh the certificate of ${registration.url}`, registration.uid);
    registration.session = met(world, vcenter, registration, 'works', atMs);
    settleSessions(world);
    return {};
  });
}

/** `uids` empty: all providers. A failed push ends in CertificateRefreshFailed with the uids, comma-separated, in field `providerId`. */
export function startRefreshCas(world: LabWorld, vcenter: LabVcenter, uids: readonly string[]): LabTask {
  return start(world, vcenter, MANAGER, () => {
    const unknown = uids.find((uid) => !vcenter.registrations.some((one) => one.uid === uid));
    if (unknown !== undefined) return failed('NotFound', 'No provider with that uid.');
    const asked = vcenter.registrations.filter((one) => uids.length === 0 || uids.includes(one.uid));
    const refused: string[] = [];
    settleSessions(world);
    for (const registration of asked) {
      const provider = world.providers.find((one) => one.name === registration.provider);
      if (registration.session?.view !== 'healthy' || !provider) refused.push(registration.uid);
      else {
        pushRoots(world, vcenter, provider);
        hearRetain(registration, provider);
        note(world, vcenter.id, `push roots to ${registration.url}`, registration.uid);
      }
    }
    settleSessions(world);
    return refused.length === 0 ? {} : failed('CertificateRefreshFailed', 'Push failed.', { providerId: refused.join(',') });
  });
}

/** For service-control: false when SPS is in a state that does not allow it. Progress comes with the clock. */
export function beginStop(world: LabWorld, vcenter: LabVcenter): boolean {
  settle(world, vcenter);
  return life.beginStop(world, vcenter);
}

export function beginStart(world: LabWorld, vcenter: LabVcenter): boolean {
  settle(world, vcenter);
  return life.beginStart(world, vcenter);
}

function start(world: LabWorld, vcenter: LabVcenter, object: string, work: (atMs: number, key: string) => TaskOutcome): LabTask {
  settle(world, vcenter);
  return createTask(world, vcenter, object, (atMs, key) => {
    for (const registration of vcenter.registrations) observe(world, vcenter, registration);
    return work(atMs, key);
  });
}

/** Before and after something that other vCenters will notice, so that each dates it right. */
function settleSessions(world: LabWorld): void {
  for (const vcenter of world.vcenters) {
    life.settleService(world, vcenter);
    for (const registration of vcenter.registrations) observe(world, vcenter, registration);
  }
}

function shownView(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): Pick<ShownStatus, 'status' | 'fault'> {
  const { statusOfUntrusted, statusWhileRetrying } = world.switches;
  const view = registration.session?.pid === vcenter.appliance.sps.pid ? registration.session.view : 'retrying';
  switch (view) {
    case 'healthy':
      return { status: 'online' };
    case 'offline':
      return { status: 'offline' };
    case 'retrying':
      return { status: statusWhileRetrying };
    case 'untrusted': {
      if (statusOfUntrusted === 'offline') return { status: 'offline' };
      const certificate = providerOf(world, registration, (provider) => servedTo(vcenter, provider).leaf);
      const message = 'The provider certificate is not trusted by the current certificate authority.';
      const attempt = tryProvider(world, vcenter, registration);
      return attempt === 'not-trusted' && certificate !== undefined
        ? { status: 'disconnected', fault: { type: 'InvalidCertificate', message, certificate } }
        : { status: 'disconnected', fault: { type: 'ProviderConnectionFailed', message: 'Handshake failed.' } };
    }
  }
}

/** Of the certificate SMS has stored; its limits are six months and one month (KB 323232). */
function certificateStatus(world: LabWorld, registration: LabRegistration): ShownStatus['certificateStatus'] {
  if (registration.session?.view === 'untrusted') return 'invalid';
  const certificate = registration.certificate ? readCertificate(registration.certificate) : undefined;
  if (!certificate) return 'invalid';
  const leftMs = new Date(certificate.validTo).getTime() - clockOf(world);
  if (leftMs <= 0) return 'expired';
  if (leftMs < 30 * DAY_MS) return 'expiryHardLimitReached';
  return leftMs < 182 * DAY_MS ? 'expirySoftLimitReached' : 'valid';
}

function shownRetained(world: LabWorld, registration: LabRegistration): boolean | undefined {
  switch (world.switches.retainFlag) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'absent':
      return undefined;
    case 'as-provider':
      return providerOf(world, registration, (provider) => provider.retained);
    case 'as-told':
      return registration.retainTold;
  }
}

function providerOf<T>(world: LabWorld, registration: LabRegistration, read: (provider: LabProvider) => T): T | undefined {
  const provider = world.providers.find((one) => one.name === registration.provider);
  return provider ? read(provider) : undefined;
}

function note(world: LabWorld, where: string, what: string, outcome: string): void {
  world.record.push({ at: world.now().toISOString(), where, kind: 'change', what, outcome });
}
