import type { DerBase64 } from '../model/ids.js';
import type { LabClock } from './clock.js';

/**
 * The state of a simulated estate, and nothing else: no sockets, no clocks of its own. The servers (`vcenter-server`, `provider-server`,
 * `appliance-server`) show it to the outside; `sps-model` moves it.
 */
export interface LabWorld {
  readonly name: string;
  readonly vcenters: LabVcenter[];
  readonly providers: LabProvider[];
  readonly switches: SpsSwitches;
  readonly timing: LabTiming;
  /** Real time unless a test brings its own. Every wait of the lab goes through it. */
  readonly clock: LabClock;
  /** `clock.now` */
  readonly now: () => Date;
  /** Everything anybody asked the lab to do, in order. */
  readonly record: LabRecord[];
  /** Scripted trouble; see `faults.ts`. */
  readonly faults: LabFault[];
}

/** One call, command or change: what "nothing is written" is checked against. */
export interface LabRecord {
  readonly at: string;
  /** vCenter id or provider name. */
  readonly where: string;
  readonly kind: 'sms' | 'vim' | 'rest' | 'http' | 'ssh-login' | 'ssh-exec' | 'tls' | 'vasa' | 'change';
  /** Method name, `GET /path`, the command line as received, … */
  readonly what: string;
  readonly outcome: string;
}

