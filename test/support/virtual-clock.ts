import type { Clock } from '../../src/execute/ports.js';
import type { LabClock } from '../../src/lab/clock.js';

interface Sleeper {
  readonly atMs: number;
  /** Who began to sleep first wakes first, at the same moment. */
  readonly order: number;
  wake: (() => void) | undefined;
}

/**
 * The time of product and lab together, standing still while anybody works: `run` moves it to the next waking once everything waits.
 * What happens outside of memory (files, sockets) must go through `during`, or the time runs away from it.
 */
export class VirtualClock implements Clock, LabClock {
  readonly #startMs: number;
  #ms = 0;
  #order = 0;
  #outside = 0;
  /** A binary heap: the earliest sleeper is [0]. */
  readonly #heap: Sleeper[] = [];
  /** Moments at which the time moved. */
  moves = 0;

  constructor(start: Date | string = '2026-11-22T12:00:00Z') {
    this.#startMs = new Date(start).getTime();
  }

  now(): Date {
    return new Date(this.#startMs + this.#ms);
  }

  uptimeMs(): number {
    return this.#ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = { atMs: this.#ms + Math.max(0, ms), order: this.#order, wake: resolve };
      this.#order += 1;
      if (signal) {
        const leave = () => {
          sleeper.wake = undefined;
          resolve();
        };
        sleeper.wake = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        signal.addEventListener('abort', leave, { once: true });
      }
      this.#push(sleeper);
    });
  }

  /** As `sleep`, without an AbortSignal: these are dear, and every command has a deadline. */
  timer(ms: number): { readonly over: Promise<void>; cancel(): void } {
    const sleeper: Sleeper = { atMs: this.#ms + Math.max(0, ms), order: this.#order, wake: undefined };
    this.#order += 1;
    const over = new Promise<void>((resolve) => {
      sleeper.wake = resolve;
    });
    this.#push(sleeper);
    return {
      over,
      cancel() {
        sleeper.wake = undefined;
      },
    };
  }

  /** Work outside of memory: the time stands still until it has ended. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#outside += 1;
    try {
      return await work;
    } finally {
      this.#outside -= 1;
    }
  }

  /** Moves the time until `work` has ended. Throws when everybody waits for something that no time brings. */
  async run<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    work.then(end, end);
    let idle = 0;
    for (;;) {
      // After a macrotask no microtask is left: whoever has not ended sleeps, or waits for somebody who does.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (ended) break;
      if (this.#outside > 0) continue;
      idle = this.#wakeNext() ? 0 : idle + 1;
      if (idle > 3) throw new Error(`nothing moves any more, ${this.#ms} ms after the start`);
    }
    return work;
  }

  /** As `run`, for a length of time. */
  async advance(ms: number): Promise<void> {
    await this.run(this.sleep(ms));
  }

  #wakeNext(): boolean {
    for (let next = this.#pop(); next; next = this.#pop()) {
      if (!next.wake) continue;
      if (next.atMs > this.#ms) this.moves += 1;
      this.#ms = Math.max(this.#ms, next.atMs);
      next.wake();
      return true;
    }
    return false;
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#heap;
    let at = heap.push(sleeper) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Sleeper;
      if (!isBefore(sleeper, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = sleeper;
  }

  #pop(): Sleeper | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && isBefore(heap[right] as Sleeper, heap[left] as Sleeper) ? right : left;
      if (!isBefore(heap[child] as Sleeper, last)) break;
      heap[at] = heap[child] as Sleeper;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (a: Sleeper, b: Sleeper): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
