import { ApplianceFiles } from './appliance-files.js';
import { sleepOn } from './clock.js';
import { type Process, processesOf, SIGNALS } from './processes.js';
import { parseUnit, type ServiceFile, type TimerFile, type UnitFile } from './systemd-units.js';
import type { LabVcenter, LabWorld } from './world.js';

export const UNIT_FOLDER = '/etc/systemd/system';
const TRANSIENT_FOLDER = '/run/systemd/transient';

/** Runs a command as a process of the appliance that belongs to nobody's session; its exit code. */
export type Runner = (process: Process, argv: readonly string[], environment: ReadonlyMap<string, string>) => Promise<number>;

/** What systemd gives a service of root: no HOME, no user. */
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  ['LANG', 'C'],
];

export interface Service {
  readonly name: string;
  readonly unit: UnitFile;
  readonly file: ServiceFile;
  readonly transient: boolean;
  state: 'inactive' | 'activating' | 'active' | 'failed';
  result: 'success' | 'exit-code' | 'signal' | 'timeout';
  mainPid: number;
  exitCode: number;
  /** Uptime when it was last started. */
  startedMs: number | undefined;
  /** Of the run under way: until a oneshot has ended, or another one was started. */
  job: Promise<void>;
  /** Until it runs no more. */
  ended: Promise<void>;
}

export interface Timer {
  readonly name: string;
  readonly unit: UnitFile;
  readonly file: TimerFile;
  readonly transient: boolean;
  active: boolean;
  startedMs: number;
  /** Uptimes. */
  nextMs: number | undefined;
  lastMs: number | undefined;
  stopped: AbortController;
}

const DONE = Promise.resolve();
const STOP_LIMIT_MS = 90_000;

/** systemd as PID 1 of one appliance, as far as services and monotonic timers go. Times are uptimes, ms: the wall clock decides nothing. */
export class Systemd {
  readonly services = new Map<string, Service>();
  readonly timers = new Map<string, Timer>();
  readonly files: ApplianceFiles;
  private readonly world: LabWorld;
  private readonly vcenter: LabVcenter;
  private readonly run: Runner;
  /** As read last: a changed file counts after `daemon-reload`. */
  private readonly read = new Map<string, UnitFile | string>();

  constructor(world: LabWorld, vcenter: LabVcenter, run: Runner) {
    this.world = world;
    this.vcenter = vcenter;
    this.run = run;
    this.files = new ApplianceFiles(world, vcenter);
  }

  uptimeMs(): number {
    return this.world.now().getTime() - this.vcenter.appliance.bootedAtMs;
  }

  reload(): void {
    this.read.clear();
  }

  /** Its file, or why it is of no use; undefined: there is none. */
  load(name: string): UnitFile | string | undefined {
    const known = this.read.get(name);
    if (known !== undefined) return known;
    for (const folder of [UNIT_FOLDER, TRANSIENT_FOLDER]) {
      const file = this.files.read(`${folder}/${name}`);
      if (!file) continue;
      const unit = parseUnit(name, `${folder}/${name}`, file.content.toString('utf8'));
      this.read.set(name, unit);
      if (typeof unit === 'string') this.files.note(`systemd refuses ${name}`, unit);
      return unit;
    }
    return undefined;
  }

  service(name: string): Service | undefined {
    const known = this.services.get(name);
    const unit = this.load(name);
    if (typeof unit !== 'object' || !unit.service) return known;
    if (known && (known.unit === unit || known.state === 'active' || known.state === 'activating')) return known;
    const service: Service = {
      name,
      unit,
      file: unit.service,
      transient: unit.path.startsWith(TRANSIENT_FOLDER),
      state: known?.state ?? 'inactive',
      result: known?.result ?? 'success',
      mainPid: 0,
      exitCode: known?.exitCode ?? 0,
      startedMs: known?.startedMs,
      job: DONE,
      ended: DONE,
    };
    this.services.set(name, service);
    return service;
  }

