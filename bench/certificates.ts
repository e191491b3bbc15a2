/**
 * 10,000 distinct certificates parsed, fingerprinted, one signature each checked: ours against Python's `cryptography`, side by side in one run. Both read the same facts: names, serial,
 * dates, key, extensions; SHA-256 and SHA-1 of the certificate, SHA-256 of its key. Every round is a new process, so that no cache and no warm code helps.
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
const ROUNDS = 5;
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
    const ours: number[] = [];
    const python: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(seconds(process.execPath, [process.argv[1] as string, path]));
      python.push(seconds(PYTHON, [join(BENCH_FOLDER, 'certificates.py'), path]));
    }
    const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
    const [a, b] = [median(ours), median(python)];
    console.log(`${COUNT} certificates, median of ${ROUNDS} rounds`);
    console.log(
      `vasatrust            ${a.toFixed(3)} s  ${Math.round(COUNT / a)}/s  (${ours.map((s) => s.toFixed(3)).join(' ')})`,
    );
    console.log(
      `python cryptography  ${b.toFixed(3)} s  ${Math.round(COUNT / b)}/s  (${python.map((s) => s.toFixed(3)).join(' ')})`,
    );
    console.log(`speed ratio          ${(b / a).toFixed(2)} (aim: at least 0.6)`);
    if (b / a < 0.6) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function seconds(command: string, args: string[]): number {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout.split(' ')[0]);
}

const given = process.argv[2];
if (given === undefined) compare();
else measure(given);
