import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShell } from '../../src/wire/ssh.js';
import type { HostTrust, RootVerdict, SshSecrets, SshTarget, VcenterShell } from '../../src/wire/vcenter-shell.js';
import { addThrowAwayUser, mintKey, publicKey, startSshd, type TestSshd, type ThrowAwayUser } from '../support/openssh.js';
import { missingRoot, missingSystemParts } from '../support/system.js';

const missing =
  missingSystemParts('/usr/sbin/sshd', 'ssh-keygen', 'ssh-agent', 'ssh-add', 'useradd', 'chpasswd') || missingRoot();

describe.skipIf(missing)('our client and a real OpenSSH server', () => {
  let sshd: TestSshd;
  let user: ThrowAwayUser;

  beforeAll(async () => {
    sshd = await startSshd();
    user = addThrowAwayUser();
  });
  afterAll(async () => {
    user?.remove();
    await sshd?.close();
  });

  const pin = (type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519'): HostTrust => ({ kind: 'pin', sha256: sshd.fingerprints[type] });
  const knownHosts = (text: string, port = sshd.port): HostTrust => ({
    kind: 'known-hosts',
    name: '127.0.0.1',
    port,
    files: [{ path: 'known_hosts', text }],
  });
  const target = (trust: HostTrust, more: Partial<SshTarget> = {}): SshTarget => ({
    label: 'vc1',
    host: '127.0.0.1',
    port: sshd.port,
    username: user.name,
    trust,
    auth: [{ kind: 'key', file: sshd.clientKey }],
    jumps: [],
    ...more,
  });

  async function withShell<T>(
    at: SshTarget,
    use: (shell: VcenterShell) => Promise<T>,
    secrets: SshSecrets = {},
    verdict: RootVerdict = {},
  ): Promise<T> {
    const shell = await openShell(at, secrets, verdict);
    if (!shell.ok) throw new Error(JSON.stringify(shell.error));
    try {
      return await use(shell.value);
    } finally {
      await shell.value.close();
    }
  }

  test('a key logs in and commands run with their arguments, input, output and exit code intact', async () => {
    await withShell(target(pin()), async (shell) => {
      expect(shell.kind).toBe('bash');
      expect(shell.hostKeySha256).toBe(sshd.fingerprints.ed25519);
      expect(shell.remoteAddress).toBe(`127.0.0.1:${sshd.port}`);
      const nasty = `it's $(id) "x" \`y\` \\ \n * é`;
      expect(await shell.run(['/usr/bin/printf', '%s|', nasty, ''])).toEqual({
        ok: true,
        value: { code: 0, stdout: `${nasty}||`, stderr: '' },
      });
      expect(await shell.run(['/bin/cat'], { stdin: 'secret\n' })).toMatchObject({ value: { stdout: 'secret\n' } });
      expect(await shell.run(['/bin/sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
        ok: true,
        value: { code: 7, stdout: 'out\n', stderr: 'err\n' },
      });
    });
  });

  test('several commands at once do not mix their outputs', async () => {
    await withShell(target(pin()), async (shell) => {
      const answers = await Promise.all([...Array(20).keys()].map((n) => shell.run(['/bin/echo', String(n)])));
      expect(answers.map((answer) => answer.ok && answer.value.stdout)).toEqual([...Array(20).keys()].map((n) => `${n}\n`));
    });
  });

  test('a command past its deadline, one that prints too much and one that is killed are problems, and the connection lives on', async () => {
    await withShell(target(pin()), async (shell) => {
      const late = await shell.run(['/bin/sh', '-c', 'sleep 60', 'token-in-argument'], { timeoutMs: 300 });
      expect(late).toMatchObject({ ok: false, error: { code: 'timeout', target: 'vc1' } });
      expect(JSON.stringify(late)).not.toContain('token-in-argument');
      expect(await shell.run(['/usr/bin/head', '-c', '3000000', '/dev/zero'], { maxBytes: 100_000 })).toMatchObject({
        error: { code: 'too-large' },
      });
      expect(await shell.run(['/bin/sh', '-c', 'kill -9 $$'])).toMatchObject({ error: { code: 'command-failed' } });
      expect(await shell.run(['/bin/echo', 'still here'])).toMatchObject({ value: { stdout: 'still here\n' } });
    });
  });

  test('a pin on any of the host keys is found', async () => {
    for (const type of ['ed25519', 'ecdsa', 'rsa'] as const) {
      await withShell(target(pin(type)), async (shell) => expect(shell.hostKeySha256).toBe(sshd.fingerprints[type]));
    }
  });

  test('a known_hosts entry of any form is found, and the key type it names is asked for', async () => {
    const name = `[127.0.0.1]:${sshd.port}`;
    for (const type of ['ed25519', 'ecdsa', 'rsa'] as const) {
      await withShell(target(knownHosts(`# x\nother ssh-rsa AAAA\n${name},x ${sshd.hostKeys[type]} comment\n`)), async (shell) =>
        expect(shell.hostKeySha256).toBe(sshd.fingerprints[type]),
      );
    }
    await withShell(target(knownHosts(`[127.0.*]:* ${sshd.hostKeys.rsa}\r\n`)), async (shell) => expect(shell.kind).toBe('bash'));
  });

  describe('a host key that is not the right one is refused before anything is offered', () => {
    const cases: { name: string; code: string; trust: () => HostTrust }[] = [
      { name: 'unknown', code: 'host-key-unknown', trust: () => knownHosts('') },
      { name: 'known for another port', code: 'host-key-unknown', trust: () => knownHosts(`127.0.0.1 ${sshd.hostKeys.ed25519}`) },
      {
        name: 'vouched for by a host CA only',
        code: 'host-key-unknown',
        trust: () => knownHosts(`@cert-authority * ${sshd.hostKeys.ed25519}`),
      },
      { name: 'changed', code: 'host-key-mismatch', trust: () => knownHosts(`* ${otherKey()}`) },
      {
        name: 'not the pinned one',
        code: 'host-key-mismatch',
        trust: () => ({ kind: 'pin', sha256: `SHA256:${'A'.repeat(43)}` }),
      },
      {
        name: 'revoked',
        code: 'host-key-revoked',
        trust: () => knownHosts(`* ${sshd.hostKeys.ed25519}\n@revoked * ${sshd.hostKeys.ed25519}`),
      },
    ];
    const otherKey = () => publicKey(sshd.clientKey);
    for (const { name, code, trust } of cases) {
      test(name, async () => {
        const before = sshd.log().length;
        let asked = false;
        const secrets: SshSecrets = {
          password: async () => {
            asked = true;
            return { ok: true, value: user.password };
          },
        };
        const at = target(trust(), { username: user.name, auth: [...target(trust()).auth, { kind: 'password' }] });
        const shell = await openShell(at, secrets, {});
        expect(shell).toMatchObject({ ok: false, error: { code, target: 'vc1', retry: 'after-remedy' } });
        if (shell.ok) throw new Error('let in');
        expect(shell.error.summary).toContain(sshd.fingerprints.ed25519);
        expect(shell.error.remedy.length).toBeGreaterThan(20);
        expect(asked).toBe(false);
        const after = () => sshd.log().slice(before);
        await sshd.logged(/Connection closed|Connection reset|Received disconnect|Disconnected|error:/, before);
        expect(after()).not.toMatch(/userauth|service ssh-userauth|Failed|Accepted|publickey/i);
      });
    }
    test('a mismatch lists what is known', async () => {
      const shell = await openShell(target(knownHosts(`* ${otherKey()}`)), {}, {});
      expect(shell.ok || shell.error.summary).toMatch(/known_hosts, line 1/);
    });
  });

  test('a key with a passphrase is opened with it; a wrong one is a problem of its own', async () => {
    const file = join(sshd.folder, 'locked');
    mintKey('ed25519', file, 'open sesame');
    writeFileSync(join(sshd.folder, 'authorized_keys'), `${publicKey(sshd.clientKey)}\n${publicKey(file)}\n`);
    const at = target(pin(), { auth: [{ kind: 'key', file }] });
    await withShell(at, async (shell) => expect(shell.kind).toBe('bash'), {
      passphrase: async () => ({ ok: true, value: 'open sesame' }),
    });
    const wrong = await openShell(at, { passphrase: async () => ({ ok: true, value: 'open barley' }) }, {});
    expect(wrong).toMatchObject({ error: { code: 'secret-unusable' } });
    expect(JSON.stringify(wrong)).not.toContain('barley');
    expect(await openShell(at, {}, {})).toMatchObject({ error: { code: 'secret-unavailable' } });
  });

  test('an RSA key and the agent log in', async () => {
    const file = join(sshd.folder, 'rsa-client');
    mintKey('rsa', file);
    writeFileSync(join(sshd.folder, 'authorized_keys'), `${publicKey(sshd.clientKey)}\n${publicKey(file)}\n`);
    await withShell(target(pin(), { auth: [{ kind: 'key', file }] }), async (shell) => expect(shell.kind).toBe('bash'));
    const socket = join(sshd.folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await new Promise((resolve) => agent.stdout.once('data', resolve));
      await new Promise((resolve) =>
        spawn('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: socket } }).once('exit', resolve),
      );
      await withShell(target(pin(), { auth: [{ kind: 'agent', socket }] }), async (shell) => expect(shell.kind).toBe('bash'));
    } finally {
      const gone = new Promise((resolve) => agent.once('exit', resolve));
      agent.kill('SIGTERM');
      await gone;
    }
    const dead = await openShell(target(pin(), { auth: [{ kind: 'agent', socket: '/nonexistent' }] }), {}, {});
    expect(dead).toMatchObject({ error: { code: 'login-refused' } });
  });

  test('a jump host is verified and logged in to with the key, then the appliance behind it', async () => {
    const known = knownHosts(`[127.0.0.1]:${sshd.port} ${sshd.hostKeys.ed25519}`);
    const jump = target(known, { label: 'jump' });
    await withShell(target(pin(), { jumps: [jump] }), async (shell) => {
      expect(shell.remoteAddress).toBe(`127.0.0.1:${sshd.port} via 127.0.0.1:${sshd.port}`);
      expect(await shell.run(['/bin/echo', 'behind'])).toMatchObject({ value: { stdout: 'behind\n' } });
    });
    const stranger = target(knownHosts(''), { label: 'jump' });
    expect(await openShell(target(pin(), { jumps: [stranger] }), {}, {})).toMatchObject({
      error: { code: 'host-key-unknown', target: 'vc1', summary: expect.stringContaining('jump host') },
    });
  });
});

describe.skipIf(missing)('passwords at a real OpenSSH server with PAM', () => {
  let user: ThrowAwayUser;
  const servers: TestSshd[] = [];
  beforeAll(() => {
    user = addThrowAwayUser();
  });
  afterAll(async () => {
    user?.remove();
    for (const server of servers) await server.close();
  });

  async function serve(...config: string[]): Promise<TestSshd> {
    const server = await startSshd({ config: ['PubkeyAuthentication yes', ...config] });
    servers.push(server);
    return server;
  }
  const login = (server: TestSshd): SshTarget => ({
    label: 'vc1',
    host: '127.0.0.1',
    port: server.port,
    username: user.name,
    trust: { kind: 'pin', sha256: server.fingerprints.ed25519 },
    auth: [{ kind: 'password' }],
    jumps: [],
  });
  const secret = (value: string): SshSecrets => ({ password: async () => ({ ok: true, value }) });
  const attempts = (log: string) => log.match(/Failed (password|keyboard-interactive\/pam) for/g)?.length ?? 0;

  for (const { name, config, accepted } of [
    {
      name: 'keyboard-interactive',
      config: ['UsePAM yes', 'PasswordAuthentication no', 'KbdInteractiveAuthentication yes'],
      accepted: /Accepted keyboard-interactive\/pam for/,
    },
    {
      name: 'password',
      config: ['UsePAM yes', 'PasswordAuthentication yes', 'KbdInteractiveAuthentication no'],
      accepted: /Accepted password for/,
    },
    {
      name: 'keyboard-interactive where both are offered',
      config: ['UsePAM yes', 'PasswordAuthentication yes', 'KbdInteractiveAuthentication yes'],
      accepted: /Accepted keyboard-interactive\/pam for/,
    },
  ]) {
    test(`${name} logs in with the right password and sends a wrong one exactly once per run`, async () => {
      const server = await serve(...config);
      const shell = await openShell(login(server), secret(user.password), {});
      if (!shell.ok) throw new Error(`${shell.error.summary}\n${server.log()}`);
      expect(await shell.value.run(['/usr/bin/id', '-un'])).toMatchObject({ value: { stdout: `${user.name}\n` } });
      await shell.value.close();
      await server.logged(accepted);

      const verdict: RootVerdict = {};
      const wrong = await openShell(login(server), secret('wrong-horse'), verdict);
      expect(wrong).toMatchObject({ error: { code: 'login-refused' } });
      expect(verdict.refused).toMatchObject({ code: 'login-refused' });
      expect(JSON.stringify([wrong, verdict])).not.toContain('wrong-horse');
      await server.logged(/Failed (password|keyboard-interactive\/pam) for/);
      expect(await openShell(login(server), secret('wrong-horse'), verdict)).toMatchObject({ error: { code: 'not-attempted' } });
      const together = {};
      const both = await Promise.all([1, 2, 3].map(() => openShell(login(server), secret('wrong-horse'), together)));
      expect(both.map((each) => !each.ok && each.error.code).sort()).toEqual(['login-refused', 'not-attempted', 'not-attempted']);
      await server.logged(/(Failed (password|keyboard-interactive\/pam) for[\s\S]*){2}/);
      expect(attempts(server.log())).toBe(2);
    });
  }

  test('a server that takes keys only gets no password', async () => {
    const server = await serve('UsePAM no', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no');
    const refused = await openShell(login(server), secret(user.password), {});
    expect(refused).toMatchObject({ error: { code: 'login-refused' } });
    expect(server.log()).not.toMatch(/Failed (password|keyboard)/);
  });
});
