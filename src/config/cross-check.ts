import { parseAddress } from './parse-values.js';
import type { YamlPath } from './read-yaml.js';

export interface Crossed {
  readonly path: YamlPath;
  readonly at: 'value' | 'key';
  readonly message: string;
  readonly remedy: string;
}

/**
 * What concerns several fields at once. Reads the file as it was written, whatever else is wrong with it, so that these mistakes are
 * reported together with all others.
 */
export function crossCheck(
  file: unknown,
  fallback: { readonly username: boolean; readonly password: boolean; readonly url: boolean },
): Crossed[] {
  const found: Crossed[] = [];
  const say = (path: YamlPath, message: string, remedy: string, at: 'value' | 'key' = 'value') =>
    found.push({ path, at, message, remedy });
  const estate = record(file);

  if (estate && estate.vcenters === undefined && !fallback.url) {
    say([], 'no vCenter is listed', 'Write at least one under `vcenters:`, or set GOVC_URL.');
  }
  for (const [index, entry] of list(estate?.vcenters)) {
    const at = ['vcenters', index] as const;
    if (entry.username === undefined && !fallback.username) {
      say(at, 'username is missing', 'Write `username: administrator@vsphere.local`, or set GOVC_USERNAME.');
    }
    if (entry.password === undefined && !fallback.password) {
      say(at, 'password is missing', 'Write `password: { env: VC65_PASSWORD }` (or file, or command), or set GOVC_PASSWORD.');
    }
    oneSecret(entry.password, [...at, 'password']);
    const tls = record(entry.tls);
    if (tls && tls.fingerprint !== undefined && tls.caFile !== undefined) {
      say(
        [...at, 'tls'],
        'has both fingerprint and caFile',
        'Keep one: the fingerprint pins one certificate, caFile trusts an authority.',
        'key',
      );
    }
    if (tls && Object.keys(tls).length === 0) {
      say(
        [...at, 'tls'],
        'says nothing',
        "Write `fingerprint:` or `caFile:`, or leave `tls` out to use the system's trust store.",
        'key',
      );
    }
    const ssh = record(entry.ssh);
    if (!ssh) continue;
    const pins = [ssh.hostKey, ssh.knownHostsFile].filter((value) => value !== undefined).length;
    const remedy =
      'Write `hostKey: "SHA256:…"` (compare it on the appliance console) or `knownHostsFile: ~/.ssh/known_hosts`. There is no accept-new.';
    if (pins === 0)
      say([...at, 'ssh'], 'needs hostKey or knownHostsFile: a password or key must not go to an unknown host', remedy, 'key');
    if (pins === 2) say([...at, 'ssh'], 'has both hostKey and knownHostsFile', 'Keep one of them.', 'key');
    if (ssh.passphrase !== undefined && ssh.privateKeyFile === undefined) {
      say([...at, 'ssh', 'passphrase'], 'has no private key to open', 'Write `privateKeyFile:` beside it, or remove it.', 'key');
    }
    oneSecret(ssh.password, [...at, 'ssh', 'password']);
    oneSecret(ssh.passphrase, [...at, 'ssh', 'passphrase']);
  }

  for (const [index, entry] of list(estate?.providers)) {
    const at = ['providers', index] as const;
    const named = [entry.url, entry.match].filter((value) => value !== undefined).length;
    if (named !== 1) {
      const message = named === 0 ? 'does not say which provider it is about' : 'has both url and match';
      say(at, message, 'Write either `url: https://…` or `match: { uid: … }` / `match: { arrayId: … }`.');
    }
    const match = record(entry.match);
    if (match && present(match, ['url', 'uid', 'arrayId']) !== 1) {
      say(
        [...at, 'match'],
        'needs exactly one of url, uid, arrayId',
        'Keep the one that tells this provider from the others.',
        'key',
      );
    }
    oneSecret(record(entry.registration)?.password, [...at, 'registration', 'password']);
  }

  found.push(...twice(list(estate?.vcenters)));
  return found;

  function oneSecret(value: unknown, path: YamlPath): void {
    const source = record(value);
    if (source && present(source, ['env', 'file', 'command']) !== 1) {
      say(
        path,
        'needs exactly one of env, file, command',
        'Write one of { env: NAME }, { file: PATH }, { command: [program, argument] }.',
        'key',
      );
    }
  }
}

/** Two entries with one id, or with one address: the second is named. */
function twice(vcenters: readonly [number, Record<string, unknown>][]): Crossed[] {
  const found: Crossed[] = [];
  const ids = new Map<string, number>();
  const addresses = new Map<string, number>();
  for (const [index, entry] of vcenters) {
    if (typeof entry.address !== 'string') continue;
    const parsed = parseAddress(entry.address);
    if (!parsed.ok) continue;
    const address = `${parsed.value.host.toLowerCase().replace(/\.$/, '')}:${parsed.value.port ?? 443}`;
    const id = typeof entry.id === 'string' ? entry.id : defaultId(parsed.value.host);
    const sameAddress = addresses.get(address);
    const sameId = ids.get(id);
    if (sameAddress !== undefined) {
      const remedy = 'Remove one: a vCenter that is listed twice would look like two that hold the same trust.';
      found.push({
        path: ['vcenters', index, 'address'],
        at: 'value',
        message: `is the address of vcenters[${sameAddress}] too`,
        remedy,
      });
    } else if (sameId !== undefined) {
      const path = ['vcenters', index, entry.id === undefined ? 'address' : 'id'];
      const why = entry.id === undefined ? ' (the first label of its address)' : '';
      found.push({
        path,
        at: 'value',
        message: `has the id "${id}"${why}, as vcenters[${sameId}] has`,
        remedy: 'Give each vCenter an `id:` of its own.',
      });
    }
    addresses.set(address, addresses.get(address) ?? index);
    ids.set(id, ids.get(id) ?? index);
  }
  return found;
}

/** First label of a host name; an IP address as a whole. */
export function defaultId(host: string): string {
  return /^[\d.]+$|:/.test(host) ? host : (host.split('.')[0] ?? host);
}

const present = (value: Record<string, unknown>, keys: readonly string[]) =>
  keys.filter((key) => value[key] !== undefined).length;

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function list(value: unknown): [number, Record<string, unknown>][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, index) => {
    const entry = record(item);
    return entry ? [[index, entry] satisfies [number, Record<string, unknown>]] : [];
  });
}
