import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEntries, hostKeyFingerprint, parseKnownHosts } from '../../src/wire/known-hosts.js';
import { mintKey, publicKey } from '../support/openssh.js';
import { missingSystemParts } from '../support/system.js';

/** Line numbers, markers and fingerprints of what `ssh-keygen -F` finds. */
function askSshKeygen(file: string, name: string): string[] {
  const asked = spawnSync('ssh-keygen', ['-l', '-F', name, '-f', file], { encoding: 'utf8' });
  const found: string[] = [];
  for (const line of asked.stdout.split('\n')) {
    const head = /^# Host .* found: line (\d+) ?(CA|REVOKED)?\s*$/.exec(line);
    if (head) found.push(`${head[1]} ${head[2] ?? ''}`);
    else if (line !== '') found.push(`${found.pop()} ${/SHA256:\S+/.exec(line)?.[0]}`);
  }
  return found;
}

function askUs(text: string, name: string): string[] {
  const markers = { none: '', revoked: 'REVOKED', 'cert-authority': 'CA' };
  return findEntries(parseKnownHosts(text, 'kh'), name).map(
    (entry) => `${entry.line} ${markers[entry.marker]} ${hostKeyFingerprint(entry.key)}`,
  );
}

describe.skipIf(missingSystemParts('ssh-keygen'))('our known_hosts and ssh-keygen -F', () => {
  let folder: string;
  let keys: string[];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vasatrust-known-'));
    keys = ['ed25519', 'ecdsa', 'rsa', 'ed25519'].map((type, index) => {
      mintKey(type, join(folder, `key${index}`));
      return publicKey(join(folder, `key${index}`));
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const NAMES = ['vc1', 'vc2.lab', 'vc10.lab', '10.0.0.5', 'fd00::5', '[vc1]:2222', '[10.0.0.5]:2222', '[fd00::5]:2222', 'a.b.c'];
  const name = fc.constantFrom(...NAMES, 'VC1', 'Vc2.Lab');
  const pattern = fc.oneof(
    name,
    fc.constantFrom('*', '?', 'vc*', '*.lab', 'vc?', '[*]:2222', '*:*', '10.0.?.*', '**1**', '', 'vc1*b'),
    fc.string({ unit: fc.constantFrom('v', 'c', '1', '.', '*', '?', 'l', 'a', 'b'), maxLength: 8 }),
  );
  const hosts = fc
    .array(fc.tuple(fc.boolean(), pattern), { minLength: 1, maxLength: 4 })
    .map((items) => items.map(([plain, item], index) => (plain || index === 0 ? item : `!${item}`)).join(','));
  const junk = fc.constantFrom(
    '# comment',
    '',
    '   ',
    'vc1',
    'vc1 ssh-ed25519',
    'vc1 ssh-ed25519 !!!!',
    '@other * x y',
    'vc1 1024 35 12345',
    '|1|x|y ssh-ed25519 AAAA',
  );
  const entry = fc
    .record({
      marker: fc.constantFrom('', '', '', '@revoked ', '@cert-authority ', '@revoked\t'),
      before: fc.constantFrom('', '', ' ', '\t'),
      hosts,
      between: fc.constantFrom(' ', ' ', '\t', '  '),
      key: fc.nat(3),
      after: fc.constantFrom('', ' comment here', '\r', ' comment\r'),
    })
    .map((parts) => `${parts.before}${parts.marker}${parts.hosts}${parts.between}${keys[parts.key]}${parts.after}`);

  test('agree on every name in 300 generated files', () => {
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 5, arbitrary: entry }, { weight: 1, arbitrary: junk }), { minLength: 1, maxLength: 12 }),
        fc.subarray(NAMES, { minLength: 2, maxLength: 3 }),
        (lines, names) => {
          const text = `${lines.join('\n')}\n`;
          const file = join(folder, 'known_hosts');
          writeFileSync(file, text);
          for (const asked of names) {
            const theirs = askSshKeygen(file, asked);
            found += theirs.length;
            expect({ asked, found: askUs(text, asked) }).toEqual({ asked, found: theirs });
          }
        },
      ),
      { seed: 20261122, numRuns: 300 },
    );
    expect(found).toBeGreaterThan(500);
  });

  test('agree on files whose names ssh-keygen itself has hashed', () => {
    let found = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.nat(3)), { minLength: 1, maxLength: 8 }), (lines) => {
        const file = join(folder, 'hashed');
        writeFileSync(file, lines.map(([host, key]) => `${host} ${keys[key]}\n`).join(''));
        const hashing = spawnSync('ssh-keygen', ['-H', '-f', file], { encoding: 'utf8' });
        expect(hashing.status).toBe(0);
        const text = spawnSync('cat', [file], { encoding: 'utf8' }).stdout;
        expect(text).toContain('|1|');
        for (const asked of NAMES) {
          const theirs = askSshKeygen(file, asked);
          found += theirs.length;
          expect({ asked, found: askUs(text, asked) }).toEqual({ asked, found: theirs });
        }
      }),
      { seed: 20261122, numRuns: 30 },
    );
    expect(found).toBeGreaterThan(50);
  });
});
