import type { VcenterId } from '../model/ids.js';
import type { Inventory, Provider, Vcenter } from '../model/inventory.js';
import type { Recommendation, Way, WayName, WayReason } from '../model/plan-answer.js';
import { arraysOf, listControllers } from './controllers.js';
import { outsideIssuer, whyItWorks, worksForAll } from './refusals.js';
import { externalRegistrations, hasLost, isExternalProvider, providerName } from './select-providers.js';
import { missingFor } from './thin-evidence.js';
import { VENDORS, vendorOf } from './vendors.js';
import { hasVirtualHosts, isAtLeast, VASA5_FLOOR } from './versions.js';

/** Which way out fits each array, and why each other was not chosen. Providers nobody registered are left out. */
export function recommend(inventory: Inventory, providers: readonly Provider[]): Recommendation[] {
  const byArray = new Map<string, Provider[]>();
  for (const provider of providers) {
    if (!isExternalProvider(provider) || externalRegistrations(provider).length === 0) continue;
    const array = arraysOf(provider)[0] ?? provider.id;
    byArray.set(array, [...(byArray.get(array) ?? []), provider]);
  }
  return [...byArray].sort(([a], [b]) => (a < b ? -1 : 1)).map(([array, own]) => recommendFor(array, own, inventory));
}

interface Case {
  readonly providers: readonly Provider[];
  /** With a registration here. */
  readonly vcenters: readonly Vcenter[];
  readonly lost: readonly VcenterId[];
  readonly vendor: ReturnType<typeof vendorOf>;
  readonly vasa5: 'has' | 'blocked' | 'vendor';
  readonly vasa5Reasons: readonly WayReason[];
  readonly singlePath: boolean;
  readonly outside: boolean;
  readonly vms: number | undefined;
}

function recommendFor(array: string, providers: readonly Provider[], inventory: Inventory): Recommendation {
  const [first] = providers as readonly [Provider, ...Provider[]];
  const registrations = providers.flatMap(externalRegistrations);
  const ids = [...new Set(registrations.map(({ vcenter }) => vcenter))].sort();
  const vcenters = inventory.vcenters.filter(({ id }) => ids.includes(id));
  const known = registrations.flatMap(({ dependents }) => dependents ?? []);
  const one: Case = {
    providers,
    vcenters,
    lost: [...new Set(registrations.filter(hasLost).map(({ vcenter }) => vcenter))].sort(),
    vendor: vendorOf(first),
    ...judgeVasa5(providers, vcenters),
    singlePath: listControllers(providers).length < 2,
    outside: providers.some((provider) => outsideIssuer(provider, undefined) !== undefined),
    vms: known.length === 0 ? undefined : Math.max(...known.map(({ vms }) => vms)),
  };
  const missing = missingFor(inventory, providers);
  const virtual = providers.every(hasVirtualHosts);
  const chosen = missing.length > 0 && one.lost.length === 0 && !virtual ? undefined : choose(one, virtual);
  const ways = WAYS.map((way) => judgeWay(way, one, chosen, virtual, inventory));
  return {
    array,
    providers: providers.map((provider) => ({ id: provider.id, name: providerName(provider) })),
    vendor: one.vendor,
    ways: [...ways.filter(({ verdict }) => verdict === 'chosen'), ...ways.filter(({ verdict }) => verdict !== 'chosen')],
    missing: chosen === undefined ? missing : [],
  };
}

const WAYS: readonly WayName[] = ['leave-alone', 'vasa-5', 'external-ca', 'single-owner', 'subordinate-vmca', 'leave-vvols'];

function choose(one: Case, virtual: boolean): WayName {
  if (one.lost.length === 0) return 'leave-alone';
  if (virtual) return 'vasa-5';
  return VENDORS[one.vendor].sharing === 'never' ? 'single-owner' : 'external-ca';
}

/** VASA 5 needs all three: the provider, every vCenter, every host. Where the provider is older only its vendor knows whether it can. */
function judgeVasa5(providers: readonly Provider[], vcenters: readonly Vcenter[]): Pick<Case, 'vasa5' | 'vasa5Reasons'> {
  const reasons: WayReason[] = [];
  const old = vcenters.filter(({ version }) => isAtLeast(version, VASA5_FLOOR) !== true).map(({ id }) => id);
  if (old.length > 0) reasons.push({ code: 'vcenter-too-old', vcenters: old });
  for (const { id, hosts } of vcenters) {
    const oldHosts = (hosts ?? []).filter(({ version }) => isAtLeast(version, VASA5_FLOOR) === false).map(({ name }) => name);
    if (oldHosts.length > 0) reasons.push({ code: 'hosts-too-old', vcenter: id, hosts: oldHosts.sort() });
    if (hosts === undefined || hosts.some(({ version }) => isAtLeast(version, VASA5_FLOOR) === undefined))
      reasons.push({ code: 'hosts-unknown', vcenter: id });
  }
  const blocked = reasons.length > 0;
  if (providers.every(hasVirtualHosts)) {
    return blocked
      ? { vasa5: 'blocked', vasa5Reasons: reasons }
      : { vasa5: 'has', vasa5Reasons: [{ code: 'already-virtual-hosts' }] };
  }
  const versions = providers.flatMap((provider) => [
    provider.vasaVersion,
    ...provider.registrations.map((reg) => reg.vasaVersion),
  ]);
  const told = versions.find((version) => version !== undefined);
  reasons.push(told === undefined ? { code: 'vasa-unknown' } : { code: 'vasa-too-old', version: told });
  if (blocked) return { vasa5: 'blocked', vasa5Reasons: reasons };
  return { vasa5: 'vendor', vasa5Reasons: [...reasons, { code: 'newer-firmware' }] };
}

