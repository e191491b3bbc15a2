import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * known_hosts, read the way OpenSSH reads it (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): plain names, comma lists, `|1|` hashes,
 * `[host]:port`, `*` and `?`, `!`, `@revoked`. `@cert-authority` lines are kept but prove nothing: we do not read host certificates.
 */
export interface KnownHosts {
  readonly path: string;
  readonly entries: readonly KnownHostEntry[];
}

export interface KnownHostEntry {
  /** 1-based. */
  readonly line: number;
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  /** The hosts field as written. */
  readonly hosts: string;
  readonly keyType: string;
  /** The public key blob of RFC 4253 6.6. */
  readonly key: Buffer;
}

export interface KnownKey {
  readonly path: string;
  readonly line: number;
  readonly keyType: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

export type HostKeyLookup =
  | { readonly kind: 'match'; readonly by: KnownKey }
  /** Other keys are known for this host. */
  | { readonly kind: 'mismatch'; readonly known: readonly KnownKey[] }
  | { readonly kind: 'revoked'; readonly by: KnownKey }
  | { readonly kind: 'unknown' };

const MAX_TEXT = 32 * 1024 * 1024;
const MAX_ENTRIES = 200_000;
const MAX_LINE = 64 * 1024;
/** Longer patterns never match in OpenSSH (its buffer has 1024 bytes). */
const MAX_PATTERN = 1022;
const SPACE = /[ \t]/;
const KEY_TYPE = /^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;

/** Never throws; lines that are not entries are skipped, as OpenSSH skips them. What lies beyond the bounds is not read. */
export function parseKnownHosts(text: string, path: string): KnownHosts {
  const entries: KnownHostEntry[] = [];
  const lines = text.slice(0, MAX_TEXT).split('\n');
  for (let at = 0; at < lines.length && entries.length < MAX_ENTRIES; at++) {
    const line = lines[at] ?? '';
    if (line.length > MAX_LINE) continue;
    const entry = parseLine(line.replace(/\r$/, ''), at + 1);
    if (entry) entries.push(entry);
  }
  return { path, entries };
}

function parseLine(text: string, line: number): KnownHostEntry | undefined {
  let rest = text.replace(/^[ \t]+/, '');
  if (rest === '' || rest.startsWith('#')) return undefined;
  let marker: KnownHostEntry['marker'] = 'none';
  if (rest.startsWith('@')) {
    const [word, after] = markerWord(rest);
    if (word !== '@revoked' && word !== '@cert-authority') return undefined;
    marker = word === '@revoked' ? 'revoked' : 'cert-authority';
    rest = after;
    if (rest.startsWith('@')) return undefined;
  }
  const [hosts, afterHosts] = nextWord(rest);
  const [keyType, afterType] = nextWord(afterHosts);
  const [encoded] = nextWord(afterType);
  if (hosts === '' || !KEY_TYPE.test(keyType)) return undefined;
  const key = decodeKey(encoded, keyType);
  return key && { line, marker, hosts, keyType, key };
}

/** As OpenSSH does it: a marker ends at the first space; at a tab only where the line has no space at all. */
function markerWord(text: string): [string, string] {
  const space = text.indexOf(' ');
  const end = space < 0 ? text.indexOf('\t') : space;
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end).replace(/^[ \t]+/, '')];
}

function nextWord(text: string): [string, string] {
  const end = text.search(SPACE);
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end).replace(/^[ \t]+/, '')];
}

/** The blob must name the type the line names. */
function decodeKey(encoded: string, keyType: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded) || encoded.length % 4 !== 0) return undefined;
  const key = Buffer.from(encoded, 'base64');
  return keyTypeOf(key) === keyType ? key : undefined;
}

/** The type name at the start of a public key blob; empty when there is none. */
export function keyTypeOf(blob: Uint8Array): string {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes.length < 4) return '';
  const length = bytes.readUInt32BE(0);
  return length > 64 || bytes.length <= 4 + length ? '' : bytes.toString('latin1', 4, 4 + length);
}

/** `SHA256:…`, as `ssh-keygen -l` prints it. */
export function hostKeyFingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** The name known_hosts uses: `host`, or `[host]:port` for any port but 22. Lower case, as OpenSSH asks. */
export function knownHostName(host: string, port = 22): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Every entry whose hosts field covers `name`, markers and all: what `ssh-keygen -F NAME` lists. */
export function findEntries(known: KnownHosts, name: string): KnownHostEntry[] {
  return known.entries.filter((entry) => coversHost(entry.hosts, name));
}

/**
 * What known_hosts says about the key a host offered. A revoked key is revoked whatever other lines say.
 * Unlike `ssh`, a name without port is never taken for `[name]:port`: another port is another server until somebody says so.
 */
export function lookupHostKey(files: readonly KnownHosts[], name: string, key: Uint8Array): HostKeyLookup {
  const known: KnownKey[] = [];
  let match: KnownKey | undefined;
  for (const file of files) {
    for (const entry of findEntries(file, name)) {
      if (entry.marker === 'cert-authority') continue;
      const same = entry.key.equals(key);
      const found = { path: file.path, line: entry.line, keyType: entry.keyType, fingerprint: hostKeyFingerprint(entry.key) };
      if (entry.marker === 'revoked') {
        if (same) return { kind: 'revoked', by: found };
      } else if (same) match ??= found;
      else known.push(found);
    }
  }
  if (match) return { kind: 'match', by: match };
  return known.length > 0 ? { kind: 'mismatch', known } : { kind: 'unknown' };
}

/** Key types that known_hosts has for a host, so that the host can be asked for one of those. */
export function knownKeyTypes(files: readonly KnownHosts[], name: string): string[] {
  const entries = files.flatMap((file) => findEntries(file, name)).filter((entry) => entry.marker === 'none');
  return [...new Set(entries.map((entry) => entry.keyType))];
}

function coversHost(hosts: string, name: string): boolean {
  return hosts.startsWith('|') ? isHashOf(hosts, name) : matchesPatternList(name.toLowerCase(), hosts.toLowerCase());
}

/** `|1|base64(salt)|base64(HMAC-SHA1(salt, name))` */
function isHashOf(hosts: string, name: string): boolean {
  const [, magic, salt, hash, ...more] = hosts.split('|');
  if (magic !== '1' || salt === undefined || hash === undefined || more.length > 0) return false;
  const key = Buffer.from(salt, 'base64');
  const wanted = Buffer.from(hash, 'base64');
  if (key.length !== 20 || wanted.length !== 20) return false;
  return timingSafeEqual(createHmac('sha1', key).update(name).digest(), wanted);
}

/** Comma list with `!`: one negated match and the list does not match at all. */
export function matchesPatternList(name: string, list: string): boolean {
  let matched = false;
  for (const item of list.split(',')) {
    const negated = item.startsWith('!');
    const pattern = negated ? item.slice(1) : item;
    if (pattern.length > MAX_PATTERN) return false;
    if (!matchesPattern(name, pattern)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/** `*` and `?` only; linear in practice: only the last `*` is ever tried again. */
function matchesPattern(name: string, pattern: string): boolean {
  let n = 0;
  let p = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      n++;
      p++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
