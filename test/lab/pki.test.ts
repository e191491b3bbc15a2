import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { nameText, parseName } from '../../src/lab/distinguished-name.js';
import { generateKeys, openKeySource } from '../../src/lab/keys.js';
import { addressBytes, fingerprint, mint, mintCa, mintLeaf, remintCa, selfSign, vmcaSubject } from '../../src/lab/pki.js';
import type { LabIdentity } from '../../src/lab/world.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const read = (identity: LabIdentity) => new X509Certificate(Buffer.from(identity.certificate, 'base64'));

describe('a minted certificate', () => {
  test('is read by OpenSSL with subject, names, usage and validity as asked for', async () => {
    const ca = await mintCa({ subject: vmcaSubject('vc65.lab.example', 'vsphere.local', '2016'), keyKind: 'ec', now: NOW });
    const leaf = await mintLeaf({
      subject: 'CN=array1-ct0.lab.example, O=Storage\\, Inc., OU=LAB',
      issuer: ca,
      keyKind: 'ec',
      now: NOW,
      san: ['array1-ct0.lab.example', '10.1.2.3', 'fd00::1'],
    });
    const seen = read(leaf);
    expect(seen.subject).toBe('CN=array1-ct0.lab.example\nO=Storage\\, Inc.\nOU=LAB');
    expect(seen.issuer.split('\n')).toEqual(['CN=CA', 'DC=vsphere', 'DC=local', 'C=US', 'O=vc65.lab.example', 'OU=LAB']);
    expect(seen.subjectAltName).toBe('DNS:array1-ct0.lab.example, IP Address:10.1.2.3, IP Address:FD00:0:0:0:0:0:0:1');
    expect(seen.validFrom).toBe('Oct 23 12:00:00 2026 GMT');
    expect(seen.validTo).toBe('Oct 22 12:00:00 2028 GMT');
    expect(seen.ca).toBe(false);
    expect(read(ca).ca).toBe(true);
    expect(seen.checkIssued(read(ca))).toBe(true);
    expect(seen.verify(read(ca).publicKey)).toBe(true);
    expect(seen.fingerprint256).toBe(fingerprint(leaf.certificate));
  });

  test('has the same serial when everything in it is the same, and another one when anything differs', async () => {
    const keys = await generateKeys('ec');
    const spec = { subject: 'CN=x, OU=LAB', now: NOW };
    expect(read(mint(spec, keys)).serialNumber).toBe(read(mint(spec, keys)).serialNumber);
    expect(read(mint({ ...spec, san: ['x'] }, keys)).serialNumber).not.toBe(read(mint(spec, keys)).serialNumber);
  });

  test('carries a negative serial number when told to', async () => {
    expect(read(mint({ subject: 'CN=x, OU=LAB', serial: -5n }, await generateKeys('ec'))).serialNumber).toBe('-05');
  });

  test.each(['rsa', 'ec', 'ec-p384', 'ed25519'] as const)('verifies under a CA with a key of kind %s', async (keyKind) => {
    const ca = await mintCa({ subject: 'CN=CA, OU=LAB', keyKind });
    const leaf = await mintLeaf({ subject: 'CN=x, OU=LAB', issuer: ca, keyKind: 'ec' });
    expect(read(leaf).verify(read(ca).publicKey)).toBe(true);
  });

  test('does not verify when its signature was broken on purpose', async () => {
    const ca = await mintCa({ subject: 'CN=CA, OU=LAB', keyKind: 'ec' });
    const leaf = await mintLeaf({ subject: 'CN=x, OU=LAB', issuer: ca, keyKind: 'rsa', brokenSignature: true });
    expect(read(leaf).verify(read(ca).publicKey)).toBe(false);
  });

  test('has dates beyond 2049 and before 1950', async () => {
    const dates = { notBefore: new Date('1949-12-31T23:59:59Z'), notAfter: new Date('2050-01-01T00:00:00Z') };
    const seen = read(mint({ subject: 'CN=x, OU=LAB', ...dates }, await generateKeys('ec')));
    expect([seen.validFrom, seen.validTo]).toEqual(['Dec 31 23:59:59 1949 GMT', 'Jan  1 00:00:00 2050 GMT']);
  });
});

describe('a CA', () => {
  test('minted again has the same subject, byte for byte, and another key', async () => {
    const ca = await mintCa({ subject: vmcaSubject('vc65.lab.example'), keyKind: 'ec' });
    const again = await remintCa(ca, { keyKind: 'ec' });
    expect(read(again).subject).toBe(read(ca).subject);
    expect(read(again).publicKey.equals(read(ca).publicKey)).toBe(false);
    const leaf = await mintLeaf({ subject: 'CN=x, OU=LAB', issuer: ca, keyKind: 'ec' });
    expect(read(leaf).verify(read(again).publicKey)).toBe(false);
  });

  test('below another CA names everything above it, its issuer first', async () => {
    const root = await mintCa({ subject: 'CN=Root, OU=LAB', keyKind: 'ec' });
    const issuing = await mintCa({ subject: 'CN=Issuing, OU=LAB', issuer: root, keyKind: 'ec', pathLength: 1 });
    const vmca = await mintCa({ subject: 'CN=CA, OU=LAB', issuer: issuing, keyKind: 'ec', pathLength: 0 });
    expect(vmca.chain).toEqual([issuing.certificate, root.certificate]);
    expect(read(vmca).verify(read(issuing).publicKey)).toBe(true);
    const selfSigned = selfSign(vmca, { subject: parseName(vmca.subject), isCa: true });
    expect(read(selfSigned).publicKey.equals(read(vmca).publicKey)).toBe(true);
    expect(read(selfSigned).issuer).toBe(read(selfSigned).subject);
  });
});

test('a key source gives no pair twice, and two sources of one process give the same pairs', async () => {
  const [one, other] = [openKeySource(), openKeySource()];
  const [first, second] = [await one.take('ec'), await one.take('ec')];
  expect(first.privateKeyPem).not.toBe(second.privateKeyPem);
  expect((await other.take('ec')).privateKeyPem).toBe(first.privateKeyPem);
  expect((await openKeySource({ only: 'ec' }).take('rsa')).privateKeyPem).toBe(first.privateKeyPem);
});

test('names survive being written and read', () => {
  const name = [
    ['CN', 'a, b'],
    ['O', 'c=d'],
  ] as const;
  expect(parseName(nameText(name))).toEqual(name);
});

test('addresses become bytes, host names do not', () => {
  expect(addressBytes('10.0.0.1')?.toString('hex')).toBe('0a000001');
  expect(addressBytes('fd00::1:2')?.toString('hex')).toBe('fd000000000000000000000000010002');
  expect(addressBytes('::ffff:10.0.0.1')?.toString('hex')).toBe('00000000000000000000ffff0a000001');
  expect(addressBytes('::')?.toString('hex')).toBe('00000000000000000000000000000000');
  expect(addressBytes('array1.lab.example')).toBeUndefined();
});
