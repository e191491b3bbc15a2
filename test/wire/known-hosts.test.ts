import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findEntries,
  hostKeyFingerprint,
  knownHostName,
  lookupHostKey,
  matchesPatternList,
  parseKnownHosts,
} from '../../src/wire/known-hosts.js';

/** A public key blob with the right outside; no lookup looks further in. */
function blob(type: string, filler: number): Buffer {
  const name = Buffer.from(type);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return Buffer.concat([length, name, Buffer.alloc(36, filler)]);
}
const ED = blob('ssh-ed25519', 1);
const OTHER = blob('ssh-ed25519', 2);
const RSA = blob('ssh-rsa', 3);
const line = (hosts: string, key: Buffer, type = 'ssh-ed25519') => `${hosts} ${type} ${key.toString('base64')}`;
const hashed = (name: string) => {
  const salt = Buffer.alloc(20, 7);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};
const lookup = (text: string, name: string, key = ED) => lookupHostKey([parseKnownHosts(text, 'kh')], name, key).kind;

for (const { name, text, host, kind } of [
  { name: 'a plain name', text: line('vc1', ED), host: 'vc1', kind: 'match' },
  { name: 'a name in another case', text: line('VC1.Lab', ED), host: 'vc1.lab', kind: 'match' },
  { name: 'a comma list', text: line('x,10.0.0.5,vc1', ED), host: 'vc1', kind: 'match' },
  { name: 'a hash', text: line(hashed('vc1'), ED), host: 'vc1', kind: 'match' },
  { name: 'a hash of another name', text: line(hashed('vc2'), ED), host: 'vc1', kind: 'unknown' },
  { name: 'a damaged hash', text: line('|1|AAAA|BBBB', ED), host: 'vc1', kind: 'unknown' },
  { name: 'a port', text: line('[vc1]:2222', ED), host: '[vc1]:2222', kind: 'match' },
  { name: 'a name without the port', text: line('vc1', ED), host: '[vc1]:2222', kind: 'unknown' },
  { name: 'wildcards', text: line('v?1.*', ED), host: 'vc1.lab', kind: 'match' },
  { name: 'a negated name', text: line('*.lab,!vc1.lab', ED), host: 'vc1.lab', kind: 'unknown' },
  { name: 'only a negated name', text: line('!vc2', ED), host: 'vc1', kind: 'unknown' },
  { name: 'another key', text: line('vc1', OTHER), host: 'vc1', kind: 'mismatch' },
  { name: 'a key of another type', text: line('vc1', RSA, 'ssh-rsa'), host: 'vc1', kind: 'mismatch' },
  { name: 'another key and the right one', text: `${line('vc1', OTHER)}\n${line('vc1', ED)}`, host: 'vc1', kind: 'match' },
  { name: 'a revoked key', text: `${line('vc1', ED)}\n@revoked ${line('*', ED)}`, host: 'vc1', kind: 'revoked' },
  { name: 'another key revoked', text: `@revoked ${line('*', OTHER)}`, host: 'vc1', kind: 'unknown' },
  { name: 'a host CA', text: `@cert-authority ${line('*', ED)}`, host: 'vc1', kind: 'unknown' },
  { name: 'an unknown marker', text: `@trusted ${line('vc1', ED)}`, host: 'vc1', kind: 'unknown' },
  { name: 'two markers', text: `@revoked @revoked ${line('vc1', ED)}`, host: 'vc1', kind: 'unknown' },
  {
    name: 'CRLF, comments, junk and blank lines',
    text: `# c\r\n\r\njunk\r\nvc1 ssh-rsa\r\n \t${line('vc1', ED)} me\r\n`,
    host: 'vc1',
    kind: 'match',
  },
  { name: 'a commented line', text: `#${line('vc1', ED)}`, host: 'vc1', kind: 'unknown' },
  { name: 'a type that is not the blob’s', text: line('vc1', ED, 'ssh-rsa'), host: 'vc1', kind: 'unknown' },
  { name: 'an empty file', text: '', host: 'vc1', kind: 'unknown' },
]) {
  test(`${name}: ${kind}`, () => expect(lookup(text, host)).toBe(kind));
}

test('a mismatch tells which keys are known, and where', () => {
  const found = lookupHostKey(
    [parseKnownHosts(`\n${line('vc1', OTHER)}`, 'a'), parseKnownHosts(line('*', RSA, 'ssh-rsa'), 'b')],
    'vc1',
    ED,
  );
  expect(found).toEqual({
    kind: 'mismatch',
    known: [
      { path: 'a', line: 2, keyType: 'ssh-ed25519', fingerprint: hostKeyFingerprint(OTHER) },
      { path: 'b', line: 1, keyType: 'ssh-rsa', fingerprint: hostKeyFingerprint(RSA) },
    ],
  });
});

test('a revocation in one file holds against a match in another', () => {
  const files = [parseKnownHosts(line('vc1', ED), 'a'), parseKnownHosts(`@revoked ${line('*', ED)}`, 'b')];
  expect(lookupHostKey(files, 'vc1', ED).kind).toBe('revoked');
});

test('the default port is not written', () => {
  expect([knownHostName('VC1'), knownHostName('vc1', 22), knownHostName('fe80::1', 2222)]).toEqual([
    'vc1',
    'vc1',
    '[fe80::1]:2222',
  ]);
});

describe('hostile files', () => {
  test('a pattern made of stars is answered at once', () => {
    const started = performance.now();
    expect(matchesPatternList('a'.repeat(250), `${'*a'.repeat(500)}b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
  test('lines without end and files without end are cut off', () => {
    expect(parseKnownHosts(line(`vc1,${'x'.repeat(100_000)}`, ED), 'kh').entries).toEqual([]);
    expect(parseKnownHosts(`${line('vc1', ED)}\n`.repeat(300_000), 'kh').entries).toHaveLength(200_000);
  });
  test('no text makes it throw, and no junk matches', () => {
    const piece = fc.constantFrom(
      '|1|',
      '@revoked',
      '@cert-authority',
      ' ',
      '\t',
      ',',
      '!',
      '*',
      '?',
      'vc1',
      '[vc1]:22',
      'ssh-ed25519',
      ED.toString('base64'),
      '=',
      '\n',
      '\r\n',
      '#',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 40 }), (pieces) => {
        const known = parseKnownHosts(pieces.join(''), 'kh');
        for (const entry of known.entries) expect(entry.key.length).toBeGreaterThan(11);
        expect(findEntries(known, 'no such host').every((entry) => /[*?]/.test(entry.hosts))).toBe(true);
      }),
      { seed: 20261122, numRuns: 2_000 },
    );
  });
});
