import type { DerBase64, KeyIdHex, Sha256Hex } from './ids.js';

/** What a certificate says, plus the DER it was read from. Nothing in here is verified: signatures are `x509/`'s business. */
export interface Certificate {
  readonly der: DerBase64;
  /** Identity: SHA-256 of the DER. */
  readonly sha256: Sha256Hex;
  /** vSphere's thumbprint: SHA-1 of the DER, lower-case hex. */
  readonly sha1: string;
  /** Distinguished name, one line, most significant part first as in `CN=CA,DC=vsphere,DC=local`; see `x509/names.ts`. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex, as in the DER (a leading `-` for the negative numbers some tools mint). */
  readonly serial: string;
  readonly ski?: KeyIdHex;
  readonly aki?: KeyIdHex;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly san: readonly SubjectAltName[];
  /** basicConstraints cA; false where the extension is missing, whatever the version. */
  readonly isCa: boolean;
  readonly pathLength?: number;
  /** Absent where there is no such extension. */
  readonly keyUsage?: readonly string[];
  readonly extendedKeyUsage?: readonly string[];
  readonly signatureAlgorithm: string;
  readonly publicKey: PublicKeyFacts;
  /** SHA-256 of the SubjectPublicKeyInfo: equal keys, whatever the certificate. */
  readonly spkiSha256: Sha256Hex;
  readonly version: 1 | 2 | 3;
}

export interface SubjectAltName {
  readonly kind: 'dns' | 'ip' | 'uri' | 'email' | 'other';
  /** IP addresses in canonical form (RFC 5952 for IPv6). */
  readonly value: string;
}

export type PublicKeyFacts =
  | { readonly type: 'rsa'; readonly bits: number }
  | { readonly type: 'ec'; readonly curve: string }
  | { readonly type: 'other'; readonly name: string };
