import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LITERALS } from '../../src/diagnose/catalogue.js';
import { fastPrefilter, openPrefilter } from '../../src/diagnose/fast-prefilter.js';
import { PREFILTER_SLACK, type Prefilter, plainPrefilter, windowOf } from '../../src/diagnose/prefilter.js';
import { PREFILTER_LAYOUT } from '../../src/diagnose/prefilter-layout.js';
import { PREFILTER_BUCKETS } from '../../src/diagnose/prefilter-module.js';
import { SCANNER_BYTES } from '../../src/diagnose/scan-log.js';
import { healthyLog, recordsIn, SEED_LOG } from '../support/diagnose.js';

const START = PREFILTER_LAYOUT.end;
const SIZE = START + 64 * 1024;

function fast(): Prefilter {
  const opened = fastPrefilter(SIZE);
  if (opened === undefined) throw new Error('this runtime has no WebAssembly SIMD');
  return opened;
}
const both = { fast: fast(), plain: plainPrefilter(SIZE) };

/** Every find in [from, to), with the line ends before it; and the line ends after the last one. */
function findsOf(prefilter: Prefilter, text: Uint8Array, shift = 0, cut = text.length): (readonly [number, number])[] {
  prefilter.memory.fill(10, START);
  prefilter.memory.set(text, START + shift);
  prefilter.memory.fill(0, START + shift + text.length, START + shift + text.length + PREFILTER_SLACK);
  const found: (readonly [number, number])[] = [];
  for (let at = START + shift; ; ) {
    const next = prefilter.next(at, START + shift + cut);
    found.push([next === -1 ? -1 : next - START - shift, prefilter.lines]);
    if (next === -1) return found;
    at = next + 1;
  }
}

describe('the prefilter', () => {
  test('is the fast one here', () => {
    expect(openPrefilter(SIZE).memory.buffer).not.toBeInstanceOf(SharedArrayBuffer);
    expect(fastPrefilter(SIZE)).toBeDefined();
  });

  test('finds every literal at every position of a block, once', () => {
    for (const prefilter of Object.values(both)) {
      for (const literal of LITERALS) {
        for (let shift = 0; shift < 66; shift += 13) {
          const finds = findsOf(prefilter, Buffer.from(`\n${' '.repeat(70)}${literal} and more`), shift);
          expect(finds.length, literal).toBeGreaterThanOrEqual(2);
          expect(finds[0]?.[1]).toBe(1);
        }
      }
    }
  });

  test('both find the same in the published log, and count the same lines', () => {
    const text = Buffer.from(SEED_LOG);
    for (const cut of [text.length, 4000, 1003, 65, 64, 63, 16, 15, 1, 0])
      expect(findsOf(both.fast, text, 3, cut)).toEqual(findsOf(both.plain, text, 3, cut));
    const total = findsOf(both.fast, text).reduce((sum, [, lines]) => sum + lines, 0);
    expect(total).toBeGreaterThanOrEqual(34);
  });

  test('both find the same in anything', () => {
    const windows = PREFILTER_BUCKETS.flat().map(windowOf);
    const piece = fc.oneof(
      fc.constantFrom(...windows, ...LITERALS, '\n', '\0', '\r\n'),
      fc.string({ maxLength: 20 }),
      fc.constantFrom(...windows).chain((window) => fc.integer({ min: 1, max: 7 }).map((length) => window.slice(0, length))),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.nat(70), (pieces, shift) => {
        const text = Buffer.from(pieces.join('')).subarray(0, 16_000);
        expect(findsOf(both.fast, text, shift)).toEqual(findsOf(both.plain, text, shift));
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('counts line ends in any stretch', () => {
    const text = Buffer.from(healthyLog(3_000));
    for (const prefilter of Object.values(both)) {
      prefilter.memory.set(text, START);
      for (const [from, to] of [
        [0, text.length],
        [1, 17],
        [5, 5],
        [100, 163],
        [0, 15],
      ] as const)
        expect(prefilter.countLines(START + from, START + to)).toBe(text.subarray(from, to).filter((byte) => byte === 10).length);
    }
  });

  test('few places of a healthy log are looked at', () => {
    expect(findsOf(both.fast, Buffer.from(healthyLog(50_000)))).toHaveLength(1);
  });
});

test('the same records come out, whichever prefilter finds them', () => {
  const text = `${healthyLog(1_500_000)}${SEED_LOG}${healthyLog(1_500_000)}${SEED_LOG}`;
  const plain = recordsIn(text, plainPrefilter(SCANNER_BYTES));
  const quick = recordsIn(text, openPrefilter(SCANNER_BYTES));
  expect(quick).toEqual(plain);
  expect(quick.length).toBeGreaterThan(20);
});
