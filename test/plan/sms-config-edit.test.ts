import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editRetryAttempt, type SmsConfigEdit } from '../../src/plan/sms-config-edit.js';

const CONNECTION = `    <!-- Retry configuration for QS connection -->
       <qsConnection>
          <!-- Retry attempt for QS connection. -->
          <retryAttempt>99999</retryAttempt>
          <!-- Retry interval (in seconds) for QS connection. -->
          <retryInterval>30</retryInterval>
      </qsConnection>
`;
const OTHER =
  '    <eventPolling>\n       <retryAttempt>99999</retryAttempt>\n       <retryInterval>10</retryInterval>\n    </eventPolling>\n';
const config = (inner: string, around: { head?: string; tail?: string } = {}) =>
  `${around.head ?? '<?xml version="1.0" encoding="UTF-8"?>\n'}<smsConfig>\n${inner}</smsConfig>${around.tail ?? '\n'}`;
const bytes = (text: string) => new TextEncoder().encode(text);

function edited(file: Uint8Array, value = 4, expected?: readonly number[]): SmsConfigEdit {
  const edit = editRetryAttempt(file, value, expected);
  if (!edit.ok) throw new Error(edit.error);
  return edit.value;
}

describe('the one number is changed and nothing else', () => {
  const cases: { name: string; text: string; line?: number; occurrence?: number }[] = [
    { name: 'the published fragment', text: config(CONNECTION), line: 6 },
    { name: 'CRLF line ends', text: config(CONNECTION).replaceAll('\n', '\r\n'), line: 6 },
    { name: 'tabs', text: config(CONNECTION.replaceAll('   ', '\t')) },
    { name: 'no newline at the end', text: config(CONNECTION, { tail: '' }) },
    { name: 'a byte order mark', text: `\ufeff${config(CONNECTION)}` },
    { name: 'another retryAttempt before it', text: config(OTHER + CONNECTION), line: 10 },
    { name: 'another retryAttempt after it', text: config(CONNECTION + OTHER) },
    {
      name: 'a commented-out qsConnection before it',
      text: config(`<!--\n${CONNECTION.replaceAll(/<!--|-->/g, '')}-->\n${CONNECTION}`),
    },
    {
      name: 'a qsConnection in CDATA before it',
      text: config(`<note><![CDATA[<qsConnection><retryAttempt>99999</retryAttempt>]]></note>\n${CONNECTION}`),
    },
    {
      name: 'attributes',
      text: config(CONNECTION.replace('<retryAttempt>', '<retryAttempt unit="99999" x=\'>\'>')),
      occurrence: 2,
    },
    { name: 'white space around the number', text: config(CONNECTION.replace('>99999<', '>\n  99999\t<')), line: 7 },
    {
      name: 'everything on one line',
      text: config((OTHER + CONNECTION).replaceAll('\n', ' '), { head: '' }).replaceAll('\n', ' '),
      line: 1,
      occurrence: 2,
    },
    { name: 'characters of several bytes before it', text: config(`<!-- für Jürgen 𝄞 -->\n${CONNECTION}`) },
    { name: 'a namespace prefix', text: config(`<x:a xmlns:x="urn:x"/>\n${CONNECTION}`) },
  ];
  for (const { name, text, line, occurrence } of cases)
    test(name, () => {
      const file = bytes(text);
      const edit = edited(file);
      const [before, after] = [Buffer.from(file).toString('latin1'), Buffer.from(edit.bytes).toString('latin1')];
      let start = 0;
      while (before[start] === after[start]) start += 1;
      expect(before.slice(start, start + 5)).toBe('99999');
      expect(after).toBe(`${before.slice(0, start)}4${before.slice(start + 5)}`);
      expect(before.slice(0, start)).toMatch(/<qsConnection>[\s\S]*<retryAttempt[^<]*>\s*$/);
      if (line !== undefined) expect(edit.line).toBe(line);
      expect(edit.lineBefore.slice(0, edit.column).split('99999').length).toBe(occurrence ?? 1);
      expect([...edited(edit.bytes, 99_999).bytes]).toEqual([...file]);
    });

  test('4 again where it says 4 already changes no byte', () => {
    const file = bytes(config(CONNECTION.replace('99999', '4')));
    expect([...edited(file).bytes]).toEqual([...file]);
  });
});

