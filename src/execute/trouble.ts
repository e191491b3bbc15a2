import type { Problem, Result } from '../model/problem.js';

/** Why something of a run did not happen, sorted by what has to follow. */
export type Trouble =
  /** It was tried, or looked at, and the answer is no. */
  | { readonly kind: 'failed'; readonly problem: Problem }
  /** The connection broke: whether it took effect is not known. */
  | { readonly kind: 'lost'; readonly problem: Problem }
  /** The appliance takes itself back, or is not watched any more: nothing was run. */
  | { readonly kind: 'taken-over'; readonly problem: Problem }
  /** Another machine, or another host key: nothing more is sent. */
  | { readonly kind: 'elsewhere'; readonly problem: Problem }
  /** A wait was left because the operator asked to stop. */
  | { readonly kind: 'interrupted'; readonly problem: Problem };

export type Done<T> = Result<T, Trouble>;

export const failed = (problem: Problem): { readonly ok: false; readonly error: Trouble } => ({
  ok: false,
  error: { kind: 'failed', problem },
});

export const because = (kind: Trouble['kind'], problem: Problem): { readonly ok: false; readonly error: Trouble } => ({
  ok: false,
  error: { kind, problem },
});
