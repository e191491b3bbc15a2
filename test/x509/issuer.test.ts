import { describe, expect, test } from 'vitest';
import { isIssuedBy, matchIssuer } from '../../src/x509/issuer.js';
import { mintCa, mintLeaf } from '../support/mint.js';

const NAME = 'CN=CA,DC=vsphere,DC=local,C=US,ST=California,O=vc65.lab.example,OU=VMware Engineering';

describe('who issued a certificate', () => {
  const vmca = mintCa({ name: NAME });
  const rebuilt = mintCa({ name: NAME });
  const renamed = mintCa({ name: 'CN=CA,O=renamed', keys: vmca.keys });
  const notCa = mintLeaf({ name: NAME, keys: vmca.keys });
  const leaf = mintLeaf({ issuer: vmca });
  const noAki = mintLeaf({ issuer: vmca, aki: false });
  const wrongAki = mintLeaf({ issuer: vmca, aki: rebuilt.cert.ski as string });

  for (const { name, child, anchors, kind, by } of [
    { name: 'the signing CA is found', child: leaf, anchors: [vmca], kind: 'issued-by', by: vmca },
    { name: 'the order of anchors does not matter', child: leaf, anchors: [rebuilt, vmca], kind: 'issued-by', by: vmca },
    { name: 'no AKI is needed', child: noAki, anchors: [rebuilt, vmca], kind: 'issued-by', by: vmca },
    { name: 'a wrong AKI misleads nobody', child: wrongAki, anchors: [rebuilt, vmca], kind: 'issued-by', by: vmca },
    { name: 'a rebuilt CA of the same name is not the issuer', child: leaf, anchors: [rebuilt], kind: 'same-name-other-key' },
    { name: 'nor is it when the AKI says so', child: wrongAki, anchors: [rebuilt], kind: 'same-name-other-key' },
    { name: 'the key counts, not the name', child: leaf, anchors: [renamed], kind: 'issued-by', by: renamed },
    { name: 'a certificate that is no CA issues nothing', child: leaf, anchors: [notCa], kind: 'no-such-issuer' },
    { name: 'no anchors at all', child: leaf, anchors: [], kind: 'no-such-issuer' },
  ] as const)
    test(name, () => {
      const match = matchIssuer(
        child.cert,
        anchors.map(({ cert }) => cert),
      );
      expect(match.kind).toBe(kind);
      if (match.kind === 'issued-by') expect(match.by.sha256).toBe(by?.cert.sha256);
    });
});

describe('signatures', () => {
  const rsa = mintCa({ keyType: 'rsa' });
  const ec = mintCa({ keyType: 'ec384' });
  const ed = mintCa({ keyType: 'ed25519' });
  const dsa = mintCa({ keyType: 'dsa' });

  for (const { name, child, ca, signed } of [
    { name: 'RSA with SHA-256', child: mintLeaf({ issuer: rsa }), ca: rsa, signed: true },
    { name: 'RSA with SHA-1', child: mintLeaf({ issuer: rsa, hash: 'sha1' }), ca: rsa, signed: true },
    { name: 'RSA with MD5', child: mintLeaf({ issuer: rsa, hash: 'md5' }), ca: rsa, signed: true },
    { name: 'RSA-PSS', child: mintLeaf({ issuer: rsa, pss: true }), ca: rsa, signed: true },
    { name: 'ECDSA on P-384 with SHA-512', child: mintLeaf({ issuer: ec, hash: 'sha512' }), ca: ec, signed: true },
    { name: 'Ed25519', child: mintLeaf({ issuer: ed }), ca: ed, signed: true },
    { name: 'DSA', child: mintLeaf({ issuer: dsa }), ca: dsa, signed: true },
    { name: 'a key of another type', child: mintLeaf({ issuer: rsa }), ca: ec, signed: false },
    { name: 'a key of another curve', child: mintLeaf({ issuer: ec }), ca: mintCa(), signed: false },
    { name: 'another key of the same type', child: mintLeaf({ issuer: rsa }), ca: mintCa({ keyType: 'rsa' }), signed: false },
    { name: 'an algorithm nobody knows', child: mintLeaf({ issuer: ec, algorithm: '1.2.3.4' }), ca: ec, signed: false },
    {
      name: 'two algorithms that contradict',
      child: mintLeaf({ issuer: ec, innerAlgorithm: '1.2.840.10045.4.3.4' }),
      ca: ec,
      signed: false,
    },
  ])
    test(`${name}: ${signed ? 'verified' : 'refused'}`, () => {
      expect(isIssuedBy(child.cert, ca.cert)).toBe(signed);
      expect(isIssuedBy(child.cert, ca.cert)).toBe(signed);
    });
});
