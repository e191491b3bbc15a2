import type { ApplianceProbes, ServiceState } from '../model/appliance-probes.js';
import type { BlockedAddress } from '../model/cleanup-plan.js';
import type { Observation } from '../model/evidence.js';
import type { Inventory, Provider, Registration, Vcenter } from '../model/inventory.js';
import { canonicalAddress, canonicalHostPort } from '../x509/names.js';
import { deleteReject } from './cleanup-commands.js';
import type { RefusalReason } from './cleanup-refusal.js';

const LEAST_FREE_MIB = 500;
const LEAST_PASSWORD_DAYS = 2;

/** One registration of the vCenter that is cleaned up, with the provider it belongs to. */
export interface Registered {
  readonly provider: Provider;
  readonly registration: Registration;
}

export const registrationsAt = (inventory: Inventory, vcenter: Vcenter): Registered[] =>
  inventory.providers.flatMap((provider) =>
    provider.registrations.filter((one) => one.vcenter === vcenter.id).map((registration) => ({ provider, registration })),
  );

/** Addresses of the host of a URL as the appliance resolves it; the operator's own look does not count. */
export function addressesFor({ registration }: Registered, probes: ApplianceProbes | undefined): readonly string[] | string {
  const at = canonicalHostPort(registration.url);
  if (at === undefined) return 'its URL is none';
  if (at.isAddress) return [at.host];
  const probed = probes?.resolved.find(({ name }) => name === at.host)?.addresses;
  if (probed?.state === 'seen' && probed.value.length > 0) return probed.value;
  if (registration.reach.from === 'appliance' && registration.reach.addresses.length > 0) return registration.reach.addresses;
  if (probed?.state === 'absent') return probed.why ?? 'it does not resolve there';
  return probed?.state === 'unknown' ? probed.problem.summary : 'nobody looked from there';
}

/** Powered-on VMs, or a datastore that some host still reaches. One reason per datastore, whatever the number of registrations. */
export function dependentReasons(chosen: readonly Registered[]): RefusalReason[] {
  const unseen = chosen.flatMap(({ registration }): RefusalReason[] =>
    registration.dependents === undefined ? [{ code: 'dependents-unknown', name: registration.name }] : [],
  );
  const running = new Map<string, RefusalReason>();
  for (const { registration } of chosen) {
    const { datastores = [], poweredOnVms = 0 } = registration.dependents ?? {};
    for (const { name, accessibleOn, poweredOnVms: here } of datastores) {
      // Not counted per datastore: then the total stands for each of them.
      const poweredOn = here ?? (poweredOnVms === 0 ? 0 : undefined);
      if (poweredOn === 0 && accessibleOn.length === 0) continue;
      running.set(name, { code: 'dependents-running', datastore: name, poweredOn, accessibleOn });
    }
  }
  return [...unseen, ...running.values()];
}

/** Reject routes are asked of the fresh look where there is one, else of the evidence. */
export function routeReasons(
  addresses: readonly BlockedAddress[],
  vcenter: Vcenter,
  probes: ApplianceProbes | undefined,
): RefusalReason[] {
  const others = probes?.routes.state === 'seen' ? probes.routes.value.hostRoutes.filter((route) => !route.refuses) : [];
  return addresses.flatMap(({ address, family }): RefusalReason[] => {
    const line = rejectRouteTo(address, vcenter, probes);
    if (line !== undefined) {
      const { remove, isOfProcedure } = deleteReject(line, { address, family });
      return [{ code: 'leftover-route', address, line, remove: remove.join(' '), isOfProcedure }];
    }
    const own = others.find((route) => route.address === address);
    return own === undefined ? [] : [{ code: 'static-route', address, line: own.line }];
  });
}

/** `route -A inet6 … reject` is refused by the kernel (measured: SIOGIFINDEX, no such device). */
export const unblockable = (addresses: readonly BlockedAddress[], tool: 'ip' | 'route'): RefusalReason[] =>
  addresses.flatMap(({ address, family }) => (family === 6 && tool === 'route' ? [{ code: 'cannot-block', address }] : []));