function judgeWay(way: WayName, one: Case, chosen: WayName | undefined, virtual: boolean, inventory: Inventory): Way {
  const verdictOf = (otherwise: Way['verdict']): Way['verdict'] => (way === chosen ? 'chosen' : otherwise);
  const shares = one.vcenters.length > 1;
  switch (way) {
    case 'leave-alone': {
      if (one.lost.length > 0) return { way, verdict: 'ruled-out', reasons: [{ code: 'lost-trust', vcenters: one.lost }] };
      const because = healthyBecause(one, virtual, inventory);
      const warn: WayReason[] = because === 'single-vcenter' && !virtual ? [{ code: 'next-registration-clashes' }] : [];
      return { way, verdict: verdictOf('possible'), reasons: [{ code: 'nobody-lost-trust', because }, ...warn] };
    }
    case 'vasa-5':
      return {
        way,
        verdict: verdictOf(one.vasa5 === 'vendor' ? 'ask-vendor' : one.vasa5 === 'blocked' ? 'ruled-out' : 'possible'),
        reasons: one.vasa5Reasons,
      };
    case 'external-ca': {
      const vendor = VENDORS[one.vendor];
      const outside: WayReason[] = one.outside ? [{ code: 'holder-outside' }] : [];
      if (virtual) return { way, verdict: 'ruled-out', reasons: [{ code: 'already-virtual-hosts' }] };
      if (vendor.sharing === 'never') return { way, verdict: 'ruled-out', reasons: [{ code: 'vendor-single-vcenter' }] };
      const needless: WayReason[] =
        chosen === 'leave-alone' ? [isRetained(one) ? { code: 'has-external-ca' } : { code: 'not-needed' }] : [];
      return {
        way,
        verdict: verdictOf(vendor.sharing === 'yes' ? 'possible' : 'ask-vendor'),
        reasons: [
          ...needless,
          { code: 'one-certificate-for-all' },
          vendor.sharing === 'yes' ? { code: 'vendor-retains' } : { code: 'vendor-unknown', what: 'retain' },
          ...(one.singlePath ? [{ code: 'outage-for-all' } as const] : []),
          ...outside,
        ],
      };
    }
    case 'single-owner':
      return {
        way,
        verdict: verdictOf('possible'),
        reasons: shares
          ? [
              { code: 'others-lose-vvols', vcenters: one.vcenters.map(({ id }) => id) },
              ...(VENDORS[one.vendor].sharing === 'never' ? [{ code: 'vendor-single-vcenter' } as const] : []),
            ]
          : [{ code: 'one-vcenter-only' }],
      };
    case 'subordinate-vmca':
      return {
        way,
        verdict: virtual ? 'ruled-out' : 'possible',
        reasons: virtual
          ? [{ code: 'already-virtual-hosts' }]
          : [
              { code: 'ca-key-on-appliances', vcenters: one.vcenters.length },
              { code: 'vmca-leaves-sms-store' },
              { code: 'chain-may-be-dropped' },
            ],
      };
    case 'leave-vvols':
      return { way, verdict: 'possible', reasons: [{ code: 'data-moves', vms: one.vms }] };
  }
}

const isRetained = (one: Case): boolean => one.providers.every(({ retained }) => retained === true);

function healthyBecause(
  one: Case,
  virtual: boolean,
  inventory: Inventory,
): Extract<WayReason, { code: 'nobody-lost-trust' }>['because'] {
  if (virtual) return 'virtual-hosts';
  if (isRetained(one)) return 'retained';
  if (one.vcenters.length < 2) return 'single-vcenter';
  const vcenters = new Map<string, Vcenter>(inventory.vcenters.map((vcenter) => [vcenter.id, vcenter]));
  const shared = one.providers.find(worksForAll);
  return shared === undefined ? 'trusted' : whyItWorks(shared, vcenters);
}
