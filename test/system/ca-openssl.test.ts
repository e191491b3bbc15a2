import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAnswer } from '../../src/ca/read-answer.js';
import { run } from '../../src/cli/run.js';
import type { Certificate } from '../../src/model/certificate.js';
import { derBase64, derBytes } from '../../src/model/ids.js';
import { isSelfProven } from '../../src/x509/request.js';
import { answer, type Defect, defects, issuing, leafKeys, NAMES, NOW, planned, root } from '../support/ca-answers.js';
import { planOf } from '../support/ca-plan.js';
import { pemOf } from '../support/mint.js';
import { mintRequest } from '../support/mint-request.js';
import { missingSystemParts } from '../support/system.js';

interface Ran {
  readonly code: number;
  readonly text: string;
}

const folder = mkdtempSync(join(tmpdir(), 'vasatrust-ca-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** openssl with stdout and stderr together, in the test's folder, without the machine's configuration. */
function openssl(args: readonly string[], cwd = folder): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      'openssl',
      [...args],
      { cwd, timeout: 60_000, env: { ...process.env, OPENSSL_CONF: '/dev/null' } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, text: stdout + stderr }),
    );
    child.stdin?.end();
  });
}

const pem = ({ der }: Certificate): string => pemOf(derBytes(der));

describe.skipIf(missingSystemParts('openssl'))('what we refuse, openssl was asked about', () => {
  for (const [i, defect] of defects().entries()) {
    test(`${defect.name}: ${defect.why ?? 'openssl sees it too'}`, async () => {
      const cwd = join(folder, `defect${i}`);
      mkdirSync(cwd);
      await ask(defect, cwd);
    });
  }

  async function ask(defect: Defect, cwd: string): Promise<void> {
    const files = defect.files();
    const [first = Buffer.alloc(0)] = files;
    const file = join(cwd, 'file0');
    writeFileSync(file, first);
    const read = await Promise.all(files.map((bytes, i) => readAnswer(`file${i}`, bytes)));
    const plan = defect.planned?.() ?? planned;
    const all = [...read.flatMap(({ certificates }) => certificates), ...(defect.known?.() ?? [issuing.cert, root.cert])];
    const leaf = all[0];
    const anchor = all.find(({ sha256 }) => sha256 === plan.root) ?? root.cert;
    writeFileSync(
      join(cwd, 'pool'),
      all
        .slice(1)
        .filter(({ sha256 }) => sha256 !== anchor.sha256)
        .map(pem)
        .join('') || pem(issuing.cert),
    );
    writeFileSync(join(cwd, 'root'), pem(anchor));
    const expected = defect.openssl;
    if ('run' in expected) {
      const ran = await openssl(
        expected.run.map((word) => (word === 'FILE' ? file : word === 'ALL' ? 'pool' : word)),
        cwd,
      );
      expect(ran.code === 0, ran.text).toBe(!expected.fails);
      expect(ran.text).toMatch(expected.says);
      return;
    }
    if (!leaf) throw new Error('there is no leaf to ask about');
    writeFileSync(join(cwd, 'leaf'), pem(leaf));
    if ('lacksName' in expected) {
      const kind = expected.lacksName.includes(':') || /^[\d.]+$/.test(expected.lacksName) ? '-checkip' : '-checkhost';
      expect((await openssl(['x509', '-in', 'leaf', '-noout', kind, expected.lacksName], cwd)).text).toContain('does NOT match');
    } else if ('key' in expected) {
      writeFileSync(join(cwd, 'csr'), mintRequest({ keys: defect.keys ?? leafKeys }));
      const request = await openssl(['req', '-in', 'csr', '-inform', 'DER', '-noout', '-pubkey'], cwd);
      const certificate = await openssl(['x509', '-in', 'leaf', '-noout', '-pubkey'], cwd);
      expect(request.text).toMatch(/^-----BEGIN PUBLIC KEY-----/);
      expect(certificate.text).not.toBe(request.text);
    } else {
      const at = ['-attime', String(NOW.getTime() / 1000)];
      const extra = expected.verify === 'refuses' ? (expected.options ?? []) : [];
      const trust = ['-no-CApath', '-no-CAstore', '-CAfile', 'root', '-untrusted', 'pool'];
      const ran = await openssl(['verify', '-purpose', 'sslserver', ...at, ...extra, ...trust, 'leaf'], cwd);
      expect(ran.text).toMatch(expected.verify === 'accepts' ? /^leaf: OK$/m : expected.says);
      expect(ran.code === 0, ran.text).toBe(expected.verify === 'accepts');
      if (expected.verify === 'accepts') expect(defect.why, 'a refusal that openssl does not share needs a reason').toBeDefined();
    }
  }
});

