import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.js';
import {
  meansYes,
  parseAddress,
  parseHostKey,
  parseHostPort,
  parseProviderUrl,
  parseTlsFingerprint,
} from '../../src/config/parse-values.js';

const FC = { seed: 20_26_11, numRuns: 500 };

describe('addresses', () => {
  for (const [text, expected] of [
    ['vc65.lab.example', { host: 'vc65.lab.example' }],
    ['vc65.lab.example:8443', { host: 'vc65.lab.example', port: 8443 }],
    ['vc65', { host: 'vc65' }],
    ['vc65.lab.example.', { host: 'vc65.lab.example.' }],
    ['10.0.0.5', { host: '10.0.0.5' }],
    ['10.0.0.5:443', { host: '10.0.0.5', port: 443 }],
    ['[2001:db8::1]:443', { host: '2001:db8::1', port: 443 }],
    ['[2001:db8::1]', { host: '2001:db8::1' }],
    ['2001:db8::1', { host: '2001:db8::1' }],
    ['array_1.lab.example', { host: 'array_1.lab.example' }],
    ['https://vc65', undefined],
    ['vc65/sdk', undefined],
    ['vc65:0', undefined],
    ['vc65:65536', undefined],
    ['vc 65', undefined],
    ['10.0.0.256', undefined],
    ['1.2.3', undefined],
    ['[vc65]:443', undefined],
    ['[fe80::1%eth0]:443', undefined],
    ['vcß.example', undefined],
    ['-vc65', undefined],
    ['a..b', undefined],
    ['', undefined],
    [':443', undefined],
    ['a\u001b[31m', undefined],
  ] as const) {
    test(`${JSON.stringify(text)} is ${expected ? JSON.stringify(expected) : 'refused'}`, () => {
      const parsed = parseAddress(text);
      expect(parsed.ok ? parsed.value : undefined).toEqual(expected);
    });
  }

  test('no text makes it throw, and what it accepts it accepts again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parsed = parseAddress(text);
        if (!parsed.ok) return;
        const { host, port } = parsed.value;
        const again = `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
        expect(parseAddress(again)).toEqual(parsed);
      }),
      FC,
    );
  });

  test('every IPv6 address is read back from its bracketed form', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(parseHostPort(`[${host}]:${port}`)).toEqual({ ok: true, value: { host, port } });
      }),
      FC,
    );
  });

  test('connectTo needs a port', () => {
    expect(parseHostPort('127.0.0.1')).toMatchObject({ ok: false, error: { message: 'has no port' } });
  });
});

describe('TLS fingerprints', () => {
  const bytes = Array.from({ length: 32 }, (_, i) => (i * 7 + 3).toString(16).padStart(2, '0'));
  const hex = bytes.join('');
  for (const text of [
    hex,
    hex.toUpperCase(),
    bytes.join(':').toUpperCase(),
    `SHA256 ${bytes.join(':').toUpperCase()}`,
    `sha256 Fingerprint=${bytes.join(':').toUpperCase()}`,
    `SHA256:${hex}`,
    `SHA-256 ${hex}`,
    ` ${bytes.join(' ')} `,
  ]) {
    test(`${text.slice(0, 34)}… is accepted`, () => {
      expect(parseTlsFingerprint(text)).toEqual({ ok: true, value: hex });
    });
  }
  for (const [text, message] of [
    [bytes.slice(0, 20).join(':'), /SHA-1/],
    [`SHA1 Fingerprint=${bytes.slice(0, 20).join(':')}`, /SHA-1/],
    [`SHA1 ${hex}`, /SHA-1/],
    [hex.slice(1), /64 hex digits/],
    [`${hex}00`, /64 hex digits/],
    [`MD5 ${bytes.slice(0, 16).join(':')}`, /64 hex digits/],
    ['SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE', /64 hex digits/],
    ['', /64 hex digits/],
  ] as const) {
    test(`${text.slice(0, 34)}… is refused`, () => {
      const parsed = parseTlsFingerprint(text);
      expect(parsed.ok ? '' : parsed.error.message).toMatch(message);
    });
  }
  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parsed = parseTlsFingerprint(text);
        if (parsed.ok) expect(parsed.value).toMatch(/^[0-9a-f]{64}$/);
      }),
      FC,
    );
  });
});

test('a host key is a SHA-256 fingerprint as OpenSSH prints it, with or without padding', () => {
  const key = `SHA256:${'abcDEF123+/'.repeat(4).slice(0, 43)}`;
  expect(parseHostKey(key)).toEqual({ ok: true, value: key });
  expect(parseHostKey(`${key}=`)).toEqual({ ok: true, value: key });
  for (const wrong of [key.slice(7), `${key}x`, 'ssh-ed25519 AAAA', 'accept-new', '']) expect(parseHostKey(wrong).ok).toBe(false);
});

test('a provider URL is https and carries no login', () => {
  expect(parseProviderUrl('https://[2001:db8::7]:8084/version.xml').ok).toBe(true);
  for (const wrong of ['http://a/', 'https://u:p@a/', 'https://u@a/', 'a:8084', 'https://', ''])
    expect(parseProviderUrl(wrong).ok).toBe(false);
});

test('whatever is not clearly "no" means yes', () => {
  for (const yes of ['1', 't', 'true', 'TRUE', 'yes', 'on', 'x', '2', ' 1 ']) expect(meansYes(yes)).toBe(true);
  for (const no of [undefined, '', ' ', '0', 'f', 'False', 'no', 'off']) expect(meansYes(no)).toBe(false);
});

describe('did you mean', () => {
  const words = ['address', 'connectTo', 'username', 'password', 'id', 'tls', 'ssh'];
  for (const [word, expected] of [
    ['adress', 'address'],
    ['conectTo', 'connectTo'],
    ['connectto', 'connectTo'],
    ['usernmae', 'username'],
    ['tsl', 'tls'],
    ['flavour', undefined],
    ['', undefined],
  ] as const) {
    test(`${word || 'nothing'} → ${expected}`, () => expect(nearest(word, words)).toBe(expected));
  }
});
