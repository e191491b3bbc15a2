import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createJournal,
  isRunId,
  type JournalLost,
  journalPath,
  listRuns,
  newRunId,
  openJournal,
  readJournal,
} from '../../src/execute/journal/journal-file.js';
import { type StateFolder, stateFolder } from '../../src/execute/journal/state-folder.js';
import type { JournalEntry, RunEvent, RunId } from '../../src/model/run.js';
import { bundleModule } from '../support/bundle-module.js';
import { SAMPLE_BEGIN } from '../support/sample-journal.js';

const RUN = '20261122T201500Z-vc65-1f3a' as RunId;
const now = () => new Date('2026-11-22T20:15:00Z');
const parts = { now, secrets: () => [] };

let folder: string;
let state: StateFolder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-journal-'));
  state = stateFolder({ XDG_STATE_HOME: folder });
  return () => rmSync(folder, { recursive: true, force: true });
});

const saw = (text: string): RunEvent => ({ event: 'saw', what: 'connection-lost', text });

async function created(events: readonly RunEvent[] = [SAMPLE_BEGIN]) {
  const journal = await createJournal(state, RUN, parts);
  if (!journal.ok) throw new Error(journal.error.summary);
  for (const event of events) await journal.value.append(event);
  return journal.value;
}

async function entriesOf(run: RunId = RUN): Promise<readonly JournalEntry[]> {
  const read = await readJournal(state, run);
  if (!read.ok) throw new Error(read.error.summary);
  return read.value.entries;
}

test('a journal is for its owner alone, and so are the folders made for it', async () => {
  const journal = await created();
  await journal.close();
  expect(statSync(journal.path).mode & 0o777).toBe(0o600);
  for (const part of ['vasatrust', 'vasatrust/runs']) expect(statSync(join(folder, part)).mode & 0o777).toBe(0o700);
});

test('append has brought the line to disk before it returns, one sync per line', async () => {
  const probe = await open(folder, 'r');
  const sync = vi.spyOn(Object.getPrototypeOf(probe), 'sync');
  await probe.close();
  try {
    const journal = await created([]);
    const before = sync.mock.calls.length;
    expect(before).toBe(1); // the folder's own entry for the new file
    for (let line = 1; line <= 3; line += 1) {
      await journal.append(line === 1 ? SAMPLE_BEGIN : saw(`${line}`));
      expect(sync.mock.calls.length).toBe(before + line);
      expect(readFileSync(journal.path, 'utf8').split('\n')).toHaveLength(line + 1);
    }
    await journal.close();
  } finally {
    sync.mockRestore();
  }
});

test('lines that are appended at once keep their order and their numbers', async () => {
  const journal = await created();
  await Promise.all([saw('a'), saw('b'), saw('c')].map((event) => journal.append(event)));
  await journal.close();
  expect((await entriesOf()).map((entry) => [entry.seq, entry.event === 'saw' ? entry.text : entry.event])).toEqual([
    [1, 'begin'],
    [2, 'a'],
    [3, 'b'],
    [4, 'c'],
  ]);
});

test('a run of the same id is never written over', async () => {
  await (await created()).close();
  expect(await createJournal(state, RUN, parts)).toMatchObject({ ok: false, error: { code: 'file-unreadable' } });
});

describe('a last line that was cut off', () => {
  test('at any byte leaves a readable journal, which goes on where it was whole', async () => {
    const journal = await created([SAMPLE_BEGIN, saw('first'), saw('second')]);
    await journal.close();
    const whole = readFileSync(journal.path);
    const start = whole.subarray(0, -1).lastIndexOf('\n') + 1;
    for (let length = start; length < whole.length; length += 1) {
      writeFileSync(journal.path, whole.subarray(0, length));
      const read = await readJournal(state, RUN);
      expect(read.ok && [read.value.entries.length, read.value.torn]).toEqual([2, length > start]);
    }
    truncateSync(journal.path, whole.length - 3);
    const again = await openJournal(state, RUN, parts);
    if (!again.ok) throw new Error(again.error.summary);
    await again.value.append(saw('third'));
    await again.value.close();
    expect((await entriesOf()).map((entry) => entry.event === 'saw' && entry.text)).toEqual([false, 'first', 'third']);
  });

  test('does not hide damage before it: from such a file nothing is concluded', async () => {
    const journal = await created([SAMPLE_BEGIN, saw('first')]);
    await journal.close();
    appendFileSync(journal.path, 'not ours\n{"seq":3');
    expect(await readJournal(state, RUN)).toMatchObject({ ok: false, error: { code: 'file-invalid' } });
  });

  for (const [name, text] of [
    ['an empty file', ''],
    ['a torn first line', '{"seq":0,"at":"2026'],
  ] as const)
    test(`${name} is a run that did nothing`, async () => {
      await (await created([])).close();
      writeFileSync(journalPath(state, RUN), text);
      expect(await entriesOf()).toEqual([]);
    });

  for (const [name, line] of [
    ['a number left out', '{"seq":6,"at":"2026-11-22T20:15:00Z","event":"saw","what":"interrupted","text":""}'],
    ['an event of a later version', '{"seq":2,"at":"2026-11-22T20:15:00Z","event":"dreamt"}'],
    ['no object', '[]'],
  ] as const)
    test(`${name} is damage`, async () => {
      const journal = await created();
      await journal.close();
      appendFileSync(journal.path, `${line}\n`);
      expect(await readJournal(state, RUN)).toMatchObject({ ok: false, error: { code: 'file-invalid' } });
    });
});

