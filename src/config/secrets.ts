import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import type { SecretSource } from './config.js';
import type { Environment } from './from-environment.js';

const MAX_SECRET_BYTES = 64 * 1024;
const COMMAND_MS = 30_000;

/** The secrets of one run: each source is read once, and what was read is known to whoever takes secrets out of text. */
export interface Secrets {
  /** @param target whom it is for, for the problem: a vCenter id */
  resolve(source: SecretSource, target: string): Promise<Result<string>>;
  /** Every secret read so far, longest first. */
  known(): readonly string[];
}

export function openSecrets(env: Environment, limits: { readonly commandMs?: number } = {}): Secrets {
  const reading = new Map<string, Promise<Result<string>>>();
  const known = new Set<string>();
  return {
    async resolve(source, target) {
      const key = JSON.stringify(source);
      const pending = reading.get(key) ?? resolveSecret(source, env, target, limits.commandMs);
      reading.set(key, pending);
      const secret = await pending;
      if (secret.ok) known.add(secret.value);
      return secret.ok ? secret : err({ ...secret.error, target });
    },
    known: () => [...known].sort((a, b) => b.length - a.length),
  };
}

/**
 * Reads a secret now. Nothing of it is in a problem, and nothing that a command says on stderr either.
 * Fails with `secret-unavailable` (not there, or the command failed) or `secret-unusable` (empty, too long, not text).
 */
export async function resolveSecret(
  source: SecretSource,
  env: Environment,
  target = 'secret',
  commandMs = COMMAND_MS,
): Promise<Result<string>> {
  if ('env' in source) {
    const value = env[source.env];
    if (value === undefined || value === '') {
      return unavailable(
        target,
        `the environment variable ${source.env} is not set`,
        `Set ${source.env}, or name another source in estate.yaml.`,
      );
    }
    return usable(value, target, `the environment variable ${source.env}`);
  }
  if ('file' in source) {
    const bytes = await readBounded(source.file);
    if (bytes === undefined) {
      return unavailable(
        target,
        `the secret file ${source.file} cannot be read`,
        'Check that it exists and that you may read it.',
      );
    }
    return usable(textOf(bytes)?.replace(/\r?\n$/, ''), target, `the secret file ${source.file}`);
  }
  const [program = ''] = source.command;
  const ran = await runCommand(source.command, env, commandMs);
  if (ran.kind === 'failed') {
    return unavailable(
      target,
      `the secret command ${program} ${ran.how}`,
      'Run it by hand: it must print the secret and end with exit code 0.',
    );
  }
  return usable(textOf(ran.stdout)?.split(/\r?\n/, 1)[0], target, `what ${program} printed`);
}

function usable(text: string | undefined, target: string, origin: string): Result<string> {
  const wrong =
    text === undefined
      ? 'is not UTF-8 text'
      : text === ''
        ? 'is empty'
        : text.includes('\0')
          ? 'holds a NUL character'
          : Buffer.byteLength(text) > MAX_SECRET_BYTES
            ? 'is far too long'
            : undefined;
  if (text !== undefined && wrong === undefined) return ok(text);
  const remedy = 'Store the secret as one line of text.';
  return err({ code: 'secret-unusable', target, summary: `${origin} ${wrong}`, remedy, retry: 'after-remedy' });
}

const unavailable = (target: string, summary: string, remedy: string): Result<never, Problem> =>
  err({ code: 'secret-unavailable', target, summary, remedy, retry: 'after-remedy' });

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** One byte more than allowed, so that "too long" shows; undefined when it cannot be read. */
async function readBounded(file: string): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(MAX_SECRET_BYTES + 3);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

type Ran = { readonly kind: 'ran'; readonly stdout: Uint8Array } | { readonly kind: 'failed'; readonly how: string };

/** Without a shell and without stdin; what it says on stderr is dropped, since nobody knows what is in there. */
function runCommand(argv: readonly string[], env: Environment, timeoutMs: number): Promise<Ran> {
  const [program = '', ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, rest, { env: { ...env }, stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (ran: Ran) => {
      clearTimeout(timer);
      child.stdout.destroy();
      resolve(ran);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      finish({ kind: 'failed', how: `did not end within ${Math.round(timeoutMs / 1000)} s` });
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > MAX_SECRET_BYTES) {
        child.kill('SIGKILL');
        finish({ kind: 'failed', how: 'prints far more than a secret' });
      }
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      finish({ kind: 'failed', how: error.code === 'ENOENT' ? 'was not found' : 'could not be started' });
    });
    child.on('close', (code, signal) => {
      if (code === 0) finish({ kind: 'ran', stdout: Buffer.concat(chunks) });
      else finish({ kind: 'failed', how: signal ? `was ended by ${signal}` : `ended with exit code ${code}` });
    });
  });
}