  timer(name: string): Timer | undefined {
    const known = this.timers.get(name);
    const unit = this.load(name);
    if (typeof unit !== 'object' || !unit.timer || known?.active || known?.unit === unit) return known;
    const timer: Timer = {
      name,
      unit,
      file: unit.timer,
      transient: unit.path.startsWith(TRANSIENT_FOLDER),
      active: false,
      startedMs: 0,
      nextMs: undefined,
      lastMs: undefined,
      stopped: new AbortController(),
    };
    this.timers.set(name, timer);
    return timer;
  }

  /** A transient unit; false: there is one of that name. */
  addTransient(name: string, text: string): boolean {
    if (this.load(name) !== undefined || this.services.has(name) || this.timers.has(name)) return false;
    this.files.write(`${TRANSIENT_FOLDER}/${name}`, Buffer.from(text));
    return this.load(name) !== undefined;
  }

  /** Nothing happens to a service that runs. */
  startService(service: Service): void {
    if (service.state === 'active' || service.state === 'activating') return;
    const unmet = service.unit.conditionPaths.some((path) => this.files.exists(path.replace(/^!/, '')) === path.startsWith('!'));
    if (unmet) return;
    const oneshot = service.file.type === 'oneshot';
    service.state = oneshot ? 'activating' : 'active';
    service.result = 'success';
    service.startedMs = this.uptimeMs();
    service.ended = this.runService(service);
    service.job = oneshot ? service.ended : DONE;
  }

  private async runService(service: Service): Promise<void> {
    const table = processesOf(this.vcenter);
    const { file, name } = service;
    const environment = new Map([...ENVIRONMENT, ...file.environment]);
    const over = new AbortController();
    let late = false;
    if (file.startMs !== undefined && file.type === 'oneshot') {
      void sleepOn(this.world.clock, file.startMs, over.signal).then(() => {
        if (over.signal.aborted) return;
        late = true;
        table.killUnit(name, SIGNALS.TERM ?? 15);
      });
    }
    for (const { argv, mayFail } of file.start) {
      const process = table.spawn(argv, undefined, { unit: name });
      service.mainPid = process.pid;
      // Whatever it waits for: what counts is when the process is over.
      const run = this.run(process, argv, environment).then((code) => process.end(code));
      const code = await process.ended();
      service.exitCode = code;
      service.mainPid = 0;
      if (process.killedBy === undefined) await run;
      else service.result = 'signal';
      if (process.killedBy === undefined && code !== 0 && !mayFail) service.result = 'exit-code';
      if (service.result !== 'success') break;
    }
    over.abort();
    if (late) service.result = 'timeout';
    // KillMode=control-group: what the service left running ends with it.
    table.killUnit(name, SIGNALS.TERM ?? 15);
    table.killUnit(name, SIGNALS.KILL ?? 9);
    const clean = service.result === 'success' || (service.result === 'signal' && file.type !== 'oneshot');
    service.state = !clean ? 'failed' : file.remain ? 'active' : 'inactive';
    if (service.state === 'inactive') this.forget(service);
  }

  /** Ends when it runs no more. */
  async stopService(service: Service): Promise<void> {
    const table = processesOf(this.vcenter);
    const { ended } = service;
    table.killUnit(service.name, SIGNALS.TERM ?? 15);
    const over = new AbortController();
    void sleepOn(this.world.clock, STOP_LIMIT_MS, over.signal).then(() => {
      if (!over.signal.aborted) table.killUnit(service.name, SIGNALS.KILL ?? 9);
    });
    await ended;
    over.abort();
    service.state = 'inactive';
    service.result = 'success';
    this.forget(service);
  }

  resetFailed(name: string): boolean {
    const service = this.services.get(name);
    if (service?.state === 'failed') {
      service.state = 'inactive';
      service.result = 'success';
      this.forget(service);
      return true;
    }
    return service !== undefined || this.timers.has(name) || this.load(name) !== undefined;
  }

