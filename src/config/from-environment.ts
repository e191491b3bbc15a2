import { readFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { err, ok, type Result } from '../model/problem.js';
import type { SecretSource, TlsTrust } from './config.js';
import type { ConfigMistake } from './mistake.js';
import { meansYes, parseAddress, parseTlsFingerprint } from './parse-values.js';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ResolvePath = (path: string) => string;

/** What the environment offers where estate.yaml says nothing. */
export interface EnvironmentDefaults {
  /** `host`, `host:port` or `[v6]:port`. */
  readonly address?: string;
  readonly username?: string;
  readonly password?: SecretSource;
  /** The variable that lists CA files; checked when it is used. */
  readonly caCerts?: { readonly name: string; readonly value: string };
  readonly knownHosts?: { readonly name: string; readonly value: string };
  readonly fingerprint?: { readonly name: string; readonly value: string };
}

/** Our own variables win over govc's. */
const PREFIXES = ['VASATRUST_', 'GOVC_'] as const;

export function readEnvironment(env: Environment): {
  readonly defaults: EnvironmentDefaults;
  readonly mistakes: readonly ConfigMistake[];
} {
  const mistakes: ConfigMistake[] = [];
  for (const prefix of PREFIXES) {
    const name = `${prefix}INSECURE`;
    if (meansYes(env[name])) {
      const remedy =
        'Unset it, and give the vCenter `tls: { fingerprint: "SHA256 …" }` or `tls: { caFile: … }` in estate.yaml: an administrator password goes over this connection.';
      mistakes.push(inEnvironment(name, 'asks for TLS without checking who answers', remedy));
    }
  }
  const url = variable(env, 'URL');
  const parts = url && splitUrl(url.value);
  if (url && parts && !parts.ok) mistakes.push(inEnvironment(url.name, parts.error.message, parts.error.remedy));
  const user = variable(env, 'USERNAME');
  const username = user?.value ?? (parts?.ok ? parts.value.username : undefined);
  const password = variable(env, 'PASSWORD');
  const knownHosts = variable(env, 'TLS_KNOWN_HOSTS');
  const caCerts = variable(env, 'TLS_CA_CERTS');
  const fingerprint = variable(env, 'TLS_FINGERPRINT', ['VASATRUST_']);
  return {
    defaults: {
      ...(parts?.ok && { address: parts.value.address }),
      ...(username !== undefined && { username }),
      ...(password && { password: { env: password.name } }),
      ...(caCerts && { caCerts }),
      ...(knownHosts && { knownHosts }),
      ...(fingerprint && { fingerprint }),
    },
    mistakes,
  };
}

/** Trust for one vCenter that has no `tls` in the file: fingerprint, known hosts, CA files, else the system's trust store. */
export async function trustFromEnvironment(
  at: { readonly host: string; readonly port: number },
  defaults: EnvironmentDefaults,
  resolvePath: ResolvePath,
): Promise<Result<TlsTrust, ConfigMistake>> {
  if (defaults.fingerprint) return pin(defaults.fingerprint.name, defaults.fingerprint.value);
  if (defaults.knownHosts) {
    const found = await lookUpThumbprint(at, defaults.knownHosts, resolvePath);
    if (found) return found;
  }
  if (!defaults.caCerts) return ok({ kind: 'system' });
  const files = defaults.caCerts.value.split(delimiter).filter((file) => file !== '');
  const [file, ...more] = files;
  if (file === undefined) return ok({ kind: 'system' });
  if (more.length > 0) {
    const remedy = 'Put the certificates together in one PEM file and name that one.';
    return err(inEnvironment(defaults.caCerts.name, `names ${files.length} files`, remedy));
  }
  return ok({ kind: 'ca-file', file: resolvePath(file) });
}

/** govc's file: a host and a thumbprint on each line. Undefined: nothing there about this host. */
async function lookUpThumbprint(
  at: { readonly host: string; readonly port: number },
  knownHosts: { readonly name: string; readonly value: string },
  resolvePath: ResolvePath,
): Promise<Result<TlsTrust, ConfigMistake> | undefined> {
  for (const file of knownHosts.value.split(delimiter).filter((name) => name !== '')) {
    const text = await readFile(resolvePath(file), 'utf8').catch(() => undefined);
    for (const line of (text ?? '').slice(0, 1_000_000).split(/\r?\n/)) {
      const [host, thumbprint] = line.trim().split(/\s+/, 2);
      if (host === undefined || thumbprint === undefined || host.startsWith('#')) continue;
      const parsed = parseAddress(host);
      if (!parsed.ok || parsed.value.host.toLowerCase() !== at.host.toLowerCase() || (parsed.value.port ?? 443) !== at.port)
        continue;
      return pin(knownHosts.name, thumbprint);
    }
  }
  return undefined;
}

function pin(name: string, text: string): Result<TlsTrust, ConfigMistake> {
  const parsed = parseTlsFingerprint(text);
  return parsed.ok
    ? ok({ kind: 'fingerprint', sha256: parsed.value })
    : err(inEnvironment(name, parsed.error.message, parsed.error.remedy));
}

/** `https://user@vc65.lab.example:443/sdk`, or any part of it, as govc takes it. */
function splitUrl(
  text: string,
): Result<{ readonly address: string; readonly username?: string }, { message: string; remedy: string }> {
  const rest = text.trim().replace(/^https:\/\//i, '');
  if (/^[a-z]+:\/\//i.test(rest))
    return err({ message: 'is not an https URL', remedy: 'Write the host name, or https://host/sdk.' });
  const authority = rest.split(/[/?#]/, 1)[0] ?? '';
  const atSign = authority.lastIndexOf('@');
  const address = authority.slice(atSign + 1);
  const user = atSign < 0 ? undefined : authority.slice(0, atSign);
  if (user?.includes(':')) return err({ message: 'carries a password', remedy: 'Take it out of the URL and set GOVC_PASSWORD.' });
  const parsed = parseAddress(address);
  if (!parsed.ok) return err({ message: `its host ${parsed.error.message}`, remedy: parsed.error.remedy });
  return ok({ address, ...(user !== undefined && { username: decoded(user) }) });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function variable(env: Environment, suffix: string, prefixes: readonly string[] = PREFIXES) {
  for (const prefix of prefixes) {
    const value = env[prefix + suffix];
    if (value !== undefined && value !== '') return { name: prefix + suffix, value };
  }
  return undefined;
}

const inEnvironment = (name: string, message: string, remedy: string): ConfigMistake => ({
  line: 0,
  column: 0,
  path: name,
  message,
  remedy,
});
