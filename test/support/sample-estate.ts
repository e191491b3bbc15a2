import { judge } from '../../src/findings/run-rules.js';
import type { Audit } from '../../src/model/finding.js';
import { providerUrl } from '../../src/model/ids.js';
import type { Gap, Inventory } from '../../src/model/inventory.js';
import {
  aHost,
  anEndpoint,
  anInventory,
  aProblem,
  aProvider,
  aRegistration,
  aVcenter,
  daysFromNow,
  heldBy,
  internal,
  lost,
  mintProviderLeaf,
  mintVmca,
  NOW,
  onArrays,
  presented,
  providerId,
  untold,
  vmcaOf,
} from './inventory.js';
import { mintCa, mintLeaf } from './mint.js';

/**
 * The published case: vc65 registered first and lost both controllers of array1 to vc67; array2 keeps a certificate of an external CA
 * and works. One vCenter was seen in part only.
 */
export function sampleInventory(): Inventory {
  const vmca65 = mintVmca('vc65.lab.example');
  const vmca67 = mintVmca('vc67.lab.example');
  const external = mintCa({ name: 'CN=Example Root CA,O=Example' });
  const selfSigned = mintLeaf({ name: 'CN=sms_self_signed,O=vc65', notAfter: daysFromNow(2000) });
  const extension = mintLeaf({ name: 'CN=sps-extension,O=vc67', issuer: vmca67, notAfter: daysFromNow(500) });
  const dependents = {
    dependents: {
      datastores: [
        { name: 'vvol-gold', accessible: false, accessibleOn: [] },
        { name: 'vvol-silver', accessible: false, accessibleOn: [] },
      ],
      vms: 14,
      poweredOnVms: 9,
      hosts: ['esx1', 'esx2', 'esx3', 'esx4', 'esx5', 'esx6'],
      vmNames: [],
    },
  };
  const inUse = {
    dependents: {
      ...dependents.dependents,
      datastores: [{ name: 'vvol-new', accessible: true, accessibleOn: ['esx7'] }],
      hosts: ['esx7'],
    },
  };
  const vcenters = [
    aVcenter('vc65', {
      version: '6.5.0',
      ...vmcaOf(vmca65),
      anchors: [vmca65.cert, external.cert],
      presents: [
        presented(undefined, { to: 'unknown', basis: 'inferred' }),
        presented(selfSigned.cert, { alias: 'sms_self_signed', to: 'unknown', issuedBy: 'self', basis: 'inferred' }),
      ],
    }),
    aVcenter('vc67', {
      version: '6.7.0',
      ...vmcaOf(vmca67),
      anchors: [vmca67.cert, external.cert],
      presents: [
        presented(extension.cert, { to: 'unknown', basis: 'inferred' }),
        presented(undefined, { alias: 'sms_self_signed', to: 'unknown', basis: 'inferred' }),
      ],
      hosts: [aHost('esx7', [vmca67.cert, external.cert])],
    }),
    aVcenter('vc80', { version: '8.0.3', anchors: [external.cert], anchorsComplete: false, leftovers: {}, clockAheadMs: 95_000 }),
  ];
  const controllers = [0, 1].map((n) => {
    const leaf = mintProviderLeaf(vmca67, {
      name: `CN=array1-ct${n}.lab.example`,
      san: [`10.1.2.${3 + n}`],
      notBefore: new Date('2026-11-03T08:15:00Z'),
    });
    const url = providerUrl(`https://10.1.2.${3 + n}:8084/version.xml`);
    const issuerKey = vmca67.cert.ski === undefined ? {} : { wantedKeyId: vmca67.cert.ski };
    return aProvider(
      [
        aRegistration('vc65', {
          ...lost({ code: 'issuer-unknown', issuer: vmca67.cert.subject, ...issuerKey }),
          ...onArrays('array1'),
          ...dependents,
          uid: `65-ct${n}`,
          name: `array1-CT${n}`,
          url,
        }),
        aRegistration('vc67', {
          ...onArrays('array1'),
          ...inUse,
          uid: `67-ct${n}`,
          name: `array1-CT${n}`,
          url,
          smsCertificate: leaf.cert,
        }),
      ],
      {
        id: providerId(`com.example:array1-ct${n}`),
        endpoints: [anEndpoint([leaf], { url, address: `10.1.2.${3 + n}`, ...heldBy(vmca67, 'vc67') })],
      },
    );
  });
  const kept = mintProviderLeaf(external, { name: 'CN=array2.lab.example', san: ['array2.lab.example'] });
  const url = providerUrl('https://array2.lab.example:8084/version.xml');
  const array2 = aProvider(
    ['vc65', 'vc67', 'vc80'].map((id) =>
      aRegistration(id, {
        ...(id === 'vc80' ? untold : inUse),
        ...onArrays('array2'),
        uid: `${id}-array2`,
        name: 'array2',
        url,
        retained: true,
      }),
    ),
    {
      id: providerId('com.example:array2'),
      retained: true,
      endpoints: [anEndpoint([kept], { url, address: '10.1.3.3', ...heldBy(external) })],
    },
  );
  const filters = aProvider([aRegistration('vc67', { ...internal, uid: 'io' })], { id: providerId('iofilter') });
  const gaps: Gap[] = [
    { target: 'vc80', source: 'ssh', problem: aProblem('not-configured', 'estate.yaml has no ssh for vc80') },
    { target: 'vc80', source: 'rest', problem: aProblem('timeout', 'no answer within 30 s') },
  ];
  return anInventory(vcenters, [...controllers, array2, filters], gaps);
}

export const sampleAudit = (): Audit => judge(sampleInventory(), NOW);

/** An estate with nothing to complain about. */
export function healthyInventory(): Inventory {
  const vmca = mintVmca('vca.lab.example');
  const client = mintLeaf({ name: 'CN=sps-extension', issuer: vmca });
  const leaf = mintProviderLeaf(vmca);
  const controllers = [0, 1].map((n) =>
    aProvider([aRegistration('vca', { ...onArrays('array1'), uid: `ct${n}`, name: `array1-CT${n}` })], {
      id: providerId(`com.example:array1-ct${n}`),
      endpoints: [anEndpoint([leaf], heldBy(vmca, 'vca'))],
    }),
  );
  return anInventory([aVcenter('vca', { version: '8.0.3', ...vmcaOf(vmca), presents: [presented(client.cert)] })], controllers);
}
