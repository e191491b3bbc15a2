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

export const byName: Scenario = {
  name: 'by-name',
  about: 'vca registered array1 by IP address, vcb by name and later: one provider under two URLs, and a clash',
  rsaKeys: 4,
  async build(lab) {
    const { first, array } = await buildPair(lab, {
      first: { release: '6.7U3' },
      second: { release: '7.0U3' },
      urls: (vcenter, provider) =>
        `https://${vcenter === 'vca' ? provider.addresses[0] : provider.host}:${provider.port}${provider.path}`,
    });
    loseTrust(first, array, lab.daysAgo(20));
  },
  expectation: {
    exitCode: 1,
    findings: clashFindings(BOTH, ['vca']),
    mayAlso: HOSTS_LOST_IT_TOO,
    holders: heldBy(BOTH, 'vcb'),
    registrations: [...registrationsOf('vca', BOTH, LOST), ...registrationsOf('vcb', BOTH, HEALTHY)],
  },
};
