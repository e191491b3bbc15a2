import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalAddress, canonicalHostPort, dnText, hostMatches } from '../../src/x509/names.js';
import { sequence, setOf } from '../support/der.js';
import { attribute, mintLeaf, nameDer, newKeys } from '../support/mint.js';

const keys = newKeys('ec');

describe('addresses', () => {
  for (const [text, canonical] of [
    ['10.0.0.5', '10.0.0.5'],
    ['255.255.255.255', '255.255.255.255'],
    ['[2001:DB8::0001]', '2001:db8::1'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    ['::', '::'],
    ['010.0.0.5', undefined],
    ['10.5', undefined],
    ['0x7f.0.0.1', undefined],
    ['256.0.0.1', undefined],
    ['1.2.3.4.5', undefined],
    ['2001:db8::1::2', undefined],
    ['array1.lab.example', undefined],
    ['', undefined],
    [':'.repeat(1_000), undefined],
  ] as const)
    test(`${text.slice(0, 30)} is ${canonical ?? 'no address'}`, () => {
      expect(canonicalAddress(text)).toBe(canonical);
    });

  test('a canonical address stays as it is, and every spelling of one address has the same', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const canonical = canonicalAddress(text);
        expect(canonical).toBeDefined();
        expect(canonicalAddress(canonical ?? '')).toBe(canonical);
        expect(canonicalAddress(text.toUpperCase())).toBe(canonical);
      }),
      { seed: 20_261_122, numRuns: 1_000 },
    );
  });
  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:.%[\]]{0,50}$/)), (text) => {
        canonicalAddress(text);
        canonicalHostPort(text);
      }),
      { seed: 20_261_122, numRuns: 2_000 },
    );
  });
});

describe('host and port of a URL', () => {
  for (const [url, host, port, isAddress] of [
    ['https://array1.lab.example:8084/version.xml', 'array1.lab.example', 8084, false],
    ['https://ARRAY1.lab.example./', 'array1.lab.example', 443, false],
    ['https://10.0.0.5:8443/vasa/version.xml?x=1', '10.0.0.5', 8443, true],
    ['https://[2001:DB8::5]:8084/', '2001:db8::5', 8084, true],
    ['https://[fe80::1%eth0]/', 'fe80::1', 443, true],
    ['http://array1/', 'array1', 80, false],
    ['array1:8084', 'array1', 8084, false],
    ['array1', 'array1', 443, false],
    ['2001:db8::5', '2001:db8::5', 443, true],
    ['https://user:secret@array1/', 'array1', 443, false],
    [' https://array1 ', 'array1', 443, false],
  ] as const)
    test(url, () => {
      expect(canonicalHostPort(url)).toEqual({ host, port, isAddress });
    });
  for (const url of [
    '',
    'https://',
    'https://:443/',
    'https://array1:99999/',
    'https://array1:0',
    'https://a b/',
    'https://[::1',
    'x'.repeat(5_000),
  ])
    test(`"${url.slice(0, 40)}" has none`, () => {
      expect(canonicalHostPort(url)).toBeUndefined();
    });
});

describe('does the certificate fit the host?', () => {
  for (const { name, subject, san, host, fits } of [
    { name: 'a DNS name', san: ['array1.lab.example'], host: 'array1.lab.example', fits: true },
    { name: 'case and trailing dot do not matter', san: ['Array1.LAB.example'], host: 'ARRAY1.lab.example.', fits: true },
    { name: 'another name', san: ['array2.lab.example'], host: 'array1.lab.example', fits: false },
    { name: 'a wildcard is one label', san: ['*.lab.example'], host: 'array1.lab.example', fits: true },
    { name: 'and not two', san: ['*.lab.example'], host: 'a.array1.lab.example', fits: false },
    { name: 'nor none', san: ['*.lab.example'], host: 'lab.example', fits: false },
    { name: 'nor part of one', san: ['array*.lab.example'], host: 'array1.lab.example', fits: false },
    { name: 'nor in the middle', san: ['a.*.example'], host: 'a.lab.example', fits: false },
    { name: 'nor for a whole top-level domain', san: ['*.example'], host: 'lab.example', fits: false },
    { name: 'an IPv4 address', san: ['10.0.0.5'], host: '10.0.0.5', fits: true },
    { name: 'an IPv6 address in another spelling', san: ['2001:db8::5'], host: '[2001:0DB8:0:0::5]', fits: true },
    {
      name: 'an address does not match a DNS name',
      subject: 'CN=10.0.0.5',
      san: ['array1.lab.example'],
      host: '10.0.0.5',
      fits: false,
    },
    { name: 'nor the CN', subject: 'CN=10.0.0.5', san: undefined, host: '10.0.0.5', fits: false },
    {
      name: 'the CN counts without alternative names',
      subject: 'CN=array1.lab.example,O=Lab',
      san: undefined,
      host: 'array1.lab.example',
      fits: true,
    },
    {
      name: 'the CN counts where only addresses are named',
      subject: 'O=Lab,CN=array1.lab.example',
      san: ['10.0.0.5'],
      host: 'array1.lab.example',
      fits: true,
    },
    {
      name: 'the CN does not count beside DNS names',
      subject: 'CN=array1.lab.example',
      san: ['array2.lab.example'],
      host: 'array1.lab.example',
      fits: false,
    },
    {
      name: 'the last CN is the most specific one',
      subject: 'CN=array1.lab.example,CN=array2.lab.example',
      san: undefined,
      host: 'array2.lab.example',
      fits: true,
    },
    {
      name: 'a name with a NUL is another name',
      san: ['array1.lab.example\0.evil.example'],
      host: 'array1.lab.example',
      fits: false,
    },
    {
      name: 'a CN in another attribute is none',
      subject: 'O=xCN=array1.lab.example',
      san: undefined,
      host: 'array1.lab.example',
      fits: false,
    },
  ])
    test(name, () => {
      const { cert } = mintLeaf({ keys, name: subject ?? 'CN=somebody', ...(san ? { san } : { san: ['uri:https://x/'] }) });
      expect(hostMatches(cert, host)).toBe(fits);
    });
});

describe('distinguished names from a CertificateRequest', () => {
  test('are shown in the order of the encoding', () => {
    expect(dnText(nameDer('CN=CA,DC=vsphere,DC=local,C=US').toString('base64'))).toBe('CN=CA,DC=vsphere,DC=local,C=US');
  });
  test('what is no name is shown as hex', () => {
    expect(dnText(Buffer.from('garbage').toString('base64'))).toBe('#67617262616765');
    expect(dnText(Buffer.alloc(100, 0x30).toString('base64'))).toMatch(/^#(30){32}…$/);
    expect(dnText('')).toBe('#');
  });
  test('whatever the bytes, nothing throws and nothing unsafe comes out', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 80 }),
          fc.uint8Array({ maxLength: 40 }).map((value) => sequence(setOf(attribute('2.5.4.3', value)))),
        ),
        (bytes) => {
          expect(dnText(Buffer.from(bytes).toString('base64'))).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
        },
      ),
      { seed: 20_261_122, numRuns: 1_000 },
    );
  });
});
