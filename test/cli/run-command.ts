import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export const commandPath = join(import.meta.dirname, '../../dist/vasatrust.cjs');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called with the process and all of its stdout so far, whenever there is more. */
  readonly onOutput?: (child: ChildProcess, stdout: string) => void;
  /** The same for stderr. */
  readonly onErrors?: (child: ChildProcess, stderr: string) => void;
  readonly timeoutMs?: number;
}

/** Runs the built command as a user would; its environment is PATH, a HOME of nobody and what the test gives. */
export function runCommand(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [commandPath, ...args], {
      cwd: options.cwd ?? '/',
      env: { PATH: process.env.PATH, HOME: '/nonexistent', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 30_000);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      options.onOutput?.(child, stdout);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      options.onErrors?.(child, stderr);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}
