import type { KeyboardAuthContext } from 'ssh2';
import { afterEach, describe, expect, test } from 'vitest';
import { openShell } from '../../src/wire/ssh.js';
import type { RootVerdict, SshLimits, SshSecrets, SshTarget, VcenterShell } from '../../src/wire/vcenter-shell.js';
import { type PeerBehaviour, playAppliancesh, type SshPeer, startRawPeer, startSshPeer } from './ssh-peer.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function peer(behaviour?: PeerBehaviour): Promise<SshPeer> {
  const started = await startSshPeer(behaviour);
  open.push(started);
  return started;
}
const target = (port: number, sha256 = 'SHA256:none'): SshTarget => ({
  label: 'vc1',
  host: '127.0.0.1',
  port,
  username: 'root',
  trust: { kind: 'pin', sha256 },
  auth: [{ kind: 'password' }],
  jumps: [],
});
const secret = (value: string): SshSecrets => ({ password: async () => ({ ok: true, value }) });
const connect = (to: SshPeer, verdict: RootVerdict = {}, limits: SshLimits = {}, password = 'right') =>
  openShell(target(to.port, to.hostKeySha256), secret(password), verdict, limits);

async function shellAt(to: SshPeer): Promise<VcenterShell> {
  const shell = await connect(to);
  if (!shell.ok) throw new Error(JSON.stringify(shell.error));
  open.push(shell.value);
  return shell.value;
}

describe('the shell is proven, not believed', () => {
  test('bash computes the marker', async () => {
    const shell = await shellAt(await peer());
    expect(shell.kind).toBe('bash');
    expect(await shell.run(['/bin/echo', 'a  b'])).toEqual({ ok: true, value: { code: 0, stdout: 'a  b\n', stderr: '' } });
  });

  test('appliancesh, which answers exit code 0 to everything, is seen through; its echo may come split anywhere', async () => {
    const shell = await shellAt(
      await peer({
        onExec: (line, channel) => {
          channel.write(`Unknown command: \`${line}'\n`);
          channel.exit(0);
          channel.end();
        },
        onShell: playAppliancesh,
      }),
    );
    expect(shell.kind).toBe('appliancesh');
    expect(
      await shell.run(['/bin/sh', '-c', 'echo "$1"; cat; echo e >&2; exit 3', 'sh', `it's $(id)\n`], { stdin: 'input' }),
    ).toEqual({
      ok: true,
      value: { code: 3, stdout: `it's $(id)\n\ninput`, stderr: 'e\n' },
    });
    expect(await shell.run(['/bin/sleep', '60'], { timeoutMs: 200 })).toMatchObject({ error: { code: 'timeout' } });
    expect(await shell.run(['/bin/echo', 'again'])).toMatchObject({ value: { stdout: 'again\n' } });
  });

  for (const { name, answer } of [
    { name: 'silence with exit code 0', answer: '' },
    { name: 'the command echoed back', answer: undefined },
    { name: 'chatter of a start-up file around the marker', answer: 'chatter' },
    {
      name: 'an expired password',
      answer: 'WARNING: Your password has expired.\nPassword change required but no TTY available.\n',
    },
    { name: 'terminal escapes', answer: '\u001b]0;owned\u0007\u001b[2J' },
  ]) {
    test(`${name} is no proof`, async () => {
      const refused = await connect(
        await peer({
          onExec: (line, channel) => {
            const [, a, b, mark] = /\((\d+) \* (\d+)\)\)" (\w+)/.exec(line) ?? [];
            channel.write(answer === 'chatter' ? `hello\nvasatrust-${Number(a) * Number(b)}-${mark}\n` : (answer ?? line));
            channel.exit(0);
            channel.end();
          },
        }),
      );
      expect(refused).toMatchObject({ ok: false, error: { code: 'shell-unproven', target: 'vc1' } });
      if (refused.ok) throw new Error('believed');
      expect(refused.error.summary + refused.error.remedy).not.toMatch(/[\u0000-\u001f\u007f]/);
      if (answer?.includes('expired')) expect(refused.error.remedy).toMatch(/password has expired/);
    });
  }
});

