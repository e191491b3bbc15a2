import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editRetryAttempt } from '../../src/plan/sms-config-edit.js';
import { missingSystemParts } from '../support/system.js';

/** Debian's interpreter with its lxml: the library that xmllint is made of, and many files in one process. */
const PYTHON = '/usr/bin/python3';
const READ = `
import base64, json, sys
from lxml import etree
def read(text):
    try:
        return etree.fromstring(base64.b64decode(text)).xpath('string(//qsConnection/retryAttempt)').strip()
    except etree.XMLSyntaxError:
        return None
print(json.dumps([read(one) for one in json.load(sys.stdin)]))
`;

const CONFIG = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made up around the published part, so that it is long enough to be taken for a file of settings -->
<smsConfig>
  <!-- <qsConnection><retryAttempt>99999</retryAttempt></qsConnection> -->
  <qsConnection><retryAttempt unit="99999">99999</retryAttempt>
    <retryInterval>30</retryInterval></qsConnection>
  <eventPolling><retryAttempt>99999</retryAttempt></eventPolling>
</smsConfig>`;

/** What libxml2 reads as the number in each file; null: not well-formed. */
function readWithLibxml(files: readonly Uint8Array[]): (string | null)[] {
  const input = JSON.stringify(files.map((file) => Buffer.from(file).toString('base64')));
  const ran = spawnSync(PYTHON, ['-c', READ], { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout);
}

describe.skipIf(missingSystemParts(PYTHON, '/usr/lib/python3/dist-packages/lxml/__init__.py', 'sed'))(
  'sms-config.xml, against Debian',
  () => {
    test('what the edit accepts is well-formed for libxml2, before and after, and says what it should', () => {
      const pieces = [
        '',
        '<',
        '>',
        '&',
        '/',
        '-->',
        '"',
        ' ',
        '<a/>',
        '\r\n',
        ']]>',
        '<![CDATA[',
        '\u0001',
        '\ufeff',
        '&#52;',
        '--',
        '<?x?>',
        ' x="1"',
        ':',
      ];
      const spoilt = fc.tuple(fc.nat(CONFIG.length - 1), fc.constantFrom(...pieces), fc.boolean());
      const files = fc
        .sample(spoilt, { seed: 11, numRuns: 4_000 })
        .map(([at, piece, cut]) => Buffer.from(CONFIG.slice(0, at) + piece + CONFIG.slice(cut ? at + 1 : at)));
      const accepted = files.flatMap((file) => {
        const edit = editRetryAttempt(file, 4);
        return edit.ok ? [{ file, edit: edit.value }] : [];
      });
      expect(accepted.length).toBeGreaterThan(500);
      const said = readWithLibxml(accepted.flatMap(({ file, edit }) => [file, edit.bytes]));
      const wrong = accepted.flatMap(({ file }, index) =>
        said[2 * index] === null || said[2 * index + 1] !== '4'
          ? [{ file: file.toString(), said: said.slice(2 * index, 2 * index + 2) }]
          : [],
      );
      expect(wrong).toEqual([]);
    });

    for (const [name, text] of [
      ['as it is', CONFIG],
      ['with CRLF', CONFIG.replaceAll('\n', '\r\n')],
      ['with an end of line', `${CONFIG}\n`],
    ] as const)
      test(`sed with line and occurrence makes the very same bytes: ${name}`, () => {
        const file = Buffer.from(text);
        const edit = editRetryAttempt(file, 4);
        if (!edit.ok) throw new Error(edit.error);
        const { line, column, lineBefore } = edit.value;
        const nth = lineBefore.slice(0, column).split('99999').length;
        expect(nth).toBe(2);
        const sed = spawnSync('sed', [`${line}s/99999/4/${nth}`], { input: file });
        expect(Buffer.compare(sed.stdout, Buffer.from(edit.value.bytes))).toBe(0);
      });
  },
);
