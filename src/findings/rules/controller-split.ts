import type { ProviderId, VcenterId } from '../../model/ids.js';
import type { Inventory, Provider } from '../../model/inventory.js';
import { defineRule } from '../rule.js';
import { endpointsInUse, hasVirtualHosts, isExternal } from '../subjects.js';

interface Controller {
  readonly provider: ProviderId;
  readonly holders: readonly VcenterId[];
}

/** Two controllers of one array in different hands: each vCenter has half a control path, and every failover takes it from one of them. */
export const controllerSplit = defineRule({
  code: 'controller-split',
  subjects: (inventory) => [...controllersByArray(inventory)].map(([array, providers]) => ({ array, providers, inventory })),
  applies: ({ providers }) => providers.length > 1,
  check({ array, providers, inventory }) {
    const controllers = providers.map((provider): Controller => ({ provider: provider.id, holders: holdersOf(provider) }));
    const held = controllers.filter(({ holders }) => holders.length > 0);
    const isSplit = held.some((one) => held.some((other) => !sharesHands(one.holders, other.holders, inventory)));
    if (isSplit) return [{ code: 'controller-split', array, controllers }];
    return held.length < controllers.length && providers.some(isUnseen) ? { missing: 'who holds every controller' } : [];
  },
});

/** Controllers that a VMCA can hold at all: not those with a certificate of their own, or one per vCenter. */
function controllersByArray(inventory: Inventory): Map<string, Provider[]> {
  const byArray = new Map<string, Provider[]>();
  for (const provider of inventory.providers) {
    if (!isExternal({ provider }) || provider.retained === true || hasVirtualHosts(provider)) continue;
    for (const array of provider.arrays) byArray.set(array, [...(byArray.get(array) ?? []), provider]);
  }
  return byArray;
}

function holdersOf(provider: Provider): VcenterId[] {
  return [...new Set(endpointsInUse(provider).flatMap(({ holder }) => holder?.vcenters ?? []))];
}

/** Linked vCenters trust each other's VMCA: what one holds the other can use. */
function sharesHands(some: readonly VcenterId[], others: readonly VcenterId[], inventory: Inventory): boolean {
  if (some.some((id) => others.includes(id))) return true;
  const linked = (these: readonly VcenterId[], those: readonly VcenterId[]) =>
    inventory.vcenters.some(
      ({ id, linkedWith }) => these.includes(id) && linkedWith.some(({ vcenter }) => those.includes(vcenter)),
    );
  return linked(some, others) || linked(others, some);
}

function isUnseen(provider: Provider): boolean {
  return endpointsInUse(provider).every(({ leaf }) => leaf === undefined);
}