describe('one password attempt', () => {
  const keyboard = (context: KeyboardAuthContext, prompt: string, then: (answers: string[]) => void) =>
    context.prompt([{ prompt, echo: false }], then);

  test('where both ways are offered, a wrong password goes one way only', async () => {
    const answers: string[] = [];
    const to = await peer({
      onAuth: (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['password', 'keyboard-interactive']);
        keyboard(context, 'Password: ', (given) => {
          answers.push(...given);
          context.reject(['password', 'keyboard-interactive']);
        });
      },
    });
    const verdict: RootVerdict = {};
    expect(await connect(to, verdict, {}, 'wrong')).toMatchObject({ error: { code: 'login-refused' } });
    expect(await connect(to, verdict, {}, 'wrong')).toMatchObject({ error: { code: 'not-attempted' } });
    expect(answers).toEqual(['wrong']);
    expect(to.logins.filter((login) => login.startsWith('password'))).toEqual([]);
  });

  for (const prompt of ['Verification code: ', 'Current password: ', 'New password: ', 'Enter passphrase: ']) {
    test(`"${prompt}" is not answered with the password`, async () => {
      const answers: string[] = [];
      const to = await peer({
        onAuth: (context) => {
          if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
          keyboard(context, prompt, (given) => answers.push(...given));
        },
      });
      expect(await connect(to)).toMatchObject({
        error: { code: 'login-refused', summary: expect.stringContaining('asked for more') },
      });
      expect(answers).toEqual([]);
    });
  }

  test('a second question after the password ends the login: an expired password is never changed', async () => {
    const answers: string[] = [];
    const to = await peer({
      onAuth: (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
        keyboard(context, 'Password: ', (first) => {
          answers.push(...first);
          keyboard(context, 'Password: ', (second) => answers.push(...second));
        });
      },
    });
    expect(await connect(to)).toMatchObject({ error: { code: 'login-refused' } });
    expect(answers).toEqual(['right']);
  });

  test('a login that was let in and then ended leaves the password good for the next', async () => {
    const to = await peer();
    const verdict: RootVerdict = {};
    for (let time = 0; time < 2; time += 1) {
      const shell = await connect(to, verdict);
      if (!shell.ok) throw new Error(shell.error.summary);
      await shell.value.close();
      // The server's side of the end arrives a moment later.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const again = await connect(to, verdict);
    expect(again.ok).toBe(true);
    expect(verdict.refused).toBeUndefined();
    if (again.ok) await again.value.close();
  });

  test('a server that hangs up on the password has refused it', async () => {
    const to = await peer({
      onAuth: (context, connection) => (context.method === 'password' ? connection.end() : context.reject(['password'])),
    });
    const verdict: RootVerdict = {};
    expect(await connect(to, verdict)).toMatchObject({ error: { code: 'login-refused' } });
    expect(verdict.refused?.code).toBe('login-refused');
  });

  test('a server that ends the login with a message has refused it', async () => {
    const to = await peer({
      onAuth: (_context, connection) => {
        // As sshd does after MaxAuthTries; ssh2's server has no public call for a message of its own.
        const { _protocol } = connection as unknown as { _protocol: { disconnect(reason: number): void } };
        _protocol.disconnect(14);
        connection.end();
      },
    });
    expect(await connect(to)).toMatchObject({ error: { code: 'login-refused' } });
  });

  test('the password appears in no problem', async () => {
    const verdict: RootVerdict = {};
    const refused = await connect(await peer(), verdict, {}, 'hunter2-hunter2');
    expect(JSON.stringify([refused, verdict])).not.toContain('hunter2');
  });

  test('a wrong host key keeps the password here', async () => {
    const to = await peer();
    let asked = false;
    const shell = await openShell(
      target(to.port, 'SHA256:AAAA'),
      {
        password: async () => {
          asked = true;
          return { ok: true, value: 'right' };
        },
      },
      {},
    );
    expect(shell).toMatchObject({ error: { code: 'host-key-mismatch' } });
    expect(asked).toBe(false);
    expect(to.logins).toEqual([]);
  });
});

