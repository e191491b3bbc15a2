import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { markdownText, visibleJson, visibleText } from '../../src/report/visible-text.js';
import { DANGEROUS } from './dangerous.js';

const anyText = fc.string({ unit: 'binary', maxLength: 400 });
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\u001b[31m',
        '\u001b]0;title\u0007',
        '\u009b2J',
        '\r\nerror  vmca-clash',
        '\u202e',
        '\u2066',
        '\u200b',
        '\ufeff',
        '\u{e0041}',
        '\ud800',
        '\u2028',
      ),
      anyText,
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('visibleText', () => {
  test.each([
    ['a colour', '\u001b[31mred', '\\u{1b}[31mred'],
    ['a title of the terminal in C1', '\u009d0;x\u009c', '\\u{9d}0;x\\u{9c}'],
    ['a line end that would begin a line of ours', 'x\nerror  y', 'x\\u{a}error  y'],
    ['text that reads backwards', 'a\u202eb', 'a\\u{202e}b'],
    ['a zero-width space', 'a\u200bb', 'a\\u{200b}b'],
    ['half a character', 'a\ud800b', 'a\\u{d800}b'],
    ['tags', '\u{e0041}', '\\u{e0041}'],
    ['letters of any script stay as they are', 'Żółć 日本 ع 🙂', 'Żółć 日本 ع 🙂'],
  ])('%s', (_name, text, shown) => expect(visibleText(text)).toBe(shown));

  test('shows nothing dangerous, whatever comes', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(visibleText(text)).not.toMatch(DANGEROUS);
        expect(visibleText(text)).not.toContain('\n');
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('is bounded, says how long the text was, and does not split a character', () => {
    expect(visibleText('🙂'.repeat(1000), 10)).toBe(`${'🙂'.repeat(10)}… (2000 characters)`);
    expect(visibleText('a'.repeat(10), 10)).toBe('a'.repeat(10));
    expect(visibleText('a'.repeat(5_000_000)).length).toBeLessThan(700);
  });
});

describe('markdownText', () => {
  test.each([
    ['HTML', '<img src=x onerror=alert(1)>', '&#60;img src=x onerror=alert(1)&#62;'],
    ['a link', '[click](https://evil.example)', '\\[click\\](https&#58;//evil.example)'],
    [
      'an address that would become a link',
      'http://evil.example www.evil.example a@b.example',
      'http&#58;//evil.example www&#46;evil.example a&#64;b.example',
    ],
    ['a column', 'a|b', 'a\\|b'],
    ['code', '`x`', '\\`x\\`'],
    ['a heading', '# x', '\\# x'],
    ['a list', '- x', '\\- x'],
    ['a numbered list', '1. x', '1\\. x'],
    ['a version is no list', '6.5.0', '6.5.0'],
    ['an entity', '&lt;', '&#38;lt;'],
    ['a formula', '$x$', '\\$x\\$'],
  ])('%s is text', (_name, text, shown) => expect(markdownText(text)).toBe(shown));

  test('leaves no tag, no line end and no bare column, whatever comes', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = markdownText(text);
        expect(shown).not.toMatch(DANGEROUS);
        expect(shown).not.toContain('\n');
        expect(shown).not.toMatch(/[<>"']|:\/\//);
        expect(shown).not.toMatch(/(?<!\\)(?:\\\\)*\|/);
      }),
      { seed: 2, numRuns: 2000 },
    );
  });
});

describe('visibleJson', () => {
  test('escapes what a terminal would obey and parses back to the same', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = visibleJson({ text, [text]: [text] });
        expect(shown.replaceAll('\n', '')).not.toMatch(DANGEROUS);
        expect(JSON.parse(shown)).toEqual({ text, [text]: [text] });
      }),
      { seed: 3, numRuns: 2000 },
    );
  });
});
