import type { IsoTime } from './ids.js';

/** What `doctor` found: is everything as this program assumes? Each line stands by itself. */
export interface Preflight {
  readonly takenAt: IsoTime;
  readonly checks: readonly PreflightCheck[];
}

export interface PreflightCheck {
  /** Stable: `sps-state`, `tool-ip`, … */
  readonly id: string;
  readonly vcenter: string;
  readonly what: string;
  /** `different`: not as assumed, and nothing that hurts. `not-seen`: nobody could look. */
  readonly state: 'as-assumed' | 'different' | 'wrong' | 'not-seen';
  readonly found: string;
  /** What to do; missing where all is well. */
  readonly remedy?: string;
  /** Row of docs/assumptions.md that it holds up. */
  readonly assumption?: string;
}
