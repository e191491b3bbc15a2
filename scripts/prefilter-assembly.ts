/**
 * The machine code behind `src/diagnose/prefilter.ts`, written out by hand: a WebAssembly module of one memory and two functions. There is
 * no toolchain to trust or to install; what is generated here is compared with what is committed by a test.
 *
 * `next(from, to)`: the first position in [from, to) where a window of eight bytes begins that is one of those in the table, or -1. Sixteen
 * positions are tried at a time: the low and the high half of each of three neighbouring bytes select, by table, in which of eight buckets
 * of windows they occur; where all six agree on a bucket, its windows are compared in full. The method is Teddy's, of Hyperscan.
 * `countLines(from, to)`: line ends in [from, to). The global `lines` is the number of line ends that `next` passed over.
 *
 * Memory: 0 six tables of 16 bytes · 112 scratch, 16 bytes · 128 nine offsets of buckets, 32 bits each · 256 windows, 8 bytes each.
 */
import { LITERALS } from '../src/diagnose/catalogue.js';
import { PREFILTER_LAYOUT } from '../src/diagnose/prefilter-layout.js';
import { choosePrefilterWindows } from './prefilter-windows.js';

type Code = readonly (number | Code)[];

const { scratch: SCRATCH, buckets: BUCKETS, windows: WINDOWS } = PREFILTER_LAYOUT;

const unsigned = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
};
const signed = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
};
const flat = (code: Code): number[] => code.flatMap((part) => (typeof part === 'number' ? [part] : flat(part)));

// Instructions used, by their names in the specification.
const get = (local: number): Code => [0x20, ...unsigned(local)];
const set = (local: number): Code => [0x21, ...unsigned(local)];
const tee = (local: number): Code => [0x22, ...unsigned(local)];
const constant = (value: number): Code => [0x41, ...signed(value)];
const [add, sub, and, shl, eq, ltU, geU, gtU, ctz, popcnt] = [0x6a, 0x6b, 0x71, 0x74, 0x46, 0x49, 0x4f, 0x4b, 0x68, 0x69];
const [ltS, gtS, select] = [0x48, 0x4a, 0x1b];
const equal64 = 0x51;
const load32 = (offset: number): Code => [0x28, 2, ...unsigned(offset)];
const load8 = (offset: number): Code => [0x2d, 0, ...unsigned(offset)];
const load64 = (offset: number): Code => [0x29, 0, ...unsigned(offset)];
const simd = (operation: number, ...rest: number[]): Code => [0xfd, ...unsigned(operation), ...rest];
const vectorLoad = (offset: number): Code => simd(0, 0, ...unsigned(offset));
const vectorStore = (offset: number): Code => simd(11, 0, ...unsigned(offset));
const splat = simd(15);
const swizzle = simd(14);
/** Sixteen of the 32 bytes of two blocks in a row, from this one on. */
const lastAndNext = (start: number): Code => simd(13, ...Array.from({ length: 16 }, (_, index) => start + index));
const equalBytes = simd(35);
const unequalBytes = simd(36);
const vectorAnd = simd(78);
const vectorOr = simd(80);
const anyTrue = simd(83);
const bitmask = simd(100);
const shiftRight = simd(109);
const loop = (...body: Code[]): Code => [0x03, 0x40, ...body, 0x0b];
const block = (...body: Code[]): Code => [0x02, 0x40, ...body, 0x0b];
const when = (...body: Code[]): Code => [0x04, 0x40, ...body, 0x0b];
/** Leaves a number of 32 bits. */
const whenElse = (then: Code, otherwise: Code): Code => [0x04, 0x7f, then, 0x05, otherwise, 0x0b];
const branch = (depth: number): Code => [0x0c, depth];
const branchIf = (depth: number): Code => [0x0d, depth];
const back = 0x0f;
const LINES = 0;
const setLines: Code = [0x24, LINES];

const I32 = 0x7f;
const V128 = 0x7b;

