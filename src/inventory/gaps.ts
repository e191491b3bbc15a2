import type { EvidenceBundle, Observation, ProviderProbe, Source, VcenterEvidence } from '../model/evidence.js';
import type { Gap } from '../model/inventory.js';

/**
 * Everything that could not be seen, once per target, source and problem. An `absent` is an answer, not a gap.
 * Nothing here decides whether a gap matters: a clean audit with gaps is never called clean.
 */
export function listGaps(bundle: EvidenceBundle): Gap[] {
  const gaps = new Map<string, Gap>();
  const add = (target: string, source: Source, seen: Observation<unknown>): void => {
    if (seen.state !== 'unknown') return;
    const key = JSON.stringify([target, source, seen.problem.code, seen.problem.summary]);
    if (!gaps.has(key)) gaps.set(key, { target, source, problem: seen.problem });
  };
  for (const vcenter of bundle.vcenters) for (const [source, seen] of observationsOf(vcenter)) add(vcenter.id, source, seen);
  for (const probe of bundle.probes) {
    add(probe.url, 'tls', probe.handshake);
    if (probe.handshake.state === 'seen') add(probe.url, 'version-xml', probe.versionXml);
    if (probe.handshake.state === 'seen' && !probe.handshake.value.asSent) add(probe.url, 'tls', orderHidden(probe));
  }
  return [...gaps.values()];
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
  ];
}

function orderHidden(probe: ProviderProbe): Observation<never> {
  return {
    state: 'unknown',
    problem: {
      code: 'not-supported',
      target: probe.url,
      summary: 'speaks nothing older than TLS 1.3, so the order of its chain and the client CAs it accepts could not be read',
      remedy: 'Nothing to do; the leaf and a path were read. Compare the full chain on the provider itself if its order matters.',
      retry: 'never',
    },
  };
}
