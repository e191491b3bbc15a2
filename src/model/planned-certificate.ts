import type { ProviderId, Sha256Hex } from './ids.js';

/** A certificate that a plan needs from the external CA: what to ask for, and what to hold the answer to. */
export interface PlannedCertificate {
  /** Stem of its files, unique in the plan: `[A-Za-z0-9][A-Za-z0-9._-]*`, at most 64 characters. */
  readonly name: string;
  readonly provider: ProviderId;
  /** At most 64 characters (RFC 5280 appendix A.1, ub-common-name); the SAN is what is matched. */
  readonly commonName: string;
  /** FQDN, and every host name and address under which the provider is registered. */
  readonly san: readonly PlannedName[];
  /** RSA. 2048 to 8192. */
  readonly keyBits: number;
  /** The order the vendor wants its chain in; leaf first is what TLS servers send (RFC 8446 section 4.4.2). */
  readonly chainOrder: 'leaf-first' | 'root-first';
  /** The root that every vCenter is going to trust. */
  readonly root: Sha256Hex;
  /** The external CA's certificates that the plan was made with, issuing CA first, root last. */
  readonly chain: readonly Sha256Hex[];
}

export interface PlannedName {
  readonly kind: 'dns' | 'ip';
  /** Lower case; IP addresses in canonical form (RFC 5952 for IPv6). */
  readonly value: string;
}
