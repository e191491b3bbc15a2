import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answer, issuing, leafKeys, planned, root, rsaKeys } from '../support/ca-answers.js';
import { planOf } from '../support/ca-plan.js';
import { mintCa } from '../support/mint.js';
import { mintRequest } from '../support/mint-request.js';
import { type Ran, runCommand } from './run-command.js';

const CANARY = 'canary-7c1f passphrase';
let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const ca = (...args: string[]): Promise<Ran> => runCommand(['ca', ...args], { cwd: folder, env: { PASS: CANARY } });
const inFolder = (...parts: string[]): string[] => readdirSync(at(...parts)).sort();
const mode = (...parts: string[]): number => statSync(at(...parts)).mode & 0o777;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-cli-ca-'));
  const second = { ...planned, name: 'array1-ct1', san: [{ kind: 'dns' as const, value: 'array1-ct1.lab.example' }] };
  const ofCa = [issuing.der, root.der];
  writeFileSync(at('plan.json'), planOf([{ ...planned, keyBits: 2048 }], ofCa));
  writeFileSync(
    at('two.json'),
    planOf(
      [planned, second].map((one) => ({ ...one, keyBits: 2048 })),
      ofCa,
    ),
  );
  writeFileSync(at('rootfirst.json'), planOf([{ ...planned, chainOrder: 'root-first' }], ofCa));
  writeFileSync(at('none.json'), planOf([], ofCa));
  writeFileSync(at('nameless.json'), planOf([{ ...planned, san: [] }], ofCa));
  writeFileSync(at('leaf.key'), leafKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(at('leaf.csr'), mintRequest({ keys: leafKeys }));
  writeFileSync(at('good.pem'), answer().pem);
  writeFileSync(at('short.pem'), answer({ san: ['array1-ct0.lab.example'] }).pem);
  writeFileSync(at('hostile.pem'), answer({ name: 'CN=\u001b[31mred\u202e', keys: rsaKeys('stranger') }).pem);
  writeFileSync(at('\u001b[2J.txt'), 'no certificate');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('ca csr', () => {
  test('writes a request and a key that only its owner reads, and says what comes next', async () => {
    const ran = await ca('csr', 'plan.json', '--out', 'plain');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('vasatrust ca check') });
    expect(inFolder('plain')).toEqual(['array1-ct0.csr', 'array1-ct0.key']);
    expect(mode('plain', 'array1-ct0.key')).toBe(0o600);
    expect(readFileSync(at('plain/array1-ct0.key'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(readFileSync(at('plain/array1-ct0.csr'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----/);
  });

  test('encrypts keys with a passphrase from a variable or a file, and never shows it', async () => {
    writeFileSync(at('passphrase'), `${CANARY}\n`);
    for (const [i, source] of [
      ['--passphrase-env', 'PASS'],
      ['--passphrase-file', 'passphrase'],
    ].entries()) {
      for (const format of ['table', 'json', 'md']) {
        const out = `encrypted-${i}-${format}`;
        const ran = await ca('csr', 'plan.json', '--out', out, ...source, '-o', format);
        expect(ran.code).toBe(0);
        expect(ran.stdout + ran.stderr).not.toContain(CANARY);
        const key = readFileSync(at(out, 'array1-ct0.key'), 'utf8');
        expect(key).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
        expect(key).not.toContain(CANARY);
      }
    }
  });

  test('never overwrites a key, and writes nothing at all then', async () => {
    const before = readFileSync(at('plain/array1-ct0.key'), 'utf8');
    const ran = await ca('csr', 'two.json', '--out', 'plain');
    expect(ran).toMatchObject({ code: 6, stdout: '', stderr: expect.stringContaining('there already') });
    expect(inFolder('plain')).toEqual(['array1-ct0.csr', 'array1-ct0.key']);
    expect(readFileSync(at('plain/array1-ct0.key'), 'utf8')).toBe(before);
    expect(await ca('csr', 'two.json', '--out', 'plain', '--name', 'array1-ct1')).toMatchObject({ code: 0 });
    expect(inFolder('plain')).toHaveLength(4);
  });

  test('takes in a request that the array made, and asks for no key then', async () => {
    writeFileSync(at('array.csr'), mintRequest({ keys: leafKeys, name: 'CN=array1-ct0.lab.example' }));
    const refused = await ca('csr', 'plan.json', '--out', 'taken', '--csr', 'array.csr');
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('request-missing-san') });
    const taken = await ca('csr', 'plan.json', '--out', 'taken', '--csr', 'array.csr', '--accept', 'request-missing-san');
    expect(taken.code).toBe(0);
    expect(inFolder('taken')).toEqual(['array1-ct0.csr']);
    expect(await ca('check', 'good.pem', '--plan', 'plan.json', '--dir', 'taken')).toMatchObject({ code: 0 });
  });

  for (const { args, code, says } of [
    { args: ['plan.json', '--out', 'x', '--bits', '1024'], code: 2, says: /2048 to 8192/ },
    { args: ['plan.json', '--out', 'x', '--bits', 'many'], code: 2, says: /no key size/ },
    { args: ['plan.json', '--out', 'x', '--name', 'other'], code: 2, says: /has no certificate other/ },
    { args: ['plan.json', '--out', 'x', '--passphrase-env', 'UNSET'], code: 2, says: /UNSET/ },
    { args: ['plan.json', '--out', 'x', '--passphrase-env', 'PASS', '--passphrase-file', 'y'], code: 2, says: /exclude/ },
    { args: ['plan.json', '--out', 'x', '--csr', 'good.pem'], code: 6, says: /not-a-request/ },
    {
      args: ['plan.json', '--out', 'x', '--csr', 'array.csr', '--accept', 'request-not-rsa'],
      code: 2,
      says: /cannot be accepted/,
    },
    { args: ['plan.json'], code: 2, says: /--out/ },
    { args: ['nowhere.json', '--out', 'x'], code: 2, says: /no such file/ },
    { args: ['leaf.key', '--out', 'x'], code: 2, says: /not a plan/ },
    { args: ['none.json', '--out', 'x'], code: 2, says: /asks for no certificate/ },
    { args: ['nameless.json', '--out', 'x'], code: 3, says: /knows no name/ },
  ]) {
    test(`${args.join(' ')} ends with ${code} and writes nothing`, async () => {
      const ran = await ca('csr', ...args);
      expect(ran).toMatchObject({ code, stdout: '' });
      expect(ran.stderr).toMatch(says);
      expect(inFolder()).not.toContain('x');
    });
  }
});

describe('ca check', () => {
  test('0 for a good answer, matched to the request, the key, or one that was named', async () => {
    for (const name of ['leaf.csr', 'leaf.key']) {
      const ran = await ca('check', 'good.pem', '--plan', 'plan.json', '--dir', 'nowhere', '--key', name);
      expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(`${name}`) });
    }
  });

  test('1 for a refused one, with code, words and remedy in every format', async () => {
    const check = (format: string) => ca('check', 'short.pem', '--plan', 'plan.json', '--key', 'leaf.key', '-o', format);
    const table = await check('table');
    expect(table).toMatchObject({ code: 1, stderr: '' });
    expect(table.stdout).toMatch(/^error {2}missing-san {2}array1-ct0: .*vasa1\.lab\.example/m);
    expect((await check('md')).stdout).toMatch(/`missing-san`/);
    const json = JSON.parse((await check('json')).stdout);
    expect(json).toMatchObject({
      formatVersion: 1,
      answers: [
        {
          name: 'array1-ct0',
          verdict: 'refused',
          objections: [{ code: 'missing-san', remedy: expect.any(String), basis: 'documented' }],
        },
      ],
    });
  });

  test('names of certificates and files reach no terminal as commands', async () => {
    for (const format of ['table', 'json', 'md']) {
      const ran = await ca('check', 'hostile.pem', '\u001b[2J.txt', '--plan', 'plan.json', '--key', 'leaf.key', '-o', format);
      expect(ran.code).toBe(1);
      expect(ran.stdout).toMatch(/mred[\s\S]*2J/);
      expect(ran.stdout + ran.stderr).not.toMatch(/[\u001b\u202e]/);
    }
  });

  test('accepts by code what may be accepted, mentions what was not needed, and refuses the rest', async () => {
    expect(await ca('check', 'good.pem', '--plan', 'plan.json', '--accept', 'no-key:array1-ct0')).toMatchObject({ code: 0 });
    const needless = await ca('check', 'good.pem', '--plan', 'plan.json', '--key', 'leaf.key', '--accept', 'wildcard');
    expect(needless).toMatchObject({ code: 0, stderr: '--accept wildcard was not needed\n' });
    expect(await ca('check', 'good.pem', '--plan', 'plan.json', '--accept', 'missing-san')).toMatchObject({ code: 2 });
  });

  test('a device without end is read as far as a file may be long', async () => {
    const ran = await ca('check', '/dev/zero', '--plan', 'plan.json');
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringContaining('too-large') });
  });

  test('2 for what cannot be read', async () => {
    for (const args of [['nowhere.pem'], ['good.pem', '--key', 'good.pem'], ['good.pem', '--ca', 'nowhere.pem']])
      expect(await ca('check', ...args, '--plan', 'plan.json')).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('ca import', () => {
  test('puts leaf, chain and root beside the key, in the order of the plan', async () => {
    for (const [plan, order] of [
      ['plan.json', [0, 1, 2]],
      ['rootfirst.json', [2, 1, 0]],
    ] as const) {
      const leaf = answer();
      writeFileSync(at('one.pem'), leaf.pem);
      const ran = await ca('import', 'one.pem', '--plan', plan, '--dir', `kept-${plan}`, '--key', 'leaf.key', '-o', 'json');
      expect(ran.code).toBe(0);
      expect(JSON.parse(ran.stdout).written).toHaveLength(3);
      expect(inFolder(`kept-${plan}`)).toEqual(['array1-ct0-chain.pem', 'array1-ct0-root.pem', 'array1-ct0.crt']);
      const pems = [leaf, issuing, root].map(({ pem }) => pem);
      expect(readFileSync(at(`kept-${plan}`, 'array1-ct0-chain.pem'), 'utf8')).toBe(order.map((i) => pems[i]).join(''));
      expect(readFileSync(at(`kept-${plan}`, 'array1-ct0.crt'), 'utf8')).toBe(leaf.pem);
      expect(readFileSync(at(`kept-${plan}`, 'array1-ct0-root.pem'), 'utf8')).toBe(root.pem);
      const again = await ca('import', 'one.pem', '--plan', plan, '--dir', `kept-${plan}`, '--key', 'leaf.key');
      expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('there already') });
    }
  });

  test('refuses with 6 what the check refuses, and writes nothing', async () => {
    const stranger = mintCa({ name: 'CN=Other', keys: rsaKeys('stranger') });
    writeFileSync(at('unknown.pem'), answer({ issuer: stranger }).pem + stranger.pem);
    for (const file of ['short.pem', 'unknown.pem', 'leaf.csr']) {
      const ran = await ca('import', file, '--plan', 'plan.json', '--dir', 'refused', '--key', 'leaf.key');
      expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining('nothing imported') });
      expect(inFolder()).not.toContain('refused');
    }
  });

  test('does not replace another certificate unasked', async () => {
    const [first, second] = [answer(), answer({ notAfter: new Date('2029-06-01T00:00:00Z') })];
    for (const [file, { pem }] of [
      ['a.pem', first],
      ['b.pem', second],
    ] as const)
      writeFileSync(at(file), pem);
    const put = (file: string, ...more: string[]) =>
      ca('import', file, '--plan', 'plan.json', '--dir', 'both', '--key', 'leaf.key', ...more);
    expect(await put('a.pem')).toMatchObject({ code: 0 });
    expect(await put('b.pem')).toMatchObject({ code: 6, stderr: expect.stringContaining('something else') });
    expect(readFileSync(at('both/array1-ct0.crt'), 'utf8')).toBe(first.pem);
    expect(await put('b.pem', '--accept', 'file-exists')).toMatchObject({ code: 0 });
    expect(readFileSync(at('both/array1-ct0.crt'), 'utf8')).toBe(second.pem);
    expect(inFolder('both').filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('imports what is there while others wait', async () => {
    const ran = await ca('import', 'good.pem', '--plan', 'two.json', '--dir', 'partly', '--key', 'leaf.key', '-o', 'json');
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).answers.map(({ verdict }: { verdict: string }) => verdict)).toEqual(['good', 'waiting']);
  });
});
