import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Certificate } from '../../src/model/certificate.js';
import { derBase64 } from '../../src/model/ids.js';
import {
  certificatesInPem,
  fingerprintText,
  keyIdHex,
  MAX_CERTIFICATE_BYTES,
  parseBase64,
  parseDer,
} from '../../src/x509/parse.js';
import { der, octets, sequence, setOf } from '../support/der.js';
import {
  attribute,
  children,
  extension,
  type Minted,
  type MintOptions,
  mintCa,
  mintLeaf,
  newKeys,
  pemOf,
} from '../support/mint.js';

const keys = newKeys('ec');
const ordinary = mintLeaf({
  keys,
  name: 'CN=array1.lab.example,O=Lab',
  san: [
    'array1.lab.example',
    '10.0.0.5',
    '2001:0db8::0001',
    'uri:https://x.example/',
    'email:a@b.example',
    'dir:CN=x,O=y',
    'other:upn',
  ],
  extendedKeyUsage: ['serverAuth', '1.2.3'],
});

function parsed(options: MintOptions): Certificate {
  return mintLeaf({ keys, ...options }).cert;
}

/** Signed by nobody: the parser does not look. */
function withBody(change: (fields: Buffer[]) => Buffer[], minted: Minted = ordinary): Buffer {
  const [tbs, ...rest] = children(minted.der);
  return sequence(sequence(...change(children(tbs as Buffer))), ...rest);
}

