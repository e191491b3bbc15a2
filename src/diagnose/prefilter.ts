import { CATALOGUE, ERROR_LITERAL } from './catalogue.js';

/**
 * Finds the places in a file that may matter. Files are read straight into its memory; what is searched for are the literals of the
 * catalogue, and nothing but the lines round a find is ever made into text.
 */
export interface Prefilter {
  readonly memory: Uint8Array;
  /**
   * The first position in [from, to) where one of the literals may begin, or -1. May name a place where none does; never misses one that
   * lies within the memory. Leaves the number of line ends before that position (or in all of [from, to)) in `lines`.
   */
  next(from: number, to: number): number;
  readonly lines: number;
  /** Line ends in [from, to). */
  countLines(from: number, to: number): number;
}

/** Bytes behind `to` that must be readable: a literal's window is looked at as a whole. */
export const PREFILTER_SLACK = 64;

export const WINDOW = 8;

/** How common a character is in sps.log, in a rough scale; what is not listed is rare. Counted over the log of vSphere 6.5. */
const COMMON: ReadonlyMap<string, number> = new Map(
  Object.entries({
    e: 9,
    o: 8,
    r: 8,
    i: 8,
    a: 7,
    t: 7,
    n: 6,
    v: 7,
    d: 7,
    p: 7,
    '.': 7,
    ' ': 8,
    s: 6,
    m: 6,
    '-': 6,
    l: 5,
    '0': 5,
    c: 5,
    k: 4,
    w: 4,
    '2': 5,
    '1': 5,
    '4': 4,
    '8': 4,
    '7': 4,
    g: 4,
    h: 3,
    f: 4,
    u: 4,
    '5': 3,
    '3': 3,
    '6': 3,
    '9': 3,
    b: 3,
    '[': 3,
    ']': 3,
    ':': 4,
    '=': 3,
    D: 3,
    E: 4,
    G: 3,
    I: 4,
    P: 4,
    T: 3,
    y: 2,
    '(': 2,
    ')': 2,
    j: 2,
    J: 2,
    U: 2,
    B: 2,
    F: 2,
    R: 2,
    S: 2,
    C: 2,
    O: 2,
    N: 2,
    M: 2,
  }),
);

/** Of each literal, the eight characters whose first three are rarest; each once. */
export function windowsOf(literals: readonly string[]): string[] {
  const windows = literals.map((literal) => {
    const starts = Array.from({ length: literal.length - WINDOW + 1 }, (_, start) => start);
    const score = (start: number) => [...literal.slice(start, start + 3)].reduce((sum, char) => sum + (COMMON.get(char) ?? 0), 0);
    const best = starts.reduce((least, start) => (score(start) < score(least) ? start : least), 0);
    return literal.slice(best, best + WINDOW);
  });
  return [...new Set(windows)];
}

export const LITERALS: readonly string[] = [...new Set([...CATALOGUE.flatMap(({ literals }) => literals), ERROR_LITERAL])];

/** The same with nothing but JavaScript: for runtimes without WebAssembly SIMD, and to hold the other one to. */
export function plainPrefilter(size: number, literals: readonly string[] = LITERALS): Prefilter {
  const memory = Buffer.alloc(size);
  const windows = windowsOf(literals).map((window) => window.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(windows.join('|'), 'g');
  /** Text of [start, end), kept while the same stretch is asked about again and again. */
  let held = { start: 0, end: 0, text: '' };
  let lines = 0;
  const countLines = (from: number, to: number): number => {
    let count = 0;
    for (let at = memory.indexOf(10, from); at !== -1 && at < to; at = memory.indexOf(10, at + 1)) count += 1;
    return count;
  };
  return {
    memory,
    get lines() {
      return lines;
    },
    countLines,
    next(from, to) {
      const end = Math.min(size, to + WINDOW - 1);
      if (from < held.start || end !== held.end || held.text === '')
        held = { start: from, end, text: memory.toString('latin1', from, end) };
      pattern.lastIndex = from - held.start;
      const found = pattern.exec(held.text);
      const at = found === null ? -1 : held.start + found.index;
      // The memory is about to be filled anew.
      if (at === -1) held = { start: 0, end: 0, text: '' };
      lines = countLines(from, at === -1 ? to : at);
      return at;
    },
  };
}
