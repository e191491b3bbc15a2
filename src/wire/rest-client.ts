import type { ServiceRecord, TopologyNode } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import type { Result } from '../model/problem.js';
import type { HttpsClient } from './https.js';
import type { VcenterLogin } from './sso-verdict.js';

/** Every call fails with `not-supported` on a version that does not have it. */
export interface RestSession {
  readonly dialect: 'api' | 'rest';
  trustedRoots(): Promise<Result<DerBase64[]>>;
  /** [0] is the leaf of port 443. */
  machineSsl(): Promise<Result<DerBase64[]>>;
  spsService(): Promise<Result<ServiceRecord>>;
  topology(): Promise<Result<TopologyNode[]>>;
  logout(): Promise<void>;
}

export declare function connectRest(https: HttpsClient, login: VcenterLogin, label: string): Promise<Result<RestSession>>;
