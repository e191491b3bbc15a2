import { type ApplianceFiles, absolutePath } from './appliance-files.js';
import type { Machine } from './appliance-machine.js';
import { type Call, type Outcome, type Program, quoteLine } from './appliance-program.js';
import type { Descriptor, Input, Output } from './appliance-streams.js';
import { type Process, SIGNALS } from './processes.js';
import type { LabVcenter, LabWorld } from './world.js';

/** What running a program needs of a shell. */
export interface ProgramShell {
  readonly machine: Machine;
  readonly files: ApplianceFiles;
  readonly process: Process;
  readonly descriptors: Map<number, Descriptor>;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly cwd: string;
  readonly umask: number;
  readonly variables: ReadonlyMap<string, string>;
  readonly exported: ReadonlySet<string>;
  findProgram(name: string): Program | undefined;
  record(what: string, outcome: string, code?: number): { outcome: string };
  fork(
    descriptors: Map<number, Descriptor>,
    process: Process,
  ): { runInner(argv: readonly string[], instead: boolean): Promise<number> };
}

/** By name on PATH, or by its absolute path. */
export function findProgram(programs: ReadonlyMap<string, Program>, cwd: string, name: string): Program | undefined {
  if (!name.includes('/')) {
    const program = programs.get(name);
    return program?.onPath === false ? undefined : program;
  }
  const path = absolutePath(cwd, name);
  const at = path.lastIndexOf('/');
  const program = programs.get(path.slice(at + 1));
  return program?.folders.includes(path.slice(0, at)) ? program : undefined;
}

/** Runs a program as a child of the shell, or `instead` of it; its exit code. The child outlives a shell that is killed meanwhile. */
export async function runProgram(shell: ProgramShell, name: string, args: readonly string[], instead: boolean): Promise<number> {
  const program = shell.findProgram(name);
  if (!program) return notFound(shell, name, args, instead);
  if (shell.process.isOver) throw shell.process.death();
  const argv = [name, ...args];
  const entry = program.filter?.(args) ? undefined : shell.record(quoteLine(argv), 'started');
  const process = instead ? shell.process : shell.process.table.spawn(argv, shell.process);
  if (instead) {
    process.argv = argv;
    process.onSignal = undefined;
    process.files.clear();
  }
  process.files.add({ descriptors: shell.descriptors });
  const call = callOf(shell, name, args, process);
  const running = program.run(call);
  if (!(running instanceof Promise)) {
    const code = finish(call, running);
    if (entry) entry.outcome = `exit ${code}`;
    if (!instead) process.end(code);
    return process.killedBy !== undefined && !instead ? (process.code ?? code) : code;
  }
  let bug: unknown;
  const done = running.then(
    (outcome) => finish(call, outcome),
    (error: unknown) => {
      bug = error;
      noteBug(shell.machine.world, shell.machine.vcenter, error);
      return 255;
    },
  );
  const over = done.then((code) => {
    const last = process.code ?? code;
    if (entry) entry.outcome = `exit ${last}`;
    if (!instead) process.end(last);
    return last;
  });
  const code = await shell.process.until(instead ? over : process.ended());
  if (bug !== undefined) throw bug;
  return code;
}

function callOf(shell: ProgramShell, name: string, args: readonly string[], process: Process): Call {
  const { world, vcenter } = shell.machine;
  const { stdin, stdout, stderr } = shell;
  const descriptors = new Map(shell.descriptors);
  return {
    world,
    vcenter,
    files: shell.files,
    name,
    args,
    stdin,
    stdout,
    stderr,
    cwd: shell.cwd,
    umask: shell.umask,
    programs: shell.machine.programs,
    descriptors,
    process,
    get environment() {
      return new Map([...shell.variables].filter(([key]) => shell.exported.has(key)));
    },
    get signal() {
      return process.signal;
    },
    run: (argv, inherited = descriptors) => shell.fork(new Map(inherited), process).runInner(argv, false),
    exec: (argv) => shell.fork(descriptors, process).runInner(argv, true),
  };
}

/** Prints what is left to print. Whoever writes into a broken pipe dies of it. */
function finish({ process, name, stdout, stderr }: Call, outcome: Outcome): number {
  if (process.killedBy !== undefined) return process.code ?? outcome.code;
  const problem = outcome.stdout === undefined ? undefined : stdout.write(outcome.stdout);
  if (outcome.stderr !== undefined) stderr.write(outcome.stderr);
  return problem === undefined
    ? outcome.code
    : writeFailed(process, stderr, `${name.slice(name.lastIndexOf('/') + 1)}: `, problem);
}

/** @returns the exit code of a program that could not write */
export function writeFailed(process: Process, stderr: Output, who: string, problem: 'ENOSPC' | 'EPIPE'): number {
  if (problem === 'EPIPE') {
    process.deliver(SIGNALS.PIPE ?? 13);
    if (process.killedBy !== undefined) return process.code ?? 141;
  }
  stderr.write(`${who}write error: ${problem === 'EPIPE' ? 'Broken pipe' : 'No space left on device'}\n`);
  return 1;
}

/** A mistake of the lab itself: seen in its record, and by whoever waits for the command. */
export function noteBug(world: LabWorld, vcenter: LabVcenter, bug: unknown): void {
  world.record.push({
    at: world.now().toISOString(),
    where: vcenter.id,
    kind: 'ssh-exec',
    what: 'the lab itself',
    outcome: `failed: ${bug instanceof Error ? (bug.stack ?? bug.message) : String(bug)}`,
  });
}

async function notFound(shell: ProgramShell, name: string, args: readonly string[], instead: boolean): Promise<number> {
  if (!name.includes('/')) {
    shell.stderr.write(`bash: ${name}: command not found\n`);
    shell.record(quoteLine([name, ...args]), 'command not found', 127);
    return 127;
  }
  const path = absolutePath(shell.cwd, name);
  const file = shell.files.read(path);
  const script = file && (file.mode & 0o111) !== 0 ? file.content.toString('utf8') : undefined;
  if (script !== undefined && /^#!\s*\/(usr\/)?bin\/(ba)?sh\b/.test(script)) {
    return runProgram(shell, '/bin/sh', [path, ...args], instead);
  }
  const why = file ? 'Permission denied' : shell.files.isDirectory(path) ? 'Is a directory' : 'No such file or directory';
  const code = why === 'No such file or directory' ? 127 : 126;
  shell.stderr.write(`bash: ${name}: ${why}\n`);
  shell.record(quoteLine([name, ...args]), why, code);
  return code;
}
