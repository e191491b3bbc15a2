import { rootMissing } from '../../src/findings/rules/root-missing.js';
import type { KeyIdHex } from '../../src/model/ids.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  internal,
  lost,
  mintProviderLeaf,
  mintVmca,
  untold,
} from '../support/inventory.js';
import { testRule } from './rule-table.js';

const ca = mintVmca('ca.example');
const leaf = mintProviderLeaf(ca);
const at = (facts: Parameters<typeof aRegistration>[1], provider: Parameters<typeof aProvider>[1] = {}) =>
  anInventory(
    [aVcenter('vc65')],
    [aProvider([aRegistration('vc65', facts)], { endpoints: [anEndpoint([leaf])], retained: true, ...provider })],
  );

testRule(rootMissing, [
  {
    name: 'a kept certificate that does not verify lacks its root here',
    inventory: at(lost()),
    kind: 'found',
    findings: [{ vcenter: 'vc65', leaf: leaf.cert.sha256, wantedKeyId: leaf.cert.aki, issuer: 'CN=CA,DC=vsphere,DC=local' }],
  },
  {
    name: 'the key that is wanted further up the path is named, not that of the leaf',
    inventory: at(lost({ code: 'issuer-unknown', issuer: 'CN=Root', wantedKeyId: 'aabb' as KeyIdHex })),
    kind: 'found',
    findings: [{ wantedKeyId: 'aabb', issuer: 'CN=Root' }],
  },
  { name: 'a kept certificate that verifies is healthy', inventory: at({}), kind: 'passed' },
  { name: 'not knowing is not missing', inventory: at(untold), kind: 'not-judged' },
  {
    name: 'a provider that does not keep its certificate lost trust instead',
    inventory: at(lost(), { retained: false }),
    kind: 'does-not-apply',
  },
  {
    name: 'nor is it said while nobody says whether it is kept',
    inventory: at(lost(), { retained: undefined } as never),
    kind: 'does-not-apply',
  },
  { name: 'internal providers do not take part', inventory: at({ ...lost(), ...internal }), kind: 'does-not-apply' },
]);
