import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ACCEPTABLE } from '../../src/ca/check-answers.js';
import type {
  FileObjection,
  Objection,
  ObjectionCode,
  RequestObjection,
  RequestObjectionCode,
} from '../../src/model/ca-check.js';
import type { Sha256Hex } from '../../src/model/ids.js';
import { fileObjectionWords, type ObjectionWords, objectionWords, requestObjectionWords } from '../../src/report/ca-words.js';
import { answer, defects, issuing, ORIGIN, root } from '../support/ca-answers.js';

const certificate = answer().cert;
const wanted = 'a'.repeat(64) as Sha256Hex;
const missing = [{ kind: 'dns', value: 'vasa1.lab.example' }] as const;

/** One of each: a code that is new does not compile until it stands here. */
const OBJECTIONS: { readonly [Code in ObjectionCode]: Omit<Extract<Objection, { code: Code }>, 'code'> } = {
  'wrong-key': { certificate, wanted, origin: ORIGIN },
  'no-key': { certificate },
  duplicate: { certificate, others: [certificate] },
  'missing-san': { certificate, missing },
  wildcard: { certificate, covered: missing },
  'self-signed': { certificate },
  'is-a-ca': { certificate },
  'eku-wrong': { certificate },
  'key-usage': { certificate },
  expired: { certificate },
  'not-yet-valid': { certificate },
  'short-lived': { certificate, daysLeft: 1 },
  'longer-than-issuer': { certificate, issuer: issuing.cert },
  'weak-key': { certificate, bits: 1024 },
  'ecdsa-in-chain': { certificate, what: 'an EC key (prime256v1)' },
  'sha1-in-chain': { certificate },
  'pss-in-chain': { certificate },
  'chain-incomplete': { certificate },
  'wrong-issuer': { certificate, namesakes: [issuing.cert] },
  'bad-signature': { certificate, issuer: issuing.cert },
  'unknown-root': { certificate: root.cert, wanted },
  'same-name-root': { certificate, wanted: root.cert },
  'root-not-given': { certificate, wanted },
  'intermediate-not-in-plan': { certificate: issuing.cert },
  'issuer-not-a-ca': { certificate },
  'issuer-key-usage': { certificate: issuing.cert },
  'issuer-eku': { certificate: issuing.cert },
  'path-length': { certificate: issuing.cert },
  'name-constraints': { certificate },
  'critical-extension': { certificate },
  'signature-algorithm': { certificate },
  'too-deep': { certificate },
};

const FILES: { readonly [Code in FileObjection['code']]: Omit<Extract<FileObjection, { code: Code }>, 'code'> } = {
  'too-large': { bytes: 2, most: 1 },
  'empty-file': {},
  'not-a-certificate': { why: 'is a web page' },
  'no-certificate': { found: 'request' },
  damaged: { why: 'ends in the middle of an element' },
  'passphrase-missing': {},
  'wrong-passphrase': {},
  'encryption-not-supported': { what: 'cipher 1.2.3' },
};

const REQUESTS: { readonly [Code in RequestObjectionCode]: Omit<Extract<RequestObjection, { code: Code }>, 'code'> } = {
  'not-a-request': { why: 'holds no request' },
  'request-signature': {},
  'request-not-rsa': { what: 'EC (prime256v1)' },
  'request-weak-key': { bits: 1024 },
  'request-key-too-large': { bits: 16_384 },
  'request-missing-san': { missing },
  'request-extra-san': { extra: ['evil.example'] },
  'request-asks-for-a-ca': {},
};

const words: readonly (readonly [string, ObjectionWords])[] = [
  ...Object.entries(OBJECTIONS).map(([code, facts]) => [code, objectionWords({ code, ...facts } as Objection)] as const),
  ...Object.entries(FILES).map(([code, facts]) => [code, fileObjectionWords({ code, ...facts } as FileObjection)] as const),
  ...Object.entries(REQUESTS).map(
    ([code, facts]) => [code, requestObjectionWords({ code, ...facts } as RequestObjection)] as const,
  ),
];

describe('every reason of refusal has words and a remedy', () => {
  for (const [code, { headline, remedy }] of words) {
    test(code, () => {
      expect(headline.length).toBeGreaterThan(5);
      expect(headline).not.toMatch(/undefined|\[object|NaN|\.$/);
      expect(remedy).toMatch(/^[A-Z].*\.$/);
      expect(remedy).not.toMatch(/undefined/);
    });
  }

  test('no two read the same', () => {
    expect(new Set(words.map(([, { headline }]) => headline)).size).toBe(words.length);
  });
});

describe('docs/ca.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/ca.md'), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| `[a-z0-9-]+`/.test(line));

  test('tells of every code whether it can be accepted, as it is', () => {
    const told = new Map(
      rows.flatMap((row) =>
        [...(row.split('|')[1] ?? '').matchAll(/`([a-z0-9-]+)`/g)].map(([, code]) => [
          code,
          / yes/.test(row.split('|')[3] ?? ''),
        ]),
      ),
    );
    for (const code of [...Object.keys(OBJECTIONS), ...Object.keys(FILES)])
      expect([code, told.get(code)]).toEqual([code, (ACCEPTABLE as ReadonlySet<string>).has(code)]);
  });
});

test('nearly every reason stands in the table of defective answers; the others are tested where they arise', () => {
  const seen = new Set(defects().flatMap(({ codes }) => codes));
  const elsewhere = ['no-key', 'too-deep', 'too-large', 'passphrase-missing', 'wrong-passphrase', 'encryption-not-supported'];
  expect([...Object.keys(OBJECTIONS), ...Object.keys(FILES)].filter((code) => !seen.has(code)).sort()).toEqual(elsewhere.sort());
});
