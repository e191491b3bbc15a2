import { pushRoots, signAnew } from '../provider-model.js';
import { buildPair, clashFindings, HEALTHY, HOSTS_LOST_IT_TOO, heldBy, LOST, loseTrust, registrationsOf } from './clash-parts.js';
import type { Scenario } from './scenario.js';

export const controllerSplit: Scenario = {
  name: 'controller-split',
  about: 'vcb took both controllers of array1, then vca registered CT0 again: each vCenter holds one',
  rsaKeys: 4,
  async build(lab) {
    const { first, second, array } = await buildPair(lab, { first: { release: '7.0U3' }, second: { release: '7.0U3' } });
    const [ct0, ct1] = array;
    signAnew(ct0, first.vmca, { now: lab.daysAgo(5), vcenter: first });
    pushRoots(ct0, first.trustedRoots, 'replace');
    const again = first.registrations.find((one) => one.provider === ct0.name);
    if (again) again.certificate = ct0.served.identity.certificate;
    loseTrust(first, [ct1], lab.daysAgo(20));
    loseTrust(second, [ct0], lab.daysAgo(5));
  },
  expectation: {
    exitCode: 1,
    findings: [
      ...clashFindings(['array1-CT0'], ['vcb']),
      ...clashFindings(['array1-CT1'], ['vca']),
      { code: 'controller-split', severity: 'warning' },
    ],
    mayAlso: [
      ...HOSTS_LOST_IT_TOO,
      { code: 'sole-provider', why: 'each vCenter has one working registration of the array left' },
    ],
    holders: [...heldBy(['array1-CT0'], 'vca'), ...heldBy(['array1-CT1'], 'vcb')],
    registrations: [
      ...registrationsOf('vca', ['array1-CT0'], HEALTHY),
      ...registrationsOf('vca', ['array1-CT1'], LOST),
      ...registrationsOf('vcb', ['array1-CT0'], LOST),
      ...registrationsOf('vcb', ['array1-CT1'], HEALTHY),
    ],
  },
};
