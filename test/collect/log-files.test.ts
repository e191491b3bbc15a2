import { mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readLogs } from '../../src/collect/log-files.js';
import { diagnose } from '../../src/diagnose/diagnose.js';
import { healthyLog, SEED, SEED_LOG } from '../support/diagnose.js';
import { tarOf } from '../support/tar.js';
import { writeZip } from '../wire/zip.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vasatrust-logs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LOGS = 'vc/var/log/vmware/vmware-sps';
const lines = SEED_LOG.split('\n');
const older = `${healthyLog(200_000).replaceAll('2024-', '2017-')}${lines.slice(0, 8).join('\n')}\n`;
const newer = lines.slice(8).join('\n');

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function look(paths: readonly string[], stdin: Iterable<Uint8Array> = []) {
  const reading = await readLogs(paths, {
    cwd: folder,
    stdin: () => Readable.from(stdin),
    interrupted: new AbortController().signal,
  });
  return { ...reading, ...diagnose(reading.logs, reading.problems) };
}

const STALE = {
  code: 'STALE_VP_NPE',
  provider: { uid: SEED.uid },
  array: SEED.array,
  backup: { uid: SEED.backup },
  task: SEED.task,
};

describe('the published log is found', () => {
  const rows: { name: string; prepare: () => Promise<{ paths: string[]; stdin?: Uint8Array[] }> }[] = [
    { name: 'in a plain file of any name', prepare: async () => ({ paths: [await put('what-i-got.txt', SEED_LOG)] }) },
    {
      name: 'in the middle of a large log',
      prepare: async () => ({ paths: [await put('sps.log', healthyLog(6e6) + SEED_LOG + healthyLog(3e6))] }),
    },
    { name: 'in a .gz', prepare: async () => ({ paths: [await put('sps.log.1.gz', gzipSync(SEED_LOG))] }) },
    { name: 'in a .gz that is called something else', prepare: async () => ({ paths: [await put('log', gzipSync(SEED_LOG))] }) },
    {
      name: 'in a .gz of two members',
      prepare: async () => ({ paths: [await put('sps.log.gz', Buffer.concat([gzipSync(older), gzipSync(newer)]))] }),
    },
    {
      name: 'in a rotated set in a folder, the removal cut in two',
      prepare: async () => {
        await put(`${LOGS}/sps.log`, newer);
        await put(`${LOGS}/sps.log.1`, older);
        await put(`${LOGS}/sps-access.log`, 'GET /');
        return { paths: [join(folder, 'vc')] };
      },
    },
    {
      name: 'in a .tgz bundle, newest file first',
      prepare: async () => ({
        paths: [
          await put(
            'bundle.tgz',
            gzipSync(
              tarOf([
                { name: `${LOGS}/sps.log`, body: newer },
                { name: 'vc/etc/passwd', body: 'root:x:0:0' },
                { name: `${LOGS}/sps.log.1.gz`, body: gzipSync(older) },
              ]),
            ),
          ),
        ],
      }),
    },
    {
      name: 'in a .zip of .tgz bundles',
      prepare: async () => {
        const tgz = gzipSync(tarOf([{ name: `${LOGS}/sps.log`, body: older + newer }]));
        return {
          paths: [
            await put(
              'download.zip',
              writeZip([
                { name: 'vcsupport.tgz', data: tgz },
                { name: 'readme.txt', data: Buffer.from('x') },
              ]),
            ),
          ],
        };
      },
    },
    {
      name: 'in a bundle with long names, GNU and pax',
      prepare: async () => {
        const deep = `${'deep/'.repeat(30)}${LOGS}`;
        const record = ` path=${deep}/sps.log.1\n`;
        const pax = `${record.length + 3}${record}`;
        const tar = tarOf([
          { name: '././@LongLink', type: 'L', body: `${deep}/sps.log\0` },
          { name: 'cut', body: newer },
          { name: 'PaxHeaders/x', type: 'x', body: pax },
          { name: 'cut', body: older },
        ]);
        return { paths: [await put('bundle.tar', tar)] };
      },
    },
    { name: 'on stdin', prepare: async () => ({ paths: ['-'], stdin: [Buffer.from(older), Buffer.from(newer)] }) },
    {
      name: 'on stdin as .tgz, byte by byte',
      prepare: async () => {
        const tgz = gzipSync(tarOf([{ name: 'sps.log', body: SEED_LOG }]));
        return { paths: ['-'], stdin: Array.from(tgz, (byte) => Buffer.of(byte)) };
      },
    },
  ];
  test.each(rows.map((row) => [row.name, row] as const))('%s', async (_name, { prepare }) => {
    const { paths, stdin } = await prepare();
    const { verdicts, problems } = await look(paths, stdin);
    expect(problems).toEqual([]);
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toMatchObject(STALE);
  });

  test('with lines numbered as in the file, and the file named', async () => {
    const before = healthyLog(5e6);
    const path = await put('sps.log', before + SEED_LOG);
    const { verdicts } = await look([path]);
    const first = before.split('\n').length;
    const proof = verdicts[0]?.proof ?? [];
    expect(proof.map(({ line }) => line - first)).toEqual([0, 1, 2, 3, 4, 6, 7, 9, 11, 12, 13, 33]);
    expect(proof[0]?.file).toBe(path);
  });
});

