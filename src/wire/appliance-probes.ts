import type {
  ApplianceTool,
  PasswordAge,
  RouteFacts,
  ServiceState,
  SmsConfigFile,
  SpsProcess,
} from '../model/appliance-probes.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { canonicalAddress } from '../x509/names.js';
import type { ApplianceReader, Reading } from './appliance-facts.js';
import { type APPLIANCE_READS, readArgv, SMS_CONFIG } from './appliance-reads.js';
import { plainText } from './redact.js';
import { parseIpRoutes, parseRouteTable } from './routes.js';
import type { CommandOutput } from './vcenter-shell.js';

type Read = keyof typeof APPLIANCE_READS;

const NOT_FOUND = 127;
const seen = <T>(value: T): Result<Reading<T>> => ok({ state: 'seen', value });

/** State and health of SPS. Source: output of vmon-cli on a 7.0; where it is missing service-control tells the state alone. */
export async function readSps(at: ApplianceReader): Promise<Result<Reading<SpsProcess>>> {
  const vmon = await read(at, 'spsStatus');
  if (!vmon.ok) return vmon;
  const process = vmon.value.code === NOT_FOUND ? undefined : parseVmonStatus(vmon.value.stdout);
  if (process !== undefined) return seen(process);
  const services = await read(at, 'spsServiceStatus');
  if (!services.ok) return services;
  const state = parseServiceStatus(services.value.stdout);
  return state === undefined ? err(unreadable(at, 'vmon-cli --status sps', vmon.value)) : seen({ runState: state });
}

export function parseVmonStatus(text: string): SpsProcess | undefined {
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1];
  const runState = field('RunState');
  if (runState === undefined) return undefined;
  const health = field('HealthState');
  const pid = Number(field('MainProcessId'));
  return {
    runState: plainText(runState, 40),
    ...(health === undefined ? {} : { health: plainText(health, 40) }),
    ...(Number.isInteger(pid) && pid > 0 ? { pid } : {}),
  };
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  Running: 'STARTED',
  Stopped: 'STOPPED',
  StartPending: 'START_PENDING',
  StopPending: 'STOP_PENDING',
};

/** Under which heading `service-control --status` lists SPS, in vmon's words. Headings other than these are taken as they are. */
export function parseServiceStatus(text: string): string | undefined {
  let heading: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const found = /^(\w+):\s*$/.exec(line)?.[1];
    if (found !== undefined) heading = found;
    else if (heading !== undefined && /(?:^|\s)(?:vmware-)?sps(?:\s|$)/.test(line)) return STATE_WORDS[heading] ?? heading;
  }
  return undefined;
}

/** Every service with its state in vmon's words, as `service-control --status --all` lists them: a heading, then names. */
export async function readServices(at: ApplianceReader): Promise<Result<Reading<ServiceState[]>>> {
  const output = await read(at, 'services');
  if (!output.ok) return output;
  const services = parseServices(output.value.stdout);
  return services.length === 0 ? err(unreadable(at, 'service-control --status --all', output.value)) : seen(services);
}

export function parseServices(text: string): ServiceState[] {
  let heading: string | undefined;
  return text.split(/\r?\n/).flatMap((line) => {
    const found = /^(\w+):\s*$/.exec(line)?.[1];
    if (found !== undefined) heading = found;
    if (found !== undefined || heading === undefined) return [];
    const state = plainText(STATE_WORDS[heading] ?? heading, 40);
    const names = line.split(/\s+/).filter((name) => /^[\w.-]{1,64}$/.test(name));
    return names.map((name) => ({ name, state }));
  });
}