describe('facts of an ordinary certificate', () => {
  const { cert } = ordinary;
  const node = new X509Certificate(ordinary.der);
  test('fingerprints are those of OpenSSL', () => {
    expect(cert.sha256).toBe(node.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(cert.sha1).toBe(node.fingerprint.replaceAll(':', '').toLowerCase());
    expect(fingerprintText(cert.sha256)).toBe(`SHA256 ${node.fingerprint256}`);
  });
  test('names, dates, key and usages', () => {
    expect(cert).toMatchObject({
      subject: 'CN=array1.lab.example,O=Lab',
      issuer: 'CN=array1.lab.example,O=Lab',
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2040-01-01T00:00:00Z'),
      version: 3,
      isCa: false,
      keyUsage: ['digitalSignature', 'keyEncipherment'],
      extendedKeyUsage: ['serverAuth', '1.2.3'],
      signatureAlgorithm: 'ecdsa-with-SHA256',
      publicKey: { type: 'ec', curve: 'prime256v1' },
    });
  });
  test('alternative names of every kind', () => {
    expect(cert.san).toEqual([
      { kind: 'dns', value: 'array1.lab.example' },
      { kind: 'ip', value: '10.0.0.5' },
      { kind: 'ip', value: '2001:db8::1' },
      { kind: 'uri', value: 'https://x.example/' },
      { kind: 'email', value: 'a@b.example' },
      { kind: 'other', value: 'dirName:CN=x,O=y' },
      { kind: 'other', value: 'otherName:1.3.6.1.4.1.311.20.2.3' },
    ]);
  });
  test('the same certificate is the same object, from bytes and from base64', () => {
    const again = parseBase64(derBase64(ordinary.der));
    expect(again.ok && again.value).toBe(cert);
    const fromBytes = parseDer(Uint8Array.from(ordinary.der));
    expect(fromBytes.ok && fromBytes.value).toBe(cert);
  });
});

describe('odd but clear', () => {
  for (const { name, options, facts } of [
    { name: 'a negative serial number', options: { serial: -1n }, facts: { serial: '-01' } },
    { name: 'a large negative serial number', options: { serial: -(2n ** 64n) - 5n }, facts: { serial: '-010000000000000005' } },
    { name: 'serial number 0', options: { serial: 0 }, facts: { serial: '00' } },
    { name: 'a serial number with its sign byte', options: { serial: 0xf3n }, facts: { serial: 'f3' } },
    { name: 'a serial number of 40 bytes', options: { serial: 2n ** 319n }, facts: { serial: `80${'00'.repeat(39)}` } },
    { name: 'version 1', options: { version: 1 }, facts: { version: 1, san: [], isCa: false } },
    { name: 'no AKI and no SKI', options: { ski: false, aki: false }, facts: { isCa: false } },
    { name: 'an empty subject', options: { name: '' }, facts: { subject: '' } },
    { name: 'cA with a path length', options: { basicConstraints: 'ca', pathLength: 0 }, facts: { isCa: true, pathLength: 0 } },
    {
      name: 'a path length of millions',
      options: { basicConstraints: 'ca', pathLength: 9_000_000 },
      facts: { pathLength: 9_000_000 },
    },
    { name: 'an algorithm nobody knows', options: { algorithm: '1.2.3.4.5' }, facts: { signatureAlgorithm: '1.2.3.4.5' } },
    { name: 'no key usage', options: { keyUsage: false }, facts: { subject: 'CN=localhost' } },
    { name: 'an empty key usage', options: { keyUsage: [] }, facts: { keyUsage: [] } },
    {
      name: 'dates after 2050',
      options: { notAfter: new Date('2051-02-03T04:05:06Z') },
      facts: { notAfter: new Date('2051-02-03T04:05:06Z') },
    },
    {
      name: 'the end of time',
      options: { notAfter: new Date('9999-12-31T23:59:59Z') },
      facts: { notAfter: new Date('9999-12-31T23:59:59Z') },
    },
    {
      name: 'dates of 1950',
      options: { notBefore: new Date('1950-01-01T00:00:00Z') },
      facts: { notBefore: new Date('1950-01-01T00:00:00Z') },
    },
  ] satisfies { name: string; options: MintOptions; facts: Partial<Certificate> }[])
    test(name, () => {
      const cert = parsed(options);
      expect(cert).toMatchObject(facts);
      if ('ski' in options) for (const key of ['ski', 'aki']) expect(cert).not.toHaveProperty(key);
      if (options.keyUsage === false) expect(cert).not.toHaveProperty('keyUsage');
    });

  for (const { name, keyType, publicKey, signatureAlgorithm, more } of [
    {
      name: 'RSA',
      keyType: 'rsa',
      publicKey: { type: 'rsa', bits: 2048 },
      signatureAlgorithm: 'sha256WithRSAEncryption',
      more: {},
    },
    {
      name: 'RSA-PSS',
      keyType: 'rsa',
      publicKey: { type: 'rsa', bits: 2048 },
      signatureAlgorithm: 'rsassaPss with sha256',
      more: { pss: true },
    },
    {
      name: 'P-384',
      keyType: 'ec384',
      publicKey: { type: 'ec', curve: 'secp384r1' },
      signatureAlgorithm: 'ecdsa-with-SHA512',
      more: { hash: 'sha512' },
    },
    {
      name: 'Ed25519',
      keyType: 'ed25519',
      publicKey: { type: 'other', name: 'ed25519' },
      signatureAlgorithm: 'ED25519',
      more: {},
    },
    { name: 'DSA', keyType: 'dsa', publicKey: { type: 'other', name: 'dsa' }, signatureAlgorithm: 'dsa-with-SHA256', more: {} },
  ] as const)
    test(`a key of type ${name}`, () => {
      expect(mintLeaf({ keyType, ...more }).cert).toMatchObject({ publicKey, signatureAlgorithm });
    });
});

describe('names', () => {
  const named = (value: Uint8Array | string, tag?: number) =>
    parsed({ rawSubject: sequence(setOf(attribute('2.5.4.3', value, tag))) }).subject;

  for (const { name, value, tag, text } of [
    { name: 'special characters', value: 'a,b+c"d\\e<f>g;h', tag: 0x0c, text: 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h' },
    { name: 'leading # and trailing space', value: '#a ', tag: 0x0c, text: 'CN=\\#a\\ ' },
    { name: 'a single space', value: ' ', tag: 0x0c, text: 'CN=\\ ' },
    { name: 'an escape sequence', value: '\x1b]0;owned\x07\n', tag: 0x0c, text: 'CN=\\1B]0\\;owned\\07\\0A' },
    { name: 'C1 controls', value: '\u009b2J', tag: 0x0c, text: 'CN=\\C2\\9B2J' },
    { name: 'C1 controls in T61', value: Uint8Array.of(0x9b, 0x32), tag: 0x14, text: 'CN=\\C2\\9B2' },
    { name: 'a right-to-left override', value: 'a\u202eb', tag: 0x0c, text: 'CN=a\\E2\\80\\AEb' },
    { name: 'a NUL', value: 'good.example\0.evil.example', tag: 0x0c, text: 'CN=good.example\\00.evil.example' },
    { name: 'umlauts in UTF-8', value: 'Köln', tag: 0x0c, text: 'CN=Köln' },
    { name: 'umlauts in T61', value: Buffer.from('Köln', 'latin1'), tag: 0x14, text: 'CN=Köln' },
    { name: 'BMPString', value: Buffer.from('Köln €', 'utf16le').swap16(), tag: 0x1e, text: 'CN=Köln €' },
    { name: 'half a BMPString', value: Uint8Array.of(0, 0x41, 0), tag: 0x1e, text: 'CN=#1e004100' },
    { name: 'half a surrogate pair', value: Uint8Array.of(0xd8, 0x3d), tag: 0x1e, text: 'CN=\\EF\\BF\\BD' },
    { name: 'UniversalString', value: Uint8Array.of(0, 1, 0xf6, 0), tag: 0x1c, text: 'CN=😀' },
    { name: 'beyond Unicode', value: Uint8Array.of(0xff, 0xff, 0xff, 0xff), tag: 0x1c, text: 'CN=\ufffd' },
    { name: 'bytes that are no UTF-8', value: Uint8Array.of(0x41, 0xff, 0x42), tag: 0x0c, text: 'CN=A\ufffdB' },
    { name: 'something that is no string', value: Uint8Array.of(1, 2), tag: 0x04, text: 'CN=#040102' },
  ])
    test(name, () => {
      expect(named(value, tag)).toBe(text);
    });

  test('unknown attributes are shown by number, joined ones with +', () => {
    const rawSubject = sequence(
      setOf(attribute('2.5.4.10', 'a'), attribute('1.2.3.4', 'b')),
      setOf(attribute('0.9.2342.19200300.100.1.25', 'c', 0x16)),
    );
    expect(parsed({ rawSubject }).subject).toBe('O=a+1.2.3.4=b,DC=c');
  });

  test('a subject of a megabyte is cut, and unequal ones stay unequal', () => {
    const long = (last: string) => parsed({ rawSubject: sequence(setOf(attribute('2.5.4.3', 'x'.repeat(1 << 20) + last))) });
    const [a, b] = [long('a'), long('b')];
    expect(a.subject.length).toBeLessThan(1_200);
    expect(a.subject).toMatch(/^CN=x+…\[1048\d+ bytes, SHA-256 [0-9a-f]{16}\]$/);
    expect(a.subject).not.toBe(b.subject);
    expect(a.issuer).toBe(a.subject);
  });

  test('alternative names cannot hide anything', () => {
    const san = ['good.example\0.evil.example', '\x1b[2J', 'x'.repeat(5_000)];
    const values = parsed({ san }).san.map(({ value }) => value);
    expect(values[0]).toBe('good.example\\00.evil.example');
    expect(values[1]).toBe('\\1B[2J');
    expect(values[2]?.length).toBe(1_024);
  });

  test('no text from a certificate holds a control character', () => {
    const tags = [0x0c, 0x13, 0x14, 0x16, 0x1a, 0x1c, 0x1e, 0x04];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...tags), (value, tag) => {
        const cert = parsed({
          rawSubject: sequence(setOf(attribute('2.5.4.3', value, tag))),
          san: [Buffer.from(value).toString('latin1')],
        });
        for (const text of [cert.subject, cert.issuer, ...cert.san.map((name) => name.value)])
          expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
      }),
      { seed: 20_261_122, numRuns: 300 },
    );
  });
});

