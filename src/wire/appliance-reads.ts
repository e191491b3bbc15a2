import { canonicalAddress } from '../x509/names.js';

/** An argument that varies, and which values it may take. */
interface Slot {
  readonly slot: string;
  readonly takes: (value: string) => boolean;
}

type Shape = readonly (string | Slot)[];

export const VECS_CLI = '/usr/lib/vmware-vmafd/bin/vecs-cli';
export const SMS_CONFIG = '/usr/lib/vmware-vpx/sps/conf/sms-config.xml';
/** The VMCA's own certificate. Source: vCert, VMware's certificate tool for support. */
export const VMCA_ROOT = '/var/lib/vmware/vmca/root.cer';
/** The first is documented for 6.5, the second for later releases; one is a link to the other (inferred). */
export const SPS_LOGS = ['/storage/log/vmware/vmware-sps/sps.log', '/var/log/vmware/vmware-sps/sps.log'] as const;
export const SPS_LOG_BYTES = 262_144;
export const VMON_CLI = '/usr/lib/vmware-vmon/vmon-cli';
export const SERVICE_CONTROL = '/bin/service-control';
/** Where a cleanup keeps its records on the appliance. */
export const RUN_FOLDER = '/root/.vasatrust';
export const S_CLIENT_SECONDS = 10;

const STORES = ['SMS', 'TRUSTED_ROOTS', 'MACHINE_SSL_CERT'] as const;
export type VecsStore = (typeof STORES)[number];

const STORE: Slot = { slot: 'store', takes: (value) => (STORES as readonly string[]).includes(value) };
const HOST: Slot = { slot: 'host', takes: isHost };
const NAME: Slot = { slot: 'server name', takes: isHostName };
const HOST_PORT: Slot = { slot: 'host:port', takes: isHostPort };
const S_CLIENT = [
  '/usr/bin/timeout',
  String(S_CLIENT_SECONDS),
  '/usr/bin/openssl',
  's_client',
  '-connect',
  HOST_PORT,
  '-showcerts',
];

/**
 * Every command that reading facts from an appliance may run: absolute paths (a shell without login has no reliable PATH), fixed
 * arguments, and slots. All of them only read. This is the whole list: what is not on it is refused.
 */
export const APPLIANCE_READS = {
  vecsEntries: [VECS_CLI, 'entry', 'list', '--store', STORE],
  vmcaRoot: ['/bin/cat', VMCA_ROOT],
  smsConfig: ['/bin/cat', SMS_CONFIG],
  routes: ['/sbin/ip', 'route', 'show'],
  routes6: ['/sbin/ip', '-6', 'route', 'show'],
  routeTable: ['/sbin/route', '-n'],
  timers: ['/bin/systemctl', 'list-timers', '--all', '--no-pager'],
  unitFiles: ['/bin/systemctl', 'list-unit-files', '--no-pager'],
  runFolders: ['/bin/ls', '-1', RUN_FOLDER],
  clock: ['/bin/date', '-u', '+%s.%N'],
  addresses: ['/usr/bin/getent', 'ahosts', HOST],
  served: S_CLIENT,
  servedToName: [...S_CLIENT, '-servername', NAME],
  servedWithoutName: [...S_CLIENT, '-noservername'],
  spsLog: ['/usr/bin/tail', '-c', String(SPS_LOG_BYTES), SPS_LOGS[0]],
  spsLogElsewhere: ['/usr/bin/tail', '-c', String(SPS_LOG_BYTES), SPS_LOGS[1]],
  spsStatus: [VMON_CLI, '--status', 'sps'],
  spsServiceStatus: [SERVICE_CONTROL, '--status', 'vmware-sps'],
  services: [SERVICE_CONTROL, '--status', '--all'],
  smsConfigFile: ['/usr/bin/stat', '-c', '%F|%a|%U:%G|%s', SMS_CONFIG],
  disk: ['/bin/df', '-Pk', '/', '/storage/log'],
  rootPassword: ['/usr/bin/chage', '-l', 'root'],
  today: ['/bin/date', '-u', '+%Y-%m-%d'],
  nameservers: ['/bin/cat', '/etc/resolv.conf'],
  sshConnection: ['/usr/bin/printenv', 'SSH_CONNECTION'],
  ipVersion: ['/sbin/ip', '-V'],
  routeVersion: ['/sbin/route', '--version'],
  xmllintVersion: ['/usr/bin/xmllint', '--version'],
  sedVersion: ['/usr/bin/sed', '--version'],
  sha256sumVersion: ['/usr/bin/sha256sum', '--version'],
  opensslVersion: ['/usr/bin/openssl', 'version'],
  systemdRunVersion: ['/usr/bin/systemd-run', '--version'],
  spsLogBefore: ['/usr/bin/tail', '-c', String(SPS_LOG_BYTES), `${SPS_LOGS[0]}.1`],
  spsLogBeforeElsewhere: ['/usr/bin/tail', '-c', String(SPS_LOG_BYTES), `${SPS_LOGS[1]}.1`],
} satisfies Readonly<Record<string, Shape>>;

export function isAllowedRead(argv: readonly string[]): boolean {
  return Object.values<Shape>(APPLIANCE_READS).some(
    (shape) =>
      shape.length === argv.length &&
      shape.every((part, index) => {
        const given = argv[index];
        return typeof part === 'string' ? part === given : given !== undefined && part.takes(given);
      }),
  );
}

/** One of the shapes with its slots filled in, in order. */
export function readArgv(read: keyof typeof APPLIANCE_READS, ...values: readonly string[]): string[] {
  const left = [...values];
  const shape: Shape = APPLIANCE_READS[read];
  return shape.map((part) => (typeof part === 'string' ? part : (left.shift() ?? '')));
}

export function isHost(text: string): boolean {
  return canonicalAddress(text) !== undefined || isHostName(text);
}

/** Letters, digits, hyphens and underscores in labels: nothing that a program could take for an option or a second argument. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?$/.test(text);
}

/** `host:port`, `[address]:port` */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function isHostPort(text: string): boolean {
  const [, bracketed, bare, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) return false;
  if (bracketed !== undefined) return bracketed.includes(':') && canonicalAddress(bracketed) !== undefined;
  return bare !== undefined && isHost(bare);
}