/** The whole file, with what stat says of it. */
export async function readSmsConfigFile(at: ApplianceReader): Promise<Result<Reading<SmsConfigFile>>> {
  const [file, facts] = await Promise.all([read(at, 'smsConfig', 4 * 1024 * 1024), read(at, 'smsConfigFile')]);
  if (!file.ok) return file;
  if (file.value.code !== 0) {
    if (/No such file/i.test(file.value.stderr)) return ok({ state: 'absent', why: `there is no ${SMS_CONFIG}` });
    return err(unreadable(at, `reading ${SMS_CONFIG}`, file.value));
  }
  const [kind, mode, owner] = facts.ok && facts.value.code === 0 ? facts.value.stdout.trim().split('|') : [];
  return seen({
    path: SMS_CONFIG,
    text: file.value.stdout,
    ...(kind === undefined || kind === '' ? {} : { kind: plainText(kind, 40) }),
    ...(mode !== undefined && /^[0-7]{3,4}$/.test(mode) ? { mode } : {}),
    ...(owner !== undefined && /^[\w.$-]{1,64}:[\w.$-]{1,64}$/.test(owner) ? { owner } : {}),
  });
}

/** KiB free on the file systems of `/` and `/storage/log`. */
export async function readDisk(at: ApplianceReader): Promise<Result<Reading<{ mount: string; freeKib: number }[]>>> {
  const output = await read(at, 'disk');
  if (!output.ok) return output;
  const rows = parseDisk(output.value.stdout);
  return rows.length === 0 ? err(unreadable(at, 'df -Pk', output.value)) : seen(rows);
}

/** `df -Pk`: POSIX fixes six columns, the fourth is what is free in KiB. */
export function parseDisk(text: string): { mount: string; freeKib: number }[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, free, mount] = /^\S+\s+\d+\s+\d+\s+(\d+)\s+\d+%\s+(\/\S*)$/.exec(line.trim()) ?? [];
    return free === undefined || mount === undefined ? [] : [{ mount, freeKib: Number(free) }];
  });
}

export async function readRootPassword(at: ApplianceReader): Promise<Result<Reading<PasswordAge>>> {
  const [age, today] = await Promise.all([read(at, 'rootPassword'), read(at, 'today')]);
  if (!age.ok) return age;
  if (!today.ok) return today;
  const parsed = parsePasswordAge(age.value.stdout, today.value.stdout);
  return parsed === undefined ? err(unreadable(at, 'chage -l root', age.value)) : seen(parsed);
}

/** `chage -l` in the C locale: `Password expires : Jan 31, 2027`, `never`, or `password must be changed`. @param today `YYYY-MM-DD` */
export function parsePasswordAge(text: string, today: string): PasswordAge | undefined {
  const expires = /^Password expires\s*:\s*(.+?)\s*$/m.exec(text)?.[1];
  if (expires === undefined) return undefined;
  if (expires === 'never') return { expiresInDays: 'never' };
  if (/must be changed/i.test(expires)) return { expiresInDays: -1 };
  const [then, now] = [Date.parse(`${expires} 00:00:00 UTC`), Date.parse(`${today.trim()}T00:00:00Z`)];
  return Number.isNaN(then) || Number.isNaN(now) ? undefined : { expiresInDays: Math.round((then - now) / 86_400_000) };
}

export async function readRoutes(at: ApplianceReader): Promise<Result<Reading<RouteFacts>>> {
  const [four, six] = await Promise.all([read(at, 'routes'), read(at, 'routes6')]);
  if (!four.ok) return four;
  if (four.value.code === NOT_FOUND) {
    const table = await read(at, 'routeTable');
    if (!table.ok) return table;
    return table.value.code === 0 ? seen(parseTableFacts(table.value.stdout)) : err(unreadable(at, 'route -n', table.value));
  }
  if (four.value.code !== 0) return err(unreadable(at, 'ip route show', four.value));
  const both = `${four.value.stdout}\n${six.ok && six.value.code === 0 ? six.value.stdout : ''}`;
  return seen(parseRouteFacts(both));
}

