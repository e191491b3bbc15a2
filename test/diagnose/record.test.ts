import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isContinuation, parseHead } from '../../src/diagnose/record.js';

describe('the head of a record', () => {
  test.each([
    [
      'of sps.log',
      '2018-08-02T13:50:47.967Z [pool-14-thread-2] DEBUG opId= com.vmware.A - text - more',
      {
        at: '2018-08-02T13:50:47.967Z',
        thread: 'pool-14-thread-2',
        level: 'DEBUG',
        logger: 'com.vmware.A',
        message: 'text - more',
      },
    ],
    [
      'with an opId and a padded level',
      '2018-08-02T13:50:47.967Z [t] WARN  opId=sps-Main-1-2 com.vmware.A - text',
      {
        at: '2018-08-02T13:50:47.967Z',
        thread: 't',
        level: 'WARN',
        opId: 'sps-Main-1-2',
        logger: 'com.vmware.A',
        message: 'text',
      },
    ],
    [
      'without an opId, without milliseconds',
      '2018-08-02T13:50:47Z [t] INFO com.vmware.A - text',
      { at: '2018-08-02T13:50:47.000Z', thread: 't', level: 'INFO', logger: 'com.vmware.A', message: 'text' },
    ],
    [
      'with a time zone',
      '2018-08-02T13:50:47,967+0200 [t] INFO  opId= A - text',
      { at: '2018-08-02T11:50:47.967Z', thread: 't', level: 'INFO', logger: 'A', message: 'text' },
    ],
    [
      'of vvold before 8.0',
      '2024-05-01T10:00:00.000Z error vvold[2099041] [Originator@6876 sub=Default] text',
      { at: '2024-05-01T10:00:00.000Z', level: 'error', thread: 'vvold[2099041]', message: '[Originator@6876 sub=Default] text' },
    ],
    [
      'of vvold since 8.0',
      '2024-05-01T10:00:00.000Z Er(163) VVold[2255518]: text',
      { at: '2024-05-01T10:00:00.000Z', level: 'Er(163)', thread: 'VVold[2255518]', message: 'text' },
    ],
    ['of anything with a time', '2024-05-01 10:00:00 something', { at: '2024-05-01T10:00:00.000Z', message: 'something' }],
    [
      'whose time is none',
      '2024-99-99T99:99:99.000Z [t] INFO  opId= A - text',
      { thread: 't', level: 'INFO', logger: 'A', message: 'text' },
    ],
  ])('%s', (_name, line, head) => expect(parseHead(line)).toEqual(head));

  test.each(['', 'text', '        at a.b.C.d(C.java:1)', 'Caused by: a.b.C', '20a8-08-02T13:50:47.967Z x'])(
    'is not in %j',
    (line) => expect(parseHead(line)).toBeUndefined(),
  );

  test('is read the same by both ways', () => {
    const word = fc.stringMatching(/^[\w[\]=.-]{0,6}$/);
    const space = fc.constantFrom(' ', '  ', '', ' - ');
    const level = fc.constantFrom('DEBUG', 'ERROR', 'WARN', 'info');
    fc.assert(
      fc.property(word, space, level, space, word, space, word, space, word, (thread, a, lvl, b, opId, c, logger, d, text) => {
        const rest = `[${thread}]${a}${lvl}${b}opId=${opId}${c}${logger}${d}${text}`;
        // Only the usual form of the time takes the quick way.
        expect(parseHead(`2018-08-02T13:50:47.967Z ${rest}`)).toEqual(parseHead(`2018-08-02T13:50:47.9670Z ${rest}`));
      }),
      { seed: 6, numRuns: 3_000 },
    );
  });
});

test.each([
  ['        at a.b.C.d(C.java:1)', true],
  ['\t... 20 more', true],
  ['Caused by: x', true],
  ['java.lang.NullPointerException', true],
  ['com.vmware.vim.binding.sms.fault.CertificateNotTrusted: null', true],
  ['2018-08-02T13:50:47.967Z x', false],
  ['Error: something', false],
  ['E0501 10:00:00 failed', false],
])('%j belongs to the record above it: %s', (line, belongs) => expect(isContinuation(line)).toBe(belongs));
