import type { VcenterId } from '../../model/ids.js';
import type { Provider } from '../../model/inventory.js';
import { defineRule } from '../rule.js';
import { isExternal } from '../subjects.js';

/** One provider under two uids in one vCenter, usually once by name and once by address. */
export const duplicateRegistration = defineRule({
  code: 'duplicate-registration',
  subjects: (inventory) => inventory.providers,
  about: (provider) => ({ provider: provider.id }),
  applies: (provider) => isExternal({ provider }) && provider.registrations.length > 0,
  check: (provider) =>
    [...uidsByVcenter(provider)]
      .filter(([, uids]) => uids.size > 1)
      .map(
        ([vcenter, uids]) =>
          ({ code: 'duplicate-registration', provider: provider.id, vcenter, uids: [...uids].sort() }) as const,
      ),
});

function uidsByVcenter(provider: Provider): Map<VcenterId, Set<string>> {
  const uids = new Map<VcenterId, Set<string>>();
  for (const registration of provider.registrations) {
    if (!isExternal({ provider, registration })) continue;
    const known = uids.get(registration.vcenter) ?? new Set();
    uids.set(registration.vcenter, known.add(registration.uid));
  }
  return uids;
}
