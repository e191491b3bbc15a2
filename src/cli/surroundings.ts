import type { Output } from './terminal.js';

/** What every command gets, besides its own options. */
export interface Surroundings {
  readonly out: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted by Ctrl-C: stop at the next safe point. */
  readonly interrupted: AbortSignal;
}

export interface GlobalOptions {
  readonly file?: string;
  readonly output: 'table' | 'json' | 'md';
  readonly progress: boolean;
}
