import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { healthyLog, SEED, SEED_LOG } from '../support/diagnose.js';
import { tarOf } from '../support/tar.js';
import { commandPath, runCommand } from './run-command.js';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vasatrust-diagnose-'));
  await writeFile(at('sps.log'), SEED_LOG);
  await writeFile(at('healthy.log'), healthyLog(50_000));
  await writeFile(at('cut.log.gz'), gzipSync(healthyLog(50_000)).subarray(0, 2_000));
  await writeFile(at('bundle.tgz'), gzipSync(tarOf([{ name: 'vc/var/log/vmware/vmware-sps/sps.log', body: SEED_LOG }])));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('vasatrust diagnose', () => {
  test.each([
    ['a removal that failed', ['sps.log'], 1],
    ['a bundle', ['bundle.tgz'], 1],
    ['a healthy log', ['healthy.log'], 0],
    ['a log that is cut off', ['cut.log.gz'], 3],
    ['a verdict and a gap', ['cut.log.gz', 'sps.log'], 1],
    ['a file that is not there', ['nothing.log'], 3],
    ['no file', [], 2],
    ['evidence that is none', ['--evidence', 'sps.log'], 2],
  ] as const)('of %s', async (_name, args, code) => {
    const ran = await runCommand(['diagnose', ...args], { cwd: folder });
    expect(ran.code, ran.stderr).toBe(code);
    if (code === 2) expect(ran.stderr).toMatch(/^error {2}/);
    else expect(ran.stdout).toMatch(/verdict/);
  });

  test('prints the verdict for a person, with proof and what to do', async () => {
    const { stdout, stderr } = await runCommand(['diagnose', 'sps.log'], { cwd: folder });
    await expect(stdout).toMatchFileSnapshot(join(import.meta.dirname, '../golden/cli/diagnose.table'));
    expect(stderr).toBe('');
  });

  test('prints one JSON document', async () => {
    const { stdout } = await runCommand(['diagnose', 'bundle.tgz', '-o', 'json'], { cwd: folder });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      formatVersion: 1,
      verdicts: [
        {
          code: 'STALE_VP_NPE',
          severity: 'error',
          provider: { uid: SEED.uid, url: null, name: null },
          array: SEED.array,
          backupProvider: { uid: SEED.backup },
          task: SEED.task,
          since: SEED.since,
        },
      ],
      removals: [{ outcome: 'null-pointer', markedComplete: true }],
      gaps: [],
    });
    expect(report.verdicts[0].proof[0]).toEqual({
      file: 'bundle.tgz:vc/var/log/vmware/vmware-sps/sps.log',
      line: 1,
      at: SEED.since,
      text: SEED_LOG.split('\n')[0],
      signature: 'C1',
    });
  });

  test('prints Markdown', async () => {
    const { stdout } = await runCommand(['diagnose', 'sps.log', '-o', 'md'], { cwd: folder });
    expect(stdout).toMatch(/^# What sps\.log says\n/);
    expect(stdout).toContain('### error: STALE_VP_NPE');
  });

  test('reads stdin', async () => {
    const child = spawn(process.execPath, [commandPath, 'diagnose', '-'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stdin.end(gzipSync(SEED_LOG));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(1);
    expect(stdout).toContain('stdin:14');
  });

  test.each(['table', 'md', 'json'])('lets nothing of a hostile log through to the terminal: %s', async (format) => {
    const hostile = SEED_LOG.replaceAll(SEED.uid, '\u001b]0;owned\u0007\u001b[2J\u202euid').replace(
      'unregisterProvider()',
      'unregisterProvider()',
    );
    await writeFile(at('hostile.log'), `${hostile}\u001b[31m\u009b\u2028 ] ERROR opId= \u0000\n`);
    const { stdout } = await runCommand(['diagnose', 'hostile.log', '-o', format], { cwd: folder });
    expect(stdout).toContain('STALE_VP_NPE');
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/);
  });

  test('writes nothing', async () => {
    const before = await readdir(folder);
    await runCommand(['diagnose', '.'], { cwd: folder });
    expect(await readdir(folder)).toEqual(before);
  });
});
