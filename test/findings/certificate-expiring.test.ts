import { expect, test } from 'vitest';
import { certificateExpiring } from '../../src/findings/rules/certificate-expiring.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  daysFromNow,
  fare,
  internal,
  mintProviderLeaf,
  mintVmca,
  vmcaOf,
} from '../support/inventory.js';
import { mintCa, newKeys } from '../support/mint.js';
import { testRule } from './rule-table.js';

const ca = mintVmca('vc65.lab.example');
const keys = newKeys();
const old = mintCa({ name: 'CN=CA', keys, notAfter: daysFromNow(10) });
const renewed = mintCa({ name: 'CN=CA', keys, notAfter: daysFromNow(3000) });
const ends = (days: number) => mintProviderLeaf(ca, { notBefore: daysFromNow(-365), notAfter: daysFromNow(days) });
const serving = (days: number, facts: Parameters<typeof aRegistration>[1] = {}) =>
  anInventory([aVcenter('vc65')], [aProvider([aRegistration('vc65', facts)], { endpoints: [anEndpoint([ends(days)])] })]);

testRule(certificateExpiring, [
  { name: 'a leaf in its last month', inventory: serving(29.5), kind: 'found', findings: [{ daysLeft: 29, what: 'provider' }] },
  { name: 'the last day', inventory: serving(0.5), kind: 'found', findings: [{ daysLeft: 0 }] },
  {
    name: 'a VMCA in its last month',
    inventory: anInventory([aVcenter('vc65', vmcaOf(old))]),
    kind: 'found',
    findings: [{ what: 'vmca', vcenter: 'vc65' }],
  },
  { name: 'thirty days are enough', inventory: serving(30), kind: 'passed' },
  { name: 'a one-year certificate at half its life, where SMS already warns', inventory: serving(170), kind: 'passed' },
  {
    name: 'an older certificate of a VMCA key that was renewed, where the current one was not read on the appliance',
    inventory: anInventory([aVcenter('vc65', { ...vmcaOf(old, 'issued-certificates'), anchors: [old.cert, renewed.cert] })]),
    kind: 'does-not-apply',
  },
  { name: 'what has expired is not expiring any more', inventory: serving(-1), kind: 'does-not-apply' },
  { name: 'internal providers do not take part', inventory: serving(5, internal), kind: 'does-not-apply' },
]);

test('the same certificate warns from one moment on and not before', () => {
  const inventory = serving(45);
  const leaf = inventory.providers[0]?.endpoints[0]?.leaf;
  const threshold = (leaf?.notAfter.getTime() ?? 0) - 30 * 86_400_000;
  expect(fare(certificateExpiring, inventory, new Date(threshold)).kind).toBe('passed');
  expect(fare(certificateExpiring, inventory, new Date(threshold + 1)).kind).toBe('found');
});
