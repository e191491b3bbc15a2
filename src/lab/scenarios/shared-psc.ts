import { mintCa, vmcaSubject } from '../pki.js';
import { BOTH, buildPair, HEALTHY, registrationsOf } from './clash-parts.js';
import type { Scenario } from './scenario.js';

const PSC = 'psc.lab.example';

/** The VMCA runs on the PSC, so no vCenter has its root file: only what it issued tells whose it is, and it is both vCenters'. */
export const sharedPsc: Scenario = {
  name: 'shared-psc',
  about: 'vca and vcb (6.7) use one external PSC and so one VMCA; array1 works on both',
  rsaKeys: 3,
  async build(lab) {
    const vmca = await mintCa({ subject: vmcaSubject(PSC), keys: await lab.keys.take('rsa'), notBefore: lab.daysAgo(700) });
    const node = { release: '6.7U3', vmca } as const;
    await buildPair(lab, {
      first: node,
      second: node,
      prepare(first, second) {
        for (const vcenter of [first, second]) {
          vcenter.topology = [
            { node: PSC, type: 'PSC_EXTERNAL', replicationPartners: [] },
            { node: first.address, type: 'VCSA_EXTERNAL', replicationPartners: [], clientAffinity: PSC },
            { node: second.address, type: 'VCSA_EXTERNAL', replicationPartners: [], clientAffinity: PSC },
          ];
        }
      },
    });
  },
  touchUp(world) {
    for (const vcenter of world.vcenters) vcenter.appliance.files.delete('/var/lib/vmware/vmca/root.cer');
  },
  expectation: {
    exitCode: 0,
    findings: [],
    holders: BOTH.map((provider) => ({ provider, vcenters: ['vca', 'vcb'], grade: 'issued-certificates' })),
    registrations: [...registrationsOf('vca', BOTH, HEALTHY), ...registrationsOf('vcb', BOTH, HEALTHY)],
  },
};
