import { describe, expect, test } from 'vitest';
import { ok } from '../../src/model/problem.js';
import type { ApplianceReader } from '../../src/wire/appliance-facts.js';
import {
  parseDisk,
  parsePasswordAge,
  parseRouteFacts,
  parseServiceStatus,
  parseServices,
  parseVmonStatus,
  readOperatorAddress,
  readRoutes,
  readServices,
  readSps,
  readTools,
} from '../../src/wire/appliance-probes.js';
import { isAllowedRead } from '../../src/wire/appliance-reads.js';

/** An appliance that answers from a table of command lines; what is not in it is not there. */
const appliance = (answers: Readonly<Record<string, string>>): ApplianceReader => ({
  label: 'vc1',
  run: async (argv) => {
    if (!isAllowedRead(argv)) throw new Error(`not on the list: ${argv.join(' ')}`);
    const stdout = answers[argv.join(' ')];
    return ok(stdout === undefined ? { code: 127, stdout: '', stderr: 'not found' } : { code: 0, stdout, stderr: '' });
  },
});

const VMON = `Name: sps
Starttype: AUTOMATIC
RunState: STARTED
RunAsUser: root
CurrentRunStateDuration(ms): 72360341
HealthState: UNHEALTHY
FailStop: N/A
MainProcessId: 15679
`;

describe('state of SPS', () => {
  test('started is not healthy', () => {
    expect(parseVmonStatus(VMON)).toEqual({ runState: 'STARTED', health: 'UNHEALTHY', pid: 15679 });
  });
  test('what is no status is none', () => expect(parseVmonStatus("Unknown command: `vmon-cli'")).toBeUndefined());
  for (const [name, text, state] of [
    ['running', 'Running:\n applmgmt vmware-sps vpxd\n', 'STARTED'],
    ['stopped', 'Stopped:\n mbcs vmware-sps\nRunning:\n vpxd\n', 'STOPPED'],
    ['starting', 'StartPending:\n sps\n', 'START_PENDING'],
    ['a heading nobody knows', 'Weird:\n vmware-sps\n', 'Weird'],
    ['not listed', 'Running:\n vpxd vmware-spsx\n', undefined],
  ] as const)
    test(`service-control: ${name}`, () => expect(parseServiceStatus(text)).toBe(state));
  test('without vmon-cli service-control is asked', async () => {
    const at = appliance({ '/bin/service-control --status vmware-sps': 'Stopped:\n vmware-sps\n' });
    expect(await readSps(at)).toEqual(ok({ state: 'seen', value: { runState: 'STOPPED' } }));
  });
});

describe('the other services', () => {
  const STATUS = 'Stopped:\n mbcs vmcam\nStartPending:\n vmware-sps\nRunning:\n applmgmt vmware-vpostgres\n vpxd vpxd-svcs\n';

  test('each with the state of the heading it stands under', async () => {
    const read = await readServices(appliance({ '/bin/service-control --status --all': STATUS }));
    if (!read.ok || read.value.state !== 'seen') throw new Error('not seen');
    expect(read.value.value.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'mbcs STOPPED',
      'vmcam STOPPED',
      'vmware-sps START_PENDING',
      'applmgmt STARTED',
      'vmware-vpostgres STARTED',
      'vpxd STARTED',
      'vpxd-svcs STARTED',
    ]);
  });

  test('words that are no names are left out; nothing at all is no answer', async () => {
    expect(parseServices('Running:\n vpxd $(reboot) \u001b[31m\n')).toEqual([{ name: 'vpxd', state: 'STARTED' }]);
    const nothing = await readServices(appliance({ '/bin/service-control --status --all': 'usage: …\n' }));
    expect(nothing.ok ? 'ok' : nothing.error.code).toBe('command-failed');
  });
});

test('free space by mount point', () => {
  const text = `Filesystem     1024-blocks    Used Available Capacity Mounted on
/dev/sda3         11154520 4903812   5664336      47% /
/dev/mapper/log_vg-log 10191100 1038200 8615616 11% /storage/log
`;
  expect(parseDisk(text)).toEqual([
    { mount: '/', freeKib: 5_664_336 },
    { mount: '/storage/log', freeKib: 8_615_616 },
  ]);
});

