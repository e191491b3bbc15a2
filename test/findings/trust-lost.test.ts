import { trustLost } from '../../src/findings/rules/trust-lost.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  heldBy,
  ISSUER_UNKNOWN,
  internal,
  lost,
  mintProviderLeaf,
  mintVmca,
  untold,
} from '../support/inventory.js';
import { testRule } from './rule-table.js';

const vmca = mintVmca('vc67.lab.example');
const leaf = mintProviderLeaf(vmca);
const at = (facts: Parameters<typeof aRegistration>[1], provider: Parameters<typeof aProvider>[1] = {}) =>
  anInventory(
    [aVcenter('vc65')],
    [aProvider([aRegistration('vc65', facts)], { endpoints: [anEndpoint([leaf], heldBy(vmca, 'vc67'))], ...provider })],
  );

testRule(trustLost, [
  {
    name: 'a vCenter that proved not to trust the leaf lost it, and both ends of when are named',
    inventory: at(lost()),
    kind: 'found',
    findings: [
      {
        vcenter: 'vc65',
        uid: 'uid-vc65',
        leaf: leaf.cert.sha256,
        reason: ISSUER_UNKNOWN,
        holders: ['vc67'],
        since: { notBefore: { at: '2026-11-03T08:12:00Z', from: 'last-sync' }, leafIssued: leaf.cert.notBefore.toISOString() },
      },
    ],
  },
  {
    name: 'it is lost as well while nobody says whether the certificate is kept',
    inventory: at(lost(), { retained: undefined } as never),
    kind: 'found',
  },
  {
    name: 'SMS may say so itself where nobody saw the leaf',
    inventory: at({ ...lost({ code: 'sms-says-not-trusted', fault: 'CertificateNotTrusted' }) }, { endpoints: [anEndpoint([])] }),
    kind: 'found',
  },
  { name: 'a vCenter that trusts the leaf lost nothing', inventory: at({}), kind: 'passed' },
  { name: 'not knowing is not losing', inventory: at(untold), kind: 'not-judged' },
  {
    name: 'where the provider keeps its certificate a root is missing instead',
    inventory: at(lost(), { retained: true }),
    kind: 'does-not-apply',
  },
  {
    name: 'what this vCenter says about keeping counts more than what others agree on',
    inventory: at({ ...lost(), retained: true }),
    kind: 'does-not-apply',
  },
  { name: 'internal providers do not take part', inventory: at({ ...lost(), ...internal }), kind: 'does-not-apply' },
]);
