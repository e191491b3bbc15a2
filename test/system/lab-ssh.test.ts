import { type SpawnSyncReturns, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningAppliance, startAppliance } from '../../src/lab/appliance-server.js';
import { buildScenario } from '../../src/lab/start-lab.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';
import { mintKey } from '../support/openssh.js';
import { missingSystemParts } from '../support/system.js';

type Ended = Pick<SpawnSyncReturns<string>, 'stdout' | 'stderr' | 'status'>;

describe.skipIf(missingSystemParts('ssh', 'ssh-keygen'))("OpenSSH's client on an appliance of the lab", () => {
  let world: LabWorld;
  let vcenter: LabVcenter;
  let appliance: RunningAppliance;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vasatrust-lab-ssh-'));
    mintKey('ed25519', join(folder, 'ed25519'));
    mintKey('rsa', join(folder, 'rsa'));
    mintKey('ed25519', join(folder, 'stranger'));
    world = await buildScenario('estate-of-2');
    const [first] = world.vcenters;
    if (!first) throw new Error('no vCenter');
    vcenter = first;
    for (const name of ['ed25519', 'rsa'])
      vcenter.appliance.authorizedKeys.push(readFileSync(join(folder, `${name}.pub`), 'utf8'));
    appliance = await startAppliance(world, vcenter);
    writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${appliance.port} ${appliance.hostPublicKey}\n`);
    // Prints what it finds in the environment: the password is on no command line and in no file.
    writeFileSync(join(folder, 'askpass'), '#!/bin/sh\nprintf "%s\\n" "$LAB_PASSWORD"\n', { mode: 0o700 });
  });
  afterAll(async () => {
    await appliance?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    Object.assign(vcenter.appliance, {
      shell: 'bash',
      failedLogins: 0,
      methods: ['publickey', 'password', 'keyboard-interactive'],
    });
    delete vcenter.appliance.lockedAtMs;
  });

  function ssh(
    args: readonly string[],
    options: { readonly key?: string; readonly method?: string; readonly password?: string; readonly input?: string } = {},
  ): Promise<Ended> {
    const method = options.method ?? 'publickey';
    const settings = {
      UserKnownHostsFile: join(folder, 'known_hosts'),
      GlobalKnownHostsFile: '/dev/null',
      StrictHostKeyChecking: 'yes',
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      PreferredAuthentications: method,
      NumberOfPasswordPrompts: '1',
      BatchMode: options.password === undefined ? 'yes' : 'no',
      ConnectTimeout: '20',
    };
    const terminal = args[0] === '-tt';
    const subsystem = args[0] === '-s';
    const child = spawn(
      'ssh',
      [
        '-F',
        '/dev/null',
        ...(terminal ? ['-tt'] : subsystem ? ['-s'] : []),
        ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
        ...(method === 'publickey' ? ['-i', join(folder, options.key ?? 'ed25519')] : []),
        '-p',
        String(appliance.port),
        'root@127.0.0.1',
        ...(terminal || subsystem ? args.slice(1) : args),
      ],
      {
        env: {
          PATH: process.env.PATH ?? '',
          HOME: folder,
          SSH_ASKPASS: join(folder, 'askpass'),
          SSH_ASKPASS_REQUIRE: 'force',
          LAB_PASSWORD: options.password ?? '',
        },
      },
    );
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    return new Promise((resolve, reject) => {
      const out: Buffer[] = [];
      const errors: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
      child.on('error', reject);
      child.on('close', (status) => {
        resolve({ status, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(errors).toString('utf8') });
      });
    });
  }

  for (const key of ['ed25519', 'rsa']) {
    test(`logs in with an ${key} key`, async () => {
      expect(await ssh(['hostname'], { key })).toMatchObject({ status: 0, stdout: `${vcenter.address}\n` });
    });
  }

  test('is refused with a key nobody authorized', async () => {
    const said = await ssh(['hostname'], { key: 'stranger' });
    expect(said.status).toBe(255);
    expect(said.stderr).toContain('Permission denied (publickey,password,keyboard-interactive)');
    expect(vcenter.appliance.failedLogins).toBe(0);
  });

  for (const method of ['password', 'keyboard-interactive']) {
    test(`logs in by ${method}`, async () => {
      const said = await ssh(['id', '-u'], { method, password: vcenter.appliance.rootPassword });
      expect(said).toMatchObject({ status: 0, stdout: '0\n' });
    });
  }

  test('offers the methods of the world and no others', async () => {
    vcenter.appliance.methods.splice(0, 3, 'keyboard-interactive');
    const said = await ssh(['id'], { method: 'publickey' });
    expect(said.stderr).toContain('Permission denied (keyboard-interactive)');
  });

  test('locks root after three wrong passwords, whatever the method; a key still opens', async () => {
    for (const method of ['password', 'keyboard-interactive', 'password']) await ssh(['id'], { method, password: 'wrong' });
    const right = await ssh(['id'], { method: 'password', password: vcenter.appliance.rootPassword });
    expect(right.status).toBe(255);
    expect((await ssh(['id', '-u'])).stdout).toBe('0\n');
    const logins = world.record.filter((one) => one.kind === 'ssh-login').slice(-5);
    expect(logins.map((one) => one.outcome)).toEqual([
      'refused: wrong password',
      'refused: wrong password',
      'refused: wrong password',
      'refused: locked',
      'accepted',
    ]);
  });

  test('gives the exit code and both streams', async () => {
    const said = await ssh(['cat /no/such; printf out; exit 7']);
    expect(said).toEqual({ status: 7, stdout: 'out', stderr: 'cat: /no/such: No such file or directory\n' });
  });

  test('carries standard input to the command', async () => {
    const input = 'some\0bytes\n'.repeat(20_000);
    const said = await ssh(['sha256sum; cat'], { input });
    expect(said.status).toBe(0);
    expect(said.stdout).toMatch(/^[0-9a-f]{64} {2}-\n$/);
    expect((await ssh(['cat'], { input })).stdout).toBe(input);
  });

  test('runs nothing on this machine: not by name, path, substitution, redirection or pipe', async () => {
    const trace = join(folder, 'trace');
    const attempts = [
      `touch ${trace}`,
      `/usr/bin/touch ${trace}`,
      `python3 -c 'open("${trace}","w")'`,
      `echo $(echo x > ${trace})`,
      `echo x > ${trace}`,
      `echo x | tee ${trace}`,
      `cp /etc/passwd ${trace}`,
      `node -e 'require("fs").writeFileSync("${trace}","")'`,
      `eval "touch ${trace}"`,
      `bash -c 'touch ${trace}'`,
    ];
    for (const attempt of attempts) await ssh([attempt]);
    expect(existsSync(trace)).toBe(false);
    // Nor is anything of it read.
    expect((await ssh(['cat /proc/self/status'])).stderr).toContain('No such file or directory');
    expect((await ssh([`cat ${join(folder, 'ed25519')}`])).stdout).toBe('');
    expect((await ssh(['env'])).stdout).not.toContain('LAB_PASSWORD');
  });

  test('answers 127 for what it does not know, and records it', async () => {
    const said = await ssh(['frobnicate --all']);
    expect(said).toMatchObject({ status: 127, stderr: 'bash: frobnicate: command not found\n' });
    expect(world.record.at(-1)).toMatchObject({
      kind: 'ssh-exec',
      what: 'frobnicate --all',
      outcome: 'command not found, exit 127',
    });
  });

  test('has a terminal with echo, prompt and a login shell', async () => {
    const said = await ssh(['-tt'], { input: 'pwd\nexit 3\n' });
    expect(said.status).toBe(3);
    expect(said.stdout).toMatch(/root@\S+ \[ ~ \]# /);
    expect(said.stdout).toContain('pwd\r\n');
    expect(said.stdout).toMatch(/(\n|# )\/root\r\n/);
    expect(said.stdout).toContain('logout\r\n');
  });

  test('reads a script from standard input', async () => {
    const said = await ssh(['bash -s one two'], { input: 'for x in "$@"; do\n  echo "<$x>"\ndone\n' });
    expect(said).toMatchObject({ status: 0, stdout: '<one>\n<two>\n' });
  });

  describe('under appliancesh', () => {
    beforeEach(() => {
      vcenter.appliance.shell = 'appliancesh';
    });

    test('an ordinary command is unknown, and its exit code is 0', async () => {
      expect(await ssh(['pwd'])).toEqual({ status: 0, stdout: "Unknown command: `pwd'\n", stderr: '' });
      expect((await ssh(['/bin/sh -c id'])).stdout).toBe("Unknown command: `/bin/sh'\n");
    });

    test('sftp meets the first bytes of that answer', async () => {
      const said = await ssh(['-s', 'sftp']);
      expect(said.stdout.slice(0, 4)).toBe('Unkn');
    });

    test('the version can be asked for', async () => {
      const said = await ssh(['com.vmware.appliance.version1.system.version.get']);
      expect(/^ *Version: *([0-9.]+)/m.exec(said.stdout)?.[1]).toContain(vcenter.version);
    });

    test('`shell` leads to bash, and `exit` back to the menu', async () => {
      const said = await ssh(['-tt'], { input: 'date\nshell\npwd\nexit\nexit\n' });
      expect(said.status).toBe(0);
      expect(said.stdout).toContain('    * Launch BASH: "shell"\r\n');
      expect(said.stdout).toContain("Unknown command: `date'\r\n");
      expect(said.stdout).toContain('Shell access is granted to root\r\n');
      expect(said.stdout).toMatch(/(\n|# )\/root\r\n/);
      expect(said.stdout.match(/Command> /g)).toHaveLength(3);
    });
  });

  test('a changed host key is refused before anything is said', async () => {
    const other = await startAppliance(world, vcenter);
    const before = world.record.length;
    writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${appliance.port} ${other.hostPublicKey}\n`);
    try {
      const said = await ssh(['id'], { method: 'password', password: vcenter.appliance.rootPassword });
      expect(said.status).toBe(255);
      expect(said.stderr).toContain(appliance.hostKeySha256);
      expect(world.record.slice(before)).toEqual([]);
    } finally {
      writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${appliance.port} ${appliance.hostPublicKey}\n`);
      await other.close();
    }
  });
});
