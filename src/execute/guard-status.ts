import type { SpsJob } from './guard-facts.js';

/** What the self-revert wrote down about itself. */
export interface GuardStatus {
  readonly state: GuardState;
  /**
   * How it ended: `taken-back`: all proven as before; `restart-pending`: but SPS still runs with the changed value, since the
   * registrations were proven removed; `waiting`: route and file are back and it looks after SPS; `hands-off`: somebody else changed
   * sms-config.xml. Missing: it has not taken anything back.
   */
  readonly ended?: 'taken-back' | 'restart-pending' | 'waiting' | 'hands-off';
  /** What it waits for, in words; with `waiting` and `hands-off`. */
  readonly waitsFor?: string;
  /** Its one attempt at starting SPS came back, and SPS is stopped. */
  readonly startFailed: boolean;
  readonly rebooted: boolean;
  /** The mark that all registrations are proven gone. */
  readonly removed: boolean;
  /** Milliseconds since it was last seen looking; missing: never, or in another boot. */
  readonly lookedMsAgo?: number;
  readonly lines: readonly GuardLine[];
}

/**
 * `armed`: it watches; `taken-over`: it takes back, or has to watch on; `disarmed`: it took back and ended itself, its record waits to be
 * collected; `absent`: nothing of the run is there, or what is there does not watch.
 */
export type GuardState = 'armed' | 'taken-over' | 'disarmed' | 'absent';

/** `2026-11-22T20:15:00Z 12345.67 route-back 10.0.0.5`: wall clock and uptime in seconds of the appliance, what, of what. */
export interface GuardLine {
  readonly at: string;
  readonly uptime: number;
  readonly what: string;
  readonly detail: string;
}

export interface JobState {
  readonly job: SpsJob;
  /** `lost`: it began and is not running any more, without having said how it ended (its process was killed, or the appliance rebooted). */
  readonly state: 'none' | 'running' | 'ended' | 'lost';
  /** Exit code of service-control; its word is not proof. */
  readonly code?: number;
  /** The last 4 KiB of what it printed. */
  readonly output: string;
}