describe('what cannot be read is said, and what was read before counts', () => {
  const rows: { name: string; file: string; content: () => Uint8Array | string; says: RegExp; found: boolean }[] = [
    {
      name: 'a .gz that was cut off',
      file: 'sps.log.gz',
      content: () => gzipSync(SEED_LOG + noise(200_000)).subarray(0, -3000),
      says: /ends too early/,
      found: true,
    },
    {
      name: 'a .gz that is damaged',
      file: 'sps.log.gz',
      content: () => spoil(gzipSync(SEED_LOG)),
      says: /damaged|too early/,
      found: false,
    },
    {
      name: 'a tar cut off in a member',
      file: 'a.tar',
      content: () => tarOf([{ name: 'sps.log', body: `${SEED_LOG}${healthyLog(9_000)}` }]).subarray(0, 8_000),
      says: /middle of a member/,
      found: true,
    },
    {
      name: 'a tar cut off in a header',
      file: 'a.tar',
      content: () => Buffer.concat([tarOf([{ name: 'sps.log', body: SEED_LOG }], false), Buffer.alloc(100, 1)]),
      says: /middle of a header/,
      found: true,
    },
    {
      name: 'a tar with a wrong sum',
      file: 'a.tar',
      content: () => Buffer.concat([tarOf([{ name: 'sps.log', body: SEED_LOG }], false), Buffer.alloc(512, 65)]),
      says: /sum over a header/,
      found: true,
    },
    {
      name: 'a member that claims to be endless',
      file: 'a.tar',
      content: () => tarOf([{ name: 'sps.log', body: SEED_LOG, size: 8 ** 11 - 1 }]),
      says: /middle of a member/,
      found: true,
    },
    {
      name: 'an archive without a log',
      file: 'a.tar',
      content: () => tarOf([{ name: 'etc/passwd', body: 'x' }]),
      says: /nothing in it/,
      found: false,
    },
    {
      name: 'a zip that is none',
      file: 'a.zip',
      content: () => Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(600, 7)]),
      says: /zip cannot be read/,
      found: false,
    },
    {
      name: 'xz',
      file: 'sps.log.xz',
      content: () => Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
      says: /packed with xz/,
      found: false,
    },
    { name: 'UTF-16', file: 'sps.log', content: () => Buffer.from(`\ufeff${SEED_LOG}`, 'utf16le'), says: /UTF-16/, found: false },
    {
      name: 'a bomb',
      file: 'sps.log.gz',
      content: () => gzipSync(Buffer.alloc(400 * 1024 * 1024)),
      says: /swells/,
      found: false,
    },
    {
      name: 'archives packed into each other',
      file: 'sps.log.gz',
      content: () => Array.from({ length: 9 }).reduce<Buffer>((inner) => gzipSync(inner), gzipSync(SEED_LOG)),
      says: /packed into each other/,
      found: false,
    },
  ];
  test.each(rows.map((row) => [row.name, row] as const))('%s', async (_name, { file, content, says, found }) => {
    const { verdicts, problems, gaps } = await look([await put(file, content())]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.summary).toMatch(says);
    expect(problems[0]?.remedy.length).toBeGreaterThan(10);
    expect(gaps.length).toBeGreaterThan(0);
    expect(verdicts.some(({ code }) => code === 'STALE_VP_NPE')).toBe(found);
    expect(await readdir(folder)).toEqual([file]);
  });

  test('a file that is not there, and one log does not stop the others', async () => {
    const { verdicts, problems } = await look([join(folder, 'nothing'), await put('sps.log', SEED_LOG)]);
    expect(problems).toMatchObject([{ code: 'file-unreadable' }]);
    expect(verdicts).toMatchObject([STALE]);
  });
});

