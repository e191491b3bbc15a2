import type { Problem, Result } from '../model/problem.js';

/** A proven shell on one appliance, over one SSH connection whose host key was verified first. */
export interface VcenterShell {
  /** Root's login shell. The contract of `run` is the same in both. */
  readonly kind: 'bash' | 'appliancesh';
  /** Where the TCP connection went; through a jump host: `HOST via JUMP`. */
  readonly remoteAddress: string;
  /** `SHA256:…` as OpenSSH prints it. */
  readonly hostKeySha256: string;
  /**
   * Runs one program. `argv` is quoted here, nobody builds command lines; secrets go through `stdin`.
   * A program that ran is `ok`, whatever its exit code. Problems: `timeout`, `too-large`, `unreachable` (connection lost),
   * `command-failed` (ended by a signal or without an exit code), `shell-unproven`, `config-invalid` (an argument nobody can quote).
   * Several calls may be made at once; under bash a few run at the same time, under appliancesh one after another.
   */
  run(argv: readonly string[], options?: RunOptions): Promise<Result<CommandOutput>>;
  /** Ends the connection; safe to call twice. */
  close(): Promise<void>;
}

export interface RunOptions {
  /** Text for the program's standard input; without it the program reads end-of-file at once. */
  readonly stdin?: string;
  readonly timeoutMs?: number;
  /** For stdout and stderr together. */
  readonly maxBytes?: number;
}

export interface CommandOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where to connect, as whom, and how the host proves itself; made by `resolveSshTarget`. */
export interface SshTarget {
  /** For problems: the vCenter's id, or the host. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly trust: HostTrust;
  /** In the order to be tried; keys and agent always go before the password. */
  readonly auth: readonly SshMethod[];
  /** Jump hosts, nearest to us first. They are never sent a password. */
  readonly jumps: readonly SshTarget[];
}

export type HostTrust =
  | { readonly kind: 'pin' /** `SHA256:…` as OpenSSH prints it */; readonly sha256: string }
  | {
      readonly kind: 'known-hosts';
      /** What is looked up: HostKeyAlias, else the host. */
      readonly name: string;
      /** Missing when an alias is looked up: an alias has no port. */
      readonly port?: number;
      readonly files: readonly { readonly path: string; readonly text: string }[];
    };

export type SshMethod =
  | {
      readonly kind: 'key';
      readonly file: string /** A file that is not there is passed over without a word. */;
      readonly optional?: true;
    }
  | { readonly kind: 'agent'; readonly socket: string }
  | { readonly kind: 'password' };

/** Read when first needed, and never before the host key was accepted. */
export interface SshSecrets {
  readonly password?: () => Promise<Result<string>>;
  /** Of private keys that need one. */
  readonly passphrase?: () => Promise<Result<string>>;
}

/** One per appliance and run: a password that was refused once is not sent again. */
export interface RootVerdict {
  refused?: Problem;
}

export interface SshLimits {
  /** TCP, host key and login together, per host on the way; default 20 s. Fetching a secret does not count. */
  readonly connectMs?: number;
  /** Default 20 s. */
  readonly keepaliveMs?: number;
  /** For a command without a deadline of its own; default 30 s. */
  readonly commandMs?: number;
  /** For a command without a bound of its own; default 8 MiB. */
  readonly maxBytes?: number;
}
