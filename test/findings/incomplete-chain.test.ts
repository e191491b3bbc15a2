import { incompleteChain } from '../../src/findings/rules/incomplete-chain.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  internal,
  lost,
  mintProviderLeaf,
  untold,
} from '../support/inventory.js';
import { mintCa } from '../support/mint.js';
import { testRule } from './rule-table.js';

const root = mintCa({ name: 'CN=Root' });
const issuing = mintCa({ name: 'CN=Issuing', issuer: root });
const stranger = mintCa({ name: 'CN=Stranger' });
const leaf = mintProviderLeaf(issuing);
const lower = mintCa({ name: 'CN=Lower', issuer: issuing });
const deepLeaf = mintProviderLeaf(lower);
const knows = aVcenter('vca', { anchors: [root.cert, issuing.cert] });
const lacks = aVcenter('vcb', { anchors: [root.cert] });
const between = (vcenters: ReturnType<typeof aVcenter>[], facts: Parameters<typeof aRegistration>[1] = lost(), served = [leaf]) =>
  anInventory(vcenters, [
    aProvider([aRegistration('vca'), aRegistration('vcb', facts)], { endpoints: [anEndpoint(served)], retained: true }),
  ]);

testRule(incompleteChain, [
  {
    name: 'one vCenter has the intermediate, the other only the root',
    inventory: between([knows, lacks]),
    kind: 'found',
    findings: [{ provider: 'com.example:array1-ct0', missing: 'CN=Issuing', vcenters: ['vca'], leaf: leaf.cert.sha256 }],
  },
  {
    name: 'of two intermediates only the one that is not served is named',
    inventory: between([knows, lacks], lost(), [deepLeaf, lower]),
    kind: 'found',
    findings: [{ missing: 'CN=Issuing' }],
  },
  {
    name: 'several that lack it are one finding',
    inventory: anInventory(
      [knows, lacks, aVcenter('vcc', { anchors: [root.cert] })],
      [
        aProvider([aRegistration('vca'), aRegistration('vcb', lost()), aRegistration('vcc', lost())], {
          endpoints: [anEndpoint([leaf])],
        }),
      ],
    ),
    kind: 'found',
    findings: [{ vcenters: ['vca'] }],
  },
  {
    name: 'a vCenter that lacks the root as well has another problem',
    inventory: between([knows, aVcenter('vcb', { anchors: [stranger.cert] })]),
    kind: 'passed',
  },
  {
    name: 'an intermediate that nobody here has cannot be told from a stranger',
    inventory: between([aVcenter('vca', { anchors: [root.cert] }), lacks]),
    kind: 'passed',
  },
  {
    name: 'nobody misses an intermediate that is served',
    inventory: between([knows, lacks], {}, [leaf, issuing]),
    kind: 'does-not-apply',
  },
  { name: 'vCenters that all trust it need nothing', inventory: between([knows, knows], {}), kind: 'does-not-apply' },
  { name: 'not knowing is not lacking', inventory: between([knows, lacks], untold), kind: 'does-not-apply' },
  {
    name: 'internal providers do not take part',
    inventory: between([knows, lacks], { ...lost(), ...internal }),
    kind: 'does-not-apply',
  },
]);
