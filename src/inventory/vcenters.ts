import type { Certificate } from '../model/certificate.js';
import type { SmsConfigFacts, VcenterEvidence, VecsEntry } from '../model/evidence.js';
import type { DerBase64, VcenterId } from '../model/ids.js';
import type { Host, Leftovers, LinkedVcenter, PresentedCertificate, TrustAnchor, Vcenter } from '../model/inventory.js';
import { isIssuedBy } from '../x509/issuer.js';
import type { CertificatePool } from './certificates.js';

/** sms-config.xml as it is shipped. Source: the published procedure; other builds may differ (inferred). */
const SHIPPED_RETRY_ATTEMPT = '99999';

/** One vCenter's facts; who is linked with whom needs all of them and is added by `linkVcenters`. */
export function buildVcenter(evidence: VcenterEvidence, pool: CertificatePool): Vcenter {
  const { appliance } = evidence;
  const trustAnchors = gatherAnchors(evidence, pool);
  const hosts = evidence.hosts.state === 'seen' ? evidence.hosts.value.map((host) => buildHost(host, pool)) : undefined;
  const vmca = currentVmca(evidence, pool, trustAnchors, hosts ?? []);
  const about = evidence.about.state === 'seen' ? evidence.about.value : undefined;
  const clock = evidence.appliance.clockAheadMs.state === 'seen' ? evidence.appliance.clockAheadMs : evidence.clockAheadMs;
  const smsStore =
    appliance.smsStore.state === 'seen' ? appliance.smsStore.value : appliance.smsStore.state === 'absent' ? [] : undefined;
  return {
    id: evidence.id,
    address: evidence.address,
    ...(about?.instanceUuid === undefined ? {} : { instanceUuid: about.instanceUuid }),
    ...(about === undefined ? {} : { version: about.version }),
    linkedWith: [],
    ...(vmca === undefined ? {} : { vmca }),
    presents:
      smsStore === undefined ? [] : presentedCertificates(smsStore, about?.version, vmca, trustAnchors, evidence.address, pool),
    trustAnchors,
    anchorsComplete: hasAllAnchors(evidence, pool),
    ...(smsStore === undefined ? {} : { smsStore }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(clock.state === 'seen' ? { clockAheadMs: clock.value } : {}),
    ...nodesOf(evidence),
    ...vchaOf(evidence),
    ...otherMachineOf(evidence, pool),
    leftovers: leftoversOf(evidence),
    ...removalsOf(evidence),
  };
}

/** A node alone in its domain proves nothing: such names (`localhost`) repeat. */
function nodesOf({ topology, address }: VcenterEvidence): Pick<Vcenter, 'ssoNodes'> {
  if (topology.state !== 'seen' || topology.value.length < 2) return {};
  const names = topology.value.flatMap(({ node, clientAffinity }) => [node, clientAffinity ?? node]);
  return { ssoNodes: [...new Set(names)].filter((name) => name.toLowerCase() !== address.toLowerCase()) };
}

function vchaOf({ vcha }: VcenterEvidence): Pick<Vcenter, 'vcha'> {
  if (vcha === undefined || vcha.state === 'unknown') return {};
  return { vcha: vcha.state === 'absent' ? 'none' : vcha.value };
}

/** Whether the way by SSH leads to the vCenter that answers by HTTPS; where only one of them was seen, nobody can say. */
function otherMachineOf({ machineSsl, appliance }: VcenterEvidence, pool: CertificatePool): Pick<Vcenter, 'otherMachine'> {
  const rest = machineSsl.state === 'seen' ? pool.readOne(machineSsl.value[0]) : undefined;
  const store = pool.readOne(storedMachineSsl(appliance));
  if (rest === undefined || store === undefined || rest.sha256 === store.sha256) return {};
  return { otherMachine: { rest: rest.sha256, store: store.sha256 } };
}

function storedMachineSsl({ machineSslStore }: VcenterEvidence['appliance']): DerBase64 | undefined {
  if (machineSslStore.state !== 'seen') return undefined;
  return machineSslStore.value.find((entry) => entry.alias === '__MACHINE_CERT')?.certificates[0];
}

function gatherAnchors(evidence: VcenterEvidence, pool: CertificatePool): TrustAnchor[] {
  const anchors = new Map<string, { certificate: Certificate; seenIn: TrustAnchor['seenIn'][number][] }>();
  const add = (ders: readonly DerBase64[], seenIn: TrustAnchor['seenIn'][number]): void => {
    for (const certificate of pool.readAll(ders)) {
      const known = anchors.get(certificate.sha256);
      if (known === undefined) anchors.set(certificate.sha256, { certificate, seenIn: [seenIn] });
      else if (!known.seenIn.includes(seenIn)) known.seenIn.push(seenIn);
    }
  };
  const { trustedRootsStore } = evidence.appliance;
  if (trustedRootsStore.state === 'seen')
    for (const entry of trustedRootsStore.value) add(entry.certificates, 'trusted-roots-store');
  if (evidence.trustedRoots.state === 'seen') add(evidence.trustedRoots.value, 'rest');
  if (evidence.rootBundle.state === 'seen') add(evidence.rootBundle.value, 'root-bundle');
  // The download is a copy that can lag behind: where the store itself was seen, only the store counts, be it empty.
  if (trustedRootsStore.state !== 'seen' && evidence.trustedRoots.state !== 'seen') return [...anchors.values()];
  return [...anchors.values()].filter((one) => one.seenIn.some((place) => place !== 'root-bundle'));
}

/** An anchor whose bytes we cannot read may be the very one that is looked for. */
function hasAllAnchors({ appliance: { trustedRootsStore }, trustedRoots }: VcenterEvidence, pool: CertificatePool): boolean {
  const readable = (ders: readonly DerBase64[]) => ders.every((der) => typeof pool.read(der) !== 'string');
  return (
    (trustedRootsStore.state === 'seen' && trustedRootsStore.value.every(({ certificates }) => readable(certificates))) ||
    (trustedRoots.state === 'seen' && readable(trustedRoots.value))
  );
}

function buildHost(host: Extract<VcenterEvidence['hosts'], { state: 'seen' }>['value'][number], pool: CertificatePool): Host {
  const certificate = pool.readOne(host.certificate);
  return {
    ref: host.ref,
    name: host.name,
    ...(host.version === undefined ? {} : { version: host.version }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(host.trustAnchors?.state === 'seen' ? { trustAnchors: pool.readAll(host.trustAnchors.value) } : {}),
  };
}

/** Read on the appliance where that was possible; else the CA whose key issued this vCenter's own certificates, weaker and marked so. */
function currentVmca(
  evidence: VcenterEvidence,
  pool: CertificatePool,
  anchors: readonly TrustAnchor[],
  hosts: readonly Host[],
): Vcenter['vmca'] | undefined {
  const { vmcaRoot } = evidence.appliance;
  const read = vmcaRoot.state === 'seen' ? pool.readOne(vmcaRoot.value[0]) : undefined;
  if (read !== undefined) return { certificate: read, source: 'appliance' };
  for (const { certificate } of ownCertificates(evidence, pool, hosts)) {
    const issuer = anchors.find((anchor) => anchor.certificate.isCa && isIssuedBy(certificate, anchor.certificate));
    if (issuer !== undefined) return { certificate: issuer.certificate, source: 'issued-certificates' };
  }
  return undefined;
}

export interface OwnCertificate {
  readonly what: 'machine-ssl' | 'host' | 'sps-extension';
  readonly certificate: Certificate;
}

/** Certificates that this vCenter's VMCA issues by default, those least likely to have been replaced first. */
export function ownCertificates(evidence: VcenterEvidence, pool: CertificatePool, hosts: readonly Host[]): OwnCertificate[] {
  const { smsStore, machineSslStore } = evidence.appliance;
  const extension = smsStore.state === 'seen' ? smsStore.value.find((entry) => entry.alias === 'sps-extension') : undefined;
  const machineSsl =
    machineSslStore.state === 'seen'
      ? storedMachineSsl(evidence.appliance)
      : evidence.machineSsl.state === 'seen'
        ? evidence.machineSsl.value[0]
        : undefined;
  const own: OwnCertificate[] = [];
  const extensionLeaf = pool.readOne(extension?.certificates[0]);
  if (extensionLeaf !== undefined) own.push({ what: 'sps-extension', certificate: extensionLeaf });
  for (const host of hosts) if (host.certificate !== undefined) own.push({ what: 'host', certificate: host.certificate });
  const machineLeaf = pool.readOne(machineSsl);
  if (machineLeaf !== undefined) own.push({ what: 'machine-ssl', certificate: machineLeaf });
  return own;
}

/**
 * The entries SPS may show to a provider. From 8.0 on it is documented which is shown to whom (KB 440183); for 6.x and 7.x it is not,
 * so both candidates are listed and marked.
 */
function presentedCertificates(
  smsStore: readonly VecsEntry[],
  version: string | undefined,
  vmca: Vcenter['vmca'],
  anchors: readonly TrustAnchor[],
  address: string,
  pool: CertificatePool,
): PresentedCertificate[] {
  const documented = Number.parseInt(version ?? '', 10) >= 8;
  return (['sps-extension', 'sms_self_signed'] as const).map((alias) => {
    const entry = smsStore.find((one) => one.alias === alias);
    const certificate = pool.readOne(entry?.certificates[0]);
    const to = documented ? (alias === 'sps-extension' ? 'vvol' : 'iofilter') : 'unknown';
    return {
      store: 'SMS',
      alias,
      to,
      ...(certificate === undefined ? {} : { certificate }),
      issuedBy: certificate === undefined ? 'unknown' : whoIssued(certificate, vmca, anchors, address),
      basis: documented ? 'documented' : 'inferred',
    } as const;
  });
}

function whoIssued(
  certificate: Certificate,
  vmca: Vcenter['vmca'],
  anchors: readonly TrustAnchor[],
  address: string,
): PresentedCertificate['issuedBy'] {
  // Inferred from what it issued, the VMCA may be a former one: `sps-extension` stays on the old root when the VMCA is replaced.
  if (vmca !== undefined && isIssuedBy(certificate, vmca.certificate))
    return vmca.source === 'appliance' ? 'current-vmca' : 'unknown';
  if (certificate.subject === certificate.issuer && isIssuedBy(certificate, certificate)) return 'self';
  const issuer = anchors.map((anchor) => anchor.certificate).find((ca) => ca.isCa && isIssuedBy(certificate, ca));
  if (issuer === undefined) return 'unknown';
  return looksLikeFormerVmca(issuer, vmca?.certificate, address) ? 'former-vmca' : 'external';
}

/** By signature it is some other CA of the trust store; that it once was this vCenter's VMCA is read from its name (inferred). */
function looksLikeFormerVmca(issuer: Certificate, vmca: Certificate | undefined, address: string): boolean {
  return issuer.subject === vmca?.subject || issuer.subject.toLowerCase().split(/,\s*/).includes(`o=${address.toLowerCase()}`);
}

function leftoversOf(evidence: VcenterEvidence): Leftovers {
  const { rejectRoutes, smsConfig, armed } = evidence.appliance;
  const changed = smsConfig.state === 'seen' ? changedRetryAttempt(smsConfig.value) : undefined;
  return {
    ...(rejectRoutes.state === 'seen' ? { rejectRoutes: rejectRoutes.value } : {}),
    ...(changed === undefined ? {} : { changedRetryAttempt: changed }),
    ...(armed.state === 'seen' ? { armed: armed.value } : {}),
  };
}

/** A log that is not there tells of no removal; one that nobody could read tells nothing. */
function removalsOf({ appliance: { spsLog } }: VcenterEvidence): Pick<Vcenter, 'removals'> {
  if (spsLog.state === 'absent') return { removals: [] };
  return spsLog.state === 'seen' && spsLog.value.removals !== undefined ? { removals: spsLog.value.removals } : {};
}

function changedRetryAttempt(facts: SmsConfigFacts): string | undefined {
  return facts.retryAttempt === undefined || facts.retryAttempt.trim() === SHIPPED_RETRY_ATTEMPT
    ? undefined
    : facts.retryAttempt.trim();
}

/**
 * Adds who is linked with whom. `topology` where REST names the other as a node of the same SSO domain (documented);
 * `mutual-trust` where that could not be asked and each trusts the other's VMCA root, read on both appliances (inferred).
 */
export function linkVcenters(vcenters: readonly Vcenter[], evidence: readonly VcenterEvidence[]): Vcenter[] {
  const links = new Map<VcenterId, Map<VcenterId, LinkedVcenter['basis']>>();
  const link = (one: VcenterId, other: VcenterId, basis: LinkedVcenter['basis']): void => {
    if (one === other) return;
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const known = links.get(from) ?? new Map<VcenterId, LinkedVcenter['basis']>();
      links.set(from, known.set(to, known.get(to) ?? basis));
    }
  };
  const byAddress = new Map(vcenters.map((vcenter) => [vcenter.address.toLowerCase(), vcenter.id]));
  const asked = new Set<VcenterId>();
  const listing = new Map<string, VcenterId[]>();
  const size = new Map<VcenterId, number>();
  for (const seen of evidence) {
    if (seen.topology.state !== 'seen') continue;
    asked.add(seen.id);
    size.set(seen.id, seen.topology.value.filter(({ type }) => type.startsWith('VCSA')).length);
    // A node alone in its domain proves nothing: such names (`localhost`) repeat.
    for (const { node } of seen.topology.value.length > 1 ? seen.topology.value : []) {
      const name = node.toLowerCase();
      // By the address in estate.yaml, or because another vCenter lists the same node: an address there need not be the node's name.
      const others = listing.get(name) ?? [];
      for (const other of [byAddress.get(name), ...others]) if (other !== undefined) link(seen.id, other, 'topology');
      listing.set(name, [...others, seen.id]);
    }
  }
  for (const [one, other] of mutualTrust(vcenters)) if (!asked.has(one) || !asked.has(other)) link(one, other, 'mutual-trust');
  return vcenters.map((vcenter) => {
    const linked = links.get(vcenter.id) ?? new Map<VcenterId, LinkedVcenter['basis']>();
    const outside = (size.get(vcenter.id) ?? 0) - linked.size - 1;
    return {
      ...vcenter,
      linkedWith: [...linked].map(([other, basis]) => ({ vcenter: other, basis })),
      ...(outside > 0 ? { linkedOutside: outside } : {}),
    };
  });
}

/** Pairs with different VMCA keys that each trust the other's. */
function mutualTrust(vcenters: readonly Vcenter[]): [VcenterId, VcenterId][] {
  const runs = new Map<string, VcenterId[]>();
  for (const { id, vmca } of vcenters)
    if (vmca?.source === 'appliance')
      runs.set(vmca.certificate.spkiSha256, [...(runs.get(vmca.certificate.spkiSha256) ?? []), id]);
  const trusts = new Map<VcenterId, Set<VcenterId>>();
  for (const vcenter of vcenters) {
    const others = vcenter.trustAnchors.flatMap((anchor) => runs.get(anchor.certificate.spkiSha256) ?? []);
    trusts.set(vcenter.id, new Set(others.filter((other) => other !== vcenter.id)));
  }
  return [...trusts].flatMap(([one, others]) =>
    [...others]
      .filter((other) => one < other && trusts.get(other)?.has(one) === true)
      .map((other): [VcenterId, VcenterId] => [one, other]),
  );
}
