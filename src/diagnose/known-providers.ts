import type { VcenterId } from '../model/ids.js';
import type { Inventory, Registration } from '../model/inventory.js';
import type { ProviderNamed } from './diagnosis.js';

/** What saved evidence adds to the uids and addresses of a log. */
export interface KnownProviders {
  vcenterOf(serverGuid: string | undefined): VcenterId | undefined;
  /** Name, address and uid, whichever of them the log told. */
  named(provider: ProviderNamed, vcenter?: VcenterId): ProviderNamed;
  /** One text per provider: what belongs on one time line. */
  keyOf(provider: ProviderNamed): string;
  /** Whether evidence of that vCenter, taken after `at`, lists no registration of that uid; undefined where it cannot tell. */
  isGone(uid: string, vcenter: VcenterId | undefined, at: string | undefined): boolean | undefined;
}

export function knownProviders(inventory: Inventory | undefined): KnownProviders {
  const guids = new Map<string, VcenterId>();
  for (const { id, instanceUuid } of inventory?.vcenters ?? [])
    if (instanceUuid !== undefined) guids.set(instanceUuid.toLowerCase(), id);
  const all = (inventory?.providers ?? []).flatMap((provider) =>
    provider.registrations.map((registration) => ({ id: provider.id as string, registration })),
  );
  const find = ({ uid, url }: ProviderNamed, vcenter?: VcenterId) => {
    if (uid !== undefined) return all.find(({ registration }) => registration.uid === uid);
    const place = url === undefined ? undefined : hostPort(url);
    const there = place === undefined ? [] : all.filter(({ registration }) => hostPort(registration.url) === place);
    return there.find(({ registration }) => registration.vcenter === vcenter) ?? there[0];
  };
  return {
    vcenterOf: (guid) => (guid === undefined ? undefined : guids.get(guid.toLowerCase())),
    named(provider, vcenter) {
      const known = find(provider, vcenter)?.registration;
      return known === undefined ? provider : { ...addressed(known), ...provider };
    },
    keyOf(provider) {
      const { uid, url, name } = provider;
      return find(provider)?.id ?? uid ?? (url === undefined ? (name ?? '') : hostPort(url));
    },
    isGone(uid, vcenter, at) {
      const isSeen = inventory !== undefined && vcenter !== undefined && at !== undefined && at < inventory.takenAt;
      if (!isSeen || inventory.gaps.some(({ target, source }) => target === vcenter && source === 'sms')) return undefined;
      return !all.some(({ registration }) => registration.uid === uid && registration.vcenter === vcenter);
    },
  };
}

const addressed = ({ uid, url, name }: Registration): ProviderNamed => ({ uid, url, name });

/** `host:port` of a URL, in lower case. */
export function hostPort(url: string): string {
  if (!URL.canParse(url)) return url.toLowerCase();
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'http:' ? '80' : '443') : port}`;
}
