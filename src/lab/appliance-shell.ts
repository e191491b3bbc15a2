import { ApplianceFiles, absolutePath } from './appliance-files.js';
import type { Call, Outcome, Program } from './appliance-program.js';
import { type Builtin, builtins, type ShellState } from './appliance-shell-builtins.js';
import { type Expander, ExpansionProblem, expandPattern, expandText, expandWords } from './appliance-shell-expand.js';
import { Leave, Replace } from './appliance-shell-leave.js';
import { type Command, type List, type Pipeline, parseShell, type Redirection, type Word } from './appliance-shell-syntax.js';
import {
  type Descriptor,
  type Input,
  inputOf,
  NOTHING,
  NOWHERE,
  type Output,
  Pipe,
  readAll,
  readLine,
} from './appliance-streams.js';
import type { LabRecord, LabVcenter, LabWorld } from './world.js';

export interface Machine {
  readonly world: LabWorld;
  readonly vcenter: LabVcenter;
  readonly programs: ReadonlyMap<string, Program>;
  readonly signal: AbortSignal;
}

const MAX_DEPTH = 64;
const MAX_ROUNDS = 100_000;

/**
 * bash as far as the lab needs it: an interpreter over the lab's own files and a table of programs. It starts no process and opens no
 * file of this machine; what it does not know answers `command not found`, 127, and is recorded.
 */
export class Shell implements Expander, ShellState {
  readonly machine: Machine;
  readonly files: ApplianceFiles;
  readonly variables: Map<string, string>;
  readonly functions: Map<string, Command>;
  readonly exported: Set<string>;
  /** Values that `local` hides, one frame for each running function. */
  readonly frames: Map<string, string | undefined>[] = [];
  args: readonly string[] = [];
  /** `$0` */
  name = 'bash';
  cwd = '/root';
  status = 0;
  descriptors: Map<number, Descriptor>;
  private depth: number;

  constructor(machine: Machine, descriptors: Map<number, Descriptor>, parent?: Shell) {
    this.machine = machine;
    this.files = parent?.files ?? new ApplianceFiles(machine.world, machine.vcenter);
    this.descriptors = new Map(descriptors);
    this.variables = new Map(parent?.variables ?? startVariables());
    this.functions = new Map(parent?.functions);
    this.exported = new Set(parent?.exported ?? this.variables.keys());
    this.args = parent?.args ?? [];
    this.name = parent?.name ?? 'bash';
    this.cwd = parent?.cwd ?? '/root';
    this.status = parent?.status ?? 0;
    this.depth = (parent?.depth ?? 0) + 1;
    if (this.depth > MAX_DEPTH) throw new Leave('exit', 1);
  }

  get stdin(): Input {
    return this.descriptors.get(0)?.input ?? NOTHING;
  }
  get stdout(): Output {
    return this.descriptors.get(1)?.output ?? NOWHERE;
  }
  get stderr(): Output {
    return this.descriptors.get(2)?.output ?? NOWHERE;
  }

  /** A whole script, as `bash -c` or from a file; its exit code. */
  async runScript(source: string): Promise<number> {
    return this.guard(() => this.runText(source));
  }

  /** As `eval`: what leaves the text leaves this shell too. */
  async runText(source: string): Promise<number> {
    const parsed = parseShell(source);
    if (parsed.kind !== 'list') {
      const near =
        parsed.kind === 'error' ? `syntax error near unexpected token \`${parsed.near}'` : 'syntax error: unexpected end of file';
      this.stderr.write(`bash: -c: line 1: ${near}\n`);
      this.record(source, 'not understood', 2);
      return 2;
    }
    await this.runList(parsed.list);
    return this.status;
  }

