import { parseName } from '../distinguished-name.js';
import {
  BOTH,
  buildPair,
  clashFindings,
  HEALTHY,
  HOSTS_LOST_IT_TOO,
  heldBy,
  LOST,
  loseTrust,
  registrationsOf,
} from './clash-parts.js';
import type { Scenario } from './scenario.js';

/** What certool.cfg's defaults make of every VMCA root that was renewed with them: no SSO domain, no host name, the same on every vCenter. */
const CERTOOL_DEFAULT = parseName('CN=CA, C=US, ST=California, L=Palo Alto, O=VMware, OU=VMware Engineering, OU=LAB');

export const sameName: Scenario = {
  name: 'same-name',
  about: 'vca lost array1 to vcb, and both VMCA roots have the same subject: only keys tell them apart',
  rsaKeys: 4,
  async build(lab) {
    const { first, array } = await buildPair(lab, {
      first: { release: '6.7U3', vmcaSubject: CERTOOL_DEFAULT, methods: ['keyboard-interactive'] },
      second: { release: '7.0U3', vmcaSubject: CERTOOL_DEFAULT },
    });
    loseTrust(first, array, lab.daysAgo(20));
  },
  expectation: {
    exitCode: 1,
    findings: [...clashFindings(BOTH, ['vca']), { code: 'same-name-other-key', severity: 'warning' }],
    mayAlso: HOSTS_LOST_IT_TOO,
    holders: heldBy(BOTH, 'vcb'),
    registrations: [...registrationsOf('vca', BOTH, LOST), ...registrationsOf('vcb', BOTH, HEALTHY)],
  },
};
