import type { HostRecord, VcenterAbout, VmRecord, VvolDatastore } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import type { Result } from '../model/problem.js';
import type { HttpsClient } from './https.js';
import type { VcenterLogin } from './sso-verdict.js';

export interface VimConnection {
  /** Known without a login, so it is evidence even where the login fails. */
  readonly about: Result<VcenterAbout>;
  readonly session: Result<VimSession>;
  /** How far the vCenter's clock is ahead of ours by the HTTP Date header, ms. */
  readonly clockAheadMs?: number;
}

export interface StorageView {
  readonly datastores: VvolDatastore[];
  readonly hosts: HostRecord[];
  readonly vms: VmRecord[];
}

export interface StorageViewOptions {
  /** Also ask each host that mounts a VVol datastore for its CA certificates (needs Certificate.Manage there). Default: true. */
  readonly trustAnchors?: boolean;
}

export interface VimSession {
  readonly label: string;
  readonly about: VcenterAbout;
  readonly apiVersion: string;
  /** The session as the SMS header wants it: `vmware_soap_session` without quotes. Changes when the session was renewed. */
  readonly cookie: string;
  currentTime(): Promise<Result<Date>>;
  storageView(options?: StorageViewOptions): Promise<Result<StorageView>>;
  hostTrustAnchors(hostRef: string): Promise<Result<DerBase64[]>>;
  /** Logs in again, once per run. `expired` is the cookie that stopped working; another one was made meanwhile: that is the answer. */
  renew(expired: string): Promise<Result<string>>;
  logout(): Promise<void>;
}

export declare function connectVim(https: HttpsClient, login: VcenterLogin, label: string): Promise<VimConnection>;
