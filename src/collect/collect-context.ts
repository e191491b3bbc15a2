import { setMaxListeners } from 'node:events';
import type { SecretSource } from '../config/config.js';
import type { Result } from '../model/problem.js';
import type { Timing } from '../model/timing.js';
import type { SshEnvironment } from '../wire/ssh-environment.js';
import type { SsoVerdict } from '../wire/sso-verdict.js';
import type { RootVerdict } from '../wire/vcenter-shell.js';
import type { ProgressListener } from './progress.js';

/** What collecting needs from outside; the command line brings the real ones, tests their own. */
export interface CollectDeps {
  readonly timing: Timing;
  readonly now: () => Date;
  readonly progress: ProgressListener;
  /** Reads a secret once; `target` names whose it is in problems. */
  readonly readSecret: (source: SecretSource, target: string) => Promise<Result<string>>;
  /** A small text file (a CA file); `target` names whose it is in problems. */
  readonly readText: (path: string, target: string) => Promise<Result<string>>;
  readonly sshEnvironment: SshEnvironment;
  /** `vasatrust 0.1.0` */
  readonly madeBy: string;
  /** Of an earlier look in the same run: a password that was refused then is not sent again. */
  readonly verdicts?: Pick<CollectContext, 'ssoVerdicts' | 'rootVerdicts'>;
  /** vCenters looked at side by side. */
  readonly concurrency?: number;
  /** Aborted: no new look is started, those under way are cut off, open sessions are logged out, and what is left is `not-attempted`. */
  readonly signal?: AbortSignal;
}

/** Shared by all looks of one run: a password that was refused is not sent again by any of them. */
export interface CollectContext extends CollectDeps {
  readonly ssoVerdicts: Map<string, SsoVerdict>;
  readonly rootVerdicts: Map<string, RootVerdict>;
}

export function openContext(deps: CollectDeps): CollectContext {
  const signal = deps.signal === undefined ? {} : { signal: forManyListeners(deps.signal) };
  return { ...deps, ...signal, ssoVerdicts: new Map(), rootVerdicts: new Map(), ...deps.verdicts };
}

/** Every look under way listens; that many are no leak, and Node need not warn of one. */
function forManyListeners(signal: AbortSignal): AbortSignal {
  const own = AbortSignal.any([signal]);
  setMaxListeners(0, own);
  return own;
}
