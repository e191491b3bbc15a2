import { describe, expect, test } from 'vitest';
import { CATALOGUE, matchSignature } from '../../src/diagnose/catalogue.js';
import { REMOVAL_WITHOUT_ERROR } from '../../src/diagnose/catalogue-removal.js';
import { matchRecord } from '../../src/diagnose/match-record.js';
import { plainPrefilter } from '../../src/diagnose/prefilter.js';
import type { LogRecord } from '../../src/diagnose/record.js';
import { SCANNER_BYTES } from '../../src/diagnose/scan-log.js';
import { diagnoseText, recordsIn } from '../support/diagnose.js';

const read = new Map<string, LogRecord | undefined>();
const prefilter = plainPrefilter(SCANNER_BYTES);
const sampleRecord = (sample: string) => {
  if (!read.has(sample)) read.set(sample, recordsIn(`${sample}\n`, prefilter)[0]);
  const record = read.get(sample);
  if (record === undefined) throw new Error(`the prefilter finds nothing in: ${sample}`);
  return record;
};

describe('every entry of the catalogue', () => {
  test.each(CATALOGUE.map((one) => [one.id, one] as const))('%s fires on its own sample', (_id, signature) => {
    expect(recordsIn(`${signature.sample}\n`, prefilter)).toHaveLength(1);
    expect(matchRecord(sampleRecord(signature.sample))?.signature.id).toBe(signature.id);
    expect(matchSignature(signature, sampleRecord(signature.sample))).toBeDefined();
  });

  test.each(CATALOGUE.map((one) => [one.id, one] as const))('%s fires on no other sample', (_id, signature) => {
    const others = CATALOGUE.filter(({ id }) => id !== signature.id);
    const fired = others.filter(({ sample }) => matchRecord(sampleRecord(sample))?.signature.id === signature.id);
    expect(fired.map(({ id }) => id)).toEqual([]);
    // What the head alone says is told apart by the pattern itself, not by the order of the list.
    const onHead = others.filter(({ sample }) => matchSignature(signature, { ...sampleRecord(sample), more: [] }) !== undefined);
    expect(onHead.map(({ id }) => id)).toEqual([]);
  });

  test.each(CATALOGUE.map((one) => [one.id, one] as const))(
    '%s has literals that its sample holds',
    (_id, { literals, sample }) => {
      expect(literals.some((literal) => sample.includes(literal))).toBe(true);
      for (const literal of literals) expect(literal).toMatch(/^[\x20-\x7e]{8,}$/);
    },
  );

  test('has a meaning, a source and an id of its own', () => {
    expect(new Set(CATALOGUE.map(({ id }) => id)).size).toBe(CATALOGUE.length);
    for (const { meaning, source } of CATALOGUE) {
      expect(meaning.length).toBeGreaterThan(15);
      expect(source.length).toBeGreaterThan(5);
    }
  });

  test('the list runs from C1 to C49', () => {
    const ids = [...CATALOGUE.map(({ id }) => id), REMOVAL_WITHOUT_ERROR.id];
    expect(Array.from({ length: 49 }, (_, index) => `C${index + 1}`).filter((id) => !ids.includes(id))).toEqual([]);
  });
});

test('C16, a removal without an error, is concluded from its sample', () => {
  const { sources, verdicts } = diagnoseText(REMOVAL_WITHOUT_ERROR.sample);
  expect(sources[0]?.removals).toMatchObject([{ outcome: 'no-error', task: 'SmsTask-22', markedComplete: true }]);
  expect(verdicts).toEqual([]);
});

test('patterns do not run away on hostile lines', () => {
  const hostile = [
    'Certificate [Subject: '.repeat(180),
    'at '.repeat(1300),
    `${'a.'.repeat(1900)}b`,
    '===> Issuing '.repeat(300),
  ];
  const started = performance.now();
  for (const text of hostile)
    for (const signature of CATALOGUE)
      matchSignature(signature, { message: text, text, more: [text, text], line: 1, cut: false });
  expect(performance.now() - started).toBeLessThan(2_000);
});
