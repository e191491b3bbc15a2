import { mintCa, vmcaSubject } from '../pki.js';
import { pushRoots, signAnew } from '../provider-model.js';
import { BOTH, buildPair, HOSTS_LOST_IT_TOO, LOST, loseTrust, lossFindings, registrationsOf } from './clash-parts.js';
import type { ExpectedFinding, Scenario } from './scenario.js';

export const holderOutside: Scenario = {
  name: 'holder-outside',
  about: 'a vCenter that is not in estate.yaml took array1 from vca and vcb',
  rsaKeys: 5,
  async build(lab) {
    const { first, second, array } = await buildPair(lab, { first: { release: '6.7U3' }, second: { release: '7.0U3' } });
    const stranger = await mintCa({
      subject: vmcaSubject('vcx.elsewhere.example'),
      keys: await lab.keys.take('rsa'),
      notBefore: lab.daysAgo(200),
    });
    for (const provider of array) {
      signAnew(provider, stranger, { now: lab.daysAgo(3) });
      pushRoots(provider, [stranger.certificate], 'replace');
    }
    loseTrust(first, array, lab.daysAgo(20));
    loseTrust(second, array, lab.daysAgo(3));
  },
  expectation: {
    exitCode: 1,
    findings: [
      ...lossFindings(BOTH, ['vca', 'vcb']),
      ...BOTH.map((provider): ExpectedFinding => ({ code: 'holder-outside-estate', severity: 'warning', provider })),
    ],
    mayAlso: HOSTS_LOST_IT_TOO,
    holders: BOTH.map((provider) => ({ provider, vcenters: [] })),
    registrations: [...registrationsOf('vca', BOTH, LOST), ...registrationsOf('vcb', BOTH, LOST)],
  },
};
