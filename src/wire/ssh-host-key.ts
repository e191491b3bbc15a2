import type { ServerHostKeyAlgorithm } from 'ssh2';
import type { Problem } from '../model/problem.js';
import {
  hostKeyFingerprint,
  type KnownHosts,
  type KnownKey,
  keyTypeOf,
  knownHostName,
  knownKeyTypes,
  lookupHostKey,
  parseKnownHosts,
} from './known-hosts.js';
import { plainText } from './redact.js';
import type { HostTrust, SshTarget } from './vcenter-shell.js';

/** What a host may be asked to prove itself with, strongest first; `ssh-rsa` (SHA-1) is what a server of 2016 may have left. */
const FAMILIES: readonly { readonly keyType: string; readonly algorithms: readonly ServerHostKeyAlgorithm[] }[] = [
  { keyType: 'ssh-ed25519', algorithms: ['ssh-ed25519'] },
  { keyType: 'ecdsa-sha2-nistp256', algorithms: ['ecdsa-sha2-nistp256'] },
  { keyType: 'ecdsa-sha2-nistp384', algorithms: ['ecdsa-sha2-nistp384'] },
  { keyType: 'ecdsa-sha2-nistp521', algorithms: ['ecdsa-sha2-nistp521'] },
  { keyType: 'ssh-rsa', algorithms: ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] },
];

/**
 * Host key algorithms in the order to ask for: types known for this host come first, so that a host with several keys shows the one
 * that can be checked. `seen`: types already shown, whose keys were not the right ones; they are left out.
 */
export function hostKeyAlgorithms(trust: HostTrust, seen: readonly string[] = []): ServerHostKeyAlgorithm[] {
  const known = trust.kind === 'pin' ? [] : knownKeyTypes(filesOf(trust), nameOf(trust));
  const families = FAMILIES.filter((family) => !seen.includes(family.keyType));
  const knownFirst = [...families].sort((a, b) => Number(known.includes(b.keyType)) - Number(known.includes(a.keyType)));
  return knownFirst.flatMap((family) => family.algorithms);
}

/** The problem with a host key, or undefined when it is the right one. */
export function judgeHostKey(target: SshTarget, key: Uint8Array): Problem | undefined {
  const offered = describeKey(key);
  const where = `${target.host}:${target.port}`;
  const { trust } = target;
  if (trust.kind === 'pin') {
    if (hostKeyFingerprint(key) === trust.sha256.replace(/=+$/, '')) return undefined;
    return pinMismatch(target, [offered]);
  }
  const found = lookupHostKey(filesOf(trust), nameOf(trust), key);
  switch (found.kind) {
    case 'match':
      return undefined;
    case 'revoked':
      return hostKeyProblem(target, 'host-key-revoked', {
        summary: `${where} offered the SSH host key ${offered}, which is revoked (${at(found.by)})`,
        remedy:
          'Do not log in there: somebody else may hold that key. Give the appliance new host keys, then list the new one in known_hosts.',
      });
    case 'mismatch':
      return hostKeyProblem(target, 'host-key-mismatch', {
        summary: `${where} offered the SSH host key ${offered}; known for ${plainText(nameOf(trust))}: ${listKeys(found.known)}`,
        remedy: `${COMPARE} If it matches (appliances get new keys when they are upgraded), replace the line in known_hosts.`,
      });
    case 'unknown':
      return hostKeyProblem(target, 'host-key-unknown', {
        summary: `${where} offered the SSH host key ${offered}; no entry for ${plainText(nameOf(trust))} in ${listFiles(trust)}`,
        remedy: `${COMPARE} If it matches, set ssh.hostKey: "${hostKeyFingerprint(key)}" for this vCenter, or add the key to known_hosts.`,
      });
  }
}

/** A pin names one key, a host may have several: all that it showed are listed. */
export function pinMismatch(target: SshTarget, offered: readonly string[]): Problem {
  const pinned = target.trust.kind === 'pin' ? plainText(target.trust.sha256) : '';
  return hostKeyProblem(target, 'host-key-mismatch', {
    summary: `${target.host}:${target.port} offered the SSH host key ${offered.join(', ')}; the config pins ${pinned}`,
    remedy: `${COMPARE} If it matches, set ssh.hostKey for this vCenter to the new fingerprint.`,
  });
}

export function describeKey(key: Uint8Array): string {
  const type = keyTypeOf(key);
  return `${hostKeyFingerprint(key)} (${/^[a-z0-9@.-]{1,64}$/.test(type) ? type : 'unknown type'})`;
}

const COMPARE =
  'Compare it with the key on the appliance console (for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done).';

function hostKeyProblem(
  target: SshTarget,
  code: 'host-key-unknown' | 'host-key-mismatch' | 'host-key-revoked',
  words: { readonly summary: string; readonly remedy: string },
): Problem {
  return { code, target: target.label, retry: 'after-remedy', ...words };
}

function at(key: KnownKey): string {
  return `${plainText(key.path)}, line ${key.line}`;
}

function listKeys(keys: readonly KnownKey[]): string {
  const shown = keys.slice(0, 4).map((key) => `${key.fingerprint} (${key.keyType}; ${at(key)})`);
  return keys.length > shown.length ? `${shown.join(', ')} and ${keys.length - shown.length} more` : shown.join(', ');
}

type KnownHostsTrust = Extract<HostTrust, { kind: 'known-hosts' }>;

function listFiles(trust: KnownHostsTrust): string {
  return trust.files.map((file) => plainText(file.path)).join(', ') || 'any known_hosts file (none was found)';
}

function nameOf(trust: KnownHostsTrust): string {
  return knownHostName(trust.name, trust.port);
}

/** Parsed once per file object, which the environment shares between targets. */
const parsed = new WeakMap<object, KnownHosts>();

function filesOf(trust: KnownHostsTrust): KnownHosts[] {
  return trust.files.map((file) => {
    const known = parsed.get(file) ?? parseKnownHosts(file.text, file.path);
    parsed.set(file, known);
    return known;
  });
}