/** next: parameters from (0), to (1). `from` runs ahead in steps of sixteen bytes. */
function nextBody(): Code {
  const [from, to, ends, found, lane, bits, at, stop, looked, count] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
  /** Six tables, then constants, then what was found in the block before: its first and second bytes of windows. */
  const [tables, newline, nibble, zero] = [10, 16, 17, 18] as const;
  const [first, second] = [19, 20] as const;
  const [bytes, low, high, nextFirst, nextSecond, lastFirst, lastSecond, hits] = [21, 22, 23, 24, 25, 26, 27, 28] as const;
  /** Hits of the four blocks of the quick way. */
  const quickHits = 29;
  const lookUp = (table: number): Code => [
    [get(tables + 2 * table), get(low), swizzle],
    [get(tables + 2 * table + 1), get(high), swizzle],
    vectorAnd,
  ];
  /**
   * Leaves the buckets that begin two bytes before each byte of the block at `offset`. The first bytes of windows are those found two bytes
   * earlier, the second ones one byte earlier: for that the end of the block before is needed, and kept for the next.
   */
  const candidates = (offset: number, beforeFirst: number, beforeSecond: number): Code => [
    [get(from), vectorLoad(offset), tee(bytes), get(nibble), vectorAnd, set(low)],
    [get(bytes), constant(4), shiftRight, set(high)],
    [get(beforeFirst), lookUp(0), tee(nextFirst), lastAndNext(14)],
    [get(beforeSecond), lookUp(1), tee(nextSecond), lastAndNext(15), vectorAnd],
    [lookUp(2), vectorAnd],
  ];
  const lineEnds = (offset: number): Code => [get(from), vectorLoad(offset), get(newline), equalBytes, bitmask];
  const passLines = (more: Code): Code => [get(count), more, add, set(count)];
  const answer = (position: Code): Code => [get(count), setLines, position, back];
  const quick: Code = block(
    [get(from), constant(64), add, get(to), gtU, branchIf(0)],
    [get(first), set(lastFirst), get(second), set(lastSecond)],
    [0, 1, 2, 3].map((index) => [
      [candidates(16 * index, lastFirst, lastSecond), set(quickHits + index)],
      [get(nextFirst), set(lastFirst), get(nextSecond), set(lastSecond)],
    ]),
    [get(quickHits), get(quickHits + 1), vectorOr, get(quickHits + 2), get(quickHits + 3), vectorOr, vectorOr],
    [anyTrue, branchIf(0)],
    passLines([
      [lineEnds(0), lineEnds(16), constant(16), shl, add, popcnt],
      [lineEnds(32), lineEnds(48), constant(16), shl, add, popcnt],
      add,
    ]),
    [get(lastFirst), set(first), get(lastSecond), set(second)],
    [get(from), constant(64), add, set(from)],
    // The loop around this block.
    branch(1),
  );
  /** Compares the windows of every bucket in `bits` with what stands at `at`; leaves the function where one is there. */
  const compare: Code = loop(
    [get(bits), ctz, constant(2), shl, tee(stop), load32(BUCKETS), constant(3), shl, set(found)],
    [get(stop), load32(BUCKETS + 4), constant(3), shl, set(stop)],
    block(
      loop(
        [get(found), get(stop), geU, branchIf(1)],
        [get(at), load64(0), get(found), load64(WINDOWS), equal64],
        // No line ends within a window: those before this byte are those before the window.
        when(passLines([get(ends), constant(1), get(lane), shl, constant(1), sub, and, popcnt]), answer(get(at))),
        [get(found), constant(8), add, set(found)],
        branch(0),
      ),
    ),
    [get(bits), get(bits), constant(1), sub, and, tee(bits), branchIf(0)],
  );
  /** The lowest bits, as many as bytes are left of this block; all where it is whole. */
  const within = (left: Code): Code => [
    [left, set(stop)],
    [get(stop), constant(16), ltS],
    whenElse([constant(1), get(stop), constant(0), get(stop), constant(0), gtS, select, shl, constant(1), sub], [constant(-1)]),
  ];
  const slow: Code = [
    [candidates(0, first, second), set(hits)],
    [get(nextFirst), set(first), get(nextSecond), set(second)],
    [within([get(to), get(from), sub]), lineEnds(0), and, set(ends)],
    [within([get(to), get(from), sub, constant(2), add]), get(hits), get(zero), unequalBytes, bitmask, and, tee(looked)],
    when(
      [constant(0), get(hits), vectorStore(SCRATCH)],
      loop(
        [get(looked), ctz, tee(lane), load8(SCRATCH), set(bits)],
        [get(from), get(lane), add, constant(2), sub, set(at)],
        compare,
        [get(looked), get(looked), constant(1), sub, and, tee(looked), branchIf(0)],
      ),
    ),
    passLines([get(ends), popcnt]),
    [get(from), constant(16), add, tee(from), get(to), constant(2), add, ltU, branchIf(0)],
  ];
  const body: Code = [
    [0, 1, 2, 3, 4, 5].map((index) => [constant(0), vectorLoad(16 * index), set(tables + index)]),
    [constant(10), splat, set(newline), constant(15), splat, set(nibble)],
    [get(from), get(to), geU],
    when(answer(constant(-1))),
    loop(quick, slow),
    answer(constant(-1)),
    constant(-1),
  ];
  return withLocals(
    [
      [8, I32],
      [23, V128],
    ],
    body,
  );
}

