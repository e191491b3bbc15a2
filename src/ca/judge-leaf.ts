import type { Objection } from '../model/ca-check.js';
import type { Certificate } from '../model/certificate.js';
import type { PlannedCertificate, PlannedName } from '../model/planned-certificate.js';
import { canonicalAddress, hostMatches } from '../x509/names.js';

/** Changing a provider's certificate takes all its registrations offline once more, so one that has to be renewed soon is worth a question. */
const SHORT_LIVED_DAYS = 90;
const DAY_MS = 86_400_000;

/** What is wrong with a server certificate by itself, whoever signed it. */
export function judgeLeaf(leaf: Certificate, planned: PlannedCertificate, now: Date): Objection[] {
  return [...judgeNames(leaf, planned), ...judgeUse(leaf), ...judgeLife(leaf, now)];
}

/**
 * Every name and address of the plan, as its own SAN: SMS refuses a registration whose host name is not in the certificate (`InvalidCertificate`). A CN does not count: OpenSSL and
 * Java look at it only where there is no SAN at all, and addresses are never looked for there.
 */
function judgeNames(certificate: Certificate, planned: PlannedCertificate): Objection[] {
  const names = new Set(
    certificate.san.filter(({ kind }) => kind === 'dns').map(({ value }) => value.toLowerCase().replace(/\.$/, '')),
  );
  const addresses = new Set(certificate.san.filter(({ kind }) => kind === 'ip').map(({ value }) => canonicalAddress(value)));
  const absent = planned.san.filter(({ kind, value }) =>
    kind === 'ip' ? !addresses.has(canonicalAddress(value) ?? value) : !names.has(value),
  );
  const byWildcard = ({ kind, value }: PlannedName) => kind === 'dns' && names.size > 0 && hostMatches(certificate, value);
  const covered = absent.filter(byWildcard);
  const missing = absent.filter((name) => !byWildcard(name));
  return [
    ...(missing.length > 0 ? [{ code: 'missing-san', certificate, missing } as const] : []),
    ...(covered.length > 0 ? [{ code: 'wildcard', certificate, covered } as const] : []),
  ];
}

/**
 * A purpose list has to hold serverAuth: OpenSSL does not take `anyExtendedKeyUsage` for it, Java would. A key usage has to hold digitalSignature, which
 * every handshake with forward secrecy needs (RFC 5246 section 7.4.3, RFC 8446 section 4.4.2.2).
 */
function judgeUse(certificate: Certificate): Objection[] {
  const { isCa, extendedKeyUsage, keyUsage } = certificate;
  return [
    ...(isCa || keyUsage?.includes('keyCertSign') ? [{ code: 'is-a-ca', certificate } as const] : []),
    ...(extendedKeyUsage && !extendedKeyUsage.includes('serverAuth') ? [{ code: 'eku-wrong', certificate } as const] : []),
    ...(keyUsage && !keyUsage.includes('digitalSignature') ? [{ code: 'key-usage', certificate } as const] : []),
  ];
}

function judgeLife(certificate: Certificate, now: Date): Objection[] {
  const daysLeft = Math.floor((certificate.notAfter.getTime() - now.getTime()) / DAY_MS);
  // Expiry itself is judged for the whole chain.
  return daysLeft >= 0 && daysLeft < SHORT_LIVED_DAYS ? [{ code: 'short-lived', certificate, daysLeft }] : [];
}
