import type { Leftover } from '../../model/finding.js';
import type { ProviderId } from '../../model/ids.js';
import type { Inventory, Provider } from '../../model/inventory.js';
import { canonicalAddress, canonicalHostPort } from '../../x509/names.js';
import { defineRule, type Missing } from '../rule.js';
import { isExternal } from '../subjects.js';

/**
 * What an earlier cleanup left on an appliance. A reject route counts where it blocks an address of an external provider of this estate;
 * routes to other places are the administrator's own business.
 */
export const cleanupLeftover = defineRule({
  code: 'cleanup-leftover',
  subjects: (inventory) => {
    const addresses = providersByAddress(inventory);
    return inventory.vcenters.map((vcenter) => ({ vcenter, addresses }));
  },
  about: ({ vcenter }) => ({ vcenter: vcenter.id }),
  applies: () => true,
  check({ vcenter, addresses }) {
    const { rejectRoutes, changedRetryAttempt, armed } = vcenter.leftovers;
    const routes = (rejectRoutes ?? []).flatMap(({ address, line }): Leftover[] => {
      const providers = addresses.get(canonicalAddress(address) ?? address);
      return providers === undefined ? [] : [{ kind: 'reject-route', address, line, providers: [...providers] }];
    });
    const retry: Leftover[] = changedRetryAttempt === undefined ? [] : [{ kind: 'retry-attempt', value: changedRetryAttempt }];
    const timers = (armed ?? []).map((name): Leftover => ({ kind: 'armed', name }));
    const found = [...routes, ...retry, ...timers].map(
      (what) => ({ code: 'cleanup-leftover', vcenter: vcenter.id, what }) as const,
    );
    if (found.length > 0) return found;
    return rejectRoutes === undefined || armed === undefined ? nothingSeen : [];
  },
});

const nothingSeen: Missing = { missing: 'routes, settings and timers on the appliance' };

function providersByAddress(inventory: Inventory): Map<string, Set<ProviderId>> {
  const byAddress = new Map<string, Set<ProviderId>>();
  for (const provider of inventory.providers.filter((one) => isExternal({ provider: one })))
    for (const address of addressesOf(provider)) byAddress.set(address, (byAddress.get(address) ?? new Set()).add(provider.id));
  return byAddress;
}

function addressesOf(provider: Provider): Set<string> {
  const hosts = provider.urls
    .flatMap((url) => canonicalHostPort(url) ?? [])
    .flatMap(({ host, isAddress }) => (isAddress ? [host] : []));
  const seen = provider.registrations.flatMap(({ reach }) => (reach.from === 'nobody' ? [] : reach.addresses));
  const probed = provider.endpoints.flatMap(({ address }) => address ?? []);
  return new Set([...hosts, ...seen, ...probed].map((address) => canonicalAddress(address) ?? address));
}
