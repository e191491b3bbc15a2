import { ApplianceFiles, absolutePath } from './appliance-files.js';
import { type Call, type Outcome, type Program, quoteLine } from './appliance-program.js';
import { type Builtin, builtins, type ShellState } from './appliance-shell-builtins.js';
import { runCompound } from './appliance-shell-compound.js';
import { type Expander, ExpansionProblem, expandText, expandWords } from './appliance-shell-expand.js';
import { Leave, Replace } from './appliance-shell-leave.js';
import { redirect } from './appliance-shell-redirect.js';
import { parseShell } from './appliance-shell-syntax.js';
import type { Command, List, Pipeline, Word } from './appliance-shell-tree.js';
import { type Descriptor, type Input, NOTHING, NOWHERE, type Output, Pipe, readAll, readLine } from './appliance-streams.js';
import type { LabRecord, LabVcenter, LabWorld } from './world.js';

export interface Machine {
  readonly world: LabWorld;
  readonly vcenter: LabVcenter;
  readonly programs: ReadonlyMap<string, Program>;
  readonly signal: AbortSignal;
}

const MAX_DEPTH = 64;
const START_VARIABLES: readonly (readonly [string, string])[] = [
  ['HOME', '/root'],
  ['USER', 'root'],
  ['LOGNAME', 'root'],
  ['SHELL', '/bin/bash'],
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
];

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
    this.variables = new Map(parent?.variables ?? START_VARIABLES);
    this.functions = new Map(parent?.functions);
    this.exported = new Set(parent?.exported ?? this.variables.keys());
    this.args = parent?.args ?? [];
    this.name = parent?.name ?? 'bash';
    this.cwd = parent?.cwd ?? '/root';
    this.status = parent?.status ?? 0;
    this.depth = (parent?.depth ?? 0) + 1;
    if (this.depth > MAX_DEPTH) throw new Leave('exit', 1);
  }

  get signal(): AbortSignal {
    return this.machine.signal;
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

  /** One program or builtin with its arguments as they are: what `bash -c` makes of a line of quoted words. */
  async runArguments(argv: readonly string[]): Promise<number> {
    return this.guard(() => this.runCommand(argv));
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
    return this.files.match(pattern, absolute ? undefined : this.cwd);
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
      if (!(await redirect(this, command.redirections))) return;
      await runCompound(this, command);
    } finally {
      this.descriptors = before;
    }
  }

  /** In a subshell: what it changes stays there. */
  async runApart(list: List): Promise<number> {
    const shell = this.fork();
    return shell.guard(async () => {
      await shell.runList(list);
      return shell.status;
    });
  }

  private async runSimple(command: Extract<Command, { kind: 'simple' }>): Promise<void> {
    const before = this.descriptors;
    let keep = false;
    try {
      const argv = await this.expandArguments(command.words);
      if (!(await redirect(this, command.redirections))) return;
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