  startTimer(timer: Timer): void {
    if (timer.active) return;
    timer.active = true;
    timer.startedMs = this.uptimeMs();
    timer.stopped = new AbortController();
    void this.runTimer(timer, timer.stopped.signal);
  }

  stopTimer(timer: Timer): void {
    timer.stopped.abort();
    this.endTimer(timer);
  }

  private async runTimer(timer: Timer, stopped: AbortSignal): Promise<void> {
    const { onActiveMs, onBootMs, onUnitActiveMs, onUnitInactiveMs, accuracyMs, unit } = timer.file;
    const late = accuracyMs * (this.world.timing.timerLate ?? 1);
    const whenStopped = new Promise<void>((resolve) => stopped.addEventListener('abort', () => resolve(), { once: true }));
    let first = true;
    let inactiveMs: number | undefined;
    for (;;) {
      const service = this.service(unit);
      const known = [service?.startedMs, timer.lastMs].filter((ms) => ms !== undefined);
      const base = known.length === 0 ? undefined : Math.max(...known);
      const times = [
        first && onActiveMs !== undefined ? timer.startedMs + onActiveMs : undefined,
        first && onBootMs !== undefined ? onBootMs : undefined,
        onUnitActiveMs !== undefined && base !== undefined ? base + onUnitActiveMs : undefined,
        onUnitInactiveMs !== undefined && inactiveMs !== undefined ? inactiveMs + onUnitInactiveMs : undefined,
      ].filter((ms) => ms !== undefined);
      timer.nextMs = times.length === 0 ? undefined : Math.min(...times);
      if (timer.nextMs === undefined) break;
      const now = this.uptimeMs();
      await sleepOn(this.world.clock, Math.max(0, timer.nextMs - now) + (timer.nextMs > now ? late : 0), stopped);
      if (stopped.aborted) return;
      first = false;
      timer.lastMs = this.uptimeMs();
      const triggered = this.service(unit);
      if (!triggered) break;
      this.startService(triggered);
      await Promise.race([triggered.ended, whenStopped]);
      if (stopped.aborted) return;
      inactiveMs = this.uptimeMs();
    }
    this.endTimer(timer);
  }

  private endTimer(timer: Timer): void {
    timer.active = false;
    timer.nextMs = undefined;
    if (!timer.transient) return;
    this.timers.delete(timer.name);
    this.removeTransient(timer.name);
    const service = this.services.get(timer.file.unit);
    if (service) this.forget(service);
    else this.removeTransient(timer.file.unit);
  }

  /** A transient service that has ended, and belongs to no timer, is gone. */
  private forget(service: Service): void {
    if (!service.transient || service.state !== 'inactive') return;
    for (const timer of this.timers.values()) if (timer.active && timer.file.unit === service.name) return;
    this.services.delete(service.name);
    this.removeTransient(service.name);
  }

  private removeTransient(name: string): void {
    this.read.delete(name);
    if (this.files.entry(`${TRANSIENT_FOLDER}/${name}`)) this.files.remove(`${TRANSIENT_FOLDER}/${name}`);
  }

  /** Everything ends, as when the machine does. */
  shutDown(): void {
    for (const timer of this.timers.values()) timer.stopped.abort();
    this.timers.clear();
    this.services.clear();
    this.read.clear();
  }
}

const managers = new WeakMap<LabVcenter, Systemd>();

/** @param run for the first who asks */
export function systemdOf(world: LabWorld, vcenter: LabVcenter, run: Runner): Systemd {
  let manager = managers.get(vcenter);
  if (!manager) {
    manager = new Systemd(world, vcenter, run);
    managers.set(vcenter, manager);
  }
  return manager;
}

export function shutDownSystemd(vcenter: LabVcenter): void {
  managers.get(vcenter)?.shutDown();
  managers.delete(vcenter);
}
