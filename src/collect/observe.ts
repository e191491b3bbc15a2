import type { Observation, Source } from '../model/evidence.js';
import { isoTime } from '../model/ids.js';
import { err, interrupted, type Problem, type Result } from '../model/problem.js';
import type { Reading } from '../wire/appliance-facts.js';

/** Codes that mean "this version has no such thing": an answer, not a gap. */
const ABSENT = new Set<Problem['code']>(['not-supported']);

export function observe<T>(result: Result<T>, now: () => Date): Observation<T> {
  if (result.ok) return { state: 'seen', at: isoTime(now()), value: result.value };
  if (ABSENT.has(result.error.code)) return { state: 'absent', at: isoTime(now()), why: result.error.summary };
  return { state: 'unknown', problem: result.error };
}

export function observeReading<T>(result: Result<Reading<T>>, now: () => Date): Observation<T> {
  if (!result.ok) return { state: 'unknown', problem: result.error };
  const at = isoTime(now());
  return result.value.state === 'seen'
    ? { state: 'seen', at, value: result.value.value }
    : { state: 'absent', at, why: result.value.why };
}

export const unknown = (problem: Problem): { readonly state: 'unknown'; readonly problem: Problem } => ({
  state: 'unknown',
  problem,
});

/** Waits for one source no longer than `ms`, and no longer than until `signal` is aborted; what it was doing is left to its own deadlines and its answer is not waited for. */
export async function within<T>(
  ms: number,
  target: string,
  source: Source,
  work: Promise<Result<T>>,
  signal?: AbortSignal,
): Promise<Result<T>> {
  if (signal?.aborted) return err(interrupted(target));
  let timer: NodeJS.Timeout | undefined;
  const listening = new AbortController();
  const stopped = new Promise<Result<T>>((resolve) => {
    signal?.addEventListener('abort', () => resolve(err(interrupted(target))), { once: true, signal: listening.signal });
  });
  const late = new Promise<Result<T>>((resolve) => {
    timer = setTimeout(() => resolve(err(tookTooLong(ms, target, source))), ms);
  });
  try {
    return await Promise.race([work, late, stopped]);
  } finally {
    clearTimeout(timer);
    listening.abort();
  }
}

function tookTooLong(ms: number, target: string, source: Source): Problem {
  return {
    code: 'timeout',
    target,
    summary: `${source} did not finish within ${Math.round(ms / 1000)} s`,
    remedy: 'Run the audit again when the vCenter is less busy; the other sources of this vCenter were read all the same.',
    retry: 'later',
  };
}
