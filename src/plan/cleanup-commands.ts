import type { BlockedAddress, Check, ConfigChange } from '../model/cleanup-plan.js';

/**
 * Argument lists of a cleanup, as they are run on the appliance: absolute paths, since a shell without login has no reliable PATH.
 * `ip` where there is `ip`, else `route`: a reject route made by either is removed by `ip route del`, one made by `ip` is not found by
 * `route del` (measured).
 */
export interface RouteCommands {
  readonly list: readonly string[];
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly blocked: readonly Check[];
  readonly open: readonly Check[];
  readonly none: Check;
}

const IP = '/sbin/ip';
const ROUTE = '/sbin/route';
const SERVICE_CONTROL = '/bin/service-control';
const VMON_CLI = '/usr/lib/vmware-vmon/vmon-cli';

export function routeCommands(
  { address, family }: Pick<BlockedAddress, 'address' | 'family'>,
  tool: 'ip' | 'route',
): RouteCommands {
  if (tool === 'route') return netTools(address);
  const [ip, prefix] = family === 6 ? [[IP, '-6'], `${address}/128`] : [[IP], `${address}/32`];
  const list = [...ip, 'route', 'show', 'exact', prefix];
  const get = [...ip, 'route', 'get', address];
  return {
    list,
    add: [...ip, 'route', 'add', 'unreachable', prefix],
    remove: [...ip, 'route', 'del', 'unreachable', prefix],
    // Answers for policy rules and other tables, too.
    blocked: [{ by: 'ssh', argv: get, expect: { is: 'fails', text: 'No route to host' } }],
    open: [{ by: 'ssh', argv: get, expect: { is: 'prints', text: [address] } }],
    none: { by: 'ssh', argv: list, expect: { is: 'prints-nothing' } },
  };
}

/** IPv4 alone: for IPv6 it makes no reject routes. */
function netTools(address: string): RouteCommands {
  const list = [ROUTE, '-n'];
  const reject = (verb: string) => [ROUTE, verb, '-host', address, 'reject'];
  return {
    list,
    add: reject('add'),
    remove: reject('del'),
    blocked: [{ by: 'ssh', argv: list, expect: { is: 'prints', text: [address, '!'] } }],
    open: [{ by: 'ssh', argv: list, expect: { is: 'done' } }],
    none: { by: 'ssh', argv: list, expect: { is: 'done' } },
  };
}

/**
 * How the reject route that a tool printed as this line is deleted. `isOfProcedure`: as step 3 makes them; `blackhole` and `prohibit` were
 * made by somebody else, and answer otherwise.
 */
export function deleteReject(
  line: string,
  { address, family }: Pick<BlockedAddress, 'address' | 'family'>,
): { readonly remove: readonly string[]; readonly isOfProcedure: boolean } {
  const kind = /^(unreachable|blackhole|prohibit) /.exec(line)?.[1];
  if (kind === undefined) {
    const remove = family === 6 ? [ROUTE, '-A', 'inet6', 'del', `${address}/128`, 'reject'] : netTools(address).remove;
    return { remove, isOfProcedure: true };
  }
  const remove = routeCommands({ address, family }, 'ip').remove.map((word) => (word === 'unreachable' ? kind : word));
  return { remove, isOfProcedure: kind === 'unreachable' };
}

export const STOP_SPS: readonly string[] = [SERVICE_CONTROL, '--stop', 'vmware-sps'];
export const START_SPS: readonly string[] = [SERVICE_CONTROL, '--start', 'vmware-sps'];
const SPS_STATUS: readonly string[] = [VMON_CLI, '--status', 'sps'];

export const SPS_STOPPED: Check = { by: 'ssh', argv: SPS_STATUS, expect: { is: 'prints', text: ['RunState: STOPPED'] } };
/** A service can be STARTED and UNHEALTHY; only both together mean running. */
export const SPS_HEALTHY: Check = {
  by: 'ssh',
  argv: SPS_STATUS,
  expect: { is: 'prints', text: ['RunState: STARTED', 'HealthState: HEALTHY'] },
};

export const PROVE_SHELL: Check = {
  by: 'ssh',
  argv: ['/usr/bin/id'],
  expect: { is: 'prints', text: ['uid=0(root)'] },
};

/** The backup keeps owner, mode and times; it lies outside the folder that SPS reads its settings from. */
export const backupCommands = ({ path, backup }: ConfigChange): (readonly string[])[] => [
  ['/bin/mkdir', '-p', '-m', '700', folderOf(folderOf(backup)), folderOf(backup)],
  ['/bin/cp', '-p', path, backup],
];

export const backupCheck = ({ path, backup, exact }: ConfigChange): Check[] => [
  { by: 'ssh', argv: ['/usr/bin/cmp', path, backup], expect: { is: 'prints-nothing' } },
  ...(exact === undefined ? [] : [shaCheck(backup, exact.shaNow)]),
];

/**
 * Renames $1 to $2 where $1 has the checksum $3 and $2 has $4, or $5: between the look and the rename nobody has time to save another file.
 * Exit code 66: the copy is another; 65: the file is.
 */
