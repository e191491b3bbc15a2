import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { createGunzip, createInflateRaw, type Gunzip, type InflateRaw } from 'node:zlib';

/** Bytes of a log or archive, in order. */
export type Bytes = AsyncIterable<Uint8Array>;

/** Why a file could not be read to its end; what was read before counts. */
export class LogTrouble extends Error {
  readonly kind: 'truncated' | 'damaged' | 'too-large' | 'not-supported';
  constructor(kind: LogTrouble['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** zlib's default of 16 KiB costs three times as long. */
const CHUNK = 1024 * 1024;
/** Logs shrink to a tenth, seldom to a hundredth. Deflate itself ends at 1:1032. */
const MOST_RATIO = 400;
const FREE_BYTES = 256 * 1024 * 1024;

/** What a .gz holds, all members of it. Ends with `LogTrouble` where it is cut off, damaged, or swells beyond what logs do. */
export function gunzip(source: Bytes): Bytes {
  return inflated(source, createGunzip({ chunkSize: CHUNK }));
}

/** The same for a deflated entry of a zip. */
export function inflateRaw(source: Bytes): Bytes {
  return inflated(source, createInflateRaw({ chunkSize: CHUNK }));
}

async function* inflated(source: Bytes, inflater: Gunzip | InflateRaw): AsyncGenerator<Uint8Array> {
  let failure: Error | undefined;
  const feeding = feed(source, inflater).catch((error: Error) => {
    failure ??= error;
    inflater.destroy();
  });
  let out = 0;
  try {
    for await (const chunk of arriving(inflater, (error) => (failure ??= asTrouble(error)))) {
      out += chunk.length;
      if (out > FREE_BYTES && out > MOST_RATIO * inflater.bytesWritten)
        throw new LogTrouble('too-large', `it swells more than ${MOST_RATIO} times: no log does that`);
      yield chunk;
    }
  } finally {
    inflater.destroy();
    await feeding;
  }
  if (failure !== undefined) throw failure;
}

async function feed(source: Bytes, inflater: Gunzip | InflateRaw): Promise<void> {
  for await (const chunk of source) {
    if (inflater.destroyed) return;
    if (!inflater.write(chunk)) await Promise.race([once(inflater, 'drain'), once(inflater, 'close')]);
  }
  if (!inflater.destroyed) inflater.end();
}

/**
 * What a stream gives until it ends or fails. Unlike the stream's own iterator it hands out everything that came before a failure: the end
 * of a log that was cut off is what matters most.
 */
async function* arriving(stream: Readable, onError: (error: Error) => void): AsyncGenerator<Uint8Array> {
  const queue: Uint8Array[] = [];
  let isDone = false;
  let wake = (): void => {};
  stream.on('data', (chunk: Buffer) => {
    queue.push(chunk);
    if (queue.length > 1) stream.pause();
    wake();
  });
  const finish = (): void => {
    isDone = true;
    wake();
  };
  stream.on('error', (error) => {
    onError(error);
    finish();
  });
  stream.on('close', finish);
  stream.on('end', finish);
  for (;;) {
    const chunk = queue.shift();
    if (chunk !== undefined) {
      yield chunk;
      if (queue.length === 0) stream.resume();
    } else if (isDone) return;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (queue.length > 0 || isDone) resolve();
      });
  }
}

function asTrouble(error: Error): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'Z_BUF_ERROR') return new LogTrouble('truncated', 'the compressed data ends too early');
  return code?.startsWith('Z_') ? new LogTrouble('damaged', 'the compressed data is damaged') : error;
}

/** The first bytes of a stream without taking them out of it: `least` of them, or all where it is shorter. */
export async function peek(source: Bytes, least: number): Promise<{ head: Uint8Array; all: Bytes }> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < least) {
    const { value, done } = await iterator.next();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  const head = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (;;) {
        const { value, done } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, all: all() };
}
