import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import { vcenterId } from '../model/ids.js';
import { err, ok, type Result } from '../model/problem.js';
import type {
  Config,
  HostKeyTrust,
  ProviderConfig,
  SecretSource,
  SshAuth,
  SshConfig,
  TlsTrust,
  VcenterConfig,
} from './config.js';
import { defaultId } from './cross-check.js';
import type { EstateFile, ProviderEntry, SecretEntry, VcenterEntry } from './estate-schema.js';
import {
  type Environment,
  type EnvironmentDefaults,
  type ResolvePath,
  readEnvironment,
  trustFromEnvironment,
} from './from-environment.js';
import type { ConfigMistake } from './mistake.js';
import { parseAddress, parseHostKey, parseHostPort, parseTlsFingerprint } from './parse-values.js';
import { readEstate } from './read-estate.js';

const DEFAULT_FILE = 'estate.yaml';
/** About ten thousand vCenters; more is not an estate. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * The estate to look at: from `path`, else from ./estate.yaml, else one vCenter from the environment. Reports every mistake at once.
 * Reads no secret: a `Config` says where each one is.
 * @param path as typed after `--file`; undefined when it was not given
 */
export async function loadConfig(
  path: string | undefined,
  env: Environment,
  cwd: string,
): Promise<Result<Config, readonly ConfigMistake[]>> {
  const home = env.HOME || env.USERPROFILE || homedir();
  const { defaults, mistakes } = readEnvironment(env);
  const file = path ?? DEFAULT_FILE;
  const text = await readText(resolve(cwd, expandHome(file, home)));

  if (text.ok) {
    const read = readEstate(text.value, {
      username: defaults.username !== undefined,
      password: defaults.password !== undefined,
      url: defaults.address !== undefined,
    });
    const inFile = read.ok ? [] : read.error.map((mistake) => ({ ...mistake, file }));
    if (!read.ok || mistakes.length > 0) return err([...mistakes, ...inFile]);
    const folder = dirname(resolve(cwd, expandHome(file, home)));
    return toConfig(read.value, { defaults, resolvePath: (name) => resolve(folder, expandHome(name, home)) }, file);
  }
  if (path === undefined && text.error === 'missing' && defaults.address !== undefined) {
    if (mistakes.length > 0) return err(mistakes);
    return toConfig({}, { defaults, resolvePath: (name) => resolve(cwd, expandHome(name, home)) });
  }
  // With a URL in the environment no file is needed: what is wrong is the URL.
  if (path === undefined && text.error === 'missing' && mistakes.some((mistake) => mistake.path.endsWith('_URL')))
    return err(mistakes);
  return err([...mistakes, noFile(file, path === undefined, text.error)]);
}

async function readText(file: string): Promise<Result<string, 'missing' | 'unreadable' | 'too-large' | 'not-text'>> {
  try {
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(MAX_FILE_BYTES + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
        length += bytesRead;
        if (bytesRead === 0 || length === buffer.length) break;
      }
      if (length > MAX_FILE_BYTES) return err('too-large');
      try {
        return ok(new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length)));
      } catch {
        return err('not-text');
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return err(code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable');
  }
}

function noFile(file: string, isDefault: boolean, why: 'missing' | 'unreadable' | 'too-large' | 'not-text'): ConfigMistake {
  const said = {
    missing: [
      'there is no such file',
      isDefault
        ? 'Write ./estate.yaml, name another file with --file, or set GOVC_URL for a single vCenter.'
        : 'Check the path after --file.',
    ],
    unreadable: ['the file cannot be read', 'Check that it is a file and that you may read it.'],
    'too-large': [`the file is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB`, 'Check that this is your estate.yaml.'],
    'not-text': ['the file is not UTF-8 text', 'Save it as UTF-8.'],
  } as const;
  const [message, remedy] = said[why];
  return { file, line: 0, column: 0, path: '', message, remedy };
}

interface Surroundings {
  readonly defaults: EnvironmentDefaults;
  /** Relative to the file's folder, `~` expanded. */
  readonly resolvePath: ResolvePath;
}

async function toConfig(
  estate: EstateFile,
  around: Surroundings,
  file?: string,
): Promise<Result<Config, readonly ConfigMistake[]>> {
  const { defaults } = around;
  const entries: readonly VcenterEntry[] = estate.vcenters ?? (defaults.address ? [{ address: defaults.address }] : []);
  const mistakes: ConfigMistake[] = [];
  const vcenters: VcenterConfig[] = [];
  for (const entry of entries) {
    const vcenter = await toVcenter(entry, around);
    if (vcenter.ok) vcenters.push(vcenter.value);
    else mistakes.push(...vcenter.error);
  }
  if (mistakes.length > 0) return err(mistakes.filter((one, i) => mistakes.findIndex((other) => other.path === one.path) === i));
  return ok({
    ...(file !== undefined && { file }),
    vcenters,
    providers: (estate.providers ?? []).map((entry) => toProvider(entry, around.resolvePath)),
    ...(estate.externalCa && { externalCa: { certificateFile: around.resolvePath(estate.externalCa.certificateFile) } }),
  });
}

