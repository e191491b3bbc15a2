import type { Clock } from '../execute/ports.js';
import type { Timing } from '../model/timing.js';
import type { ExitCode } from './exit-codes.js';
import type { Output } from './terminal.js';

/** What every command gets, besides its own options. */
export interface Surroundings {
  readonly out: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted by Ctrl-C: stop at the next safe point. */
  readonly interrupted: AbortSignal;
  /** Every wait and deadline. Nothing a user types or sets changes it. */
  readonly timing: Timing;
  readonly clock: Clock;
  /** Somebody at a terminal; missing where there is nobody to ask. */
  readonly asking?: Asking;
  /** Set while something is changed on an appliance: then nothing leaves before that has come to its end. */
  readonly underway: { now?: Underway };
}

export interface Asking {
  /** One line as typed, without its end; undefined when there is none (end of input, Ctrl-C). */
  ask(question: string): Promise<string | undefined>;
}

/** What is told when somebody wants to leave in the middle of a change. */
export interface Underway {
  /** After the first Ctrl-C. */
  stopping(): string;
  /** After the second one, and the exit code to leave with at once. */
  leaving(): { readonly words: string; readonly code: ExitCode };
}

export interface GlobalOptions {
  readonly file?: string;
  readonly output: 'table' | 'json' | 'md';
  readonly progress: boolean;
}
