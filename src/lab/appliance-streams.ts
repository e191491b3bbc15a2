import type { LabFile } from './world.js';

/** What a command of the lab's shell reads from. `undefined`: end of file. */
export interface Input {
  /** Some bytes, at least one. */
  read(): Promise<Buffer | undefined>;
  /** Puts back what was read and not wanted. */
  unread(bytes: Buffer): void;
  /** Present where the other end is a terminal. */
  readonly terminal?: TerminalModes;
}

/** Why nothing, or not all, was written. */
export type WriteProblem = 'ENOSPC' | 'EPIPE';

export interface Output {
  write(bytes: Buffer | string): WriteProblem | undefined;
  readonly terminal?: TerminalModes;
}

/** One open file of a shell. */
export interface Descriptor {
  readonly input?: Input;
  readonly output?: Output;
  /** Where it is a file: what `flock` locks. */
  readonly file?: LabFile;
}

/** What `stty` can see and change. */
export interface TerminalModes {
  echo: boolean;
  /** False after `stty raw`: no line discipline, no signals, no `\r`. */
  cooked: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly term: string;
}

export const NOTHING: Input = { read: async () => undefined, unread: () => {} };
export const NOWHERE: Output = { write: () => undefined };

/** A pipe: unbounded, in memory. */
export class Pipe implements Input, Output {
  private readonly chunks: Buffer[] = [];
  private ended = false;
  private wake: (() => void)[] = [];

  write(bytes: Buffer | string): WriteProblem | undefined {
    if (this.ended || bytes.length === 0) return undefined;
    this.chunks.push(typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes);
    this.wakeAll();
    return undefined;
  }

  end(): void {
    this.ended = true;
    this.wakeAll();
  }

  unread(bytes: Buffer): void {
    if (bytes.length > 0) this.chunks.unshift(bytes);
  }

  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.chunks.shift();
      if (chunk) return chunk;
      if (this.ended) return undefined;
      await new Promise<void>((resolve) => this.wake.push(resolve));
    }
  }

  private wakeAll(): void {
    const { wake } = this;
    this.wake = [];
    for (const one of wake) one();
  }
}

export function inputOf(text: string | Buffer): Input {
  const pipe = new Pipe();
  pipe.write(text);
  pipe.end();
  return pipe;
}

export async function readAll(input: Input): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let chunk = await input.read(); chunk; chunk = await input.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Up to `count` bytes; fewer only at the end of the input. */
export async function readBytes(input: Input, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let left = count; left > 0; ) {
    const chunk = await input.read();
    if (!chunk) break;
    chunks.push(chunk.subarray(0, left));
    input.unread(chunk.subarray(left));
    left -= Math.min(left, chunk.length);
  }
  return Buffer.concat(chunks);
}

/** One line with its line end (the last one may have none); undefined at the end of the input. */
export async function readLine(input: Input): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = await input.read();
    if (!chunk) return chunks.length > 0 ? Buffer.concat(chunks).toString('utf8') : undefined;
    const end = chunk.indexOf(0x0a);
    if (end < 0) {
      chunks.push(chunk);
      continue;
    }
    chunks.push(chunk.subarray(0, end + 1));
    input.unread(chunk.subarray(end + 1));
    return Buffer.concat(chunks).toString('utf8');
  }
}
