import 'reflect-metadata';
import { generateKeyPairSync, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { describe, expect, test } from 'vitest';
import type { Certificate } from '../../src/model/certificate.js';
import { isIssuedBy } from '../../src/x509/issuer.js';
import { parseDer } from '../../src/x509/parse.js';
import { chainFrom } from '../support/chains.js';
import { type Minted, mintCa, mintLeaf } from '../support/mint.js';

cryptoProvider.set(webcrypto as never);

/** What a library that is not ours reads from the same bytes, in our words. */
function peculiarFacts(der: Uint8Array): Partial<Certificate> {
  const cert = new X509Certificate(der);
  const basic = cert.getExtension(BasicConstraintsExtension);
  const usage = cert.getExtension(KeyUsagesExtension)?.usages;
  const ski = cert.getExtension(SubjectKeyIdentifierExtension)?.keyId;
  const aki = cert.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  const purposes = cert.getExtension(ExtendedKeyUsageExtension)?.usages.map(String);
  const names = cert.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return {
    notBefore: cert.notBefore,
    notAfter: cert.notAfter,
    isCa: basic?.ca ?? false,
    ...(basic?.pathLength === undefined ? {} : { pathLength: basic.pathLength }),
    ...(usage === undefined ? {} : { keyUsage: usageNames(usage) }),
    ...(ski === undefined ? {} : { ski: ski as never }),
    ...(aki === undefined ? {} : { aki: aki as never }),
    ...(purposes === undefined ? {} : { extendedKeyUsage: purposes.map((oid) => PURPOSES[oid] ?? oid) }),
    san: names
      .filter(({ type }) => type === 'dns' || type === 'ip')
      .map(({ type, value }) => ({ kind: type as 'dns' | 'ip', value })),
  };
}

const PURPOSES: Readonly<Record<string, string>> = { '1.3.6.1.5.5.7.3.1': 'serverAuth', '1.3.6.1.5.5.7.3.2': 'clientAuth' };
const usageNames = (flags: KeyUsageFlags): string[] =>
  [
    [KeyUsageFlags.digitalSignature, 'digitalSignature'],
    [KeyUsageFlags.nonRepudiation, 'nonRepudiation'],
    [KeyUsageFlags.keyEncipherment, 'keyEncipherment'],
    [KeyUsageFlags.dataEncipherment, 'dataEncipherment'],
    [KeyUsageFlags.keyAgreement, 'keyAgreement'],
    [KeyUsageFlags.keyCertSign, 'keyCertSign'],
    [KeyUsageFlags.cRLSign, 'cRLSign'],
  ].flatMap(([flag, name]) => ((flags & (flag as number)) !== 0 ? [name as string] : []));

const everyMinted = (): Minted[] => {
  const seen = new Map<string, Minted>();
  for (let n = 0; n < 200; n++) {
    const { leaf, pool, anchors } = chainFrom(7, n);
    for (const minted of [leaf, ...pool, ...anchors]) seen.set(minted.cert.sha256, minted);
  }
  const rsa = mintCa({ keyType: 'rsa', pss: true, pathLength: 3 });
  const odd = mintLeaf({ issuer: rsa, pss: true, san: ['a.example', '2001:db8::1', '::', '10.0.0.1'], serial: -5n });
  for (const minted of [rsa, odd, mintCa({ keyType: 'ed25519' }), mintCa({ keyType: 'rsa', hash: 'sha1' })])
    seen.set(minted.cert.sha256, minted);
  return [...seen.values()];
};

describe('our reader and others read the same', () => {
  const all = everyMinted();

  test(`@peculiar/x509 says the same of ${all.length > 300 ? 'more than 300' : all.length} minted certificates`, () => {
    expect(all.length).toBeGreaterThan(300);
    for (const { cert, der } of all) {
      const facts = peculiarFacts(der);
      expect({ ...cert, san: cert.san.filter(({ kind }) => kind === 'dns' || kind === 'ip') }).toMatchObject(facts);
      for (const key of ['pathLength', 'keyUsage', 'ski', 'aki', 'extendedKeyUsage'] as const)
        expect(cert[key] === undefined, key).toBe(facts[key] === undefined);
    }
  });

  test('OpenSSL says the same, through Node', () => {
    for (const { cert, der } of all) {
      const node = new NodeCertificate(der);
      expect(cert.sha256).toBe(node.fingerprint256.replaceAll(':', '').toLowerCase());
      expect(cert.serial.replace('-', '')).toBe(node.serialNumber.replace('-', '').toLowerCase().padStart(2, '0'));
      // Node's `ca` also counts what says nothing but may sign, as OpenSSL does.
      if (cert.version === 3 && cert.isCa && cert.keyUsage?.includes('keyCertSign')) expect(node.ca).toBe(true);
      expect(cert.notAfter).toEqual(new Date(node.validTo));
      const { type, bits, curve } = { bits: undefined, curve: undefined, ...cert.publicKey };
      const details = node.publicKey.asymmetricKeyDetails;
      expect([type === 'other' ? undefined : type, bits, curve]).toEqual([
        type === 'other' ? undefined : node.publicKey.asymmetricKeyType,
        details?.modulusLength,
        details?.namedCurve,
      ]);
    }
  });

  test('OpenSSL verifies the same signatures when it reads the whole certificate', () => {
    const cas = all.filter(({ cert }) => cert.isCa).slice(0, 15);
    let signed = 0;
    for (const child of all.slice(0, 60))
      for (const ca of cas) {
        const answer = isIssuedBy(child.cert, ca.cert);
        expect(answer).toBe(openSslVerifies(child, ca));
        if (answer) signed++;
      }
    expect(signed).toBeGreaterThan(10);
  });

  test('and refuses the same when a bit of a signature or of what is signed is turned', () => {
    const ca = mintCa();
    const leaf = mintLeaf({ issuer: ca });
    for (let at = 4; at < leaf.der.length; at += 11) {
      const der = Buffer.from(leaf.der);
      der[at] = (der[at] as number) ^ 1;
      const parsed = parseDer(der);
      if (parsed.ok) expect(isIssuedBy(parsed.value, ca.cert)).toBe(false);
    }
  });
});

function openSslVerifies(child: Minted, ca: Minted): boolean {
  try {
    return new NodeCertificate(child.der).verify(new NodeCertificate(ca.der).publicKey);
  } catch {
    return false;
  }
}

describe('certificates that are not of our minting', () => {
  test('one made by @peculiar/x509 is read as it was meant', async () => {
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      publicExponent: new Uint8Array([1, 0, 1]),
      modulusLength: 2048,
    };
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
    const made = await X509CertificateGenerator.createSelfSigned({
      serialNumber: '0badcafe',
      name: new Name([{ CN: ['CA'] }, { DC: ['vsphere'] }, { DC: ['local'] }, { O: ['a, b'] }]),
      notBefore: new Date('2024-01-01T00:00:00Z'),
      notAfter: new Date('2034-01-01T00:00:00Z'),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 1, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new SubjectAlternativeNameExtension([{ type: 'dns', value: 'vc.example' }]),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const parsed = parseDer(new Uint8Array(made.rawData));
    expect(parsed.ok && parsed.value).toMatchObject({
      subject: 'CN=CA,DC=vsphere,DC=local,O=a\\, b',
      serial: '0badcafe',
      isCa: true,
      pathLength: 1,
      keyUsage: ['keyCertSign', 'cRLSign'],
      san: [{ kind: 'dns', value: 'vc.example' }],
      publicKey: { type: 'rsa', bits: 2048 },
      signatureAlgorithm: 'sha256WithRSAEncryption',
      ski: Buffer.from(
        await webcrypto.subtle.digest('SHA-1', keyBits(await webcrypto.subtle.exportKey('spki', keys.publicKey))),
      ).toString('hex'),
    });
    expect(parsed.ok && isIssuedBy(parsed.value, parsed.value)).toBe(true);
  });

  test('an RSA key of odd size', () => {
    const keys = generateKeyPairSync('rsa', { modulusLength: 1031 });
    expect(mintCa({ keys }).cert.publicKey).toEqual({ type: 'rsa', bits: 1031 });
  });
});

/** Contents of the BIT STRING that ends an SPKI of a 2048-bit RSA key. */
const keyBits = (spki: ArrayBuffer): Uint8Array => new Uint8Array(spki).subarray(24);
