import { describe, expect, test } from 'vitest';
import { guardFolder, guardPath, timerUnit } from '../../src/execute/guard/guard-facts.js';
import type { Fault, PlannedSession, StoryPlan, Trigger, Trouble } from '../campaign/fault-plan.js';
import { playStory, type StoryEnd } from '../campaign/story.js';
import { RUN, VARIANTS } from '../campaign/worlds.js';

/** Longer than any story. */
const FOR_GOOD = 100_000;

const at = (name: string, trouble: Trouble, nth = 1): Fault => ({ trigger: { at: name, nth } satisfies Trigger, trouble });

/** A run that meets this, and, where it leaves something, what somebody does afterwards. */
async function play(faults: readonly Fault[], later: readonly PlannedSession[] = [], variant = 0): Promise<StoryEnd> {
  const plan: StoryPlan = { seed: 0, variant, sessions: [{ mode: 'run', afterS: 0, faults }, ...later] };
  return playStory(plan, { verbose: true });
}

/** How the first process ended, and that no promise was broken. */
async function ended(faults: readonly Fault[], later: readonly PlannedSession[] = []): Promise<string> {
  const { sessions, broken, trace } = await play(faults, later);
  expect(broken, trace.join('\n')).toEqual([]);
  return sessions[0] ?? '';
}

describe.each(VARIANTS.map(({ name }, index) => [name, index] as const))('%s', (_name, variant) => {
  test('a run that nobody disturbs removes the registrations and leaves everything else as before', async () => {
    const { sessions, broken, gone, trace } = await play([], [], variant);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(sessions).toEqual(['run: done']);
    expect(gone).toBe(2);
  });
});

