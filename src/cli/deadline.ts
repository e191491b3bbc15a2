import { err, ok, type Result } from '../model/problem.js';
import type { Failure } from './terminal.js';

/** `HH:MM` of this machine's time, the next time it comes: late in the evening 02:00 is tomorrow's. */
export function nextTime(text: string, now: Date): Result<Date, Failure> {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined)
    return err({
      code: 'usage',
      summary: `--deadline ${text} is no time of day`,
      remedy: "Give hours and minutes of this machine's time, as in 02:30.",
    });
  const on = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, Number(hours), Number(minutes));
  const today = on(0);
  return ok(today > now ? today : on(1));
}

/** Here and in UTC. */
export function timeWords(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const local = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
  return `${local} here (${at.toISOString().slice(0, 16).replace('T', ' ')} UTC)`;
}