describe('peers that do not play along', () => {
  const cases: { name: string; code: string; onConnect: Parameters<typeof startRawPeer>[0] }[] = [
    { name: 'silence', code: 'timeout', onConnect: () => {} },
    { name: 'a slammed door', code: 'unreachable', onConnect: (socket) => socket.end() },
    {
      name: 'a greeting of another protocol version',
      code: 'bad-answer',
      onConnect: (socket) => socket.end('SSH-9.9-nonsense\r\n'),
    },
    { name: 'half a greeting', code: 'timeout', onConnect: (socket) => socket.write('SSH-2.0-Op') },
    {
      name: 'garbage behind the greeting',
      code: 'bad-answer',
      onConnect: (socket) => socket.write(Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.alloc(4096, 0xff)])),
    },
    {
      name: 'a banner without end',
      code: 'bad-answer',
      onConnect: (socket) => {
        const more = () => {
          while (!socket.destroyed && socket.write('x'.repeat(70).concat('\r\n').repeat(100)));
        };
        socket.on('drain', more);
        more();
      },
    },
  ];
  for (const { name, code, onConnect } of cases) {
    test(`${name}: ${code}`, async () => {
      const raw = await startRawPeer(onConnect);
      open.push(raw);
      expect(await openShell(target(raw.port), secret('x'), {}, { connectMs: 1_000 })).toMatchObject({
        ok: false,
        error: { code, target: 'vc1' },
      });
    });
  }

  test('nobody there and no such name', async () => {
    const raw = await startRawPeer(() => {});
    await raw.close();
    expect(await openShell(target(raw.port), {}, {})).toMatchObject({ error: { code: 'unreachable' } });
    expect(await openShell({ ...target(22), host: 'vc1.invalid' }, {}, {})).toMatchObject({ error: { code: 'name-not-found' } });
  });

  test('a login that never ends is cut off', async () => {
    const to = await peer({ onAuth: (context) => context.method === 'none' && context.reject(['password']) });
    expect(await connect(to, {}, { connectMs: 500 })).toMatchObject({ error: { code: 'timeout' } });
  });

  test('output without end is cut off at its bound', async () => {
    const shell = await shellAt(await peer());
    expect(
      await shell.run(['/bin/sh', '-c', 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxx; done'], { maxBytes: 50_000 }),
    ).toMatchObject({
      error: { code: 'too-large' },
    });
  });

  test('a command whose channel closes without an exit code has not ended well', async () => {
    const to = await peer({
      onExec: (line, channel) => {
        const proof = /\((\d+) \* (\d+)\)\)" (\w+)/.exec(line);
        if (!proof) return channel.end('half');
        channel.write(`vasatrust-${Number(proof[1]) * Number(proof[2])}-${proof[3]}\n`);
        channel.exit(0);
        channel.end();
      },
    });
    const shell = await shellAt(to);
    expect(await shell.run(['/bin/echo'])).toMatchObject({ error: { code: 'command-failed' } });
  });

  test('a connection lost in mid-command, and any command after it, is unreachable', async () => {
    const to = await peer({
      onExec: (line, channel, connection) => {
        const proof = /\((\d+) \* (\d+)\)\)" (\w+)/.exec(line);
        if (!proof) return connection.end();
        channel.write(`vasatrust-${Number(proof[1]) * Number(proof[2])}-${proof[3]}\n`);
        channel.exit(0);
        channel.end();
      },
    });
    const shell = await shellAt(to);
    expect(await shell.run(['/bin/echo'])).toMatchObject({ error: { code: 'unreachable' } });
    expect(await shell.run(['/bin/echo'])).toMatchObject({ error: { code: 'unreachable' } });
  });

  test('arguments that cannot be sent are refused here', async () => {
    const shell = await shellAt(await peer());
    expect(await shell.run(['/bin/echo', 'a\0b'])).toMatchObject({ error: { code: 'config-invalid' } });
    expect(await shell.run([])).toMatchObject({ error: { code: 'config-invalid' } });
  });
});
