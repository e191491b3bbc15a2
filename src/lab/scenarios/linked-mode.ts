import type { DerBase64 } from '../../model/ids.js';
import type { LabVcenter } from '../world.js';
import { BOTH, buildPair, HEALTHY, heldBy, registrationsOf } from './clash-parts.js';
import type { Scenario } from './scenario.js';

export const linkedMode: Scenario = {
  name: 'linked-mode',
  about: 'vca and vcb share one SSO domain, so each trusts the root of the other; array1 works on both',
  rsaKeys: 4,
  async build(lab) {
    await buildPair(lab, { first: { release: '7.0U3' }, second: { release: '7.0U3' }, prepare: link });
  },
  expectation: {
    exitCode: 0,
    findings: [],
    holders: heldBy(BOTH, 'vcb'),
    registrations: [...registrationsOf('vca', BOTH, HEALTHY), ...registrationsOf('vcb', BOTH, HEALTHY)],
  },
};

/** The directory replicates every node's root to every node, and each node tells of both. */
function link(first: LabVcenter, second: LabVcenter): void {
  const roots: DerBase64[] = [...new Set([...first.trustedRoots, ...second.trustedRoots])];
  const topology = [first, second].map((node) => ({
    node: node.address,
    type: 'VCSA_EMBEDDED',
    replicationPartners: [node === first ? second.address : first.address],
  }));
  for (const node of [first, second]) {
    node.trustedRoots = [...roots];
    node.topology = [...topology];
  }
}
