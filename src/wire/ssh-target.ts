import type SSHConfig from 'ssh-config';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { plainText } from './redact.js';
import { expandHome, readSshConfig, type SshHostSettings, settingsFor } from './ssh-config-file.js';
import type { SshEnvironment } from './ssh-environment.js';
import type { HostTrust, SshMethod, SshTarget } from './vcenter-shell.js';

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

const MAX_JUMPS = 5;
/** Keys that ssh tries when nobody names one. */
const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * estate.yaml first, then `~/.ssh/config` and `/etc/ssh/ssh_config` (HostName, User, Port, IdentityFile, IdentitiesOnly,
 * IdentityAgent, ProxyJump, HostKeyAlias, UserKnownHostsFile, GlobalKnownHostsFile, Include outside of blocks), then what ssh would
 * take, but `root` as the user. Options that would weaken the check of host keys (`StrictHostKeyChecking`) are not read at all.
 * `label` names the vCenter in problems. Fails with `config-invalid` and `file-unreadable`.
 */
export async function resolveSshTarget(wish: SshWish, label: string, environment: SshEnvironment): Promise<Result<SshTarget>> {
  const config = await configOf(environment);
  if (!config.ok) {
    return err(
      invalid(
        label,
        `the SSH configuration cannot be read: ${plainText(config.error, 160)}`,
        'Correct ~/.ssh/config (ssh -G HOST shows the place).',
      ),
    );
  }
  const settings = settingsFor(config.value, wish.host, wish.username);
  if (settings.proxyCommand !== undefined && settings.proxyCommand.toLowerCase() !== 'none' && settings.proxyJump === undefined) {
    return err(
      invalid(label, `~/.ssh/config reaches ${plainText(wish.host)} by ProxyCommand, which is not supported`, 'Use ProxyJump.'),
    );
  }
  const names: Names = {
    asked: wish.host,
    host: '',
    port: wish.port ?? settings.port ?? 22,
    username: wish.username ?? settings.user ?? 'root',
  };
  const host = expandTokens(settings.hostName ?? wish.host, { ...names, host: wish.host }, environment);
  const resolved: Names = { ...names, host };
  const trust =
    wish.hostKey.kind === 'pin'
      ? ok<HostTrust>(wish.hostKey)
      : await knownHostsTrust(wish.hostKey.files, settings, resolved, label, environment);
  if (!trust.ok) return trust;
  const jumps = await resolveJumps(settings.proxyJump, label, config.value, environment, []);
  if (!jumps.ok) return jumps;
  const { port, username } = resolved;
  const auth = authFor(wish, settings, resolved, environment);
  return ok({ label, host, port, username, trust: trust.value, auth, jumps: jumps.value });
}

interface Names {
  readonly asked: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
}

/** Parsed once per environment. */
const configs = new WeakMap<SshEnvironment, Promise<Result<SSHConfig, string>>>();

function configOf(environment: SshEnvironment): Promise<Result<SSHConfig, string>> {
  const config = configs.get(environment) ?? readSshConfig(environment);
  configs.set(environment, config);
  return config;
}

/** What estate.yaml names, in its order; where it names nothing, what ssh would try. */
function authFor(wish: SshWish, settings: SshHostSettings, names: Names, environment: SshEnvironment): SshMethod[] {
  if (wish.auth.length === 0) return usualAuth(settings, names, environment);
  return wish.auth.flatMap((method): SshMethod[] => {
    if (method.kind === 'key') return [{ kind: 'key', file: expandHome(method.file, environment.home) }];
    if (method.kind === 'password') return [{ kind: 'password' }];
    // Asked for in so many words: an agent that is not there has to be a visible failure.
    return [{ kind: 'agent', socket: agentSocket(settings, names, environment) ?? '' }];
  });
}

function usualAuth(settings: SshHostSettings, names: Names, environment: SshEnvironment): SshMethod[] {
  const named = settings.identityFiles.map((file) => expandTokens(expandHome(file, environment.home), names, environment));
  const files = named.length > 0 ? named : DEFAULT_KEYS.map((file) => `${environment.home}/.ssh/${file}`);
  const keys = files.map((file): SshMethod => ({ kind: 'key', file, optional: true }));
  const socket = settings.identitiesOnly ? undefined : agentSocket(settings, names, environment);
  return socket ? [...keys, { kind: 'agent', socket }] : keys;
}

