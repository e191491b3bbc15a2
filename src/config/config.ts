import type { VcenterId } from '../model/ids.js';

/** A checked estate.yaml: every default filled in, every path absolute, secrets still unread. */
export interface Config {
  /** Where it was read from, for messages; missing when everything came from the environment. */
  readonly file?: string;
  readonly vcenters: readonly VcenterConfig[];
  readonly providers: readonly ProviderConfig[];
  readonly externalCa?: { readonly certificateFile: string };
}

export interface VcenterConfig {
  readonly id: VcenterId;
  /** Host name or IP address without brackets or port. */
  readonly address: string;
  readonly port: number;
  readonly connectTo?: HostPort;
  readonly username: string;
  readonly password: SecretSource;
  readonly tls: TlsTrust;
  readonly ssh?: SshConfig;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Secrets are never written in the file; they are read once, when first needed. */
export type SecretSource =
  | { readonly env: string }
  | { readonly file: string }
  /** argv; the first line of stdout without its line end. */
  | { readonly command: readonly string[] };

export type TlsTrust =
  | { readonly kind: 'fingerprint' /** SHA-256, lower-case hex */; readonly sha256: string }
  | { readonly kind: 'ca-file'; readonly file: string }
  | { readonly kind: 'system' };

export interface SshConfig {
  readonly host: string;
  readonly port?: number;
  readonly username?: string;
  readonly auth: readonly SshAuth[];
  readonly hostKey: HostKeyTrust;
  /** Passphrase of the private key, where one is needed. */
  readonly passphrase?: SecretSource;
}

export type SshAuth =
  | { readonly kind: 'key'; readonly file: string }
  | { readonly kind: 'agent' }
  | { readonly kind: 'password'; readonly password: SecretSource };

export type HostKeyTrust =
  | { readonly kind: 'pin' /** `SHA256:…` as OpenSSH prints it */; readonly sha256: string }
  | { readonly kind: 'known-hosts'; readonly files: readonly string[] };

export interface ProviderConfig {
  readonly match: { readonly url: string } | { readonly uid: string } | { readonly arrayId: string };
  readonly connectTo?: HostPort;
  readonly serverName?: string;
  readonly registration?: { readonly name: string; readonly username: string; readonly password: SecretSource };
}
