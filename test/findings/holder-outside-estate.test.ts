import { holderOutsideEstate } from '../../src/findings/rules/holder-outside-estate.js';
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
  vmcaOf,
} from '../support/inventory.js';
import { mintCa } from '../support/mint.js';
import { testRule } from './rule-table.js';

const vmca = mintVmca('vca');
const elsewhere = mintVmca('elsewhere');
const issuing = mintCa({ name: 'CN=Issuing', issuer: vmca });
const vca = aVcenter('vca', vmcaOf(vmca));
const unseen = aVcenter('vcb', { anchorsComplete: false });
const leaf = mintProviderLeaf(elsewhere);
const at = (
  endpoint: ReturnType<typeof anEndpoint>,
  facts: Parameters<typeof aProvider>[1] = {},
  registration: Parameters<typeof aRegistration>[1] = lost(),
  vcenters = [vca],
) => anInventory(vcenters, [aProvider([aRegistration('vca', registration)], { endpoints: [endpoint], ...facts })]);

testRule(holderOutsideEstate, [
  {
    name: 'a leaf that no CA of this estate issued',
    inventory: at(anEndpoint([leaf])),
    kind: 'found',
    findings: [{ leaf: leaf.cert.sha256, issuer: elsewhere.cert.subject, issuerKeyId: elsewhere.cert.ski }],
  },
  {
    name: 'a CA that is only served with it belongs to nobody here',
    inventory: at(anEndpoint([leaf, elsewhere])),
    kind: 'found',
  },
  {
    name: 'the same name with another key is no relation',
    inventory: at(anEndpoint([mintProviderLeaf(mintVmca('vca'))])),
    kind: 'found',
  },
  { name: 'a VMCA of this estate issued it', inventory: at(anEndpoint([mintProviderLeaf(vmca)])), kind: 'passed' },
  {
    name: 'an intermediate that was served leads to a CA of this estate',
    inventory: at(anEndpoint([mintProviderLeaf(issuing), issuing])),
    kind: 'passed',
  },
  {
    name: "the issuer is known although it is nobody's VMCA",
    inventory: at(anEndpoint([leaf], heldBy(elsewhere))),
    kind: 'passed',
  },
  { name: 'a self-signed leaf has no other issuer', inventory: at(anEndpoint([mintProviderLeaf(undefined)])), kind: 'passed' },
  {
    name: 'while one vCenter was not seen it may be the holder',
    inventory: at(anEndpoint([leaf]), {}, lost(), [vca, unseen]),
    kind: 'not-judged',
  },
  { name: 'nothing is said about a leaf nobody saw', inventory: at(anEndpoint([])), kind: 'not-judged' },
  {
    name: 'a provider that keeps its certificate is held by nobody',
    inventory: at(anEndpoint([leaf]), { retained: true }),
    kind: 'does-not-apply',
  },
  {
    name: 'what a VASA 5 provider serves by default says nothing',
    inventory: at(anEndpoint([leaf]), { vasaVersion: '5.0' }),
    kind: 'does-not-apply',
  },
  { name: 'internal providers do not take part', inventory: at(anEndpoint([leaf]), {}, internal), kind: 'does-not-apply' },
]);
