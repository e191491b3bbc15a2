import type { Clock, Journal, Link, SmsAccess, Way } from '../../src/execute/ports.js';
import { err, type Problem, type Result } from '../../src/model/problem.js';
import type { JournalEntry, RunEvent } from '../../src/model/run.js';
import type { Fault, Trouble } from './fault-plan.js';

/** What is the same for every process of a story. */
export interface Surroundings {
  readonly clock: Clock;
  readonly way: Way;
  /** The lines that are on disk. */
  readonly lines: JournalEntry[];
  /** Carries out what is not the process's own trouble: reboots, other administrators, a full disk. */
  strike(trouble: Trouble): Promise<void>;
  /** After every call, with its name; the world is compared with the promises there. */
  saw(name: string): void;
  /** A process that does the same over and over. */
  endless(): void;
  /** A command of a process reached the appliance. */
  reached(name: string): void;
  /** `UnregisterProvider_Task` is about to reach SMS, or a list of registrations came back from it. */
  asked(what: { readonly unregister: string } | { readonly listed: readonly string[] }): void;
}

/** A run without trouble makes some 400; one that makes so many goes round in circles. */
const MOST_CALLS = 8_000;
const NEVER = new Promise<never>(() => {});

/**
 * One process of the tool, as far as a run can tell: its ports, between which and the world every trouble of its fault plan happens. A
 * crashed process is one whose calls never come back.
 */
export class ToolProcess {
  readonly crashed: Promise<'crashed'>;
  readonly interrupted = new AbortController();
  calls = 0;
  /** The last call did not get through. */
  cutOff = false;

  readonly #around: Surroundings;
  readonly #pending: { readonly fault: Fault; seen: number }[];
  #die: () => void = () => {};
  #dead = false;
  #outageUntilMs = 0;
  #asleepMs = 0;
  #wallAheadMs = 0;
  #links = 0;

  constructor(around: Surroundings, faults: readonly Fault[]) {
    this.#around = around;
    this.#pending = faults.map((fault) => ({ fault, seen: 0 }));
    this.crashed = new Promise((resolve) => {
      this.#die = () => {
        this.#dead = true;
        resolve('crashed');
      };
    });
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Nothing of this process happens any more. */
  end(): void {
    this.#die();
  }

  /** The connections of this process are gone, and nobody gets through for a while. */
  cut(outageS: number): void {
    this.#links += 1;
    this.#outageUntilMs = Math.max(this.#outageUntilMs, this.#around.clock.uptimeMs() + outageS * 1_000);
  }

