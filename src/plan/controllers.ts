import type { Certificate } from '../model/certificate.js';
import type { ProviderUrl, VcenterId } from '../model/ids.js';
import type { Endpoint, Provider, Registration } from '../model/inventory.js';
import { canonicalHostPort } from '../x509/names.js';
import { externalRegistrations } from './select-providers.js';

/** What one server certificate stands for: usually a controller; an appliance or a floating address where several providers share one. */
export interface Controller {
  readonly providers: readonly Provider[];
  readonly urls: readonly ProviderUrl[];
  readonly arrays: readonly string[];
  readonly registrations: readonly { readonly provider: Provider; readonly registration: Registration }[];
  /** Why several providers are one controller. */
  readonly joinedBy?: 'one-address' | 'one-certificate';
}

/** An array with the certificates it is reached over. */
export interface ArrayPaths {
  /** Array id; the provider's id where SMS names no array. */
  readonly array: string;
  readonly controllers: readonly Controller[];
}

/** Providers that serve one leaf, or answer at one address and port, change their certificate together. In the order of the providers. */
export function listControllers(providers: readonly Provider[]): Controller[] {
  const groups: { providers: Provider[]; keys: Set<string>; joinedBy?: 'one-address' | 'one-certificate' }[] = [];
  for (const provider of providers) {
    const keys = new Set(provider.endpoints.flatMap(keysOf));
    const shared = groups.filter((group) => [...keys].some((key) => group.keys.has(key)));
    const [first, ...others] = shared;
    if (first === undefined) {
      groups.push({ providers: [provider], keys });
      continue;
    }
    for (const group of [{ providers: [provider], keys }, ...others]) {
      const common = [...group.keys].find((key) => first.keys.has(key));
      first.joinedBy ??= common?.startsWith('leaf ') ? 'one-certificate' : 'one-address';
      first.providers.push(...group.providers);
      for (const key of group.keys) first.keys.add(key);
    }
    for (const group of others) groups.splice(groups.indexOf(group), 1);
  }
  return groups.map(({ providers: members, joinedBy }) => ({
    providers: members,
    urls: [...new Set(members.flatMap((provider) => provider.urls))],
    arrays: [...new Set(members.flatMap(arraysOf))].sort(),
    registrations: members.flatMap((provider) =>
      externalRegistrations(provider).map((registration) => ({ provider, registration })),
    ),
    ...(joinedBy === undefined ? {} : { joinedBy }),
  }));
}

function keysOf(endpoint: Endpoint): string[] {
  if (endpoint.vcenter !== undefined) return [];
  const port = canonicalHostPort(endpoint.url)?.port;
  return [
    ...(endpoint.leaf === undefined ? [] : [`leaf ${endpoint.leaf.sha256}`]),
    ...(endpoint.address === undefined || port === undefined || isLoopback(endpoint.address)
      ? []
      : [`address ${endpoint.address} ${port}`]),
  ];
}

/** Where `connectTo` leads through a tunnel, the far address is not seen and the near one says nothing. */
export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

/** Array ids; the provider itself where SMS names none, so that it still counts as a path to something. */
export const arraysOf = (provider: Provider): readonly string[] => (provider.arrays.length > 0 ? provider.arrays : [provider.id]);

export function listArrays(controllers: readonly Controller[]): ArrayPaths[] {
  const arrays = new Map<string, Controller[]>();
  for (const controller of controllers)
    for (const array of controller.arrays) arrays.set(array, [...(arrays.get(array) ?? []), controller]);
  return [...arrays].map(([array, over]) => ({ array, controllers: over })).sort((a, b) => (a.array < b.array ? -1 : 1));
}

/** vCenters with a registration at this controller, each once, sorted. */
export function vcentersAt(controller: Controller): VcenterId[] {
  return [...new Set(controller.registrations.map(({ registration }) => registration.vcenter))].sort();
}

/** Leaves that matter: those some registration sees; every look where nobody registered. */
export function leavesOf(provider: Provider): Certificate[] {
  const seen = provider.registrations.flatMap((one) =>
    one.endpoint === undefined ? [] : (provider.endpoints[one.endpoint]?.leaf ?? []),
  );
  const all = seen.length > 0 ? seen : provider.endpoints.flatMap(({ leaf }) => leaf ?? []);
  return [...new Map(all.map((leaf) => [leaf.sha256, leaf])).values()];
}
