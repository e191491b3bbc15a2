import { sameNameOtherKey } from '../../src/findings/rules/same-name-other-key.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  internal,
  mintProviderLeaf,
  vmcaOf,
} from '../support/inventory.js';
import { mintCa, mintLeaf, newKeys } from '../support/mint.js';
import { testRule } from './rule-table.js';

const name = 'CN=CA,C=US,ST=California,O=VMware';
const keys = newKeys();
const one = mintCa({ name, keys });
const reissued = mintCa({ name, keys });
const other = mintCa({ name });
const withoutSki = mintCa({ name, ski: false });
const enterprise = mintCa({ name: 'CN=Enterprise' });
const enterpriseToo = mintCa({ name: 'CN=Enterprise' });
const leaf = mintProviderLeaf(enterprise);
const serving = (facts: Parameters<typeof aRegistration>[1] = {}) =>
  anInventory(
    [aVcenter('vca', { anchors: [enterprise.cert, enterpriseToo.cert] })],
    [aProvider([aRegistration('vca', facts)], { endpoints: [anEndpoint([leaf])] })],
  );

testRule(sameNameOtherKey, [
  {
    name: 'the VMCAs of two vCenters have one name',
    inventory: anInventory([aVcenter('vca', vmcaOf(one)), aVcenter('vcb', vmcaOf(other))]),
    kind: 'found',
    findings: [{ subject: one.cert.subject, keyIds: [one.cert.ski, other.cert.ski].sort(), vcenters: ['vca', 'vcb'] }],
  },
  {
    name: 'the root of a VMCA that was there before is still trusted',
    inventory: anInventory([aVcenter('vca', { ...vmcaOf(one), anchors: [one.cert, other.cert] })]),
    kind: 'found',
    findings: [{ vcenters: ['vca'] }],
  },
  {
    name: 'a CA without key identifier has a key all the same',
    inventory: anInventory([aVcenter('vca', { ...vmcaOf(one), anchors: [withoutSki.cert] })]),
    kind: 'found',
  },
  {
    name: 'two CAs with the name that issued what a provider serves',
    inventory: serving(),
    kind: 'found',
    findings: [{ subject: 'CN=Enterprise' }],
  },
  {
    name: 'two certificates for one key',
    inventory: anInventory([aVcenter('vca', { ...vmcaOf(one), anchors: [one.cert, reissued.cert] })]),
    kind: 'passed',
  },
  {
    name: 'two vCenters that share one VMCA',
    inventory: anInventory([aVcenter('vca', vmcaOf(one)), aVcenter('vcb', vmcaOf(one))]),
    kind: 'passed',
  },
  {
    name: 'a leaf with the name of a CA is no CA',
    inventory: anInventory([aVcenter('vca', { ...vmcaOf(one), anchors: [one.cert, mintLeaf({ name }).cert] })]),
    kind: 'passed',
  },
  {
    name: 'namesakes among anchors that nothing here depends on',
    inventory: anInventory([aVcenter('vca', { anchors: [enterprise.cert, enterpriseToo.cert] })]),
    kind: 'does-not-apply',
  },
  { name: 'what an internal provider serves does not make a name matter', inventory: serving(internal), kind: 'does-not-apply' },
]);
