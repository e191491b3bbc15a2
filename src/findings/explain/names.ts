import type { Certificate } from '../../model/certificate.js';
import type { ProviderId, Sha256Hex } from '../../model/ids.js';
import type { Inventory, Provider, Registration, Vcenter } from '../../model/inventory.js';

/** What sentences look up again: the things an inventory names by id or fingerprint. */
export interface Lookup {
  provider(id: ProviderId): Provider | undefined;
  /** What to call a provider in a sentence: its registered name, with the address where two share a name. */
  providerName(id: ProviderId): string;
  vcenter(id: string): Vcenter | undefined;
  registration(provider: ProviderId, vcenter: string, uid: string): Registration | undefined;
  certificate(sha256: Sha256Hex): Certificate | undefined;
}

const lookups = new WeakMap<Inventory, Lookup>();

/** Made once per inventory. */
export function lookupIn(inventory: Inventory): Lookup {
  const known = lookups.get(inventory);
  if (known !== undefined) return known;
  const made = makeLookup(inventory);
  lookups.set(inventory, made);
  return made;
}

function makeLookup(inventory: Inventory): Lookup {
  const providers = new Map(inventory.providers.map((provider) => [provider.id, provider]));
  const vcenters = new Map(inventory.vcenters.map((vcenter) => [vcenter.id as string, vcenter]));
  const names = nameProviders(inventory.providers);
  let certificates: Map<Sha256Hex, Certificate> | undefined;
  return {
    provider: (id) => providers.get(id),
    providerName: (id) => names.get(id) ?? id,
    vcenter: (id) => vcenters.get(id),
    registration: (provider, vcenter, uid) =>
      providers.get(provider)?.registrations.find((one) => one.vcenter === vcenter && one.uid === uid),
    certificate(sha256) {
      certificates ??= new Map(allCertificates(inventory).map((one) => [one.sha256, one]));
      return certificates.get(sha256);
    },
  };
}

function nameProviders(providers: readonly Provider[]): Map<ProviderId, string> {
  const plain = providers.map((provider) => ({ provider, name: provider.names.join(' / ') }));
  const count = new Map<string, number>();
  for (const { name } of plain) count.set(name, (count.get(name) ?? 0) + 1);
  return new Map(
    plain.map(({ provider, name }) => {
      const where = hostOf(provider.urls[0] ?? '') ?? provider.id;
      return [provider.id, name === '' ? where : (count.get(name) ?? 0) > 1 ? `${name} at ${where}` : name];
    }),
  );
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

function allCertificates(inventory: Inventory): Certificate[] {
  const ofVcenters = inventory.vcenters.flatMap(({ vmca, presents, trustAnchors, hosts }) => [
    ...(vmca === undefined ? [] : [vmca.certificate]),
    ...presents.flatMap(({ certificate }) => certificate ?? []),
    ...trustAnchors.map(({ certificate }) => certificate),
    ...(hosts ?? []).flatMap(({ certificate, trustAnchors: anchors }) => [
      ...(certificate === undefined ? [] : [certificate]),
      ...(anchors ?? []),
    ]),
  ]);
  const ofProviders = inventory.providers.flatMap(({ endpoints, registrations }) => [
    ...endpoints.flatMap(({ leaf, servedChain }) => [...(leaf === undefined ? [] : [leaf]), ...servedChain]),
    ...registrations.flatMap(({ smsCertificate }) => smsCertificate ?? []),
  ]);
  return [...ofVcenters, ...ofProviders];
}
