import type { DerBase64, IsoTime, ProviderId, ProviderUrl, Sha256Hex, VcenterId } from './ids.js';
import type { PlannedCertificate } from './planned-certificate.js';

/** Unique in its plan, made of what the step does and where: `register-provider.vc65.array1-CT0`. */
export type StepId = string & { readonly __brand: 'StepId' };

/**
 * What to do, in which order: data, without words. Words come from `plan/describe-step.ts`; nothing in here was carried out.
 * A pure function of (Inventory, goal): the same evidence gives the same bytes. Its age is computed when it is shown.
 */
export interface Plan {
  readonly formatVersion: 1;
  readonly kind: PlanKind;
  readonly madeBy: string;
  /** When the evidence was complete. */
  readonly takenAt: IsoTime;
  /** Digest of the inventory it was made from. */
  readonly estate: Sha256Hex;
  readonly strategy: Strategy;
  /** Every provider it changes. */
  readonly providers: readonly PlannedProvider[];
  /** Every vCenter that takes part, by id. */
  readonly vcenters: readonly PlannedVcenter[];
  /** `external-ca` plans only. */
  readonly externalCa?: ExternalCa;
  /** What the external CA is to sign: one per certificate that is served, so one for several providers behind one address. */
  readonly providerCertificates: readonly PlannedCertificate[];
  /** One per vCenter with a registration of a provider of the plan. */
  readonly outages: readonly Outage[];
  /** From this step on there is no way back that costs less than going on; missing: there is always one. */
  readonly pointOfNoReturn?: StepId;
  readonly warnings: readonly PlanWarning[];
  /** What had to be accepted by name before the plan was written. */
  readonly acceptances: readonly Acceptance[];
  /** What it rests on; `plan check` says which of these have changed. */
  readonly facts: readonly Fact[];
  /** In an order that honours `needs`; any other order that does is as good. */
  readonly steps: readonly Step[];
}

export type PlanKind = 'external-ca' | 'cleanup';

/** `controller-by-controller`: every vCenter keeps a path over another certificate. `all-at-once`: some array has one certificate for all its paths. */
export type Strategy = 'controller-by-controller' | 'all-at-once';

export interface PlannedProvider {
  readonly id: ProviderId;
  /** What people call it: a registered name, or where it is. */
  readonly name: string;
  readonly urls: readonly ProviderUrl[];
  readonly arrays: readonly string[];
  readonly vasaVersion?: string;
  readonly vendor: VendorId;
  /** `PlannedCertificate.name`; missing in a plan that changes no certificate. */
  readonly certificate?: string;
}

export interface PlannedVcenter {
  readonly id: VcenterId;
  readonly address: string;
  readonly version?: string;
}

/** Vendors whose way with certificates is known in part; told by the provider's namespace, which is inferred for all but Pure. */
export type VendorId = 'pure' | 'netapp' | 'huawei' | 'dell' | 'hpe' | 'hitachi' | 'ibm' | 'unknown';

export interface ExternalCa {
  /** As given: issuing CA first, root last. */
  readonly certificates: readonly DerBase64[];
  readonly root: Sha256Hex;
}

/** Seconds. */
export interface Span {
  readonly least: number;
  readonly most: number;
}

/** How long a vCenter has no path at all to some array of the plan; no windows: it keeps one. Running VMs keep their I/O: it is the control path that is missing. */
export interface Outage extends Span {
  readonly vcenter: VcenterId;
  readonly windows: readonly OutageWindow[];
}

export interface OutageWindow extends Span {
  /** `already-out`: it has none now, and gets one back. `last-path`: the plan takes its last one for a while. */
  readonly why: 'already-out' | 'last-path';
  /** Array id; the provider's id where SMS names no array. */
  readonly array: string;
  /** From the start of one step to the end of the other. */
  readonly from: StepId;
  readonly until: StepId;
}

export interface Acceptance {
  readonly code: AcceptanceCode;
  readonly name: string;
}

