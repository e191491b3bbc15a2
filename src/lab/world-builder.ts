import type { DerBase64 } from '../model/ids.js';
import type { ApplianceSeed } from './appliance-seed.js';
import type { LabName } from './distinguished-name.js';
import type { KeyKind, KeySource } from './keys.js';
import type { LabAppliance, LabCa, LabIdentity, LabProvider, LabRegistration, LabVcenter, LabWorld } from './world.js';

/** Puts an estate together in the order things happened: later registrations do to providers what they do in reality. */
export interface WorldBuilder {
  readonly world: LabWorld;
  readonly keys: KeySource;
  readonly now: Date;
  daysAgo(days: number): Date;
  uuid(label: string): string;
  secret(label: string): string;
  vcenter(spec: VcenterSpec): Promise<LabVcenter>;
  provider(spec: ProviderSpec): Promise<LabProvider>;
  /** As `SmsStorageManager.RegisterProvider_Task` would have done it then. */
  register(vcenter: LabVcenter, provider: LabProvider, spec?: RegisterSpec): LabRegistration;
  /** Hosts, VVol datastores and VMs; every host gets an IO-filter provider where `ioFilters` is set. */
  populate(vcenter: LabVcenter, spec: { hosts: HostSpec; datastores: readonly DatastoreSpec[] }): void;
  /** More for `seedAppliance` about one vCenter. */
  appliance(vcenter: LabVcenter, seed: ApplianceSeed): void;
  /** Fills the appliances. Nothing is added to the world after it. */
  finish(): LabWorld;
}

export interface VcenterSpec {
  /** Its FQDN is `<id>.lab.example`. */
  readonly id: string;
  readonly release: Release;
  readonly shell?: LabAppliance['shell'];
  readonly init?: LabAppliance['init'];
  /** SSH methods the appliance offers; default: all three. */
  readonly methods?: readonly ('publickey' | 'password' | 'keyboard-interactive')[];
  readonly ssoDomain?: string;
  /** A VMCA it shares with another (external PSC), or one with special properties. */
  readonly vmca?: LabCa;
  /** Subject of the VMCA root where it is not the usual one. */
  readonly vmcaSubject?: LabName;
  /** Trusted besides its own VMCA root. */
  readonly alsoTrusts?: readonly DerBase64[];
}

export type Release = '6.5' | '6.7' | '6.7U3' | '7.0U3' | '8.0U3';

export interface ProviderSpec {
  /** `array1-CT0`; the host name is made of it. */
  readonly name: string;
  /** The array behind it; several controllers share one. Missing: a provider without arrays (IO filters). */
  readonly array?: string;
  /** Identifier of the array where a scenario names one; else made up. */
  readonly arrayId?: string;
  readonly host?: string;
  readonly addresses?: readonly string[];
  readonly port?: number;
  readonly vasaVersion?: string;
  readonly retained?: boolean;
  /** Its own certificate (retained, or from elsewhere) with what is served after it. Missing: self-signed until somebody registers. */
  readonly served?: { readonly identity: LabIdentity; readonly chain: readonly DerBase64[] };
  readonly keyKind?: KeyKind;
  readonly tls?: LabProvider['tls'];
}

export interface RegisterSpec {
  readonly uid?: string;
  /** Name of the registration; default: the provider's. */
  readonly name?: string;
  /** Default: host, port and path of the provider. */
  readonly url?: string;
  /** When it was registered; default: 40 days ago. */
  readonly daysAgo?: number;
  /** False: the provider keeps its certificate and roots as they are; for what must not be disturbed. */
  readonly resign?: boolean;
  readonly category?: LabRegistration['category'];
  readonly active?: boolean;
  readonly priority?: number;
}

export interface HostSpec {
  readonly count: number;
  readonly version: string;
  /** Every host runs an IO-filter provider on port 9080, registered by its vCenter under category `internal`. */
  readonly ioFilters?: boolean;
}

export interface DatastoreSpec {
  readonly name: string;
  /** Providers of its array that hosts were told about: all registrations of these are. */
  readonly providers: readonly LabProvider[];
  readonly vms: number;
  readonly poweredOn: number;
  /** False: every host says the datastore is inaccessible. */
  readonly accessible?: boolean;
}
