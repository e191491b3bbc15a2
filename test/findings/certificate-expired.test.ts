import { certificateExpired } from '../../src/findings/rules/certificate-expired.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  daysFromNow,
  internal,
  mintProviderLeaf,
  mintVmca,
  NOW,
  presented,
  vmcaOf,
} from '../support/inventory.js';
import { mintCa } from '../support/mint.js';
import { testRule } from './rule-table.js';

const ca = mintVmca('vc65.lab.example');
const expired = mintProviderLeaf(ca, { notBefore: daysFromNow(-365), notAfter: daysFromNow(-1) });
const valid = mintProviderLeaf(ca);
const client = mintProviderLeaf(ca, { name: 'CN=sps', notAfter: daysFromNow(-2) });
const serving = (leaf: typeof valid, facts: Parameters<typeof aRegistration>[1] = {}) =>
  anInventory([aVcenter('vc65')], [aProvider([aRegistration('vc65', facts)], { endpoints: [anEndpoint([leaf])] })]);

testRule(certificateExpired, [
  {
    name: 'a provider that serves an expired leaf',
    inventory: serving(expired),
    kind: 'found',
    findings: [{ what: 'provider', provider: 'com.example:array1-ct0', notAfter: expired.cert.notAfter.toISOString() }],
  },
  {
    name: 'one leaf seen in two looks is told once',
    inventory: anInventory(
      [aVcenter('a'), aVcenter('b')],
      [
        aProvider([aRegistration('a'), aRegistration('b', { endpoint: 1 })], {
          endpoints: [anEndpoint([expired]), anEndpoint([expired], { sni: 'x' })],
        }),
      ],
    ),
    kind: 'found',
    findings: [{ what: 'provider' }],
  },
  {
    name: 'a vCenter that presents an expired certificate',
    inventory: anInventory([aVcenter('vc65', { presents: [presented(client.cert)] })]),
    kind: 'found',
    findings: [{ what: 'presented', vcenter: 'vc65' }],
  },
  { name: 'a certificate is good until its last second', inventory: serving(valid), now: valid.cert.notAfter, kind: 'passed' },
  {
    name: 'a look that no registration leads to does not matter',
    inventory: anInventory(
      [aVcenter('vc65')],
      [aProvider([aRegistration('vc65')], { endpoints: [anEndpoint([valid]), anEndpoint([expired], { sni: 'default' })] })],
    ),
    kind: 'passed',
  },
  {
    name: 'what is shown to IO filters takes no part, and an expired VMCA is root-expired',
    inventory: anInventory([
      aVcenter('vc65', {
        presents: [presented(client.cert, { alias: 'sms_self_signed', to: 'iofilter' })],
        ...vmcaOf(mintCa({ notAfter: daysFromNow(-1) })),
      }),
    ]),
    kind: 'does-not-apply',
  },
  { name: 'internal providers do not take part', inventory: serving(expired, internal), kind: 'does-not-apply', now: NOW },
]);
