import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toldBy } from '../../src/cli/carry-out.js';
import { otherSession } from '../../src/execute/guard/self-revert.js';
import { journalPath } from '../../src/execute/journal/journal-file.js';
import { lockPath } from '../../src/execute/journal/lock-file.js';
import { makeFolder, type StateFolder, stateFolder } from '../../src/execute/journal/state-folder.js';
import type { CleanupPlan, CleanupStep } from '../../src/model/cleanup-plan.js';
import { providerUrl, vcenterId } from '../../src/model/ids.js';
import type { StepId } from '../../src/model/plan.js';
import type { RunEvent, RunId } from '../../src/model/run.js';
import { renderRunEnd } from '../../src/report/render-run-end.js';
import { runCli } from '../support/run-cli.js';
import { did, journalOf, SAMPLE_BEGIN, SAMPLE_PLAN, SAMPLE_RUN, SAMPLE_SESSION, stepOf } from '../support/sample-journal.js';

let folder: string;
let state: StateFolder;
let env: Record<string, string>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-runs-'));
  env = { XDG_STATE_HOME: folder };
  state = stateFolder(env);
  await makeFolder(state.runs);
  await makeFolder(state.locks);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const root = fileURLToPath(new URL('../..', import.meta.url));
const OTHER = '20261123T080000Z-vc65-00ff' as RunId;

function write(run: RunId, events: readonly RunEvent[], tail = '', plan: CleanupPlan = SAMPLE_PLAN): void {
  const begin: RunEvent = { ...SAMPLE_BEGIN, run, plan };
  const lines = journalOf([begin, ...events]).map((entry) => JSON.stringify(entry));
  writeFileSync(journalPath(state, run), `${lines.join('\n')}\n${tail}`);
}

function hold(run: RunId, change: { host?: string; pid?: number } = {}): void {
  const holder = { run, user: 'bob', host: hostname(), pid: process.pid, since: '2026-11-22T20:15:00.000Z', ...change };
  writeFileSync(lockPath(state, 'vc65'), JSON.stringify(holder));
}

const AGAIN = {
  kind: 're-register',
  id: 're-register.vc65.uid-ct0' as StepId,
  uid: 'uid-ct0',
  name: 'array1-CT0',
  registration: {
    name: 'array1-CT0',
    url: providerUrl('https://array1-ct0.lab.example:8084/version.xml'),
    username: 'pureuser',
    because: 'retained',
    seen: [],
  },
  number: 11,
  pass: 1,
  needs: [],
  actor: 'tool',
  place: { kind: 'vcenter', vcenter: vcenterId('vc65') },
  seconds: { least: 5, most: 480 },
  do: [],
  check: [],
  undo: [],
} as const satisfies CleanupStep;

/** No process has it: Linux gives none above four million. */
const DEAD = 99_999_999;
const UNTIL_E: readonly RunEvent[] = [
  SAMPLE_SESSION,
  { event: 'appliance', facts: { hostKey: 'SHA256:abc', bootId: 'boot-1', spsPid: 4242 } },
  ...did('open-shell'),
  ...did('arm-self-revert'),
  ...did('record-state'),
  ...did('lower-retry'),
  ...did('block'),
  ...did('stop-sps'),
  ...did('start-sps'),
];

test('runs show of a run that somebody else goes on with names nothing that would take it from them', async () => {
  const problem = otherSession('vc65');
  write(OTHER, [...UNTIL_E, { event: 'end', result: 'left-changed', left: [problem.summary], problem }]);
  const { next } = JSON.parse((await runCli(['runs', 'show', OTHER, '-o', 'json'], { env })).stdout);
  expect(next[0]).toBe('Ask who goes on with it, or has ended it, elsewhere: its end is told there.');
  expect(next.join(' ')).not.toContain('by hand');
  const end = { result: 'left-changed', left: [problem.summary], removed: [], interrupted: false, problem } as const;
  const entries = journalOf([SAMPLE_BEGIN, ...UNTIL_E, { event: 'end', ...end }]);
  const report = renderRunEnd({ run: OTHER, journal: '/j', plan: SAMPLE_PLAN, ...toldBy(SAMPLE_PLAN, entries), end }, 'table');
  expect(report).toContain('vc65: this process has stopped. Somebody else goes on with the run, or has ended it.');
  expect(report).not.toMatch(/runs revert|takes it back/);
});

