import { argvOf } from './appliance-files.js';
import { lock } from './appliance-flock.js';
import { type Call, complain, type Outcome, type Program, print, tool, waitUntil } from './appliance-program.js';
import { operands, option } from './appliance-text-tools.js';
import { sleepOn } from './clock.js';
import { type Process, SIGNALS, signalNumber } from './processes.js';

/** Programs that wait, start others, or tell what runs. Semantics compared with coreutils 9.1, util-linux 2.38 and procps 4.0. */
export const processTools: readonly (readonly [string, Program])[] = [
  ['true', tool(() => ({ code: 0 }))],
  ['false', tool(() => ({ code: 1 }))],
  ['echo', tool(({ args }) => print(`${args.join(' ')}\n`))],
  ['sleep', tool(sleep)],
  ['timeout', tool(timeout)],
  ['nohup', tool(noHangUp)],
  ['setsid', tool(newSession)],
  ['env', tool(env)],
  ['flock', tool(lock)],
  ['kill', tool(kill)],
  ['ps', tool(showProcesses)],
  ['pgrep', tool(findProcesses)],
];

async function sleep(call: Call): Promise<Outcome> {
  const ms = call.args.map(spanMs).reduce<number | undefined>((sum, one) => add(sum, one), 0);
  if (ms === undefined || call.args.length === 0) return complain(`sleep: invalid time interval '${call.args[0] ?? ''}'`);
  const until = call.world.now().getTime() + ms;
  const slept = await waitUntil(
    call,
    () => call.world.now().getTime() >= until,
    () => until,
  );
  return { code: slept ? 0 : 143 };
}

const add = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : a + b);

/** `30`, `1.5m`; of coreutils. */
function spanMs(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d*)?|\.\d+)([smhd]?)$/.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * ({ s: 1, m: 60, h: 3_600, d: 86_400 }[unit] ?? 1) * 1000;
}

/** `timeout [-k N] [-s SIG] [--foreground] N COMMAND…`, in a process group of its own, which is what it kills; else its child alone. 124 then. */
async function timeout(call: Call): Promise<Outcome> {
  const rest = [...call.args];
  let [signal, killAfterMs]: [number | undefined, number | undefined] = [SIGNALS.TERM, undefined];
  let foreground = false;
  while (rest[0]?.startsWith('-')) {
    const taken = rest.shift() ?? '';
    foreground ||= taken === '--foreground';
    const value = /^-[ks]$/.test(taken) ? rest.shift() : taken.replace(/^(-[ks]|--signal=|--kill-after=)/, '');
    if (/^(-s|--signal)/.test(taken)) signal = signalNumber(value ?? '');
    if (/^(-k|--kill-after)/.test(taken)) killAfterMs = spanMs(value ?? '');
  }
  const limitMs = spanMs(rest.shift() ?? '');
  if (limitMs === undefined || rest.length === 0 || signal === undefined) {
    return complain('timeout: invalid time interval', 125);
  }
  const { process } = call;
  if (!foreground) process.group = process.pid;
  const isMeant = ({ group, parent }: Process) => (foreground ? parent : group) === process.pid;
  const over = new AbortController();
  let late = false;
  const killGroup = (number: number) => {
    for (const one of process.table.list()) if (isMeant(one) && one !== process) one.deliver(number);
  };
  const watch = async (send: number) => {
    await sleepOn(call.world.clock, limitMs, over.signal);
    if (over.signal.aborted || process.isOver) return;
    late = true;
    killGroup(send);
    if (killAfterMs === undefined) return;
    await sleepOn(call.world.clock, killAfterMs, over.signal);
    if (!over.signal.aborted) killGroup(SIGNALS.KILL ?? 9);
  };
  if (limitMs > 0) void watch(signal);
  const code = await call.run(rest);
  over.abort();
  return { code: late ? (code === 137 ? 137 : 124) : code };
}

function commandIn(args: readonly string[]): readonly string[] {
  const at = args.findIndex((arg) => !arg.startsWith('-'));
  return at < 0 ? [] : args.slice(at);
}

const noCommand = (call: Call): Outcome => complain(`${call.name}: missing operand`, 125);

async function noHangUp(call: Call): Promise<Outcome> {
  const argv = commandIn(call.args);
  if (argv.length === 0) return noCommand(call);
  call.process.ignored.add(SIGNALS.HUP ?? 1);
  if (call.stdin.terminal) call.stderr.write('nohup: ignoring input\n');
  return { code: await call.exec(argv) };
}

/** Forks where it leads its process group, and then waits for nobody unless told to. */
async function newSession(call: Call): Promise<Outcome> {
  const argv = commandIn(call.args);
  if (argv.length === 0) return { code: 1, stderr: 'setsid: no command specified\n' };
  const { process } = call;
  const fork = process.group === process.pid || call.args.some((arg) => /^(-[a-z]*f|--fork)/.test(arg));
  if (!fork) {
    leadSession(process);
    return { code: await call.exec(argv) };
  }
  // The child is the command itself; a moment as a child of this process does no harm, nobody signals it by group in between.
  const running = call.run(argv);
  for (const one of process.table.list()) if (one.parent === process.pid) leadSession(one);
  const waits = call.args.some((arg) => /^(-[a-z]*w|--wait)/.test(arg));
  if (waits) return { code: await running };
  running.catch(() => {});
  return { code: 0 };
}

