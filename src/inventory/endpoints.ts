import type { EvidenceBundle, ProviderProbe, VcenterEvidence } from '../model/evidence.js';
import type { DerBase64, ProviderUrl, VcenterId } from '../model/ids.js';
import type { Endpoint } from '../model/inventory.js';
import type { ProblemCode } from '../model/problem.js';
import { isIssuedBy } from '../x509/issuer.js';
import type { CertificatePool } from './certificates.js';
import { hostPortKey, type ProviderGroup } from './group-providers.js';

type Sighting = VcenterEvidence['appliance']['reach'][number] & { readonly vcenter: VcenterId };

/** All looks of a bundle by `host:port` of the URL they were for. */
export interface Looks {
  readonly probes: ReadonlyMap<string, readonly ProviderProbe[]>;
  readonly sightings: ReadonlyMap<string, readonly Sighting[]>;
}

export function indexLooks(bundle: EvidenceBundle): Looks {
  const probes = new Map<string, ProviderProbe[]>();
  const sightings = new Map<string, Sighting[]>();
  for (const probe of bundle.probes) append(probes, hostPortKey(probe.url), probe);
  for (const vcenter of bundle.vcenters)
    for (const reach of vcenter.appliance.reach) append(sightings, hostPortKey(reach.url), { ...reach, vcenter: vcenter.id });
  return { probes, sightings };
}

function append<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/**
 * What each look at a provider saw: from the operator's machine, and from an appliance where that saw another leaf or was the only one
 * to get through. Holders are added later, when every candidate is known.
 */
export function listEndpoints(group: ProviderGroup, looks: Looks, pool: CertificatePool): Endpoint[] {
  const keys = [...new Set(group.urls.map(hostPortKey))];
  const endpoints = keys.flatMap((key) => (looks.probes.get(key) ?? []).map((probe) => fromProbe(probe, pool)));
  for (const sighting of keys.flatMap((key) => looks.sightings.get(key) ?? [])) {
    if (sighting.served.state !== 'seen') continue;
    const seen = fromAppliance(sighting.vcenter, sighting, sighting.served.value, pool);
    const known = endpoints.some(
      (one) => one.sni === seen.sni && sameLeaf(one, seen) && hostPortKey(one.url) === hostPortKey(seen.url),
    );
    if (!known) endpoints.push(seen);
  }
  return endpoints;
}

function fromProbe(probe: ProviderProbe, pool: CertificatePool): Endpoint {
  const url = withPort(probe.url, probe.port);
  const base = {
    url,
    ...(probe.sni === undefined ? {} : { sni: probe.sni }),
    ...(probe.vcenter === undefined ? {} : { vcenter: probe.vcenter }),
    seenFrom: 'operator',
  } as const;
  if (probe.handshake.state !== 'seen')
    return {
      ...base,
      servedChain: [],
      unreadable: [],
      ...(probe.handshake.state === 'unknown' ? { problem: probe.handshake.problem } : {}),
    };
  const { chain, remoteAddress, acceptedCas } = probe.handshake.value;
  return {
    ...base,
    ...(remoteAddress === undefined ? {} : { address: remoteAddress }),
    ...served(chain, pool),
    ...(acceptedCas === undefined ? {} : { acceptedCas }),
  };
}

function fromAppliance(
  vcenter: VcenterId,
  reach: { readonly url: ProviderUrl; readonly sni?: string; readonly port?: number },
  chain: readonly DerBase64[],
  pool: CertificatePool,
): Endpoint {
  return {
    url: withPort(reach.url, reach.port),
    ...(reach.sni === undefined ? {} : { sni: reach.sni }),
    seenFrom: vcenter,
    ...served(chain, pool),
  };
}

function served(
  chain: readonly DerBase64[],
  pool: CertificatePool,
): Pick<Endpoint, 'leaf' | 'servedIssuer' | 'servedChain' | 'unreadable'> {
  const servedChain = pool.readAll(chain);
  const unreadable = chain.flatMap((der, position) => {
    const read = pool.read(der);
    return typeof read === 'string' ? [{ position, why: read }] : [];
  });
  // The leaf is the first one sent; when that cannot be read, no other certificate takes its place.
  const leaf = pool.readOne(chain[0]);
  if (leaf === undefined) return { servedChain, unreadable };
  const servedIssuer = servedChain.find((ca) => ca.isCa && ca.sha256 !== leaf.sha256 && isIssuedBy(leaf, ca));
  return { leaf, ...(servedIssuer === undefined ? {} : { servedIssuer }), servedChain, unreadable };
}

function sameLeaf(one: Endpoint, other: Endpoint): boolean {
  return one.leaf !== undefined && one.leaf.sha256 === other.leaf?.sha256;
}

function withPort(url: ProviderUrl, port: number | undefined): ProviderUrl {
  if (port === undefined) return url;
  const changed = URL.canParse(url) ? new URL(url) : undefined;
  if (changed === undefined) return url;
  changed.port = String(port);
  return changed.href as ProviderUrl;
}

/** Problems that say something about the provider, and not about our way to the appliance. */
export function isAnswerAboutProvider(code: ProblemCode): boolean {
  return (
    code === 'unreachable' || code === 'timeout' || code === 'tls-failed' || code === 'name-not-found' || code === 'bad-answer'
  );
}
