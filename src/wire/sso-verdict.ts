import { err, type Problem, type Result } from '../model/problem.js';

/**
 * One per vCenter and run, shared by every client that logs in there with the same account: a password that was refused once is not
 * sent again, by no connection and no protocol (five wrong ones lock an SSO account).
 */
export interface SsoVerdict {
  /** Set once the password was refused, or when there is none to send. */
  refused?: Problem;
  /** Set once it was accepted: from then on logins need not wait for each other. */
  accepted?: boolean;
  /** The first login, while its outcome is not known. */
  pending?: Promise<unknown>;
}

export interface VcenterLogin {
  readonly username: string;
  readonly password: string;
  readonly verdict: SsoVerdict;
}

/**
 * Runs a login unless the password was refused before. As long as nobody knows whether it is right, logins go one after the other.
 * `login` answers with code `login-refused` when, and only when, the service said that user name or password are wrong.
 */
export async function withVerdict<T>(verdict: SsoVerdict, target: string, login: () => Promise<Result<T>>): Promise<Result<T>> {
  while (verdict.pending !== undefined && verdict.accepted !== true) await verdict.pending;
  if (verdict.refused !== undefined)
    return err(verdict.refused.code === 'login-refused' ? refusedBefore(target) : verdict.refused);
  const attempt = login();
  const settled = attempt.then(
    (outcome) => {
      if (outcome.ok) verdict.accepted = true;
      else if (outcome.error.code === 'login-refused') verdict.refused = outcome.error;
    },
    () => {},
  );
  verdict.pending = settled;
  await settled;
  if (verdict.pending === settled) delete verdict.pending;
  return attempt;
}

function refusedBefore(target: string): Problem {
  return {
    code: 'not-attempted',
    target,
    summary: `${target} refused this password earlier in the same run; it was not sent again`,
    remedy: 'Correct user name and password of this vCenter, then run again. Repeated wrong passwords lock the account.',
    retry: 'after-remedy',
  };
}
