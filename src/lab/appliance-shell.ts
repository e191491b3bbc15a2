import { ApplianceFiles } from './appliance-files.js';
import { hangUpWith, type Machine, START_VARIABLES } from './appliance-machine.js';
import type { Program } from './appliance-program.js';
import { type Builtin, builtins, type ShellState } from './appliance-shell-builtins.js';
import { runCompound } from './appliance-shell-compound.js';
import { type Expander, ExpansionProblem, expandText, expandWords } from './appliance-shell-expand.js';
import { Jobs } from './appliance-shell-jobs.js';
import { Leave, Replace } from './appliance-shell-leave.js';
import { plainText } from './appliance-shell-lexer.js';
import { runStages } from './appliance-shell-pipeline.js';
import { findProgram, runProgram } from './appliance-shell-programs.js';
import { redirect } from './appliance-shell-redirect.js';
import { isOneCommand, parseShell } from './appliance-shell-syntax.js';
import type { Command, List, Pipeline, Word } from './appliance-shell-tree.js';
import { isSpecial, specialVariable } from './appliance-shell-variables.js';
import { type Descriptor, type Input, NOTHING, NOWHERE, type Output, Pipe, readAll, readLine } from './appliance-streams.js';
import { type OpenFiles, type Process, processesOf } from './processes.js';
import type { LabRecord } from './world.js';

type Ask = (prompt: 'PS1' | 'PS2') => Promise<string | undefined>;

const MAX_DEPTH = 64;
/**
 * bash as far as the lab needs it: an interpreter over the lab's own files and a table of programs. It starts no process and opens no
 * file of this machine; what it does not know answers `command not found`, 127, and is recorded.
 */
export class Shell implements Expander, ShellState, OpenFiles {
  readonly machine: Machine;
  readonly files: ApplianceFiles;
  readonly variables: Map<string, string>;
  readonly functions: Map<string, Command>;
  readonly exported: Set<string>;
  /** Values that `local` hides, one frame for each running function. */
  readonly frames: Map<string, string | undefined>[] = [];
  readonly process: Process;
  readonly jobs: Jobs;
  args: readonly string[] = [];
  /** `$0` */
  name = 'bash';
  cwd = '/root';
  status = 0;
  umask = 0o022;
  /** `set -u` */
  strictVariables = false;
  /** The command under way is the last one: it takes the place of this shell, as bash has it for `-c` and `&`. */
  last = false;
  /** `$$`: a subshell shows its parent's. */
  readonly pid: number;
  /** What an unset variable ends the shell with: 127 for `-c`, 1 elsewhere. */
  unboundCode = 127;
  /** A job of one command: its redirections are for good. */
  forGood = false;
  /** What is open again when the command under way has ended. */
  readonly kept: Map<number, Descriptor>[] = [];
  private readonly ownsProcess: boolean;
  private open: Map<number, Descriptor>;
  private depth: number;

  constructor(machine: Machine, descriptors: Map<number, Descriptor>, parent?: Shell, process?: Process) {
    this.machine = machine;
    this.files = parent?.files ?? new ApplianceFiles(machine.world, machine.vcenter);
    this.open = new Map(descriptors);
    this.variables = new Map(parent?.variables ?? machine.environment ?? START_VARIABLES);
    this.functions = new Map(parent?.functions);
    this.exported = new Set(parent?.exported ?? this.variables.keys());
    this.args = parent?.args ?? [];
    this.name = parent?.name ?? 'bash';
    this.cwd = parent?.cwd ?? '/root';
    this.status = parent?.status ?? 0;
    this.umask = parent?.umask ?? 0o022;
    this.strictVariables = parent?.strictVariables ?? false;
    if (parent) this.unboundCode = 1;
    this.depth = (parent?.depth ?? 0) + 1;
    const known = process ?? parent?.process ?? machine.process;
    this.ownsProcess = known === undefined;
    this.process = known ?? processesOf(machine.vcenter).spawn(['bash'], undefined, { unit: 'session.scope' });
    this.process.files.add(this);
    this.pid = parent?.pid ?? this.process.pid;
    this.jobs = new Jobs(this, parent?.jobs);
    if (this.ownsProcess) hangUpWith(machine.signal, this.process);
    if (this.depth > MAX_DEPTH) throw new Leave('exit', 1);
  }