  readonly clock: Clock = {
    now: () => new Date(this.#around.clock.now().getTime() + this.#wallAheadMs),
    uptimeMs: () => this.#around.clock.uptimeMs() - this.#asleepMs,
    sleep: (ms) => this.#local('sleep', () => this.#around.clock.sleep(ms)),
  };

  readonly journal: Journal = ((process: ToolProcess) => ({
    get entries() {
      return process.#around.lines;
    },
    append: (event: RunEvent) =>
      process.#local(`journal ${event.event} ${'step' in event ? event.step : ''}`, async () => {
        const { lines } = process.#around;
        lines.push({ seq: lines.length + 1, at: process.clock.now().toISOString(), ...event } as JournalEntry);
      }),
  }))(this);

  get way(): Way {
    const { way } = this.#around;
    return { label: way.label, open: () => this.#open() };
  }

  async #open(): Promise<Result<Link>> {
    const opened = await this.#remote('open', undefined, async () => this.#around.way.open());
    if (!opened.ok) {
      this.cutOff = true;
      return opened;
    }
    const link = opened.value;
    const generation = this.#links;
    const { shell, sms } = link;
    const wrapped: SmsAccess = {
      registrations: () =>
        this.#remote('sms registrations', generation, () => sms.registrations()).then((answer) => {
          if (answer.ok) this.#around.asked({ listed: answer.value.map(({ uid }) => uid) });
          return answer;
        }),
      unregister: (uid) =>
        this.#remote(`sms unregister ${uid}`, generation, () => {
          this.#around.asked({ unregister: uid });
          return sms.unregister(uid);
        }),
      register: (spec) => this.#remote('sms register', generation, () => sms.register(spec)),
      reconnect: (provider) => this.#remote('sms reconnect', generation, () => sms.reconnect(provider)),
      task: (task) => this.#remote('sms task', generation, () => sms.task(task)),
    };
    return {
      ok: true,
      value: {
        shell: {
          kind: shell.kind,
          hostKeySha256: shell.hostKeySha256,
          run: (argv, options) => {
            const name = `ssh ${argv.join(' ')}`;
            return this.#remote(name, generation, () => {
              this.#around.reached(name);
              return shell.run(argv, options);
            });
          },
        },
        sms: wrapped,
        close: async () => {
          if (this.#dead) await NEVER;
          await link.close();
        },
      },
    };
  }

  /** A call whose other end is this machine: it cannot be lost, its process can. */
  async #local<T>(name: string, effect: () => Promise<T>): Promise<T> {
    const trouble = await this.#begin(name);
    const value = await this.#alive(effect());
    await this.#finish(name, trouble);
    return value;
  }

  async #remote<T>(name: string, generation: number | undefined, effect: () => Promise<Result<T>>): Promise<Result<T>> {
    const trouble = await this.#begin(name);
    const now = () => this.#around.clock.uptimeMs();
    if (generation !== undefined && generation !== this.#links) return this.#unreachable(name);
    if (now() < this.#outageUntilMs) {
      // Nobody answers: what a connection takes until it is given up.
      await this.#alive(this.#around.clock.sleep(Math.min(10_000, this.#outageUntilMs - now())));
      return this.#unreachable(name);
    }
    this.cutOff = false;
    if (trouble?.kind === 'lost' && trouble.side === 'before') return this.#lose(name, trouble);
    const going = effect();
    if (trouble?.kind === 'lost' && trouble.side === 'during') return this.#lose(name, trouble);
    const value = await this.#alive(going);
    if (trouble?.kind === 'lost') return this.#lose(name, trouble);
    // Cut while it ran: by a reboot, or by what another call of this process met.
    if (generation !== undefined && generation !== this.#links) return this.#unreachable(name);
    await this.#finish(name, trouble);
    return value;
  }

  async #lose<T>(name: string, trouble: Extract<Trouble, { kind: 'lost' }>): Promise<Result<T>> {
    await this.#alive(this.#around.clock.sleep(trouble.noticedS * 1_000));
    this.cut(trouble.outageS);
    return this.#unreachable(name);
  }

  #unreachable(name: string): Result<never> {
    this.cutOff = true;
    this.#around.saw(`${name}: not reached`);
    const problem: Problem = {
      code: 'unreachable',
      target: this.#around.way.label,
      summary: 'the connection is lost',
      remedy: 'Try again.',
      retry: 'later',
    };
    return err(problem);
  }

  async #begin(name: string): Promise<Trouble | undefined> {
    if (this.#dead) return NEVER;
    this.calls += 1;
    if (this.calls > MOST_CALLS) {
      this.#around.endless();
      return this.#crash();
    }
    const trouble = this.#drawn(name);
    if (trouble === undefined) return undefined;
    if (trouble.kind === 'crash' && trouble.side === 'before') return this.#crash();
    if (trouble.kind === 'sleep' && trouble.side === 'before') await this.#doze(trouble.seconds);
    if (trouble.kind === 'delay') await this.#alive(this.#around.clock.sleep(trouble.seconds * 1_000));
    if (trouble.kind === 'interrupt') this.interrupted.abort();
    if (trouble.kind === 'clock-jump' && trouble.who === 'operator') this.#wallAheadMs += trouble.seconds * 1_000;
    const side = 'side' in trouble ? trouble.side : 'before';
    if (side === 'before' && trouble.kind !== 'lost') await this.#alive(this.#around.strike(trouble));
    return trouble;
  }

  async #finish(name: string, trouble: Trouble | undefined): Promise<void> {
    this.#around.saw(name);
    if (trouble === undefined || !('side' in trouble) || trouble.side !== 'after') return;
    if (trouble.kind === 'crash') await this.#crash();
    if (trouble.kind === 'sleep') await this.#doze(trouble.seconds);
    if (trouble.kind === 'reboot') await this.#alive(this.#around.strike(trouble));
  }

  #drawn(name: string): Trouble | undefined {
    let drawn: Trouble | undefined;
    for (const one of this.#pending) {
      const { trigger, trouble } = one.fault;
      if (!name.includes(trigger.at)) continue;
      one.seen += 1;
      if (one.seen === trigger.nth) drawn ??= trouble;
    }
    return drawn;
  }

  #crash(): Promise<never> {
    this.#die();
    return NEVER;
  }

  async #doze(seconds: number): Promise<void> {
    await this.#alive(this.#around.clock.sleep(seconds * 1_000));
    this.#asleepMs += seconds * 1_000;
    // Whoever was at the other end has given up in the meantime, or not.
    if (seconds > 60) this.cut(0);
  }

  /** What a process waits for it never learns once it is gone. */
  async #alive<T>(work: Promise<T>): Promise<T> {
    const value = await work;
    return this.#dead ? NEVER : value;
  }
}
