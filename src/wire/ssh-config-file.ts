import SSHConfig from 'ssh-config';
import { err, ok, type Result } from '../model/problem.js';
import type { SshEnvironment } from './ssh-environment.js';

/** What `~/.ssh/config` says about one host; only what connecting here can honour. */
export interface SshHostSettings {
  readonly hostName?: string;
  readonly user?: string;
  readonly port?: number;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** `none` switches the agent off. */
  readonly identityAgent?: string;
  readonly hostKeyAlias?: string;
  readonly userKnownHostsFiles?: readonly string[];
  readonly globalKnownHostsFiles?: readonly string[];
  readonly proxyJump?: string;
  readonly proxyCommand?: string;
}

const MAX_CONFIG = 1024 * 1024;
const MAX_INCLUDE_DEPTH = 8;
const MAX_INCLUDED = 200;

/**
 * Reads the user's and the machine's configuration, `Include` lines outside of Host and Match blocks put in (the library leaves them
 * to us; those inside a block are passed over). `Match exec` never matches and names are never canonicalised, because the library
 * would start programs for both. Fails with the reason when a file cannot be understood.
 * Source: ssh_config(5).
 */
export async function readSshConfig(environment: SshEnvironment): Promise<Result<SSHConfig, string>> {
  const lines: string[] = [];
  for (const path of [`${environment.home}/.ssh/config`, '/etc/ssh/ssh_config']) {
    const text = await environment.readText(path);
    if (text === undefined) continue;
    if (text.length > MAX_CONFIG) return err(`${path} is larger than any SSH configuration`);
    const folder = path.startsWith('/etc/') ? '/etc/ssh' : `${environment.home}/.ssh`;
    // Settings above the first block hold for every host; `Host *` says so where two files meet.
    lines.push('Host *', await withIncludes(text, folder, environment, { left: MAX_INCLUDED }, 0));
  }
  try {
    return ok(SSHConfig.parse(lines.join('\n')));
  } catch (error) {
    return err(error instanceof Error ? error.message : 'cannot be parsed');
  }
}

async function withIncludes(
  text: string,
  folder: string,
  environment: SshEnvironment,
  budget: { left: number },
  depth: number,
): Promise<string> {
  const out: string[] = [];
  let insideBlock = false;
  for (const line of text.split(/\r?\n/)) {
    const [, keyword = '', value = ''] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line) ?? [];
    const word = keyword.toLowerCase();
    if (word === 'canonicalizehostname' || word === 'canonicaldomains') continue;
    if (word === 'host' || word === 'match') insideBlock = true;
    if (word !== 'include') {
      // `Match host` and `Match user` see these two only in this spelling.
      const spelled = { hostname: 'HostName', user: 'User' }[word];
      out.push(spelled ? line.replace(keyword, spelled) : line);
      continue;
    }
    if (insideBlock || depth >= MAX_INCLUDE_DEPTH) continue;
    for (const path of await includedFiles(value, folder, environment)) {
      if (budget.left-- <= 0) break;
      const included = await environment.readText(path);
      if (included === undefined || included.length > MAX_CONFIG) continue;
      out.push(await withIncludes(included, folder, environment, budget, depth + 1), 'Host *');
    }
  }
  return out.join('\n');
}

/** Several files may stand in one line; `*` and `?` are understood in the last part of a path. */
async function includedFiles(value: string, folder: string, environment: SshEnvironment): Promise<string[]> {
  const found: string[] = [];
  for (const [, quoted, bare] of value.matchAll(/"([^"]*)"|([^\s"]+)/g)) {
    const path = expandHome(quoted ?? bare ?? '', environment.home);
    const full = path.startsWith('/') ? path : `${folder}/${path}`;
    const slash = full.lastIndexOf('/');
    const [parent, name] = [full.slice(0, slash), full.slice(slash + 1)];
    if (!/[*?]/.test(name)) found.push(full);
    else {
      const names = await environment.listFolder(parent === '' ? '/' : parent);
      found.push(...names.filter((each) => globMatches(each, name)).map((each) => `${parent}/${each}`));
    }
  }
  return found;
}

function globMatches(name: string, glob: string): boolean {
  if (name.startsWith('.') && !glob.startsWith('.')) return false;
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(name);
}

export function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? `${home}${path.slice(1)}` : path;
}

/** The settings for one host as it is named on a command line. `user`: when it is decided already, so that `Match user` sees it. */
export function settingsFor(config: SSHConfig, host: string, user?: string): SshHostSettings {
  const asked = { Host: host, ...(user === undefined ? {} : { User: user }) };
  const computed = config.compute(asked, { ignoreCase: true, matchExec: false });
  const one = (key: string): string | undefined => {
    const value = computed[key];
    return Array.isArray(value) ? value[0] : value;
  };
  const many = (key: string): string[] | undefined => {
    const value = computed[key];
    return value === undefined ? undefined : Array.isArray(value) ? value : [value];
  };
  const port = Number(one('port'));
  return {
    ...given('hostName', one('hostname')),
    ...given('user', one('user')),
    ...(Number.isInteger(port) && port > 0 && port < 65_536 ? { port } : {}),
    identityFiles: [...new Set(many('identityfile') ?? [])].filter((file) => file.toLowerCase() !== 'none'),
    identitiesOnly: one('identitiesonly')?.toLowerCase() === 'yes',
    ...given('identityAgent', one('identityagent')),
    ...given('hostKeyAlias', one('hostkeyalias')),
    ...given('userKnownHostsFiles', many('userknownhostsfile')),
    ...given('globalKnownHostsFiles', many('globalknownhostsfile')),
    ...given('proxyJump', one('proxyjump')),
    ...given('proxyCommand', many('proxycommand')?.join(' ')),
  };
}

function given<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]?: V });
}
