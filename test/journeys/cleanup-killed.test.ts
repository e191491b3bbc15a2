import { spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LabOptions } from '../../src/lab/start-lab.js';
import { bundleModule } from '../support/bundle-module.js';
import { ALL, CleanupStage, CT0, CT1 } from '../support/cleanup-stage.js';

/** A journal that a process left behind must be enough for another one: here the process is a real one, and it is killed. */
let driver: Awaited<ReturnType<typeof bundleModule>>;
beforeAll(async () => {
  driver = await bundleModule('test/support/cli-driver.ts');
});
afterAll(() => driver.remove());

let stage: CleanupStage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(options: LabOptions = {}): Promise<CleanupStage> {
  stage = await CleanupStage.open(options);
  return stage;
}

const TELLING = ALL.filter((one) => one !== '--no-progress');

/** Ends with what it said, once it has been sent `signals` at these words. */
function ended(
  at: CleanupStage,
  words: string,
  signals: readonly NodeJS.Signals[],
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [driver.path, '5', ...TELLING, '--yes'], {
      cwd: at.folder,
      env: { PATH: process.env.PATH, HOME: '/nonexistent', ...at.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const pending = [...signals];
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      const isDue = pending.length === signals.length ? stderr.includes(words) : stderr.includes('interrupted:');
      const signal = isDue ? pending.shift() : undefined;
      if (signal !== undefined) child.kill(signal);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), 50_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stderr });
    });
  });
}

describe.each([
  { words: 'step 3: ', at: /^[BC]$/, revert: 0, gone: false },
  { words: 'step 5: ', at: /^[DE]$/, revert: 0, gone: false },
  { words: 'step 6: ', at: /^E$/, revert: 0, gone: false },
  { words: 'step 9: ', at: /^[GH]$/, revert: 7, gone: true },
])('killed at "$words"', ({ words, at: letter, revert, gone }) => {
  test('its run is listed as interrupted, and revert leaves all as before but for what is gone', async () => {
    const at = await open();
    const removed = gone ? [CT0, CT1] : [];
    const before = at.standing(removed);
    expect((await ended(at, words, ['SIGKILL'])).code).toBeNull();
    const [listed] = JSON.parse((await at.cli(['runs', 'list', '-o', 'json'])).stdout);
    expect(listed).toMatchObject({ state: 'interrupted', vcenter: 'vc65', at: expect.stringMatching(letter) });
    expect(at.files('locks')).toEqual(['vc65.lock']);
    const ran = await at.cli(['runs', 'revert', listed.id, '--yes', '-o', 'json']);
    expect([ran.code, JSON.parse(ran.stdout).left]).toEqual([revert, []]);
    expect(ran.stderr).toContain('is taken over');
    expect(at.standing(removed)).toEqual(before);
    expect(at.files('locks')).toEqual([]);
  });

  test('resume brings it to its end, without another word about what was accepted', async () => {
    const at = await open();
    const before = at.standing([CT0, CT1]);
    await ended(at, words, ['SIGKILL']);
    const ran = await at.cli(['runs', 'resume', 'vc65', '--yes', '-o', 'json']);
    expect([ran.code, JSON.parse(ran.stdout).result]).toEqual([0, 'done']);
    expect(at.uids).not.toContain(CT0);
    expect(at.standing([CT0, CT1])).toEqual(before);
    expect(await at.cli(['runs', 'resume', 'vc65', '--yes'])).toMatchObject({ code: 0 });
  });
});

test('a second Ctrl-C leaves at once, with 5, and says when the appliance takes itself back; revert then finds all as before', async () => {
  const at = await open();
  const before = at.standing();
  const { code, stderr } = await ended(at, 'step 6: ', ['SIGINT', 'SIGINT']);
  expect(code).toBe(5);
  expect(stderr).toMatch(
    /interrupted: the step in hand[\s\S]*left at once\. vc65 begins to take itself back by \d\d:\d\d:\d\d UTC/,
  );
  const ran = await at.cli(['runs', 'revert', 'vc65', '--yes']);
  expect(ran.code).toBe(0);
  expect(at.standing()).toEqual(before);
});

test.each([
  { words: 'step 1: ', said: /has changed nothing on vc65 yet\.$/m, code: 130 },
  {
    words: 'removing array1-CT1',
    said: /changed nothing on vc65 yet; but the removal of array1-CT1 was asked for, and nothing tells what came of it; what watches over it there ends by itself by \d\d:\d\d:\d\d UTC\. `vasatrust runs show \S+` says what asks SMS\./,
    code: 5,
  },
])(
  'a second Ctrl-C at "$words" leaves with $code, and says what is open, and what watches',
  async ({ words, said, code: expected }) => {
    const at = await open({ timing: { taskMs: 2_000 } });
    const before = at.standing();
    const { code, stderr } = await ended(at, words, ['SIGINT', 'SIGINT']);
    expect(stderr).toMatch(said);
    expect(code).toBe(expected);
    expect((await at.cli(['runs', 'revert', 'vc65', '--yes'])).code).toBe(0);
    expect(at.standing()).toEqual(before);
  },
);

test('with a wrong password of the vCenter, revert puts all back, and nobody waits for an answer that cannot come', async () => {
  const at = await open();
  const before = at.standing();
  await ended(at, 'step 5: ', ['SIGKILL']);
  const wrong = { env: { LAB_VC65_PASSWORD: 'wrong' } };
  const ran = await at.cli(['runs', 'revert', 'vc65', '--yes'], wrong);
  expect(ran.stderr).not.toContain('waiting until SMS answers');
  expect(at.standing()).toEqual(before);
  const shown = await at.cli(['runs', 'show', 'vc65']);
  expect(shown.stdout).toMatch(/could not be seen {2}Try the plain removal of array1-CT1: vc65 refused/);
  expect(shown.stdout).not.toContain('changed by somebody else');
});

test('a cleanup in the meantime is refused, and names the run that comes first', async () => {
  const at = await open();
  await ended(at, 'step 4: ', ['SIGKILL']);
  const ran = await at.cli([...ALL, '--yes', '-o', 'json']);
  expect(ran.code).toBe(6);
  expect(ran.stdout).toMatch(/runs resume/);
  expect((await at.cli(['runs', 'revert', 'vc65', '--yes'])).code).toBe(0);
});
