import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import forge from 'node-forge';
import { beforeAll, describe, expect, test } from 'vitest';
import { MAX_ANSWER_BYTES, readAnswer } from '../../src/ca/read-answer.js';
import { answer, ecKeys, issuing, leafKeys, pemText, pkcs7, root } from '../support/ca-answers.js';
import { integer, octets, oid, sequence } from '../support/der.js';
import { mintLeaf } from '../support/mint.js';
import { mintRequest } from '../support/mint-request.js';

const SEED = 20_261_122;
const leaf = answer();
const chain = [leaf, issuing, root];
const ders = chain.map(({ der }) => der);
const pem = chain.map(({ pem: text }) => text).join('');
const PASSPHRASE = 'correct horse';

describe('the same three certificates come out of every form', () => {
  for (const { name, form, bytes } of [
    { name: 'PEM', form: 'pem', bytes: Buffer.from(pem) },
    { name: 'PEM with CRLF', form: 'pem', bytes: Buffer.from(pem.replaceAll('\n', '\r\n')) },
    {
      name: 'PEM with text between the blocks',
      form: 'pem',
      bytes: Buffer.from(`Bag Attributes\n  friendlyName: ü\n${pem.replaceAll('-----BEGIN', '\nsubject=CN = x\n-----BEGIN')}`),
    },
    { name: 'PEM in UTF-16, as PowerShell redirects it', form: 'pem', bytes: Buffer.from(`\ufeff${pem}`, 'utf16le') },
    { name: 'PEM in UTF-16 with the big end first', form: 'pem', bytes: Buffer.from(`\ufeff${pem}`, 'utf16le').swap16() },
    { name: 'PKCS#7 in DER', form: 'pkcs7', bytes: pkcs7(ders) },
    { name: 'PKCS#7 in BER with indefinite lengths', form: 'pkcs7', bytes: pkcs7(ders, true) },
    { name: 'PKCS#7 in PEM', form: 'pkcs7', bytes: pemText('PKCS7', pkcs7(ders)) },
    { name: 'PKCS#7 in PEM that says CERTIFICATE', form: 'pkcs7', bytes: pemText('CERTIFICATE', pkcs7(ders)) },
    { name: 'PKCS#7 in Base64 without armour', form: 'pkcs7', bytes: Buffer.from(pkcs7(ders).toString('base64')) },
  ]) {
    test(name, async () => {
      const read = await readAnswer('file', bytes);
      expect(read).toMatchObject({ form, objections: [] });
      expect(read.certificates.map(({ sha256 }) => sha256)).toEqual(chain.map(({ cert }) => cert.sha256));
    });
  }

  test('DER and Base64 without armour hold one', async () => {
    for (const bytes of [
      leaf.der,
      Buffer.from(leaf.der.toString('base64')),
      Buffer.from(`${leaf.der.toString('base64').replace(/.{64}/g, '$&\r\n')}\r\n`),
    ])
      expect((await readAnswer('file', bytes)).certificates.map(({ sha256 }) => sha256)).toEqual([leaf.cert.sha256]);
  });

  test('ECDSA certificates come out of PKCS#7 as they are', async () => {
    const ec = mintLeaf({ keys: ecKeys() });
    expect((await readAnswer('file', pkcs7([ec.der]))).certificates[0]?.sha256).toBe(ec.cert.sha256);
  });
});

/** PKCS#12 as forge writes it: `algorithm` of the bags, SHA-1 MAC. */
function pkcs12(algorithm: '3des' | 'aes256', passphrase: string | null): Buffer {
  const key = forge.pki.privateKeyFromPem(leafKeys.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string);
  const certificates = [leaf, issuing].map(({ pem: text }) => forge.pki.certificateFromPem(text));
  const pfx = forge.pkcs12.toPkcs12Asn1(key, certificates, passphrase, {
    algorithm,
    saltSize: 8,
    count: 2000,
  });
  return Buffer.from(forge.asn1.toDer(pfx).getBytes(), 'latin1');
}

describe('PKCS#12', () => {
  let file: Buffer;
  beforeAll(() => {
    file = pkcs12('aes256', PASSPHRASE);
  });

  test('opens with its passphrase: certificates byte for byte, and the key', async () => {
    for (const bytes of [file, pkcs12('3des', PASSPHRASE), pemText('PKCS12', file)]) {
      const read = await readAnswer('file', bytes, PASSPHRASE);
      expect(read).toMatchObject({ form: 'pkcs12', objections: [] });
      expect(read.certificates.map(({ sha256 }) => sha256)).toEqual([leaf.cert.sha256, issuing.cert.sha256]);
      expect(read.keys.map(({ spkiSha256 }) => spkiSha256)).toEqual([leaf.cert.spkiSha256]);
    }
  });

  test('tells a missing passphrase from a wrong one, and both from damage', async () => {
    expect((await readAnswer('file', file)).objections).toEqual([{ code: 'passphrase-missing' }]);
    expect((await readAnswer('file', file, 'wrong')).objections).toEqual([{ code: 'wrong-passphrase' }]);
    expect((await readAnswer('file', file.subarray(0, -40), PASSPHRASE)).objections).toMatchObject([{ code: 'damaged' }]);
  });

  test('without a passphrase opens with none and with the empty one', async () => {
    expect((await readAnswer('file', pkcs12('3des', ''))).certificates).toHaveLength(2);
    expect((await readAnswer('file', pkcs12('3des', null))).certificates).toHaveLength(2);
  });

  test('names an encryption that nothing here reads', async () => {
    const scheme = sequence(
      oid('1.2.840.113549.1.5.13'),
      sequence(
        sequence(oid('1.3.6.1.4.1.11591.4.11'), sequence(octets(Buffer.alloc(8)))),
        sequence(oid('2.16.840.1.101.3.4.1.42'), octets(Buffer.alloc(16))),
      ),
    );
    const scrypt = sequence(scheme, octets(Buffer.alloc(32)));
    expect((await readAnswer('file', scrypt, 'x')).objections).toEqual([
      { code: 'encryption-not-supported', what: 'key derivation 1.3.6.1.4.1.11591.4.11' },
    ]);
  });

  test('does not compute what a hostile number of iterations asks for', async () => {
    const hostile = (iterations: number) => {
      const kdf = sequence(oid('1.2.840.113549.1.5.12'), sequence(octets(Buffer.alloc(8)), integer(iterations)));
      const scheme = sequence(
        oid('1.2.840.113549.1.5.13'),
        sequence(kdf, sequence(oid('2.16.840.1.101.3.4.1.42'), octets(Buffer.alloc(16)))),
      );
      return sequence(scheme, octets(Buffer.alloc(32)));
    };
    for (const iterations of [2_000_000_000, 4_000_000_000_000]) {
      const started = performance.now();
      expect((await readAnswer('file', hostile(iterations), 'x')).objections).toMatchObject([
        { code: 'encryption-not-supported' },
      ]);
      expect(performance.now() - started).toBeLessThan(1_000);
    }
  });
});

