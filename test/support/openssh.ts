import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestSshd {
  readonly port: number;
  readonly folder: string;
  /** `type AAAA…` by key type. */
  readonly hostKeys: Readonly<Record<'ed25519' | 'ecdsa' | 'rsa', string>>;
  /** `SHA256:…` by key type. */
  readonly fingerprints: Readonly<Record<'ed25519' | 'ecdsa' | 'rsa', string>>;
  /** A client key that `root` and the throw-away user may log in with. */
  readonly clientKey: string;
  /** All of sshd's log so far. */
  log(): string;
  /** Waits for a line to come up in the log, behind the first `from` characters. */
  logged(pattern: RegExp, from?: number): Promise<void>;
  close(): Promise<void>;
}

const TYPES = ['ed25519', 'ecdsa', 'rsa'] as const;

/** A real sshd on 127.0.0.1 with keys of its own, in a folder of its own. */
export async function startSshd(
  options: {
    readonly config?: readonly string[];
    readonly hostKeyTypes?: readonly (typeof TYPES)[number][];
    readonly logLevel?: 'INFO' | 'DEBUG';
  } = {},
): Promise<TestSshd> {
  const folder = mkdtempSync(join(tmpdir(), 'vasatrust-sshd-'));
  chmodSync(folder, 0o755);
  // sshd wants it, other servers of these tests may be using it: it stays.
  mkdirSync('/run/sshd', { recursive: true });
  for (const type of TYPES) mintKey(type, join(folder, `host_${type}`));
  const clientKey = join(folder, 'client');
  mintKey('ed25519', clientKey);
  const authorized = join(folder, 'authorized_keys');
  writeFileSync(authorized, readFileSync(`${clientKey}.pub`));
  const port = await freePort();
  const logFile = join(folder, 'log');
  const lines = [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    ...(options.hostKeyTypes ?? TYPES).map((type) => `HostKey ${join(folder, `host_${type}`)}`),
    `AuthorizedKeysFile ${authorized}`,
    `PidFile ${join(folder, 'pid')}`,
    'StrictModes no',
    'PermitRootLogin yes',
    `LogLevel ${options.logLevel ?? 'DEBUG'}`,
    'AllowTcpForwarding yes',
    'PrintMotd no',
    'PrintLastLog no',
    'MaxStartups 100',
    ...(options.config ?? ['PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'UsePAM no']),
  ];
  const configFile = join(folder, 'sshd_config');
  writeFileSync(configFile, `${lines.join('\n')}\n`);
  const child = spawn('/usr/sbin/sshd', ['-D', '-f', configFile, '-E', logFile], { stdio: 'ignore' });
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const up = await until(() => canConnect(port));
  if (!up) {
    const why = log();
    await close();
    throw new Error(`sshd did not start: ${why}`);
  }
  return {
    port,
    folder,
    hostKeys: byType((type) => publicKey(join(folder, `host_${type}`))),
    fingerprints: byType((type) => fingerprintOf(join(folder, `host_${type}.pub`))),
    clientKey,
    log,
    logged: async (pattern, from = 0) => {
      if (!(await until(async () => pattern.test(log().slice(from))))) throw new Error(`not in sshd's log: ${pattern}\n${log()}`);
    },
    close,
  };
}

export function mintKey(type: string, file: string, passphrase = ''): void {
  const bits = type === 'rsa' ? ['-b', '2048'] : [];
  execFileSync('ssh-keygen', ['-q', '-t', type, ...bits, '-N', passphrase, '-C', '', '-f', file]);
}

/** `type AAAA…` without comment. */
export function publicKey(file: string): string {
  return readFileSync(`${file}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' ');
}

function fingerprintOf(publicFile: string): string {
  return execFileSync('ssh-keygen', ['-lf', publicFile], { encoding: 'utf8' }).split(' ')[1] ?? '';
}

function byType<T>(make: (type: (typeof TYPES)[number]) => T): Record<(typeof TYPES)[number], T> {
  return { ed25519: make('ed25519'), ecdsa: make('ecdsa'), rsa: make('rsa') };
}

export interface ThrowAwayUser {
  readonly name: string;
  readonly password: string;
  remove(): void;
}

/** A local user for password logins; needs root. */
export function addThrowAwayUser(shell = '/bin/bash', home = '/'): ThrowAwayUser {
  const name = `vt${randomBytes(4).toString('hex')}`;
  const password = randomBytes(12).toString('base64url');
  execFileSync('useradd', ['--no-create-home', '--home-dir', home, '--shell', shell, name], { stdio: 'pipe' });
  const user = {
    name,
    password,
    remove: () => {
      spawnSync('userdel', ['--force', name]);
    },
  };
  try {
    execFileSync('chpasswd', { input: `${name}:${password}\n`, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    user.remove();
    throw error;
  }
  return user;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Asks again until it is so, for 20 s at most. */
async function until(what: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    if (await what()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