function agentSocket(settings: SshHostSettings, names: Names, environment: SshEnvironment): string | undefined {
  const named = settings.identityAgent;
  if (named === undefined || named === 'SSH_AUTH_SOCK') return environment.agentSocket;
  if (named.toLowerCase() === 'none') return undefined;
  return expandTokens(expandHome(named, environment.home), names, environment);
}

/** Files named in estate.yaml must be there; the usual ones may be missing. */
async function knownHostsTrust(
  named: readonly string[],
  settings: SshHostSettings,
  names: Names,
  label: string,
  environment: SshEnvironment,
): Promise<Result<HostTrust>> {
  const usual = [
    ...(settings.userKnownHostsFiles ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
    ...(settings.globalKnownHostsFiles ?? ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
  ];
  const paths = (named.length > 0 ? named : usual)
    .filter((path) => path.toLowerCase() !== 'none')
    .map((path) => expandTokens(expandHome(path, environment.home), names, environment));
  const files: { path: string; text: string }[] = [];
  for (const path of paths) {
    const file = await sharedFile(environment, path);
    if (file) files.push(file);
    else if (named.length > 0) {
      const summary = `the known_hosts file ${plainText(path)} cannot be read`;
      return err({
        code: 'file-unreadable',
        target: label,
        summary,
        remedy: 'Correct ssh.knownHostsFile.',
        retry: 'after-remedy',
      });
    }
  }
  const alias = settings.hostKeyAlias;
  return ok({ kind: 'known-hosts', files, ...(alias === undefined ? { name: names.host, port: names.port } : { name: alias }) });
}

const sharedFiles = new WeakMap<SshEnvironment, Map<string, { path: string; text: string } | undefined>>();

/** The same object for the same file, so that it is parsed once. */
async function sharedFile(environment: SshEnvironment, path: string): Promise<{ path: string; text: string } | undefined> {
  const files = sharedFiles.get(environment) ?? new Map<string, { path: string; text: string } | undefined>();
  sharedFiles.set(environment, files);
  if (!files.has(path)) {
    const text = await environment.readText(path);
    if (!files.has(path)) files.set(path, text === undefined ? undefined : { path, text });
  }
  return files.get(path);
}

/** `ProxyJump a,user@b:2222`: a is the first hop. Jump hosts take their settings from ~/.ssh/config and must be in known_hosts. */
async function resolveJumps(
  proxyJump: string | undefined,
  label: string,
  config: SSHConfig,
  environment: SshEnvironment,
  above: readonly string[],
): Promise<Result<SshTarget[]>> {
  if (proxyJump === undefined || proxyJump.toLowerCase() === 'none') return ok([]);
  const jumps: SshTarget[] = [];
  for (const [index, spec] of proxyJump.split(',').entries()) {
    const parts = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(spec.trim());
    const [, user, bracketed = '', port] = parts ?? [];
    const asked = bracketed.replace(/^\[|\]$/g, '');
    if (!parts || above.includes(asked) || above.length + jumps.length >= MAX_JUMPS) {
      return err(
        invalid(
          label,
          `~/.ssh/config: ProxyJump ${plainText(spec)} makes no way to the host`,
          'Give user@host:port of a jump host.',
        ),
      );
    }
    const settings = settingsFor(config, asked, user);
    const names: Names = {
      asked,
      host: '',
      port: port === undefined ? (settings.port ?? 22) : Number(port),
      username: user ?? settings.user ?? environment.localUser,
    };
    const host = expandTokens(settings.hostName ?? asked, { ...names, host: asked }, environment);
    const resolved = { ...names, host };
    const trust = await knownHostsTrust([], settings, resolved, label, environment);
    if (!trust.ok) return trust;
    if (index === 0) {
      const before = await resolveJumps(settings.proxyJump, label, config, environment, [...above, asked]);
      if (!before.ok) return before;
      jumps.push(...before.value);
    }
    const auth = usualAuth(settings, resolved, environment);
    jumps.push({ label: asked, host, port: names.port, username: names.username, trust: trust.value, auth, jumps: [] });
  }
  return ok(jumps);
}

/** The tokens of ssh_config(5) that mean something here. */
function expandTokens(text: string, names: Names, environment: SshEnvironment): string {
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: environment.home,
    h: names.host,
    n: names.asked,
    p: String(names.port),
    r: names.username,
    u: environment.localUser,
  };
  return text.replace(/%(.)/g, (whole, token: string) => tokens[token] ?? whole);
}

function invalid(label: string, summary: string, remedy: string): Problem {
  return { code: 'config-invalid', target: label, summary, remedy, retry: 'after-remedy' };
}