  /**
   * Reads commands line by line from standard input, which the commands share. `ask` prints a prompt and gives the next line; without it
   * lines are read as they come. Ends at the end of input, at `exit`, and by `Replace`.
   */
  async runLines(ask?: (prompt: 'PS1' | 'PS2') => Promise<string | undefined>): Promise<number> {
    const next = ask ?? (() => readLine(this.stdin));
    for (let gathered = ''; ; ) {
      const line = await next(gathered === '' ? 'PS1' : 'PS2');
      if (line === undefined) return this.status;
      gathered += line.endsWith('\n') ? line : `${line}\n`;
      const parsed = parseShell(gathered);
      if (parsed.kind === 'incomplete') continue;
      if (parsed.kind === 'error') {
        this.stderr.write(`bash: syntax error near unexpected token \`${parsed.near}'\n`);
        this.record(gathered.trimEnd(), 'not understood', 2);
        this.status = 2;
      } else {
        try {
          await this.runList(parsed.list);
        } catch (left) {
          if (!(left instanceof Leave)) throw left;
          if (left.how === 'exit') return left.value;
        }
      }
      gathered = '';
    }
  }

  async runList(list: List): Promise<void> {
    for (const { operator, pipeline } of list) {
      if (operator === '&&' && this.status !== 0) continue;
      if (operator === '||' && this.status === 0) continue;
      if (this.machine.signal.aborted) throw new Leave('exit', 143);
      await this.runPipeline(pipeline);
    }
  }

  /** A shell of its own with copies of everything. */
  fork(descriptors = this.descriptors): Shell {
    return new Shell(this.machine, descriptors, this);
  }

  variable(name: string): string | undefined {
    if (/^\d+$/.test(name)) return name === '0' ? this.name : this.args[Number(name) - 1];
    switch (name) {
      case '?':
        return String(this.status);
      case '#':
        return String(this.args.length);
      case '$':
        return '4242';
      case '-':
        return 'hB';
      case '!':
        return undefined;
      case 'PWD':
        return this.cwd;
      default:
        return this.variables.get(name);
    }
  }

  assign(name: string, value: string): void {
    this.variables.set(name, value);
  }

  async substitute(source: string): Promise<string> {
    const pipe = new Pipe();
    const shell = this.fork(new Map([...this.descriptors, [1, { output: pipe }]]));
    this.status = await shell.runScript(source);
    pipe.end();
    return (await readAll(pipe)).toString('utf8').replaceAll('\0', '').replace(/\n+$/, '');
  }

  glob(pattern: RegExp, absolute: boolean): string[] {
    const paths = this.files.paths().map((path) => path.replace(/\/$/, ''));
    const folders = paths.flatMap((path) => path.split('/').map((_part, index, parts) => parts.slice(0, index + 1).join('/')));
    const all = [...new Set(folders)].filter((path) => path !== '');
    const shown = absolute
      ? all
      : all.filter((path) => path.startsWith(`${this.cwd}/`)).map((path) => path.slice(this.cwd.length + 1));
    return shown.filter((path) => pattern.test(path)).sort();
  }

  /** Program, function or builtin, by name; its exit code. */
  async runCommand(argv: readonly string[], options: { readonly functions: boolean } = { functions: true }): Promise<number> {
    const [name = '', ...args] = argv;
    const body = options.functions ? this.functions.get(name) : undefined;
    if (body) return this.runFunction(body, args);
    const builtin: Builtin | undefined = builtins.get(name);
    if (builtin) return builtin(this, args, name);
    return this.runProgram(name, args, this.machine.signal);
  }

  async runProgram(name: string, args: readonly string[], signal: AbortSignal): Promise<number> {
    const program = this.findProgram(name);
    if (!program) return this.notFound(name, args);
    const entry = program.filter?.(args) ? undefined : this.record(quoteLine([name, ...args]), 'started');
    const call: Call = {
      world: this.machine.world,
      vcenter: this.machine.vcenter,
      files: this.files,
      name,
      args,
      stdin: this.stdin,
      stdout: this.stdout,
      stderr: this.stderr,
      cwd: this.cwd,
      environment: new Map([...this.variables].filter(([key]) => this.exported.has(key))),
      signal,
      run: (argv, inner = signal) => this.fork().runInner(argv, inner),
    };
    const { code, stdout, stderr }: Outcome = await program.run(call);
    if (stdout !== undefined) this.stdout.write(stdout);
    if (stderr !== undefined) this.stderr.write(stderr);
    if (entry) entry.outcome = `exit ${code}`;
    return code;
  }

