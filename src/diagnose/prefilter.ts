import { PREFILTER_BUCKETS } from './prefilter-module.js';

/**
 * Finds the places in a file that may matter. Files are read straight into its memory; what is searched for are the literals of the
 * catalogue, and nothing but the lines round a find is ever made into text.
 */
export interface Prefilter {
  readonly memory: Uint8Array;
  /**
   * A position in [from, to) within the first of the literals that stand there, or -1. Leaves the number of line ends before that position
   * (or in all of [from, to)) in `lines`.
   */
  next(from: number, to: number): number;
  readonly lines: number;
  /** Line ends in [from, to). */
  countLines(from: number, to: number): number;
}

/** Bytes behind `to` that must be readable: a literal's window is looked at as a whole. */
export const PREFILTER_SLACK = 64;

/** Characters of a literal that are looked for first. */
const WINDOW = 8;

/** A literal, and where in it the window begins that it is looked for by. */
export type PrefilterWindow = readonly [literal: string, offset: number];

export const windowOf = ([literal, offset]: PrefilterWindow): string => literal.slice(offset, offset + WINDOW);

/** Whether the literal that a window was taken from stands round it in full. */
export function literalCheck(memory: Uint8Array): (at: number) => boolean {
  const text = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
  const byWindow = new Map<string, PrefilterWindow[]>();
  for (const one of PREFILTER_BUCKETS.flat()) byWindow.set(windowOf(one), [...(byWindow.get(windowOf(one)) ?? []), one]);
  return (at) => {
    const places = byWindow.get(text.toString('latin1', at, at + WINDOW)) ?? [];
    return places.some(([literal, offset]) => text.toString('latin1', at - offset, at - offset + literal.length) === literal);
  };
}

/** Bytes that the plain prefilter makes into text at a time. */
const STRETCH = 64 * 1024;

/** The same with nothing but JavaScript: for runtimes without WebAssembly SIMD, and to hold the other one to. */
export function plainPrefilter(size: number): Prefilter {
  const memory = Buffer.alloc(size);
  const isLiteral = literalCheck(memory);
  const windows = PREFILTER_BUCKETS.flat().map((one) => windowOf(one).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp([...new Set(windows)].join('|'), 'g');
  let lines = 0;
  const countLines = (from: number, to: number): number => {
    let count = 0;
    for (let at = memory.indexOf(10, from); at !== -1 && at < to; at = memory.indexOf(10, at + 1)) count += 1;
    return count;
  };
  const find = (from: number, to: number): number => {
    for (let start = from; start < to; start += STRETCH) {
      const text = memory.toString('latin1', start, Math.min(size, to + WINDOW - 1, start + STRETCH + WINDOW - 1));
      pattern.lastIndex = 0;
      for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
        if (isLiteral(start + found.index)) return start + found.index;
        pattern.lastIndex = found.index + 1;
      }
    }
    return -1;
  };
  return {
    memory,
    get lines() {
      return lines;
    },
    countLines,
    next(from, to) {
      const at = find(from, to);
      lines = countLines(from, at === -1 ? to : at);
      return at;
    },
  };
}
