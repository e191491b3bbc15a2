import { vi } from 'vitest';

/**
 * The clock of this process, standing still but for what a test says: the lab, the product and the test all read `Date`, and a step takes as long as
 * it takes in the lab without the test waiting for it. Timers run as ever.
 */
export class StandingClock {
  readonly #start = Date.now();

  constructor() {
    vi.useFakeTimers({ toFake: ['Date'], now: this.#start });
  }

  now(): number {
    return Date.now();
  }

  /** Whole milliseconds. */
  advance(ms: number): void {
    vi.setSystemTime(Date.now() + Math.max(0, Math.round(ms)));
  }

  /** Two seconds a tick while something in the lab waits by itself. */
  async running<T>(work: () => Promise<T>): Promise<T> {
    const ticking = setInterval(() => this.advance(2_000), 1);
    try {
      return await work();
    } finally {
      clearInterval(ticking);
    }
  }

  restore(): void {
    vi.useRealTimers();
  }
}