  record(what: string, outcome: string, code?: number): { outcome: string } {
    const { world, vcenter } = this.machine;
    const text = code === undefined ? outcome : `${outcome}, exit ${code}`;
    const entry = { at: world.now().toISOString(), where: vcenter.id, kind: 'ssh-exec', what, outcome: text } satisfies LabRecord;
    world.record.push(entry);
    return entry;
  }

  findProgram(name: string): Program | undefined {
    const { programs } = this.machine;
    if (!name.includes('/')) {
      const program = programs.get(name);
      return program?.onPath === false ? undefined : program;
    }
    const path = absolutePath(this.cwd, name);
    const at = path.lastIndexOf('/');
    const program = programs.get(path.slice(at + 1));
    return program?.folders.includes(path.slice(0, at)) ? program : undefined;
  }

  private async runInner(argv: readonly string[], signal: AbortSignal): Promise<number> {
    const [name = '', ...args] = argv;
    return this.guard(() => (builtins.has(name) ? this.runCommand(argv) : this.runProgram(name, args, signal)));
  }

  private async notFound(name: string, args: readonly string[]): Promise<number> {
    if (name.includes('/')) {
      const path = absolutePath(this.cwd, name);
      const file = this.files.read(path);
      const script = file && (file.mode & 0o111) !== 0 ? file.content.toString('utf8') : undefined;
      if (script !== undefined && /^#!\s*\/(usr\/)?bin\/(ba)?sh\b/.test(script)) {
        const entry = this.record(quoteLine([name, ...args]), 'started');
        const shell = this.fork();
        shell.args = args;
        const code = await shell.runScript(script);
        entry.outcome = `exit ${code}`;
        return code;
      }
      const why = file ? 'Permission denied' : this.files.isDirectory(path) ? 'Is a directory' : 'No such file or directory';
      const code = why === 'No such file or directory' ? 127 : 126;
      this.stderr.write(`bash: ${name}: ${why}\n`);
      this.record(quoteLine([name, ...args]), why, code);
      return code;
    }
    this.stderr.write(`bash: ${name}: command not found\n`);
    this.record(quoteLine([name, ...args]), 'command not found', 127);
    return 127;
  }

  private async runFunction(body: Command, args: readonly string[]): Promise<number> {
    const before = this.args;
    const frame = new Map<string, string | undefined>();
    this.frames.push(frame);
    this.depth += 1;
    try {
      if (this.depth > MAX_DEPTH) throw new Leave('exit', 1);
      this.args = args;
      await this.runOne(body);
      return this.status;
    } catch (left) {
      if (left instanceof Leave && left.how === 'return') return left.value;
      throw left;
    } finally {
      this.depth -= 1;
      this.frames.pop();
      this.args = before;
      for (const [name, value] of frame) {
        if (value === undefined) this.variables.delete(name);
        else this.variables.set(name, value);
      }
    }
  }

  private async runPipeline({ commands, negated }: Pipeline): Promise<void> {
    const [only] = commands;
    if (commands.length === 1 && only) await this.runOne(only);
    else this.status = await this.runStages(commands);
    if (negated) this.status = this.status === 0 ? 1 : 0;
  }

  /** All stages at once, each in a shell of its own; the exit code is the last one's. */
  private async runStages(commands: readonly Command[]): Promise<number> {
    let from: Pipe | undefined;
    const stages = commands.map(async (command, index) => {
      const to = index < commands.length - 1 ? new Pipe() : undefined;
      const descriptors = new Map(this.descriptors);
      if (from) descriptors.set(0, { input: from });
      if (to) descriptors.set(1, { output: to });
      from = to;
      const shell = this.fork(descriptors);
      const code = await shell.guard(async () => {
        await shell.runOne(command);
        return shell.status;
      });
      to?.end();
      return code;
    });
    return (await Promise.all(stages)).at(-1) ?? 0;
  }

