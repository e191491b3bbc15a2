import { describe, expect, test } from 'vitest';
import { diagnoseLogs, diagnoseText, healthyLog, SEED, SEED_LOG } from '../support/diagnose.js';

const VERDICT = {
  code: 'STALE_VP_NPE',
  severity: 'error',
  provider: { uid: SEED.uid },
  array: SEED.array,
  backup: { uid: SEED.backup },
  task: SEED.task,
  since: SEED.since,
  last: SEED.last,
  count: 1,
  serverGuid: '126f5b2d-ae91-4173-bdb6-1fbefcc7e6e2',
} as const;
const healthy = healthyLog(3_000_000);
const lines = SEED_LOG.trimEnd().split('\n');
const OTHER =
  '2018-08-02T13:50:47.968Z [pool-14-thread-9] ERROR opId= com.vmware.vim.sms.provider.ProviderFactory - unrelated trouble';

describe('the published log of a failed removal', () => {
  const rows: { name: string; text: string | Uint8Array; expected?: object }[] = [
    { name: 'as it stands', text: SEED_LOG },
    { name: 'from within a large log', text: healthy + SEED_LOG + healthy },
    { name: 'with CRLF', text: SEED_LOG.replaceAll('\n', '\r\n') },
    { name: 'cut off in the middle of the stack', text: lines.slice(0, 18).join('\n'), expected: { since: SEED.since } },
    {
      name: 'cut off within a frame',
      text: SEED_LOG.slice(0, SEED_LOG.indexOf('VasaProviderImpl.java')),
      expected: { since: SEED.since },
    },
    {
      name: 'cut off right below the exception',
      text: lines.slice(0, 14).join('\n'),
      expected: { since: SEED.since, why: 'stack-missing' },
    },
    {
      name: 'with records of other threads in between',
      text: lines.flatMap((line) => (/^2018/.test(line) ? [OTHER, line] : [line])).join('\n'),
    },
    {
      name: 'with a record of another thread between the exception and its stack',
      text: lines.flatMap((line) => (line.includes('NullPointerException') ? [line, OTHER] : [line])).join('\n'),
    },
    { name: 'with other line numbers in the stack', text: SEED_LOG.replace(/\.java:\d+\)/g, '.java:4711) ~[sms-1.0.jar:?]') },
    { name: 'with a byte order mark and NULs in front', text: `\0\0\0\0${SEED_LOG}` },
    {
      name: 'with bytes that are no UTF-8 around it',
      text: Buffer.concat([Buffer.from([0xff, 0xfe, 0xc0, 10]), Buffer.from(SEED_LOG), Buffer.from([0x80, 0x81, 10])]),
    },
    { name: 'where opIds are left out', text: SEED_LOG.replaceAll(/ opId=\S*/g, ''), expected: {} },
  ];
  test.each(rows.map((row) => [row.name, row] as const))('%s', (_name, { text, expected }) => {
    const { verdicts } = diagnoseText(text);
    expect(verdicts).toHaveLength(1);
    const { since: _since, last: _last, ...told } = VERDICT;
    expect(verdicts[0]).toMatchObject(expected === undefined ? VERDICT : { ...told, ...expected });
    const proof = verdicts[0]?.proof ?? [];
    expect(proof.some(({ signature }) => signature === 'C14')).toBe(true);
  });

  test('the proving lines carry the numbers they have in the file', () => {
    const before = healthy.split('\n').length - 1;
    const [verdict] = diagnoseText(healthy + SEED_LOG).verdicts;
    for (const { line, text } of verdict?.proof ?? []) expect(text).toBe(lines[line - before - 1]?.slice(0, 400));
    expect(verdict?.proof).toHaveLength(12);
  });

  test('across a rotation, whatever the order of the files', () => {
    for (const cut of [2, 8, 14, 15, 20, 33]) {
      const older = { name: 'sps.log.1', age: 1, text: `${lines.slice(0, cut).join('\n')}\n` };
      const newer = { name: 'sps.log', age: 0, text: `${lines.slice(cut).join('\n')}\n` };
      for (const logs of [
        [older, newer],
        [newer, older],
      ]) {
        const { verdicts } = diagnoseLogs(logs);
        expect(verdicts, `cut at ${cut}`).toHaveLength(1);
        expect(verdicts[0]).toMatchObject({ code: 'STALE_VP_NPE', provider: { uid: SEED.uid }, task: SEED.task });
      }
    }
  });

  test('a log that begins in the middle of the stack still tells what happened, not to whom', () => {
    const { verdicts } = diagnoseText(lines.slice(14).join('\n'));
    expect(verdicts).toMatchObject([{ code: 'STALE_VP_NPE', why: 'headless', task: SEED.task }]);
    expect(verdicts[0]?.provider).toBeUndefined();
  });

  test('two attempts are one verdict with both times', () => {
    const later = SEED_LOG.replaceAll('2018-08-02', '2018-08-03').replaceAll('SmsTask-22', 'SmsTask-31');
    const { verdicts, sources } = diagnoseText(SEED_LOG + later);
    expect(verdicts).toMatchObject([
      { code: 'STALE_VP_NPE', count: 2, since: SEED.since, last: '2018-08-03T13:50:47.969Z', task: 'SmsTask-31' },
    ]);
    expect(sources[0]?.removals).toHaveLength(2);
  });

  test('a later removal without an error makes it a warning that asks for proof', () => {
    const removed = lines
      .filter((line) => /unregisterProvider\(\)|Updated progress|\[remove|markTask/.test(line))
      .join('\n')
      .replaceAll('2018-08-02', '2018-08-04');
    const { verdicts } = diagnoseText(`${SEED_LOG}${removed}\n`);
    expect(verdicts).toMatchObject([
      { code: 'STALE_VP_NPE', severity: 'warning', laterWithoutError: '2018-08-04T13:50:47.967Z' },
    ]);
  });

  test('the same log given twice is one removal', () => {
    const { verdicts } = diagnoseLogs([{ text: SEED_LOG }, { name: 'copy/sps.log', text: SEED_LOG }]);
    expect(verdicts).toMatchObject([{ count: 1 }]);
  });

  test('the time line of the provider is told in order, and the backup has one too', () => {
    const { timelines } = diagnoseText(SEED_LOG);
    expect(timelines.map(({ provider }) => provider.uid)).toEqual([SEED.uid, SEED.backup]);
    expect(timelines[0]?.events.map(({ line }) => line?.signature)).toEqual(['C1', 'C2', 'C8', 'C12', 'C14', 'C15']);
  });
});

test('healthy log gives no verdict', () => {
  const { verdicts, gaps } = diagnoseText(healthy);
  expect(verdicts).toEqual([]);
  expect(gaps).toEqual([]);
});
