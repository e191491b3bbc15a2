import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShell } from '../../src/wire/ssh.js';
import type { SshTarget, VcenterShell } from '../../src/wire/vcenter-shell.js';
import { addThrowAwayUser, startSshd, type TestSshd, type ThrowAwayUser } from '../support/openssh.js';
import { missingRoot, missingSystemParts } from '../support/system.js';

const missing = missingSystemParts('/usr/sbin/sshd', 'ssh-keygen', 'useradd', '/bin/bash', 'base64', 'sed') || missingRoot();

/** Looks like appliancesh: exec answers "Unknown command" with exit code 0, `shell` gives a real login bash with an idle limit. */
const LOOKALIKE = `#!/bin/bash
if [ "$1" = -c ]; then echo "Unknown command: \\\`$2'"; exit 0; fi
printf 'Connected to service\\n\\n    * List APIs: "help api list"\\n    * List Plugins: "help pi list"\\n    * Launch BASH: "shell"\\n\\n'
while printf 'Command> ' && IFS= read -r line; do
  case "$line" in
    shell) [ -e "$0.off" ] && { echo 'Shell access is disabled'; continue; }
           echo "Shell access is granted to root"; export TMOUT=900; PATH="$(cat "$0.path" 2>/dev/null || echo "$PATH")" /bin/bash -i -l ;;
    '') ;;
    *) echo "Unknown command: \\\`$line'" ;;
  esac
done
`;

describe.skipIf(missing)('appliancesh: bash behind an interactive login shell, over a real terminal', () => {
  let sshd: TestSshd;
  let user: ThrowAwayUser;
  let loginShell: string;
  let home: string;
  let shell: VcenterShell;

  beforeAll(async () => {
    sshd = await startSshd();
    loginShell = join(sshd.folder, 'appliancesh');
    writeFileSync(loginShell, LOOKALIKE);
    chmodSync(loginShell, 0o755);
    home = join(sshd.folder, 'home');
    mkdirSync(home);
    chmodSync(home, 0o777);
    user = addThrowAwayUser(loginShell, home);
    shell = await open();
  });
  afterAll(async () => {
    await shell?.close();
    user?.remove();
    await sshd?.close();
  });

  const target = (): SshTarget => ({
    label: 'vc1',
    host: '127.0.0.1',
    port: sshd.port,
    username: user.name,
    trust: { kind: 'pin', sha256: sshd.fingerprints.ed25519 },
    auth: [{ kind: 'key', file: sshd.clientKey }],
    jumps: [],
  });
  async function open(): Promise<VcenterShell> {
    const opened = await openShell(target(), {}, {});
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    return opened.value;
  }

  test('the shell is known for what it is', () => {
    expect(shell.kind).toBe('appliancesh');
  });

  test('arguments arrive byte for byte, stdout and stderr apart, the exit code with them', async () => {
    const nasty = `it's $(id) "x" \`y\` !! \\ \n * é \t\u0003\u0004\u001a`;
    expect(await shell.run(['/usr/bin/printf', '%s|', nasty, ''])).toEqual({
      ok: true,
      value: { code: 0, stdout: `${nasty}||`, stderr: '' },
    });
    expect(await shell.run(['/bin/sh', '-c', 'printf out; echo err >&2; exit 7'])).toEqual({
      ok: true,
      value: { code: 7, stdout: 'out', stderr: 'err\n' },
    });
    expect(await shell.run(['/bin/echo', 'x'.repeat(20_000)])).toMatchObject({ value: { stdout: `${'x'.repeat(20_000)}\n` } });
  });

  test('a program that is not there says so, and one that reads gets end-of-file', async () => {
    expect(await shell.run(['/no/such/program'])).toMatchObject({
      value: { code: 127, stderr: expect.stringContaining('/no/such') },
    });
    expect(await shell.run(['/bin/cat'])).toMatchObject({ value: { code: 0, stdout: '' } });
  });

  test('input reaches the program and leaves nothing behind: no argument, no history, no file', async () => {
    const input = `s3cret'"$HOME\nline two`;
    expect(await shell.run(['/bin/cat'], { stdin: input })).toMatchObject({ value: { stdout: input } });
    const seen = await shell.run(['/bin/sh', '-c', 'cat >/dev/null; cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "'], {
      stdin: 's3cret-two',
    });
    expect(seen).toMatchObject({ ok: true });
    expect(JSON.stringify(seen)).not.toContain('s3cret-two');
    await (await open()).close();
    expect(readdirSync(home)).toEqual([]);
  });

  test('bytes that are no text do not break the framing', async () => {
    const all = await shell.run(['/usr/bin/printf', '\\000\\001\\033[2J\\r\\n\\377']);
    expect(all).toMatchObject({ value: { stdout: '\u0000\u0001\u001b[2J\r\n\ufffd' } });
    const megabyte = await shell.run(['/usr/bin/head', '-c', '1000000', '/dev/zero']);
    expect(megabyte.ok && megabyte.value.stdout.length).toBe(1_000_000);
  });

  test('a command cut off at its deadline or bound takes its channel with it, and the next one works', async () => {
    expect(await shell.run(['/bin/sleep', '61'], { timeoutMs: 300 })).toMatchObject({ error: { code: 'timeout' } });
    expect(await shell.run(['/bin/echo', 'again'])).toMatchObject({ value: { stdout: 'again\n' } });
    expect(await shell.run(['/usr/bin/yes'], { maxBytes: 100_000 })).toMatchObject({ error: { code: 'too-large' } });
    const both = await Promise.all([shell.run(['/bin/echo', 'one']), shell.run(['/bin/echo', 'two'])]);
    expect(both).toMatchObject([{ value: { stdout: 'one\n' } }, { value: { stdout: 'two\n' } }]);
  });

  test('without base64 and sed plain lines travel, with and without a last line end', async () => {
    writeFileSync(`${loginShell}.path`, '/nonexistent');
    const poor = await open();
    try {
      expect(await poor.run(['/bin/sh', '-c', "printf 'a\\n\\n b\\tc\\\\\\nlast'; echo err >&2; exit 3"])).toEqual({
        ok: true,
        value: { code: 3, stdout: 'a\n\n b\tc\\\nlast', stderr: 'err\n' },
      });
    } finally {
      await poor.close();
      writeFileSync(`${loginShell}.path`, '/usr/bin:/bin');
    }
  });

  test('where bash access is switched off, that is said at once', async () => {
    writeFileSync(`${loginShell}.off`, '');
    const refused = await openShell(target(), {}, {});
    expect(refused).toMatchObject({
      error: { code: 'shell-unproven', summary: expect.stringContaining('Shell access is disabled') },
    });
  });
});
