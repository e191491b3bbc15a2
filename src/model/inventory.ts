import type { Certificate } from './certificate.js';
import type { RelatedArray, SmsFault, Source, SpsRemoval, VchaFacts, VecsEntry, VmRecord } from './evidence.js';
import type { IsoTime, KeyIdHex, ProviderId, ProviderUrl, Sha256Hex, VcenterId } from './ids.js';
import type { Problem } from './problem.js';

/** Everything the rules and planners read: the evidence with certificates parsed, the same thing seen twice made one, and trust judged. */
export interface Inventory {
  readonly takenAt: IsoTime;
  /** SHA-256 over the canonical form of what matters; equal evidence gives equal digests. */
  readonly digest: Sha256Hex;
  readonly vcenters: readonly Vcenter[];
  readonly providers: readonly Provider[];
  readonly gaps: readonly Gap[];
}

/** Something that could not be seen. */
export interface Gap {
  /** A vCenter id or a provider URL. */
  readonly target: string;
  readonly source: Source;
  readonly problem: Problem;
}

export interface Vcenter {
  readonly id: VcenterId;
  readonly address: string;
  readonly instanceUuid?: string;
  readonly version?: string;
  readonly linkedWith: readonly LinkedVcenter[];
  /** How many vCenters of its SSO domain are not in this estate, by its topology; missing where none is, or where that was not seen. */
  readonly linkedOutside?: number;
  /** The current VMCA certificate, read on the appliance; else the best candidate known, and how. */
  readonly vmca?: { readonly certificate: Certificate; readonly source: VmcaSource };
  /** Names of the other nodes of its SSO domain, platform services controllers included; missing where that was not seen. */
  readonly ssoNodes?: readonly string[];
  /** vCenter High Availability; `none` where this version has none. Missing where it was not seen. */
  readonly vcha?: VchaFacts | 'none';
  /** The certificate of port 443 as REST tells it is not the one in the appliance's own store: it may be another appliance. SHA-256 of both. */
  readonly otherMachine?: { readonly rest: string; readonly store: string };
  readonly presents: readonly PresentedCertificate[];
  readonly trustAnchors: readonly TrustAnchor[];
  /** False: some authoritative list of anchors (TRUSTED_ROOTS by SSH or REST) was not seen, so "not in it" proves nothing. */
  readonly anchorsComplete: boolean;
  /** Trusted entries of the VECS store `SMS` (provider certificates kept under their URL); missing where not seen. */
  readonly smsStore?: readonly VecsEntry[];
  readonly hosts?: readonly Host[];
  readonly clockAheadMs?: number;
  readonly leftovers: Leftovers;
  /** Removals that the end of sps.log tells of, oldest first; missing where it was not seen. */
  readonly removals?: readonly SpsRemoval[];
}

export interface LinkedVcenter {
  readonly vcenter: VcenterId;
  /** `topology`: REST says both are nodes of one SSO domain. `mutual-trust`: each trusts the other's current VMCA root (inferred). */
  readonly basis: 'topology' | 'mutual-trust';
}

export type VmcaSource = 'appliance' | 'issued-certificates';

/** An entry of the VECS store `SMS` that SPS may show to a provider. */
export interface PresentedCertificate {
  readonly store: string;
  readonly alias: string;
  /** Whom it is shown to; `unknown` on 6.x and 7.x, where which entry is used is not documented. */
  readonly to: 'vvol' | 'iofilter' | 'unknown';
  /** Missing: the entry is not there. */
  readonly certificate?: Certificate;
  readonly issuedBy: 'current-vmca' | 'former-vmca' | 'external' | 'self' | 'unknown';
  readonly basis: 'documented' | 'inferred';
}

export interface TrustAnchor {
  readonly certificate: Certificate;
  readonly seenIn: readonly ('trusted-roots-store' | 'rest' | 'root-bundle')[];
}

