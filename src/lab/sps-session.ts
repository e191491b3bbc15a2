import { connectionTo, resolve, urlHost } from './appliance-routes.js';
import { loadAtMs } from './sps-life.js';
import { clockOf, logNotAccepted, logNotLoaded, logNotTrusted } from './sps-log.js';
import { isAccepted, isTrusted, servedTo } from './sps-trust.js';
import type { LabProvider, LabRegistration, LabSession, LabVcenter, LabWorld } from './world.js';

/** What an attempt by SPS to talk to a provider comes to, now. */
export type Attempt = 'works' | 'not-trusted' | 'not-accepted' | 'no-route' | 'refused' | 'unknown-host';

export function tryProvider(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): Attempt {
  const provider = world.providers.find((one) => one.name === registration.provider);
  if (!provider && registration.category === 'internal') return 'works';
  const reached = reach(vcenter, provider, registration.url);
  if (reached !== 'open') return reached;
  if (!provider || !isTrusted(vcenter, registration, provider, world.now())) return 'not-trusted';
  return isAccepted(vcenter, provider, world.now()) ? 'works' : 'not-accepted';
}

/** TCP from the appliance to the host of a URL. A name the appliance was told nothing about has the addresses of its provider. */
export function reach(
  vcenter: LabVcenter,
  provider: LabProvider | undefined,
  url: string,
): 'open' | 'no-route' | 'refused' | 'unknown-host' {
  const host = urlHost(url)?.host ?? '';
  const known = [...vcenter.appliance.hosts.keys()].some((name) => name.toLowerCase() === host);
  const addresses = !known && provider?.host.toLowerCase() === host ? provider.addresses : resolve(vcenter.appliance, host);
  if (addresses.length === 0) return 'unknown-host';
  const ends = addresses.map((address) => connectionTo(vcenter.appliance, provider, address));
  return ends.find((end) => end === 'open') ?? ends.find((end) => end === 'no-route') ?? 'refused';
}

/**
 * Moves one registration along the rows of the table: healthy, untrusted, retrying, offline. SPS that is down or not yet healthy looks at
 * nothing. A registration seen for the first time is dated back to the start of SPS, or to its last sync.
 */
export function observe(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): void {
  const { sps } = vcenter.appliance;
  if (sps.state !== 'STARTED' || sps.health !== 'HEALTHY') return;
  const before = registration.session?.pid === sps.pid ? registration.session : undefined;
  const next = before ? nextSession(world, vcenter, registration, before) : firstSession(world, vcenter, registration);
  if (next !== before) registration.session = next;
}

function firstSession(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): LabSession {
  const loadedMs = loadAtMs(world, vcenter);
  const attempt = tryProvider(world, vcenter, registration);
  if (attempt === 'works' || attempt === 'not-trusted' || attempt === 'not-accepted') {
    return met(world, vcenter, registration, attempt, loadedMs);
  }
  logNotLoaded(vcenter, loadedMs, attempt);
  const lostMs = Math.max(loadedMs, registration.lastSyncMs ?? 0);
  const atStart = lostMs === loadedMs;
  if (atStart && world.switches.offlineGate === 'restart') return session(vcenter, 'offline', loadedMs);
  return giveUpWhenDue(world, session(vcenter, 'retrying', Math.min(lostMs, clockOf(world))), vcenter);
}

function nextSession(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration, before: LabSession): LabSession {
  const now = clockOf(world);
  switch (before.view) {
    case 'healthy': {
      const attempt = tryProvider(world, vcenter, registration);
      if (attempt === 'works') return before;
      if (attempt === 'not-trusted' || attempt === 'not-accepted') return met(world, vcenter, registration, attempt, now);
      logNotLoaded(vcenter, now, attempt);
      return session(vcenter, 'retrying', now);
    }
    case 'untrusted': {
      // Disconnected means that SMS has stopped trying; blocking the provider changes nothing for a session that was never built.
      if (world.switches.statusOfUntrusted === 'disconnected') return before;
      return tryProvider(world, vcenter, registration) === 'works' ? met(world, vcenter, registration, 'works', now) : before;
    }
    case 'retrying':
    case 'offline': {
      const attempt = tryProvider(world, vcenter, registration);
      if (attempt === 'works' || attempt === 'not-trusted' || attempt === 'not-accepted') {
        return met(world, vcenter, registration, attempt, now);
      }
      return before.view === 'retrying' ? giveUpWhenDue(world, before, vcenter) : before;
    }
  }
}

/** The provider answered. A session that works leaves the certificate and the time of the sync with SMS. */
export function met(
  world: LabWorld,
  vcenter: LabVcenter,
  registration: LabRegistration,
  attempt: 'works' | 'not-trusted' | 'not-accepted',
  atMs: number,
): LabSession {
  if (attempt === 'not-trusted') logNotTrusted(vcenter, atMs, registration);
  if (attempt === 'not-accepted') logNotAccepted(vcenter, atMs, registration);
  if (attempt !== 'works') return session(vcenter, 'untrusted', atMs);
  const provider = world.providers.find((one) => one.name === registration.provider);
  if (provider) registration.certificate = servedTo(vcenter, provider).leaf;
  registration.lastSyncMs = Math.max(registration.lastSyncMs ?? 0, atMs);
  return session(vcenter, 'healthy', atMs);
}

function giveUpWhenDue(world: LabWorld, retrying: LabSession, vcenter: LabVcenter): LabSession {
  const { sps } = vcenter.appliance;
  const { pollMs, retrySecondMs } = world.timing;
  const waitMs = {
    retry: sps.retryAttempt * sps.retryIntervalS * retrySecondMs,
    poll: pollMs,
    restart: Number.POSITIVE_INFINITY,
  }[world.switches.offlineGate];
  const dueMs = retrying.sinceMs + waitMs;
  return clockOf(world) >= dueMs ? session(vcenter, 'offline', dueMs) : retrying;
}

export function session(vcenter: LabVcenter, view: LabSession['view'], sinceMs: number): LabSession {
  return { view, sinceMs, pid: vcenter.appliance.sps.pid };
}