describe('refused, with the reason', () => {
  const replaceExtensions = (...list: Buffer[]) => withBody((fields) => [...fields.slice(0, 7), der(0xa3, sequence(...list))]);
  const basic = extension('2.5.29.19', sequence(Buffer.from('0101ff', 'hex')));

  for (const { name, bytes, why } of [
    { name: 'nothing', bytes: Buffer.alloc(0), why: /has no a certificate|has no certificate/ },
    { name: 'text', bytes: Buffer.from('-----BEGIN CERTIFICATE-----'), why: /has tag 0x2d where a certificate belongs/ },
    { name: 'one byte short', bytes: ordinary.der.subarray(0, -1), why: /ends in the middle of an element/ },
    { name: 'a byte too many', bytes: Buffer.concat([ordinary.der, Buffer.alloc(1)]), why: /is followed by 1 bytes/ },
    { name: 'two extensions of one kind', bytes: replaceExtensions(basic, basic), why: /two extensions 2\.5\.29\.19/ },
    {
      name: 'an extension that is not what it says',
      bytes: replaceExtensions(extension('2.5.29.19', octets(Buffer.alloc(1)))),
      why: /basic constraints/,
    },
    {
      name: 'junk inside an extension',
      bytes: replaceExtensions(extension('2.5.29.14', Buffer.concat([octets(Buffer.alloc(20)), Buffer.alloc(3)]))),
      why: /3 unexpected bytes/,
    },
    {
      name: 'more than 100 extensions',
      bytes: replaceExtensions(...Array.from({ length: 101 }, (_, i) => extension(`1.2.${i}`, Buffer.alloc(0)))),
      why: /more than 100 extensions/,
    },
    {
      name: 'version 9',
      bytes: withBody(([, ...rest]) => [der(0xa0, der(2, Uint8Array.of(8))), ...rest]),
      why: /version that does not exist/,
    },
    { name: 'an empty serial number', bytes: withBody(([v, , ...rest]) => [v as Buffer, der(2), ...rest]), why: /empty number/ },
    {
      name: 'a serial number of 100 bytes',
      bytes: withBody(([v, , ...rest]) => [v as Buffer, der(2, Buffer.alloc(100, 1)), ...rest]),
      why: /serial number of 100 bytes/,
    },
    {
      name: 'the 31st of February',
      bytes: withBody((fields) =>
        fields.map((field, i) => (i === 4 ? sequence(der(0x17, '250231000000Z'), der(0x17, '300101000000Z')) : field)),
      ),
      why: /time that is none/,
    },
    {
      name: 'an indefinite length',
      bytes: Buffer.concat([Buffer.from('3080', 'hex'), ordinary.der.subarray(4), Buffer.alloc(2)]),
      why: /indefinite length/,
    },
    { name: 'a length of 4 GB', bytes: Buffer.from('3084ffffffff00', 'hex'), why: /ends in the middle/ },
    { name: 'a length that is not minimal', bytes: Buffer.from('308105020100', 'hex'), why: /not minimal/ },
    { name: 'more than 4 MiB', bytes: Buffer.alloc(MAX_CERTIFICATE_BYTES + 1), why: /4194304 is the most/ },
    {
      name: '20,000 alternative names',
      bytes: replaceExtensions(extension('2.5.29.17', sequence(...Array.from({ length: 20_000 }, () => der(0x82, 'a'))))),
      why: /more than 10000/,
    },
    {
      name: 'a name of 2,000 parts',
      bytes: withBody((fields) =>
        fields.map((field, i) =>
          i === 5 ? sequence(...Array.from({ length: 2_000 }, () => setOf(attribute('2.5.4.3', 'a')))) : field,
        ),
      ),
      why: /more than 1024 parts/,
    },
  ])
    test(name, () => {
      const result = parseDer(bytes);
      expect(result.ok).toBe(false);
      if (!result.ok) expect(result.error).toMatch(why);
    });

  test('an object identifier of absurd length', () => {
    expect(parseDer(replaceExtensions(sequence(der(6, Buffer.alloc(70, 0x81)), octets(Buffer.alloc(0))))).ok).toBe(false);
  });
});

