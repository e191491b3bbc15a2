import { X509Certificate } from 'node:crypto';
import type { DerBase64 } from '../model/ids.js';

/** What vCenter's services tell about a certificate in plain words. */
export interface CertificateFacts {
  /** `CN=…,O=…`, as OpenSSL orders it. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isSelfSigned: boolean;
}

const CACHE = new Map<DerBase64, CertificateFacts | undefined>();
const MAX_CACHED = 20_000;

/** Undefined for bytes that are not a certificate. Cached: a thousand vCenters are asked for the same ones again and again. */
export function certificateFacts(der: DerBase64): CertificateFacts | undefined {
  if (!CACHE.has(der)) {
    if (CACHE.size >= MAX_CACHED) CACHE.clear();
    CACHE.set(der, readFacts(der));
  }
  return CACHE.get(der);
}

function readFacts(der: DerBase64): CertificateFacts | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(der, 'base64'));
    return {
      subject: certificate.subject.split('\n').join(','),
      issuer: (certificate.issuer ?? '').split('\n').join(','),
      notBefore: new Date(certificate.validFrom),
      notAfter: new Date(certificate.validTo),
      isSelfSigned: certificate.subject === certificate.issuer,
    };
  } catch {
    return undefined;
  }
}

export function toPem(der: DerBase64): string {
  return `-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END CERTIFICATE-----\n`;
}
