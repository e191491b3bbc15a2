/**
 * An expected failure. A thrown error means a bug of ours; everything the world can do to us is one of these.
 * `code` is stable and public; `summary` says what happened; `remedy` says what the operator should do.
 */
export interface Problem {
  readonly code: ProblemCode;
  /** What it happened to: a vCenter id, a URL, a file. */
  readonly target: string;
  readonly summary: string;
  readonly remedy: string;
  readonly retry: 'never' | 'later' | 'after-remedy';
}

export type ProblemCode =
  | 'not-configured' // nobody told us how to look there
  | 'not-attempted' // an earlier failure made this look pointless (say, a refused password)
  | 'unreachable'
  | 'timeout'
  | 'name-not-found'
  | 'tls-failed'
  | 'tls-not-trusted' // pin or CA did not match: nothing was sent
  | 'login-refused'
  | 'session-expired'
  | 'no-permission'
  | 'bad-answer' // not the protocol, not well-formed, not the type
  | 'too-large'
  | 'fault' // the service answered with a fault of its own
  | 'not-supported' // this version has no such call
  | 'host-key-unknown'
  | 'host-key-mismatch'
  | 'host-key-revoked'
  | 'command-failed'
  | 'shell-unproven'
  | 'secret-unavailable'
  | 'secret-unusable'
  | 'config-invalid'
  | 'file-unreadable'
  | 'file-invalid'
  | 'another-run' // somebody else's run holds the lock of the appliance
  | 'changed-meanwhile' // not as it was when the run was planned; not by us
  | 'call-not-allowed'; // not on the list of what collecting may do

export type Result<T, E = Problem> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const err = <E>(error: E): { readonly ok: false; readonly error: E } => ({ ok: false, error });

/** What was not done because the run was told to stop. */
export function interrupted(target: string): Problem {
  return {
    code: 'not-attempted',
    target,
    summary: 'the run was interrupted before this was seen',
    remedy: 'Run it again.',
    retry: 'later',
  };
}

/** For the `default` of an exhaustive switch: a new case does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new Error(`a case nobody handles: ${JSON.stringify(value)}`);
}
