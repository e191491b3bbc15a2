import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { type ConfigMistake, mistakeText } from '../../src/config/mistake.js';

const HEX = 'ab'.repeat(32);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-config-'));
  mkdirSync(join(folder, 'sub'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string | Uint8Array): string {
  writeFileSync(join(folder, name), text);
  return name;
}
const load = (file: string | undefined, env: Record<string, string> = {}) =>
  loadConfig(file, { HOME: '/home/op', ...env }, folder);

async function accepted(file: string | undefined, env: Record<string, string> = {}): Promise<Config> {
  const config = await load(file, env);
  if (!config.ok) throw new Error(config.error.map(mistakeText).join('\n'));
  return config.value;
}
async function refused(file: string | undefined, env: Record<string, string> = {}): Promise<readonly ConfigMistake[]> {
  const config = await load(file, env);
  return config.ok ? [] : config.error;
}

describe('a complete file', () => {
  test('fills in defaults, resolves paths against its own folder and expands ~', async () => {
    write(
      'sub/estate.yaml',
      `vcenters:
  - address: vc65.lab.example
    connectTo: "[::1]:8443"
    username: a
    password: { file: secrets/vc65 }
    tls: { caFile: ../ca.pem }
    ssh: { privateKeyFile: ~/.ssh/id, agent: true, password: { command: [./tool, x] }, knownHostsFile: ~/known }
  - { id: b, address: "[2001:db8::80]:8443", username: a, password: { command: [pass, show, b] }, tls: { fingerprint: "SHA256 ${HEX}" } }
  - { address: 10.0.0.7, username: a, password: { env: P } }
providers:
  - { url: "https://p:8084/v", connectTo: 127.0.0.1:1, serverName: s }
  - { match: { uid: u } }
  - { match: { arrayId: y }, registration: { name: n, username: u, password: { env: Q } } }
externalCa: { certificateFile: ca.pem }
`,
    );
    const config = await accepted('sub/estate.yaml');
    expect(config).toEqual({
      file: 'sub/estate.yaml',
      vcenters: [
        {
          id: 'vc65',
          address: 'vc65.lab.example',
          port: 443,
          connectTo: { host: '::1', port: 8443 },
          username: 'a',
          password: { file: join(folder, 'sub/secrets/vc65') },
          tls: { kind: 'ca-file', file: join(folder, 'ca.pem') },
          ssh: {
            host: 'vc65.lab.example',
            auth: [
              { kind: 'key', file: '/home/op/.ssh/id' },
              { kind: 'agent' },
              { kind: 'password', password: { command: [join(folder, 'sub/tool'), 'x'] } },
            ],
            hostKey: { kind: 'known-hosts', files: ['/home/op/known'] },
          },
        },
        {
          id: 'b',
          address: '2001:db8::80',
          port: 8443,
          username: 'a',
          password: { command: ['pass', 'show', 'b'] },
          tls: { kind: 'fingerprint', sha256: HEX },
        },
        { id: '10.0.0.7', address: '10.0.0.7', port: 443, username: 'a', password: { env: 'P' }, tls: { kind: 'system' } },
      ],
      providers: [
        { match: { url: 'https://p:8084/v' }, connectTo: { host: '127.0.0.1', port: 1 }, serverName: 's' },
        { match: { uid: 'u' } },
        { match: { arrayId: 'y' }, registration: { name: 'n', username: 'u', password: { env: 'Q' } } },
      ],
      externalCa: { certificateFile: join(folder, 'sub/ca.pem') },
    });
  });

  test('SSH to another host and port, pinned', async () => {
    const key = `SHA256:${'a'.repeat(43)}`;
    write(
      'ssh.yaml',
      `vcenters: [{ address: a, username: u, password: { env: P }, ssh: { host: "[::1]:2222", username: r, hostKey: "${key}" } }]`,
    );
    const [vcenter] = (await accepted('ssh.yaml')).vcenters;
    expect(vcenter?.ssh).toEqual({ host: '::1', port: 2222, username: 'r', auth: [], hostKey: { kind: 'pin', sha256: key } });
  });
});

describe('the file that is not there', () => {
  test('named on the command line', async () => {
    const [mistake] = await refused('nowhere.yaml', { GOVC_URL: 'vc65', GOVC_USERNAME: 'a', GOVC_PASSWORD: 'p' });
    expect(mistake).toMatchObject({ file: 'nowhere.yaml', line: 0, message: 'there is no such file' });
  });
  test('./estate.yaml, and nothing in the environment', async () => {
    expect((await refused(undefined))[0]?.remedy).toMatch(/GOVC_URL/);
  });
  test('a folder', async () => {
    expect((await refused('sub'))[0]?.message).toBe('the file cannot be read');
  });
  test('larger than any estate', async () => {
    write('huge.yaml', '#'.repeat(4 * 1024 * 1024 + 1));
    expect((await refused('huge.yaml'))[0]?.message).toBe('the file is larger than 4 MB');
  });
  test('not UTF-8', async () => {
    write('latin1.yaml', Buffer.from([0x76, 0x3a, 0x20, 0xe4]));
    expect((await refused('latin1.yaml'))[0]?.message).toBe('the file is not UTF-8 text');
  });
});

describe('the environment', () => {
  const GOVC = { GOVC_URL: 'https://administrator@vsphere.local@vc65.lab.example:8443/sdk', GOVC_PASSWORD: 'p' };

  test('describes a vCenter without any file', async () => {
    const config = await accepted(undefined, GOVC);
    expect(config.file).toBeUndefined();
    expect(config.vcenters).toEqual([
      {
        id: 'vc65',
        address: 'vc65.lab.example',
        port: 8443,
        username: 'administrator@vsphere.local',
        password: { env: 'GOVC_PASSWORD' },
        tls: { kind: 'system' },
      },
    ]);
  });

  test('our own variables win over those of govc, and the file over both', async () => {
    write('user.yaml', 'vcenters: [{ address: a }, { address: b, username: file }]');
    const config = await accepted('user.yaml', { GOVC_USERNAME: 'g', VASATRUST_USERNAME: 'v', GOVC_PASSWORD: 'p' });
    expect(config.vcenters.map(({ username }) => username)).toEqual(['v', 'file']);
  });

  test('a user name with % is taken apart as a URL has it', async () => {
    const config = await accepted(undefined, { GOVC_URL: 'administrator%40vsphere.local@vc65', GOVC_PASSWORD: 'p' });
    expect(config.vcenters[0]?.username).toBe('administrator@vsphere.local');
  });

  for (const value of ['1', 'true', 'T', 'yes']) {
    for (const name of ['GOVC_INSECURE', 'VASATRUST_INSECURE']) {
      test(`${name}=${value} is refused with a remedy, whatever else is right`, async () => {
        write('fine.yaml', 'vcenters: [{ address: a, username: u, password: { env: P } }]');
        const [mistake, ...more] = await refused('fine.yaml', { [name]: value });
        expect(more).toEqual([]);
        expect(mistake).toMatchObject({ path: name, line: 0 });
        expect(mistake?.remedy).toMatch(/fingerprint/);
      });
    }
  }
  test('GOVC_INSECURE=false changes nothing', async () => {
    expect((await accepted(undefined, { ...GOVC, GOVC_INSECURE: 'false' })).vcenters).toHaveLength(1);
  });

  test('a password inside GOVC_URL is refused and not repeated', async () => {
    const mistakes = await refused(undefined, { GOVC_URL: 'user:hunter2@vc65', GOVC_PASSWORD: 'p' });
    expect(mistakes.map(({ path }) => path)).not.toContain('');
    expect(mistakes[0]?.remedy).toMatch(/GOVC_PASSWORD/);
    expect(JSON.stringify(mistakes)).not.toContain('hunter2');
  });

  test('mistakes of file and environment are told together', async () => {
    write('bad.yaml', 'vcenters: [{ address: a, username: u, password: x }]');
    expect((await refused('bad.yaml', { GOVC_INSECURE: '1' })).map(({ path }) => path)).toEqual([
      'GOVC_INSECURE',
      'vcenters[0].password',
    ]);
  });

  test('without user name or password nothing is guessed', async () => {
    expect((await refused(undefined, { GOVC_URL: 'vc65' })).map(({ path }) => path)).toEqual(['GOVC_USERNAME', 'GOVC_PASSWORD']);
  });

  describe('TLS trust where the file says nothing', () => {
    beforeAll(() => {
      write('known', `# govc\nvc65.lab.example:443 ${'AB:'.repeat(31)}AB\nvc67.lab.example ${'AB:'.repeat(19)}AB\n`);
      write('two.yaml', 'vcenters: [{ address: vc65.lab.example }, { address: vc80.lab.example }]');
      write('sha1.yaml', 'vcenters: [{ address: vc67.lab.example }]');
    });
    const login = { GOVC_USERNAME: 'u', GOVC_PASSWORD: 'p' };

    test('known hosts first, then the CA file', async () => {
      const config = await accepted('two.yaml', { ...login, GOVC_TLS_KNOWN_HOSTS: 'known', GOVC_TLS_CA_CERTS: '~/ca.pem' });
      expect(config.vcenters.map(({ tls }) => tls)).toEqual([
        { kind: 'fingerprint', sha256: HEX },
        { kind: 'ca-file', file: '/home/op/ca.pem' },
      ]);
    });
    test('a SHA-1 thumbprint in known hosts is no pin, and not passed over either', async () => {
      const [mistake] = await refused('sha1.yaml', { ...login, GOVC_TLS_KNOWN_HOSTS: 'known', GOVC_TLS_CA_CERTS: 'ca.pem' });
      expect(mistake?.message).toMatch(/SHA-1/);
    });
    test('several CA files are one mistake, however many vCenters there are', async () => {
      const mistakes = await refused('two.yaml', { ...login, GOVC_TLS_CA_CERTS: 'a.pem:b.pem' });
      expect(mistakes.map(({ path }) => path)).toEqual(['GOVC_TLS_CA_CERTS']);
    });
    test('VASATRUST_TLS_FINGERPRINT pins', async () => {
      const config = await accepted(undefined, { ...login, GOVC_URL: 'vc65', VASATRUST_TLS_FINGERPRINT: HEX });
      expect(config.vcenters[0]?.tls).toEqual({ kind: 'fingerprint', sha256: HEX });
    });
  });
});

test('a mistake is told with file, line and column, and its remedy below', () => {
  const mistake = {
    file: 'estate.yaml',
    line: 3,
    column: 5,
    path: 'vcenters[0].usrname',
    message: 'is wrong',
    remedy: 'Do this.',
  };
  expect(mistakeText(mistake)).toBe('estate.yaml:3:5: vcenters[0].usrname: is wrong\n    Do this.');
  expect(mistakeText({ ...mistake, line: 0, path: '' })).toBe('estate.yaml: is wrong\n    Do this.');
});
