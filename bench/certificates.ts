/**
 * 10,000 distinct certificates parsed, fingerprinted, one signature each checked: ours against Python's `cryptography`, side by side in one run. Both read the same facts: names, serial,
 * dates, key, extensions; SHA-256 and SHA-1 of the certificate, SHA-256 of its key. A second Python run does only what it cannot put off. Every round is a new process, so that no cache and no warm code helps.
 * Run: node bench/run.mjs certificates
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isIssuedBy } from '../src/x509/issuer.js';
import { parseDer } from '../src/x509/parse.js';
import { mintCa, mintLeaf, newKeys } from '../test/support/mint.js';

declare const BENCH_FOLDER: string;

const COUNT = 10_000;
const CAS = 16;
/** Of each the fastest counts: other work on the machine only ever makes a round slower. */
const ROUNDS = 7;
/** Debian's, with its python3-cryptography. */
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';

/** File of certificates, each after its length in 4 bytes: the CAs first; leaf i is signed by CA i mod 16. */
function write(path: string): void {
  const cas = Array.from({ length: CAS }, (_, i) =>
    mintCa({ name: `CN=CA,DC=vsphere,DC=local,C=US,ST=California,O=vc${i}.lab.example,OU=VMware Engineering`, keyType: 'rsa' }),
  );
  const leafKeys = Array.from({ length: 8 }, () => newKeys('rsa'));
  const leaves = Array.from({ length: COUNT }, (_, i) =>
    mintLeaf({
      name: `CN=array${i}.lab.example,OU=Storage,O=Lab,L=Palo Alto,ST=California,C=US`,
      issuer: cas[i % CAS] as (typeof cas)[number],
      keys: leafKeys[i % leafKeys.length] as (typeof leafKeys)[number],
      san: [`array${i}.lab.example`, `10.1.${i >> 8}.${i & 255}`],
      basicConstraints: 'not-ca',
      extendedKeyUsage: ['serverAuth', 'clientAuth'],
      serial: 2n ** 100n + BigInt(i),
    }),
  );
  const parts = [...cas, ...leaves].flatMap(({ der }) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(der.length);
    return [length, der];
  });
  writeFileSync(path, Buffer.concat(parts));
}

function read(path: string): Buffer[] {
  const bytes = readFileSync(path);
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    found.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

/** One round of ours; prints seconds. */
function measure(path: string): void {
  const ders = read(path);
  const started = performance.now();
  const parsed = ders.map((der) => {
    const result = parseDer(der);
    if (!result.ok) throw new Error(result.error);
    return result.value;
  });
  const [cas, leaves] = [parsed.slice(0, CAS), parsed.slice(CAS)];
  const verified = leaves.filter((leaf, i) => isIssuedBy(leaf, cas[i % CAS] as typeof leaf)).length;
  const seconds = (performance.now() - started) / 1000;
  if (verified !== COUNT) throw new Error(`${verified} of ${COUNT} verified`);
  console.log(seconds);
}

function compare(): void {
  const folder = mkdtempSync(join(tmpdir(), 'vasatrust-bench-'));
  const path = join(folder, 'certificates.bin');
  try {
    write(path);
    const rounds: Record<'ours' | 'facts' | 'lazy', number[]> = { ours: [], facts: [], lazy: [] };
    for (let round = 0; round < ROUNDS; round++) {
      rounds.ours.push(seconds(process.execPath, [process.argv[1] as string, path]));
      for (const mode of ['lazy', 'facts'] as const)
        rounds[mode].push(seconds(PYTHON, [join(BENCH_FOLDER, 'certificates.py'), path, mode]));
    }
    const best = (values: number[]) => Math.min(...values);
    const line = (name: string, values: number[]) =>
      console.log(`${name.padEnd(44)} ${best(values).toFixed(3)} s  (${values.map((s) => s.toFixed(3)).join(' ')})`);
    console.log(`${COUNT} certificates, fastest of ${ROUNDS} rounds`);
    line('vasatrust', rounds.ours);
    line('python cryptography, the same facts', rounds.facts);
    line('python cryptography, nothing but the signature', rounds.lazy);
    const [facts, lazy] = [best(rounds.facts) / best(rounds.ours), best(rounds.lazy) / best(rounds.ours)];
    console.log(
      `speed ratio ${facts.toFixed(2)} for the same facts, ${lazy.toFixed(2)} against Python reading nothing (aim: at least 0.6)`,
    );
    if (Math.min(facts, lazy) < 0.6) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function seconds(command: string, args: string[]): number {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

const given = process.argv[2];
if (given === undefined) compare();
else measure(given);