test.skipIf(!existsSync('/dev/full'))('what a run left is told by the exit code, also where the report finds no room', () => {
  const gone: RunEvent = { event: 'removed', uid: 'uid-ct1', how: 'procedure' };
  write(OTHER, [...UNTIL_E, gone, { event: 'end', result: 'removed-and-taken-back', left: [] }]);
  const full = openSync('/dev/full', 'w');
  try {
    const ran = spawnSync(process.execPath, [join(root, 'dist/vasatrust.cjs'), 'runs', 'revert', OTHER], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    expect(ran).toMatchObject({ status: 7, stderr: expect.stringContaining('the result could not be written (ENOSPC)') });
  } finally {
    closeSync(full);
  }
});

describe('runs list', () => {
  test('without a run says so, and is an empty list as JSON', async () => {
    expect(await runCli(['runs', 'list'], { env })).toMatchObject({ code: 0, stdout: 'No run yet.\n' });
    expect((await runCli(['runs', 'list', '-o', 'json'], { env })).stdout).toBe('[]\n');
  });

  test('is newest first, with id, vCenter, state and when it began', async () => {
    write(SAMPLE_RUN, [SAMPLE_SESSION, { event: 'end', result: 'done', left: [] }]);
    write(OTHER, UNTIL_E);
    const { code, stdout } = await runCli(['runs', 'list', '-o', 'json'], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { id: OTHER, vcenter: 'vc65', state: 'interrupted', startedAt: '2026-11-22T20:15:00.000Z' },
      { id: SAMPLE_RUN, vcenter: 'vc65', state: 'done' },
    ]);
    for (const format of ['table', 'md']) {
      const shown = (await runCli(['runs', 'list', '-o', format], { env })).stdout;
      expect(shown.indexOf(OTHER)).toBeLessThan(shown.indexOf(SAMPLE_RUN));
      expect(shown).toContain('interrupted');
    }
  });

  test('knows from the lock whether somebody still works on it', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    const state = async () => JSON.parse((await runCli(['runs', 'list', '-o', 'json'], { env })).stdout)[0].state;
    hold(SAMPLE_RUN);
    expect(await state()).toBe('under-way');
    hold(SAMPLE_RUN, { pid: DEAD });
    expect(await state()).toBe('interrupted');
    hold(SAMPLE_RUN, { pid: DEAD, host: 'other-host' });
    expect(await state()).toBe('under-way');
    hold(OTHER);
    expect(await state()).toBe('interrupted');
  });

  test('tells a damaged journal and still lists the others', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    writeFileSync(journalPath(state, OTHER), 'no journal\n');
    const ran = await runCli(['runs', 'list', '-o', 'json'], { env });
    expect(ran.code).toBe(3);
    expect(JSON.parse(ran.stdout)).toHaveLength(1);
    expect(ran.stderr).toContain(OTHER);
  });

  test('a run whose process died before the first line is none', async () => {
    writeFileSync(journalPath(state, OTHER), '{"seq":1,"at":"20');
    expect((await runCli(['runs', 'list', '-o', 'json'], { env })).stdout).toBe('[]\n');
  });
});

