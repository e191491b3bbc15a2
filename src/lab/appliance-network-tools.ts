import { isIP } from 'node:net';
import { type Call, complain, type Outcome, type Program, print, systemTool, tool } from './appliance-program.js';
import { covers, refusedPrefix, refusingRoute, resolve } from './appliance-routes.js';
import { operands } from './appliance-text-tools.js';
import { settle } from './sps-model.js';

/**
 * Routes as iproute2 and net-tools show and change them. Texts and exit codes: measured with iproute2 6.1 and net-tools 2.10.
 * A reject route made by `route` is scope host, and only that one can be deleted by `route del … reject`.
 */
export const networkTools: readonly (readonly [string, Program])[] = [
  ['ip', { ...systemTool(runIp), folders: ['/usr/sbin', '/sbin', '/bin', '/usr/bin'] }],
  ['route', systemTool(runRoute)],
  ['getent', tool(getent)],
  ['hostname', tool((call) => print(`${call.args.includes('-s') ? shortName(call) : call.vcenter.address}\n`))],
];

const shortName = (call: Call): string => call.vcenter.address.split('.')[0] ?? call.vcenter.address;

/** The appliance's own IPv4 address: what its name resolves to. */
export function ownAddress(call: Pick<Call, 'vcenter'>): string {
  const { appliance, address } = call.vcenter;
  return resolve(appliance, address).find((one) => isIP(one) === 4) ?? '10.0.0.2';
}

const gatewayOf = (call: Call): string => ownAddress(call).replace(/\d+$/, '254');

function runIp(call: Call): Outcome {
  if (!call.vcenter.appliance.hasIp) return complain(`bash: ${call.name}: command not found`, 127);
  const args = call.args.filter((arg) => !/^-(o|oneline|d|details|s)$/.test(arg));
  const family = args[0] === '-6' ? 6 : 4;
  const [object = '', verb = 'show', ...rest] = args[0] === '-6' || args[0] === '-4' ? args.slice(1) : args;
  if ('-V'.startsWith(object) && object !== '') return print('ip utility, iproute2-5.10.0\n');
  if (object === 'addr' || object === 'address' || object === 'a') return showAddresses(call);
  if (object === 'neigh' || object === 'neighbour') return { code: 0 };
  if (object !== 'route' && object !== 'ro' && object !== 'r') {
    return complain(`Object "${object}" is unknown, try "ip help".`);
  }
  switch (verb) {
    case 'show':
    case 'list':
    case 'ls':
      return showRoutes(call, family, rest);
    case 'get':
      return getRoute(call, rest);
    case 'add':
      return addRoute(call, rest, family);
    case 'del':
    case 'delete':
      return deleteRoute(call, rest, family);
    default:
      return complain(`Command "${verb}" is unknown, try "ip route help".`);
  }
}

function familyOf(route: string): number {
  return isIP(refusedPrefix(route)?.prefix.split('/')[0] ?? '');
}

function showRoutes(call: Call, family: number, rest: readonly string[]): Outcome {
  const filters = rest.filter((word) => !['table', 'main', 'all'].includes(word));
  const at = filters.findIndex((word) => word === 'exact' || word === 'root' || word === 'match');
  const kinds = ['unreachable', 'blackhole', 'prohibit'];
  const kind = filters[0] === 'type' ? filters[1] : kinds.find((one) => filters.includes(one));
  const wanted = at >= 0 ? filters[at + 1] : filters.find((word) => isIP(word.split('/')[0] ?? '') > 0);
  const own = call.vcenter.appliance.routes.filter((route) => familyOf(route) === family);
  const shown = own
    .filter((route) => kind === undefined || route.startsWith(kind))
    .filter((route) => wanted === undefined || samePrefix(refusedPrefix(route)?.prefix ?? '', wanted));
  const base =
    kind === undefined && wanted === undefined && family === 4
      ? [
          `default via ${gatewayOf(call)} dev eth0 proto static`,
          `${ownAddress(call).replace(/\d+$/, '0')}/24 dev eth0 proto kernel scope link src ${ownAddress(call)}`,
        ]
      : [];
  return print([...base, ...shown].map((line) => `${line} \n`).join(''));
}

/** The same network, however it is written. */
function samePrefix(a: string, b: string): boolean {
  const length = (prefix: string) => Number(prefix.split('/')[1] ?? (isIP(prefix) === 6 ? 128 : 32));
  return length(a) === length(b) && covers(a, b.split('/')[0] ?? '') && covers(b, a.split('/')[0] ?? '');
}

function getRoute(call: Call, [address = '']: readonly string[]): Outcome {
  if (isIP(address) === 0) return complain(`Error: any valid prefix is expected rather than "${address}".`);
  const route = refusingRoute(call.vcenter.appliance, address);
  if (route) {
    const answers = { unreachable: 'No route to host', blackhole: 'Invalid argument', prohibit: 'Permission denied' };
    return complain(`RTNETLINK answers: ${answers[refusedPrefix(route)?.kind ?? 'unreachable']}`, 2);
  }
  if (isIP(address) === 6) return print(`${address} from :: dev eth0 src ::1 metric 1024 pref medium\n`);
  return print(`${address} via ${gatewayOf(call)} dev eth0 src ${ownAddress(call)} uid 0 \n    cache \n`);
}