const RENAME_IF = [
  `new=$(/usr/bin/sha256sum "$1") && [ "\${new%% *}" = "$3" ] || exit 66;`,
  `old=$(/usr/bin/sha256sum "$2") && old=\${old%% *} && { [ "$old" = "$4" ] || [ "$old" = "\${5:-$4}" ]; } || exit 65;`,
  'exec /bin/mv -f "$1" "$2"',
].join(' ');

export const OTHER_FILE = 65;

export const isRename = (argv: readonly string[]): boolean => argv[2] === RENAME_IF;

/** Who works by hand looks at the file by himself, and pastes a plain rename. */
function renameCommand(
  { path, working }: ConfigChange,
  by: 'hand' | 'tool',
  checksums: { readonly copy: string; readonly file: readonly string[] } | undefined,
): readonly string[] {
  if (by === 'hand' || checksums === undefined) return ['/bin/mv', '-f', working, path];
  return ['/bin/sh', '-c', RENAME_IF, 'sh', working, path, checksums.copy, ...new Set(checksums.file)];
}

/** A changed copy beside the file, checked there, then a rename: whatever happens, the file is whole. */
export function lowerCommands(config: ConfigChange, by: 'hand' | 'tool'): (readonly string[])[] {
  const { path, working, now, during, exact } = config;
  if (now === during) return [];
  return [
    ['/bin/cp', '-p', path, working],
    ['/bin/sed', '-i', sedScript(config, now, during), working],
    ...wellFormed(config),
    renameCommand(config, by, exact && { copy: exact.shaDuring, file: [exact.shaNow] }),
    ['/bin/sync'],
  ];
}

export function lowerCheck(config: ConfigChange): Check[] {
  const { path, during, exact } = config;
  return [retryCheck(config, during), ...(exact === undefined ? [] : [shaCheck(path, exact.shaDuring)])];
}

/** Byte for byte from the backup; where the file was changed before we came, its number is set to what the operator said it was. */
export function restoreCommands(config: ConfigChange, by: 'hand' | 'tool'): (readonly string[])[] {
  const { working, backup, now, after, exact } = config;
  const rename: (readonly string[])[] = [
    // As it was found: where an earlier part of the run was taken back before it was gone on with.
    renameCommand(config, by, exact && { copy: exact.shaAfter, file: [exact.shaDuring, exact.shaNow] }),
    ['/bin/sync'],
  ];
  if (now === undefined || now === after) return [['/bin/cp', '-p', backup, working], ...rename];
  return [
    ['/bin/cp', '-p', backup, working],
    ['/bin/sed', '-i', sedScript(config, now, after), working],
    ...wellFormed(config),
    ...rename,
  ];
}

export function restoreCheck(config: ConfigChange): Check[] {
  const { path, backup, now, after, exact } = config;
  const same: Check[] =
    now === undefined || now === after
      ? [{ by: 'ssh', argv: ['/usr/bin/cmp', path, backup], expect: { is: 'prints-nothing' } }]
      : [];
  return [retryCheck(config, after), ...same, ...(exact === undefined ? [] : [shaCheck(path, exact.shaAfter)])];
}

/** Back to the backup, whatever was done: the undo of the change. */
export function undoLower(config: ConfigChange, by: 'hand' | 'tool'): (readonly string[])[] {
  const { working, backup, exact } = config;
  return [
    ['/bin/cp', '-p', backup, working],
    renameCommand(config, by, exact && { copy: exact.shaNow, file: [exact.shaDuring] }),
    ['/bin/sync'],
  ];
}

export const dropBackup = ({ backup }: ConfigChange): (readonly string[])[] => [
  ['/bin/rm', '-f', backup],
  ['/bin/rmdir', '--ignore-fail-on-non-empty', folderOf(backup), folderOf(folderOf(backup))],
];

/**
 * On the one line that was found where the file was read; else within the element, as published. Only digits change. On one line the
 * numeric flag picks the occurrence.
 */
function sedScript({ exact }: ConfigChange, from: string | undefined, to: string): string {
  if (exact !== undefined && from !== undefined) {
    const nth = exact.lineNow.slice(0, exact.column).split(from).length;
    return `${exact.line}s/${from}/${to}/${nth === 1 ? '' : nth}`;
  }
  return `/<qsConnection>/,/<\\/qsConnection>/s/\\(<retryAttempt>\\)${from ?? '[0-9]*'}\\(<\\/retryAttempt>\\)/\\1${to}\\2/`;
}

/** Where the appliance has xmllint; without it the checksum of the copy that was parsed here has to do. */
const wellFormed = ({ working, xmllint }: ConfigChange): (readonly string[])[] =>
  xmllint ? [['/usr/bin/xmllint', '--noout', working]] : [];

function retryCheck({ path, exact, xmllint }: ConfigChange, value: string): Check {
  if (exact !== undefined)
    return { by: 'ssh', argv: ['/bin/sed', '-n', `${exact.line}p`, path], expect: { is: 'prints', text: [value] } };
  const argv = xmllint
    ? ['/usr/bin/xmllint', '--xpath', 'string(//qsConnection/retryAttempt)', path]
    : ['/bin/grep', 'retryAttempt', path];
  return { by: 'ssh', argv, expect: { is: 'prints', text: [value] } };
}

const shaCheck = (path: string, sha: string): Check => ({
  by: 'ssh',
  argv: ['/usr/bin/sha256sum', path],
  expect: { is: 'prints', text: [sha] },
});

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
