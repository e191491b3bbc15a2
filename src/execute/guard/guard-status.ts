import type { SpsJob } from './guard-facts.js';

/** What the self-revert wrote down about itself. */
export interface GuardStatus {
  readonly state: GuardState;
  /** Whether its script is there: until what it did was collected, it is. */
  readonly isThere: boolean;
  /**
   * How it ended: `taken-back`: all proven as before; `restart-pending`: but SPS still runs with the changed value, since the
   * registrations were proven removed; `waiting`: route and file are back and it looks after SPS; `hands-off`: somebody else changed
   * sms-config.xml. Missing: it has not taken anything back.
   */
  readonly ended?: 'taken-back' | 'restart-pending' | 'waiting' | 'hands-off';
  /** What it waits for, in words; with `waiting` and `hands-off`. */
  readonly waitsFor?: string;
  /** Its one attempt at starting SPS came back, and SPS is stopped. */
  readonly startFailed: boolean;
  readonly rebooted: boolean;
  /** The mark that all registrations are proven gone. */
  readonly removed: boolean;
  /** Milliseconds since it was last seen looking; missing: never, or in another boot. */
  readonly lookedMsAgo?: number;
  readonly lines: readonly GuardLine[];
}

/**
 * `armed`: it watches; `taken-over`: it takes back, or has to watch on; `disarmed`: it took back and ended itself, its record waits to be
 * collected; `absent`: nothing of the run is there, or what is there does not watch.
 */
export type GuardState = 'armed' | 'taken-over' | 'disarmed' | 'absent';

/** `2026-11-22T20:15:00Z 12345.67 route-back 10.0.0.5`: wall clock and uptime in seconds of the appliance, what, of what. */
export interface GuardLine {
  readonly at: string;
  readonly uptime: number;
  readonly what: string;
  readonly detail: string;
}

export interface JobState {
  readonly job: SpsJob;
  /** `lost`: it began and is not running any more, without having said how it ended (its process was killed, or the appliance rebooted). */
  readonly state: 'none' | 'running' | 'ended' | 'lost';
  /** Exit code of service-control; its word is not proof. */
  readonly code?: number;
  /** The last 4 KiB of what it printed. */
  readonly output: string;
}

/** What `guard.sh status` printed: `KEY=VALUE` lines, `--`, then the record; undefined: there is no guard.sh. Lines that are none are passed over. */
export function parseStatus(printed: string | undefined): GuardStatus & { readonly kind: 'systemd' | 'watcher' } {
  const text = printed ?? '';
  const { values, rest } = halves(text);
  const marks = new Set(values.getAll('mark'));
  const state = oneOf(values.get('state'), ['armed', 'taken-over', 'disarmed', 'absent']) ?? 'absent';
  const ended = endOf(state, marks);
  const looked = values.get('looked');
  const waitsFor = ended === 'waiting' || ended === 'hands-off' ? values.get('waits') : undefined;
  return {
    state,
    isThere: printed !== undefined,
    kind: values.get('kind') === 'systemd' ? 'systemd' : 'watcher',
    ...(ended === undefined ? {} : { ended }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
    startFailed: marks.has('start-failed'),
    rebooted: marks.has('rebooted'),
    removed: marks.has('removed'),
    ...(looked !== undefined && /^\d{1,12}$/.test(looked) ? { lookedMsAgo: Number(looked) * 10 } : {}),
    lines: rest.split('\n').flatMap((line) => parseLine(line)),
  };
}

/** What `guard.sh poll JOB` printed. */
export function parseJob(job: SpsJob, text: string): JobState {
  const { values, rest } = halves(text);
  const state = oneOf(values.get('state'), ['none', 'running', 'ended', 'lost']) ?? 'none';
  const code = values.get('code');
  return { job, state, ...(code !== undefined && /^\d{1,3}$/.test(code) ? { code: Number(code) } : {}), output: rest };
}

function endOf(state: GuardState, marks: ReadonlySet<string>): GuardStatus['ended'] {
  if (marks.has('restart-pending')) return 'restart-pending';
  if (marks.has('taken-back')) return 'taken-back';
  if (state !== 'taken-over') return undefined;
  return marks.has('hands-off') ? 'hands-off' : 'waiting';
}

interface Values {
  get(name: string): string | undefined;
  getAll(name: string): readonly string[];
}

function halves(text: string): { values: Values; rest: string } {
  const lines = text.split('\n');
  const end = lines.indexOf('--');
  const head = lines.slice(0, end < 0 ? lines.length : end);
  const getAll = (name: string) => head.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
  return { values: { getAll, get: (name) => getAll(name)[0] }, rest: end < 0 ? '' : lines.slice(end + 1).join('\n') };
}

function oneOf<T extends string>(text: string | undefined, all: readonly T[]): T | undefined {
  return all.find((one) => one === text);
}

function parseLine(line: string): GuardLine[] {
  const [, at, uptime, what, detail = ''] = /^(\S{1,30}) (\d{1,12}\.\d\d) ([a-z-]{1,30})(?: (.*))?$/.exec(line) ?? [];
  return at === undefined || what === undefined ? [] : [{ at, uptime: Number(uptime), what, detail: detail.slice(0, 500) }];
}
