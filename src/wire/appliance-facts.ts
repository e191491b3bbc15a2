import type { RejectRoute, SmsConfigFacts, SpsLogTail, VecsEntry } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import type { Result } from '../model/problem.js';
import type { VcenterShell } from './vcenter-shell.js';

/** What one look at the appliance gave. `absent`: we looked, it is not there. */
export type Reading<T> = { readonly state: 'seen'; readonly value: T } | { readonly state: 'absent'; readonly why: string };

/** All that reading facts needs of a shell; `label` names the vCenter in problems. */
export interface ApplianceReader {
  readonly label: string;
  readonly run: VcenterShell['run'];
}

export declare function readVecsStore(
  at: ApplianceReader,
  store: 'SMS' | 'TRUSTED_ROOTS' | 'MACHINE_SSL_CERT',
): Promise<Result<Reading<VecsEntry[]>>>;
export declare function readVmcaRoot(at: ApplianceReader): Promise<Result<Reading<DerBase64[]>>>;
export declare function readSmsConfig(at: ApplianceReader): Promise<Result<Reading<SmsConfigFacts>>>;
export declare function readRejectRoutes(at: ApplianceReader): Promise<Result<Reading<RejectRoute[]>>>;
export declare function readArmed(at: ApplianceReader): Promise<Result<Reading<string[]>>>;
/** ms the appliance is ahead of `now`, the middle of the round trip. */
export declare function readClock(at: ApplianceReader, now: () => number): Promise<Result<Reading<number>>>;
export declare function readAddresses(at: ApplianceReader, name: string): Promise<Result<Reading<string[]>>>;
export declare function readServedChain(
  at: ApplianceReader,
  to: { readonly host: string; readonly port: number; readonly sni?: string },
): Promise<Result<Reading<DerBase64[]>>>;
export declare function readSpsLogTail(at: ApplianceReader): Promise<Result<Reading<SpsLogTail>>>;
/** The closed list of what the functions above may run; everything else is refused. */
export declare function isAllowedRead(argv: readonly string[]): boolean;
