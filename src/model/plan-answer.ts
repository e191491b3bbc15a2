import type { IsoTime, ProviderId, ProviderUrl, VcenterId } from './ids.js';
import type { AcceptanceCode, Fact, Plan, Step, StepId, VendorId } from './plan.js';

/** What planning comes to: a plan, a refusal with every reason at once, or evidence that is too thin to plan from. */
export type Planned =
  | { readonly kind: 'plan'; readonly plan: Plan; readonly unneeded: readonly Accepted[] }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  | { readonly kind: 'thin'; readonly missing: readonly Missing[] };

/** `--accept CODE[:NAME]`; without a name every refusal of that code is meant. */
export interface Accepted {
  readonly code: string;
  readonly name?: string;
}

/** Something that was not seen and without which nothing is planned. */
export type Missing =
  | { readonly what: 'registrations'; readonly vcenter: VcenterId }
  | { readonly what: 'leaf'; readonly provider: ProviderId; readonly name: string; readonly url: ProviderUrl }
  | { readonly what: 'trust'; readonly vcenter: VcenterId; readonly provider: ProviderId; readonly name: string }
  | { readonly what: 'version'; readonly vcenter: VcenterId }
  | { readonly what: 'hosts'; readonly vcenter: VcenterId }
  | { readonly what: 'vasa-version'; readonly provider: ProviderId; readonly name: string };

/** Why no plan was written. Those with a code of `AcceptanceCode` can be accepted by name, the others not. */
export type Refusal =
  | { readonly code: 'nothing-contested' }
  | { readonly code: 'internal-provider'; readonly name: string }
  | { readonly code: 'not-registered'; readonly name: string }
  | { readonly code: 'vasa5'; readonly name: string; readonly vasaVersion: string }
  | { readonly code: 'already-external'; readonly name: string; readonly root: string }
  | { readonly code: 'ca-unusable'; readonly name: string; readonly why: CaFault }
  | {
      readonly code: 'outage-for-all';
      readonly name: string;
      readonly because: 'one-controller' | 'one-address' | 'one-certificate';
      readonly vcenters: readonly VcenterId[];
    }
  | { readonly code: 'last-path'; readonly name: string; readonly array: string }
  | { readonly code: 'holder-outside'; readonly name: string; readonly issuer: string }
  | { readonly code: 'works-as-it-is'; readonly name: string; readonly because: 'linked' | 'shared-vmca' | 'trusted' }
  | { readonly code: 'vendor-single-vcenter'; readonly name: string; readonly vendor: VendorId };

/** What is wrong with the external CA's certificates; `subject` where it is one of them. */
export type CaFault =
  | { readonly code: 'empty' | 'no-root' | 'several-roots' }
  | { readonly code: 'not-readable'; readonly reason: string }
  | {
      readonly code: 'not-a-ca' | 'sha1' | 'not-rsa' | 'short-key' | 'key-usage' | 'path-length' | 'incomplete' | 'no-key-id';
      readonly subject: string;
    }
  | { readonly code: 'several-issuing'; readonly subjects: readonly string[] }
  | { readonly code: 'expired' | 'not-yet-valid'; readonly subject: string; readonly at: IsoTime };

export const ACCEPTABLE: readonly AcceptanceCode[] = [
  'outage-for-all',
  'last-path',
  'holder-outside',
  'works-as-it-is',
  'vendor-single-vcenter',
];

/** Which way out fits, one answer per array (or per provider that names no array). */
export interface Recommendation {
  readonly array: string;
  readonly providers: readonly { readonly id: ProviderId; readonly name: string }[];
  readonly vendor: VendorId;
  /** Every way there is, the chosen one first. */
  readonly ways: readonly Way[];
  /** Why nothing could be chosen; then no way is `chosen`. */
  readonly missing: readonly Missing[];
}

export type WayName = 'leave-alone' | 'vasa-5' | 'external-ca' | 'subordinate-vmca' | 'single-owner' | 'leave-vvols';

export interface Way {
  readonly way: WayName;
  /** `ask-vendor`: nothing public says whether it can be done there. */
  readonly verdict: 'chosen' | 'possible' | 'ask-vendor' | 'ruled-out';
  readonly reasons: readonly WayReason[];
}

