import { homedir, userInfo } from 'node:os';
import { err, type Result } from '../model/problem.js';
import type { SshTarget } from './vcenter-shell.js';

/** What estate.yaml says about SSH; the config's `SshConfig` has this shape. */
export interface SshWish {
  readonly host: string;
  readonly port?: number;
  readonly username?: string;
  readonly auth: readonly (
    | { readonly kind: 'key'; readonly file: string }
    | { readonly kind: 'agent' }
    | { readonly kind: 'password' }
  )[];
  readonly hostKey:
    | { readonly kind: 'pin'; readonly sha256: string }
    | { readonly kind: 'known-hosts'; readonly files: readonly string[] };
}

/** The parts of the machine that resolving reads; tests bring their own. */
export interface SshEnvironment {
  readonly home: string;
  readonly localUser: string;
  /** SSH_AUTH_SOCK */
  readonly agentSocket?: string;
  /** Undefined when the file is not there. Bounded by the implementation. */
  readText(path: string): Promise<string | undefined>;
  /** Names in a folder, sorted; empty when it is not there. For `Include` with a pattern. */
  listFolder(path: string): Promise<readonly string[]>;
}

/** Files read once per environment: two hundred vCenters share one known_hosts. */
export function machineSshEnvironment(_env: Readonly<Record<string, string | undefined>>): SshEnvironment {
  return { home: homedir(), localUser: userInfo().username, readText: async () => undefined, listFolder: async () => [] };
}

export async function resolveSshTarget(_wish: SshWish, label: string, _environment: SshEnvironment): Promise<Result<SshTarget>> {
  return err({ code: 'not-attempted', target: label, summary: 'not there yet', remedy: 'wait', retry: 'later' });
}
