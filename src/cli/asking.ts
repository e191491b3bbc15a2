import { createInterface } from 'node:readline';
import type { Asking } from './surroundings.js';

/** Asks whoever sits at the terminal; undefined where stdin is none, so that no script answers by accident what a person has to. */
export function openAsking(stdin: NodeJS.ReadStream, stderr: NodeJS.WriteStream, interrupted: AbortSignal): Asking | undefined {
  if (stdin.isTTY !== true) return undefined;
  return {
    ask(question) {
      return new Promise((resolve) => {
        if (interrupted.aborted) return resolve(undefined);
        // Not in raw mode: Ctrl-C stays a signal, as everywhere else.
        const lines = createInterface({ input: stdin, terminal: false });
        const done = (line?: string) => {
          // First: closing tells of itself, and only the first answer counts.
          resolve(line);
          interrupted.removeEventListener('abort', stop);
          lines.close();
          stdin.pause();
        };
        const stop = () => done();
        interrupted.addEventListener('abort', stop, { once: true });
        lines.once('line', (line) => done(line));
        lines.once('close', () => done());
        stderr.write(question);
      });
    },
  };
}
