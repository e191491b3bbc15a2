import type { Timing } from '../model/timing.js';
import type { GuardFacts } from './guard-facts.js';

/** The script that watches a run on the appliance and takes it back when its sign of life stays away: POSIX sh. */
export declare function guardScript(facts: GuardFacts, timing: Pick<Timing, 'leaseMs' | 'guardMs' | 'secondMs'>): string;
/** Runs `guard.sh boot` before the services of the appliance are started. */
export declare function bootUnit(facts: Pick<GuardFacts, 'run'>): string;