export type AcceptanceCode =
  /** One certificate is the only path of every vCenter to this array. */
  | 'outage-for-all'
  /** This vCenter loses its last path for a while. */
  | 'last-path'
  /** Somebody outside the estate holds this provider and is going to lose it. */
  | 'holder-outside'
  /** All works as it is, because the vCenters are linked or share a VMCA. */
  | 'works-as-it-is'
  /** A document says that the vendor's provider serves a single vCenter. */
  | 'vendor-single-vcenter';

export type PlanWarning =
  | { readonly code: 'ask-vendor'; readonly providers: readonly ProviderId[]; readonly what: 'retain' | 'install' | 'client-cas' }
  | {
      readonly code: 'outage-for-all';
      readonly array: string;
      readonly because: 'one-controller' | 'one-address' | 'one-certificate';
    }
  | { readonly code: 'last-path'; readonly vcenter: VcenterId; readonly array: string }
  | { readonly code: 'brought-in'; readonly provider: ProviderId; readonly array: string }
  | { readonly code: 'added-registration'; readonly vcenter: VcenterId; readonly provider: ProviderId }
  | { readonly code: 'no-host-name'; readonly provider: ProviderId }
  | { readonly code: 'host-store-drop'; readonly vcenter: VcenterId; readonly hosts: readonly string[] }
  | { readonly code: 'clock-skew'; readonly vcenter: VcenterId; readonly aheadMs: number }
  | { readonly code: 'clock-not-seen'; readonly vcenter: VcenterId }
  | { readonly code: 'linked'; readonly vcenters: readonly VcenterId[] }
  | { readonly code: 'mixed-versions'; readonly versions: readonly string[] }
  | { readonly code: 'holder-outside'; readonly provider: ProviderId; readonly issuer: string }
  | {
      readonly code: 'dependents-running';
      readonly vcenter: VcenterId;
      readonly datastores: readonly string[];
      readonly poweredOnVms: number;
    }
  | { readonly code: 'removal-may-fail'; readonly providers: readonly ProviderId[]; readonly vcenters: readonly VcenterId[] }
  | { readonly code: 'ca-expires'; readonly subject: string; readonly notAfter: IsoTime };

/** One thing a plan rests on, with its value at the time of the evidence. */
export type Fact =
  | {
      readonly kind: 'leaf';
      readonly provider: ProviderId;
      readonly url: ProviderUrl;
      readonly sni?: string;
      readonly sha256: Sha256Hex;
    }
  | {
      readonly kind: 'registration';
      readonly provider: ProviderId;
      readonly vcenter: VcenterId;
      readonly uid: string;
      readonly url: ProviderUrl;
      readonly name: string;
      readonly retained?: boolean;
    }
  /** Every vCenter with a registration of it, once per registration: tells of ones that came. */
  | { readonly kind: 'registrations'; readonly provider: ProviderId; readonly vcenters: readonly VcenterId[] }
  | { readonly kind: 'version'; readonly vcenter: VcenterId; readonly version?: string }
  | { readonly kind: 'vmca'; readonly vcenter: VcenterId; readonly sha256?: Sha256Hex }
  /** Whether a CA certificate of the plan was among the vCenter's trust anchors. */
  | { readonly kind: 'root'; readonly vcenter: VcenterId; readonly sha256: Sha256Hex; readonly present: boolean }
  /** Missing hosts: not seen. */
  | {
      readonly kind: 'hosts';
      readonly vcenter: VcenterId;
      readonly hosts?: readonly { readonly name: string; readonly version?: string }[];
    };

/** Where a step is done. */
export type Place =
  | { readonly kind: 'estate' }
  | { readonly kind: 'ca' }
  | { readonly kind: 'vcenter'; readonly vcenter: VcenterId }
  | { readonly kind: 'appliance'; readonly vcenter: VcenterId }
  | { readonly kind: 'host'; readonly vcenter: VcenterId; readonly host: string }
  | { readonly kind: 'provider'; readonly provider: ProviderId };

