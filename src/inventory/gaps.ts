import type { EvidenceBundle, Observation, ProviderProbe, Source, VcenterEvidence, VecsEntry } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import type { Gap } from '../model/inventory.js';
import type { Problem } from '../model/problem.js';
import type { CertificatePool } from './certificates.js';
import { isAnswerAboutProvider } from './endpoints.js';

/**
 * Everything that could not be seen, once per target, source and problem. An `absent` is an answer, not a gap.
 * Nothing here decides whether a gap matters: a clean audit with gaps is never called clean.
 */
export function listGaps(bundle: EvidenceBundle, pool: CertificatePool): Gap[] {
  const gaps = new Map<string, Gap>();
  const add = (target: string, source: Source, problem: Problem | undefined): void => {
    if (problem === undefined) return;
    const key = JSON.stringify([target, source, problem.code, problem.summary]);
    if (!gaps.has(key)) gaps.set(key, { target, source, problem });
  };
  for (const vcenter of bundle.vcenters) {
    for (const [source, seen] of observationsOf(vcenter)) add(vcenter.id, source, problemOf(seen));
    for (const [source, where, ders] of certificatesOf(vcenter))
      add(vcenter.id, source, unreadable(vcenter.id, where, ders, pool));
  }
  for (const probe of bundle.probes) {
    const { url, handshake } = probe;
    add(url, 'tls', problemOf(handshake));
    if (handshake.state !== 'seen') continue;
    add(url, 'version-xml', problemOf(probe.versionXml));
    add(url, 'tls', unreadable(url, 'what it serves', handshake.value.chain, pool));
    if (!handshake.value.asSent) add(url, 'tls', orderHidden(probe));
  }
  return [...gaps.values()];
}

function problemOf(seen: Observation<unknown>): Problem | undefined {
  return seen.state === 'unknown' ? seen.problem : undefined;
}

function observationsOf(vcenter: VcenterEvidence): [Source, Observation<unknown>][] {
  const { appliance } = vcenter;
  return [
    ['vim', vcenter.about],
    ['sms', vcenter.registrations],
    ['vim', vcenter.datastores],
    ['vim', vcenter.hosts],
    ['vim', vcenter.vms],
    ...(vcenter.hosts.state === 'seen' ? vcenter.hosts.value : []).flatMap((host): [Source, Observation<unknown>][] =>
      host.trustAnchors === undefined ? [] : [['vim', host.trustAnchors]],
    ),
    ['root-bundle', vcenter.rootBundle],
    ['rest', vcenter.trustedRoots],
    ['rest', vcenter.machineSsl],
    ['rest', vcenter.sps],
    ['rest', vcenter.topology],
    ['ssh', appliance.shell],
    ['ssh', appliance.smsStore],
    ['ssh', appliance.trustedRootsStore],
    ['ssh', appliance.machineSslStore],
    ['ssh', appliance.vmcaRoot],
    ['ssh', appliance.smsConfig],
    ['ssh', appliance.rejectRoutes],
    ['ssh', appliance.armed],
    ['ssh', appliance.clockAheadMs],
    ['ssh', appliance.spsLog],
    // That a provider does not answer there was seen; that the appliance could not be asked was not.
    ...appliance.reach
      .flatMap(({ addresses, served }): Observation<unknown>[] => [addresses, served])
      .filter((seen) => seen.state === 'unknown' && !isAnswerAboutProvider(seen.problem.code))
      .map((seen): [Source, Observation<unknown>] => ['ssh', seen]),
  ];
}

/** Certificates that verdicts rest on, and where they were found. */
function certificatesOf({ appliance, trustedRoots }: VcenterEvidence): [Source, string, readonly DerBase64[]][] {
  const inStore = (store: Observation<readonly VecsEntry[]>) =>
    store.state === 'seen' ? store.value.flatMap(({ certificates }) => certificates) : [];
  return [
    ['ssh', 'its VECS store TRUSTED_ROOTS', inStore(appliance.trustedRootsStore)],
    ['ssh', 'its VECS store SMS', inStore(appliance.smsStore)],
    ['ssh', 'its VMCA root file', appliance.vmcaRoot.state === 'seen' ? appliance.vmcaRoot.value.slice(0, 1) : []],
    ['rest', 'its trusted roots', trustedRoots.state === 'seen' ? trustedRoots.value : []],
  ];
}

function unreadable(target: string, where: string, ders: readonly DerBase64[], pool: CertificatePool): Problem | undefined {
  const reasons = ders.map((der) => pool.read(der)).filter((read) => typeof read === 'string');
  const [first] = reasons;
  if (first === undefined) return undefined;
  return {
    code: 'bad-answer',
    target,
    summary: `certificates in ${where} cannot be read (${reasons.length}): ${first}`,
    remedy: 'Look at them with openssl x509 -text; what rests on them is not judged.',
    retry: 'after-remedy',
  };
}

function orderHidden(probe: ProviderProbe): Problem {
  return {
    code: 'not-supported',
    target: probe.url,
    summary: 'speaks nothing older than TLS 1.3, so the order of its chain and the client CAs it accepts could not be read',
    remedy: 'Nothing to do; the leaf and a path were read. Compare the full chain on the provider itself if its order matters.',
    retry: 'never',
  };
}
