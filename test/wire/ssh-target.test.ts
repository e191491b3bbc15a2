import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SshEnvironment } from '../../src/wire/ssh-environment.js';
import { resolveSshTarget, type SshWish } from '../../src/wire/ssh-target.js';
import type { SshTarget } from '../../src/wire/vcenter-shell.js';

const HOME = '/home/ann';

function environment(files: Readonly<Record<string, string>>, agentSocket?: string): SshEnvironment & { reads: string[] } {
  const reads: string[] = [];
  return {
    home: HOME,
    localUser: 'ann',
    ...(agentSocket === undefined ? {} : { agentSocket }),
    reads,
    readText: async (path) => {
      reads.push(path);
      return files[path];
    },
    listFolder: async (path) =>
      Object.keys(files)
        .filter((file) => file.startsWith(`${path}/`))
        .map((file) => file.slice(path.length + 1))
        .sort(),
  };
}

const wish = (more: Partial<SshWish> = {}): SshWish => ({
  host: 'vc1',
  auth: [],
  hostKey: { kind: 'known-hosts', files: [] },
  ...more,
});

async function resolve(
  config: string,
  more: Partial<SshWish> = {},
  files: Readonly<Record<string, string>> = {},
  agent?: string,
): Promise<SshTarget> {
  const resolved = await resolveSshTarget(wish(more), 'vc1', environment({ [`${HOME}/.ssh/config`]: config, ...files }, agent));
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.error));
  return resolved.value;
}
async function problem(config: string, more: Partial<SshWish> = {}) {
  const resolved = await resolveSshTarget(wish(more), 'vc1', environment({ [`${HOME}/.ssh/config`]: config }));
  return resolved.ok ? undefined : resolved.error;
}

test('without any configuration: root at port 22, the usual keys, the agent, the usual known_hosts', async () => {
  const target = await resolve('', {}, { [`${HOME}/.ssh/known_hosts`]: 'x', '/etc/ssh/ssh_known_hosts': 'y' }, '/run/agent');
  expect(target).toEqual({
    label: 'vc1',
    host: 'vc1',
    port: 22,
    username: 'root',
    trust: {
      kind: 'known-hosts',
      name: 'vc1',
      port: 22,
      files: [
        { path: `${HOME}/.ssh/known_hosts`, text: 'x' },
        { path: '/etc/ssh/ssh_known_hosts', text: 'y' },
      ],
    },
    auth: [
      ...['id_ed25519', 'id_ecdsa', 'id_rsa'].map((key) => ({ kind: 'key', file: `${HOME}/.ssh/${key}`, optional: true })),
      { kind: 'agent', socket: '/run/agent' },
    ],
    jumps: [],
  });
});

