import { rootExpired } from '../../src/findings/rules/root-expired.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  daysFromNow,
  internal,
  mintProviderLeaf,
  providerId,
  vmcaOf,
} from '../support/inventory.js';
import { mintCa, newKeys } from '../support/mint.js';
import { testRule } from './rule-table.js';

const keys = newKeys();
const name = 'CN=CA,O=vca';
const expired = mintCa({ name, keys, notAfter: daysFromNow(-1) });
const renewed = mintCa({ name, keys, notAfter: daysFromNow(3650) });
const leaf = mintProviderLeaf(expired);
const oldIntermediate = mintCa({ name: 'CN=Issuing', issuer: renewed, notAfter: daysFromNow(-1) });
const below = mintProviderLeaf(oldIntermediate);
const serving = (
  facts: Parameters<typeof aVcenter>[1],
  registration: Parameters<typeof aRegistration>[1] = {},
  served = [leaf],
) =>
  anInventory([aVcenter('vca', facts)], [aProvider([aRegistration('vca', registration)], { endpoints: [anEndpoint(served)] })]);

testRule(rootExpired, [
  {
    name: 'a path that ends in an expired anchor, with no way round',
    inventory: serving({ anchors: [expired.cert] }),
    kind: 'found',
    findings: [
      { vcenter: 'vca', provider: 'com.example:array1-ct0', providers: ['com.example:array1-ct0'], root: expired.cert.sha256 },
    ],
  },
  {
    name: 'two providers whose paths need it, and the VMCA it is, are one finding',
    inventory: anInventory(
      [aVcenter('vca', vmcaOf(expired))],
      [
        aProvider([aRegistration('vca')], { endpoints: [anEndpoint([leaf])] }),
        aProvider([aRegistration('vca', { uid: 'other' })], {
          id: providerId('com.example:array1-ct1'),
          endpoints: [anEndpoint([leaf])],
        }),
      ],
    ),
    kind: 'found',
    findings: [{ vcenter: 'vca', providers: ['com.example:array1-ct0', 'com.example:array1-ct1'] }],
  },
  {
    name: 'an expired VMCA that no provider needs',
    inventory: anInventory([aVcenter('vca', vmcaOf(expired))]),
    kind: 'found',
    findings: [{ providers: [] }],
  },
  {
    name: 'an expired intermediate on the path',
    inventory: serving({ anchors: [renewed.cert] }, {}, [below, oldIntermediate]),
    kind: 'found',
    findings: [{ root: oldIntermediate.cert.sha256 }],
  },
  {
    name: 'a renewed certificate for the same key is a way round',
    inventory: serving({ anchors: [expired.cert, renewed.cert] }),
    kind: 'passed',
  },
  {
    name: 'an older VMCA certificate, where the current one was not read on the appliance',
    inventory: anInventory([
      aVcenter('vca', { ...vmcaOf(expired, 'issued-certificates'), anchors: [expired.cert, renewed.cert] }),
    ]),
    kind: 'passed',
  },
  {
    name: 'an expired anchor that nobody needs',
    inventory: anInventory([aVcenter('vca', { anchors: [expired.cert] })]),
    kind: 'passed',
  },
  { name: 'internal providers do not take part', inventory: serving({ anchors: [expired.cert] }, internal), kind: 'passed' },
  { name: 'a vCenter without anchors or VMCA to judge', inventory: anInventory([aVcenter('vca')]), kind: 'does-not-apply' },
]);
