import type { Source } from '../model/evidence.js';
import type { ProblemCode } from '../model/problem.js';

/** What collecting is doing: for the person who waits, never for judgement. */
export interface ProgressEvent {
  /** A vCenter id or a provider URL. */
  readonly target: string;
  readonly source: Source;
  readonly state: 'started' | 'seen' | 'absent' | 'gap';
  /** For a gap. */
  readonly problem?: ProblemCode;
}

export type ProgressListener = (event: ProgressEvent) => void;