export function rejectRouteTo(address: string, vcenter: Vcenter, probes: ApplianceProbes | undefined): string | undefined {
  const fresh = probes?.routes.state === 'seen' ? probes.routes.value.hostRoutes.filter((route) => route.refuses) : undefined;
  const routes = fresh ?? vcenter.leftovers.rejectRoutes ?? [];
  return routes.find((route) => (canonicalAddress(route.address) ?? route.address) === address)?.line;
}

/** Healthy registrations of this vCenter behind the same addresses. One that is removed, or stale itself, loses nothing. */
export function sharedReasons(
  addresses: readonly BlockedAddress[],
  all: readonly Registered[],
  chosen: readonly Registered[],
  probes: ApplianceProbes | undefined,
): RefusalReason[] {
  const others = all.filter(
    (one) => !chosen.includes(one) && one.registration.category !== 'internal' && one.registration.stale.value !== true,
  );
  return addresses.flatMap(({ address }): RefusalReason[] => {
    const sharing = others.filter((one) => {
      const theirs = addressesFor(one, probes);
      return typeof theirs !== 'string' && theirs.includes(address);
    });
    return sharing.length === 0
      ? []
      : [{ code: 'shared-address', address, others: sharing.map(({ registration }) => registration.name).sort() }];
  });
}

/** Addresses that the appliance, or we, need: ESXi hosts, gateways, DNS servers, linked vCenters, the appliance itself, the operator. */
export function protectedReasons(
  addresses: readonly BlockedAddress[],
  inventory: Inventory,
  vcenter: Vcenter,
  probes: ApplianceProbes | undefined,
): RefusalReason[] {
  const needed = neededAddresses(inventory, vcenter, probes);
  return addresses.flatMap(({ address }): RefusalReason[] => {
    const what = isOwn(address) ? 'an address of the appliance itself' : needed.get(address);
    return what === undefined ? [] : [{ code: 'protected-address', address, what }];
  });
}

const isOwn = (address: string): boolean => /^(127\.|0\.0\.0\.0$|22[4-9]\.|23\d\.|::1?$|ff)/i.test(address);

function neededAddresses(inventory: Inventory, vcenter: Vcenter, probes: ApplianceProbes | undefined): Map<string, string> {
  const needed = new Map<string, string>();
  const add = (what: string, addresses: readonly string[]) => {
    for (const address of addresses) if (!needed.has(address)) needed.set(address, what);
  };
  const addressesOf = (name: string): readonly string[] => {
    const own = canonicalAddress(name);
    if (own !== undefined) return [own];
    return seenOr(probes?.resolved.find((one) => one.name === name)?.addresses, []);
  };
  const seenRoutes = probes?.routes.state === 'seen' ? probes.routes.value : undefined;
  add('the default gateway', seenRoutes?.gateways ?? []);
  add('a DNS server of the appliance', seenOr(probes?.nameservers, []));
  add('the machine that you are working from', probes?.operator.state === 'seen' ? [probes.operator.value] : []);
  add('the vCenter itself', addressesOf(vcenter.address));
  for (const linked of vcenter.linkedWith) {
    const other = inventory.vcenters.find((one) => one.id === linked.vcenter);
    if (other !== undefined) add(`the linked vCenter ${other.id}`, addressesOf(other.address));
  }
  for (const node of vcenter.ssoNodes ?? []) add(`${node}, a node of the same SSO domain`, addressesOf(node));
  if (typeof vcenter.vcha === 'object') add('a node of vCenter High Availability', vcenter.vcha.addresses);
  for (const host of vcenter.hosts ?? []) add(`the ESXi host ${host.name}`, addressesOf(host.name));
  for (const { registration } of registrationsAt(inventory, vcenter)) {
    // IO-filter providers live on the ESXi hosts.
    const at = registration.category === 'internal' ? canonicalHostPort(registration.url) : undefined;
    if (at !== undefined) add(`an ESXi host (${registration.name})`, addressesOf(at.host));
  }
  return needed;
}

const seenOr = <T>(seen: Observation<T> | undefined, otherwise: T): T => (seen?.state === 'seen' ? seen.value : otherwise);

