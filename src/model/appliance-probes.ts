import type { Observation } from './evidence.js';
import type { IsoTime, VcenterId } from './ids.js';

/** What a cleanup has to know of an appliance beyond the audit's evidence; read over SSH by commands that only read. */
export interface ApplianceProbes {
  readonly vcenter: VcenterId;
  readonly takenAt: IsoTime;
  readonly shell: Observation<'bash' | 'appliancesh'>;
  readonly smsConfig: Observation<SmsConfigFile>;
  readonly sps: Observation<SpsProcess>;
  /** Every service of the appliance; missing where nobody asked. */
  readonly services?: Observation<readonly ServiceState[]>;
  /** Free space of the file systems that hold `/` and `/storage/log`. */
  readonly disk: Observation<readonly { readonly mount: string; readonly freeKib: number }[]>;
  readonly rootPassword: Observation<PasswordAge>;
  readonly routes: Observation<RouteFacts>;
  readonly nameservers: Observation<readonly string[]>;
  /** Address that the SSH connection comes from, as the appliance sees it. */
  readonly operator: Observation<string>;
  readonly tools: readonly { readonly tool: ApplianceTool; readonly present: Observation<boolean> }[];
  /** Names as the appliance resolves them: provider hosts, ESXi hosts, vCenters. */
  readonly resolved: readonly { readonly name: string; readonly addresses: Observation<readonly string[]> }[];
}

export interface SmsConfigFile {
  readonly path: string;
  /** The whole file; its UTF-8 bytes are the file's bytes, a byte order mark included. */
  readonly text: string;
  /** `regular file`, `symbolic link`, … as stat names it; missing where it did not say. */
  readonly kind?: string;
  /** Octal, `640`. */
  readonly mode?: string;
  /** `root:root` */
  readonly owner?: string;
}

export interface SpsProcess {
  /** STARTED, STOPPED, START_PENDING, STOP_PENDING, as vmon tells it. */
  readonly runState: string;
  /** HEALTHY, UNHEALTHY, …; missing while it does not run. */
  readonly health?: string;
  readonly pid?: number;
}

export interface ServiceState {
  readonly name: string;
  /** STARTED, STOPPED, START_PENDING, STOP_PENDING. */
  readonly state: string;
}

export interface PasswordAge {
  /** `never`, or days from the appliance's own clock; negative: it has expired. */
  readonly expiresInDays: number | 'never';
}

export interface RouteFacts {
  readonly gateways: readonly string[];
  /** Routes to one address. `refuses`: unreachable, blackhole or prohibit. */
  readonly hostRoutes: readonly { readonly address: string; readonly line: string; readonly refuses: boolean }[];
}

export type ApplianceTool =
  | 'ip'
  | 'route'
  | 'xmllint'
  | 'sed'
  | 'sha256sum'
  | 'service-control'
  | 'vmon-cli'
  | 'systemd-run'
  | 'vecs-cli'
  | 'openssl';