describe('whatever the bytes', () => {
  const runs = { seed: 20_261_122, numRuns: 3_000 };
  const agrees = (bytes: Buffer) => {
    const result = parseDer(bytes);
    if (!result.ok) {
      expect(result.error).toMatch(/^[a-z][ -~]*$/);
      return;
    }
    expect(result.value.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(Number.isNaN(result.value.notAfter.getTime())).toBe(false);
  };
  test('garbage never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => agrees(Buffer.from(bytes))),
      runs,
    );
  });
  test('a certificate with changed, lost or added bytes never throws', () => {
    const samples = [ordinary, mintCa({ keyType: 'rsa', pss: true }), mintCa({ nameConstraints: { permitted: ['a.example'] } })];
    const change = fc.record({
      sample: fc.nat({ max: samples.length - 1 }),
      edits: fc.array(
        fc.tuple(fc.nat(), fc.constantFrom('set', 'cut', 'insert'), fc.uint8Array({ minLength: 1, maxLength: 4 })),
        { minLength: 1, maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(change, ({ sample, edits }) => {
        let bytes = Buffer.from((samples[sample] as Minted).der);
        for (const [where, what, value] of edits) {
          const at = where % (bytes.length + 1);
          const rest = what === 'insert' ? at : Math.min(bytes.length, at + value.length);
          bytes = Buffer.concat([bytes.subarray(0, at), what === 'cut' ? Buffer.alloc(0) : value, bytes.subarray(rest)]);
        }
        agrees(bytes);
      }),
      runs,
    );
  });
});

describe('PEM', () => {
  const { pem, der: bytes } = ordinary;
  const other = mintCa({ keys });
  for (const { name, text, found } of [
    { name: 'one certificate', text: pem, found: [bytes] },
    {
      name: 'two, with CRLF and chatter',
      text: `Alias: x\r\n${pem.replaceAll('\n', '\r\n')}subject=CN=y\r\n${other.pem}trailing`,
      found: [bytes, other.der],
    },
    {
      name: 'old and trusted armour',
      text: pem.replaceAll('CERTIFICATE', 'X509 CERTIFICATE') + other.pem.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'),
      found: [bytes, other.der],
    },
    { name: 'tabs, spaces and one long line', text: `\t${pem.replaceAll('\n', ' \t\n')}`, found: [bytes] },
    { name: 'a private key is no certificate', text: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', found: [] },
    { name: 'nothing', text: '', found: [] },
    {
      name: 'a block without an end before another',
      text: pem.slice(0, pem.indexOf('-----END')) + other.pem,
      found: [bytes, other.der],
    },
    { name: 'a block without an end', text: pem.slice(0, pem.indexOf('-----END')), found: [bytes] },
  ])
    test(name, () => {
      expect(certificatesInPem(text)).toEqual(found.map((one) => derBase64(one)));
    });
  test('a damaged block is not lost: parsing it says what is wrong', () => {
    const [damaged, whole] = certificatesInPem(`-----BEGIN CERTIFICATE-----\n<html>\n-----END CERTIFICATE-----\n${pem}`);
    expect(parseBase64(damaged ?? ('' as never)).ok).toBe(false);
    expect(whole).toBe(derBase64(bytes));
  });
  test('many blocks are bounded', () => {
    expect(certificatesInPem('-----BEGIN CERTIFICATE-----AAAA'.repeat(30_000)).length).toBe(10_000);
  });
  test('whatever the text, nothing throws and certificates among it are found', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constant('-----BEGIN CERTIFICATE-----'), fc.constant('-----END CERTIFICATE-----\n'))),
        (parts) => {
          const before = `${parts.join('')}\n-----END X-----\n`;
          expect(certificatesInPem(before + pemOf(bytes)).at(-1)).toBe(derBase64(bytes));
        },
      ),
      { seed: 20_261_122, numRuns: 500 },
    );
  });
});

describe('key identifiers', () => {
  for (const { text, hex } of [
    { text: 'AB:cd:01', hex: 'abcd01' },
    { text: 'abcd01', hex: 'abcd01' },
    { text: 'abc', hex: undefined },
    { text: '', hex: undefined },
    { text: 'keyid:AB', hex: undefined },
  ])
    test(`"${text}" is ${hex ?? 'none'}`, () => {
      const result = keyIdHex(text);
      expect(result.ok ? result.value : undefined).toBe(hex);
    });
});
