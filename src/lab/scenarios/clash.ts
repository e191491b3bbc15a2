import { buildArray } from '../build-provider.js';
import { BOTH, clashFindings, HEALTHY, HOSTS_LOST_IT_TOO, heldBy, LOST, loseTrust, registrationsOf } from './clash-parts.js';
import type { Scenario } from './scenario.js';

const SECOND = ['array2-CT0', 'array2-CT1'];

/** The estate of the published case: a 6.5 that registered first, a 6.7 that registered the same two controllers later. */
export const clash: Scenario = {
  name: 'clash',
  about: 'vc65 (6.5) lost both controllers of array1 to vc67 (6.7); array2 is healthy',
  rsaKeys: 6,
  async build(lab) {
    const vc65 = await lab.vcenter({
      id: 'vc65',
      release: '6.5',
      shell: 'appliancesh',
      methods: ['password', 'keyboard-interactive'],
    });
    const vc67 = await lab.vcenter({ id: 'vc67', release: '6.7', shell: 'bash' });
    const array1 = await buildArray(lab, 'array1', {
      arrayId: 'd4d78052-ea56-4a7e-9df9-67d1a1634faf',
      retained: false,
      addressesOf: (controller) => [`10.1.2.${3 + controller}`],
    });
    const array2 = await buildArray(lab, 'array2', {
      retained: false,
      addressesOf: (controller) => [`10.1.3.${3 + controller}`],
    });
    const [ct0, ct1] = array1;
    lab.register(vc65, ct0, { uid: '453d453a-ac19-4bf5-b1f7-7252ad84950a', daysAgo: 60 });
    lab.register(vc65, ct1, { uid: 'b1801691-98a2-4484-b156-f91e55ca54c6', daysAgo: 60, active: false });
    for (const provider of array2) lab.register(vc65, provider, { daysAgo: 50, active: provider === array2[0] });
    for (const provider of array1) lab.register(vc67, provider, { daysAgo: 19, active: provider === ct0 });
    lab.populate(vc65, {
      hosts: { count: 6, version: '6.5.0', ioFilters: true },
      datastores: [
        { name: 'vvol-gold', providers: array1, vms: 9, poweredOn: 6 },
        { name: 'vvol-silver', providers: array1, vms: 5, poweredOn: 3 },
        { name: 'vvol-array2', providers: array2, vms: 3, poweredOn: 3 },
      ],
    });
    lab.populate(vc67, {
      hosts: { count: 2, version: '6.7.0', ioFilters: true },
      datastores: [{ name: 'vvol-new', providers: array1, vms: 4, poweredOn: 4 }],
    });
    loseTrust(vc65, array1, lab.daysAgo(19));
  },
  expectation: {
    exitCode: 1,
    findings: clashFindings(BOTH, ['vc65']),
    mayAlso: HOSTS_LOST_IT_TOO,
    internalSkipped: ['vc65', 'vc67'],
    holders: [...heldBy(BOTH, 'vc67'), ...heldBy(SECOND, 'vc65')],
    registrations: [
      ...registrationsOf('vc65', BOTH, LOST),
      ...registrationsOf('vc65', SECOND, HEALTHY),
      ...registrationsOf('vc67', BOTH, HEALTHY),
    ],
  },
};