export interface Host {
  readonly ref: string;
  readonly name: string;
  readonly version?: string;
  readonly certificate?: Certificate;
  /** Missing: not seen. */
  readonly trustAnchors?: readonly Certificate[];
}

/** What an earlier cleanup, by us or by hand, left on the appliance. Missing parts were not seen. */
export interface Leftovers {
  readonly rejectRoutes?: readonly { readonly address: string; readonly line: string }[];
  /** Text of qsConnection/retryAttempt when it is not the shipped value. */
  readonly changedRetryAttempt?: string;
  readonly armed?: readonly string[];
}

export interface Provider {
  readonly id: ProviderId;
  readonly urls: readonly ProviderUrl[];
  /** Registered names, sorted. */
  readonly names: readonly string[];
  readonly vasaVersion?: string;
  /** retainVasaProviderCertificate; missing where no SMS says, or where they disagree. */
  readonly retained?: boolean;
  readonly category: 'external' | 'internal' | 'unknown';
  /** Array ids, sorted. */
  readonly arrays: readonly string[];
  readonly endpoints: readonly Endpoint[];
  readonly registrations: readonly Registration[];
}

/** One look at one server name of one provider URL. */
export interface Endpoint {
  readonly url: ProviderUrl;
  readonly address?: string;
  readonly sni?: string;
  /** For a VASA 5 virtual host: whose it is. */
  readonly vcenter?: VcenterId;
  /** `operator`: probed from this machine. A vCenter id: seen only from that appliance. */
  readonly seenFrom: 'operator' | VcenterId;
  readonly leaf?: Certificate;
  /** The CA certificate sent with the leaf that issued it, by signature; whether anyone trusts it is each vCenter's own matter. */
  readonly servedIssuer?: Certificate;
  readonly servedChain: readonly Certificate[];
  /** Served bytes that are not certificates we can read: position and why. */
  readonly unreadable: readonly { readonly position: number; readonly why: string }[];
  readonly acceptedCas?: readonly string[];
  readonly holder?: Holder;
  readonly problem?: Problem;
}

/** Strongest first. */
export type HolderGrade = 'vmca-key' | 'issued-certificates' | 'only-bundle' | 'sms-record';

/** Who issued what the provider serves, proven by signature. */
export interface Holder {
  /** Several where vCenters share one VMCA key (external PSC); empty where the issuer is known but is nobody's VMCA in this estate. */
  readonly vcenters: readonly VcenterId[];
  readonly vmcaKeyId?: KeyIdHex;
  readonly grade: HolderGrade;
  readonly proof: HolderProof;
}

export type HolderProof =
  | { readonly kind: 'signature'; readonly issuer: Sha256Hex; readonly subject: string; readonly via: readonly Sha256Hex[] }
  | {
      readonly kind: 'same-key-issued';
      readonly issuer: Sha256Hex;
      readonly issued: Sha256Hex;
      readonly what: 'machine-ssl' | 'host' | 'sps-extension';
    }
  | { readonly kind: 'only-bundle'; readonly issuer: Sha256Hex }
  | { readonly kind: 'sms-record'; readonly uid: string };

export interface Registration {
  readonly vcenter: VcenterId;
  readonly uid: string;
  readonly name: string;
  readonly url: ProviderUrl;
  /** Index into the provider's `endpoints`: what this vCenter sees there; missing where that is not known. */
  readonly endpoint?: number;
  readonly status?: string;
  readonly statusFault?: SmsFault;
  readonly certificateStatus?: string;
  /** The provider's certificate as SMS holds it. */
  readonly smsCertificate?: Certificate;
  readonly lastSync?: string;
  readonly retained?: boolean;
  readonly category: 'external' | 'internal' | 'unknown';
  /** `inferred`: this SMS has no category (before 6.7); judged by the registered name and port. */
  readonly categoryBasis?: 'sms' | 'inferred';
  readonly vasaVersion?: string;
  readonly arrays: readonly RelatedArray[];
  readonly providerId?: string;
  readonly namespace?: string;
  readonly trusted: Verdict<TrustGrade, TrustReason>;
  readonly accepted: Verdict<AcceptGrade, AcceptReason>;
  readonly stale: { readonly value: TriState; readonly why: readonly StaleReason[] };
  readonly reach: Reach;
  /** Missing: not seen. */
  readonly dependents?: Dependents;
}