async function toVcenter(entry: VcenterEntry, around: Surroundings): Promise<Result<VcenterConfig, readonly ConfigMistake[]>> {
  const { host, port = 443 } = checked(parseAddress(entry.address));
  const tls = entry.tls
    ? ok(toTrust(entry.tls, around.resolvePath))
    : await trustFromEnvironment({ host, port }, around.defaults, around.resolvePath);
  const username = entry.username ?? around.defaults.username;
  const password = entry.password ? toSecret(entry.password, around.resolvePath) : around.defaults.password;
  const mistakes: ConfigMistake[] = [];
  if (!tls.ok) mistakes.push(tls.error);
  if (username === undefined)
    mistakes.push(unset('GOVC_USERNAME', 'the account to log in with is not known', 'Set GOVC_USERNAME.'));
  if (password === undefined) mistakes.push(unset('GOVC_PASSWORD', 'the password is not known', 'Set GOVC_PASSWORD.'));
  if (!tls.ok || username === undefined || password === undefined) return err(mistakes);
  return ok({
    id: vcenterId(entry.id ?? defaultId(host)),
    address: host,
    port,
    ...(entry.connectTo !== undefined && { connectTo: checked(parseHostPort(entry.connectTo)) }),
    username,
    password,
    tls: tls.value,
    ...(entry.ssh && { ssh: toSsh(entry.ssh, host, around.resolvePath) }),
  });
}

const unset = (path: string, message: string, remedy: string): ConfigMistake => ({ line: 0, column: 0, path, message, remedy });

function toTrust(tls: NonNullable<VcenterEntry['tls']>, resolvePath: ResolvePath): TlsTrust {
  if (tls.fingerprint !== undefined) return { kind: 'fingerprint', sha256: checked(parseTlsFingerprint(tls.fingerprint)) };
  return tls.caFile === undefined ? { kind: 'system' } : { kind: 'ca-file', file: resolvePath(tls.caFile) };
}

/** Logins are tried in this order: key, agent, password. */
function toSsh(ssh: NonNullable<VcenterEntry['ssh']>, address: string, resolvePath: ResolvePath): SshConfig {
  const auth: SshAuth[] = [];
  if (ssh.privateKeyFile !== undefined) auth.push({ kind: 'key', file: resolvePath(ssh.privateKeyFile) });
  if (ssh.agent) auth.push({ kind: 'agent' });
  if (ssh.password) auth.push({ kind: 'password', password: toSecret(ssh.password, resolvePath) });
  const named = ssh.host === undefined ? { host: address } : checked(parseAddress(ssh.host));
  const port = ssh.port ?? ('port' in named ? named.port : undefined);
  const hostKey: HostKeyTrust =
    ssh.hostKey !== undefined
      ? { kind: 'pin', sha256: checked(parseHostKey(ssh.hostKey)) }
      : { kind: 'known-hosts', files: [resolvePath(ssh.knownHostsFile ?? '')] };
  return {
    host: named.host,
    ...(port !== undefined && { port }),
    ...(ssh.username !== undefined && { username: ssh.username }),
    auth,
    hostKey,
    ...(ssh.passphrase && { passphrase: toSecret(ssh.passphrase, resolvePath) }),
  };
}

function toProvider(entry: ProviderEntry, resolvePath: ResolvePath): ProviderConfig {
  const named = entry.match ?? { url: entry.url };
  const match =
    named.url !== undefined
      ? { url: named.url }
      : 'uid' in named && named.uid !== undefined
        ? { uid: named.uid }
        : { arrayId: ('arrayId' in named && named.arrayId) || '' };
  const { registration } = entry;
  return {
    match,
    ...(entry.connectTo !== undefined && { connectTo: checked(parseHostPort(entry.connectTo)) }),
    ...(entry.serverName !== undefined && { serverName: entry.serverName }),
    ...(registration && { registration: { ...registration, password: toSecret(registration.password, resolvePath) } }),
  };
}

/** A program with a slash in its name is a path like any other; a bare name is looked up on PATH. */
function toSecret(entry: SecretEntry, resolvePath: ResolvePath): SecretSource {
  if (entry.env !== undefined) return { env: entry.env };
  if (entry.file !== undefined) return { file: resolvePath(entry.file) };
  const [program = '', ...rest] = entry.command ?? [];
  return { command: [program.includes('/') ? resolvePath(program) : program, ...rest] };
}

function expandHome(path: string, home: string): string {
  if (path === '~') return home;
  return /^~[/\\]/.test(path) && !isAbsolute(path) ? resolve(home, path.slice(2)) : path;
}

/** For text that the schema has let through. */
function checked<T>(parsed: Result<T, { readonly message: string }>): T {
  if (!parsed.ok) throw new Error(`the schema accepted what the parser refuses: ${parsed.error.message}`);
  return parsed.value;
}