  private async runOne(command: Command): Promise<void> {
    if (command.kind === 'function') {
      this.functions.set(command.name, command.body);
      this.status = 0;
      return;
    }
    if (command.kind === 'simple') return this.runSimple(command);
    const before = this.descriptors;
    try {
      if (!(await this.redirect(command.redirections))) return;
      await this.runCompound(command);
    } finally {
      this.descriptors = before;
    }
  }

  private async runCompound(command: Exclude<Command, { kind: 'simple' | 'function' }>): Promise<void> {
    switch (command.kind) {
      case 'group':
        return this.runList(command.body);
      case 'subshell': {
        const shell = this.fork();
        this.status = await shell.guard(async () => {
          await shell.runList(command.body);
          return shell.status;
        });
        return;
      }
      case 'if':
        return this.runIf(command);
      case 'while':
      case 'until': {
        let code = 0;
        await this.loop(async () => {
          await this.runList(command.condition);
          if ((this.status === 0) !== (command.kind === 'while')) return false;
          await this.runList(command.body);
          code = this.status;
          return true;
        });
        this.status = code;
        return;
      }
      case 'for': {
        const values = command.words ? await expandWords(this, command.words) : [...this.args];
        this.status = 0;
        await this.loop(async (round) => {
          const value = values[round];
          if (value === undefined) return false;
          this.assign(command.name, value);
          await this.runList(command.body);
          return true;
        });
        return;
      }
      case 'case': {
        const value = await expandText(this, command.word);
        this.status = 0;
        for (const { patterns, body } of command.branches) {
          for (const pattern of patterns) {
            if ((await expandPattern(this, pattern)).test(value)) return this.runList(body);
          }
        }
      }
    }
  }

  private async runIf(command: Extract<Command, { kind: 'if' }>): Promise<void> {
    for (const { condition, body } of command.branches) {
      await this.runList(condition);
      if (this.status === 0) return this.runList(body);
    }
    this.status = 0;
    if (command.otherwise) await this.runList(command.otherwise);
  }

  private async loop(body: (round: number) => Promise<boolean>): Promise<void> {
    for (let round = 0; ; round += 1) {
      if (round >= MAX_ROUNDS || this.machine.signal.aborted) throw new Leave('exit', 143);
      try {
        if (!(await body(round))) return;
      } catch (left) {
        if (!(left instanceof Leave) || (left.how !== 'break' && left.how !== 'continue')) throw left;
        if (left.value > 1) throw new Leave(left.how, left.value - 1);
        if (left.how === 'break') return;
      }
    }
  }

  private async runSimple(command: Extract<Command, { kind: 'simple' }>): Promise<void> {
    const before = this.descriptors;
    let keep = false;
    try {
      const argv = await this.expandArguments(command.words);
      if (!(await this.redirect(command.redirections))) return;
      const hidden = new Map<string, string | undefined>();
      const lent: string[] = [];
      if (argv.length === 0) this.status = 0;
      for (const { name, value } of command.assignments) {
        if (argv.length > 0) hidden.set(name, this.variables.get(name));
        this.assign(name, await expandText(this, value));
        if (argv.length > 0 && !this.exported.has(name)) {
          this.exported.add(name);
          lent.push(name);
        }
      }
      if (argv.length === 0) return;
      keep = argv.length === 1 && argv[0] === 'exec';
      try {
        this.status = await this.runCommand(argv);
      } finally {
        for (const [name, value] of hidden) {
          if (value === undefined) this.variables.delete(name);
          else this.variables.set(name, value);
        }
        for (const name of lent) this.exported.delete(name);
      }
    } catch (problem) {
      if (!(problem instanceof ExpansionProblem)) throw problem;
      this.stderr.write(`bash: ${problem.message}\n`);
      this.status = 1;
    } finally {
      if (!keep) this.descriptors = before;
    }
  }

