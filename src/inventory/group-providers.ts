import type { EvidenceBundle, SmsProviderRecord } from '../model/evidence.js';
import type { ProviderId, ProviderUrl, VcenterId } from '../model/ids.js';
import { canonicalHostPort } from '../x509/names.js';

/** One registration as SMS told it, and whose it is. */
export interface SeenRegistration {
  readonly vcenter: VcenterId;
  readonly record: SmsProviderRecord;
}

/** Registrations of one provider, whatever name or address each vCenter used. */
export interface ProviderGroup {
  readonly id: ProviderId;
  readonly urls: readonly ProviderUrl[];
  readonly seen: readonly SeenRegistration[];
}

/**
 * Joins what is one provider: the same namespace and providerId (unique in the namespace, says the SMS API; that two vCenters see the
 * same value is inferred), or the same host and port. Two controllers of one array stay two providers: each has a certificate of its own.
 */
export function groupProviders(bundle: EvidenceBundle): ProviderGroup[] {
  const groups = new UnionFind();
  const seen: SeenRegistration[] = bundle.vcenters.flatMap((vcenter) =>
    vcenter.registrations.state === 'seen' ? vcenter.registrations.value.map((record) => ({ vcenter: vcenter.id, record })) : [],
  );
  const nodeOf = seen.map((_, index) => `r${index}`);
  const named = new Map<string, string[]>();
  for (const [index, { record }] of seen.entries()) {
    const node = nodeOf[index] ?? '';
    groups.join(node, `url:${hostPortKey(record.url)}`);
    const identity = identityOf(record);
    if (identity === undefined) continue;
    // A vendor that numbers its providers per array (`vp-ct0` everywhere) must not have two arrays made one.
    for (const { arrayId } of record.arrays) groups.join(node, `id:${identity}|${arrayId}`);
    if (record.arrays.length > 0) named.set(identity, [...(named.get(identity) ?? []), node]);
  }
  const nameless = seen.flatMap(({ record }, index) =>
    record.arrays.length === 0 ? [{ record, node: nodeOf[index] ?? '' }] : [],
  );
  for (const { record, node } of nameless) {
    const identity = identityOf(record);
    const bearers = identity === undefined ? [] : (named.get(identity) ?? []);
    // Without arrays the id alone has to tell, and it does so only where one provider bears it.
    const [bearer, ...others] = new Set(bearers.map((one) => groups.find(one)));
    if (bearer !== undefined && others.length === 0) groups.join(node, bearer);
    else if (identity !== undefined && bearers.length === 0) groups.join(node, `id:${identity}`);
  }
  for (const url of bundle.configuredProviders) groups.join(`url:${hostPortKey(url)}`, `url:${hostPortKey(url)}`);

  const byRoot = new Map<string, { seen: SeenRegistration[]; urls: Set<ProviderUrl> }>();
  const groupOf = (node: string) => {
    const root = groups.find(node);
    const group = byRoot.get(root) ?? { seen: [], urls: new Set<ProviderUrl>() };
    byRoot.set(root, group);
    return group;
  };
  for (const [index, one] of seen.entries()) {
    const group = groupOf(nodeOf[index] ?? '');
    group.seen.push(one);
    group.urls.add(one.record.url);
  }
  for (const url of bundle.configuredProviders) {
    const group = groupOf(`url:${hostPortKey(url)}`);
    if (![...group.urls].some((known) => hostPortKey(known) === hostPortKey(url))) group.urls.add(url);
  }
  const taken = new Set<string>();
  return [...byRoot.values()]
    .map((group) => ({ id: uniqueId(group.seen, [...group.urls], taken), urls: [...group.urls].sort(), seen: group.seen }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** `host:port` in canonical form: case, default port, brackets and spelling of IPv6 do not matter. */
export function hostPortKey(url: string): string {
  const at = canonicalHostPort(url);
  return at === undefined ? url : `${at.isAddress && at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
}

function identityOf(record: SmsProviderRecord): string | undefined {
  return record.namespace === undefined || record.providerId === undefined
    ? undefined
    : `${record.namespace}:${record.providerId}`;
}

function uniqueId(seen: readonly SeenRegistration[], urls: readonly ProviderUrl[], taken: Set<string>): ProviderId {
  const identity = seen.map(({ record }) => identityOf(record)).find((one) => one !== undefined);
  const byUrl = hostPortKey([...urls].sort()[0] ?? '');
  const wanted = identity ?? byUrl;
  const id = taken.has(wanted) ? `${wanted}@${byUrl}` : wanted;
  taken.add(id);
  return id as ProviderId;
}

class UnionFind {
  readonly #parent = new Map<string, string>();

  find(node: string): string {
    let root = node;
    for (let parent = this.#parent.get(root); parent !== undefined && parent !== root; parent = this.#parent.get(root))
      root = parent;
    this.#parent.set(node, root);
    return root;
  }

  join(one: string, other: string): void {
    this.#parent.set(this.find(one), this.find(other));
  }
}
