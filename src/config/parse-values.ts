import { isIP, isIPv6 as isIPv6WithZone } from 'node:net';
import { err, ok, type Result } from '../model/problem.js';
import type { HostPort } from './config.js';

/** Why a value is refused, in words that never quote a secret. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string;
}

type Parsed<T> = Result<T, Refusal>;

const refuse = (message: string, remedy: string): Parsed<never> => err({ message, remedy });

/** Node accepts a zone (`%eth0`), which names an interface of one machine and belongs in no estate. */
const isIPv6 = (text: string): boolean => isIPv6WithZone(text) && !text.includes('%');

/** Letters, digits, hyphens and underscores in labels of at most 63, 253 in all; a trailing dot is accepted. */
const HOST_NAME = /^(?=.{1,254}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

/** `name`, `name:port`, `10.0.0.5:443`, `[2001:db8::1]:443`, `2001:db8::1`. */
export function parseAddress(text: string): Parsed<{ readonly host: string; readonly port?: number }> {
  const trimmed = text.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed))
    return refuse('is a URL', 'Write the host name alone: vc65.lab.example, or vc65.lab.example:443.');
  if (isIPv6(trimmed)) return ok({ host: trimmed });
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:[\]]*))(?::(?<port>\d{1,5}))?$/.exec(trimmed);
  const host = match?.groups?.v6 ?? match?.groups?.name;
  if (match === null || !host)
    return refuse('is not an address', 'Write a host name or an IP address, with :port where needed; IPv6 as [2001:db8::1]:443.');
  if (match.groups?.v6 !== undefined && !isIPv6(host))
    return refuse('has something else than an IPv6 address in brackets', 'Write [2001:db8::1], without a zone.');
  if (isIP(host) === 0 && (!HOST_NAME.test(host) || /^[\d.]+$/.test(host))) {
    return refuse(
      'is not a host name',
      'Use letters, digits, hyphens and dots; write other characters as the DNS has them (xn--…).',
    );
  }
  if (match.groups?.port === undefined) return ok({ host });
  const port = Number(match.groups.port);
  return port >= 1 && port <= 65_535
    ? ok({ host, port })
    : refuse('has a port outside 1 to 65535', 'Write the TCP port, as in vc65.lab.example:443.');
}

/** As `parseAddress`, with the port required. */
export function parseHostPort(text: string): Parsed<HostPort> {
  const parsed = parseAddress(text);
  if (!parsed.ok) return parsed;
  if (parsed.value.port === undefined) return refuse('has no port', 'Write host:port, as in 127.0.0.1:8443.');
  return ok({ host: parsed.value.host, port: parsed.value.port });
}

/** `SHA256 AB:CD:…`, what `openssl x509 -fingerprint -sha256` prints, or plain hex → 64 lower-case hex digits. */
export function parseTlsFingerprint(text: string): Parsed<string> {
  const named = /^\s*(?:(?<hash>sha-?\d+|md5)\b[\s:]*(?:fingerprint)?\s*=?\s*)?(?<hex>.*)$/i.exec(text);
  const hash = named?.groups?.hash?.replace('-', '').toLowerCase();
  const hex = (named?.groups?.hex ?? '').replaceAll(/[:\s]/g, '').toLowerCase();
  const how =
    'Take it from `openssl x509 -noout -fingerprint -sha256`, and compare it with the vCenter console: "SHA256 AB:CD:…".';
  const isHex = /^[0-9a-f]+$/.test(hex);
  if (hash === 'sha1' || (hash === undefined && isHex && hex.length === 40)) {
    return refuse('is a SHA-1 thumbprint, which can be forged and is never a pin', `Use the SHA-256 fingerprint. ${how}`);
  }
  if ((hash !== undefined && hash !== 'sha256') || !isHex || hex.length !== 64)
    return refuse('is not a SHA-256 fingerprint (64 hex digits)', how);
  return ok(hex);
}

/** `SHA256:` and base64, as `ssh-keygen -lf` prints it → the same without padding. */
export function parseHostKey(text: string): Parsed<string> {
  const how = 'Run `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the appliance console and copy the part "SHA256:…".';
  const trimmed = text.trim();
  if (/^(md5:)?([0-9a-f]{2}:){15}[0-9a-f]{2}$/i.test(trimmed))
    return refuse('is an MD5 fingerprint, which can be forged', `Use the SHA-256 fingerprint. ${how}`);
  const match = /^SHA256:(?<base64>[A-Za-z0-9+/]{43})=?$/.exec(trimmed);
  return match?.groups?.base64
    ? ok(`SHA256:${match.groups.base64}`)
    : refuse('is not a host key fingerprint of the form "SHA256:…"', how);
}

/** An https URL without user information; kept as spelled, since SMS compares it as text. */
export function parseProviderUrl(text: string): Parsed<string> {
  const how = 'Write it as the storage provider is registered: https://array1-ct0.lab.example:8084/version.xml.';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuse('is not a URL', how);
  }
  if (url.protocol !== 'https:') return refuse('is not an https URL: VASA providers speak TLS only', how);
  if (url.username !== '' || url.password !== '')
    return refuse('carries a user name or password', 'Put them under `registration:`, the password as { env: NAME }.');
  return ok(text);
}

/** A Go boolean as govc reads it, and what else people write; anything that is not clearly "no" counts as yes. */
export function meansYes(text: string | undefined): boolean {
  return text !== undefined && !['', '0', 'f', 'false', 'n', 'no', 'off'].includes(text.trim().toLowerCase());
}
