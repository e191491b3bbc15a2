/** Time as the lab sees it: real, or a test's own. Nothing in the lab waits for anything else. */
export interface LabClock {
  now(): Date;
  /** Resolves when so much time has passed; early where `signal` says that nobody waits any more. A clock may ignore the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** How often a waiting that follows somebody's `now` looks at it. */
const LOOK_MS = 5;

/** Sleeps by `now`, however it moves: a test may jump an hour ahead. */
export function clockFrom(now: () => Date): LabClock {
  return {
    now,
    async sleep(ms, signal) {
      const until = now().getTime() + ms;
      for (let left = ms; left > 0; left = until - now().getTime()) {
        if (signal?.aborted) return;
        await realSleep(Math.min(left, LOOK_MS), signal);
      }
    },
  };
}

function realSleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Also ends early where the clock ignores signals. */
export async function sleepOn(clock: LabClock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let woken: (() => void) | undefined;
  const gone = new Promise<void>((resolve) => {
    woken = resolve;
    signal.addEventListener('abort', resolve as () => void, { once: true });
  });
  await Promise.race([clock.sleep(ms, signal), gone]);
  if (woken) signal.removeEventListener('abort', woken);
}