export type TriState = true | false | 'unknown';

export interface Verdict<Grade extends string, Reason> {
  readonly value: TriState;
  readonly grade?: Grade;
  readonly why: Reason;
}

export type TrustGrade = 'path' | 'sms-entry' | 'sms-fault' | 'no-path';
export type TrustReason =
  | { readonly code: 'path-to-anchor'; readonly anchor: Sha256Hex; readonly anchorSubject: string }
  | { readonly code: 'sms-store-entry'; readonly alias: string }
  | { readonly code: 'sms-says-not-trusted'; readonly fault: string }
  | { readonly code: 'issuer-unknown'; readonly issuer: string; readonly wantedKeyId?: KeyIdHex }
  | {
      readonly code: 'same-name-other-key';
      readonly issuer: string;
      readonly wantedKeyId?: KeyIdHex;
      readonly foundKeyIds: readonly KeyIdHex[];
    }
  | {
      readonly code: 'path-broken';
      readonly at: Sha256Hex;
      readonly how:
        | 'not-a-ca'
        | 'path-length'
        | 'key-usage'
        | 'name-constraints'
        | 'too-deep'
        | 'signature-algorithm'
        | 'critical-extension';
    }
  | { readonly code: 'not-seen'; readonly what: 'leaf' | 'anchors' | 'sms-store' | 'virtual-host' };

export type AcceptGrade = 'session' | 'sms-fault' | 'tls-alert';
export type AcceptReason =
  | { readonly code: 'online' }
  | { readonly code: 'status-fault'; readonly fault: string }
  | { readonly code: 'tls-alert'; readonly alert: string; readonly line: string }
  | { readonly code: 'acceptable-ca-hint'; readonly listed: boolean }
  | { readonly code: 'not-seen' };

/** Why a registration is, is not, or may be stale; every condition of the definition gets one. */
export type StaleReason =
  | { readonly code: 'not-external'; readonly category: string }
  | { readonly code: 'status'; readonly status: string; readonly met: boolean }
  | { readonly code: 'tls-from-appliance'; readonly outcome: TriState | 'reject-route' }
  | { readonly code: 'not-trusted'; readonly met: TriState }
  | { readonly code: 'client-refused'; readonly met: TriState }
  | { readonly code: 'retained'; readonly value: boolean }
  | { readonly code: 'holder'; readonly vcenters: readonly VcenterId[]; readonly grade: HolderGrade }
  | { readonly code: 'issuer-unknown' }
  | { readonly code: 'virtual-host-unknown' };

/** Does the provider answer from this vCenter's appliance? */
export type Reach =
  | { readonly from: 'appliance'; readonly answers: boolean; readonly problem?: Problem; readonly addresses: readonly string[] }
  /** Only the operator's machine could look. */
  | {
      readonly from: 'operator';
      readonly answers: boolean;
      readonly problem?: Problem;
      readonly addresses: readonly string[];
      readonly blockedBy?: string;
    }
  | { readonly from: 'nobody' };

export interface Dependents {
  readonly datastores: readonly {
    readonly name: string;
    readonly accessible: boolean;
    readonly accessibleOn: readonly string[];
    /** Powered-on VMs on it; missing: not counted. */
    readonly poweredOnVms?: number;
  }[];
  readonly vms: number;
  readonly poweredOnVms: number;
  readonly hosts: readonly string[];
  readonly vmNames: readonly VmRecord['name'][];
}
