import { vmcaClash } from '../../src/findings/rules/vmca-clash.js';
import { vcenterId } from '../../src/model/ids.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  heldBy,
  internal,
  lost,
  mintProviderLeaf,
  mintVmca,
  untold,
  vmcaOf,
} from '../support/inventory.js';
import { testRule } from './rule-table.js';

const vmca65 = mintVmca('vc65.lab.example');
const vmca67 = mintVmca('vc67.lab.example');
const leaf = mintProviderLeaf(vmca67);
const ownLeaf = mintProviderLeaf(undefined);
const vcenters = [aVcenter('vc65', vmcaOf(vmca65)), aVcenter('vc67', vmcaOf(vmca67))];
const held = anEndpoint([leaf], heldBy(vmca67, 'vc67'));
const clash = (facts = lost()) => [aRegistration('vc65', facts), aRegistration('vc67')];

testRule(vmcaClash, [
  {
    name: 'two vCenters registered one provider, one holds it and the other lost it',
    inventory: anInventory(vcenters, [aProvider(clash(), { endpoints: [held] })]),
    kind: 'found',
    findings: [{ holders: ['vc67'], losers: ['vc65'], holderGrade: 'vmca-key', leaf: leaf.cert.sha256 }],
  },
  {
    name: 'a loser that trusts the leaf but is refused by the provider makes a clash, too',
    inventory: anInventory(vcenters, [
      aProvider(
        clash({ accepted: { value: false, grade: 'tls-alert', why: { code: 'tls-alert', alert: 'unknown_ca', line: '' } } }),
        { endpoints: [held] },
      ),
    ]),
    kind: 'found',
    findings: [{ losers: ['vc65'] }],
  },
  {
    name: 'both losers are named when the holder did not register the provider itself',
    inventory: anInventory(
      [...vcenters, aVcenter('vc60')],
      [aProvider([aRegistration('vc60', lost()), aRegistration('vc65', lost())], { endpoints: [held] })],
    ),
    kind: 'found',
    findings: [{ holders: ['vc67'], losers: ['vc60', 'vc65'] }],
  },
  {
    name: 'one finding per provider, however many lost it',
    inventory: anInventory(
      [...vcenters, aVcenter('vc60'), aVcenter('vc70')],
      [aProvider([...clash(), aRegistration('vc60', lost()), aRegistration('vc70', lost())], { endpoints: [held] })],
    ),
    kind: 'found',
    findings: [{ losers: ['vc65', 'vc60', 'vc70'] }],
  },
  {
    name: 'whether the provider keeps its certificate need not be known',
    inventory: anInventory(vcenters, [aProvider(clash(), { endpoints: [held], retained: undefined } as never)]),
    kind: 'found',
  },
  {
    name: 'linked vCenters that both trust the leaf are healthy',
    inventory: anInventory(
      [
        aVcenter('vc65', { ...vmcaOf(vmca65), linkedWith: [{ vcenter: vcenterId('vc67'), basis: 'topology' }] }),
        aVcenter('vc67', vmcaOf(vmca67)),
      ],
      [aProvider(clash({}), { endpoints: [held] })],
    ),
    kind: 'passed',
  },
  {
    name: 'vCenters that share one VMCA key are both holders',
    inventory: anInventory(vcenters, [aProvider(clash(), { endpoints: [anEndpoint([leaf], heldBy(vmca67, 'vc65', 'vc67'))] })]),
    kind: 'passed',
  },
  {
    name: 'an external CA that one vCenter does not trust is no clash',
    inventory: anInventory(vcenters, [aProvider(clash(), { endpoints: [anEndpoint([leaf], heldBy(vmca67))] })]),
    kind: 'passed',
  },
  {
    name: 'virtual hosts give every vCenter a leaf of its own',
    inventory: anInventory(vcenters, [
      aProvider([aRegistration('vc65', { ...lost(), endpoint: 1 }), aRegistration('vc67')], {
        endpoints: [held, anEndpoint([ownLeaf], { vcenter: vcenterId('vc65'), sni: 'vc65.array1' })],
      }),
    ]),
    kind: 'passed',
  },
  {
    name: 'nothing is said while nobody knows whether the other vCenter trusts the leaf',
    inventory: anInventory(vcenters, [aProvider(clash(untold), { endpoints: [held] })]),
    kind: 'not-judged',
  },
  {
    name: 'nothing is said while nobody knows who issued the leaf',
    inventory: anInventory(vcenters, [aProvider(clash(), { endpoints: [anEndpoint([leaf])] })]),
    kind: 'not-judged',
  },
  {
    name: 'nothing is said while nobody saw what is served',
    inventory: anInventory(vcenters, [aProvider(clash(), { endpoints: [anEndpoint([])] })]),
    kind: 'not-judged',
  },
  {
    name: 'a provider that keeps its own certificate cannot be taken over',
    inventory: anInventory(vcenters, [aProvider(clash(), { endpoints: [held], retained: true })]),
    kind: 'does-not-apply',
  },
  {
    name: 'a provider with one registration has nobody to clash with',
    inventory: anInventory(vcenters, [aProvider([aRegistration('vc65', lost())], { endpoints: [held] })]),
    kind: 'does-not-apply',
  },
  {
    name: 'internal providers do not take part',
    inventory: anInventory(vcenters, [
      aProvider([aRegistration('vc65', { ...lost(), ...internal }), aRegistration('vc67', internal)], { endpoints: [held] }),
    ]),
    kind: 'does-not-apply',
  },
]);
