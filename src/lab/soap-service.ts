import type { Arguments } from './soap-decode.js';
import type { SoapSession } from './soap-session.js';
import type { Method } from './soap-types.js';
import { type Ref, ServiceFault } from './soap-values.js';
import type { LabVcenter, LabWorld } from './world.js';

/** One decoded request, as a service gets it. */
export interface ServiceCall {
  readonly world: LabWorld;
  readonly vcenter: LabVcenter;
  /** As `versionNumber`. */
  readonly version: number;
  readonly method: Method;
  readonly self: Ref;
  /** What the client shows as its session. */
  readonly cookie: string | undefined;
  readonly userAgent: string;
  /** Read late: a client without a session learns nothing about its arguments. Throws a ServiceFault. */
  readonly readArguments: () => Arguments;
  /** Of the answer. */
  readonly headers: Record<string, string>;
}

/** Throws NoPermission; every login has System.Anonymous and System.View. */
export function demand(session: SoapSession, privilege: string, object: Ref): void {
  if (hasPrivilege(session, privilege)) return;
  throw new ServiceFault('NoPermission', 'Permission to perform this operation was denied.', { object, privilegeId: privilege });
}

export function hasPrivilege(session: SoapSession, privilege: string): boolean {
  return privilege === 'System.Anonymous' || privilege === 'System.View' || session.account.privileges.includes(privilege);
}

/** A change of the estate, beside the record of the call that made it. */
export function recordChange(world: LabWorld, where: string, what: string): void {
  world.record.push({ at: world.now().toISOString(), where, kind: 'change', what, outcome: 'ok' });
}
