import type { Certificate } from '../model/certificate.js';
import { derBytes } from '../model/ids.js';
import { type CertificateParts, signedParts, takeApart } from './certificate-parts.js';
import { DerError } from './der.js';
import { canonicalName } from './distinguished-name.js';

/** What building paths needs beyond the model. */
export interface CertificateDetails {
  readonly parts: CertificateParts;
  /** Equal for names that are equal; see `canonicalName`. */
  readonly subjectKey: string;
  readonly issuerKey: string;
  readonly selfIssued: boolean;
  /** See `SignedParts`. */
  readonly algorithmsAgree: boolean;
}

const known = new WeakMap<Certificate, CertificateDetails>();

/** Parts that parsing left over. Bounded, because most certificates are never asked for details. */
const MAX_OFFERED = 4_096;
const offered = new Map<Certificate, CertificateParts>();

/** Spares `detailsOf` taking a certificate apart a second time. */
export function offerParts(certificate: Certificate, parts: CertificateParts): void {
  if (offered.size >= MAX_OFFERED) offered.clear();
  offered.set(certificate, parts);
}

/** Undefined only for an object that did not come from `parse.ts` and whose `der` is no certificate. */
export function detailsOf(certificate: Certificate): CertificateDetails | undefined {
  const details = known.get(certificate) ?? readDetails(certificate);
  if (details) known.set(certificate, details);
  return details;
}

function readDetails(certificate: Certificate): CertificateDetails | undefined {
  try {
    const bytes = derBytes(certificate.der) as Buffer;
    const parts = offered.get(certificate) ?? takeApart(bytes);
    offered.delete(certificate);
    const subjectKey = canonicalName(parts.subject);
    const issuerKey = parts.issuer.equals(parts.subject) ? subjectKey : canonicalName(parts.issuer);
    return {
      parts,
      subjectKey,
      issuerKey,
      selfIssued: subjectKey === issuerKey,
      algorithmsAgree: signedParts(bytes).algorithmsAgree,
    };
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}
