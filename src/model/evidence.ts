import type { DerBase64, IsoTime, ProviderUrl, VcenterId } from './ids.js';
import type { Problem } from './problem.js';

/**
 * What was seen, untouched. Plain JSON: it is saved with `--save-evidence` and judged again with `--evidence`.
 * "Not there" and "could not look" are different answers, and nothing is planned from an `unknown`.
 */
export type Observation<T> =
  | { readonly state: 'seen'; readonly at: IsoTime; readonly value: T }
  /** We looked: it is not there (or this version has no such thing: `why` says which). */
  | { readonly state: 'absent'; readonly at: IsoTime; readonly why?: string }
  /** We could not look. */
  | { readonly state: 'unknown'; readonly problem: Problem };

/** Where a fact came from; also the `source` of a gap. */
export type Source = 'tls' | 'version-xml' | 'root-bundle' | 'sms' | 'vim' | 'rest' | 'ssh' | 'file';

export interface EvidenceBundle {
  readonly formatVersion: 1;
  readonly madeBy: string;
  readonly startedAt: IsoTime;
  readonly finishedAt: IsoTime;
  readonly vcenters: readonly VcenterEvidence[];
  /** Every TLS look from the operator's machine: one per provider URL and server name. */
  readonly probes: readonly ProviderProbe[];
  /** What estate.yaml says about providers beyond what vCenters register. */
  readonly configuredProviders: readonly ProviderUrl[];
}

export interface VcenterEvidence {
  readonly id: VcenterId;
  /** Host name or address from estate.yaml, without port. */
  readonly address: string;
  readonly about: Observation<VcenterAbout>;
  readonly rootBundle: Observation<readonly DerBase64[]>;
  readonly registrations: Observation<readonly SmsProviderRecord[]>;
  readonly datastores: Observation<readonly VvolDatastore[]>;
  readonly hosts: Observation<readonly HostRecord[]>;
  /** Only VMs that have a VVol datastore. */
  readonly vms: Observation<readonly VmRecord[]>;
  readonly trustedRoots: Observation<readonly DerBase64[]>;
  /** The certificate of port 443 as REST tells it; [0] is the leaf. */
  readonly machineSsl: Observation<readonly DerBase64[]>;
  readonly sps: Observation<ServiceRecord>;
  /** Names of the nodes in this vCenter's SSO domain, itself included. Source: REST `vcenter/topology/nodes`, since 6.7.2. */
  readonly topology: Observation<readonly TopologyNode[]>;
  /** vCenter High Availability; `absent` where this version has none. Missing in evidence saved before it was read. No verdict of an audit rests on it. */
  readonly vcha?: Observation<VchaFacts>;
  readonly appliance: ApplianceEvidence;
  /** How far this vCenter's clock (vim25 CurrentTime or the HTTP Date header) is ahead of ours, ms; resolution 1 s. */
  readonly clockAheadMs: Observation<number>;
}

export interface TopologyNode {
  readonly node: string;
  readonly type: string;
  readonly replicationPartners: readonly string[];
  /** The external PSC a VCSA_EXTERNAL node uses. */
  readonly clientAffinity?: string;
}

/** vim25 `VchaClusterConfigInfo`, since 6.5. */
export interface VchaFacts {
  /** `configured`, `notConfigured`, `prepared`, `invalid`; as vCenter tells it. */
  readonly state: string;
  /** `enabled`, `disabled`, `maintenance`; only told where there is a cluster. */
  readonly mode?: string;
  /** Of active, passive and witness node, on the cluster's own network and, where set, after a fail-over. */
  readonly addresses: readonly string[];
}

export interface VcenterAbout {
  /** `6.7.0`, `8.0.3` */
  readonly version: string;
  readonly build: string;
  readonly apiVersion: string;
  readonly instanceUuid?: string;
  readonly fullName?: string;
}

