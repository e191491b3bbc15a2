import type { VcenterId } from '../model/ids.js';
import type { Inventory, Provider } from '../model/inventory.js';
import type { Missing } from '../model/plan-answer.js';
import { leavesOf } from './controllers.js';
import { externalRegistrations, providerName } from './select-providers.js';

/** What has to be seen before anything is planned for these providers, and was not: an unknown is never filled in. */
export function missingFor(inventory: Inventory, providers: readonly Provider[]): Missing[] {
  const involved = new Set(providers.flatMap((provider) => externalRegistrations(provider).map(({ vcenter }) => vcenter)));
  return [
    // A vCenter whose registrations were not seen may hold one of these providers, whatever else is known.
    ...withoutRegistrations(inventory).map((vcenter): Missing => ({ what: 'registrations', vcenter })),
    ...inventory.vcenters
      .filter(({ id }) => involved.has(id))
      .flatMap((vcenter): Missing[] => [
        ...(vcenter.version === undefined ? [{ what: 'version', vcenter: vcenter.id } as const] : []),
        ...(vcenter.hosts === undefined ? [{ what: 'hosts', vcenter: vcenter.id } as const] : []),
      ]),
    ...providers.flatMap(missingAt),
  ];
}

export function withoutRegistrations(inventory: Inventory): VcenterId[] {
  const blind = new Set(inventory.gaps.filter((gap) => gap.source === 'sms').map((gap) => gap.target));
  return inventory.vcenters.filter(({ id }) => blind.has(id)).map(({ id }) => id);
}

function missingAt(provider: Provider): Missing[] {
  const name = providerName(provider);
  const registrations = externalRegistrations(provider);
  const told = [provider.vasaVersion, ...registrations.map((one) => one.vasaVersion)];
  const [url] = provider.urls;
  return [
    ...(leavesOf(provider).length === 0 && url !== undefined
      ? [{ what: 'leaf', provider: provider.id, name, url } as const]
      : []),
    ...(told.every((version) => version === undefined) ? [{ what: 'vasa-version', provider: provider.id, name } as const] : []),
    ...registrations
      .filter((one) => one.trusted.value === 'unknown')
      .map(({ vcenter }): Missing => ({ what: 'trust', vcenter, provider: provider.id, name })),
  ];
}
