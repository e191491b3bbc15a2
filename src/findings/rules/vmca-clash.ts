import type { Certificate } from '../../model/certificate.js';
import type { Sha256Hex, VcenterId } from '../../model/ids.js';
import type { Endpoint, Holder, Provider, Registration } from '../../model/inventory.js';
import { defineRule, type FindingOf, type Missing } from '../rule.js';
import { endpointOf, isExternal } from '../subjects.js';

/** Registrations that are shown one and the same leaf. */
interface SharedLeaf {
  readonly leaf: Certificate;
  readonly endpoint: Endpoint;
  readonly registrations: readonly Registration[];
}

/**
 * The mission's own case: a provider that does not keep its certificate, one leaf for several registrations, issued by one vCenter's
 * VMCA, and another registration proven lost. Without the last it may be linked mode at work, which is healthy.
 */
export const vmcaClash = defineRule({
  code: 'vmca-clash',
  subjects: (inventory) => inventory.providers,
  about: (provider) => ({ provider: provider.id }),
  applies: (provider) => isExternal({ provider }) && provider.retained !== true && externalOnes(provider).length > 1,
  check(provider): FindingOf<'vmca-clash'>[] | Missing {
    const shared = sharedLeaves(provider);
    for (const { leaf, endpoint, registrations } of shared) {
      const { holder } = endpoint;
      if (holder === undefined || holder.vcenters.length === 0) continue;
      const losers = othersThan(holder, registrations).filter(isLost);
      if (losers.length === 0) continue;
      return [
        {
          code: 'vmca-clash',
          provider: provider.id,
          leaf: leaf.sha256,
          holders: holder.vcenters,
          holderGrade: holder.grade,
          losers: distinct(losers.map((registration) => registration.vcenter)),
          url: endpoint.url,
          arrays: provider.arrays,
        },
      ];
    }
    return missingFor(provider, shared) ?? [];
  },
});

function externalOnes(provider: Provider): Registration[] {
  return provider.registrations.filter((registration) => isExternal({ provider, registration }));
}

function sharedLeaves(provider: Provider): SharedLeaf[] {
  const byLeaf = new Map<Sha256Hex, { leaf: Certificate; endpoint: Endpoint; registrations: Registration[] }>();
  for (const registration of externalOnes(provider)) {
    const endpoint = endpointOf(provider, registration);
    if (endpoint?.leaf === undefined) continue;
    const known = byLeaf.get(endpoint.leaf.sha256);
    if (known === undefined) byLeaf.set(endpoint.leaf.sha256, { leaf: endpoint.leaf, endpoint, registrations: [registration] });
    else {
      known.registrations.push(registration);
      // Two looks at one leaf can differ in whether the holder was found: keep the one that tells more.
      if (known.endpoint.holder === undefined) known.endpoint = endpoint;
    }
  }
  return [...byLeaf.values()].filter(({ registrations }) => registrations.length > 1);
}

function othersThan(holder: Holder, registrations: readonly Registration[]): Registration[] {
  return registrations.filter((registration) => !holder.vcenters.includes(registration.vcenter));
}

function isLost(registration: Registration): boolean {
  return registration.trusted.value === false || registration.accepted.value === false;
}

/** A provider whose registrations all work is passed, whoever issued what; only a lost one can turn an open question into a clash. */
function missingFor(provider: Provider, shared: readonly SharedLeaf[]): Missing | undefined {
  const open = externalOnes(provider);
  if (open.some((registration) => endpointOf(provider, registration)?.leaf === undefined))
    return { missing: 'the certificate served to every vCenter' };
  for (const { endpoint, registrations } of shared) {
    if (endpoint.holder === undefined && registrations.some(isLost)) return { missing: 'who issued the served certificate' };
    const others = endpoint.holder === undefined ? registrations : othersThan(endpoint.holder, registrations);
    if (others.some((registration) => registration.trusted.value === 'unknown'))
      return { missing: 'whether the other vCenters trust the served certificate' };
  }
  return undefined;
}

const distinct = (ids: readonly VcenterId[]): VcenterId[] => [...new Set(ids)];
