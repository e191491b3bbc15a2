import type { Clock } from '../execute/ports.js';
import type { Output } from './terminal.js';

/** Each thing that happens in a run, on stderr, with its time: of the day where a person watches, in full for a log. */
export function openTelling(out: Output, clock: Clock, wanted: boolean): (text: string) => void {
  if (!wanted) return () => {};
  return (text) => {
    const at = clock.now();
    const time = out.stderr.isTTY ? at.toTimeString().slice(0, 8) : at.toISOString();
    out.say(`${time}  ${text}`);
  };
}
