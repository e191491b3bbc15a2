import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKeys } from '../../src/lab/keys.js';
import { mint, mintCa, mintLeaf, subjectHash } from '../../src/lab/pki.js';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabIdentity, LabProvider } from '../../src/lab/world.js';
import { ask } from '../support/lab-request.js';
import { missingSystemParts } from '../support/system.js';

const run = promisify(execFile);

/** `openssl s_client`'s words about one connection; stdin is closed at once. */
async function sClient(port: number, ...options: string[]): Promise<string> {
  const child = run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-showcerts', ...options], { timeout: 20_000 });
  child.child.stdin?.end();
  const { stdout } = await child.catch((error: { stdout: string }) => ({ stdout: error.stdout }));
  return stdout;
}

/** The certificates in the order sent; the leaf is printed again after that where `-showcerts` leaves it out of the list. */
const chainIn = (text: string): string[] =>
  [...(text.split('\nServer certificate\n')[0] ?? '').matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map(
    ([, body = '']) => body.replaceAll(/\s/g, ''),
  );

/** The CA names of the CertificateRequest, in order. */
function acceptedIn(text: string): string[] {
  const block =
    /Acceptable client certificate CA names\n([\s\S]*?)\n(?:Requested|Client Certificate Types|Shared|Peer)/.exec(text)?.[1] ??
    '';
  return block.split('\n').filter((line) => line !== '');
}

describe.skipIf(missingSystemParts('openssl'))('seen with openssl', () => {
  let lab: RunningLab;
  beforeAll(async () => {
    lab = await startLab('clash', { withoutSsh: true });
  });
  afterAll(() => lab.close());

  const providerOf = (name: string): { provider: LabProvider; port: number } => {
    const provider = lab.world.providers.find((one) => one.name === name);
    if (!provider) throw new Error(`no provider ${name}`);
    return { provider, port: lab.ports.providers.get(name) ?? 0 };
  };

  test.each(['-tls1_2', '-tls1_3'])(
    'a provider sends its leaf alone and asks for certificates of the roots it was given (%s)',
    async (version) => {
      const { provider, port } = providerOf('array1-CT0');
      const text = await sClient(port, version);
      expect(chainIn(text)).toEqual(provider.served.chain);
      expect(provider.served.chain).toHaveLength(1);
      expect(acceptedIn(text)).toEqual([
        'CN = CA, DC = vsphere, DC = local, C = US, ST = California, O = vc67.lab.example, OU = VMware Engineering, OU = LAB',
      ]);
    },
  );

  test('a chain in odd order, with a stranger in it, is sent as it stands', async () => {
    const { provider, port } = providerOf('array2-CT0');
    const [vc65, vc67] = lab.world.vcenters;
    const before = provider.served;
    const chain = [
      ...before.chain,
      vc67?.vmca.certificate ?? before.identity.certificate,
      vc65?.vmca.certificate ?? before.identity.certificate,
    ];
    provider.served = { identity: before.identity, chain };
    try {
      expect(chainIn(await sClient(port, '-tls1_2'))).toEqual(chain);
    } finally {
      provider.served = before;
    }
  });

  test('a vCenter sends its machine SSL certificate, asks for none, and verifies under its VMCA root', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vasatrust-test-'));
    try {
      const [vcenter] = lab.world.vcenters;
      if (!vcenter) throw new Error('no vCenter');
      const root = join(folder, 'root.pem');
      await writeFile(root, vcenter.vmca.certificatePem);
      const text = await sClient(lab.ports.https.get(vcenter.id) ?? 0, '-CAfile', root, '-verify_hostname', vcenter.address);
      expect(chainIn(text)).toEqual([vcenter.machineSsl.certificate]);
      expect(text).toContain('No client certificate CA names sent');
      expect(text).toContain('Verify return code: 0 (ok)');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('the root bundle unpacks to roots and a revocation list under the names OpenSSL gives them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vasatrust-test-'));
    try {
      const [vcenter] = lab.world.vcenters;
      if (!vcenter) throw new Error('no vCenter');
      const { body } = await ask(lab.ports.https.get(vcenter.id) ?? 0, '/certs/download.zip');
      await writeFile(join(folder, 'download.zip'), body);
      await run('/usr/bin/python3', ['-m', 'zipfile', '-e', join(folder, 'download.zip'), folder]);
      const lin = join(folder, 'certs', 'lin');
      const root = join(folder, 'root.pem');
      await writeFile(root, vcenter.vmca.certificatePem);
      const hash = (await run('openssl', ['x509', '-in', root, '-noout', '-hash'])).stdout.trim();
      expect((await readdir(lin)).sort()).toEqual([`${hash}.0`, `${hash}.r0`]);
      expect(await readFile(join(lin, `${hash}.0`), 'utf8')).toBe(vcenter.vmca.certificatePem);
      const crl = await run('openssl', [
        'crl',
        '-inform',
        'DER',
        '-in',
        join(lin, `${hash}.r0`),
        '-CAfile',
        root,
        '-noout',
        '-issuer',
      ]);
      expect(crl.stderr).toContain('verify OK');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(missingSystemParts('openssl'))('minted certificates', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vasatrust-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const file = async (name: string, ...identities: readonly LabIdentity[]): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, identities.map(({ certificatePem }) => certificatePem).join(''));
    return path;
  };

  test('make a chain that openssl verify accepts strictly', async () => {
    const root = await mintCa({ subject: 'CN=Root, O=Example, OU=LAB', keyKind: 'rsa' });
    const issuing = await mintCa({ subject: 'CN=Issuing, O=Example, OU=LAB', issuer: root, keyKind: 'ec-p384', pathLength: 0 });
    const leaf = await mintLeaf({ subject: 'CN=x.lab.example, OU=LAB', issuer: issuing, keyKind: 'ec', san: ['x.lab.example'] });
    const args = [
      'verify',
      '-x509_strict',
      '-no-CApath',
      '-CAfile',
      await file('root', root),
      '-untrusted',
      await file('issuing', issuing),
    ];
    expect((await run('openssl', [...args, await file('leaf', leaf)])).stdout).toMatch(/: OK\n$/);
  });

  test('hash their subjects as openssl does, also with odd white space, capitals and characters', async () => {
    const keys = await generateKeys('ec');
    for (const value of ['Example', '  Two   words ', 'ÄÖÜ straße', 'MiXeD', 'a\tb', '東京']) {
      const identity = mint(
        {
          subject: [
            ['CN', value],
            ['DC', 'Vsphere'],
            ['C', 'US'],
            ['OU', 'LAB'],
          ],
          isCa: true,
        },
        keys,
      );
      const printed = await run('openssl', ['x509', '-in', await file('hash', identity), '-noout', '-hash']);
      expect(subjectHash(identity.certificate), JSON.stringify(value)).toBe(printed.stdout.trim());
    }
  });

  test('read back with every extension that was asked for', async () => {
    const leaf = await mintLeaf({
      subject: 'CN=x, OU=LAB',
      keyKind: 'ec',
      isCa: true,
      pathLength: 3,
      keyUsage: ['keyCertSign', 'cRLSign', 'digitalSignature'],
      nameConstraints: { permitted: ['lab.example'], excluded: ['bad.lab.example'] },
      extensions: [{ oid: '1.3.6.1.4.1.55555.1', critical: false, value: Buffer.from([5, 0]) }],
    });
    const { stdout } = await run('openssl', ['x509', '-in', await file('all', leaf), '-noout', '-text']);
    expect(stdout).toContain('CA:TRUE, pathlen:3');
    expect(stdout).toContain('Digital Signature, Certificate Sign, CRL Sign');
    expect(stdout).toMatch(/Permitted:\s+DNS:lab\.example\s+Excluded:\s+DNS:bad\.lab\.example/);
    expect(stdout).toContain('1.3.6.1.4.1.55555.1');
  });
});
