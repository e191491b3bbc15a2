import { nameMismatch } from '../../src/findings/rules/name-mismatch.js';
import { providerUrl, vcenterId } from '../../src/model/ids.js';
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
} from '../support/inventory.js';
import { testRule } from './rule-table.js';

const ca = mintVmca('vc65.lab.example');
const leaf = mintProviderLeaf(ca, { san: ['array1-ct0.lab.example', '10.1.2.3', 'fd00:1::10'] });
const at = (url: string, facts: Parameters<typeof aRegistration>[1] = lost(), endpoint: Parameters<typeof anEndpoint>[1] = {}) =>
  anInventory(
    [aVcenter('vc65')],
    [aProvider([aRegistration('vc65', { ...facts, url: providerUrl(url) })], { endpoints: [anEndpoint([leaf], endpoint)] })],
  );

testRule(nameMismatch, [
  {
    name: 'a short name is not the name in the certificate',
    inventory: at('https://array1-ct0:8084/version.xml'),
    kind: 'found',
    findings: [{ host: 'array1-ct0', leaf: leaf.cert.sha256, san: ['array1-ct0.lab.example', '10.1.2.3', 'fd00:1::10'] }],
  },
  { name: 'another address than the one in the certificate', inventory: at('https://10.1.2.4:8084/version.xml'), kind: 'found' },
  { name: 'the name in another case', inventory: at('https://ARRAY1-CT0.lab.example:8084/version.xml'), kind: 'passed' },
  { name: 'an address that the certificate carries', inventory: at('https://10.1.2.3:8084/version.xml'), kind: 'passed' },
  {
    name: 'an IPv6 address however it is spelt',
    inventory: at('https://[FD00:1:0:0:0:0:0:10]:8084/version.xml'),
    kind: 'passed',
  },
  {
    name: 'what SMS holds and is online with, it accepted under that name',
    inventory: at('https://array1-ct0:8084/version.xml', { status: 'online', smsCertificate: leaf.cert }),
    kind: 'passed',
  },
  {
    name: 'online with another leaf proves nothing about this one',
    inventory: at('https://array1-ct0:8084/version.xml', { status: 'online', smsCertificate: ca.cert }),
    kind: 'found',
  },
  {
    name: 'at a virtual host its own name will do',
    inventory: at('https://array1:8084/version.xml', {}, { vcenter: vcenterId('vc65'), sni: 'array1-ct0.lab.example' }),
    kind: 'passed',
  },
  {
    name: 'a virtual host with neither name',
    inventory: at('https://array1:8084/version.xml', {}, { vcenter: vcenterId('vc65'), sni: 'vc65.array1' }),
    kind: 'found',
  },
  {
    name: 'nothing is said about a leaf nobody saw',
    inventory: anInventory([aVcenter('vc65')], [aProvider([aRegistration('vc65')], { endpoints: [anEndpoint([])] })]),
    kind: 'not-judged',
  },
  {
    name: 'internal providers do not take part',
    inventory: at('https://array1-ct0:8084/', { ...lost(), ...internal }),
    kind: 'does-not-apply',
  },
]);
