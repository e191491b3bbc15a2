import { parseName } from '../distinguished-name.js';
import { mint } from '../pki.js';
import { BOTH, buildPair, HEALTHY, registrationsOf } from './clash-parts.js';
import type { ExpectedHolder, Scenario } from './scenario.js';

export const vasa5: Scenario = {
  name: 'vasa5',
  about: 'array1 speaks VASA 5: vca and vcb (8.0.3) have a virtual host each, and the default one serves something else',
  rsaKeys: 4,
  async build(lab) {
    await buildPair(lab, {
      first: { release: '8.0U3' },
      second: { release: '8.0U3' },
      array: { vasaVersion: '5.0' },
      async prepare(first, second, array) {
        for (const provider of array) {
          for (const vcenter of [first, second]) {
            const vhostName = `${vcenter.id}.${provider.host}`;
            const identity = mint(
              { subject: parseName(`CN=${vhostName}, OU=LAB`), san: [vhostName], notBefore: lab.daysAgo(100) },
              await lab.keys.take('ec'),
            );
            provider.virtualHosts.set(vcenter.id, {
              vhostName,
              served: { identity, chain: [identity.certificate] },
              clientCertificates: [],
            });
          }
        }
      },
    });
  },
  expectation: {
    exitCode: 0,
    findings: [],
    holders: BOTH.flatMap((provider) =>
      ['vca', 'vcb'].map(
        (vcenter): ExpectedHolder => ({
          provider,
          virtualHostOf: vcenter,
          vcenters: [vcenter],
          grade: 'vmca-key',
          gradeWithoutSsh: 'issued-certificates',
        }),
      ),
    ),
    registrations: [...registrationsOf('vca', BOTH, HEALTHY), ...registrationsOf('vcb', BOTH, HEALTHY)],
  },
};