function addRoute(call: Call, rest: readonly string[], family: number): Outcome {
  const [kind = '', prefix = ''] = rest;
  const bare = prefix.replace(/\/(32|128)$/, '');
  if (!['unreachable', 'blackhole', 'prohibit'].includes(kind)) return complain('RTNETLINK answers: Operation not supported', 2);
  const isVersion = isIP(bare.split('/')[0] ?? '');
  if (isVersion === 0 || (family === 6 && isVersion === 4)) {
    return complain(`Error: inet${family === 6 ? '6' : ''} prefix is expected rather than "${prefix}".`);
  }
  const metric = rest[rest.indexOf('metric') + 1];
  const withMetric = rest.includes('metric') && metric !== undefined ? ` metric ${metric}` : '';
  const line =
    isVersion === 6 ? `${kind} ${bare} dev lo${withMetric || ' metric 1024'} pref medium` : `${kind} ${bare}${withMetric}`;
  return insertRoute(call, line, 'RTNETLINK answers: File exists', 2);
}

function insertRoute(call: Call, line: string, exists: string, code: number): Outcome {
  const { routes } = call.vcenter.appliance;
  const metric = (route: string) => /metric (\d+)/.exec(route)?.[1] ?? '0';
  const prefix = refusedPrefix(line)?.prefix ?? '';
  const taken = routes.some((one) => samePrefix(refusedPrefix(one)?.prefix ?? '', prefix) && metric(one) === metric(line));
  if (taken) return complain(exists, code);
  changeRoutes(call, () => routes.push(line), `add route ${line}`);
  return { code: 0 };
}

function deleteRoute(call: Call, rest: readonly string[], _family: number): Outcome {
  const { routes } = call.vcenter.appliance;
  const kind = ['unreachable', 'blackhole', 'prohibit'].includes(rest[0] ?? '') ? rest[0] : undefined;
  const prefix = (kind === undefined ? rest[0] : rest[1]) ?? '';
  const at = routes.findIndex(
    (route) => (kind === undefined || route.startsWith(`${kind} `)) && samePrefix(refusedPrefix(route)?.prefix ?? '', prefix),
  );
  if (at < 0) return complain('RTNETLINK answers: No such process', 2);
  changeRoutes(call, () => routes.splice(at, 1), `delete route ${routes[at]}`);
  return { code: 0 };
}

/** SPS sees the network as it was until now, and from now on as it is. */
function changeRoutes(call: Call, change: () => void, what: string): void {
  settle(call.world, call.vcenter);
  change();
  call.files.note(what, 'done');
  settle(call.world, call.vcenter);
}

function runRoute(call: Call): Outcome {
  const { routes } = call.vcenter.appliance;
  const words = call.args.filter((arg) => arg !== '-host');
  const [verb = '', address = '', what = ''] = words.filter((arg) => !/^-[nev46A]+$/.test(arg));
  if (verb === '') return print(routeTable(call));
  if (!call.args.includes('-host') || what !== 'reject' || isIP(address) !== 4) return complain('Usage: inet_route', 4);
  if (verb === 'add') return insertRoute(call, `unreachable ${address} scope host`, 'SIOCADDRT: File exists', 7);
  if (verb !== 'del') return complain('Usage: inet_route', 4);
  const at = routes.findIndex((route) => route.startsWith(`unreachable ${address} `) && route.includes('scope host'));
  if (at < 0) return complain('SIOCDELRT: No such process', 7);
  changeRoutes(call, () => routes.splice(at, 1), `delete route ${routes[at]}`);
  return { code: 0 };
}

function routeTable(call: Call): string {
  const row = (...cells: string[]) =>
    cells
      .map((cell, at) => cell.padEnd([16, 16, 16, 6, 7, 6, 4, 0][at] ?? 0))
      .join('')
      .trimEnd();
  const own = ownAddress(call);
  const rows = [
    row('Destination', 'Gateway', 'Genmask', 'Flags', 'Metric', 'Ref', 'Use', 'Iface'),
    row('0.0.0.0', gatewayOf(call), '0.0.0.0', 'UG', '0', '0', '0', 'eth0'),
    row(own.replace(/\d+$/, '0'), '0.0.0.0', '255.255.255.0', 'U', '0', '0', '0', 'eth0'),
    ...call.vcenter.appliance.routes
      .filter((route) => familyOf(route) === 4)
      .map((route) => row(refusedPrefix(route)?.prefix ?? '', '-', '255.255.255.255', '!H', '0', '-', '0', '-')),
  ];
  return `Kernel IP routing table\n${rows.join('\n')}\n`;
}

function showAddresses(call: Call): Outcome {
  const own = ownAddress(call);
  return print(
    `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP\n    inet ${own}/24 brd ${own.replace(/\d+$/, '255')} scope global eth0\n`,
  );
}

/** Answers for an address too; exit code 2 where nothing is found. */
function getent(call: Call): Outcome {
  const [database = '', ...keys] = operands(call.args);
  if (database === 'passwd' && keys[0] === 'root') {
    const shell = call.vcenter.appliance.shell === 'bash' ? '/bin/bash' : '/bin/appliancesh';
    return print(`root:x:0:0:root:/root:${shell}\n`);
  }
  if (!['ahosts', 'ahostsv4', 'ahostsv6', 'hosts'].includes(database)) return complain(`Unknown database: ${database}`);
  const lines: string[] = [];
  for (const key of keys) {
    const all = resolve(call.vcenter.appliance, key);
    const wanted = database === 'ahostsv4' ? 4 : database === 'ahostsv6' ? 6 : undefined;
    const found = all.filter((address) => wanted === undefined || isIP(address) === wanted);
    if (found.length === 0) return { code: 2, stdout: lines.join('') };
    if (database === 'hosts') lines.push(`${(found[0] ?? '').padEnd(15)} ${key}\n`);
    else {
      for (const [at, address] of found.entries()) {
        for (const type of ['STREAM', 'DGRAM', 'RAW']) {
          const name = at === 0 && type === 'STREAM' ? key : '';
          lines.push(`${address.padEnd(15)} ${type.padEnd(6)} ${name}\n`);
        }
      }
    }
  }
  return print(lines.join(''));
}
