import { mintCa, mintLeaf } from '../pki.js';
import { BOTH, buildPair, HEALTHY, registrationsOf } from './clash-parts.js';
import type { Scenario } from './scenario.js';

export const externalCa: Scenario = {
  name: 'external-ca',
  about: 'array1 keeps certificates of an outside CA that vca and vcb both trust: how it should be',
  switches: { rootsAtProvider: 'add' },
  rsaKeys: 6,
  async build(lab) {
    const dates = { notBefore: lab.daysAgo(300) };
    const root = await mintCa({ subject: 'CN=Example Root CA, O=Example, OU=LAB', keys: await lab.keys.take('rsa'), ...dates });
    const issuing = await mintCa({
      subject: 'CN=Example Issuing CA 1, O=Example, OU=LAB',
      issuer: root,
      keys: await lab.keys.take('rsa'),
      pathLength: 0,
      ...dates,
    });
    await buildPair(lab, {
      first: { release: '7.0U3', alsoTrusts: [root.certificate] },
      second: { release: '8.0U3', alsoTrusts: [root.certificate] },
      array: { retained: true },
      async prepare(_first, _second, array) {
        for (const provider of array) {
          const identity = await mintLeaf({
            subject: `CN=${provider.host}, O=Example, OU=LAB`,
            issuer: issuing,
            keys: await lab.keys.take('rsa'),
            san: [provider.host, ...provider.addresses],
            notBefore: lab.daysAgo(70),
          });
          provider.served = { identity, chain: [identity.certificate, issuing.certificate] };
        }
      },
    });
  },
  expectation: {
    exitCode: 0,
    findings: [],
    holders: BOTH.map((provider) => ({ provider, vcenters: [] })),
    registrations: [...registrationsOf('vca', BOTH, HEALTHY), ...registrationsOf('vcb', BOTH, HEALTHY)],
  },
};
