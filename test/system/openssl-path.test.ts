import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findPath, type PathResult } from '../../src/x509/path.js';
import { type Chain, chainFrom, JUDGED_AT } from '../support/chains.js';
import { missingSystemParts } from '../support/system.js';

const SEED = 20_261_122;
const COUNT = 5_000;

interface Question {
  readonly chain: Chain;
  readonly strict: boolean;
  /** Any anchor ends a path (`-partial_chain`; our default), or only a self-signed one. */
  readonly partial: boolean;
}

interface Answer {
  readonly accepted: boolean;
  /** OpenSSL's words. */
  readonly output: string;
}

/**
 * Where we and `openssl verify -x509_strict` may differ, each with a proof that is carried out for every single disagreement. A disagreement without a proof fails the test; so does a class
 * that no chain needs any more. In every class we accept and OpenSSL does not: we never refuse what OpenSSL accepts.
 */
const CLASSES: readonly {
  readonly name: string;
  readonly why: string;
  readonly proof: (question: Question, path: Chain) => Question[];
}[] = [
  {
    name: 'profile',
    why:
      '-x509_strict also refuses what breaks the profile of RFC 5280 without changing whose key signed what: no AKI or SKI, a CA without keyUsage, a version 1 root, an empty SAN, … The clients we ' +
      'speak for (SPS, which is Java, and ESXi) do not check these. Proof: OpenSSL accepts the chain without -x509_strict.',
    proof: (question) => [{ ...question, strict: false }],
  },
  {
    name: 'one candidate',
    why:
      'OpenSSL takes one issuer per step, by name and key identifier, and does not come back when its signature or dates turn out wrong. We try every candidate, as the order of certificates in a store ' +
      'must not decide a verdict. Proof: OpenSSL accepts when it is given nothing but the path we found.',
    proof: (question, path) => [{ ...question, chain: path, strict: false }],
  },
  {
    name: 'key identifier',
    why:
      'Key identifiers only say where to look first: the signature proves the key. OpenSSL does not consider an issuer whose identifier differs. Proof: the same chain, minted again with true identifiers, ' +
      'is accepted by OpenSSL as it is or as one of the classes above.',
    proof: () => [],
  },
];

const ours = ({ chain, partial }: Question): PathResult =>
  findPath(
    chain.leaf.cert,
    chain.pool.map(({ cert }) => cert),
    chain.anchors.map(({ cert }) => cert),
    { at: JUDGED_AT, selfSignedAnchorsOnly: !partial },
  );

/** Only what stands on our path, the anchor trusted. */
function onlyPath(chain: Chain, result: PathResult): Chain {
  const wanted = new Set(result.kind === 'path' ? result.path.map(({ sha256 }) => sha256) : []);
  const anchor = result.kind === 'path' ? result.anchor.sha256 : undefined;
  const anchors = chain.anchors.filter(({ cert }) => cert.sha256 === anchor).slice(0, 1);
  return {
    ...chain,
    pool: [...chain.pool, ...chain.anchors].filter(({ cert }) => wanted.has(cert.sha256) && cert.sha256 !== anchor),
    anchors,
  };
}

