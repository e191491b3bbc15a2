import { KeyObject, webcrypto } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkRequest, plannedFor } from '../../src/ca/check-request.js';
import { makeRequest, REQUEST_ALGORITHM } from '../../src/ca/make-request.js';
import { pemBlocks } from '../../src/ca/pem-blocks.js';
import type { PlannedCertificate } from '../../src/model/planned-certificate.js';
import { type CertificateRequest, isSelfProven, MAX_REQUEST_BYTES, parseRequest } from '../../src/x509/request.js';
import { ecKeys, leafKeys, NAMES, planned, rsaKeys } from '../support/ca-answers.js';
import { bool, implicit, integer, sequence } from '../support/der.js';
import { children, extension } from '../support/mint.js';
import { mintRequest, type RequestOptions } from '../support/mint-request.js';

const ADDRESSES: Readonly<Record<string, Buffer>> = {
  '10.0.0.11': Buffer.of(10, 0, 0, 11),
  'fd00::11': Buffer.from('fd000000000000000000000000000011', 'hex'),
};
const san = (...names: readonly string[]): Buffer =>
  extension('2.5.29.17', sequence(...names.map((name) => (ADDRESSES[name] ? implicit(7, ADDRESSES[name]) : implicit(2, name)))));
const CA_TRUE = extension('2.5.29.19', sequence(bool(true), integer(0)), true);
const CERT_SIGN = extension('2.5.29.15', Buffer.of(0x03, 0x02, 0x02, 0x04), true);

function read(options: Partial<RequestOptions> = {}): CertificateRequest {
  const request = parseRequest(mintRequest({ keys: leafKeys, extensions: [san(...NAMES)], ...options }));
  if (!request.ok) throw new Error(request.error);
  return request.value;
}

describe('a request that an array made', () => {
  test('is good when it asks for the names of the plan with an RSA key', () => {
    expect(checkRequest(read(), planned)).toEqual([]);
    expect(checkRequest(read({ attributeType: '1.3.6.1.4.1.311.2.1.14' }), planned)).toEqual([]);
  });

  for (const { name, options, codes } of [
    { name: 'no names at all', options: { extensions: [] }, codes: ['request-missing-san'] },
    { name: 'one name too few', options: { extensions: [san(...NAMES.slice(1))] }, codes: ['request-missing-san'] },
    { name: 'one name too many', options: { extensions: [san(...NAMES, 'evil.example')] }, codes: ['request-extra-san'] },
    { name: 'a CA certificate', options: { extensions: [san(...NAMES), CA_TRUE] }, codes: ['request-asks-for-a-ca'] },
    {
      name: 'the right to sign certificates',
      options: { extensions: [san(...NAMES), CERT_SIGN] },
      codes: ['request-asks-for-a-ca'],
    },
    { name: 'an EC key', options: { keys: ecKeys() }, codes: ['request-not-rsa'] },
    { name: 'a short key', options: { keys: rsaKeys('short', 1024) }, codes: ['request-weak-key'] },
    { name: "another key's signature", options: { signWith: rsaKeys('stranger') }, codes: ['request-signature'] },
  ] satisfies { name: string; options: Partial<RequestOptions>; codes: string[] }[]) {
    test(`with ${name} is refused for that`, () => {
      expect(checkRequest(read(options), planned).map(({ code }) => code)).toEqual(codes);
    });
  }

  test('finds its certificate of the plan by its names, or by its CN where it has none', () => {
    const other: PlannedCertificate = {
      ...planned,
      name: 'array2',
      san: [
        { kind: 'dns', value: 'array2.lab.example' },
        { kind: 'ip', value: '10.0.0.11' },
      ],
    };
    expect(plannedFor(read(), [other, planned])?.name).toBe('array1-ct0');
    expect(plannedFor(read({ extensions: [], name: 'CN=Array2.lab.example' }), [planned, other])?.name).toBe('array2');
    expect(plannedFor(read({ extensions: [san('10.0.0.11')] }), [planned, other])).toBeUndefined();
    expect(plannedFor(read({ extensions: [san('elsewhere.example')] }), [planned, other])).toBeUndefined();
  });
});

describe('a request that we make', () => {
  let keys: webcrypto.CryptoKeyPair;
  beforeAll(async () => {
    const algorithm = { ...REQUEST_ALGORITHM, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
    keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  });
  const parse = (text: string): CertificateRequest => {
    const request = parseRequest(pemBlocks(text)[0]?.der ?? Buffer.alloc(0));
    if (!request.ok) throw new Error(request.error);
    return request.value;
  };

  test('stands up to the check of foreign ones, and asks for a TLS server', async () => {
    const request = parse(await makeRequest(planned, keys));
    expect(checkRequest(request, planned)).toEqual([]);
    expect(request).toMatchObject({ subject: `CN=${planned.commonName}`, signatureAlgorithm: 'sha256WithRSAEncryption' });
    expect(request.extensions).toMatchObject({
      isCa: false,
      keyUsage: ['digitalSignature', 'keyEncipherment'],
      extendedKeyUsage: ['serverAuth'],
    });
  });

  test('is the same for the same key', async () => {
    expect(await makeRequest(planned, keys)).toBe(await makeRequest(planned, keys));
  });

  test('holds one request and nothing of the private key', async () => {
    const text = await makeRequest(planned, keys);
    const privateKey = KeyObject.from(keys.privateKey).export({ format: 'jwk' });
    expect(pemBlocks(text).map(({ label }) => label)).toEqual(['CERTIFICATE REQUEST']);
    for (const part of ['d', 'p', 'q'] as const) {
      const secret = Buffer.from(privateKey[part] as string, 'base64url');
      expect(pemBlocks(text)[0]?.der.includes(secret.subarray(0, 16))).toBe(false);
    }
  });
});

describe('parsing requests', () => {
  const good = mintRequest({ keys: leafKeys, extensions: [san(...NAMES)] });

  const algorithm = children(good)[1] as Buffer;
  const algorithmAt = algorithm.byteOffset - good.byteOffset;

  test('never throws, and a request that was changed is not proven by its key', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, xor) => {
        // The name of the algorithm is not signed; a changed one either fails or says the same.
        fc.pre(at < algorithmAt || at >= algorithmAt + algorithm.length);
        const bytes = Buffer.from(good);
        bytes[at] = (bytes[at] as number) ^ xor;
        const request = parseRequest(bytes);
        expect(request.ok && isSelfProven(request.value)).toBe(false);
      }),
      { seed: 20_261_122, numRuns: 2_000 },
    );
  });

  test('never throws on anything else either', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        parseRequest(Buffer.from([0x30, ...bytes]));
      }),
      { seed: 20_261_122, numRuns: 2_000 },
    );
  });

  test('is bounded', () => {
    expect(parseRequest(Buffer.alloc(MAX_REQUEST_BYTES + 1)).ok).toBe(false);
    expect(parseRequest(mintRequest({ keys: leafKeys, extensions: [san(...NAMES), san(...NAMES)] })).ok).toBe(false);
    expect(parseRequest(Buffer.concat([good, Buffer.of(0)])).ok).toBe(false);
  });
});
