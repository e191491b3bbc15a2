import { type Call, complain, type Outcome, type Program, print, systemTool, tool } from './appliance-program.js';
import { operands } from './appliance-text-tools.js';

export const hostTools: readonly (readonly [string, Program])[] = [
  ['date', tool(date)],
  ['uname', tool(uname)],
  ['id', tool(({ args }) => print(args.includes('-u') ? '0\n' : 'uid=0(root) gid=0(root) groups=0(root)\n'))],
  ['whoami', tool(() => print('root\n'))],
  ['uptime', tool(() => print(' up 10 days,  1 user,  load average: 0.42, 0.40, 0.38\n'))],
  ['chage', tool(chage)],
  ['faillock', systemTool(faillock)],
  ['printenv', tool(printEnvironment)],
  ['stty', tool(stty, () => true)],
  [
    'tty',
    tool(
      (call) => (call.stdin.terminal ? print('/dev/pts/0\n') : print('not a tty\n', 1)),
      () => true,
    ),
  ],
  ['vpxd', { run: vpxd, folders: ['/usr/lib/vmware-vpx', '/usr/sbin'] }],
];

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The appliance's clock, always UTC. */
function date(call: Call): Outcome {
  const at = new Date(call.world.now().getTime() + call.vcenter.appliance.clockAheadMs);
  const format = call.args.find((arg) => arg.startsWith('+'))?.slice(1) ?? '%a %b %e %H:%M:%S UTC %Y';
  if (call.args.some((arg) => !arg.startsWith('+') && arg !== '-u' && arg !== '--utc'))
    return complain('date: the lab knows -u and +FORMAT alone');
  const iso = at.toISOString();
  const nanoseconds = `${iso.slice(20, 23)}000000`;
  const values: Readonly<Record<string, string>> = {
    s: String(Math.floor(at.getTime() / 1000)),
    N: nanoseconds,
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    e: iso.slice(8, 10).replace(/^0/, ' '),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    a: DAYS[at.getUTCDay()] ?? '',
    b: MONTHS[at.getUTCMonth()] ?? '',
    Z: 'UTC',
    z: '+0000',
    '%': '%',
    n: '\n',
  };
  const text = format.replace(/%([1-9]?)([a-zA-Z%])/g, (piece, width: string, letter: string) => {
    const value = values[letter];
    return value === undefined ? piece : width === '' ? value : value.slice(0, Number(width));
  });
  return print(`${text}\n`);
}

function uname(call: Call): Outcome {
  const release = call.vcenter.version.startsWith('6.')
    ? '4.4.8'
    : call.vcenter.version.startsWith('7.')
      ? '4.19.290-3.ph3'
      : '5.10.200-1.ph4';
  const parts = call.args.includes('-a')
    ? ['Linux', call.vcenter.address, release, '#1-photon SMP', 'x86_64', 'GNU/Linux']
    : call.args.length === 0
      ? ['Linux']
      : call.args.map((arg) => ({ '-s': 'Linux', '-n': call.vcenter.address, '-r': release, '-m': 'x86_64' })[arg] ?? '');
  return print(`${parts.join(' ')}\n`);
}

function chage(call: Call): Outcome {
  if (!call.args.includes('-l') || operands(call.args)[0] !== 'root') return complain('chage: the lab knows -l root alone');
  const day = (offset: number) => {
    const at = new Date(call.world.now().getTime() + offset * 86_400_000);
    return `${MONTHS[at.getUTCMonth()] ?? ''} ${String(at.getUTCDate()).padStart(2, '0')}, ${at.getUTCFullYear()}`;
  };
  return print(
    [
      `Last password change\t\t\t\t\t: ${day(-20)}`,
      `Password expires\t\t\t\t\t: ${day(70)}`,
      'Password inactive\t\t\t\t\t: never',
      'Account expires\t\t\t\t\t\t: never',
      'Minimum number of days between password change\t\t: 0',
      'Maximum number of days between password change\t\t: 90',
      'Number of days of warning before password expires\t: 7',
      '',
    ].join('\n'),
  );
}

function faillock(call: Call): Outcome {
  const { appliance } = call.vcenter;
  if (call.args.includes('--reset')) {
    appliance.failedLogins = 0;
    delete appliance.lockedAtMs;
    call.files.note('reset faillock of root', 'done');
    return { code: 0 };
  }
  const rows = Array.from({ length: appliance.failedLogins }, () => '2026-01-01 00:00:00 RHOST 127.0.0.1 V\n');
  return print(`root:\nWhen                Type  Source                                           Valid\n${rows.join('')}`);
}

function printEnvironment({ args, environment }: Call): Outcome {
  const values = args.flatMap((name) => environment.get(name) ?? []);
  return print(values.map((value) => `${value}\n`).join(''), values.length === args.length ? 0 : 1);
}

function stty(call: Call): Outcome {
  const modes = call.stdin.terminal;
  if (!modes) return complain("stty: 'standard input': Inappropriate ioctl for device");
  if (call.args.length === 0) return print(`speed 38400 baud; line = 0;\n${modes.echo ? '' : '-echo\n'}`);
  for (const arg of call.args) {
    if (arg === 'echo' || arg === '-echo') modes.echo = arg === 'echo';
    else if (arg === 'raw' || arg === '-cooked') modes.cooked = false;
    else if (arg === 'cooked' || arg === '-raw') modes.cooked = true;
    else if (arg === 'sane') Object.assign(modes, { cooked: true, echo: true });
    else if (arg === 'size') return print(`${modes.rows} ${modes.columns}\n`);
    else if (!/^-?(icanon|isig|opost|onlcr|icrnl|echoe|echok|ixon)$/.test(arg))
      return complain(`stty: invalid argument '${arg}'`);
  }
  return { code: 0 };
}

function vpxd(call: Call): Outcome {
  if (call.args[0] !== '-v') return complain('vpxd: the lab knows -v alone');
  return print(`VMware VirtualCenter ${call.vcenter.version} build-${call.vcenter.build}\n`);
}
