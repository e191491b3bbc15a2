import { Leave } from './appliance-shell-leave.js';
import type { Descriptor } from './appliance-streams.js';
import type { LabVcenter } from './world.js';

/** What one shell or program has open. */
export interface OpenFiles {
  readonly descriptors: ReadonlyMap<number, Descriptor>;
  /** Put aside for the command under way. */
  readonly kept?: readonly ReadonlyMap<number, Descriptor>[];
}

export const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  CHLD: 17,
  CONT: 18,
};

/** `TERM`, `SIGTERM` or `15`; undefined: no such signal. */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) < 65 ? Number(text) : undefined;
  return SIGNALS[text.toUpperCase().replace(/^SIG/, '')];
}

/** One process of an appliance. It is over when its table says so, or at once when a signal kills it: whoever runs it notices. */
export class Process {
  readonly table: ProcessTable;
  readonly pid: number;
  parent: number;
  group: number;
  session: number;
  /** The unit of systemd it belongs to; children stay in it whatever they detach from. */
  readonly unit: string;
  argv: readonly string[];
  readonly ignored: Set<number>;
  readonly files = new Set<OpenFiles>();
  /** A shell with traps. True: taken care of. */
  onSignal: ((signal: number) => boolean) | undefined;
  killedBy: number | undefined;
  code: number | undefined;
  private controller: AbortController | undefined;
  private readonly whenOver = new Set<() => void>();

  constructor(table: ProcessTable, pid: number, parent: Process | undefined, argv: readonly string[], unit: string) {
    this.table = table;
    this.pid = pid;
    this.parent = parent?.pid ?? 1;
    this.group = parent?.group ?? pid;
    this.session = parent?.session ?? pid;
    this.unit = unit;
    this.argv = argv;
    this.ignored = new Set(parent?.ignored);
  }

  get isOver(): boolean {
    return this.code !== undefined;
  }

  /** Aborted when the process is over. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.isOver) this.controller.abort();
    }
    return this.controller.signal;
  }

  /** @param signal 0 does nothing, as ever */
  deliver(signal: number): void {
    if (this.isOver || signal === 0) return;
    if (signal !== SIGNALS.KILL) {
      if (this.ignored.has(signal) || signal === SIGNALS.CHLD || signal === SIGNALS.CONT) return;
      if (this.onSignal?.(signal)) return;
    }
    this.killedBy = signal;
    this.end(128 + signal);
  }

  end(code: number): void {
    if (this.code !== undefined) return;
    this.code = code;
    this.controller?.abort();
    this.files.clear();
    this.table.remove(this);
    const all = [...this.whenOver];
    this.whenOver.clear();
    for (const one of all) one();
  }

  /** Its exit code, when it is over. */
  ended(): Promise<number> {
    if (this.code !== undefined) return Promise.resolve(this.code);
    return new Promise((resolve) => this.whenOver.add(() => resolve(this.code ?? 0)));
  }

  /** Waits for `work`, but not longer than this process lives: then its shell leaves. */
  until<T>(work: Promise<T>): Promise<T> {
    if (this.killedBy !== undefined) return Promise.reject(this.death());
    return new Promise((resolve, reject) => {
      const die = () => reject(this.death());
      this.whenOver.add(die);
      work.then(
        (value) => {
          this.whenOver.delete(die);
          resolve(value);
        },
        (error: unknown) => {
          this.whenOver.delete(die);
          reject(error);
        },
      );
    });
  }

  /** How a shell leaves when it was killed. */
  death(): Leave {
    return new Leave('exit', this.code ?? 0);
  }
}

/** Process numbers start high, so that none is ever that of SPS. */
const FIRST_PID = 10_000;

export class ProcessTable {
  private readonly all = new Map<number, Process>();
  private nextPid = FIRST_PID;
  private readonly watchers = new Set<() => void>();
  /** The appliance is off, or its lab was closed: what is started ends at once. */
  closed = false;

  /** @param detached a session of its own, with its unit: sshd's, systemd's or cron's child */
  spawn(argv: readonly string[], parent: Process | undefined, detached?: { readonly unit: string }): Process {
    const process = new Process(this, this.nextPid, detached ? undefined : parent, argv, detached?.unit ?? parent?.unit ?? '');
    this.nextPid += 1;
    if (parent && detached) process.parent = parent.pid;
    if (this.closed) process.deliver(SIGNALS.KILL ?? 9);
    else this.all.set(process.pid, process);
    return process;
  }

  remove(process: Process): void {
    this.all.delete(process.pid);
    this.changed();
  }

  find(pid: number): Process | undefined {
    return this.all.get(pid);
  }

  list(): readonly Process[] {
    return [...this.all.values()];
  }

  killUnit(unit: string, signal: number): void {
    for (const one of this.list()) if (one.unit === unit) one.deliver(signal);
  }

  killAll(): void {
    for (const one of this.list()) one.deliver(SIGNALS.KILL ?? 9);
  }

  /** Is this open file (not the file: what one `open` gave) still somebody's? */
  isOpen(descriptor: Descriptor): boolean {
    return this.has((one) => one === descriptor);
  }

  /** Does anybody still hold the other end of this output? */
  holds(output: Descriptor['output']): boolean {
    return this.has((one) => one.output === output);
  }

  private has(wanted: (descriptor: Descriptor) => boolean): boolean {
    for (const { files } of this.all.values()) {
      for (const { descriptors, kept = [] } of files) {
        for (const table of [descriptors, ...kept]) for (const one of table.values()) if (wanted(one)) return true;
      }
    }
    return false;
  }

  /** Something was closed or ended: whoever waits for that looks again. */
  changed(): void {
    if (this.watchers.size === 0) return;
    const all = [...this.watchers];
    this.watchers.clear();
    for (const one of all) one();
  }

  /** Resolves at the next change. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => this.watchers.add(resolve));
  }
}

const tables = new WeakMap<LabVcenter, ProcessTable>();

export function processesOf(vcenter: LabVcenter): ProcessTable {
  let table = tables.get(vcenter);
  if (!table) {
    table = new ProcessTable();
    tables.set(vcenter, table);
  }
  return table;
}
