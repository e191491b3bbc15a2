import { type ApplianceFiles, absolutePath } from './appliance-files.js';
import { formatText } from './appliance-format.js';
import { killByArguments } from './appliance-process-tools.js';
import type { Program } from './appliance-program.js';
import type { Jobs } from './appliance-shell-jobs.js';
import { Leave, Replace } from './appliance-shell-leave.js';
import { writeFailed } from './appliance-shell-programs.js';
import type { Command } from './appliance-shell-tree.js';
import { type Descriptor, type Input, type Output, readLine } from './appliance-streams.js';
import { test } from './appliance-test.js';
import { type Process, SIGNALS, signalNumber } from './processes.js';
import type { LabVcenter } from './world.js';

/** What builtins may look at and change in the shell that runs them. */
export interface ShellState {
  readonly files: ApplianceFiles;
  readonly variables: Map<string, string>;
  readonly functions: Map<string, Command>;
  readonly exported: Set<string>;
  /** Values that `local` hides, one frame for each running function. */
  readonly frames: Map<string, string | undefined>[];
  readonly descriptors: Map<number, Descriptor>;
  readonly status: number;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly jobs: Jobs;
  readonly process: Process;
  readonly machine: { readonly vcenter: LabVcenter };
  args: readonly string[];
  cwd: string;
  umask: number;
  strictVariables: boolean;
  variable(name: string): string | undefined;
  assign(name: string, value: string): void;
  findProgram(name: string): Program | undefined;
  runCommand(argv: readonly string[], options?: { readonly functions: boolean }): Promise<number>;
  runText(source: string): Promise<number>;
  runInstead(argv: readonly string[]): Promise<number>;
}

/** A command inside the shell itself; its exit code. */
export type Builtin = (shell: ShellState, args: readonly string[], name: string) => number | Promise<number>;

const number = (text: string | undefined, fallback: number): number =>
  text !== undefined && /^-?\d+$/.test(text) ? Number(text) : fallback;

export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', () => 0],
  ['true', () => 0],
  ['false', () => 1],
  ['exit', (shell, [code]) => leave('exit', number(code, shell.status) & 0xff)],
  ['logout', (shell) => leave('exit', shell.status)],
  ['return', (shell, [code]) => leave('return', number(code, shell.status) & 0xff)],
  ['break', (_shell, [levels]) => leave('break', number(levels, 1))],
  ['continue', (_shell, [levels]) => leave('continue', number(levels, 1))],
  ['echo', echo],
  ['printf', printf],
  ['test', (shell, args) => runTest(shell, args, 'test')],
  ['[', (shell, args) => (args.at(-1) === ']' ? runTest(shell, args.slice(0, -1), '[') : say(shell, "[: missing `]'", 2))],
  ['cd', changeDirectory],
  ['pwd', (shell) => write(shell, `${shell.cwd}\n`)],
  ['export', exportNames],
  ['unset', unset],
  ['local', local],
  ['shift', shift],
  ['set', set],
  ['read', read],
  ['command', command],
  ['type', typeOf],
  ['exec', exec],
  ['eval', evaluate],
  ['umask', umask],
  ['wait', (shell, [pid]) => shell.jobs.wait(pid === undefined ? undefined : number(pid, -1))],
  [
    'jobs',
    (shell) =>
      write(
        shell,
        shell.jobs
          .pids()
          .map((pid) => `${pid}\n`)
          .join(''),
      ),
  ],
  ['disown', (shell) => shell.jobs.forget()],
  ['kill', kill],
  ['trap', trap],
  ['history', () => 0],
]);

function leave(how: Leave['how'], value: number): never {
  throw new Leave(how, value);
}

function write(shell: ShellState, text: string | Buffer, name = 'echo'): number {
  const problem = shell.stdout.write(text);
  return problem === undefined ? 0 : writeFailed(shell.process, shell.stderr, `bash: ${name}: `, problem);
}

function say(shell: ShellState, text: string, code: number): number {
  shell.stderr.write(`bash: ${text}\n`);
  return code;
}

function echo(shell: ShellState, args: readonly string[]): number {
  const words = [...args];
  let end = '\n';
  let escapes = false;
  while (/^-[neE]+$/.test(words[0] ?? '')) {
    const flags = words.shift() ?? '';
    if (flags.includes('n')) end = '';
    escapes = flags.includes('e');
  }
  const text = words.join(' ');
  return write(shell, escapes ? formatText('%b', [text]).bytes.toString('latin1') + end : text + end);
}

function printf(shell: ShellState, args: readonly string[]): number {
  const [into, name, ...rest] = args;
  if (into === '-v' && name !== undefined) {
    shell.assign(name, formatText(rest[0] ?? '', rest.slice(1)).bytes.toString('utf8'));
    return 0;
  }
  const [format, ...values] = into === '--' ? args.slice(1) : args;
  if (format === undefined) return say(shell, 'printf: usage: printf [-v var] format [arguments]', 2);
  const { bytes, problem } = formatText(format, values);
  const code = write(shell, bytes, 'printf');
  return problem === undefined ? code : say(shell, `printf: ${problem}`, 1);
}

function runTest(shell: ShellState, args: readonly string[], name: string): number {
  const answer = test(shell.files, shell.cwd, args, shell.descriptors, (path) => shell.findProgram(path) !== undefined);
  return typeof answer === 'boolean' ? Number(!answer) : say(shell, `${name}: ${answer}`, 2);
}

function changeDirectory(shell: ShellState, [to = '/root']: readonly string[]): number {
  const path = absolutePath(shell.cwd, to);
  if (!shell.files.isDirectory(path)) return say(shell, `cd: ${to}: No such file or directory`, 1);
  shell.cwd = path;
  return 0;
}