describe.skipIf(missingSystemParts('openssl'))('openssl takes what we write, and we take what it writes', () => {
  const at = (...parts: string[]) => join(folder, ...parts);
  const PASSPHRASE = 'secret-canary-ü1';
  const env = { PASS: PASSPHRASE, NEW: PASSPHRASE };

  async function vasatrust(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const stdout: string[] = [];
    const stderr: string[] = [];
    const code = await run({
      argv,
      env,
      cwd: folder,
      stdout: { write: (text) => stdout.push(text) },
      stderr: { write: (text) => stderr.push(text) },
      interrupted: new AbortController().signal,
    });
    return { code, stdout: stdout.join(''), stderr: stderr.join('') };
  }

  beforeAll(async () => {
    writeFileSync(at('plan.json'), planOf([{ ...planned, keyBits: 2048 }], [issuing.der, root.der]));
    writeFileSync(at('issuing.pem'), issuing.pem);
    writeFileSync(at('issuing.key'), issuing.keyPem, { mode: 0o600 });
    writeFileSync(at('root.pem'), root.pem);
    writeFileSync(at('passphrase'), `${PASSPHRASE}\n`);
  });

  test('a request and its encrypted key, signed by openssl, checked, imported, and verified by openssl', async () => {
    const csr = await vasatrust('ca', 'csr', 'plan.json', '--out', 'keys', '--passphrase-env', 'PASS');
    expect(csr).toMatchObject({ code: 0 });
    expect(csr.stdout + csr.stderr).not.toContain(PASSPHRASE);
    expect(statSync(at('keys/array1-ct0.key')).mode & 0o777).toBe(0o600);
    const verified = await openssl(['req', '-in', 'keys/array1-ct0.csr', '-noout', '-verify', '-text']);
    expect(verified.code).toBe(0);
    expect(verified.text).toMatch(/verify OK/);
    for (const name of [
      'DNS:array1-ct0.lab.example',
      'DNS:vasa1.lab.example',
      'IP Address:10.0.0.11',
      'IP Address:FD00:0:0:0:0:0:0:11',
    ])
      expect(verified.text).toContain(name);
    expect(verified.text).toMatch(/Public-Key: \(2048 bit\)/);
    expect(readFileSync(at('keys/array1-ct0.key'), 'utf8')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(
      (await openssl(['pkey', '-in', 'keys/array1-ct0.key', '-passin', 'file:passphrase', '-noout', '-check'])).text,
    ).toMatch(/Key is valid/);
    expect((await openssl(['pkey', '-in', 'keys/array1-ct0.key', '-passin', 'pass:wrong', '-noout'])).code).not.toBe(0);

    await sign('keys/array1-ct0.csr', 'signed.pem');
    const check = await vasatrust('ca', 'check', 'signed.pem', '--plan', 'plan.json', '--dir', 'keys', '-o', 'json');
    expect(check).toMatchObject({ code: 0 });
    expect(JSON.parse(check.stdout)).toMatchObject({
      formatVersion: 1,
      answers: [{ verdict: 'good', key: { from: 'request' } }],
    });
    const imported = await vasatrust('ca', 'import', 'signed.pem', '--plan', 'plan.json', '--dir', 'keys');
    expect(imported).toMatchObject({ code: 0 });
    const trust = ['-no-CApath', '-no-CAstore', '-CAfile', 'keys/array1-ct0-root.pem', '-untrusted', 'keys/array1-ct0-chain.pem'];
    const names = ['-verify_hostname', NAMES[1], '-purpose', 'sslserver', '-x509_strict', '-auth_level', '2'];
    expect((await openssl(['verify', ...trust, ...names, 'keys/array1-ct0.crt'])).text).toBe('keys/array1-ct0.crt: OK\n');
    const chain = (
      await openssl(['crl2pkcs7', '-nocrl', '-certfile', 'keys/array1-ct0-chain.pem', '-out', 'chain.p7b']).then(() =>
        openssl(['pkcs7', '-in', 'chain.p7b', '-print_certs', '-noout']),
      )
    ).text;
    expect([...chain.matchAll(/subject=(.*)/g)].map(([, subject]) => subject)).toEqual([
      'CN = array1-ct0.lab.example',
      'CN = LAB Issuing CA, O = Example',
      'CN = LAB Root, O = Example',
    ]);
  });

  /** As an outside CA does: the extensions of the request are copied, and life and serial are the CA's. */
  async function sign(csr: string, out: string): Promise<void> {
    writeFileSync(at('ext'), 'basicConstraints=CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n');
    const ca = ['-CA', 'issuing.pem', '-CAkey', 'issuing.key', '-set_serial', '4711', '-days', '800'];
    const ran = await openssl([
      'x509',
      '-req',
      '-in',
      csr,
      ...ca,
      '-copy_extensions',
      'copy',
      '-extfile',
      'ext',
      '-sha256',
      '-out',
      out,
    ]);
    expect(ran.code, ran.text).toBe(0);
  }

  for (const { name, args } of [
    { name: 'RSA with an extension file', args: ['-newkey', 'rsa:2048'] },
    { name: 'RSA of 4096 bits with SHA-512', args: ['-newkey', 'rsa:4096', '-sha512'] },
  ]) {
    test(`a request of openssl's making: ${name}`, async () => {
      const out = `theirs-${args.length}`;
      const san = `subjectAltName=DNS:${NAMES[0]},DNS:${NAMES[1]},IP:${NAMES[2]},IP:${NAMES[3]}`;
      const made = await openssl([
        'req',
        '-new',
        ...args,
        '-noenc',
        '-keyout',
        `${out}.key`,
        '-out',
        `${out}.csr`,
        '-subj',
        `/CN=${NAMES[0]}`,
        '-addext',
        san,
      ]);
      expect(made.code, made.text).toBe(0);
      const { requests, form } = await readAnswer(out, readFileSync(at(`${out}.csr`)));
      expect(form).toBe('pem');
      expect(requests.map(isSelfProven)).toEqual([true]);
      const taken = await vasatrust('ca', 'csr', 'plan.json', '--out', out, '--csr', `${out}.csr`, '-o', 'json');
      expect(taken).toMatchObject({ code: 0 });
      expect(JSON.parse(taken.stdout)).toMatchObject({ requests: [{ name: 'array1-ct0', key: null }] });
      expect((await openssl(['req', '-in', `${out}/array1-ct0.csr`, '-noout', '-verify'])).text).toMatch(/verify OK/);
      await sign(`${out}.csr`, `${out}.pem`);
      expect(await vasatrust('ca', 'import', `${out}.pem`, '--plan', 'plan.json', '--dir', out)).toMatchObject({ code: 0 });
    });
  }

  test('keys that openssl wrote, encrypted in its ways', async () => {
    writeFileSync(at('leaf.key'), leafKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const ways = [
      ['pkcs8', '-topk8', '-v2', 'aes-256-cbc'],
      ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA1', '-iter', '100000'],
      ['pkcs8', '-topk8', '-v2', 'des3'],
      ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES'],
      ['rsa', '-aes256', '-traditional'],
    ];
    for (const way of ways) {
      const ran = await openssl([...way, '-in', 'leaf.key', '-passout', 'file:passphrase', '-out', 'out.key']);
      expect(ran.code, `${way.join(' ')}: ${ran.text}`).toBe(0);
      const { keys } = await readAnswer('out.key', readFileSync(at('out.key')), PASSPHRASE);
      expect(
        keys.map(({ spkiSha256 }) => spkiSha256),
        way.join(' '),
      ).toEqual([answer().cert.spkiSha256]);
    }
    await openssl(['pkcs8', '-topk8', '-scrypt', '-in', 'leaf.key', '-passout', 'file:passphrase', '-out', 'out.key']);
    expect((await readAnswer('out.key', readFileSync(at('out.key')), PASSPHRASE)).objections).toMatchObject([
      { code: 'encryption-not-supported' },
    ]);
  });

  test('PKCS#7 that openssl wrote, and the one of ours that it reads', async () => {
    const leaf = answer();
    writeFileSync(at('leaf.pem'), leaf.pem);
    for (const form of ['PEM', 'DER']) {
      await openssl([
        'crl2pkcs7',
        '-nocrl',
        '-certfile',
        'leaf.pem',
        '-certfile',
        'issuing.pem',
        '-certfile',
        'root.pem',
        '-outform',
        form,
        '-out',
        'x.p7b',
      ]);
      expect((await openssl(['pkcs7', '-in', 'x.p7b', '-inform', form, '-print_certs', '-noout'])).text).toMatch(
        /LAB Issuing CA/,
      );
      const read = await readAnswer('x.p7b', readFileSync(at('x.p7b')));
      expect(read.certificates.map(({ sha256 }) => sha256)).toEqual([leaf, issuing, root].map(({ cert }) => cert.sha256));
    }
  });

  test('PKCS#12 that openssl writes today, and with its old encryption', async () => {
    const leaf = answer();
    writeFileSync(at('leaf.pem'), leaf.pem);
    writeFileSync(at('leaf.key'), leafKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(at('cas.pem'), issuing.pem + root.pem);
    const base = [
      'pkcs12',
      '-export',
      '-in',
      'leaf.pem',
      '-inkey',
      'leaf.key',
      '-certfile',
      'cas.pem',
      '-passout',
      'file:passphrase',
      '-out',
      'x.p12',
    ];
    for (const way of [
      [],
      ['-legacy'],
      ['-legacy', '-descert'],
      ['-certpbe', 'AES-128-CBC', '-keypbe', 'AES-256-CBC', '-macalg', 'SHA512', '-iter', '10000'],
      ['-macalg', 'SHA384', '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'NONE'],
      ['-nomac'],
      ['-nomaciter', '-noiter'],
    ]) {
      const made = await openssl([...base, ...way]);
      expect(made.code, `${way.join(' ')}: ${made.text}`).toBe(0);
      const info = await openssl([
        'pkcs12',
        '-info',
        '-in',
        'x.p12',
        '-passin',
        'file:passphrase',
        '-noout',
        ...(way.includes('-legacy') ? ['-legacy'] : []),
      ]);
      expect(info.code, info.text).toBe(0);
      const read = await readAnswer('x.p12', readFileSync(at('x.p12')), PASSPHRASE);
      expect({ way, objections: read.objections }).toEqual({ way, objections: [] });
      expect(new Set(read.certificates.map(({ sha256 }) => sha256))).toEqual(
        new Set([leaf, issuing, root].map(({ cert }) => cert.sha256)),
      );
      expect(read.keys.map(({ spkiSha256 }) => spkiSha256)).toEqual([leaf.cert.spkiSha256]);
      const wrong = (await readAnswer('x.p12', readFileSync(at('x.p12')), 'wrong')).objections;
      expect(wrong.map(({ code }) => code)).toEqual(['wrong-passphrase']);
    }
    const imported = await vasatrust(
      'ca',
      'import',
      'x.p12',
      '--plan',
      'plan.json',
      '--dir',
      'from-p12',
      '--passphrase-env',
      'PASS',
    );
    expect(imported).toMatchObject({ code: 0 });
    expect(imported.stdout + imported.stderr).not.toContain(PASSPHRASE);
    expect(
      (await openssl(['pkey', '-in', 'from-p12/array1-ct0.key', '-passin', 'file:passphrase', '-noout', '-check'])).text,
    ).toMatch(/Key is valid/);
    expect(derBase64(leaf.der)).toBe(leaf.cert.der);
  });
});
