import type { Machine } from './appliance-machine.js';
import { Leave } from './appliance-shell-leave.js';
import { noteBug } from './appliance-shell-programs.js';
import { isOneCommand } from './appliance-shell-syntax.js';
import type { List } from './appliance-shell-tree.js';
import { type Descriptor, NOTHING } from './appliance-streams.js';
import { type Process, SIGNALS } from './processes.js';

/** What jobs and traps need of their shell. */
export interface JobShell {
  readonly machine: Machine;
  readonly process: Process;
  readonly descriptors: Map<number, Descriptor>;
  status: number;
  last: boolean;
  forGood: boolean;
  fork(descriptors: Map<number, Descriptor>, process: Process): JobShell;
  guard(body: () => Promise<number>): Promise<number>;
  runList(list: List): Promise<void>;
  runText(source: string): Promise<number>;
}

/** Background jobs and traps of one shell. */
export class Jobs {
  lastPid: number | undefined;
  private readonly shell: JobShell;
  private readonly codes = new Map<number, Promise<number>>();
  /** Signal number → what to run; '' ignores it. 0 is EXIT. */
  private readonly traps = new Map<number, string>();
  private pending: number[] = [];
  private wake: (() => void) | undefined;

  constructor(shell: JobShell, parent: Jobs | undefined) {
    this.shell = shell;
    this.lastPid = parent?.lastPid;
  }

  /** `LIST &`: a process of its own, without this shell's input. */
  start(body: List): void {
    const { shell } = this;
    const process = shell.process.table.spawn(shell.process.argv, shell.process);
    process.ignored.add(SIGNALS.INT ?? 2).add(SIGNALS.QUIT ?? 3);
    const job = shell.fork(new Map([...shell.descriptors, [0, { input: NOTHING }]]), process);
    job.last = isOneCommand(body);
    job.forGood = body.length === 1 && body[0]?.pipeline.commands.length === 1;
    const { world, vcenter } = shell.machine;
    const run = Promise.resolve()
      .then(() =>
        job.guard(async () => {
          await job.runList(body);
          return job.status;
        }),
      )
      .catch((bug: unknown) => {
        noteBug(world, vcenter, bug);
        return 255;
      })
      .then((code) => process.end(code));
    this.codes.set(
      process.pid,
      run.then(() => process.code ?? 0),
    );
    this.lastPid = process.pid;
  }

  pids(): readonly number[] {
    return [...this.codes.keys()].filter((pid) => this.shell.process.table.find(pid));
  }

  /** `disown` */
  forget(): number {
    this.codes.clear();
    return 0;
  }

  /** `wait`: for one job, or all; a trapped signal ends the waiting. */
  async wait(pid?: number): Promise<number> {
    const wanted = pid === undefined ? [...this.codes.values()] : [this.codes.get(pid)];
    if (wanted.includes(undefined)) return 127;
    const signalled = new Promise<number>((resolve) => {
      this.wake = () => resolve(128 + (this.pending[0] ?? 0));
    });
    if (this.pending.length > 0) this.wake?.();
    const done = Promise.all(wanted).then((codes) => (pid === undefined ? 0 : (codes[0] ?? 0)));
    try {
      const code = await this.shell.process.until(Promise.race([done, signalled]));
      if (pid === undefined && this.pending.length === 0) this.codes.clear();
      return code;
    } finally {
      this.wake = undefined;
    }
  }

  /** @param action undefined: as if there had been no trap */
  trap(signal: number, action: string | undefined): void {
    const { process } = this.shell;
    process.ignored.delete(signal);
    if (action === undefined) this.traps.delete(signal);
    else this.traps.set(signal, action);
    if (action === '' && signal !== 0) process.ignored.add(signal);
    process.onSignal = this.traps.size === 0 ? undefined : (number) => this.receive(number);
  }

  list(): readonly (readonly [number, string])[] {
    return [...this.traps];
  }

  private receive(signal: number): boolean {
    // Without a trap of its own a fatal signal still runs the EXIT trap, once the command under way has ended.
    if (!this.traps.has(signal) && !this.traps.has(0)) return false;
    this.pending.push(signal);
    this.wake?.();
    return true;
  }

  get isTrapped(): boolean {
    return this.pending.length > 0;
  }

  async runTraps(): Promise<void> {
    for (let signal = this.pending.shift(); signal !== undefined; signal = this.pending.shift()) {
      const action = this.traps.get(signal);
      if (action === undefined) throw new Leave('exit', 128 + signal);
      const before = this.shell.status;
      await this.shell.runText(action);
      this.shell.status = before;
    }
  }

  takeExitTrap(): string | undefined {
    const action = this.traps.get(0);
    this.traps.delete(0);
    return action === '' ? undefined : action;
  }

  forgetTraps(): void {
    this.traps.clear();
    this.pending = [];
  }
}