function exportNames(shell: ShellState, args: readonly string[]): number {
  for (const arg of args) {
    const [name = '', ...value] = arg.split('=');
    if (value.length > 0) shell.assign(name, value.join('='));
    shell.exported.add(name);
  }
  return 0;
}

function unset(shell: ShellState, args: readonly string[]): number {
  const functions = args[0] === '-f';
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    if (functions || !shell.variables.delete(name)) shell.functions.delete(name);
    shell.exported.delete(name);
  }
  return 0;
}

function local(shell: ShellState, args: readonly string[]): number {
  const frame = shell.frames.at(-1);
  if (!frame) return say(shell, 'local: can only be used in a function', 1);
  for (const arg of args) {
    const [name = '', ...value] = arg.split('=');
    if (!frame.has(name)) frame.set(name, shell.variables.get(name));
    if (value.length > 0) shell.assign(name, value.join('='));
    else shell.variables.delete(name);
  }
  return 0;
}

function shift(shell: ShellState, [count]: readonly string[]): number {
  const by = number(count, 1);
  if (by > shell.args.length) return 1;
  shell.args = shell.args.slice(by);
  return 0;
}

/** `-u` counts; other options are taken and have no effect: the lab runs nothing that depends on them. */
function set(shell: ShellState, args: readonly string[]): number {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--') {
      shell.args = args.slice(at + 1);
      return 0;
    }
    if (/^[-+][A-Za-z]*u/.test(arg)) shell.strictVariables = arg.startsWith('-');
    if (/^[-+]o$/.test(arg)) {
      at += 1;
      if (args[at] === 'nounset') shell.strictVariables = arg.startsWith('-');
    } else if (!/^[-+][A-Za-z]+$/.test(arg)) {
      shell.args = args.slice(at);
      return 0;
    }
  }
  return 0;
}

async function read(shell: ShellState, args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => !/^-[rs]+$/.test(arg));
  const raw = args.some((arg) => /^-s?r/.test(arg));
  const line = await readLine(shell.stdin);
  const text = (line ?? '').replace(/\n$/, '');
  const value = raw ? text : text.replace(/\\([\s\S])/g, '$1');
  const separators = shell.variable('IFS') ?? ' \t\n';
  if (separators === '' || names.length === 0) shell.assign(names[0] ?? 'REPLY', value);
  else {
    const fields = value.trim().split(/[ \t\n]+/);
    for (const [index, name] of names.entries()) {
      shell.assign(name, index === names.length - 1 ? fields.slice(index).join(' ') : (fields[index] ?? ''));
    }
  }
  return line?.endsWith('\n') ? 0 : 1;
}

function command(shell: ShellState, args: readonly string[]): number | Promise<number> {
  const [first, ...rest] = args;
  if (first === '-v' || first === '-V') {
    const name = rest[0] ?? '';
    if (shell.functions.has(name) || builtins.has(name)) return write(shell, `${name}\n`);
    const program = shell.findProgram(name);
    if (!program) return 1;
    return write(shell, name.includes('/') ? `${name}\n` : `${program.folders[0]}/${name}\n`);
  }
  return shell.runCommand(first === '-p' || first === '--' ? rest : args, { functions: false });
}

function typeOf(shell: ShellState, args: readonly string[]): number {
  let code = 0;
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    const program = shell.findProgram(name);
    if (shell.functions.has(name)) write(shell, `${name} is a function\n`);
    else if (builtins.has(name)) write(shell, `${name} is a shell builtin\n`);
    else if (program) write(shell, `${name} is ${program.folders[0]}/${name}\n`);
    else code = say(shell, `type: ${name}: not found`, 1);
  }
  return code;
}

async function exec(shell: ShellState, args: readonly string[]): Promise<number> {
  if (args.length === 0) return 0;
  if (/(^|\/)(ba)?sh$/.test(args[0] ?? '')) throw new Replace(args);
  return leave('exit', await shell.runInstead(args));
}

function umask(shell: ShellState, [mode]: readonly string[]): number {
  if (mode === undefined) return write(shell, `${shell.umask.toString(8).padStart(4, '0')}\n`);
  if (!/^[0-7]{1,4}$/.test(mode)) return say(shell, `umask: ${mode}: the lab knows octal masks alone`, 1);
  shell.umask = Number.parseInt(mode, 8);
  return 0;
}

function kill(shell: ShellState, args: readonly string[]): number {
  const { code, problems } = killByArguments(shell.process, shell.machine.vcenter, args);
  for (const problem of problems) say(shell, `kill: ${problem}`, code);
  if (shell.process.isOver) throw shell.process.death();
  return code;
}

/** `trap ACTION SIGNAL…`, `trap - SIGNAL…`, `trap '' SIGNAL…` */
function trap(shell: ShellState, args: readonly string[]): number {
  const [action, ...signals] = args[0] === '--' ? args.slice(1) : args;
  if (action === undefined || action === '-p') {
    const names = new Map(Object.entries(SIGNALS).map(([name, value]) => [value, `SIG${name}`]));
    const rows = shell.jobs.list().map(([signal, text]) => `trap -- '${text}' ${names.get(signal) ?? 'EXIT'}\n`);
    return write(shell, rows.join(''));
  }
  for (const name of signals) {
    const signal = name === 'EXIT' || name === '0' ? 0 : signalNumber(name);
    if (signal === undefined) return say(shell, `trap: ${name}: invalid signal specification`, 1);
    shell.jobs.trap(signal, action === '-' ? undefined : action);
  }
  return 0;
}

async function evaluate(shell: ShellState, args: readonly string[]): Promise<number> {
  return shell.runText(args.join(' '));
}
