import ipaddr from 'ipaddr.js';
import type { Certificate } from '../model/certificate.js';
import { DerError } from './der.js';
import { detailsOf } from './details.js';
import { attributeValues, nameText } from './distinguished-name.js';

/**
 * One text per IP address: dotted for IPv4 (also for IPv4-mapped IPv6, which is the same host), RFC 5952 for IPv6 without brackets and zone.
 * Undefined for everything else, host names included. Octal, hex and short forms of IPv4 are not addresses here: tools disagree about what they mean.
 */
export function canonicalAddress(text: string): string | undefined {
  if (text.length > 100) return undefined;
  const bare = (text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text).replace(/%[\w.-]*$/, '');
  if (/^\d+(\.\d+){3}$/.test(bare))
    return /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}$/.test(bare) && !/(^|\.)0\d/.test(bare) ? bare : undefined;
  if (!bare.includes(':') || !ipaddr.IPv6.isValid(bare)) return undefined;
  const address = ipaddr.IPv6.parse(bare);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
}

/**
 * Host and port of a provider URL (or of `host:port`, or of a bare host), in one spelling: addresses canonical and without brackets, names in lower case without a
 * trailing dot. The port of `http` is 80, else 443. Undefined where there is no host or the port is none.
 */
export function canonicalHostPort(
  url: string,
): { readonly host: string; readonly port: number; readonly isAddress: boolean } | undefined {
  if (url.length > 4096) return undefined;
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^:/?#[\]]*)(?::(\d{1,5}))?(?:[/?#].*)?$/is.exec(
    url.trim(),
  );
  if (!match) return canonicalBareIpv6(url.trim());
  const port = match[3] !== undefined ? Number(match[3]) : match[1]?.toLowerCase() === 'http' ? 80 : 443;
  const name = (match[2] ?? '').toLowerCase().replace(/\.$/, '');
  if (port > 65_535 || port === 0) return undefined;
  const address = canonicalAddress(name);
  if (address !== undefined) return { host: address, port, isAddress: true };
  return /^[^\s[\]\u0000-\u0020]{1,255}$/.test(name) ? { host: name, port, isAddress: false } : undefined;
}

function canonicalBareIpv6(text: string) {
  const host = canonicalAddress(text);
  return host === undefined ? undefined : { host, port: 443, isAddress: true as const };
}

/**
 * Would a TLS client that connects to `host` take this certificate's name? As SMS does it, whose client is Java's (`sun.security.util.HostnameChecker`, and RFC 6125 section 6.4 where stricter):
 * an address matches iPAddress names alone; a name matches dNSName names, and the subject's most specific CN only where there is no dNSName at all. `*` stands for one whole left-most label
 * of a name with at least three.
 */
export function hostMatches(certificate: Certificate, host: string): boolean {
  const address = canonicalAddress(host);
  if (address !== undefined)
    return certificate.san.some(({ kind, value }) => kind === 'ip' && canonicalAddress(value) === address);
  const wanted = host.toLowerCase().replace(/\.$/, '');
  const names = certificate.san.filter(({ kind }) => kind === 'dns').map(({ value }) => value);
  if (names.length > 0) return names.some((name) => nameMatches(name, wanted));
  const subject = detailsOf(certificate)?.parts.subject;
  const commonName = subject && attributeValues(subject, '2.5.4.3').at(-1);
  return commonName !== undefined && nameMatches(commonName, wanted);
}

function nameMatches(pattern: string, wanted: string): boolean {
  const name = pattern.toLowerCase().replace(/\.$/, '');
  if (!name.startsWith('*.')) return name !== '' && name === wanted;
  const rest = name.slice(1);
  const dot = wanted.indexOf('.');
  return dot > 0 && wanted.slice(dot) === rest && !rest.includes('*') && rest.split('.').length > 2;
}

/** A DER-encoded name (from a CertificateRequest, say) as one line; see `nameText`. What is no name is shown as the start of its hex. */
export function dnText(derBase64: string): string {
  const der = Buffer.from(derBase64, 'base64');
  try {
    return nameText(der);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return `#${der.toString('hex', 0, 32)}${der.length > 32 ? '…' : ''}`;
  }
}
