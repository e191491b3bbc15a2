import { absolutePath } from './appliance-files.js';
import type { Machine } from './appliance-machine.js';
import { type Call, complain, type Outcome, type Program, tool } from './appliance-program.js';
import { Shell } from './appliance-shell.js';
import { Replace } from './appliance-shell-leave.js';
import { type Descriptor, readLine } from './appliance-streams.js';
import type { Terminal } from './appliance-terminal.js';

interface BashOptions {
  readonly command: string | undefined;
  /** `-s`: commands come from standard input, and all operands are arguments. */
  readonly fromInput: boolean;
  readonly operands: readonly string[];
  readonly interactive: boolean;
  readonly login: boolean;
  /** False: `--noediting`. */
  readonly editing: boolean;
}

/** `bash` and `sh` as programs, for scripts and pipes. `exec bash` in a terminal is handled by `runTerminalShell`. */
export function withBash(programs: ReadonlyMap<string, Program>): ReadonlyMap<string, Program> {
  const all = new Map(programs);
  const bash = tool(async (call) => ({ code: await runBash(call, { ...machineOf(call), programs: all }) }));
  for (const name of ['bash', 'sh']) all.set(name, bash);
  return all;
}

const machineOf = ({ world, vcenter, process, environment }: Call) => ({ world, vcenter, process, environment });

async function runBash(call: Call, machine: Machine): Promise<number> {
  const { command, fromInput, operands, interactive } = readOptions(call.args);
  const shell = new Shell(machine, new Map(call.descriptors));
  shell.cwd = call.cwd;
  shell.umask = call.umask;
  if (command !== undefined) {
    const [name, ...args] = operands;
    shell.name = name ?? 'bash';
    shell.args = args;
    return shell.runScript(command, true);
  }
  const [script, ...args] = fromInput ? [] : operands;
  if (script === undefined) {
    shell.args = operands;
    if (!interactive && !call.stdin.terminal) return shell.runLines();
    return refuse(call, complain('bash: the lab starts an interactive shell by `exec bash` alone', 1));
  }
  const file = shell.files.read(absolutePath(call.cwd, script));
  if (!file) return refuse(call, complain(`bash: ${script}: No such file or directory`, 127));
  shell.name = script;
  shell.unboundCode = 1;
  shell.args = args;
  return shell.runScript(file.content.toString('utf8'));
}

function refuse(call: Call, { code, stderr }: Outcome): number {
  if (stderr !== undefined) call.stderr.write(stderr);
  return code;
}

function readOptions(args: readonly string[]): BashOptions {
  const operands: string[] = [];
  let [takesCommand, fromInput, interactive, login, editing] = [false, false, false, false, true];
  for (const [index, arg] of args.entries()) {
    if (operands.length > 0 || !/^[-+]./.test(arg) || arg === '--') {
      operands.push(...args.slice(arg === '--' ? index + 1 : index));
      break;
    }
    if (arg === '--noediting') editing = false;
    else if (arg === '--login') login = true;
    else if (/^-[a-z]+$/i.test(arg)) {
      takesCommand ||= arg.includes('c');
      fromInput ||= arg.includes('s');
      interactive ||= arg.includes('i');
      login ||= arg.includes('l');
    }
  }
  const command = takesCommand ? operands.shift() : undefined;
  return { command, fromInput, operands, interactive, login, editing };
}

/** An interactive bash on a terminal, and every bash that takes its place by `exec`; the last one's exit code. */
export async function runTerminalShell(
  machine: Machine,
  terminal: Terminal,
  variables: ReadonlyMap<string, string>,
): Promise<number> {
  let options = readOptions(['-i', '-l']);
  for (;;) {
    const shell = terminalShell(machine, terminal, options);
    for (const [name, value] of variables) {
      shell.variables.set(name, value);
      shell.exported.add(name);
    }
    try {
      const code = await shell.runLines((prompt) => ask(shell, terminal, prompt, options.editing));
      terminal.write(options.login ? 'logout\n' : 'exit\n');
      return code;
    } catch (left) {
      if (!(left instanceof Replace)) throw left;
      shell.record(left.argv.join(' '), 'takes the place of the shell');
      options = readOptions(left.argv.slice(1));
      if (options.command !== undefined || options.operands.length > 0) return shell.runCommand(left.argv);
    }
  }
}

function terminalShell(machine: Machine, terminal: Terminal, options: BashOptions): Shell {
  const both: Descriptor = { input: terminal, output: terminal };
  const shell = new Shell(
    machine,
    new Map([
      [0, both],
      [1, both],
      [2, both],
    ]),
  );
  shell.variables.set('PS1', options.login ? '\\u@\\h [ \\w ]\\$ ' : '\\s-\\v\\$ ');
  shell.variables.set('PS2', '> ');
  shell.variables.set('TERM', terminal.modes.term);
  return shell;
}

/** Prints the prompt and gives the next line of input. */
async function ask(shell: Shell, terminal: Terminal, name: 'PS1' | 'PS2', editing: boolean): Promise<string | undefined> {
  // Bracketed paste: bash 5.1 and later switch it on around every prompt, where the terminal is no dumb one.
  const pasting = editing && terminal.modes.term !== 'dumb' && shell.machine.vcenter.version.startsWith('8.');
  terminal.write(`${pasting ? '\u001b[?2004h' : ''}${promptText(shell, shell.variable(name) ?? '')}`);
  terminal.editing = editing;
  try {
    return await readLine(terminal);
  } finally {
    terminal.editing = false;
    if (pasting) terminal.write('\u001b[?2004l\r');
  }
}

function promptText(shell: Shell, prompt: string): string {
  const short = shell.machine.vcenter.address.split('.')[0] ?? 'localhost';
  const version = shell.machine.vcenter.version;
  const values: Readonly<Record<string, string>> = {
    u: 'root',
    h: short,
    w: shell.cwd === '/root' ? '~' : shell.cwd,
    W: shell.cwd === '/root' ? '~' : shell.cwd.slice(shell.cwd.lastIndexOf('/') + 1),
    $: '#',
    s: 'bash',
    v: version.startsWith('6.') ? '4.3' : version.startsWith('7.') ? '4.4' : '5.1',
    n: '\n',
    '\\': '\\',
  };
  return prompt.replace(/\\(.)/g, (piece, letter: string) => values[letter] ?? piece);
}