describe('runs show', () => {
  test('says to a third person what was done, by whom, when, what is left, and what to do', async () => {
    write(SAMPLE_RUN, UNTIL_E, '{"seq":99,"at":"2026');
    const { code, stdout } = await runCli(['runs', 'show', SAMPLE_RUN], { env });
    expect(code).toBe(0);
    for (const said of [
      'vc65 (vc65.lab.example)',
      'nobody works on it',
      'E, SPS runs with the changed value, and the provider is blocked',
      'by alice',
      "confirmed by the vCenter's name, typed",
      'dependents-running:vvol-gold, backup-unconfirmed',
      'its last line was cut off',
      'uid-ct0',
      /11-22 20:15:10 {2}alice@jump1 \(process 4711, vasatrust test\) begins/,
      /done {2}step 2: /,
      /done {2}step 5: /,
      'sms-config.xml says 4 in place of 99999',
      'reject routes on the appliance: 10.1.2.4, 10.1.2.3',
      'nobody has looked since',
      '150 s after the last sign of life',
      `vasatrust runs resume ${SAMPLE_RUN}`,
      `vasatrust runs revert ${SAMPLE_RUN}`,
    ])
      expect(stdout).toMatch(typeof said === 'string' ? new RegExp(said.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : said);
  });

  test('what was taken back already is not told as left', async () => {
    const back = did('block').map((entry) => ({ ...entry, action: 'undo' }) as typeof entry);
    write(SAMPLE_RUN, [...UNTIL_E, ...back]);
    const { stdout } = await runCli(['runs', 'show', SAMPLE_RUN], { env });
    expect(stdout).toContain('sms-config.xml says 4 in place of 99999');
    expect(stdout).not.toContain('reject routes on the appliance');
  });

  test('a step that was begun and of which nothing more is known stands out', async () => {
    write(SAMPLE_RUN, [...UNTIL_E, ...did('await-offline'), did('unregister')[0] ?? SAMPLE_SESSION]);
    const { stdout } = await runCli(['runs', 'show', SAMPLE_RUN], { env });
    expect(stdout.match(/nothing tells what came of it/g)).toHaveLength(1);
    expect(stdout).toMatch(/begun, and nothing tells what came of it {2}step 7: /);
  });

  test('a plain removal that was asked for and not answered is told, and what watches by then', async () => {
    const armed = UNTIL_E.slice(0, 2).concat(did('open-shell'), did('arm-self-revert'));
    write(SAMPLE_RUN, [...armed, did('try-plain')[0] ?? SAMPLE_SESSION]);
    const { stdout } = await runCli(['runs', 'show', SAMPLE_RUN], { env });
    expect(stdout).toContain('A, neither file, route nor SPS was changed yet');
    expect(stdout).toMatch(/array1-CT1 or not: its removal was asked for, and nothing tells what came of it/);
    expect(stdout).toMatch(/what watches from there[\s\S]*not before 2026-11-22 20:16:10 UTC/);
    write(SAMPLE_RUN, UNTIL_E.slice(0, 2));
    expect((await runCli(['runs', 'show', SAMPLE_RUN], { env })).stdout).toContain('nothing on the appliance');
  });

  const GONE: readonly RunEvent[] = [
    ...UNTIL_E,
    { event: 'removed', uid: 'uid-ct1', how: 'procedure' },
    { event: 'removed', uid: 'uid-ct0', how: 'procedure' },
    ...did('unblock'),
    ...did('restore-retry'),
  ];

  test('killed in the last restart: SPS may be stopped, and nobody says that it was restarted', async () => {
    write(SAMPLE_RUN, [...GONE, did('restart-sps')[0] ?? SAMPLE_SESSION]);
    const { stdout } = await runCli(['runs', 'show', SAMPLE_RUN], { env });
    expect(stdout).toMatch(/H, .*SPS has not been restarted/);
    expect(stdout).toContain('SPS was being stopped and started: it may be stopped');
  });

  test('when all are gone and the rest was taken back, nobody is sent to remove them once more', async () => {
    write(SAMPLE_RUN, [...GONE, { event: 'end', result: 'removed-and-taken-back', left: [] }]);
    const { stdout } = await runCli(['runs', 'show', SAMPLE_RUN], { env });
    expect(stdout).toContain('taken back, but for what was removed');
    expect(stdout).toContain('vasatrust audit');
    expect(stdout).not.toContain('vasatrust cleanup');
  });

  test('as JSON has the same and every entry', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    const shown = JSON.parse((await runCli(['runs', 'show', SAMPLE_RUN, '-o', 'json'], { env })).stdout);
    expect(shown).toMatchObject({
      formatVersion: 1,
      id: SAMPLE_RUN,
      state: 'interrupted',
      at: 'E',
      confirmed: 'typed',
      torn: false,
    });
    expect(shown.entries).toHaveLength(UNTIL_E.length + 1);
    expect(shown.journal).toBe(journalPath(state, SAMPLE_RUN));
    expect(shown.whatIsLeft.length).toBeGreaterThan(2);
  });

  test('as Markdown is a document of its own', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    const { stdout } = await runCli(['runs', 'show', SAMPLE_RUN, '-o', 'md'], { env });
    expect(stdout).toMatch(/^# Run 20261122T201500Z-vc65-1f3a$/m);
    for (const heading of ['Registrations', 'What was done', 'What is left', 'What to do'])
      expect(stdout).toContain(`## ${heading}`);
  });

  test('takes a part of an id that fits one run, and nothing that fits several or none', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    write(OTHER, UNTIL_E);
    expect((await runCli(['runs', 'show', '1f3a'], { env })).code).toBe(0);
    for (const [wanted, says] of [
      ['vc65', /fits 2 runs/],
      ['nothing', /no run "nothing"/],
      ['../../../etc/passwd', /no run/],
    ] as const) {
      const ran = await runCli(['runs', 'show', wanted], { env });
      expect([ran.code, ran.stdout]).toEqual([2, '']);
      expect(ran.stderr).toMatch(says);
    }
  });

  test('of a run that ended says that nothing is left, or what', async () => {
    write(SAMPLE_RUN, [...UNTIL_E, { event: 'end', result: 'taken-back', left: [] }]);
    expect((await runCli(['runs', 'show', SAMPLE_RUN], { env })).stdout).toMatch(/nothing: all is as before/);
    write(SAMPLE_RUN, [...UNTIL_E, { event: 'end', result: 'left-changed', left: ['the route to 10.1.2.3 stands'] }]);
    const { stdout } = await runCli(['runs', 'show', SAMPLE_RUN], { env });
    expect(stdout).toContain('the route to 10.1.2.3 stands');
    expect(stdout).toContain(`vasatrust runs revert ${SAMPLE_RUN}`);
  });

  test('the way back by hand is that of this run, with its own copy, and ends the watch last', async () => {
    write(SAMPLE_RUN, [...UNTIL_E, { event: 'end', result: 'left-changed', left: ['the route to 10.1.2.3 stands'] }]);
    const { next } = JSON.parse((await runCli(['runs', 'show', SAMPLE_RUN, '-o', 'json'], { env })).stdout);
    const { path, working, backup } = SAMPLE_PLAN.config;
    expect(next.slice(1)).toEqual([
      'else by hand on vc65, what of it is still there:',
      '/sbin/ip route del unreachable 10.1.2.4/32',
      '/sbin/ip route del unreachable 10.1.2.3/32',
      expect.stringContaining(`cp -p ${backup} ${working} && mv -f ${working} ${path}`),
      expect.stringContaining('service-control --start vmware-sps'),
      expect.stringContaining(`sh /root/.vasatrust/${SAMPLE_RUN}/guard.sh forget`),
    ]);
  });

  test('disarmed, and killed while it registered again: nothing of it is on the appliance, and what is open is said', async () => {
    const plan = { ...SAMPLE_PLAN, steps: [...SAMPLE_PLAN.steps, AGAIN] };
    const gone = SAMPLE_PLAN.removals.map(({ uid }): RunEvent => ({ event: 'removed', uid, how: 'plain' }));
    const disarm = [...did('disarm-self-revert'), { event: 'intent', step: AGAIN.id, action: 'apply', captured: null } as const];
    write(SAMPLE_RUN, [SAMPLE_SESSION, ...did('arm-self-revert'), ...gone, ...disarm], '', plan);
    const { whatIsLeft } = JSON.parse((await runCli(['runs', 'show', SAMPLE_RUN, '-o', 'json'], { env })).stdout);
    expect(whatIsLeft).toEqual([
      'file, routes and SPS are as before',
      'array1-CT0 registered again or not: that was asked for, and nothing tells what came of it; `vasatrust audit` shows it',
      'nothing on the appliance',
    ]);
  });

  const allGone = (how: 'plain' | 'somebody-else') =>
    SAMPLE_PLAN.removals.map(({ uid }): RunEvent => ({ event: 'removed', uid, how }));
  const left = async (events: readonly RunEvent[], plan = SAMPLE_PLAN) => {
    write(SAMPLE_RUN, [SAMPLE_SESSION, ...did('arm-self-revert'), ...events], '', plan);
    const shown = JSON.parse((await runCli(['runs', 'show', SAMPLE_RUN, '-o', 'json'], { env })).stdout);
    return { at: shown.at, left: shown.whatIsLeft.join('\n') };
  };

  test('all removed by somebody else before anything was changed: neither file, route nor SPS is called changed', async () => {
    const shown = await left(allGone('somebody-else'));
    expect(shown).toMatchObject({ at: 'A', left: expect.stringContaining('file, routes and SPS are as before') });
  });

  test('a number that an earlier cleanup left is put right: where it was interrupted is told', async () => {
    const { config } = SAMPLE_PLAN;
    const exact = config.exact && { ...config.exact, shaNow: config.exact.shaDuring };
    const plan = { ...SAMPLE_PLAN, config: { ...config, now: '4', ...(exact === undefined ? {} : { exact }) } };
    const begun = [...allGone('plain'), ...did('record-state'), ...did('unblock')];
    expect(await left(begun, plan)).toMatchObject({ at: 'G', left: expect.stringContaining('says 4 in place of 99999') });
    const restarting: RunEvent = { event: 'intent', step: stepOf('restart-sps'), action: 'apply', captured: null };
    const stopped = await left([...begun, ...did('restore-retry'), restarting], plan);
    expect(stopped).toMatchObject({ at: 'H', left: expect.stringContaining('it may be stopped') });
  });

  test('a removal that nobody answered stays open, one that was answered with a fault does not', async () => {
    const failed = (code: 'timeout' | 'fault'): RunEvent[] => [
      { event: 'intent', step: stepOf('try-plain'), action: 'apply', captured: null },
      {
        event: 'outcome',
        step: stepOf('try-plain'),
        action: 'apply',
        result: 'failed',
        problem: { code, target: 'vc65', summary: 'no answer', remedy: 'Wait.', retry: 'later' },
      },
    ];
    expect((await left(failed('timeout'))).left).toContain('array1-CT1 or not: its removal was asked for');
    expect((await left(failed('fault'))).left).not.toContain('or not');
  });

  test('what was registered again needs no other way back', async () => {
    const warnings = [{ code: 'no-path-afterwards', array: 'com.purestorage:array1' }] as const;
    const plan = { ...SAMPLE_PLAN, warnings, steps: [...SAMPLE_PLAN.steps, AGAIN] };
    const gone = SAMPLE_PLAN.removals.map(({ uid }): RunEvent => ({ event: 'removed', uid, how: 'plain' }));
    const end: RunEvent = { event: 'end', result: 'done', left: [] };
    const again: RunEvent = { event: 'outcome', step: AGAIN.id, action: 'apply', result: 'done' };
    const removed = SAMPLE_PLAN.removals.map(({ uid }) => uid);
    for (const [events, words, path] of [
      [[...gone, end], 'vc65: 2 stale registrations removed; all else is as it was before.', true],
      [[...gone, again, end], 'vc65: 2 stale registrations removed, 1 registered again; all else is as it was before.', false],
    ] as const) {
      const entries = journalOf([{ ...SAMPLE_BEGIN, plan }, SAMPLE_SESSION, ...events]);
      const ended = { result: 'done', left: [], removed, interrupted: false } as const;
      const report = renderRunEnd({ run: SAMPLE_RUN, journal: '/j', plan, ...toldBy(plan, entries), end: ended }, 'table');
      expect(report).toContain(words);
      expect(report.includes('has no control path')).toBe(path);
    }
    const entries = journalOf([{ ...SAMPLE_BEGIN, plan }, SAMPLE_SESSION, ...gone]);
    const stopped = { result: 'removed-and-taken-back', left: [], removed, interrupted: true } as const;
    const report = renderRunEnd({ run: SAMPLE_RUN, journal: '/j', plan, ...toldBy(plan, entries), end: stopped }, 'table');
    expect(report).toContain(
      `array1-CT0 was not registered again: see first with vasatrust check-registration vc65 --provider ${AGAIN.registration.url} `,
    );
  });

  test.each([
    { name: 'interrupted while it was waited for', outcome: undefined, isOpen: true },
    { name: 'not online in time', outcome: 'timeout', isOpen: true },
    { name: 'refused by SMS', outcome: 'fault', isOpen: false },
    { name: 'with a certificate that nobody said yes to', outcome: 'not-attempted', isOpen: false },
  ] as const)(
    'a registration that was asked for again and $name: added once more only where SMS said no',
    async ({ outcome, isOpen }) => {
      const warnings = [{ code: 'no-path-afterwards', array: 'com.purestorage:array1' }] as const;
      const plan = { ...SAMPLE_PLAN, warnings, steps: [...SAMPLE_PLAN.steps, AGAIN] };
      const removed = SAMPLE_PLAN.removals.map(({ uid }) => uid);
      const gone = removed.map((uid): RunEvent => ({ event: 'removed', uid, how: 'procedure' }));
      const asked: RunEvent = { event: 'intent', step: AGAIN.id, action: 'apply', captured: null };
      const problem = { code: outcome ?? 'fault', target: 'vc65', summary: 'so', remedy: 'Wait.', retry: 'later' } as const;
      const answer: RunEvent = { event: 'outcome', step: AGAIN.id, action: 'apply', result: 'failed', problem };
      const events = [...gone, asked, ...(outcome === undefined ? [] : [answer])];
      const entries = journalOf([{ ...SAMPLE_BEGIN, plan }, SAMPLE_SESSION, ...events]);
      const end = { result: 'removed-and-taken-back', left: [], removed, interrupted: outcome === undefined } as const;
      const report = renderRunEnd({ run: SAMPLE_RUN, journal: '/j', plan, ...toldBy(plan, entries), end }, 'table');
      expect(report.includes('array1-CT0 was not registered again')).toBe(!isOpen);
      expect(report.includes('vc65 has no control path')).toBe(!isOpen);
      expect(report.includes('registering array1-CT0 again was asked for, and it was not seen online')).toBe(isOpen);
      expect(report.includes('whether vc65 has a control path to array com.purestorage:array1 is not known')).toBe(isOpen);
    },
  );

  test('a new run is advised for those that are left, and for no other', async () => {
    const warnings = [{ code: 'other-stale', uid: 'uid-9', name: 'array9' }] as const;
    write(SAMPLE_RUN, [...UNTIL_E, { event: 'end', result: 'taken-back', left: [] }]);
    const shown = () => runCli(['runs', 'show', SAMPLE_RUN], { env });
    expect((await shown()).stdout).toContain('vasatrust cleanup vc65 --all-stale ');
    const gone: RunEvent = { event: 'removed', uid: 'uid-ct1', how: 'plain' };
    const end: RunEvent = { event: 'end', result: 'removed-and-taken-back', left: [] };
    write(SAMPLE_RUN, [...UNTIL_E, gone, end], '', { ...SAMPLE_PLAN, warnings });
    expect((await shown()).stdout).toContain('vasatrust cleanup vc65 --provider uid-ct0 ');
  });

  test('what others said cannot steer the terminal', async () => {
    const text = '\u001b[31mred\u0007 \u202egnp \u009b2J';
    write(SAMPLE_RUN, [...UNTIL_E, { event: 'saw', what: 'self-revert', text }]);
    for (const format of ['table', 'md', 'json']) {
      const { stdout } = await runCli(['runs', 'show', SAMPLE_RUN, '-o', format], { env });
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(stdout).toContain('red');
    }
  });
});