  get descriptors(): Map<number, Descriptor> {
    return this.open;
  }
  set descriptors(descriptors: Map<number, Descriptor>) {
    this.open = descriptors;
    this.process.table.changed();
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

  /** A whole script, as `bash -c` (`once`) or from a file; its exit code. */
  async runScript(source: string, once = false): Promise<number> {
    return this.guard(() => this.runText(source, once));
  }

  /** One program or builtin with its arguments as they are: what `bash -c` makes of a line of quoted words. */
  async runArguments(argv: readonly string[]): Promise<number> {
    this.last = true;
    return this.guard(() => this.runCommand(argv));
  }

  /** As `eval`: what leaves the text leaves this shell too. */
  async runText(source: string, once = false): Promise<number> {
    const parsed = parseShell(source);
    if (parsed.kind !== 'list') {
      const near =
        parsed.kind === 'error' ? `syntax error near unexpected token \`${parsed.near}'` : 'syntax error: unexpected end of file';
      this.stderr.write(`bash: -c: line 1: ${near}\n`);
      this.record(source, 'not understood', 2);
      return 2;
    }
    this.last = once && isOneCommand(parsed.list);
    await this.runList(parsed.list);
    return this.status;
  }

  /**
   * Reads commands line by line from standard input, which the commands share. `ask` prints a prompt and gives the next line; without it
   * lines are read as they come. Ends at the end of input, at `exit`, and by `Replace`.
   */
  async runLines(ask?: Ask): Promise<number> {
    return this.leave(await this.readLines(ask));
  }

  private async readLines(ask?: Ask): Promise<number> {
    const next = ask ?? (() => readLine(this.stdin));
    for (let gathered = ''; ; ) {
      const line = await next(gathered === '' ? 'PS1' : 'PS2');
      if (line === undefined || this.process.isOver) return this.status;
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
      if (this.process.isOver) throw this.process.death();
      await this.runPipeline(pipeline);
      if (this.jobs.isTrapped) await this.jobs.runTraps();
    }
  }

  /** A shell of its own with copies of everything, in this process or another. */
  fork(descriptors = this.descriptors, process = this.process): Shell {
    return new Shell(this.machine, descriptors, this, process);
  }

  variable(name: string): string | undefined {
    return isSpecial(name) ? specialVariable(this, name) : this.variables.get(name);
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
    const { last } = this;
    this.last = false;
    const body = options.functions ? this.functions.get(name) : undefined;
    if (body) return this.runFunction(body, args);
    const builtin: Builtin | undefined = builtins.get(name);
    if (builtin) return builtin(this, args, name);
    return runProgram(this, name, args, last);
  }

  record(what: string, outcome: string, code?: number): { outcome: string } {
    const { world, vcenter } = this.machine;
    const text = code === undefined ? outcome : `${outcome}, exit ${code}`;
    const entry = { at: world.now().toISOString(), where: vcenter.id, kind: 'ssh-exec', what, outcome: text } satisfies LabRecord;
    world.record.push(entry);
    return entry;
  }

  findProgram(name: string): Program | undefined {
    return findProgram(this.machine.programs, this.cwd, name);
  }

  /** `exec`: the program takes the place of this shell. */
  async runInstead(argv: readonly string[]): Promise<number> {
    const [name = '', ...args] = argv;
    const inner = builtins.has(name) && !this.findProgram(name);
    return inner ? this.runCommand(argv) : runProgram(this, name, args, true);
  }

  /** Runs a program, or a builtin as one, for `timeout`, `env`, …; as a child, or instead of what this shell's process was. */
  async runInner(argv: readonly string[], instead: boolean): Promise<number> {
    const [name = '', ...args] = argv;
    return this.guard(() => (builtins.has(name) ? this.runCommand(argv) : runProgram(this, name, args, instead)));
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
    else this.status = await this.process.until(runStages(this, commands));
    if (negated) this.status = this.status === 0 ? 1 : 0;
  }

  async runOne(command: Command): Promise<void> {
    if (command.kind === 'function') {
      this.functions.set(command.name, command.body);
      this.status = 0;
      return;
    }
    if (command.kind === 'simple') return this.runSimple(command);
    if (command.kind === 'background') {
      this.jobs.start(command.body);
      this.status = 0;
      return;
    }
    const before = this.descriptors;
    this.putAside(before);
    try {
      if (!(await redirect(this, command.redirections))) return;
      await runCompound(this, command);
    } finally {
      this.kept.pop();
      this.descriptors = before;
    }
  }

  private putAside(before: Map<number, Descriptor>): void {
    this.kept.push(this.forGood ? new Map() : before);
    this.forGood = false;
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
    this.putAside(before);
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
      if (problem.fatal) throw new Leave('exit', this.unboundCode);
    } finally {
      this.kept.pop();
      if (!keep) this.descriptors = before;
    }
  }

  /** `local` and `export` take assignments, and the value of an assignment is not split. */
  private async expandArguments(words: readonly Word[]): Promise<string[]> {
    const [first, ...rest] = words;
    const name = first ? plainText(first) : undefined;
    if (name !== 'local' && name !== 'export') return expandWords(this, words);
    const argv: string[] = [name];
    for (const word of rest) {
      const [part] = word;
      if (part?.kind === 'text' && !part.quoted && /^[A-Za-z_]\w*=/.test(part.text)) argv.push(await expandText(this, word));
      else argv.push(...(await expandWords(this, [word])));
    }
    return argv;
  }

  /** To the end of this shell, however it comes. */
  async guard(body: () => Promise<number>): Promise<number> {
    return this.leave(await this.runGuarded(body));
  }

  private async runGuarded(body: () => Promise<number>): Promise<number> {
    try {
      return await body();
    } catch (left) {
      if (left instanceof Leave) return left.how === 'exit' || left.how === 'return' ? left.value : 0;
      if (left instanceof Replace) return this.runGuarded(() => this.runInstead(left.argv));
      if (left instanceof ExpansionProblem) {
        this.stderr.write(`bash: ${left.message}\n`);
        return 1;
      }
      throw left;
    } finally {
      if (this.process.killedBy !== undefined) this.jobs.forgetTraps();
    }
  }

  /** The EXIT trap, and the end of everything this shell has open. */
  private async leave(code: number): Promise<number> {
    let last = code;
    const trap = this.jobs.takeExitTrap();
    if (trap !== undefined) {
      this.status = code;
      last = await this.runGuarded(async () => {
        await this.runText(trap);
        return code;
      });
    }
    this.process.files.delete(this);
    if (this.ownsProcess) this.process.end(last);
    else this.process.table.changed();
    return this.process.code ?? last;
  }
}
