import { buildArray } from '../build-provider.js';
import { mintCa, vmcaSubject } from '../pki.js';
import { BOTH, HEALTHY, heldBy, registrationsOf } from './clash-parts.js';
import type { Scenario } from './scenario.js';

const SECOND = ['array2-CT0', 'array2-CT1'];

export const expiredRoot: Scenario = {
  name: 'expired-root',
  about: 'the VMCA root of vca expired yesterday; what it issued has not, and still verifies by key',
  rsaKeys: 6,
  async build(lab) {
    const vmca = await mintCa({
      subject: vmcaSubject('vca.lab.example'),
      keys: await lab.keys.take('rsa'),
      notBefore: lab.daysAgo(3650),
      notAfter: lab.daysAgo(1),
    });
    const vca = await lab.vcenter({ id: 'vca', release: '7.0U3', vmca });
    const vcb = await lab.vcenter({ id: 'vcb', release: '7.0U3' });
    for (const [vcenter, name] of [
      [vca, 'array1'],
      [vcb, 'array2'],
    ] as const) {
      const array = await buildArray(lab, name, { retained: false });
      for (const provider of array) lab.register(vcenter, provider, { daysAgo: 30, active: provider === array[0] });
      lab.populate(vcenter, {
        hosts: { count: 2, version: vcenter.version },
        datastores: [{ name: `vvol-${name}`, providers: array, vms: 2, poweredOn: 2 }],
      });
    }
  },
  expectation: {
    exitCode: 1,
    findings: [{ code: 'root-expired', severity: 'error', vcenter: 'vca' }],
    mayAlso: [{ code: 'certificate-expired', why: 'the expired root is the certificate of the VMCA itself' }],
    holders: [...heldBy(BOTH, 'vca'), ...heldBy(SECOND, 'vcb')],
    registrations: [...registrationsOf('vca', BOTH, HEALTHY), ...registrationsOf('vcb', SECOND, HEALTHY)],
  },
};
