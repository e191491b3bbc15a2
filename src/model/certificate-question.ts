import type { NewRegistration } from './cleanup-plan.js';
import type { IsoTime, Sha256Hex } from './ids.js';

/** May SMS trust this certificate? To be compared with what the array itself shows. */
export interface CertificateQuestion {
  readonly registration: NewRegistration;
  readonly subject: string;
  readonly issuer: string;
  readonly sha256: Sha256Hex;
  /** Upper-case hex with colons, as vSphere and arrays show it. */
  readonly sha1: string;
  readonly notBefore: IsoTime;
  readonly notAfter: IsoTime;
}