describe('what comes along', () => {
  test('keys in every form, encrypted ones with the passphrase', async () => {
    const spki = leaf.cert.spkiSha256;
    const { privateKey } = leafKeys;
    const cipher = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE };
    for (const text of [
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      privateKey.export({ type: 'pkcs1', format: 'pem' }),
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      privateKey.export({ type: 'pkcs1', format: 'der' }),
      privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }),
      privateKey.export({ type: 'pkcs8', format: 'der', ...cipher }),
      privateKey.export({ type: 'pkcs1', format: 'pem', ...cipher }),
    ]) {
      const read = await readAnswer('file', Buffer.from(text as string), PASSPHRASE);
      expect(read.keys.map(({ spkiSha256 }) => spkiSha256)).toEqual([spki]);
    }
    const encrypted = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }));
    expect((await readAnswer('file', encrypted)).objections).toEqual([{ code: 'passphrase-missing' }]);
    expect((await readAnswer('file', encrypted, 'wrong')).objections).toEqual([{ code: 'wrong-passphrase' }]);
    const old = Buffer.from(privateKey.export({ type: 'pkcs1', format: 'pem', ...cipher }));
    expect((await readAnswer('file', old)).objections).toEqual([{ code: 'passphrase-missing' }]);
    expect((await readAnswer('file', old, 'wrong')).objections).toEqual([{ code: 'wrong-passphrase' }]);
  });

  test('requests, which are no answers', async () => {
    const read = await readAnswer('file', mintRequest({ keys: leafKeys }));
    expect(read.requests.map(({ spkiSha256 }) => spkiSha256)).toEqual([leaf.cert.spkiSha256]);
    expect(read.objections).toEqual([{ code: 'no-certificate', found: 'request' }]);
  });

  test('a key of a type without certificates here is still a key', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    expect((await readAnswer('file', Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })))).keys).toHaveLength(1);
  });
});

describe('whatever the bytes', () => {
  const seeds = [
    leaf.der,
    Buffer.from(leaf.pem),
    pkcs7(ders),
    pkcs7(ders, true),
    mintRequest({ keys: leafKeys }),
    pkcs12('3des', 'x'),
  ];

  test('reading ends with a value: random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (bytes, asSequence) => {
        const read = await readAnswer('file', Buffer.from(asSequence ? [0x30, ...bytes] : bytes), 'x');
        expect(read.certificates.length + read.keys.length + read.requests.length + read.objections.length).toBeGreaterThan(0);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  test('reading ends with a value: real files with bytes changed, cut and put in', async () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(40),
      put: fc.uint8Array({ maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 4 }), async (seed, changes) => {
        const bytes = changes.reduce((now, { at, cut, put }) => {
          const from = Math.floor(at * now.length);
          return Buffer.concat([now.subarray(0, from), put, now.subarray(from + cut)]);
        }, seed);
        const read = await readAnswer('file', bytes, 'x');
        expect(read.certificates.length + read.keys.length + read.requests.length + read.objections.length).toBeGreaterThan(0);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test('time grows with the size and not faster: nests, floods and promises of gigabytes', async () => {
    const nest = (depth: number) => Buffer.concat([Buffer.alloc(2 * depth, Buffer.of(0x30, 0x80)), Buffer.alloc(2 * depth)]);
    for (const bytes of [
      nest(1_000_000),
      Buffer.from('-----BEGIN CERTIFICATE-----'.repeat(300_000)),
      Buffer.from(`-----BEGIN CERTIFICATE-----${'A'.repeat(8_000_000)}`),
      Buffer.from(`MI${'A'.repeat(8_000_000)}!`),
      Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x30]),
      pkcs7([Buffer.alloc(4_000_000, Buffer.of(0x30, 0x00))]),
    ]) {
      const started = performance.now();
      const { objections } = await readAnswer('file', bytes, 'x');
      expect(objections.length).toBeGreaterThan(0);
      expect(performance.now() - started).toBeLessThan(5_000);
    }
  });

  test('a file that is too large is not read', async () => {
    const bytes = MAX_ANSWER_BYTES + 1;
    expect((await readAnswer('file', Buffer.alloc(bytes, 0x30))).objections).toEqual([
      { code: 'too-large', bytes, most: MAX_ANSWER_BYTES },
    ]);
  });
});
