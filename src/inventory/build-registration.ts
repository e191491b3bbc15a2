import type { VcenterEvidence } from '../model/evidence.js';
import type { Endpoint, Reach, Registration, Vcenter } from '../model/inventory.js';
import { canonicalHostPort, dnText } from '../x509/names.js';
import { categoryOf } from './category.js';
import type { CertificatePool } from './certificates.js';
import { dependentsOf } from './dependents.js';
import { hostPortKey, type SeenRegistration } from './group-providers.js';
import { judgeAccepted } from './judge-acceptance.js';
import { judgeStale } from './judge-stale.js';
import { judgeTrusted } from './judge-trust.js';
import { usesVirtualHosts, virtualHostOf } from './virtual-host.js';

/** One registration with both questions answered: is the provider trusted here, and are we accepted there? */
export function buildRegistration(
  seen: SeenRegistration,
  vcenter: Vcenter,
  evidence: VcenterEvidence,
  endpoints: readonly Endpoint[],
  pool: CertificatePool,
): Registration {
  const { record } = seen;
  const at = endpointFor(seen, evidence, endpoints);
  const endpoint = typeof at === 'number' ? endpoints[at] : undefined;
  const trusted = judgeTrusted(seen, at === 'virtual-host-unknown' ? at : endpoint, vcenter, pool);
  const spsLog = evidence.appliance.spsLog.state === 'seen' ? evidence.appliance.spsLog.value : undefined;
  const vhostUnknown = at === 'virtual-host-unknown';
  const accepted = vhostUnknown
    ? ({ value: 'unknown', why: { code: 'not-seen' } } as const)
    : judgeAccepted(seen, endpoint, vcenter, spsLog, dnText);
  const reach = reachOf(seen, evidence, endpoints);
  const { category, basis } = categoryOf(record.category, record.name, record.url);
  const judged = { category, status: record.status, retained: record.retained, trusted, accepted, reach };
  const smsCertificate = pool.readOne(record.certificate);
  const dependents = dependentsOf(record, evidence);
  return defined({
    vcenter: vcenter.id,
    uid: record.uid,
    name: record.name,
    url: record.url,
    endpoint: typeof at === 'number' ? at : undefined,
    status: record.status,
    statusFault: record.statusFault,
    certificateStatus: record.certificateStatus,
    smsCertificate,
    lastSync: record.lastSyncTime,
    retained: record.retained,
    category,
    categoryBasis: basis,
    vasaVersion: record.vasaVersion,
    arrays: record.arrays,
    providerId: record.providerId,
    namespace: record.namespace,
    trusted,
    accepted,
    stale: judgeStale(defined(judged) as Parameters<typeof judgeStale>[0], endpoint?.holder),
    reach,
    dependents,
  }) as Registration;
}

/**
 * What this vCenter sees at the provider. Before VASA 5: its own appliance's look first, else the operator's with the URL's host as
 * server name. From VASA 5 on only its own virtual host counts.
 */
function endpointFor(
  seen: SeenRegistration,
  evidence: VcenterEvidence,
  endpoints: readonly Endpoint[],
): number | 'virtual-host-unknown' | undefined {
  const { record, vcenter } = seen;
  const here = endpoints.map((endpoint, index) => ({ endpoint, index })).filter(({ endpoint }) => endpoint.leaf !== undefined);
  if (usesVirtualHosts(record.vasaVersion)) {
    const vhost = virtualHostOf(record, evidence.datastores.state === 'seen' ? evidence.datastores.value : []);
    if (vhost === undefined) return 'virtual-host-unknown';
    const own = here.filter(
      ({ endpoint }) => endpoint.vcenter === vcenter || (vhost.name !== undefined && endpoint.sni === vhost.name),
    );
    return (own.find(({ endpoint }) => endpoint.seenFrom === vcenter) ?? own[0])?.index;
  }
  const key = hostPortKey(record.url);
  const atUrl = here.filter(({ endpoint }) => endpoint.vcenter === undefined && hostPortKey(endpoint.url) === key);
  const host = canonicalHostPort(record.url);
  const sni = host === undefined || host.isAddress ? undefined : host.host;
  const appliance = evidence.appliance.reach.find(
    (reach) => hostPortKey(reach.url) === key && reach.port === undefined && reach.sni === sni,
  );
  if (appliance?.served.state === 'seen') {
    const leaf = appliance.served.value[0];
    const asSeenThere = atUrl.find(({ endpoint }) => endpoint.leaf?.der === leaf);
    if (asSeenThere !== undefined) return asSeenThere.index;
  }
  const fromHere = atUrl.filter(({ endpoint }) => endpoint.seenFrom === 'operator' || endpoint.seenFrom === vcenter);
  return (fromHere.find(({ endpoint }) => endpoint.sni === sni) ?? fromHere[0])?.index;
}

/** Whether the provider answers, from the appliance where it could be asked, else from the operator's machine. */
function reachOf(seen: SeenRegistration, evidence: VcenterEvidence, endpoints: readonly Endpoint[]): Reach {
  const key = hostPortKey(seen.record.url);
  const looks = evidence.appliance.reach.filter((reach) => hostPortKey(reach.url) === key);
  const look = looks.find((reach) => reach.served.state === 'seen') ?? looks[0];
  const addresses = look?.addresses.state === 'seen' ? look.addresses.value : [];
  const routes = evidence.appliance.rejectRoutes.state === 'seen' ? evidence.appliance.rejectRoutes.value : [];
  const route = routes.find((one) => addresses.includes(one.address));
  if (look !== undefined && look.served.state === 'seen') return { from: 'appliance', answers: true, addresses };
  if (
    look !== undefined &&
    look.served.state === 'unknown' &&
    route === undefined &&
    isAnswerAboutProvider(look.served.problem.code)
  )
    return { from: 'appliance', answers: false, problem: look.served.problem, addresses };

  const operatorLooks = endpoints.filter(
    (endpoint) => endpoint.seenFrom === 'operator' && (hostPortKey(endpoint.url) === key || endpoint.vcenter === seen.vcenter),
  );
  const answering = operatorLooks.find((endpoint) => endpoint.leaf !== undefined || endpoint.unreadable.length > 0);
  const blockedBy = route === undefined ? {} : { blockedBy: route.line };
  if (answering !== undefined)
    return {
      from: 'operator',
      answers: true,
      addresses: answering.address === undefined ? addresses : [...new Set([...addresses, answering.address])],
      ...blockedBy,
    };
  const failed = operatorLooks.find((endpoint) => endpoint.problem !== undefined);
  if (failed?.problem !== undefined)
    return { from: 'operator', answers: false, problem: failed.problem, addresses, ...blockedBy };
  return { from: 'nobody' };
}

/** Problems that say something about the provider, and not about our way to the appliance. */
function isAnswerAboutProvider(code: string): boolean {
  return (
    code === 'unreachable' || code === 'timeout' || code === 'tls-failed' || code === 'name-not-found' || code === 'bad-answer'
  );
}

/** Leaves out what is undefined, as optional fields want it. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
