import type { CleanupStep, CleanupStepKind } from '../model/cleanup-plan.js';
import type { Problem } from '../model/problem.js';
import type { JsonValue } from '../model/run.js';
import type { Target } from './target.js';
import type { Done } from './trouble.js';

export type StepOf<Kind extends CleanupStepKind> = Extract<CleanupStep, { kind: Kind }>;

/** What a look showed. */
export type Look =
  | { readonly state: 'in-effect'; readonly found?: JsonValue }
  | { readonly state: 'not-in-effect'; readonly found?: JsonValue }
  /** Neither as before nor as the step leaves it: somebody else was here. */
  | { readonly state: 'drifted'; readonly problem: Problem };

export const inEffect = (found?: JsonValue): Look => ({ state: 'in-effect', ...(found === undefined ? {} : { found }) });
export const notInEffect = (found?: JsonValue): Look => ({ state: 'not-in-effect', ...(found === undefined ? {} : { found }) });
export const drifted = (problem: Problem): Look => ({ state: 'drifted', problem });

/** What an earlier attempt at a step left in the journal. */
export interface Begun {
  readonly captured: JsonValue;
  /** Of its outcome; missing: it was begun, and nobody knows how it ended. */
  readonly found?: JsonValue;
}

export interface StepHandler<Kind extends CleanupStepKind = CleanupStepKind> {
  /** Read-only: is the step in effect? `begun`: there was an attempt before; missing: it would have been somebody else. */
  inspect(step: StepOf<Kind>, target: Target, begun?: Begun): Promise<Done<Look>>;
  /** What is needed to go on after a crash, or to take back; journaled before `apply`. No secrets. */
  capture(step: StepOf<Kind>, target: Target): Promise<Done<JsonValue>>;
  /** Until it is proven in effect. Safe on a step that was applied in part. */
  apply(step: StepOf<Kind>, target: Target): Promise<Done<JsonValue>>;
}