/** `VasaProviderInfo` of SMS; field names are ours, meanings are SMS's. */
export interface SmsProviderRecord {
  /** Managed object reference value. */
  readonly ref: string;
  readonly uid: string;
  readonly name: string;
  readonly description?: string;
  readonly version?: string;
  readonly url: ProviderUrl;
  /** The provider's certificate as SMS holds it. */
  readonly certificate?: DerBase64;
  /** Set when SMS sent a `certificate` that is not one; the text as sent, bounded. */
  readonly certificateUnreadable?: string;
  readonly status?: string;
  readonly statusFault?: SmsFault;
  readonly vasaVersion?: string;
  readonly namespace?: string;
  /** Free-form text, as sent. */
  readonly lastSyncTime?: string;
  readonly arrays: readonly RelatedArray[];
  readonly providerId?: string;
  readonly certificateExpiryDate?: string;
  readonly certificateStatus?: string;
  readonly serviceLocation?: string;
  readonly needsExplicitActivation?: boolean;
  /** retainVasaProviderCertificate; missing means unknown, not false. */
  readonly retained?: boolean;
  readonly type?: string;
  /** `internal` | `external`; SMS 6.7 and later. */
  readonly category?: string;
  readonly priority?: number;
  readonly failoverGroupId?: string;
}

export interface SmsFault {
  /** Local type name: `CertificateNotTrusted`, `InvalidCertificate`, … */
  readonly type: string;
  readonly message?: string;
  readonly certificate?: DerBase64;
}

export interface RelatedArray {
  readonly arrayId: string;
  readonly active: boolean;
  readonly manageable: boolean;
  readonly priority: number;
}

export interface VvolDatastore {
  readonly ref: string;
  readonly name: string;
  readonly containerId?: string;
  readonly accessible: boolean;
  /** Hosts that mount it; `accessible` missing where the host did not say. */
  readonly mounts: readonly { readonly host: string; readonly accessible?: boolean }[];
  readonly vms: readonly string[];
  readonly arrays: readonly string[];
  /** What hosts were told about the providers (`VimVasaProviderInfo`). */
  readonly told: readonly ToldProvider[];
}

export interface ToldProvider {
  /** namespace and providerId joined by `:` (6.7 and later); not the SMS uid. */
  readonly uid?: string;
  readonly url: ProviderUrl;
  readonly name?: string;
  readonly selfSignedCertificate?: DerBase64;
  /** VASA 5: this vCenter's virtual host at the provider. */
  readonly vhost?: { readonly name?: string; readonly serviceHost?: string; readonly servicePort?: number };
  readonly versionId?: string;
  readonly arrays: readonly { readonly arrayId: string; readonly active: boolean; readonly priority: number }[];
}

export interface HostRecord {
  readonly ref: string;
  readonly name: string;
  readonly version?: string;
  readonly connectionState?: string;
  readonly certificate?: DerBase64;
  /** Trust anchors of the host (`ListCACertificates`); only asked for hosts that mount a VVol datastore. */
  readonly trustAnchors?: Observation<readonly DerBase64[]>;
}

export interface VmRecord {
  readonly ref: string;
  readonly name: string;
  /** `poweredOn` | `poweredOff` | `suspended` */
  readonly powerState?: string;
  readonly datastores: readonly string[];
}

export interface ServiceRecord {
  /** STARTED, STOPPED, STARTING, STOPPING; as the service tells it. */
  readonly state: string;
  readonly health?: string;
}

/** Seen over SSH on the appliance; every item is `unknown` with `not-configured` where estate.yaml has no `ssh`. */
export interface ApplianceEvidence {
  readonly shell: Observation<'bash' | 'appliancesh'>;
  readonly smsStore: Observation<readonly VecsEntry[]>;
  readonly trustedRootsStore: Observation<readonly VecsEntry[]>;
  readonly machineSslStore: Observation<readonly VecsEntry[]>;
  /** The current VMCA root, `/var/lib/vmware/vmca/root.cer`; [0] is the VMCA's own certificate. */
  readonly vmcaRoot: Observation<readonly DerBase64[]>;
  readonly smsConfig: Observation<SmsConfigFacts>;
  readonly rejectRoutes: Observation<readonly RejectRoute[]>;
  /** Timers, units or record folders of an earlier cleanup run that are still there. */
  readonly armed: Observation<readonly string[]>;
  /** How far the appliance's clock is ahead of ours, ms; resolution 1 s. */
  readonly clockAheadMs: Observation<number>;
  /** Whether each provider answers from there. */
  readonly reach: readonly ApplianceReach[];
  /** TLS alerts, certificate complaints and removals in the end of sps.log. */
  readonly spsLog: Observation<SpsLogTail>;
}