/** `default via GATEWAY …`, `unreachable ADDRESS …`, and `ADDRESS via … dev …`: a route to one address has no prefix length. */
export function parseRouteFacts(text: string): RouteFacts {
  const gateways = [...text.matchAll(/^default(?:\s+\S+)*?\s+via\s+(?:inet6?\s+)?(\S+)/gm)].map(([, address = '']) => address);
  const refusing = parseIpRoutes(text).map((route) => ({ ...route, refuses: true }));
  const others = text.split(/\r?\n/).flatMap((line) => {
    const [, destination = '', bits] = /^([0-9A-Fa-f.:]+)(?:\/(32|128))?\s/.exec(`${line.trim()} `) ?? [];
    const address = canonicalAddress(destination);
    if (address === undefined || (bits === undefined && /^[0-9A-Fa-f.:]+\//.test(line.trim()))) return [];
    return [{ address, line: plainText(line, 300), refuses: false }];
  });
  return { gateways: canonical(gateways), hostRoutes: [...refusing, ...others] };
}

function parseTableFacts(text: string): RouteFacts {
  const rows = text.split(/\r?\n/).map((line) => ({ line, cells: line.trim().split(/\s+/) }));
  const gateways = rows.flatMap(({ cells: [to, via, , flags] }) => (to === '0.0.0.0' && flags?.includes('G') ? (via ?? []) : []));
  const refusing = parseRouteTable(text).map((route) => ({ ...route, refuses: true }));
  const others = rows.flatMap(({ line, cells: [to = '', , mask, flags] }) => {
    const address = canonicalAddress(to);
    const plain = mask === '255.255.255.255' && flags !== undefined && !flags.includes('!');
    return address === undefined || !plain ? [] : [{ address, line: plainText(line, 300), refuses: false }];
  });
  return { gateways: canonical(gateways), hostRoutes: [...refusing, ...others] };
}

export async function readNameservers(at: ApplianceReader): Promise<Result<Reading<string[]>>> {
  const output = await read(at, 'nameservers');
  if (!output.ok) return output;
  if (output.value.code !== 0) return err(unreadable(at, 'reading /etc/resolv.conf', output.value));
  return seen(canonical([...output.value.stdout.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = '']) => address)));
}

/** Where our own SSH connection comes from, as the appliance sees it; behind NAT that is the translator. */
export async function readOperatorAddress(at: ApplianceReader): Promise<Result<Reading<string>>> {
  const output = await read(at, 'sshConnection');
  if (!output.ok) return output;
  const address = canonicalAddress(output.value.stdout.trim().split(/\s+/)[0] ?? '');
  return address === undefined ? ok({ state: 'absent', why: 'SSH_CONNECTION is not set there' }) : seen(address);
}

const TOOL_READS: readonly (readonly [ApplianceTool, Read])[] = [
  ['ip', 'ipVersion'],
  ['route', 'routeVersion'],
  ['xmllint', 'xmllintVersion'],
  ['sed', 'sedVersion'],
  ['sha256sum', 'sha256sumVersion'],
  ['openssl', 'opensslVersion'],
  ['vmon-cli', 'spsStatus'],
  ['service-control', 'spsServiceStatus'],
  ['systemd-run', 'systemdRunVersion'],
];

/** Which programs are there: each is asked for its version or a status; exit code 127 is how every POSIX shell says that it is not. */
export async function readTools(at: ApplianceReader): Promise<{ tool: ApplianceTool; present: Result<Reading<boolean>> }[]> {
  return Promise.all(
    TOOL_READS.map(async ([tool, name]) => {
      const output = await read(at, name);
      return { tool, present: output.ok ? seen(output.value.code !== NOT_FOUND && output.value.code !== 126) : output };
    }),
  );
}

function read(at: ApplianceReader, name: Read, maxBytes = 256 * 1024): Promise<Result<CommandOutput>> {
  return at.run(readArgv(name), { maxBytes });
}

function canonical(addresses: readonly string[]): string[] {
  return [...new Set(addresses.flatMap((address) => canonicalAddress(address.replace(/%.*$/, '')) ?? []))];
}

function unreadable(at: ApplianceReader, what: string, { code, stdout, stderr }: CommandOutput): Problem {
  const said = plainText(stderr.trim() || stdout.trim(), 160);
  return {
    code: 'command-failed',
    target: at.label,
    summary: `${what} on ${at.label} gave exit code ${code} and nothing we can read${said === '' ? '' : `: ${said}`}`,
    remedy: 'Run that command on the appliance and compare; report the text together with the build of the vCenter.',
    retry: 'later',
  };
}
