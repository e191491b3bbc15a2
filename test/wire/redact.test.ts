import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainText, redact } from '../../src/wire/redact.js';
import { escapeXml } from '../../src/wire/xml.js';

test('a secret is taken out in every form it may come back in', () => {
  const secret = 'p&ss "<wörd>"';
  for (const form of [
    secret,
    escapeXml(secret).replaceAll('&quot;', '"'),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
  ]) {
    expect(redact(`before ${form} after ${form}`, [secret]), form).toBe('before [secret] after [secret]');
  }
});

test('a very short secret does not blacken every sentence', () => {
  expect(redact('a sentence', ['e', ''])).toBe('a sentence');
});

test('plain text is one bounded line without anything that a terminal obeys or an eye cannot see', () => {
  expect(plainText(' one\r\n\ttwo\u001b]0;x\u0007\u202e ')).toBe('one two\\u{1b}]0;x\\u{7}\\u{202e}');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 800 }), (text) => {
      const plain = plainText(text, 100);
      expect(plain).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/u);
      expect(plain.length).toBeLessThan(100 * 10 + 40);
    }),
    { seed: 11, numRuns: 500 },
  );
});