/** An RSA or EC key pair with its certificate; private keys stay in memory. */
export interface LabIdentity {
  readonly certificate: DerBase64;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface LabCa extends LabIdentity {
  readonly subject: string;
  /** Certificates above this one, its issuer first. */
  readonly chain: readonly DerBase64[];
}

export interface LabVcenter {
  readonly id: string;
  /** FQDN. */
  readonly address: string;
  /** `6.5.0`, `6.7.0`, `7.0.3`, `8.0.3` */
  readonly version: string;
  readonly build: string;
  readonly apiVersion: string;
  readonly instanceUuid: string;
  readonly ssoDomain: string;
  /** Nodes of the same SSO domain, itself included, as REST topology tells it. */
  topology: {
    readonly node: string;
    readonly type: string;
    readonly replicationPartners: readonly string[];
    readonly clientAffinity?: string;
  }[];
  /** Shared between vCenters of one external PSC. */
  vmca: LabCa;
  machineSsl: LabIdentity;
  trustedRoots: DerBase64[];
  /** VECS stores other than TRUSTED_ROOTS: store name → entries. */
  readonly vecs: Map<string, LabVecsEntry[]>;
  readonly accounts: LabAccount[];
  readonly appliance: LabAppliance;
  readonly registrations: LabRegistration[];
  readonly datastores: LabDatastore[];
  readonly hosts: LabHost[];
  readonly vms: LabVm[];
  readonly tasks: LabTask[];
  nextTask: number;
  /** vCenter High Availability; missing: not configured. */
  vcha?: LabVcha;
  /** Number of the next provider reference; missing: one more than there are registrations. */
  nextProvider?: number;
}

export interface LabVcha {
  state: 'configured' | 'notConfigured' | 'prepared' | 'invalid';
  mode: 'enabled' | 'disabled' | 'maintenance';
  /** Two that take over from each other, then the witness: address on the cluster's network, and the one after a fail-over. */
  readonly nodes: readonly { readonly cluster: string; readonly failover?: string }[];
}

export interface LabVecsEntry {
  readonly alias: string;
  readonly type: 'Private Key' | 'Trusted Cert';
  readonly certificates: DerBase64[];
}

export interface LabAccount {
  readonly username: string;
  readonly password: string;
  /** `StorageViews.View`, `StorageViews.ConfigureService`, `System.Read`, `Certificate.Manage`, … */
  readonly privileges: readonly string[];
}

export interface LabAppliance {
  /** False: port 22 is closed. */
  sshEnabled: boolean;
  shell: 'bash' | 'appliancesh';
  rootPassword: string;
  /** OpenSSH public key lines. */
  readonly authorizedKeys: string[];
  /** SSH methods offered: `publickey`, `password`, `keyboard-interactive`. */
  readonly methods: string[];
  failedLogins: number;
  /** When root was locked for too many wrong passwords, ms since the epoch. */
  lockedAtMs?: number;
  /** Absolute path → file. */
  readonly files: Map<string, LabFile>;
  /** Host routes in the order they were added, as `ip route` prints them: `unreachable 10.0.0.5`. */
  readonly routes: string[];
  /** Listed by `systemctl list-timers --all` and `list-unit-files`. */
  readonly units: string[];
  /** Host name → addresses as the appliance resolves it. */
  readonly hosts: Map<string, string[]>;
  /** ms this clock is ahead of `world.now()`. */
  clockAheadMs: number;
  readonly sps: LabSps;
  machineId: string;
  hasIp: boolean;
  /** `other`: no systemctl, no systemd-run; crond is there in both. */
  init: 'systemd' | 'other';
  /** Changes with every boot. */
  bootId: string;
  bootedAtMs: number;
  /** Rebooting: nothing of it answers. */
  down?: true;
  /** Counts host keys: after a fail-over another one answers. */
  hostKeyNumber: number;
}

export interface LabFile {
  content: Buffer;
  mode: number;
  owner: string;
  mtimeMs: number;
  /** A symbolic link: where it leads. */
  readonly link?: string;
}

export interface LabSps {
  state: 'STARTED' | 'STOPPED' | 'STARTING' | 'STOPPING';
  health: 'HEALTHY' | 'UNHEALTHY';
  /** Of the process that runs, or ran last. */
  pid: number;
  startedAtMs: number;
  /** As SPS read it when it started. */
  retryAttempt: number;
  retryIntervalS: number;
  /** When a stop began, ms since the epoch; only while STOPPING. */
  stoppingSinceMs?: number;
  /** The start under way will end STOPPED: what SPS read at its start was of no use. */
  startFails?: boolean;
  /** sps.log, newest last. */
  readonly log: string[];
  /** How often sps.log was begun anew. */
  rotations?: number;
}

/** One row of a vCenter's SMS. What SPS shows as `status` is worked out by `sps-model`, not stored here. */
export interface LabRegistration {
  readonly uid: string;
  readonly ref: string;
  name: string;
  description?: string;
  url: string;
  /** Which lab provider (and, for VASA 5, which virtual host) the URL leads to. */
  readonly provider: string;
  readonly category: 'external' | 'internal';
  /** The provider's certificate as SMS stored it when it last had a session. */
  certificate?: DerBase64;
  /** What the provider said about keeping its certificate when it was last given roots from here; missing: nothing. */
  retainTold?: boolean;
  /** When SMS last synced, ms since the epoch; missing: never. */
  lastSyncMs?: number;
  active: boolean;
  needsExplicitActivation?: boolean;
  priority: number;
  /** Where SPS's session with the provider stands; `sps-model` keeps it, scenarios leave it out. */
  session?: LabSession;
}

/** One row of the table in `sps-model`: how SPS sees a provider, and since when. */
export interface LabSession {
  readonly view: 'healthy' | 'untrusted' | 'retrying' | 'offline';
  readonly sinceMs: number;
  /** The SPS process that saw it: a new process starts afresh. */
  readonly pid: number;
}

export interface LabProvider {
  readonly name: string;
  readonly namespace: string;
  readonly providerId: string;
  readonly vasaVersion: string;
  readonly arrays: { readonly id: string; readonly name: string; readonly vendorId: string; readonly modelId: string }[];
  /** Host part of its URL, and every address it answers on. */
  readonly host: string;
  readonly addresses: string[];
  readonly port: number;
  readonly path: string;
  readonly credentials: { readonly username: string; readonly password: string };
  /** The one server certificate of VASA 2 to 4; the default virtual host of VASA 5. [0] leaf, then what is served with it. */
  served: { identity: LabIdentity; chain: DerBase64[] };
  /** VASA 5: vCenter id → its virtual host. */
  readonly virtualHosts: Map<string, LabVirtualHost>;
  /** Roots the provider accepts client certificates from. */
  readonly clientRoots: DerBase64[];
  /** Missing: the provider does not send the field. */
  retained?: boolean;
  /** Newest TLS version it speaks; some speak nothing older than 1.3. */
  tls: { readonly min: 'TLSv1.2' | 'TLSv1.3'; readonly max: 'TLSv1.2' | 'TLSv1.3' };
  /** False: nothing listens. */
  up: boolean;
}

export interface LabVirtualHost {
  readonly vhostName: string;
  readonly servicePort?: number;
  served: { identity: LabIdentity; chain: DerBase64[] };
  readonly clientCertificates: DerBase64[];
}

export interface LabDatastore {
  readonly ref: string;
  readonly name: string;
  readonly containerId: string;
  readonly arrayId: string;
  readonly mounts: { readonly host: string; accessible: boolean }[];
  /** Registrations (uid) hosts were told about. */
  readonly told: string[];
}

export interface LabHost {
  readonly ref: string;
  readonly name: string;
  readonly version: string;
  readonly certificate: LabIdentity;
  trustAnchors: DerBase64[];
}

export interface LabVm {
  readonly ref: string;
  readonly name: string;
  powerState: 'poweredOn' | 'poweredOff' | 'suspended';
  readonly datastore: string;
  readonly host: string;
}

export interface LabTask {
  readonly key: string;
  readonly object: string;
  state: 'queued' | 'running' | 'success' | 'error';
  progress?: number;
  startMs?: number;
  completionMs?: number;
  error?: { readonly type: string; readonly message: string; readonly fields?: Readonly<Record<string, string>> };
  /** Reference of a registered provider. */
  result?: string;
}

/** What nobody has proven about SPS; a product that works under one setting only is wrong. */
export interface SpsSwitches {
  statusOfUntrusted: 'offline' | 'disconnected';
  statusWhileRetrying: 'offline' | 'unknown' | 'online';
  offlineGate: 'retry' | 'restart' | 'poll';
  npeWhen: 'backup' | 'active-with-backup' | 'always';
  npeShows: 'complete' | 'fault';
  npeWhenAllBlocked: 'gone' | 'persists';
  rootsAtProvider: 'replace' | 'add';
  /** `as-told`: what the provider said when this vCenter last gave it roots; an SMS that was there before a change does not know of it. */
  retainFlag: 'as-provider' | 'as-told' | 'true' | 'false' | 'absent';
  serverGuid: 'present' | 'absent';
  /** Whether a push of CA certificates takes vCenter's SMS certificate out of the store of a host before 8.0 (published for 6.7 and 7.0, not for every push). */
  hostPush: 'keeps-sms' | 'drops-sms';
}

/** Milliseconds, all of them. */
export interface LabTiming {
  readonly spsStopMs: number;
  readonly spsStartMs: number;
  readonly pollMs: number;
  readonly taskMs: number;
  /** Added to every answer, for measuring round trips. */
  readonly latencyMs: number;
  /** What a second of SPS's retry interval lasts. */
  readonly retrySecondMs: number;
  /** From switching on to the first services; missing: as long as SPS takes to start. */
  readonly bootMs?: number;
  /** How much of its AccuracySec a timer is late; missing: all of it. */
  readonly timerLate?: number;
}

export type LabFault =
  | { readonly kind: 'wrong-password'; readonly where: string }
  | { readonly kind: 'dead'; readonly where: string }
  | { readonly kind: 'garbage'; readonly where: string; readonly at: 'sms' | 'vim' | 'rest' | 'tls' | 'all' }
  | {
      readonly kind: 'session-expires';
      readonly where: string;
      readonly afterCalls: number;
      readonly form: 'fault' | 'missing-set';
    }
  | { readonly kind: 'huge-answer'; readonly where: string; readonly bytes: number }
  | { readonly kind: 'slow'; readonly where: string; readonly ms: number }
  /** Writes below a path fail from a moment on (ms since the epoch); names can still be made, removed and changed. */
  | { readonly kind: 'disk-full'; readonly where: string; readonly path: string; readonly fromMs?: number }
  /** sshd ends every connection of that age: a hardened one does after 900 s without a word. */
  | { readonly kind: 'session-cut'; readonly where: string; readonly afterMs: number }
  /** The next starts of SPS stay in START_PENDING, fail, or end STARTED and never HEALTHY. */
  | { readonly kind: 'sps-start'; readonly where: string; readonly how: 'hangs' | 'fails' | 'unhealthy' }
  /** service-control is slow: so long passes before it asks vmon to stop or start anything. */
  | { readonly kind: 'service-control'; readonly where: string; readonly ms: number }
  /** Stops of SPS stay in STOP_PENDING. */
  | { readonly kind: 'sps-stop'; readonly where: string; readonly how: 'hangs' };