/** countLines: parameters from (0), to (1). */
function countLinesBody(): Code {
  const [from, to, count] = [0, 1, 2];
  const newline = 3;
  return withLocals(
    [
      [1, I32],
      [1, V128],
    ],
    [
      [constant(10), splat, set(newline)],
      block(
        loop(
          [get(from), constant(16), add, get(to), gtU, branchIf(1)],
          [get(count), get(from), vectorLoad(0), get(newline), equalBytes, bitmask, popcnt, add, set(count)],
          [get(from), constant(16), add, set(from)],
          branch(0),
        ),
      ),
      block(
        loop(
          [get(from), get(to), geU, branchIf(1)],
          [get(count), get(from), load8(0), constant(10), eq, add, set(count)],
          [get(from), constant(1), add, set(from)],
          branch(0),
        ),
      ),
      get(count),
    ],
  );
}

function withLocals(groups: readonly (readonly [number, number])[], body: Code): Code {
  return [...unsigned(groups.length), ...groups.flatMap(([count, type]) => [...unsigned(count), type]), body, 0x0b];
}

const section = (id: number, content: Code): number[] => {
  const bytes = flat(content);
  return [id, ...unsigned(bytes.length), ...bytes];
};
const sized = (code: Code): number[] => {
  const bytes = flat(code);
  return [...unsigned(bytes.length), ...bytes];
};
const named = (name: string): number[] => [...unsigned(name.length), ...Buffer.from(name)];

export function assemblePrefilter(): Uint8Array {
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, I32, I32, 1, I32]),
    ...section(2, [1, named(''), named('memory'), 0x02, 0x00, 1]),
    ...section(3, [2, 0, 0]),
    ...section(6, [1, I32, 1, constant(0), 0x0b]),
    ...section(7, [3, named('next'), 0, 0, named('countLines'), 0, 1, named('lines'), 3, 0]),
    ...section(10, [2, sized(nextBody()), sized(countLinesBody())]),
  ]);
}

/** The source file that carries the module and what it looks for. */
export function prefilterModuleSource(): string {
  const code =
    Buffer.from(assemblePrefilter())
      .toString('base64')
      .match(/.{1,110}/g) ?? [];
  const quoted = (text: string): string => (text.includes("'") ? JSON.stringify(text) : `'${text}'`);
  const buckets = choosePrefilterWindows(LITERALS).map(
    (bucket) => `  [\n${bucket.map(({ literal, offset }) => `    [${quoted(literal)}, ${offset}],\n`).join('')}  ],\n`,
  );
  return [
    '// Generated from the catalogue and scripts/prefilter-assembly.ts by `node scripts/generate-docs.mjs`; do not edit.\n',
    '/** Literals of the catalogue in eight buckets, each with the place in it where its window of eight characters begins. */',
    `export const PREFILTER_BUCKETS: readonly (readonly (readonly [literal: string, offset: number])[])[] = [\n${buckets.join('')}];\n`,
    '/** A WebAssembly module, base64. What it does is told where it is made. */',
    `export const PREFILTER_MODULE =\n${code.map((line) => `  '${line}'`).join(' +\n')};\n`,
  ].join('\n');
}