  /** `local` and `export` take assignments, and the value of an assignment is not split. */
  private async expandArguments(words: readonly Word[]): Promise<string[]> {
    const [first, ...rest] = words;
    const [name] = first ? await expandWords(this, [first]) : [];
    if (name !== 'local' && name !== 'export') return expandWords(this, words);
    const argv = [name];
    for (const word of rest) {
      const [part] = word;
      if (part?.kind === 'text' && !part.quoted && /^[A-Za-z_]\w*=/.test(part.text)) argv.push(await expandText(this, word));
      else argv.push(...(await expandWords(this, [word])));
    }
    return argv;
  }

  private async redirect(redirections: readonly Redirection[]): Promise<boolean> {
    const descriptors = new Map(this.descriptors);
    for (const { fd, operator, target } of redirections) {
      const text = await expandText(this, target);
      const problem = this.open(descriptors, fd, operator, text);
      if (problem !== undefined) {
        this.stderr.write(`bash: ${text}: ${problem}\n`);
        this.status = 1;
        return false;
      }
    }
    this.descriptors = descriptors;
    return true;
  }

  private open(
    descriptors: Map<number, Descriptor>,
    fd: number,
    operator: Redirection['operator'],
    text: string,
  ): string | undefined {
    switch (operator) {
      case '<<':
        descriptors.set(fd, { input: inputOf(text) });
        return undefined;
      case '<<<':
        descriptors.set(fd, { input: inputOf(`${text}\n`) });
        return undefined;
      case '<&':
      case '>&': {
        if (text === '-') descriptors.delete(fd);
        else {
          const source = descriptors.get(Number(text));
          if (!source) return 'Bad file descriptor';
          descriptors.set(fd, source);
        }
        return undefined;
      }
      case '<': {
        if (text === '/dev/null') descriptors.set(fd, { input: NOTHING });
        else {
          const path = absolutePath(this.cwd, text);
          const file = this.files.read(path);
          if (!file) return this.files.isDirectory(path) ? 'Is a directory' : 'No such file or directory';
          descriptors.set(fd, { input: inputOf(file.content) });
        }
        return undefined;
      }
      case '>':
      case '>>':
      case '&>': {
        const opened = this.openOutput(descriptors, text, operator === '>>');
        if (typeof opened === 'string') return opened;
        descriptors.set(operator === '&>' ? 1 : fd, opened);
        if (operator === '&>') descriptors.set(2, opened);
        return undefined;
      }
    }
  }

  private openOutput(descriptors: Map<number, Descriptor>, text: string, append: boolean): Descriptor | string {
    if (text === '/dev/null') return { output: NOWHERE };
    const standard = { '/dev/stdout': 1, '/dev/stderr': 2 }[text];
    if (standard !== undefined) return descriptors.get(standard) ?? { output: NOWHERE };
    const path = absolutePath(this.cwd, text);
    if (this.files.isDirectory(path)) return 'Is a directory';
    if (!this.files.isDirectory(path.slice(0, path.lastIndexOf('/')) || '/')) return 'No such file or directory';
    if (!append || !this.files.read(path)) this.files.write(path, Buffer.alloc(0));
    const write = (bytes: Buffer | string) => {
      const before = this.files.read(path)?.content ?? Buffer.alloc(0);
      this.files.write(path, Buffer.concat([before, typeof bytes === 'string' ? Buffer.from(bytes) : bytes]));
    };
    return { output: { write } };
  }

  private async guard(body: () => Promise<number>): Promise<number> {
    try {
      return await body();
    } catch (left) {
      if (left instanceof Leave) return left.how === 'exit' || left.how === 'return' ? left.value : 0;
      if (left instanceof Replace) return this.guard(() => this.runCommand(left.argv));
      if (left instanceof ExpansionProblem) {
        this.stderr.write(`bash: ${left.message}\n`);
        return 1;
      }
      throw left;
    }
  }
}

/** Arguments as one line that a shell would read back as the same arguments. */
export function quoteLine(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

function startVariables(): [string, string][] {
  return [
    ['HOME', '/root'],
    ['USER', 'root'],
    ['LOGNAME', 'root'],
    ['SHELL', '/bin/bash'],
    ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  ];
}
