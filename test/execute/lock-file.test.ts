import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LockHolder, lockPath, readLock, takeLock } from '../../src/execute/journal/lock-file.js';
import { processStart } from '../../src/execute/journal/process-start.js';
import { makeFolder, type StateFolder, stateFolder } from '../../src/execute/journal/state-folder.js';
import type { RunId } from '../../src/model/run.js';
import { bundleModule } from '../support/bundle-module.js';

const RUN = '20261122T201500Z-vc65-1f3a' as RunId;
const HOST = hostname();
const now = new Date('2026-11-22T20:15:00Z');
const never = () => false;
const always = () => true;

let folder: string;
let state: StateFolder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-lock-'));
  state = stateFolder({ XDG_STATE_HOME: folder });
});
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const closed = new Promise((resolve) => child.once('close', resolve));
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await closed;
  }
  rmSync(folder, { recursive: true, force: true });
});

const who = (change: { run?: string; host?: string; pid?: number } = {}) => ({
  run: (change.run ?? RUN) as RunId,
  operator: { mode: 'run', user: 'alice', host: change.host ?? HOST, pid: change.pid ?? process.pid, madeBy: 'test' } as const,
  now,
});

async function leave(holder: Partial<LockHolder>): Promise<void> {
  await makeFolder(state.locks);
  const whole = { run: RUN, user: 'bob', host: HOST, pid: process.pid, since: now.toISOString(), ...holder };
  writeFileSync(lockPath(state, 'vc65'), JSON.stringify(whole));
}

/** A number that no process has any more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => child.once('close', resolve));
  return child.pid ?? 0;
}

test('one at a time, with who and since when; released, it is free again', async () => {
  const first = await takeLock(state, 'vc65', who(), never);
  if (first.kind !== 'locked') throw new Error(first.kind);
  expect(statSync(first.lock.path).mode & 0o777).toBe(0o600);
  expect(await takeLock(state, 'vc65', who({ run: 'other' }), always)).toMatchObject({
    kind: 'held',
    by: { run: RUN, user: 'alice', pid: process.pid, since: '2026-11-22T20:15:00.000Z' },
    life: 'alive',
  });
  expect((await takeLock(state, 'vc67', who(), never)).kind).toBe('locked');
  await first.lock.release();
  expect((await takeLock(state, 'vc65', who({ run: 'other' }), never)).kind).toBe('locked');
  expect(readdirSync(state.locks).sort()).toEqual(['vc65.lock', 'vc67.lock']);
});

test('a vCenter id that is no file name stays inside the folder', () => {
  for (const id of ['../../x', '/etc/passwd', '.', '..', 'a b']) expect(lockPath(state, id)).toMatch(/\/locks\/[^/]+\.lock$/);
});

describe('a lock whose process died', () => {
  test('is told, and stays where it may not be replaced', async () => {
    await leave({ pid: await deadPid() });
    expect(await takeLock(state, 'vc65', who(), never)).toMatchObject({ kind: 'held', by: { user: 'bob' }, life: 'dead' });
    expect(await readLock(state, 'vc65', HOST)).toMatchObject({ life: 'dead' });
  });

  test('is taken over where it may be, and says whose it was', async () => {
    await leave({ pid: await deadPid() });
    const taken = await takeLock(state, 'vc65', who(), (_holder, life) => life === 'dead');
    expect(taken).toMatchObject({ kind: 'locked', instead: { user: 'bob' } });
    expect(JSON.parse(readFileSync(lockPath(state, 'vc65'), 'utf8'))).toMatchObject({ user: 'alice' });
    expect(readdirSync(state.locks)).toEqual(['vc65.lock']);
  });

  test.skipIf(process.platform !== 'linux')('is known as dead though another process has its number now', async () => {
    await leave({ started: 'another-boot/1' });
    expect(await readLock(state, 'vc65', HOST)).toMatchObject({ life: 'dead' });
    await leave({ started: (await processStart(process.pid)) ?? '' });
    expect(await readLock(state, 'vc65', HOST)).toMatchObject({ life: 'alive' });
  });
});

test('of another machine nothing is known, and only who may replaces it', async () => {
  await leave({ host: 'other-host', pid: 1 });
  expect(await takeLock(state, 'vc65', who(), (_holder, life) => life === 'dead')).toMatchObject({
    kind: 'held',
    life: 'unknown',
    by: { host: 'other-host' },
  });
  expect((await takeLock(state, 'vc65', who(), always)).kind).toBe('locked');
});

test('a live lock is never replaced, whoever allows it', async () => {
  await leave({ pid: process.pid });
  expect(await takeLock(state, 'vc65', who({ run: 'other' }), always)).toMatchObject({ kind: 'held', life: 'alive' });
});

test('a file that is no lock, and a takeover that never ended, are told with what to do', async () => {
  await makeFolder(state.locks);
  writeFileSync(lockPath(state, 'vc65'), 'what?');
  expect(await takeLock(state, 'vc65', who(), always)).toMatchObject({ kind: 'failed', problem: { code: 'file-invalid' } });
  await leave({ pid: await deadPid() });
  writeFileSync(`${lockPath(state, 'vc65')}.takeover`, '');
  expect(await takeLock(state, 'vc65', who(), always)).toMatchObject({
    kind: 'failed',
    problem: { summary: expect.stringContaining('.takeover') },
  });
});

describe('processes that race', () => {
  let taker: Awaited<ReturnType<typeof bundleModule>>;
  beforeAll(async () => {
    taker = await bundleModule('test/support/lock-taker.ts');
  });
  afterAll(() => taker.remove());

  /** Starts it, waits until it is ready, and answers with what to call for its attempt. */
  async function ready(...extra: string[]): Promise<() => Promise<string>> {
    const child = spawn(process.execPath, [taker.path, folder, HOST, ...extra], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const lines: string[] = [];
    let heard = () => {};
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      lines.push(...chunk.split('\n').filter((line) => line !== ''));
      heard();
    });
    const line = async (index: number): Promise<string> => {
      while (lines[index] === undefined) await new Promise<void>((resolve) => (heard = resolve));
      return lines[index];
    };
    await line(0);
    return () => {
      child.stdin?.write('go\n');
      return line(1);
    };
  }

  test('for a free lock: one gets it', async () => {
    const tries = await Promise.all([ready(), ready(), ready(), ready()]);
    const answers = await Promise.all(tries.map((attempt) => attempt()));
    expect(answers.filter((answer) => answer === 'locked')).toHaveLength(1);
  });

  test('for a dead one: one takes it over', async () => {
    await leave({ pid: await deadPid() });
    const tries = await Promise.all([ready('replace'), ready('replace'), ready('replace'), ready('replace')]);
    const answers = await Promise.all(tries.map((attempt) => attempt()));
    expect(answers.filter((answer) => answer === 'locked')).toHaveLength(1);
    expect(existsSync(`${lockPath(state, 'vc65')}.takeover`)).toBe(false);
  });
});
