import type { Severity } from '../model/finding.js';

/** What every exit code of vasatrust says. Documented, and never reused for something else. */
export const EXIT = {
  clean: 0,
  /** A finding or verdict of severity error. */
  findings: 1,
  /** Bad usage or a mistake in estate.yaml. */
  usage: 2,
  /** The evidence has gaps. */
  gaps: 3,
  /** A step failed, everything was taken back. */
  takenBack: 4,
  /** A step failed and something is left changed: operator needed. */
  leftChanged: 5,
  /** Refused or declined, nothing changed. */
  refused: 6,
  /** The registration is gone but a later step failed, the rest was taken back. */
  registrationGone: 7,
  /** A bug of vasatrust's own. */
  bug: 70,
  /** Interrupted at a safe point. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** When several apply, the first of these wins. */
const PRECEDENCE: readonly ExitCode[] = [70, 5, 7, 4, 130, 2, 6, 1, 3, 0];

/** The one exit code for everything that applies. */
export function exitCodeFor(applying: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => applying.includes(code)) ?? EXIT.clean;
}

/** Of an audit: 1 for an error, 3 for a gap, 1 for both; warnings and notices change nothing. */
export function auditExitCode(severities: readonly Severity[], gaps: number): ExitCode {
  return exitCodeFor([...(severities.includes('error') ? [EXIT.findings] : []), ...(gaps > 0 ? [EXIT.gaps] : [])]);
}
