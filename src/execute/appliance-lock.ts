import type { Result } from '../model/problem.js';
import type { RunId } from '../model/run.js';
import type { VcenterShell } from '../wire/vcenter-shell.js';
import type { GuardFacts } from './guard-facts.js';

type ApplianceRun = VcenterShell['run'];

/** Who changes this appliance, as the lock on it says. */
export interface LockOwner {
  readonly run: string;
  readonly owner: string;
  /** Clock of the appliance. */
  readonly since: string;
}

/** `held`: by another run. A lock of this run's own is taken again. */
export type LockAnswer = { readonly kind: 'taken' } | { readonly kind: 'held'; readonly by: LockOwner };

export declare function takeLock(run: ApplianceRun, facts: Pick<GuardFacts, 'run' | 'owner'>): Promise<Result<LockAnswer>>;
/** Undefined: nobody holds it. */
export declare function readLock(run: ApplianceRun): Promise<Result<LockOwner | undefined>>;
/** Only a lock of this run is given back; none is fine. */
export declare function releaseLock(run: ApplianceRun, of: RunId): Promise<Result<void>>;
