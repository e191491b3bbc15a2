import type { IsoTime, KeyIdHex, ProviderId, Sha256Hex, VcenterId } from './ids.js';
import type { Gap, HolderGrade, Inventory, TrustReason } from './inventory.js';

export type Severity = 'error' | 'warning' | 'notice';

/** Who lost, and what to call the thing in a sentence. */
interface About {
  readonly provider: ProviderId;
}
interface AtVcenter {
  readonly vcenter: VcenterId;
}
interface AtRegistration extends About, AtVcenter {
  readonly uid: string;
}

/**
 * A judged fact. One shape per code; words are made in `findings/explain/`, never where the fact is found.
 * Certificates are named by fingerprint and found again in the inventory.
 */
export type Finding =
  | ({
      readonly code: 'vmca-clash';
      readonly leaf: Sha256Hex;
      readonly holders: readonly VcenterId[];
      readonly holderGrade: HolderGrade;
      readonly losers: readonly VcenterId[];
      readonly url: string;
      readonly arrays: readonly string[];
    } & About)
  | ({
      readonly code: 'trust-lost';
      /** Missing where SMS says so itself and nobody else saw what is served. */
      readonly leaf?: Sha256Hex;
      readonly reason: TrustReason;
      readonly holders: readonly VcenterId[];
      readonly since: Interval;
    } & AtRegistration)
  | ({ readonly code: 'client-not-accepted'; readonly how: string } & AtRegistration)
  | ({
      readonly code: 'stale-registration';
      readonly status: string;
      readonly name: string;
      readonly url: string;
    } & AtRegistration)
  | ({
      readonly code: 'removal-failed';
      /** The published NullPointerException; else something else went wrong. */
      readonly known: boolean;
      readonly attempts: number;
      /** When the last attempt ended, by the appliance's clock. */
      readonly at?: string;
      readonly task?: string;
      readonly array?: string;
      /** uid */
      readonly backup?: string;
      readonly exception?: string;
      /** The line of sps.log that tells it. */
      readonly line: string;
    } & AtRegistration)
  | ({
      readonly code: 'root-missing';
      /** Missing where SMS says so itself and nobody else saw what is served. */
      readonly leaf?: Sha256Hex;
      readonly wantedKeyId?: KeyIdHex;
      readonly issuer: string;
    } & AtRegistration)
  | ({
      readonly code: 'name-mismatch';
      readonly leaf: Sha256Hex;
      readonly host: string;
      readonly san: readonly string[];
    } & AtRegistration)
  | {
      readonly code: 'certificate-expired';
      readonly leaf: Sha256Hex;
      readonly what: CertificateRole;
      readonly notAfter: IsoTime;
      readonly vcenter?: VcenterId;
      readonly provider?: ProviderId;
    }
  | ({
      readonly code: 'root-expired';
      readonly root: Sha256Hex;
      readonly subject: string;
      readonly notAfter: IsoTime;
      /** Whose paths need it at this vCenter; empty: it is expired as the VMCA's own certificate. */
      readonly providers: readonly ProviderId[];
      /** Where it is one. */
      readonly provider?: ProviderId;
    } & AtVcenter)
  | ({
      readonly code: 'provider-unreachable';
      readonly url: string;
      /** Whom it does not answer: vCenter ids (their appliances), or `operator` for the machine that audits. */
      readonly from: readonly string[];
      readonly problem: string;
      /** Where it is one appliance. */
      readonly vcenter?: VcenterId;
    } & About)
  | {
      readonly code: 'same-name-other-key';
      readonly subject: string;
      readonly keyIds: readonly KeyIdHex[];
      readonly vcenters: readonly VcenterId[];
    }
  | {
      readonly code: 'certificate-expiring';
      readonly leaf: Sha256Hex;
      readonly what: CertificateRole;
      readonly notAfter: IsoTime;
      readonly daysLeft: number;
      readonly vcenter?: VcenterId;
      readonly provider?: ProviderId;
    }
  | {
      readonly code: 'weak-certificate';
      readonly leaf: Sha256Hex;
      readonly what: CertificateRole;
      readonly weakness: string;
      readonly vcenter?: VcenterId;
      readonly provider?: ProviderId;
    }
  | ({
      readonly code: 'incomplete-chain';
      readonly leaf: Sha256Hex;
      readonly missing: string;
      readonly vcenters: readonly VcenterId[];
    } & About)
  | ({ readonly code: 'sole-provider'; readonly array: string } & About & AtVcenter)
  | ({ readonly code: 'duplicate-registration'; readonly uids: readonly string[] } & About & AtVcenter)
  | {
      readonly code: 'controller-split';
      readonly array: string;
      readonly controllers: readonly { readonly provider: ProviderId; readonly holders: readonly VcenterId[] }[];
    }
  | ({
      readonly code: 'holder-outside-estate';
      readonly leaf: Sha256Hex;
      readonly issuer: string;
      readonly issuerKeyId?: KeyIdHex;
    } & About)
  | ({
      readonly code: 'host-trust-missing';
      readonly hosts: readonly string[];
      readonly wantedKeyId?: KeyIdHex;
      readonly issuer: string;
    } & About &
      AtVcenter)
  | ({ readonly code: 'clock-skew'; readonly aheadMs: number } & AtVcenter)
  | ({ readonly code: 'cleanup-leftover'; readonly what: Leftover } & AtVcenter)
  | ({
      readonly code: 'internal-provider-skipped';
      readonly count: number;
      readonly names: readonly string[];
      readonly basis: 'category' | 'inferred';
    } & AtVcenter);

export type FindingCode = Finding['code'];
export type CertificateRole = 'provider' | 'presented' | 'vmca';

export type Leftover =
  | { readonly kind: 'reject-route'; readonly address: string; readonly line: string; readonly providers: readonly ProviderId[] }
  | { readonly kind: 'retry-attempt'; readonly value: string }
  | { readonly kind: 'armed'; readonly name: string };

/** "Since when" is never one invented time: each end is named after what it was read from. */
export interface Interval {
  readonly notBefore?: { readonly at: string; readonly from: 'last-sync' };
  /** May be back-dated by the issuer. */
  readonly leafIssued?: IsoTime;
}

/** The result of an audit: a pure function of (EvidenceBundle, now). */
export interface Audit {
  readonly inventory: Inventory;
  readonly findings: readonly Finding[];
  /** What no rule could decide because something it needs was not seen: neither a finding nor a clean bill. */
  readonly notJudged: readonly NotJudged[];
  readonly gaps: readonly Gap[];
  readonly now: IsoTime;
}

export interface NotJudged {
  readonly code: FindingCode;
  /** What it is about: provider and vCenter, one of them, or a certificate's place. */
  readonly provider?: ProviderId;
  readonly vcenter?: VcenterId;
  /** What was not seen, as a short noun phrase: `the served leaf`. */
  readonly missing: string;
}