describe('refused, with the reason', () => {
  const cases: { name: string; file: Uint8Array; says: RegExp }[] = [
    {
      name: 'the marked fragment of the article',
      file: bytes(config(CONNECTION.replace('</retryAttempt>', '</retryAttempt> <--Here'))),
      says: /<--/,
    },
    { name: 'the mark inside CDATA', file: bytes(config(`<a><![CDATA[<--Here]]></a>${CONNECTION}`)), says: /<--/ },
    { name: 'a missing end tag', file: bytes(config(CONNECTION).replace('</qsConnection>', '')), says: /not well-formed/ },
    { name: 'two roots', file: bytes(`${config(CONNECTION)}<more/>`), says: /not well-formed/ },
    { name: 'a DOCTYPE', file: bytes(config(CONNECTION, { head: '<!DOCTYPE smsConfig>\n' })), says: /DOCTYPE/ },
    { name: 'no qsConnection', file: bytes(config(OTHER + OTHER + OTHER)), says: /no qsConnection/ },
    { name: 'two qsConnections', file: bytes(config(CONNECTION + CONNECTION)), says: /2 qsConnection/ },
    {
      name: 'two retryAttempts in it',
      file: bytes(config(CONNECTION.replace('</qsC', '<retryAttempt>4</retryAttempt></qsC'))),
      says: /2 retryAttempt/,
    },
    {
      name: 'one more deeper down',
      file: bytes(config(CONNECTION.replace('</qsC', '<a><retryAttempt>4</retryAttempt></a></qsC'))),
      says: /deeper/,
    },
    {
      name: 'no retryInterval',
      file: bytes(config(CONNECTION.replaceAll('retryInterval', 'retryPause'))),
      says: /no retryInterval/,
    },
    {
      name: 'an empty element',
      file: bytes(config(CONNECTION.replace('<retryAttempt>99999</retryAttempt>', '<retryAttempt/>'))),
      says: /empty/,
    },
    {
      name: 'a comment in the value',
      file: bytes(config(CONNECTION.replace('99999', '9<!-- x -->9999'))),
      says: /more than a number/,
    },
    {
      name: 'an element in the value',
      file: bytes(config(CONNECTION.replace('99999', '<b>99999</b>'))),
      says: /more than a number/,
    },
    {
      name: 'a character reference in the value',
      file: bytes(config(CONNECTION.replace('99999', '9999&#57;'))),
      says: /whole number/,
    },
    { name: 'words', file: bytes(config(CONNECTION.replace('99999', 'for ever'))), says: /whole number/ },
    { name: 'a negative number', file: bytes(config(CONNECTION.replace('99999', '-1'))), says: /whole number/ },
    { name: 'another number', file: bytes(config(CONNECTION.replace('99999', '10'))), says: /99999 or 4/ },
    { name: 'another encoding', file: bytes(config(CONNECTION).replace('UTF-8', 'ISO-8859-1')), says: /encoding/ },
    { name: 'bytes that are not UTF-8', file: Buffer.concat([bytes(config(CONNECTION)), Buffer.from([0xff])]), says: /UTF-8/ },
    {
      name: 'less than 200 bytes',
      file: bytes('<a><qsConnection><retryAttempt>99999</retryAttempt></qsConnection></a>'),
      says: /bytes/,
    },
    { name: 'more than 1 MiB', file: bytes(config(`<!-- ${'x'.repeat(1024 * 1024)} -->${CONNECTION}`)), says: /bytes/ },
    { name: 'nothing', file: new Uint8Array(), says: /0 bytes/ },
  ];
  for (const { name, file, says } of cases)
    test(name, () => {
      const edit = editRetryAttempt(file, 4);
      expect(edit.ok ? 'accepted' : edit.error).toMatch(says);
    });

  test('another number is taken where it is said to be expected', () => {
    expect(edited(bytes(config(CONNECTION.replace('99999', '10'))), 4, [99_999, 4, 10]).before).toBe('10');
  });
});

describe('whatever stands around it', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9 ._äß€𝄞-]{0,20}$/u).filter((text) => !text.includes('--'));
  const noise = fc.oneof(
    word.map((text) => `<!-- ${text.replace(/-$/, '')} -->`),
    word.map((text) => `<other a="${text}">${text}</other>`),
    fc.constantFrom(
      OTHER,
      '<a/>',
      '<![CDATA[<retryAttempt>99999</retryAttempt>]]>',
      '<!-- <qsConnection> -->',
      '\t',
      '\r\n',
      ' ',
    ),
  );
  const file = fc.record({
    before: fc.array(noise, { maxLength: 6 }),
    after: fc.array(noise, { maxLength: 6 }),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    mark: fc.constantFrom('', '\ufeff'),
    tail: fc.constantFrom('', '\n', '\r\n'),
    value: fc.constantFrom('99999', '4'),
  });
  const textOf = (one: { before: string[]; after: string[]; lineEnd: string; mark: string; tail: string; value: string }) =>
    one.mark +
    config(`${one.before.join('\n')}\n${CONNECTION.replace('99999', one.value)}${one.after.join('\n')}\n`, { tail: one.tail })
      .replaceAll('\r\n', '\n')
      .replaceAll('\n', one.lineEnd);

  test('exactly those digits change, and undo brings every byte back', () => {
    fc.assert(
      fc.property(file, fc.integer({ min: 0, max: 999_999_999 }), (one, value) => {
        const before = bytes(textOf(one));
        const edit = edited(before, value);
        const there = edit.bytes;
        const grown = String(value).length - one.value.length;
        expect(there.length).toBe(before.length + grown);
        const again = edited(there, Number(one.value), [value]);
        expect(Buffer.compare(Buffer.from(again.bytes), Buffer.from(before))).toBe(0);
        expect(again.shaAfter).toBe(edit.shaBefore);
        const lines = [before, there].map((bytesOf) => Buffer.from(bytesOf).toString('latin1').split('\n'));
        const differing = lines[0]?.flatMap((line, index) => (line === lines[1]?.[index] ? [] : [index + 1])) ?? [];
        expect(differing).toEqual(String(value) === one.value ? [] : [edit.line]);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test('no bytes at all make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 200, maxLength: 600 }), fc.nat(), (noise2, at) => {
        const whole = Buffer.from(config(CONNECTION));
        const spoilt = Buffer.concat([
          whole.subarray(0, at % whole.length),
          noise2.subarray(0, at % 9),
          whole.subarray((at + 1) % whole.length),
        ]);
        editRetryAttempt(spoilt, 4);
        editRetryAttempt(noise2, 4);
      }),
      { seed: 8, numRuns: 500 },
    );
  });
});
