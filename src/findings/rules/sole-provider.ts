import type { Inventory, Provider, Vcenter } from '../../model/inventory.js';
import { defineRule } from '../rule.js';
import { isExternal } from '../subjects.js';

/** One array as one vCenter has it registered. */
interface ArrayAtVcenter {
  readonly vcenter: Vcenter;
  readonly array: string;
  readonly providers: readonly Provider[];
}

/**
 * An array this vCenter reaches through one provider only: when that one goes, so does the control path, and removing its registration
 * leaves nothing. Counted by provider, so a second registration of the same one does not help. Whether registrations work is told by
 * codes of their own.
 */
export const soleProvider = defineRule({
  code: 'sole-provider',
  subjects: arraysByVcenter,
  about: ({ vcenter }) => ({ vcenter: vcenter.id }),
  applies: () => true,
  check({ vcenter, array, providers }) {
    const [only, ...others] = providers;
    return only === undefined || others.length > 0
      ? []
      : [{ code: 'sole-provider', provider: only.id, vcenter: vcenter.id, array }];
  },
});

function arraysByVcenter(inventory: Inventory): ArrayAtVcenter[] {
  const vcenters = new Map(inventory.vcenters.map((vcenter) => [vcenter.id, vcenter]));
  const found = new Map<string, { vcenter: Vcenter; array: string; providers: Set<Provider> }>();
  for (const provider of inventory.providers) {
    for (const registration of provider.registrations) {
      const vcenter = vcenters.get(registration.vcenter);
      if (vcenter === undefined || !isExternal({ provider, registration })) continue;
      for (const { arrayId } of registration.arrays) {
        const key = JSON.stringify([vcenter.id, arrayId]);
        const entry = found.get(key) ?? { vcenter, array: arrayId, providers: new Set<Provider>() };
        entry.providers.add(provider);
        found.set(key, entry);
      }
    }
  }
  return [...found.values()].map((entry) => ({ ...entry, providers: [...entry.providers] }));
}
