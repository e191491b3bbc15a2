import { run } from '../../src/cli/run.js';
import type { Underway } from '../../src/cli/surroundings.js';
import { systemClock } from '../../src/execute/system-clock.js';
import { DEFAULT_TIMING, type Timing } from '../../src/model/timing.js';

/**
 * The procedure's seconds as they are asked, a lease that a busy machine can keep, and the network's deadlines as they are: for the lab
 * over real sockets.
 */
export function labTiming(secondMs = 5): Timing {
  return { ...DEFAULT_TIMING, secondMs, leaseMs: 4_000, renewMs: 500, guardMs: 500 };
}

/** What the lab's SPS needs for the same; in step with `labTiming`. */
export const labSps = (secondMs = 5) =>
  ({
    spsStopMs: 3 * secondMs,
    spsStartMs: 8 * secondMs,
    pollMs: 2 * secondMs,
    taskMs: secondMs,
    retrySecondMs: secondMs,
  }) as const;

export interface CliRan {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timing?: Timing;
  /** What this machine's clock shows; missing: the time. */
  readonly now?: () => Date;
  /** Somebody at a terminal, who types these; missing: there is no terminal. */
  readonly typed?: readonly string[];
  /** Called with all of stderr so far; `interrupt` is Ctrl-C. */
  readonly onErrors?: (stderr: string, interrupt: () => void) => void;
  /** What a second Ctrl-C would say now. */
  readonly watch?: (now: () => Underway | undefined) => void;
}

/** The command in this process, but for what belongs to a process: signals and the exit code. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRan> {
  const { env = {}, cwd = '/', timing = labTiming(), typed } = options;
  const stopping = new AbortController();
  const underway: { now?: Underway } = {};
  options.watch?.(() => underway.now);
  let stdout = '';
  let stderr = '';
  const answers = [...(typed ?? [])];
  const errors = {
    write(text: string) {
      stderr += text;
      options.onErrors?.(stderr, () => stopping.abort());
    },
  };
  const asking = {
    ask: async (question: string) => {
      errors.write(question);
      return answers.shift();
    },
  };
  const code = await run({
    argv: args,
    env: { HOME: '/nonexistent', ...env },
    cwd,
    stdout: {
      write(text) {
        stdout += text;
      },
    },
    stderr: errors,
    interrupted: stopping.signal,
    timing,
    underway,
    ...(options.now === undefined ? {} : { clock: { ...systemClock, now: options.now } }),
    ...(typed === undefined ? {} : { asking }),
  });
  return { code, stdout, stderr };
}
