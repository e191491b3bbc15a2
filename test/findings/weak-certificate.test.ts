import { generateKeyPairSync } from 'node:crypto';
import { weakCertificate } from '../../src/findings/rules/weak-certificate.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  internal,
  mintProviderLeaf,
  mintVmca,
  presented,
  vmcaOf,
} from '../support/inventory.js';
import { mintCa, type mintLeaf } from '../support/mint.js';
import { testRule } from './rule-table.js';

const ca = mintVmca('vc65.lab.example');
const rsaCa = mintCa({ keyType: 'rsa' });
const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
const curve = generateKeyPairSync('ec', { namedCurve: 'prime192v1' });
const serving = (leaf: ReturnType<typeof mintLeaf>, facts: Parameters<typeof aRegistration>[1] = {}) =>
  anInventory([aVcenter('vc65')], [aProvider([aRegistration('vc65', facts)], { endpoints: [anEndpoint([leaf])] })]);

testRule(weakCertificate, [
  {
    name: 'a leaf signed with SHA-1',
    inventory: serving(mintProviderLeaf(ca, { hash: 'sha1' })),
    kind: 'found',
    findings: [{ weakness: 'signed with ecdsa-with-SHA1', what: 'provider' }],
  },
  {
    name: 'a leaf signed with MD5',
    inventory: serving(mintProviderLeaf(rsaCa, { hash: 'md5' })),
    kind: 'found',
    findings: [{ weakness: 'signed with md5WithRSAEncryption' }],
  },
  {
    name: 'an RSA key of 1024 bits',
    inventory: serving(mintProviderLeaf(ca, { keys: short })),
    kind: 'found',
    findings: [{ weakness: 'RSA key of 1024 bits' }],
  },
  {
    name: 'a key on a short curve',
    inventory: serving(mintProviderLeaf(ca, { keys: curve })),
    kind: 'found',
    findings: [{ weakness: 'EC key on prime192v1' }],
  },
  {
    name: 'a client certificate signed with SHA-1',
    inventory: anInventory([aVcenter('vc65', { presents: [presented(mintProviderLeaf(ca, { hash: 'sha1' }).cert)] })]),
    kind: 'found',
    findings: [{ what: 'presented', vcenter: 'vc65' }],
  },
  {
    name: 'a VMCA with a short key',
    inventory: anInventory([aVcenter('vc65', vmcaOf(mintCa({ keys: short })))]),
    kind: 'found',
    findings: [{ what: 'vmca' }],
  },
  { name: 'SHA-256 and a common curve', inventory: serving(mintProviderLeaf(ca)), kind: 'passed' },
  {
    name: 'SHA-512 over RSA is not mistaken for something weak',
    inventory: serving(mintProviderLeaf(rsaCa, { hash: 'sha512' })),
    kind: 'passed',
  },
  {
    name: 'nobody relies on the signature of a self-signed leaf',
    inventory: serving(mintProviderLeaf(undefined, { hash: 'sha1' })),
    kind: 'passed',
  },
  {
    name: 'nor on that of a VMCA root',
    inventory: anInventory([aVcenter('vc65', vmcaOf(mintCa({ hash: 'sha1' })))]),
    kind: 'passed',
  },
  {
    name: 'internal providers do not take part',
    inventory: serving(mintProviderLeaf(ca, { hash: 'sha1' }), internal),
    kind: 'does-not-apply',
  },
]);