/** Names the appliance has to resolve before addresses can be judged. */
export function namesToResolve(inventory: Inventory, vcenter: Vcenter): string[] {
  const urls = registrationsAt(inventory, vcenter).map(({ registration }) => canonicalHostPort(registration.url)?.host ?? '');
  const linked = vcenter.linkedWith.flatMap((one) => inventory.vcenters.find(({ id }) => id === one.vcenter)?.address ?? []);
  const hosts = (vcenter.hosts ?? []).map((host) => host.name);
  return [...new Set([...urls, vcenter.address, ...linked, ...(vcenter.ssoNodes ?? []), ...hosts])].filter(
    (name) => name !== '' && canonicalAddress(name) === undefined,
  );
}

/** The appliance's own state: service, disk, password, what an earlier cleanup left. */
export function applianceReasons(vcenter: Vcenter, probes: ApplianceProbes | undefined): RefusalReason[] {
  const reasons: RefusalReason[] = (vcenter.leftovers.armed ?? []).map((what) => ({ code: 'another-run', what }));
  if (vcenter.otherMachine !== undefined)
    reasons.push({ code: 'another-appliance', vcenter: vcenter.id, ...vcenter.otherMachine });
  if (typeof vcenter.vcha === 'object' && mayFailOver(vcenter.vcha))
    reasons.push({ code: 'vcha-enabled', state: vcenter.vcha.state, mode: vcenter.vcha.mode });
  if (probes?.sps.state === 'seen') {
    const { runState, health } = probes.sps.value;
    if (runState !== 'STARTED' || (health !== undefined && health !== 'HEALTHY'))
      reasons.push({ code: 'sps-unhealthy', state: [runState, health].filter((word) => word !== undefined).join(' and ') });
  }
  if (probes?.disk.state === 'seen') {
    for (const { mount, freeKib } of probes.disk.value) {
      const freeMib = Math.floor(freeKib / 1024);
      if (freeMib < LEAST_FREE_MIB) reasons.push({ code: 'disk-full', mount, freeMib });
    }
  }
  if (probes?.rootPassword.state === 'seen') {
    const { expiresInDays: days } = probes.rootPassword.value;
    if (days !== 'never' && days < LEAST_PASSWORD_DAYS) reasons.push({ code: 'password-expiring', days });
  }
  return reasons;
}

/** Only maintenance mode and disabled keep the other node from taking over (documented). */
export const mayFailOver = ({ state, mode }: { readonly state: string; readonly mode?: string | undefined }): boolean =>
  state !== 'notConfigured' && mode !== 'maintenance' && mode !== 'disabled';

/** What was not looked at, in words: none of it refuses by itself, all of it is said. */
export function unseenFacts(vcenter: Vcenter, probes: ApplianceProbes | undefined): string[] {
  const vcha = vcenter.vcha === undefined ? ['whether vCenter High Availability is on, and its nodes'] : [];
  if (probes === undefined)
    return [
      'the appliance was not asked again: sms-config.xml itself, state of SPS, disk, password, gateway, DNS servers, your own address',
      ...vcha,
    ];
  const parts: readonly (readonly [string, Observation<unknown>])[] = [
    ['sms-config.xml', probes.smsConfig],
    ['state and health of SPS', probes.sps],
    ['free disk space', probes.disk],
    ["age of root's password", probes.rootPassword],
    ['routes and gateway', probes.routes],
    ['DNS servers', probes.nameservers],
    ['the address you are working from', probes.operator],
  ];
  const missing = parts.flatMap(([what, seen]) =>
    seen.state === 'seen' ? [] : [`${what}: ${seen.state === 'unknown' ? seen.problem.summary : (seen.why ?? 'not there')}`],
  );
  const unresolved = probes.resolved.flatMap(({ name, addresses }) => (addresses.state === 'seen' ? [] : [name]));
  return [
    ...missing,
    ...(unresolved.length === 0
      ? []
      : [`addresses of ${unresolved.slice(0, 20).join(', ')}${unresolved.length > 20 ? ', …' : ''}`]),
    ...vcha,
  ];
}

/** SPS needs them to come up again, and its number of attempts is low by then (which it needs is inferred; names as service-control prints them). */
const NEEDED = /^(vmware-)?(vpxd|vpxd-svcs|vpostgres|applmgmt)$/;

/** Services that have to run and do not; nothing about those that were not listed. */
export function servicesDown(services: Observation<readonly ServiceState[]> | undefined): ServiceState[] {
  return services?.state === 'seen' ? services.value.filter(({ name, state }) => NEEDED.test(name) && state !== 'STARTED') : [];
}