export type WayReason =
  | {
      readonly code: 'nobody-lost-trust';
      readonly because: 'virtual-hosts' | 'retained' | 'linked' | 'shared-vmca' | 'single-vcenter' | 'trusted';
    }
  | { readonly code: 'next-registration-clashes' }
  | { readonly code: 'lost-trust'; readonly vcenters: readonly VcenterId[] }
  | { readonly code: 'vasa-too-old'; readonly version: string }
  | { readonly code: 'vasa-unknown' }
  | { readonly code: 'vcenter-too-old'; readonly vcenters: readonly VcenterId[] }
  | { readonly code: 'hosts-too-old'; readonly vcenter: VcenterId; readonly hosts: readonly string[] }
  | { readonly code: 'hosts-unknown'; readonly vcenter: VcenterId }
  | { readonly code: 'already-virtual-hosts' }
  | { readonly code: 'ready-for-vasa5' }
  | { readonly code: 'newer-firmware' }
  | { readonly code: 'one-certificate-for-all' }
  | { readonly code: 'has-external-ca' }
  | { readonly code: 'vendor-retains' }
  | { readonly code: 'vendor-unknown'; readonly what: 'retain' }
  | { readonly code: 'vendor-single-vcenter' }
  | { readonly code: 'ca-key-on-appliances'; readonly vcenters: number }
  | { readonly code: 'vmca-leaves-sms-store' }
  | { readonly code: 'chain-may-be-dropped' }
  | { readonly code: 'others-lose-vvols'; readonly vcenters: readonly VcenterId[] }
  | { readonly code: 'one-vcenter-only' }
  | { readonly code: 'data-moves'; readonly vms: number | undefined }
  | { readonly code: 'holder-outside' }
  | { readonly code: 'not-needed' }
  | { readonly code: 'outage-for-all' };

/** Would registering this provider in that vCenter hurt anyone? */
export interface RegistrationCheck {
  readonly vcenter: VcenterId;
  readonly url: string;
  readonly provider?: { readonly id: ProviderId; readonly name: string };
  /** `false`: nobody; `true`: those in `hurt`. */
  readonly hurts: boolean | 'unknown';
  readonly hurt: readonly { readonly vcenter: VcenterId; readonly name: string; readonly uid: string }[];
  readonly why: readonly CheckReason[];
}

export type CheckReason =
  | { readonly code: 'nobody-else' }
  | { readonly code: 'virtual-hosts'; readonly vasaVersion: string }
  | { readonly code: 'vcenter-before-virtual-hosts'; readonly vasaVersion: string; readonly version: string | undefined }
  | { readonly code: 'retained' }
  | { readonly code: 'signed-anew' }
  | { readonly code: 'shares-key'; readonly vcenter: VcenterId }
  | { readonly code: 'trusts-vmca'; readonly vcenter: VcenterId }
  | { readonly code: 'would-lose'; readonly vcenter: VcenterId }
  | { readonly code: 'already-lost'; readonly vcenter: VcenterId }
  | { readonly code: 'holder-outside'; readonly issuer: string }
  | { readonly code: 'registered-here' }
  /** Nobody is hurt, but the registration itself would be refused. */
  | { readonly code: 'root-not-imported' }
  | { readonly code: 'name-not-in-certificate'; readonly host: string }
  | { readonly code: 'client-cas' }
  | {
      readonly code: 'not-seen';
      readonly what: 'registrations' | 'retain' | 'leaf' | 'vmca' | 'anchors' | 'vasa-version';
      readonly where: string;
    };

/** What became of one fact a plan rests on. */
export type FactChange = { readonly fact: Fact } & (
  | { readonly state: 'changed'; readonly was: string; readonly is: string }
  | { readonly state: 'gone' }
  | { readonly state: 'not-seen' }
);

/** What differs between two plans: from the older to the newer. */
export interface PlanDifference {
  readonly sameEstate: boolean;
  readonly sameStrategy: boolean;
  readonly added: readonly Step[];
  readonly removed: readonly Step[];
  readonly changed: readonly { readonly id: StepId; readonly fields: readonly string[] }[];
  /** Two steps that both plans have, in another order now. */
  readonly moved: readonly StepId[];
  readonly outages: readonly { readonly vcenter: VcenterId; readonly was: number | undefined; readonly is: number | undefined }[];
  readonly warnings: { readonly added: Plan['warnings']; readonly removed: Plan['warnings'] };
  /** Fact by fact: what the older plan says and the newer does not, and the other way round. */
  readonly facts: { readonly added: readonly Fact[]; readonly removed: readonly Fact[] };
}