describe('~/.ssh/config', () => {
  for (const { name, config, expected } of [
    {
      name: 'HostName with a token, Port and User',
      config: 'Host vc*\n  HostName %h.lab.example\n  Port 2222\n  User admin',
      expected: { host: 'vc1.lab.example', port: 2222, username: 'admin' },
    },
    {
      name: 'keywords in any case, with = and quotes',
      config: 'host vc1\nHOSTNAME="10.0.0.5"\nport = 2200',
      expected: { host: '10.0.0.5', port: 2200 },
    },
    { name: 'the first value wins', config: 'Host vc1\nPort 1\nHost *\nPort 2', expected: { port: 1 } },
    { name: 'a negated pattern', config: 'Host * !vc1\nPort 1', expected: { port: 22 } },
    { name: 'settings above the first Host hold for all', config: 'Port 7\nHost other\nPort 8', expected: { port: 7 } },
    {
      name: 'Match host sees the HostName',
      config: 'Host vc1\nhostname vc1.lab\nMatch host vc1.lab\nPort 9',
      expected: { port: 9 },
    },
    { name: 'a port that is none is not taken', config: 'Host vc1\nPort 99999', expected: { port: 22 } },
  ]) {
    test(name, async () => expect(await resolve(config)).toMatchObject(expected));
  }

  test('estate.yaml is stronger', async () => {
    const config = 'Host vc1\n  Port 2222\n  User admin\n  IdentityFile ~/.ssh/other';
    const auth = [{ kind: 'key', file: '~/mine' }, { kind: 'password' }] as const;
    expect(await resolve(config, { port: 22, username: 'root', auth })).toMatchObject({
      port: 22,
      username: 'root',
      auth: [{ kind: 'key', file: `${HOME}/mine` }, { kind: 'password' }],
    });
  });

  test('IdentityFile, IdentitiesOnly and IdentityAgent say what is tried', async () => {
    const files = await resolve(
      'Host vc1\n IdentityFile ~/.ssh/%r-%n\n IdentityFile "/keys/with space"\n IdentitiesOnly yes',
      {},
      {},
      '/run/agent',
    );
    expect(files.auth).toEqual([
      { kind: 'key', file: `${HOME}/.ssh/root-vc1`, optional: true },
      { kind: 'key', file: '/keys/with space', optional: true },
    ]);
    const own = await resolve('Host vc1\n IdentityAgent ~/agent', { auth: [{ kind: 'agent' }] }, {}, '/run/agent');
    expect(own.auth).toEqual([{ kind: 'agent', socket: `${HOME}/agent` }]);
    expect((await resolve('Host vc1\n IdentityAgent none', { auth: [{ kind: 'agent' }] }, {}, '/run/agent')).auth).toEqual([
      { kind: 'agent', socket: '' },
    ]);
  });

  test('HostKeyAlias and UserKnownHostsFile say what is looked up where', async () => {
    const config =
      'Host vc1\n HostKeyAlias the-appliance\n Port 2222\n UserKnownHostsFile ~/kh1 ~/kh2\n GlobalKnownHostsFile none\n StrictHostKeyChecking accept-new';
    const target = await resolve(config, {}, { [`${HOME}/kh2`]: 'z', '/etc/ssh/ssh_known_hosts': 'never' });
    expect(target.trust).toEqual({ kind: 'known-hosts', name: 'the-appliance', files: [{ path: `${HOME}/kh2`, text: 'z' }] });
  });

  test('known_hosts files named in estate.yaml are the only ones, and must be there', async () => {
    const hostKey = { kind: 'known-hosts', files: ['~/estate_hosts'] } as const;
    const target = await resolve(
      'Host *\nUserKnownHostsFile ~/other',
      { hostKey },
      { [`${HOME}/estate_hosts`]: 'a', [`${HOME}/other`]: 'b' },
    );
    expect(target.trust).toMatchObject({ files: [{ path: `${HOME}/estate_hosts`, text: 'a' }] });
    expect(await problem('', { hostKey })).toMatchObject({ code: 'file-unreadable' });
  });

  test('a pin needs no known_hosts', async () => {
    const at = environment({});
    const resolved = await resolveSshTarget(wish({ hostKey: { kind: 'pin', sha256: 'SHA256:x' } }), 'vc1', at);
    expect(resolved).toMatchObject({ ok: true, value: { trust: { kind: 'pin', sha256: 'SHA256:x' } } });
    expect(at.reads.filter((path) => path.includes('known'))).toEqual([]);
  });

  test('Include takes files, lists and patterns, and what follows it still holds for all', async () => {
    const config = 'Include conf.d/*.conf /abs/one\nPort 5\nHost vc1\n User late';
    const target = await resolve(
      config,
      {},
      {
        [`${HOME}/.ssh/conf.d/a.conf`]: 'Host other\n Port 1',
        [`${HOME}/.ssh/conf.d/b.conf`]: 'Host vc1\n HostName from-b',
        [`${HOME}/.ssh/conf.d/c.txt`]: 'Host vc1\n Port 3',
        '/abs/one': 'Host vc1\n User first',
      },
    );
    expect(target).toMatchObject({ host: 'from-b', port: 5, username: 'first' });
  });

  test('an Include that includes itself ends', async () => {
    expect(await resolve('Include config\nPort 5')).toMatchObject({ port: 5 });
  });

  test('nothing in it starts a program', async () => {
    const trap = join(tmpdir(), `vasatrust-trap-${process.pid}`);
    rmSync(trap, { force: true });
    const config = `Match host vc1 exec "touch ${trap}"\n Port 99\nHost *\n CanonicalizeHostname yes\n CanonicalDomains lab.example`;
    expect(await resolve(config)).toMatchObject({ port: 22 });
    expect(existsSync(trap)).toBe(false);
  });

  for (const { name, config } of [
    { name: 'ProxyCommand', config: 'Host vc1\n ProxyCommand nc %h %p' },
    { name: 'a quote that never closes', config: 'Host "vc1\nPort 3' },
    { name: 'a jump that leads to itself', config: 'Host jump\n ProxyJump jump\nHost vc1\n ProxyJump jump' },
    { name: 'a jump nobody can read', config: 'Host vc1\n ProxyJump a:b:c:d' },
  ]) {
    test(`${name} is refused with a remedy`, async () => {
      expect(await problem(config)).toMatchObject({
        code: 'config-invalid',
        target: 'vc1',
        remedy: expect.stringMatching(/.{10}/),
      });
    });
  }
});

describe('ProxyJump', () => {
  test('each hop has its own settings, its host key from known_hosts, and no password', async () => {
    const config = [
      'Host vc1',
      '  ProxyJump gate,bob@[fd00::9]:2022',
      'Host gate',
      '  HostName gate.lab.example',
      '  User gatekeeper',
      '  IdentityFile ~/.ssh/gate',
    ].join('\n');
    const auth = [{ kind: 'password' }] as const;
    const target = await resolve(
      config,
      { auth, hostKey: { kind: 'pin', sha256: 'SHA256:x' } },
      { [`${HOME}/.ssh/known_hosts`]: 'kh' },
    );
    const files = [{ path: `${HOME}/.ssh/known_hosts`, text: 'kh' }];
    expect(target.trust.kind).toBe('pin');
    expect(target.jumps).toMatchObject([
      {
        host: 'gate.lab.example',
        port: 22,
        username: 'gatekeeper',
        trust: { kind: 'known-hosts', name: 'gate.lab.example', port: 22, files },
        auth: [{ kind: 'key', file: `${HOME}/.ssh/gate`, optional: true }],
      },
      { host: 'fd00::9', port: 2022, username: 'bob', trust: { name: 'fd00::9', port: 2022 } },
    ]);
    expect(JSON.stringify(target.jumps)).not.toContain('password');
  });

  test('a jump host behind another comes after it', async () => {
    const target = await resolve('Host vc1\n ProxyJump inner\nHost inner\n ProxyJump outer');
    expect(target.jumps.map((jump) => jump.host)).toEqual(['outer', 'inner']);
    expect(target.jumps.map((jump) => jump.username)).toEqual(['ann', 'ann']);
  });

  test('none switches it off', async () => expect((await resolve('Host vc1\n ProxyJump none')).jumps).toEqual([]));
});

test('files are shared: two hundred targets read known_hosts once', async () => {
  const at = environment({ [`${HOME}/.ssh/known_hosts`]: 'kh' });
  const all = await Promise.all([...Array(200).keys()].map((n) => resolveSshTarget(wish({ host: `vc${n}` }), `vc${n}`, at)));
  const first = all.map((each) => each.ok && each.value.trust.kind === 'known-hosts' && each.value.trust.files[0]);
  expect(new Set(first).size).toBe(1);
});
