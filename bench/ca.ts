/**
 * `vasatrust ca check` of 1,000 answers, each in its own file and matched to its own request and key, against one `openssl verify` process over the same files. Ours is the whole command
 * as a user starts it; openssl only builds the paths and verifies. In turns, the fastest of each counts. Run (the command has to be built): node bench/run.mjs ca
 */
import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generatePrimeSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderId } from '../src/model/ids.js';
import type { PlannedCertificate } from '../src/model/planned-certificate.js';
import { planOf } from '../test/support/ca-plan.js';
import { mintCa, mintLeaf } from '../test/support/mint.js';
import { mintRequest } from '../test/support/mint-request.js';

declare const BENCH_FOLDER: string;

const COUNT = 1_000;
const ROUNDS = 7;
const COMMAND = join(BENCH_FOLDER, '../dist/vasatrust.cjs');

/** Distinct RSA keys in a moment: every pair of a few primes is one. */
function manyKeys(count: number): KeyPairKeyObjectResult[] {
  const primes = Array.from({ length: Math.ceil(Math.sqrt(2 * count)) + 1 }, () => suitablePrime());
  const pairs = primes.flatMap((p, i) => primes.slice(i + 1).map((q) => [p, q] as const));
  return pairs.slice(0, count).map(([p, q]) => keysFrom(p, q));
}

/** Both top bits set, so that two make a modulus of full length; one less than it has an inverse of 65537. */
function suitablePrime(): bigint {
  for (;;) {
    const prime = generatePrimeSync(1024, { bigint: true });
    if (prime >> 1022n === 3n && (prime - 1n) % E !== 0n) return prime;
  }
}

const E = 65_537n;

function keysFrom(p: bigint, q: bigint): KeyPairKeyObjectResult {
  const d = inverse(E, (p - 1n) * (q - 1n));
  const parts = { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const key = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, base64url(value)]));
  const privateKey = createPrivateKey({ key: { kty: 'RSA', ...key }, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, value % modulus, 0n, 1n];
  while (r1 > 0n) {
    const quotient = r0 / r1;
    [r0, r1, t0, t1] = [r1, r0 - quotient * r1, t1, t0 - quotient * t1];
  }
  return ((t0 % modulus) + modulus) % modulus;
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}

function write(folder: string): string[] {
  const root = mintCa({ name: 'CN=Root', keyType: 'rsa' });
  const issuing = mintCa({ name: 'CN=Issuing CA', keyType: 'rsa', issuer: root });
  mkdirSync(join(folder, 'keys'));
  writeFileSync(join(folder, 'root.pem'), root.pem);
  writeFileSync(join(folder, 'issuing.pem'), issuing.pem);
  const planned: PlannedCertificate[] = [];
  const files: string[] = [];
  for (const [i, pair] of manyKeys(COUNT).entries()) {
    const name = `array${i}`;
    const host = `${name}.lab.example`;
    const address = `10.1.${i >> 8}.${i & 255}`;
    const leaf = mintLeaf({
      name: `CN=${host}`,
      issuer: issuing,
      keys: pair,
      san: [host, address],
      basicConstraints: 'not-ca',
      extendedKeyUsage: ['serverAuth'],
    });
    planned.push({
      name,
      provider: name as ProviderId,
      commonName: host,
      san: [
        { kind: 'dns', value: host },
        { kind: 'ip', value: address },
      ],
      keyBits: 2048,
      chainOrder: 'leaf-first',
      root: root.cert.sha256,
      chain: [issuing.cert.sha256, root.cert.sha256],
    });
    const request = mintRequest({ keys: pair })
      .toString('base64')
      .replace(/.{1,64}/g, '$&\n');
    writeFileSync(
      join(folder, 'keys', `${name}.csr`),
      `-----BEGIN CERTIFICATE REQUEST-----\n${request}-----END CERTIFICATE REQUEST-----\n`,
    );
    writeFileSync(join(folder, 'keys', `${name}.key`), leaf.keyPem, { mode: 0o600 });
    writeFileSync(join(folder, `${name}.pem`), leaf.pem);
    files.push(`${name}.pem`);
  }
  writeFileSync(join(folder, 'plan.json'), planOf(planned, [issuing.der, root.der]));
  return files;
}

function timed(program: string, args: readonly string[], cwd: string, proof: RegExp): number {
  const started = performance.now();
  const { stdout, stderr, status } = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0 || !proof.test(stdout))
    throw new Error(`${program} ended with ${status}: ${stderr.slice(0, 500)}${stdout.slice(-500)}`);
  return seconds;
}

const folder = mkdtempSync(join(tmpdir(), 'vasatrust-bench-ca-'));
try {
  console.log(`minting ${COUNT} keys and certificates …`);
  const files = write(folder);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    theirs.push(
      timed(
        'openssl',
        ['verify', '-no-CApath', '-no-CAstore', '-CAfile', 'root.pem', '-untrusted', 'issuing.pem', ...files],
        folder,
        /array999.pem: OK/,
      ),
    );
    ours.push(
      timed(
        process.execPath,
        [COMMAND, 'ca', 'check', ...files, '--plan', 'plan.json', '--dir', 'keys'],
        folder,
        /^1000 good, 0 refused/m,
      ),
    );
  }
  const [best, reference] = [Math.min(...ours), Math.min(...theirs)];
  const all = (seconds: readonly number[]) => seconds.map((one) => one.toFixed(3)).join(' ');
  console.log(`vasatrust ca check  ${best.toFixed(3)} s  (${all(ours)})`);
  console.log(`openssl verify      ${reference.toFixed(3)} s  (${all(theirs)})`);
  console.log(`ratio ${(best / reference).toFixed(2)} (aim: at most 3)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
