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

export const ipv6: Scenario = {
  name: 'ipv6',
  about: 'array1 is registered by IPv6 address, spelt in two ways; vca lost it to vcb',
  rsaKeys: 4,
  async build(lab) {
    const address = (controller: 0 | 1) => `fd00:1::1${controller}`;
    const { first, array } = await buildPair(lab, {
      first: { release: '6.7' },
      second: { release: '7.0U3' },
      array: { addressesOf: (controller) => [address(controller)] },
      urls(vcenter, provider) {
        const [short = ''] = provider.addresses;
        const spelt = vcenter === 'vca' ? short.toUpperCase().replace('::', ':0:0:0:0:0:') : short;
        return `https://[${spelt}]:${provider.port}${provider.path}`;
      },
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