interface StepFrame {
  readonly id: StepId;
  /** Steps that have to be done and checked before. */
  readonly needs: readonly StepId[];
  /** `tool`: a call or a look that a program can make. `operator`: hands, or a command that only the vendor knows. */
  readonly actor: 'tool' | 'operator';
  readonly place: Place;
  readonly seconds: Span;
  /** vCenters that lose the path over this place by the step, and those of them for which it was the last. Missing: nobody. */
  readonly outage?: { readonly paths: readonly VcenterId[]; readonly last: readonly VcenterId[] };
  /** May be left out: says why. */
  readonly optional?: 'no-registration';
}

/** One registration as a plan handles it. */
export interface AtRegistration {
  readonly vcenter: VcenterId;
  readonly provider: ProviderId;
  readonly name: string;
  readonly url: ProviderUrl;
}

export type Step = StepFrame &
  (
    | { readonly kind: 'confirm-evidence' }
    | {
        readonly kind: 'confirm-clocks';
        readonly vcenters: readonly { readonly vcenter: VcenterId; readonly aheadMs?: number }[];
      }
    | {
        readonly kind: 'confirm-names';
        readonly certificate: string;
        readonly used: readonly { readonly vcenter: VcenterId; readonly host: string }[];
      }
    /** One backup of each group, all nodes of a group at the same time. */
    | { readonly kind: 'confirm-backup'; readonly groups: readonly (readonly VcenterId[])[] }
    | { readonly kind: 'hold-automation'; readonly providers: readonly ProviderId[] }
    | { readonly kind: 'obtain-certificates'; readonly certificates: readonly string[] }
    | {
        readonly kind: 'publish-roots';
        readonly vcenter: VcenterId;
        /** What is missing there; issuing CA first, root last. */
        readonly certificates: readonly Sha256Hex[];
        readonly by: 'rest' | 'dir-cli';
        /** Linked vCenters that get them through the directory. */
        readonly reaches: readonly VcenterId[];
      }
    | { readonly kind: 'confirm-roots'; readonly vcenter: VcenterId; readonly certificates: readonly Sha256Hex[] }
    | {
        readonly kind: 'push-host-roots';
        readonly vcenter: VcenterId;
        readonly host: string;
        /** Managed object reference of the host. */
        readonly ref: string;
        readonly version?: string;
        /** On ESXi 6.7 and 7.0 a push can drop the certificate of the store `SMS` from the host's own. */
        readonly mayDropSmsCertificate: boolean;
      }
    | {
        readonly kind: 'install-certificate';
        readonly certificate: string;
        readonly providers: readonly ProviderId[];
        readonly urls: readonly ProviderUrl[];
        readonly vendor: VendorId;
        /** Leaves served now. */
        readonly replaces: readonly Sha256Hex[];
      }
    | { readonly kind: 'confirm-certificate'; readonly certificate: string; readonly urls: readonly ProviderUrl[] }
    | (AtRegistration & {
        readonly kind: 'remove-registration';
        readonly uid: string;
        /** `cleanup`: it lost trust, so that the plain call may fail and the published procedure is needed. */
        readonly how: 'plain' | 'cleanup';
        /** Addresses to block, should the procedure be needed. */
        readonly addresses: readonly string[];
      })
    | (AtRegistration & { readonly kind: 'register-provider'; readonly certificate: string; readonly replaces?: string })
    /** The stop rule: go on only when the served leaf is unchanged and SMS says that it is retained. */
    | (AtRegistration & { readonly kind: 'confirm-retained'; readonly certificate: string })
    | (AtRegistration & {
        readonly kind: 'confirm-online';
        readonly datastores: readonly string[];
        readonly hosts: readonly string[];
        /** How many vCenters were registered at this controller before it: they have to be online still. */
        readonly before: number;
      })
    | {
        readonly kind: 'confirm-controller';
        readonly certificate: string;
        readonly vcenters: readonly VcenterId[];
        /** Providers of the same arrays behind other certificates. */
        readonly others: readonly ProviderId[];
      }
    | { readonly kind: 'final-audit'; readonly providers: readonly ProviderId[] }
    | { readonly kind: 'look-after'; readonly certificates: readonly string[] }
  );

export type StepKind = Step['kind'];