for (const [expires, days] of [
  ['never', 'never'],
  ['Jan 31, 2027', 70],
  ['Nov 23, 2026', 1],
  ['Nov 20, 2026', -2],
  ['password must be changed', -1],
] as const)
  test(`root's password: ${expires}`, () => {
    const text = `Last password change\t\t\t\t\t: Nov 02, 2026\nPassword expires\t\t\t\t\t: ${expires}\nPassword inactive\t: never\n`;
    expect(parsePasswordAge(text, '2026-11-22\n')).toEqual({ expiresInDays: days });
  });

test('routes: gateways of both families, routes to one address, and those that refuse', () => {
  const facts = parseRouteFacts(`default via 10.0.0.254 dev eth0 proto static
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2
10.1.2.3 via 10.0.0.9 dev eth0
10.1.2.4/32 dev eth1 scope link
unreachable 10.9.0.5
unreachable 10.9.0.6 scope host
default via fe80::1%eth0 dev eth0 metric 1024
2001:db8::7 via fe80::1 dev eth0 metric 1024
fe80::/64 dev eth0 proto kernel metric 256
`);
  expect(facts.gateways).toEqual(['10.0.0.254', 'fe80::1']);
  expect(facts.hostRoutes.filter(({ refuses }) => refuses).map(({ address }) => address)).toEqual(['10.9.0.5', '10.9.0.6']);
  expect(facts.hostRoutes.filter(({ refuses }) => !refuses).map(({ address }) => address)).toEqual([
    '10.1.2.3',
    '10.1.2.4',
    '2001:db8::7',
  ]);
});

test('routes without ip come from route -n', async () => {
  const at = appliance({
    '/sbin/route -n': `Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         10.0.0.254      0.0.0.0         UG    0      0        0 eth0
10.1.2.3        10.0.0.9        255.255.255.255 UGH   0      0        0 eth0
10.9.0.6        -               255.255.255.255 !H    0      -        0 -
`,
  });
  expect(await readRoutes(at)).toMatchObject({
    value: {
      value: {
        gateways: ['10.0.0.254'],
        hostRoutes: [
          { address: '10.9.0.6', refuses: true },
          { address: '10.1.2.3', refuses: false },
        ],
      },
    },
  });
});

test('where we come from, in whatever family', async () => {
  const from = (text: string) => readOperatorAddress(appliance({ '/usr/bin/printenv SSH_CONNECTION': text }));
  expect(await from('10.9.9.9 51022 10.0.0.2 22\n')).toEqual(ok({ state: 'seen', value: '10.9.9.9' }));
  expect(await from('2001:DB8::9 51022 2001:db8::2 22\n')).toEqual(ok({ state: 'seen', value: '2001:db8::9' }));
  expect(await from('')).toMatchObject({ value: { state: 'absent' } });
});

test('a program that is not there is told by its exit code', async () => {
  const tools = await readTools(appliance({ '/sbin/ip -V': 'ip utility' }));
  const present = Object.fromEntries(
    tools.map(({ tool, present: found }) => [tool, found.ok && found.value.state === 'seen' && found.value.value]),
  );
  expect(present).toMatchObject({ ip: true, route: false, xmllint: false });
});

for (const argv of [
  ['/bin/service-control', '--stop', 'vmware-sps'],
  ['/bin/service-control', '--start', 'vmware-sps'],
  ['/usr/lib/vmware-vmon/vmon-cli', '--restart', 'sps'],
  ['/usr/bin/chage', '-M', '-1', 'root'],
  ['/bin/cat', '/etc/shadow'],
  ['/usr/bin/printenv'],
  ['/sbin/ip', 'route', 'add', 'unreachable', '10.1.2.3/32'],
  ['/usr/bin/systemd-run', '--on-active=1', '/bin/true'],
])
  test(`the list of reads does not hold ${argv.join(' ')}`, () => expect(isAllowedRead(argv)).toBe(false));
