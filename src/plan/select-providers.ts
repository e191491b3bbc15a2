import type { ProviderId } from '../model/ids.js';
import type { Inventory, Provider, Registration } from '../model/inventory.js';
import { err, ok, type Result } from '../model/problem.js';
import { canonicalHostPort } from '../x509/names.js';
import { hasVirtualHosts } from './versions.js';

/** Providers a plan is about, and those that came in because they are another way to the same array. */
export interface Selection {
  readonly providers: readonly Provider[];
  readonly broughtIn: readonly { readonly provider: ProviderId; readonly array: string }[];
}

/**
 * @param wanted array ids, provider ids, URLs, uids or registered names, in any mix; none: every provider somebody lost
 * The error is the one that nothing answers to.
 */
export function selectProviders(inventory: Inventory, wanted: readonly string[]): Result<Selection, string> {
  const named = new Set<Provider>();
  for (const text of wanted) {
    const found = inventory.providers.filter((provider) => answersTo(provider, text));
    if (found.length === 0) return err(text);
    for (const provider of found) named.add(provider);
  }
  const first = wanted.length > 0 ? [...named] : inventory.providers.filter(isContested);
  const arrays = new Set(first.flatMap((provider) => provider.arrays));
  const siblings = inventory.providers.filter(
    (provider) => !first.includes(provider) && isExternalProvider(provider) && provider.arrays.some((array) => arrays.has(array)),
  );
  return ok({
    providers: [...first, ...siblings].sort(byName),
    broughtIn: siblings.sort(byName).map((provider) => ({
      provider: provider.id,
      array: provider.arrays.find((array) => arrays.has(array)) ?? '',
    })),
  });
}

/** As people read them; ids are often random. */
const byName = (a: Provider, b: Provider): number => {
  const [one, other] = [`${providerName(a)}\n${a.id}`, `${providerName(b)}\n${b.id}`];
  return one < other ? -1 : one > other ? 1 : 0;
};

/** As typed: case counts in ids and names, spelling of host and port does not. */
export function answersTo(provider: Provider, text: string): boolean {
  if (provider.id === text || provider.arrays.includes(text) || provider.names.includes(text)) return true;
  if (provider.registrations.some((one) => one.uid === text)) return true;
  if (provider.urls.some((url) => url === text)) return true;
  // An array id is `namespace:id`; the second half alone is what people copy from the array's own page.
  if (provider.arrays.some((array) => array.slice(array.indexOf(':') + 1) === text)) return true;
  return text.includes('://') && provider.urls.some((url) => hostPortOf(url) === hostPortOf(text));
}

/** `host:port` in one spelling; the text itself where it is no URL. */
export function hostPortOf(url: string): string {
  const at = canonicalHostPort(url);
  return at === undefined ? url : `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
}

/** Somebody lost it, and it is the kind that can be lost: one certificate for all, not kept by the provider. */
export function isContested(provider: Provider): boolean {
  return (
    isExternalProvider(provider) &&
    provider.retained !== true &&
    !hasVirtualHosts(provider) &&
    externalRegistrations(provider).some(hasLost)
  );
}

export const isExternalProvider = (provider: Provider): boolean => provider.category !== 'internal';

export const externalRegistrations = (provider: Provider): Registration[] =>
  isExternalProvider(provider) ? provider.registrations.filter((one) => one.category !== 'internal') : [];

export const hasLost = ({ trusted, accepted }: Registration): boolean => trusted.value === false || accepted.value === false;

/** It works: nothing says that it does not. */
export const isWorking = (registration: Registration): boolean => !hasLost(registration) && registration.status === 'online';

/** A registered name, or where it is. */
export function providerName(provider: Provider): string {
  return provider.names[0] ?? hostPortOf(provider.urls[0] ?? provider.id);
}
