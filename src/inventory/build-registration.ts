import type { ApplianceReach, SmsProviderRecord, VcenterEvidence, VvolDatastore } from '../model/evidence.js';
import type { Endpoint, Reach, Registration, Vcenter } from '../model/inventory.js';
import { canonicalHostPort, dnText } from '../x509/names.js';
import { categoryOf } from './category.js';
import type { CertificatePool } from './certificates.js';
import { dependentsOf } from './dependents.js';
import { isAnswerAboutProvider } from './endpoints.js';
import type { SeenRegistration } from './group-providers.js';
import { judgeAccepted } from './judge-acceptance.js';
import { type Judged, judgeStale } from './judge-stale.js';
import { judgeTrusted } from './judge-trust.js';
import { isAtVirtualHost, virtualHostOf } from './virtual-host.js';

/** One registration with both questions answered: is the provider trusted here, and are we accepted there? */
export function buildRegistration(
  seen: SeenRegistration,
  vcenter: Vcenter,
  evidence: VcenterEvidence,
  endpoints: readonly Endpoint[],
  pool: CertificatePool,
  retainedElsewhere: boolean,
): Registration {
  const { record } = seen;
  const place = placeOf(record, evidence.datastores.state === 'seen' ? evidence.datastores.value : []);
  const vhostUnknown = place === 'virtual-host-unknown';
  const known = vhostUnknown ? undefined : place;
  const at = known === undefined ? undefined : endpointAt(known, seen, evidence, endpoints);
  const endpoint = at === undefined ? undefined : endpoints[at];
  const trusted = judgeTrusted(seen, vhostUnknown ? place : endpoint, vcenter, pool);
  const spsLog = evidence.appliance.spsLog.state === 'seen' ? evidence.appliance.spsLog.value : undefined;
  const accepted = vhostUnknown
    ? ({ value: 'unknown', why: { code: 'not-seen' } } as const)
    : judgeAccepted(seen, endpoint, vcenter, spsLog, dnText);
  const reach = reachOf(known ?? registeredPlace(record), seen, evidence, endpoints);
  const { category, basis } = categoryOf(record.category, record.name, record.url);
  const judged = { category, status: record.status, retained: retainedBy(record, retainedElsewhere), trusted, accepted, reach };
  const smsCertificate = pool.readOne(record.certificate);
  const dependents = dependentsOf(record, evidence);
  return defined({
    vcenter: vcenter.id,
    uid: record.uid,
    name: record.name,
    url: record.url,
    endpoint: at,
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
    stale: judgeStale(defined(judged) as Judged, endpoint?.holder),
    reach,
    dependents,
  }) as Registration;
}

/** What SMS says here; where another vCenter's SMS says that the provider keeps its certificate, a different word here is not believed. */
function retainedBy({ retained }: SmsProviderRecord, elsewhere: boolean): Judged['retained'] {
  return elsewhere && retained === false ? 'contradicted' : (retained ?? (elsewhere || undefined));
}

/** Where a vCenter talks to a provider: the registered URL, or from VASA 5 on its own virtual host there. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly sni?: string;
  readonly isVirtualHost: boolean;
}

function placeOf(record: SmsProviderRecord, datastores: readonly VvolDatastore[]): Place | 'virtual-host-unknown' | undefined {
  const at = canonicalHostPort(record.url);
  if (at === undefined || !isAtVirtualHost(record, datastores)) return registeredPlace(record);
  const vhost = virtualHostOf(record, datastores);
  if (vhost === undefined) return 'virtual-host-unknown';
  const { name, port = at.port } = vhost;
  return { host: at.host, port, ...(name === undefined ? {} : { sni: name }), isVirtualHost: true };
}

function registeredPlace({ url }: SmsProviderRecord): Place | undefined {
  const at = canonicalHostPort(url);
  if (at === undefined) return undefined;
  return { host: at.host, port: at.port, ...(at.isAddress ? {} : { sni: at.host }), isVirtualHost: false };
}

/** What its own appliance saw at exactly that place. */
function ownLook(place: Place, evidence: VcenterEvidence): ApplianceReach | undefined {
  return evidence.appliance.reach.find((reach) => {
    const at = canonicalHostPort(reach.url);
    return at?.host === place.host && (reach.port ?? at.port) === place.port && reach.sni === place.sni;
  });
}

/** Whether an endpoint is a look at that place, under the server name or any other that belongs to it. */
function isAt(place: Place, endpoint: Endpoint, vcenter: Vcenter['id']): boolean {
  const at = canonicalHostPort(endpoint.url);
  if (at?.host !== place.host || at.port !== place.port) return false;
  if (endpoint.seenFrom !== 'operator' && endpoint.seenFrom !== vcenter) return false;
  return place.isVirtualHost ? endpoint.vcenter === vcenter || endpoint.sni === place.sni : endpoint.vcenter === undefined;
}

/**
 * What this vCenter sees at the provider: its own appliance's look, whatever others see (addresses float, and names resolve differently);
 * where that saw nothing, the operator's, best with the same server name.
 */
function endpointAt(
  place: Place,
  seen: SeenRegistration,
  evidence: VcenterEvidence,
  endpoints: readonly Endpoint[],
): number | undefined {
  const here = endpoints
    .map((endpoint, index) => ({ endpoint, index }))
    .filter(({ endpoint }) => isAt(place, endpoint, seen.vcenter));
  const look = ownLook(place, evidence);
  if (look?.served.state === 'seen') {
    const [leaf] = look.served.value;
    const same = here.find(({ endpoint }) => endpoint.leaf !== undefined && endpoint.leaf.der === leaf);
    return (same ?? here.find(({ endpoint }) => endpoint.seenFrom === seen.vcenter && endpoint.sni === place.sni))?.index;
  }
  const fromHere = here.filter(({ endpoint }) => endpoint.leaf !== undefined);
  return (fromHere.find(({ endpoint }) => endpoint.sni === place.sni) ?? fromHere[0])?.index;
}

/** Whether the provider answers there, from the appliance where it could be asked, else from the operator's machine. */
function reachOf(
  place: Place | undefined,
  seen: SeenRegistration,
  evidence: VcenterEvidence,
  endpoints: readonly Endpoint[],
): Reach {
  if (place === undefined) return { from: 'nobody' };
  const look = ownLook(place, evidence);
  const addresses = look?.addresses.state === 'seen' ? look.addresses.value : [];
  if (look?.served.state === 'seen') return { from: 'appliance', answers: true, addresses };
  const routes = evidence.appliance.rejectRoutes.state === 'seen' ? evidence.appliance.rejectRoutes.value : [];
  const route = routes.find((one) => addresses.includes(one.address));
  if (look?.served.state === 'unknown' && route === undefined && isAnswerAboutProvider(look.served.problem.code))
    return { from: 'appliance', answers: false, problem: look.served.problem, addresses };

  const operatorLooks = endpoints.filter((endpoint) => endpoint.seenFrom === 'operator' && isAt(place, endpoint, seen.vcenter));
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

/** Leaves out what is undefined, as optional fields want it. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