test('where a line cannot be written, that one and all later ones fail', async () => {
  const journal = await created();
  const probe = await open(folder, 'r');
  const sync = vi
    .spyOn(Object.getPrototypeOf(probe), 'sync')
    .mockRejectedValueOnce(Object.assign(new Error(), { code: 'ENOSPC' }));
  await probe.close();
  try {
    const lost = await journal.append(saw('lost')).catch((error: JournalLost) => error);
    expect(lost).toMatchObject({ name: 'JournalLost', problem: { summary: expect.stringContaining('ENOSPC') } });
    expect(await journal.append(saw('later')).catch((error: unknown) => error)).toBe(lost);
    expect(journal.entries).toHaveLength(1);
  } finally {
    sync.mockRestore();
    await journal.close();
  }
});

test('secrets are taken out of what others said; plan and captured facts stay as they are', async () => {
  const journal = await createJournal(state, RUN, { now, secrets: () => ['vmware-sps'] });
  if (!journal.ok) throw new Error();
  await journal.value.append(SAMPLE_BEGIN);
  const problem = { code: 'command-failed', target: 'vc65', summary: 'it said vmware-sps', remedy: '', retry: 'never' } as const;
  const step = SAMPLE_BEGIN.plan.steps[0]?.id ?? ('' as never);
  await journal.value.append({ event: 'intent', step, action: 'apply', captured: { unit: 'vmware-sps' } });
  await journal.value.append({ event: 'outcome', step, action: 'apply', result: 'failed', found: ['vmware-sps'], problem });
  await journal.value.append({ event: 'end', result: 'left-changed', left: ['vmware-sps'], problem });
  await journal.value.close();
  const [begin, intent, outcome, end] = await entriesOf();
  expect(JSON.stringify(begin)).toContain('vmware-sps');
  expect(intent).toMatchObject({ captured: { unit: 'vmware-sps' } });
  expect(JSON.stringify([outcome, end])).not.toContain('vmware-sps');
});

describe('ids', () => {
  test('name time and vCenter, sort by time, and fit into file names', () => {
    const id = newRunId('vc65.lab.example/../x', now());
    expect(id).toMatch(/^20261122T201500Z-vc65-lab-example-x-[0-9a-f]{4}$/);
    expect(isRunId(id)).toBe(true);
  });
  test('of other shapes lead to no file', () => {
    for (const text of ['../../etc/passwd', '.hidden', 'a/b', '']) expect(isRunId(text)).toBe(false);
  });
  test('are listed newest first; without a folder there are none', async () => {
    expect(await listRuns(state)).toEqual({ ok: true, value: [] });
    for (const run of ['20260101T000000Z-a-0000', '20261231T000000Z-a-0000']) {
      const journal = await createJournal(state, run as RunId, parts);
      if (journal.ok) await journal.value.close();
    }
    writeFileSync(join(state.runs, 'notes.txt'), '');
    expect(await listRuns(state)).toEqual({ ok: true, value: ['20261231T000000Z-a-0000', '20260101T000000Z-a-0000'] });
  });
});

test('the state folder follows XDG_STATE_HOME, the home, or Windows', () => {
  expect(stateFolder({ XDG_STATE_HOME: '/x', HOME: '/home/a' }, 'linux').runs).toBe('/x/vasatrust/runs');
  expect(stateFolder({ XDG_STATE_HOME: 'relative', HOME: '/home/a' }, 'linux').runs).toBe('/home/a/.local/state/vasatrust/runs');
  expect(stateFolder({ HOME: '/home/a' }, 'linux').locks).toBe('/home/a/.local/state/vasatrust/locks');
  expect(stateFolder({ LOCALAPPDATA: '/C/Local', XDG_STATE_HOME: '/x' }, 'win32').runs).toBe('/C/Local/vasatrust/runs');
});

describe('a writer that is killed', () => {
  let writer: Awaited<ReturnType<typeof bundleModule>>;
  beforeAll(async () => {
    writer = await bundleModule('test/support/journal-writer.ts');
  });
  afterAll(() => writer.remove());

  /** Kills it, hard, as soon as it says that line `at` is on disk. */
  function killedAfter(at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [writer.path, folder, RUN], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk;
        if (said.split('\n').length > at + 1) child.kill('SIGKILL');
      });
      child.on('error', reject);
      child.on('close', () => resolve());
    });
  }

  for (let at = 0; at < 6; at += 1)
    test(`after line ${at} leaves every line it had acknowledged`, async () => {
      await killedAfter(at);
      const entries = await entriesOf();
      expect(entries.length).toBeGreaterThan(at);
      const again = await openJournal(state, RUN, parts);
      if (!again.ok) throw new Error(again.error.summary);
      await again.value.append(saw('somebody goes on'));
      await again.value.close();
      expect(await entriesOf()).toHaveLength(entries.length + 1);
    });
});
