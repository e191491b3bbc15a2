import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lines, openLines } from './lines.js';
import type { Standin } from './standin.js';

export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Both streams so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
}

/** A program on the operator's machine. It is killed when the test's time is up. */
export function start(
  at: Standin,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const child = at.start(command, args, { ...at.env, ...env });
  let [stdout, stderr, both] = ['', '', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
    both += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
    both += chunk;
  });
  child.stdin?.end();
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code: code ?? signal ?? -1, stdout, stderr }));
  });
  return { pid: child.pid ?? 0, ended, output: () => both, kill: (signal) => void child.kill(signal) };
}

/** The product with the waits of the stand-in. */
export function vasatrust(at: Standin, ...args: readonly string[]): Running {
  return product(at, args, {});
}

/**
 * The product, stopped by SIGSTOP behind the first line of its journal of that kind (`outcome:block`, `intent:unregister`): the line is on disk,
 * and what follows is not begun. It goes on by SIGCONT.
 */
export async function vasatrustUntil(at: Standin, point: string, ...args: readonly string[]): Promise<Running> {
  const running = product(at, args, { STANDIN_STOP_AT: point });
  const ended = running.ended.then((end) => {
    throw new Error(`it ended (${end.code}) before ${point}:\n${end.stderr}\n${end.stdout}`);
  });
  await Promise.race([stopped(running.pid), ended]);
  ended.catch(() => {});
  return running;
}

function product(at: Standin, args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const command = [join(at.bundle, 'product.js'), ...args, '--file', at.estateFile];
  return start(at, process.execPath, command, { STANDIN_SECOND_MS: String(at.secondMs), ...env });
}

async function stopped(pid: number): Promise<void> {
  const state = () => {
    try {
      return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    } catch {
      return undefined; // it ended
    }
  };
  for (let now = state(); now !== undefined && now !== 'T'; now = state())
    await new Promise((resolve) => setTimeout(resolve, 10));
}

/** OpenSSH's client, with the key that the appliance takes. */
export function ssh(at: Standin, ...command: readonly string[]): Promise<Ended> {
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'IdentitiesOnly=yes',
  ];
  const key = join(at.folder, 'operator/client');
  return start(at, 'ssh', [
    '-F',
    '/dev/null',
    '-i',
    key,
    ...options.flatMap((one) => ['-o', one]),
    `root@${at.facts.ipAddress}`,
    ...command,
  ]).ended;
}

/** Somebody who works through the runbook; see `hands.ts`. */
export function openRunbook(at: Standin, vcenter: string): Lines {
  const hands = [join(at.bundle, 'hands.js'), at.estateFile, vcenter, String(at.secondMs)];
  return openLines(at.start(process.execPath, hands, at.env), 'the hands');
}
