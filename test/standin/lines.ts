import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A child that is asked one line at a time and answers each with one line; it ends with its stdin. */
export interface Lines {
  next(): Promise<string>;
  ask(line: string): Promise<string>;
  /** Closes its stdin and waits for its end; one that does not end is killed. */
  end(): Promise<void>;
}

export function openLines(child: ChildProcessWithoutNullStreams, name: string): Lines {
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4_000);
  });
  child.stdin.on('error', () => {});
  const heard: string[] = [];
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  let gone: string | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const first = waiting.shift();
    if (first) first.resolve(line);
    else heard.push(line);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      gone = `${name} ended (${signal ?? code}): ${stderr}`;
      for (const one of waiting.splice(0)) one.reject(new Error(gone));
      resolve();
    });
  });
  const next = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const line = heard.shift();
      if (line !== undefined) resolve(line);
      else if (gone !== undefined) reject(new Error(gone));
      else waiting.push({ resolve, reject });
    });
  return {
    next,
    ask: (line) => {
      const answer = next();
      child.stdin.write(`${line}\n`);
      return answer;
    },
    async end() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
