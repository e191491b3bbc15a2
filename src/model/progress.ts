import type { Source } from './evidence.js';

/** One look beginning or ending, as it happens: for the operator who waits, never for judgement. */
export type ProgressEvent =
  | { readonly kind: 'begins'; readonly target: string; readonly source: Source }
  | {
      readonly kind: 'ends';
      readonly target: string;
      readonly source: Source;
      /** `unknown`: it left a gap, and `problem` says why in one line. */
      readonly outcome: 'seen' | 'absent' | 'unknown';
      readonly problem?: string;
    }
  /** How much there is to do, once that is known; `unit` is counted in `target`s. */
  | { readonly kind: 'expects'; readonly vcenters: number; readonly providers: number };