export interface VecsEntry {
  readonly store: string;
  readonly alias: string;
  /** As vecs-cli prints it: `Private Key`, `Trusted Cert`, … */
  readonly type: string;
  readonly certificates: readonly DerBase64[];
}

export interface SmsConfigFacts {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** Text of qsConnection/retryAttempt and retryInterval; missing where the file has none or several. */
  readonly retryAttempt?: string;
  readonly retryInterval?: string;
}

export interface RejectRoute {
  /** Canonical address without prefix length; only host routes are listed. */
  readonly address: string;
  /** The line as the appliance printed it. */
  readonly line: string;
}

export interface ApplianceReach {
  readonly url: ProviderUrl;
  /** Addresses the appliance resolved the host to; the address itself where the URL holds one. */
  readonly addresses: Observation<readonly string[]>;
  /** `seen`: TLS got as far as the server's certificates; [0] is the leaf as served to the appliance. */
  readonly served: Observation<readonly DerBase64[]>;
  /** SNI that was sent, where one was. */
  readonly sni?: string;
  /** The port looked at, where it is not the URL's (a VASA 5 virtual host with a port of its own). */
  readonly port?: number;
}

export interface SpsLogTail {
  readonly bytesRead: number;
  /** Records (with their stack's first lines) that tell of TLS trouble or of removals, bounded in number and length. */
  readonly lines: readonly string[];
  /** Removals these records tell of, oldest first; missing in evidence that was saved before removals were read. */
  readonly removals?: readonly SpsRemoval[];
}

/** One attempt to remove a registration as sps.log tells it. A task that is marked complete is no proof of success. */
export interface SpsRemoval {
  readonly uid: string;
  /** `null-pointer`: the published NullPointerException. `no-error`: none was logged, which proves nothing. `unfinished`: the log ends first. */
  readonly outcome: 'null-pointer' | 'other-error' | 'not-found' | 'no-error' | 'unfinished';
  readonly task?: string;
  /** The provider was active for this array. */
  readonly array?: string;
  /** uid of the provider that was found to take over. */
  readonly backup?: string;
  readonly exception?: string;
  /** Times of its first and last record. */
  readonly from?: string;
  readonly to?: string;
  /** The record that tells how it ended. */
  readonly line: string;
}

export interface ProviderProbe {
  readonly url: ProviderUrl;
  /** Where the TCP connection went when estate.yaml says `connectTo`. */
  readonly connectedTo?: string;
  /** Server name indicated; missing: none was sent. */
  readonly sni?: string;
  /** Why this name: nothing, the URL's host, or a vCenter's virtual host at a VASA 5 provider. */
  readonly variant: 'no-sni' | 'url-host' | 'vhost' | 'configured-name';
  /** For `vhost`: whose virtual host it is. */
  readonly vcenter?: VcenterId;
  /** For `vhost`: the virtual host's own port, where it is not the URL's. */
  readonly port?: number;
  readonly handshake: Observation<TlsHandshake>;
  readonly versionXml: Observation<string>;
}

export interface TlsHandshake {
  readonly protocol: 'TLSv1.2' | 'TLSv1.3' | 'TLSv1.1' | 'TLSv1' | 'SSLv3';
  readonly remoteAddress?: string;
  /** [0] is the leaf. */
  readonly chain: readonly DerBase64[];
  /** True: exactly what was sent, in that order. False: a library's rebuilt path (TLS 1.3 only peers). */
  readonly asSent: boolean;
  /** Whether the server asked for a client certificate; missing where the handshake did not get that far or hid it. */
  readonly clientCertificateRequested?: boolean;
  /** Distinguished names of acceptable client CAs, DER in base64, as sent; missing where it could not be seen. */
  readonly acceptedCas?: readonly string[];
}
