import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type DerBase64, derBytes } from '../model/ids.js';
import type { LabProvider, LabRegistration, LabVcenter } from './world.js';

/** What one side of a TLS session makes of the other's certificate. */
export interface ServedCertificates {
  readonly leaf: DerBase64;
  /** As sent after the leaf. */
  readonly rest: readonly DerBase64[];
}

const MAX_PARSED = 4096;
const parsed = new Map<string, X509Certificate | undefined>();
const signatures = new Map<string, boolean>();

/** undefined: not a certificate. */
export function readCertificate(der: DerBase64): X509Certificate | undefined {
  if (!parsed.has(der)) {
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(der, parse(der));
  }
  return parsed.get(der);
}

/** `BASE64` or PEM as SMS callers send it, without the armour; undefined when there is no certificate in it. */
export function certificateInText(text: string): DerBase64 | undefined {
  const base64 = text.replace(/-----(BEGIN|END) CERTIFICATE-----/g, '').replace(/\s+/g, '') as DerBase64;
  return readCertificate(base64) ? base64 : undefined;
}

/** Value of the subject key identifier, lower-case hex; undefined where there is none. Found by its encoding: 20 bytes, as everybody makes them. */
export function keyIdentifier(der: DerBase64): string | undefined {
  const bytes = Buffer.from(derBytes(der));
  const at = bytes.indexOf(Buffer.from('0603551d0e04160414', 'hex'));
  return at < 0 ? undefined : bytes.toString('hex', at + 9, at + 29);
}

/**
 * Path by signatures from the leaf to an anchor, as PKIX has it: dates are judged on every certificate below the anchor, an anchor needs no
 * issuer above it, and a leaf that is itself an anchor is trusted.
 */
export function verifies(served: ServedCertificates, anchors: readonly DerBase64[], at: Date): boolean {
  const isAnchor = new Set<string>(anchors);
  const walk = (der: DerBase64, depth: number): boolean => {
    const certificate = readCertificate(der);
    if (!certificate || !isValidAt(certificate, at)) return false;
    if (isAnchor.has(der)) return true;
    if (anchors.some((anchor) => isSignedBy(der, anchor))) return true;
    if (depth === 0) return false;
    return served.rest.some((next) => next !== der && isSignedBy(der, next) && walk(next, depth - 1));
  };
  return walk(served.leaf, 8);
}

export function isValidAt(certificate: X509Certificate, at: Date): boolean {
  return new Date(certificate.validFrom) <= at && at <= new Date(certificate.validTo);
}

/** Host name verification by SAN, and by the common name where the certificate has no SAN. */
export function isNamed(leaf: DerBase64, host: string): boolean {
  const certificate = readCertificate(leaf);
  if (!certificate) return false;
  return isIP(host) > 0 ? certificate.checkIP(host) !== undefined : certificate.checkHost(host) !== undefined;
}

/** What a provider serves to this vCenter: from VASA 5 on its own virtual host, where it has one. */
export function servedTo(vcenter: LabVcenter, provider: LabProvider): ServedCertificates {
  const { identity, chain } = (provider.virtualHosts.get(vcenter.id) ?? provider).served;
  const [first, ...rest] = chain[0] === identity.certificate ? chain : [identity.certificate, ...chain];
  return { leaf: first ?? identity.certificate, rest };
}

/** Anchors by which SPS judges a provider: `TRUSTED_ROOTS`, and what the store `SMS` holds under the provider's own URL. */
export function anchorsFor(vcenter: LabVcenter, url: string): DerBase64[] {
  const stored = (vcenter.vecs.get('SMS') ?? []).filter((entry) => entry.alias === url).flatMap((entry) => entry.certificates);
  return [...vcenter.trustedRoots, ...stored];
}

/**
 * What SPS shows to a provider of VVols: `sps-extension` where the vCenter has it (8.x and later), else `vpxd-extension`, else
 * `sms_self_signed`. For 6.x and 7.x no document says which; the lab settles on this order.
 */
export function clientCertificatesOf(vcenter: LabVcenter): DerBase64[] {
  return firstEntry(vcenter, [['SMS', 'sps-extension'], ['vpxd-extension', 'vpxd-extension'], SMS_SELF_SIGNED]);
}

/** IO-filter providers speak VASA 1.5, and know SMS by the certificate it made itself, on any release (documented). */
export const SMS_SELF_SIGNED = ['SMS', 'sms_self_signed'] as const;

export function firstEntry(vcenter: LabVcenter, entries: readonly (readonly [string, string])[]): DerBase64[] {
  for (const [store, alias] of entries) {
    const entry = vcenter.vecs.get(store)?.find((one) => one.alias === alias);
    if (entry && entry.certificates.length > 0) return entry.certificates;
  }
  return [];
}

/** Does SPS accept the provider's certificate? */
export function isTrusted(vcenter: LabVcenter, registration: LabRegistration, provider: LabProvider, at: Date): boolean {
  return verifies(servedTo(vcenter, provider), anchorsFor(vcenter, registration.url), at);
}

/** Does the provider accept SPS's certificate? VASA 5 knows registered certificates, older versions the roots they were given. */
export function isAccepted(vcenter: LabVcenter, provider: LabProvider, at: Date): boolean {
  const shown = provider.namespace === 'IOFILTERS' ? firstEntry(vcenter, [SMS_SELF_SIGNED]) : clientCertificatesOf(vcenter);
  const [leaf, ...rest] = shown;
  if (!leaf) return false;
  const own = provider.virtualHosts.get(vcenter.id);
  if (own) return own.clientCertificates.includes(leaf);
  return verifies({ leaf, rest }, provider.clientRoots, at);
}

function isSignedBy(child: DerBase64, issuer: DerBase64): boolean {
  const by = readCertificate(issuer);
  const signed = readCertificate(child);
  if (!by || !signed || !by.ca) return false;
  const key = `${signed.fingerprint256} ${by.fingerprint256}`;
  let answer = signatures.get(key);
  if (answer === undefined) {
    if (signatures.size >= MAX_PARSED) signatures.clear();
    answer = signed.issuer === by.subject && verifySignature(signed, by);
    signatures.set(key, answer);
  }
  return answer;
}

function verifySignature(signed: X509Certificate, by: X509Certificate): boolean {
  try {
    return signed.verify(by.publicKey);
  } catch {
    return false; // key type and signature algorithm do not match
  }
}

function parse(der: DerBase64): X509Certificate | undefined {
  try {
    return new X509Certificate(derBytes(der));
  } catch {
    return undefined;
  }
}