describe('SPS', () => {
  test('hangs while it starts: routes and file go back all the same, SPS is left alone, and the remedy is named', async () => {
    const said = await ended([at('detach start', { kind: 'sps-start', how: 'hangs', forS: FOR_GOOD })]);
    expect(said).toMatch(/^run: left-changed \(.*SPS/);
  });

  test('hangs for some minutes and then starts: the run goes on', async () => {
    expect(await ended([at('detach start', { kind: 'sps-start', how: 'hangs', forS: 400 })])).toBe('run: done');
  });

  test('does not start: routes and file go back, one attempt, then what its log says', async () => {
    const said = await ended([at('detach start', { kind: 'sps-start', how: 'fails', forS: FOR_GOOD })]);
    expect(said).toMatch(/^run: left-changed \(.*SPS/);
  });

  test('does not start once: it is started by what takes back', async () => {
    expect(await ended([at('detach start', { kind: 'sps-start', how: 'fails', forS: 45 })])).toBe('run: taken-back');
  });

  test('starts and never turns healthy: taken back, and said', async () => {
    const said = await ended([at('detach start', { kind: 'sps-start', how: 'unhealthy', forS: FOR_GOOD })]);
    expect(said).toMatch(/^run: left-changed \(.*SPS/);
  });
});

describe('a stop of SPS that was asked for, and has not begun yet', () => {
  const slow = at('journal intent stop-sps', { kind: 'service-control', seconds: 60, forS: 120 });

  test('when somebody takes the run back: waited for, and SPS runs at the end', async () => {
    const crash = at('detach stop', { kind: 'crash', side: 'after' });
    const { sessions, broken, trace } = await play([slow, crash], [{ mode: 'revert', afterS: 1, faults: [] }]);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(sessions[1]).toBe('revert: taken-back');
    expect(trace.join('\n')).toContain('waiting until service-control --stop vmware-sps comes back');
  });

  test('when somebody goes on with the run: it is not asked for twice', async () => {
    const crash = at('detach stop', { kind: 'crash', side: 'after' });
    const { sessions, broken, trace } = await play([slow, crash], [{ mode: 'resume', afterS: 1, faults: [] }]);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(sessions[1]).toBe('resume: done');
  });

  test('when the step gives up: what it asked for is waited for before SPS counts as running', async () => {
    const forLong = at('journal intent stop-sps', { kind: 'service-control', seconds: 185, forS: 190 });
    const { sessions, broken, trace } = await play([forLong]);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(sessions).toEqual(['run: taken-back']);
  });
});

describe('a full disk', () => {
  test('before anything is changed: refused, and nothing is left behind', async () => {
    expect(await ended([at('open', { kind: 'disk-full', forS: 100 })])).toBe('run: taken-back');
  });

  test.each(['journal intent lower-retry', '/bin/mv -f', 'journal intent block', 'detach stop', 'journal intent restore-retry'])(
    'from %s on: the original file is in place at the end, whole',
    async (name) => {
      const { broken, trace } = await play([at(name, { kind: 'disk-full', forS: FOR_GOOD })]);
      expect(broken, trace.join('\n')).toEqual([]);
    },
  );
});

test('a full disk without systemd: a job that cannot write down how it ended holds nothing up', async () => {
  const { broken, trace } = await play([at('vmon-cli --status sps', { kind: 'disk-full', forS: 200 }, 6)], [], 3);
  expect(broken, trace.join('\n')).toEqual([]);
});

describe('another administrator', () => {
  test('edits sms-config.xml, and the removal is under way until the appliance has taken itself back: hands off, and said', async () => {
    const { broken, trace, sessions } = await play([
      at('journal intent await-offline', { kind: 'edit-file' }),
      at('sms unregister', { kind: 'delay', seconds: 160 }, 4),
    ]);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(sessions[0]).toMatch(/^run: left-changed \(.*is not done/);
  });

  test.each(['journal outcome lower-retry', 'journal outcome block', 'journal outcome start-sps', 'journal outcome unblock'])(
    'edits sms-config.xml after %s: it is not touched, everything else goes back, and the appliance stays on watch',
    async (name) => {
      expect(await ended([at(name, { kind: 'edit-file' })])).toMatch(/^run: left-changed \(.*sms-config\.xml/);
    },
  );

  test('edits sms-config.xml before it is changed: the run stops there', async () => {
    expect(await ended([at('journal intent lower-retry', { kind: 'edit-file' })])).toMatch(/^run: (taken-back|left-changed)/);
  });

  test.each(['journal outcome block', 'journal outcome start-sps', 'journal outcome await-offline', 'sms unregister'])(
    'removes a registration at %s: it counts as removed, and the run goes on',
    async (name) => {
      expect(await ended([at(name, { kind: 'remove-registration', which: 0 })])).toBe('run: done');
    },
  );
});

describe('the provider', () => {
  test('is online again before anything was done: it is not stale any more, and stays registered', async () => {
    const { broken, sessions, trace } = await play([at('journal intent arm-self-revert', { kind: 'provider-back' })]);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(sessions).toEqual(['run: taken-back']);
    expect(trace).toContainEqual(expect.stringContaining('is shown online'));
    expect(trace.filter((line) => line.includes('sms unregister'))).toEqual([]);
  });

  test.each(['journal outcome block', 'journal outcome start-sps', 'journal outcome await-offline'])(
    'trusts and is trusted again at %s: it is still blocked for this vCenter, and the run goes on',
    async (name) => {
      expect(await ended([at(name, { kind: 'provider-back' })])).toBe('run: done');
    },
  );
});

describe('the answer to the disarming is lost', () => {
  test.each([
    ['the disarming itself', 'guard.sh disarm', 1],
    ['giving back the lock', 'give_lock_back "$@"', 2],
    ['the look at what is left', 'systemctl is-active "$1.timer"', 1],
  ])('that of %s: the run was done, and says so', async (_what, name, nth) => {
    const { sessions, broken, trace } = await play([at(name, { kind: 'lost', side: 'after', noticedS: 1, outageS: 5 }, nth)]);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(trace).toContainEqual(expect.stringContaining('says: connected again'));
    expect(sessions).toEqual(['run: done']);
  });
});

test('an appliance that begins to take back while it is to be armed again is waited for', async () => {
  const { sessions, broken, trace } = await play(
    [at('journal intent start-sps', { kind: 'crash', side: 'after' })],
    [{ mode: 'resume', afterS: 100, faults: [at('guard.sh status', { kind: 'delay', seconds: 160 }, 2)] }],
  );
  expect(broken, trace.join('\n')).toEqual([]);
  expect(sessions[1]).toBe('resume: taken-back');
});

test('a disarming of this run that is still under way when somebody comes to go on with it was a disarming', async () => {
  const folder = guardFolder(RUN);
  const { sessions, broken, trace } = await play(
    [at('guard.sh disarm', { kind: 'crash', side: 'before' })],
    [
      {
        mode: 'resume',
        afterS: 5,
        faults: [
          at('guard.sh take-on', { kind: 'by-hand', script: `/bin/rm ${folder}/armed` }),
          at('guard.sh status', { kind: 'by-hand', script: `/bin/sh ${guardPath(RUN)} forget` }, 2),
        ],
      },
    ],
  );
  expect(broken, trace.join('\n')).toEqual([]);
  expect(sessions[1]).toBe('resume: done');
});

test('a self-revert that for a while does not tell how it stands is asked again', async () => {
  const script = guardPath(RUN);
  const mute = `/bin/mv -f ${script} ${script}.kept; printf '%s\\n' 'exit 3' > ${script}`;
  const { sessions, broken, trace } = await play(
    [
      at('journal intent await-offline', { kind: 'sps-start', how: 'hangs', forS: 400 }),
      at('journal outcome await-offline', { kind: 'crash', side: 'after' }),
    ],
    [
      {
        mode: 'revert',
        afterS: 200,
        faults: [
          at('guard.sh status', { kind: 'by-hand', script: mute }, 3),
          at('guard.sh status', { kind: 'by-hand', script: `/bin/mv -f ${script}.kept ${script}` }, 6),
        ],
      },
    ],
  );
  expect(broken, trace.join('\n')).toEqual([]);
  expect(sessions[1]).toBe('revert: taken-back');
});

describe('a self-revert whose timer somebody stopped', () => {
  const stopTimer: Trouble = { kind: 'by-hand', script: `/bin/systemctl stop ${timerUnit(RUN)}.timer` };

  test('is made to look by whoever comes back, and ends', async () => {
    const { sessions, broken, trace } = await play(
      [
        at('journal intent await-offline', { kind: 'sps-start', how: 'hangs', forS: 1_000 }),
        at('journal outcome await-offline', { kind: 'crash', side: 'after' }),
      ],
      [{ mode: 'revert', afterS: 200, faults: [at('open', stopTimer)] }],
    );
    expect(broken, trace.join('\n')).toEqual([]);
    expect(trace).toContainEqual(expect.stringContaining('it is made to look from here'));
    expect(sessions[1]).toBe('revert: taken-back');
  });
});

describe('the same run, gone on with somewhere else', () => {
  const takeOn: Trouble = { kind: 'by-hand', script: `/bin/sh ${guardPath(RUN)} take-on two` };

  test.each(['journal outcome block', 'journal outcome await-offline', 'journal outcome restart-sps'])(
    'after %s: this session changes nothing more, and says who is obeyed',
    async (name) => {
      const { sessions, trace } = await play([at(name, takeOn)]);
      expect(sessions[0]).toMatch(/^run: left-changed \(somebody else goes on with this run/);
      const after = trace.slice(
        trace.findIndex((line) => line.includes('take-on two')),
        trace.findIndex((line) => line.includes('--- run')),
      );
      expect(after.filter((line) => /sms unregister|SPS was started/.test(line))).toEqual([]);
    },
  );
});

describe('on coming back after a loss of the connection', () => {
  const loss = at('vmon-cli --status', { kind: 'lost', side: 'before', noticedS: 1, outageS: 10 }, 20);
  const elsewhere = /^run: left-changed \(somebody else goes on with this run, or has ended it[^;]*\)$/;

  test.each([
    ['somebody has taken the run on', 'take-on two'],
    ['somebody has ended the run, and nothing of it is there', 'forget'],
  ])('%s: nothing more is done', async (_what, mode) => {
    const byHand: Trouble = { kind: 'by-hand', script: `/bin/sh ${guardPath(RUN)} ${mode}` };
    const { sessions, trace } = await play([loss, at('/bin/cat /etc/machine-id', byHand, 2)]);
    expect(sessions[0], trace.join('\n')).toMatch(elsewhere);
  });
});

describe('another machine', () => {
  test.each([
    'journal outcome lower-retry',
    'journal outcome block',
    'journal outcome stop-sps',
    'journal outcome await-offline',
  ])('answers with another host key after %s: nothing more is sent, and the appliance takes itself back', async (name) => {
    const { sessions, broken, trace, alone } = await play([at(name, { kind: 'fail-over' })]);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(sessions[0]).toMatch(/^run: left-changed/);
    expect(alone).toMatchObject({ gone: 0, retryAttempt: 99_999 });
    const after = trace.slice(trace.findIndex((line) => line.includes('fail-over')) + 1);
    const sent = after.slice(
      0,
      after.findIndex((line) => line.includes('--- ')),
    );
    expect(sent.filter((line) => line.includes('ssh ') && !line.includes('not reached'))).toEqual([]);
  });
});

test.each([0, 3])('rebooted before anything was changed: the run ends when SPS is up again (%i)', async (variant) => {
  const { sessions, broken, trace } = await play(
    [at('journal outcome arm-self-revert', { kind: 'reboot', side: 'before' })],
    [],
    variant,
  );
  expect(broken, trace.join('\n')).toEqual([]);
  expect(sessions).toEqual([expect.stringMatching(/^run: taken-back/)]);
});

test('the last one removed by somebody else while the plain removals go on: no procedure, and SPS is left alone', async () => {
  const { sessions, broken, trace, gone } = await play([at('sms unregister', { kind: 'remove-registration', which: 0 }, 2)]);
  expect(broken, trace.join('\n')).toEqual([]);
  expect({ sessions, gone }).toEqual({ sessions: ['run: done'], gone: 2 });
  expect(trace.filter((line) => line.includes('SPS was started'))).toEqual([]);
});

test('all removed by somebody else while it waits, and killed after that: SPS is left running, its restart is pending', async () => {
  const { broken, trace, alone } = await play([
    at('journal outcome start-sps', { kind: 'remove-registration', which: 0 }),
    at('journal intent await-offline', { kind: 'remove-registration', which: 1 }),
    at('journal intent unblock', { kind: 'crash', side: 'after' }),
  ]);
  expect(broken, trace.join('\n')).toEqual([]);
  expect(alone).toMatchObject({ gone: 2, starts: 0, retryAttempt: 4 });
});

describe('a second run', () => {
  test('is refused with who holds the lock and since when, and changes nothing', async () => {
    const { broken, trace, sessions } = await playStory(
      { seed: 0, variant: 0, sessions: [{ mode: 'run', afterS: 0, faults: [] }] },
      {
        verbose: true,
        prepare: ({ world, vcenter }) => {
          const content = Buffer.from('run=20261122T115000Z-vc65-9999\nowner=anna@other\nsince=2026-11-22T11:50:00Z\n');
          const file = { content, mode: 0o600, owner: 'root', mtimeMs: world.now().getTime() };
          vcenter.appliance.files.set('/root/.vasatrust/lock/owner', file);
        },
      },
    );
    expect(sessions[0]).toMatch(/^run: taken-back/);
    expect(trace.join('\n')).toMatch(/anna@other/);
    expect(trace.join('\n')).toMatch(/2026-11-22T11:50:00Z/);
    expect(broken.filter((one) => !one.includes('/root/.vasatrust/lock/owner'))).toEqual([]);
  });
});