describe('names that lead elsewhere lead nowhere', () => {
  test('in a tar: traversal is a label, links are not followed', async () => {
    const tar = tarOf([
      { name: '../../../etc/cron.d/sps.log', body: SEED_LOG },
      { name: 'var/log/sps.log', type: '2', link: '/etc/shadow' },
      { name: 'var/log/vvold.log', type: '1', link: 'var/log/sps.log' },
    ]);
    const { verdicts, problems, logs } = await look([await put('a.tar', tar)]);
    expect(verdicts).toMatchObject([STALE]);
    expect(logs).toHaveLength(1);
    expect(problems.map(({ summary }) => summary)).toEqual([
      expect.stringContaining('is a link, which is not followed'),
      expect.stringContaining('is a link, which is not followed'),
    ]);
    expect(await readdir(folder)).toEqual(['a.tar']);
  });

  test('in a zip', async () => {
    const { verdicts } = await look([await put('a.zip', writeZip([{ name: '../../sps.log', data: Buffer.from(SEED_LOG) }]))]);
    expect(verdicts).toMatchObject([STALE]);
    expect(await readdir(folder)).toEqual(['a.zip']);
  });

  test('in a folder', async () => {
    const outside = await put('outside/sps.log', SEED_LOG);
    await mkdir(join(folder, 'in'));
    await symlink(outside, join(folder, 'in/sps.log'));
    await symlink(join(folder, 'outside'), join(folder, 'in/more'));
    const { logs, problems } = await look([join(folder, 'in')]);
    expect(logs).toEqual([]);
    expect(problems).toMatchObject([{ summary: expect.stringContaining('nothing in it is named') }]);
  });
});

describe('memory stays small', () => {
  const peak = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.memoryUsage().rss;
    let most = before;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 5);
    await work();
    clearInterval(timer);
    return (Math.max(most, process.memoryUsage().rss) - before) / 1024 / 1024;
  };

  test('a line of a hundred megabytes, full of finds', async () => {
    const path = await put('sps.log', '');
    const piece = Buffer.from(
      `${'x'.repeat(900)}[markTaskCompleted] Marked SmsTask-1 as complete unregisterProvider() called ] ERROR `.repeat(1_000),
    );
    await writeFile(
      path,
      Buffer.concat([Buffer.from(SEED_LOG), ...Array.from({ length: 100 }, () => piece), Buffer.from(`\n${SEED_LOG}`)]),
    );
    let verdicts: unknown;
    const used = await peak(async () => {
      ({ verdicts } = await look([path]));
    });
    expect(verdicts).toMatchObject([STALE]);
    expect(used).toBeLessThan(100);
  });

  test('256 MB of healthy log give no verdict', async () => {
    const path = await put('sps.log', '');
    const healthy = Buffer.from(healthyLog(8e6));
    for (let written = 0; written < 256e6; written += healthy.length) await writeFile(path, healthy, { flag: 'a' });
    let result: Awaited<ReturnType<typeof look>> | undefined;
    const used = await peak(async () => {
      result = await look([path]);
    });
    expect(result?.verdicts).toEqual([]);
    expect(result?.gaps).toEqual([]);
    expect(result?.logs[0]?.extent.bytes).toBeGreaterThan(256e6);
    expect(used).toBeLessThan(60);
  });

  test('a sparse file of zeros', async () => {
    const path = await put('sps.log', SEED_LOG);
    await truncate(path, 300e6);
    expect((await look([path])).verdicts).toMatchObject([STALE]);
  });

  test('a flood of failed removals of a thousand providers', async () => {
    const flood = Array.from({ length: 4_000 }, (_, n) =>
      SEED_LOG.replaceAll(SEED.uid, `uid-${n % 1_000}`).replaceAll('SmsTask-22', `SmsTask-${n}`),
    ).join('');
    let verdicts: readonly unknown[] = [];
    const used = await peak(async () => {
      ({ verdicts } = await look([await put('sps.log', flood)]));
    });
    expect(verdicts.length).toBeGreaterThan(100);
    expect(used).toBeLessThan(200);
  });
});

/** Bytes that do not shrink. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return String.fromCharCode(33 + ((state >> 16) % 90));
  }).join('');
}

function spoil(bytes: Buffer): Buffer {
  const spoilt = Buffer.from(bytes);
  spoilt.fill(0xff, 40, 60);
  return spoilt;
}