describe.skipIf(missingSystemParts('openssl', 'sh'))('our path check and openssl verify', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vasatrust-chains-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let batches = 0;

  /** All questions, each by its own `openssl verify`; a shell per CPU starts them, which is much cheaper than starting them from here. */
  async function ask(questions: readonly Question[]): Promise<Answer[]> {
    const batch = join(folder, `${batches++}`);
    mkdirSync(batch);
    const write = (name: string, pems: readonly { pem: string }[]) =>
      writeFileSync(join(batch, name), pems.map(({ pem }) => pem).join(''));
    const commands = questions.map(({ chain, strict, partial }, i) => {
      write(`${i}.leaf`, [chain.leaf]);
      write(`${i}.pool`, chain.pool);
      write(`${i}.anchors`, chain.anchors);
      const trusted = chain.anchors.length > 0 ? `-CAfile ${i}.anchors` : '-no-CAfile';
      const served = chain.pool.length > 0 ? `-untrusted ${i}.pool` : '';
      const flags = `${strict ? '-x509_strict' : ''} ${partial ? '-partial_chain' : ''} -attime ${JUDGED_AT.getTime() / 1000}`;
      return `openssl verify ${flags} -no-CApath -no-CAstore ${trusted} ${served} ${i}.leaf >${i}.out 2>&1`;
    });
    const shells = availableParallelism();
    await Promise.all(
      Array.from({ length: shells }, async (_, k) => {
        const script = join(batch, `run-${k}.sh`);
        writeFileSync(script, commands.filter((_, i) => i % shells === k).join('\n'));
        const shell = spawn('sh', [script], { cwd: batch, stdio: 'ignore', env: { ...process.env, OPENSSL_CONF: '/dev/null' } });
        await once(shell, 'exit');
      }),
    );
    const answers = questions.map((_, i) => {
      const output = readFileSync(join(batch, `${i}.out`), 'utf8');
      return { accepted: output === `${i}.leaf: OK\n`, output };
    });
    rmSync(batch, { recursive: true, force: true });
    return answers;
  }

  test(`agree on ${COUNT} generated and mutated chains, but for listed classes`, { timeout: 280_000 }, async () => {
    const questions = Array.from(
      { length: COUNT },
      (_, n): Question => ({ chain: chainFrom(SEED, n), strict: true, partial: n % 5 === 4 }),
    );
    const results = questions.map(ours);
    const answers = await ask(questions);
    const accepted = answers.filter((answer) => answer.accepted).length;
    const agreed = answers.filter((answer, n) => answer.accepted === (results[n]?.kind === 'path')).length;
    // Both verdicts have to be common, or agreement means nothing.
    expect(accepted).toBeGreaterThan(COUNT / 8);
    expect(COUNT - accepted).toBeGreaterThan(COUNT / 8);

    const describeCase = (n: number) =>
      `#${n} [${questions[n]?.chain.mutations.join('; ')}]${questions[n]?.partial ? ' partial' : ''}: ours ${JSON.stringify(results[n], (key, value) => (key === 'der' || key === 'candidates' ? undefined : value)).slice(0, 300)}, openssl: ${answers[n]?.output}`;
    const weRefuse = answers.flatMap((answer, n) => (answer.accepted && results[n]?.kind === 'no-path' ? [describeCase(n)] : []));
    expect(weRefuse.slice(0, 10)).toEqual([]);

    let open = answers.flatMap((answer, n) => (!answer.accepted && results[n]?.kind === 'path' ? [n] : []));
    const counts = new Map<string, number>();
    for (const { name, proof } of CLASSES) {
      const asked = open.map((n) =>
        proof(questions[n] as Question, onlyPath((questions[n] as Question).chain, results[n] as PathResult)),
      );
      const proofs = name === 'key identifier' ? await honestTwins(open) : await firstAccepted(asked);
      counts.set(name, proofs.filter(Boolean).length);
      open = open.filter((_, i) => !proofs[i]);
    }
    console.log(
      `agreed on ${agreed} of ${COUNT} (${accepted} accepted by OpenSSL); ${[...counts].map(([name, count]) => `${name}: ${count}`).join(', ')}`,
    );
    expect(open.map(describeCase).slice(0, 10)).toEqual([]);
    for (const { name } of CLASSES) expect(counts.get(name), `the class "${name}" is needed`).toBeGreaterThan(0);
  });

  async function firstAccepted(asked: readonly Question[][]): Promise<boolean[]> {
    const answers = await ask(asked.flat());
    let at = 0;
    return asked.map((list) => list.map(() => answers[at++]?.accepted === true).includes(true));
  }

  /** The same chains with true key identifiers: accepted by both, at the latest when OpenSSL gets only our path. */
  async function honestTwins(open: readonly number[]): Promise<boolean[]> {
    const twins = open.map(
      (n): Question => ({ chain: chainFrom(SEED, n, { honestKeyIds: true }), strict: false, partial: n % 5 === 4 }),
    );
    const results = twins.map(ours);
    const narrowed = twins.map((twin, i) => [twin, { ...twin, chain: onlyPath(twin.chain, results[i] as PathResult) }]);
    const accepted = await firstAccepted(narrowed);
    return accepted.map((yes, i) => yes && results[i]?.kind === 'path');
  }
});
