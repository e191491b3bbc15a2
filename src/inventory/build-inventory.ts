import { createHash } from 'node:crypto';
import type { EvidenceBundle, VcenterEvidence } from '../model/evidence.js';
import type { Sha256Hex, VcenterId } from '../model/ids.js';
import type { Endpoint, Inventory, Provider, Registration, Vcenter } from '../model/inventory.js';
import { buildRegistration } from './build-registration.js';
import { CertificatePool } from './certificates.js';
import { indexLooks, type Looks, listEndpoints } from './endpoints.js';
import { listGaps } from './gaps.js';
import { groupProviders, type ProviderGroup } from './group-providers.js';
import { findHolder, HolderSearch } from './holder.js';
import { buildVcenter, linkVcenters, type OwnCertificate, ownCertificates } from './vcenters.js';

/** Evidence → Inventory. A pure function: the same bundle gives the same inventory, whatever the day. */
export function buildInventory(bundle: EvidenceBundle): Inventory {
  const pool = new CertificatePool();
  const vcenters = linkVcenters(
    bundle.vcenters.map((evidence) => buildVcenter(evidence, pool)),
    bundle.vcenters,
  );
  const own = new Map<VcenterId, readonly OwnCertificate[]>(
    bundle.vcenters.map((evidence, index) => [evidence.id, ownCertificates(evidence, pool, vcenters[index]?.hosts ?? [])]),
  );
  const known: Known = {
    pool,
    looks: indexLooks(bundle),
    search: new HolderSearch(vcenters, own),
    vcenters: new Map(
      vcenters.flatMap((vcenter, index) => {
        const evidence = bundle.vcenters[index];
        return evidence === undefined ? [] : [[vcenter.id, { vcenter, evidence }] as const];
      }),
    ),
  };
  const providers = groupProviders(bundle).map((group) => buildProvider(group, known));
  return { takenAt: bundle.finishedAt, digest: digestOf(vcenters, providers), vcenters, providers, gaps: listGaps(bundle, pool) };
}

interface Known {
  readonly pool: CertificatePool;
  readonly looks: Looks;
  readonly search: HolderSearch;
  readonly vcenters: ReadonlyMap<VcenterId, { readonly vcenter: Vcenter; readonly evidence: VcenterEvidence }>;
}

function buildProvider(group: ProviderGroup, { pool, looks, search, vcenters }: Known): Provider {
  const vasaVersion = agreed(group.seen.map(({ record }) => record.vasaVersion));
  const looked = listEndpoints(group, looks, pool);
  const retained = retainOf(group.seen, looked);
  const endpoints = looked.map((endpoint): Endpoint => {
    const holder = findHolder(endpoint, { registrations: group.seen, retained }, search);
    return holder === undefined ? endpoint : { ...endpoint, holder };
  });
  const retaining = new Set(group.seen.filter(({ record }) => record.retained === true));
  const registrations = group.seen.flatMap((seen): Registration[] => {
    const at = vcenters.get(seen.vcenter);
    return at === undefined
      ? []
      : [buildRegistration(seen, at.vcenter, at.evidence, endpoints, pool, retaining.size > 0 && !retaining.has(seen))];
  });
  const categories = new Set(registrations.map((registration) => registration.category));
  return {
    id: group.id,
    urls: group.urls,
    names: [...new Set(group.seen.map(({ record }) => record.name))].sort(),
    ...(vasaVersion === undefined ? {} : { vasaVersion }),
    ...(retained === undefined ? {} : { retained }),
    category: categories.size === 1 ? ([...categories][0] ?? 'external') : categories.has('external') ? 'external' : 'unknown',
    arrays: [...new Set(group.seen.flatMap(({ record }) => record.arrays.map((array) => array.arrayId)))].sort(),
    endpoints,
    registrations: registrations.sort((a, b) => (`${a.vcenter}/${a.uid}` < `${b.vcenter}/${b.uid}` ? -1 : 1)),
  };
}

/**
 * An SMS hears of it when it registers (inferred: the provider says so in its answer to the roots it is given). So where the words differ, those
 * that hold what is served now count, and those that hold an earlier certificate speak of that one.
 */
function retainOf(seen: ProviderGroup['seen'], endpoints: readonly Endpoint[]): boolean | undefined {
  const served = new Set(endpoints.flatMap(({ leaf }) => (leaf === undefined ? [] : [leaf.der])));
  const current = seen.filter(({ record }) => record.certificate !== undefined && served.has(record.certificate));
  const words = (of: typeof seen) => agreed(of.map(({ record }) => record.retained));
  return words(seen) ?? words(current);
}

/** What all that say anything say alike; undefined where nobody says, or they disagree. */
function agreed<T>(values: readonly (T | undefined)[]): T | undefined {
  const told = new Set(values.filter((value): value is T => value !== undefined));
  return told.size === 1 ? [...told][0] : undefined;
}

/** The facts a plan rests on, without times and states: equal estates give equal digests. */
function digestOf(vcenters: readonly Vcenter[], providers: readonly Provider[]): Sha256Hex {
  const facts = {
    vcenters: vcenters.map((vcenter) => ({
      id: vcenter.id,
      address: vcenter.address,
      instanceUuid: vcenter.instanceUuid,
      version: vcenter.version,
      vmca: vcenter.vmca?.certificate.sha256,
      presents: vcenter.presents.map((one) => [one.alias, one.certificate?.sha256]),
      anchors: vcenter.trustAnchors.map((anchor) => anchor.certificate.sha256).sort(),
      hosts: (vcenter.hosts ?? []).map((host) => [host.name, host.version]).sort(),
    })),
    providers: providers.map((provider) => ({
      id: provider.id,
      vasaVersion: provider.vasaVersion,
      retained: provider.retained,
      arrays: provider.arrays,
      leaves: provider.endpoints.map((endpoint) => [endpoint.url, endpoint.sni, endpoint.leaf?.sha256]).sort(),
      registrations: provider.registrations.map((one) => [one.vcenter, one.uid, one.url, one.name]),
    })),
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex') as Sha256Hex;
}