describe('runs resume and revert', () => {
  const ESTATE = `vcenters:
  - id: vc65
    address: vc65.lab.example
    connectTo: 127.0.0.1:9
    username: a@b
    password: { env: NOTHING }
    ssh: { host: 127.0.0.1, port: 9, hostKey: "SHA256:${'A'.repeat(43)}", password: { env: NOTHING } }
`;
  beforeEach(() => writeFileSync(join(folder, 'estate.yaml'), ESTATE));
  const go = (args: readonly string[], typed?: readonly string[]) =>
    runCli(['runs', ...args], { env, cwd: folder, ...(typed === undefined ? {} : { typed }) });

  for (const [result, revertCode] of [
    ['done', 0],
    ['taken-back', 0],
    ['removed-and-taken-back', 7],
  ] as const)
    test(`a run that ended ${result} leaves nothing to do`, async () => {
      write(SAMPLE_RUN, [...UNTIL_E, { event: 'end', result, left: [] }]);
      for (const [mode, code] of [
        ['resume', 0],
        ['revert', revertCode],
      ] as const) {
        const ran = await go([mode, SAMPLE_RUN, '-o', 'json']);
        expect(ran.code).toBe(code);
        expect(ran.stderr).toContain('nothing to do');
        expect(JSON.parse(ran.stdout)).toMatchObject({ formatVersion: 1, run: SAMPLE_RUN, result, left: [] });
      }
    });

  test('without a terminal and without --yes nothing is done: 6', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    const ran = await go(['resume', SAMPLE_RUN]);
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toMatch(/--yes/);
    expect(readdirSync(state.locks)).toEqual([]);
  });

  test('another name than the vCenter’s declines: 6', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    const ran = await go(['revert', SAMPLE_RUN], ['vc67']);
    expect(ran.code).toBe(6);
    expect(ran.stderr).toMatch(/"vc67" is not vc65; nothing was changed/);
  });

  for (const [name, holder, says] of [
    ['a process that is alive', {}, /bob@\S+ \(process \d+, run \S+, since 2026-11-22 20:15 UTC\)[\s\S]*Wait for its end/],
    ['another machine', { host: 'other-host' }, /bob@other-host[\s\S]*--accept another-run:other-host/],
  ] as const)
    test(`a lock of ${name} refuses, and says who and since when: 6`, async () => {
      write(SAMPLE_RUN, UNTIL_E);
      hold(SAMPLE_RUN, holder);
      const ran = await go(['revert', SAMPLE_RUN, '--yes']);
      expect(ran.code).toBe(6);
      expect(ran.stderr).toMatch(says);
    });

  test('a dead process’s lock of another run refuses: that one comes first', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    write(OTHER, UNTIL_E);
    hold(OTHER, { pid: DEAD });
    const ran = await go(['revert', SAMPLE_RUN, '--yes']);
    expect(ran.code).toBe(6);
    expect(ran.stderr).toContain(`vasatrust runs show ${OTHER}`);
  });

  test('a vCenter that estate.yaml does not have any more is a mistake: 2', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    writeFileSync(join(folder, 'estate.yaml'), ESTATE.replaceAll('vc65', 'vc99'));
    expect((await go(['resume', SAMPLE_RUN, '--yes'])).code).toBe(2);
  });

  test('--dry-run goes by the journal alone, and changes nothing', async () => {
    write(SAMPLE_RUN, [...UNTIL_E.slice(0, 6), ...did('try-plain', 'failed'), ...UNTIL_E.slice(6)]);
    const steps = async (mode: string) => {
      const ran = await go([mode, SAMPLE_RUN, '--dry-run', '-o', 'json']);
      expect([ran.code, ran.stderr]).toEqual([0, '']);
      const ahead = JSON.parse(ran.stdout) as { kind: string; steps: { kind: string; journal: string }[] };
      expect(ahead).toMatchObject({ formatVersion: 1, kind: 'ahead', run: SAMPLE_RUN, vcenter: 'vc65', mode });
      return ahead.steps.map(({ kind, journal }) => `${kind} ${journal}`);
    };
    expect(await steps('revert')).toEqual(['block done', 'lower-retry done', 'stop-sps done', 'arm-self-revert done']);
    const onward = await steps('resume');
    expect(onward.filter((one) => one.startsWith('try-plain'))).toEqual(['try-plain open']);
    expect(onward).toContain('start-sps done');
    expect(onward.slice(onward.indexOf('start-sps done') + 1)).toEqual([
      'await-offline open',
      'unregister open',
      'unregister open',
      'unblock open',
      'restore-retry open',
      'restart-sps open',
      'confirm-clean open',
      'disarm-self-revert open',
    ]);
    const { stdout } = await go(['revert', SAMPLE_RUN, '--dry-run']);
    expect(stdout).toContain('undo   /sbin/ip route del unreachable 10.1.2.3/32');
    expect(stdout).toContain('nobody was asked, nothing was changed');
    expect(readdirSync(state.locks)).toEqual([]);
  });

  test('a time that is none is a mistake: 2', async () => {
    write(SAMPLE_RUN, UNTIL_E);
    for (const text of ['25:00', '12:60', 'soon', '2'])
      expect((await go(['resume', SAMPLE_RUN, '--deadline', text])).code).toBe(2);
  });
});