function leadSession(process: Process): void {
  process.group = process.pid;
  process.session = process.pid;
}

async function env(call: Call): Promise<Outcome> {
  const rest = [...call.args];
  while (rest[0]?.startsWith('-') || rest[0]?.includes('=')) rest.shift();
  if (rest.length > 0) return { code: await call.exec(rest) };
  return print([...call.environment].map(([name, value]) => `${name}=${value}\n`).join(''));
}

function kill(call: Call): Outcome {
  const { code, problems } = killByArguments(call.process, call.vcenter, call.args);
  return { code, stderr: problems.map((one) => `kill: ${one}\n`).join('') };
}

/** `kill [-SIG | -s SIG] PID…`; a negative number is a process group. Also the shell's builtin. */
export function killByArguments(
  from: Process,
  vcenter: Call['vcenter'],
  args: readonly string[],
): { readonly code: number; readonly problems: readonly string[] } {
  const rest = [...args];
  let signal = SIGNALS.TERM;
  const [first = ''] = rest;
  if (first === '-s' || first === '-n') {
    signal = signalNumber(rest[1] ?? '');
    rest.splice(0, 2);
  } else if (/^-[A-Za-z0-9]+$/.test(first)) {
    signal = signalNumber(first.slice(1));
    rest.shift();
  }
  if (rest[0] === '--') rest.shift();
  if (signal === undefined) return { code: 1, problems: [`${first}: invalid signal specification`] };
  if (rest.length === 0) return { code: 2, problems: ['usage: kill [-s sigspec | -n signum | -sigspec] pid ...'] };
  const problems: string[] = [];
  for (const text of rest) {
    const pid = Number(text);
    if (!/^-?\d+$/.test(text)) problems.push(`${text}: arguments must be process or job IDs`);
    else if (pid < 0) {
      const group = from.table.list().filter((one) => one.group === -pid);
      for (const one of group) one.deliver(signal);
      if (group.length === 0) problems.push(`(${text}) - No such process`);
    } else {
      const found = from.table.find(pid);
      if (found) found.deliver(signal);
      else if (argvOf(vcenter, pid) === undefined) problems.push(`(${text}) - No such process`);
      // The appliance's own processes: vmon would start them again, and nobody should try.
      else if (signal !== 0) problems.push(`(${text}) - Operation not permitted`);
    }
  }
  return { code: problems.length > 0 ? 1 : 0, problems };
}

/** `ps`, `ps -ef`, `ps aux`, `ps -p PID`, `ps -o pid=,args=`: all processes that the lab knows, whatever is asked about users and terminals. */
function showProcesses(call: Call): Outcome {
  const rows = processRows(call);
  const pids = option(call.args, 'p')?.split(',').map(Number);
  const shown = pids ? rows.filter((row) => pids.includes(row.pid)) : rows;
  const format = option(call.args, 'o');
  const code = pids && shown.length === 0 ? 1 : 0;
  if (format !== undefined) {
    const columns = format.split(',').map((one) => one.replace(/=.*$/, ''));
    const quiet = format.includes('=');
    const head = quiet ? '' : `${columns.map((one) => one.toUpperCase()).join(' ')}\n`;
    const values = (row: ProcessRow): Record<string, string | number> => ({
      pid: row.pid,
      ppid: row.parent,
      pgid: row.group,
      sid: row.session,
      args: row.argv.join(' '),
      cmd: row.argv.join(' '),
      command: row.argv.join(' '),
      comm: nameOf(row.argv).slice(0, 15),
    });
    const lines = shown.map((row) => columns.map((one) => values(row)[one] ?? '-').join(' '));
    return print(head + lines.map((line) => `${line}\n`).join(''), code);
  }
  const lines = shown.map((row) => `root ${row.pid} ${row.parent} 0 00:00 ? 00:00:00 ${row.argv.join(' ')}`);
  return print(`UID PID PPID C STIME TTY TIME CMD\n${lines.map((line) => `${line}\n`).join('')}`, code);
}

/** `pgrep [-f] [-x] [-l] PATTERN` */
function findProcesses(call: Call): Outcome {
  const [pattern = ''] = operands(call.args);
  const has = (letter: string) => call.args.some((arg) => new RegExp(`^-[a-z]*${letter}`).test(arg));
  const wanted = new RegExp(has('x') ? `^(?:${pattern})$` : pattern);
  const found = processRows(call).filter(
    (row) => row.pid !== call.process.pid && wanted.test(has('f') ? row.argv.join(' ') : nameOf(row.argv)),
  );
  return print(found.map((row) => `${row.pid}\n`).join(''), found.length > 0 ? 0 : 1);
}

interface ProcessRow extends Pick<Process, 'pid' | 'parent' | 'group' | 'session'> {
  readonly argv: readonly string[];
}

const nameOf = (argv: readonly string[]): string => (argv[0] ?? '').replace(/^.*\//, '');

function processRows(call: Call): ProcessRow[] {
  const { sps } = call.vcenter.appliance;
  const own = [1, sps.pid].flatMap((pid) => {
    const argv = argvOf(call.vcenter, pid);
    return argv ? [{ pid, parent: pid === 1 ? 0 : 1, group: pid, session: pid, argv }] : [];
  });
  return [...own, ...call.process.table.list()];
}
