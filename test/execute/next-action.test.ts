import { describe, expect, test } from 'vitest';
import { nextAction } from '../../src/execute/next-action.js';
import type { CleanupStepKind } from '../../src/model/cleanup-plan.js';
import type { StepId } from '../../src/model/plan.js';
import type { Problem } from '../../src/model/problem.js';
import type { RunEvent, RunMode } from '../../src/model/run.js';
import { did, journalOf, SAMPLE_BEGIN, SAMPLE_PLAN, SAMPLE_SESSION, stepOf } from '../support/sample-journal.js';

const CT1 = 'uid-ct1';
const CT0 = 'uid-ct0';
const STILL_THERE: Problem = { code: 'fault', target: 'vc65', summary: 'still registered', remedy: '', retry: 'never' };
const BROKE: Problem = { code: 'timeout', target: 'vc65', summary: 'it broke', remedy: '', retry: 'never' };

const session = (mode: RunMode): RunEvent => ({ ...SAMPLE_SESSION, mode });
const ofUid = (kind: 'try-plain' | 'unregister', uid: string): StepId => {
  const found = SAMPLE_PLAN.steps.find((one) => one.kind === kind && 'uid' in one && one.uid === uid);
  if (!found) throw new Error(`no ${kind} of ${uid}`);
  return found.id;
};
const intent = (step: StepId, action: 'apply' | 'undo' = 'apply'): RunEvent => ({
  event: 'intent',
  step,
  action,
  captured: null,
});
const failed = (step: StepId, problem: Problem): RunEvent[] => [
  intent(step),
  { event: 'outcome', step, action: 'apply', result: 'failed', problem },
];
const removed = (uid: string, how: 'plain' | 'procedure' | 'somebody-else'): RunEvent => ({ event: 'removed', uid, how });
const unregistered = (uid: string): RunEvent[] => [
  intent(ofUid('unregister', uid)),
  removed(uid, 'procedure'),
  { event: 'outcome', step: ofUid('unregister', uid), action: 'apply', result: 'done' },
];
const looked = (kind: CleanupStepKind, state: 'in-effect' | 'not-in-effect' | 'drifted'): RunEvent => ({
  event: 'looked',
  step: stepOf(kind),
  state,
});

const BEGUN: RunEvent[] = [SAMPLE_BEGIN, SAMPLE_SESSION];
const HEAD: RunEvent[] = [...BEGUN, ...did('confirm-backup', 'already'), ...did('open-shell'), ...did('arm-self-revert')];
const TRIED: RunEvent[] = [
  ...HEAD,
  ...failed(ofUid('try-plain', CT1), STILL_THERE),
  ...failed(ofUid('try-plain', CT0), STILL_THERE),
];
const RECORDED: RunEvent[] = [...TRIED, ...did('record-state')];
const UNTIL_E: RunEvent[] = [...RECORDED, ...did('lower-retry'), ...did('block'), ...did('stop-sps'), ...did('start-sps')];
const UNTIL_GATE: RunEvent[] = [...UNTIL_E, ...did('await-offline')];
const UNTIL_F: RunEvent[] = [...UNTIL_GATE, ...unregistered(CT1), ...unregistered(CT0)];
const UNTIL_END: RunEvent[] = [
  ...UNTIL_F,
  ...did('unblock'),
  ...did('restore-retry'),
  ...did('restart-sps'),
  ...did('confirm-clean'),
  ...did('disarm-self-revert'),
];

/** `apply block`, `undo lower-retry`, `end done` … */
function next(events: readonly RunEvent[]): string {
  const action = nextAction(SAMPLE_PLAN, journalOf(events));
  switch (action.do) {
    case 'apply':
      return `apply ${action.step.id}${action.begun === undefined ? '' : ' again'}`;
    case 'look':
    case 'undo':
      return `${action.do} ${action.step.id}`;
    case 'decide':
      return `decide ${action.what.kind}${action.what.kind === 'take-back' ? ` ${action.what.why}` : ''}`;
    case 'end':
      return `end ${action.result}${action.left.length === 0 ? '' : `: ${action.left.join('; ')}`}`;
  }
}

/** What a run does from here, when everything works: the kinds of its steps. */
function path(events: readonly RunEvent[], most = 60): string[] {
  const all = [...events];
  const said: string[] = [];
  for (let turn = 0; turn < most; turn += 1) {
    const action = nextAction(SAMPLE_PLAN, journalOf(all));
    if (action.do === 'end') return [...said, `end ${action.result}`];
    said.push(action.do === 'decide' ? `decide ${action.what.kind}` : `${action.do} ${action.step.kind}`);
    switch (action.do) {
      case 'decide':
        all.push({ event: 'decided', what: action.what });
        break;
      case 'look':
        all.push({ event: 'looked', step: action.step.id, state: action.begun === undefined ? 'not-in-effect' : 'in-effect' });
        if ('uid' in action.step && action.begun !== undefined) all.push(removed(action.step.uid, 'procedure'));
        break;
      case 'undo':
        all.push(intent(action.step.id, 'undo'), { event: 'outcome', step: action.step.id, action: 'undo', result: 'done' });
        break;
      case 'apply':
        all.push(intent(action.step.id));
        if (action.step.kind === 'unregister') all.push(removed(action.step.uid, 'procedure'));
        all.push({ event: 'outcome', step: action.step.id, action: 'apply', result: 'done' });
        break;
    }
  }
  throw new Error(`no end: ${said.join(', ')}`);
}

const ENDING = ['apply unblock', 'apply restore-retry', 'apply restart-sps', 'apply confirm-clean', 'apply disarm-self-revert'];

describe('a run', () => {
  for (const [name, events, expected] of [
    ['begins with the backup', BEGUN, 'apply confirm-backup.vc65'],
    ['looks at the appliance', [...BEGUN, ...did('confirm-backup', 'already')], 'apply open-shell.vc65'],
    [
      'arms the self-revert before it changes anything',
      [...BEGUN, ...did('confirm-backup', 'already'), ...did('open-shell')],
      'apply arm-self-revert.vc65',
    ],
    ['tries the plain removal first, inactive ones first', HEAD, `apply ${ofUid('try-plain', CT1)}`],
    ['tries each of them', [...HEAD, ...failed(ofUid('try-plain', CT1), STILL_THERE)], `apply ${ofUid('try-plain', CT0)}`],
    ['then records what is there', TRIED, 'apply record-state.vc65'],
    ['changes the file', RECORDED, 'apply lower-retry.vc65'],
    ['waits at the gate', UNTIL_E, 'apply await-offline.vc65'],
    ['removes one after the other', [...UNTIL_GATE, ...unregistered(CT1)], `apply ${ofUid('unregister', CT0)}`],
    ['unblocks when all are gone', UNTIL_F, 'apply unblock.vc65'],
    ['ends', UNTIL_END, 'end done'],
    ['goes on with a step whose connection broke', [...RECORDED, intent(stepOf('lower-retry'))], 'apply lower-retry.vc65 again'],
    ['takes back when a step failed', [...RECORDED, ...failed(stepOf('lower-retry'), BROKE)], 'decide take-back step-failed'],
    [
      'goes one at a time when a registration survives the pass',
      [...UNTIL_GATE, ...failed(ofUid('unregister', CT1), STILL_THERE)],
      'decide one-at-a-time',
    ],
    [
      'takes back where nothing was asked for, also with a second registration in the pass',
      [...UNTIL_GATE, ...failed(ofUid('unregister', CT1), { ...BROKE, code: 'changed-meanwhile' })],
      'decide take-back step-failed',
    ],
    [
      'ends where the plain removal is not allowed, since the procedure ends in the same call',
      [...HEAD, ...failed(ofUid('try-plain', CT1), { ...BROKE, code: 'no-permission' })],
      'decide take-back step-failed',
    ],
    [
      'changes nothing where the plain removal of all worked',
      [...HEAD, removed(CT1, 'plain'), removed(CT0, 'plain')],
      'apply disarm-self-revert.vc65',
    ],
    [
      'is done where the plain removal of all worked',
      [...HEAD, removed(CT1, 'plain'), removed(CT0, 'plain'), ...did('disarm-self-revert')],
      'end done',
    ],
  ] as const)
    test(name, () => expect(next(events)).toBe(expected));

  test('blocks and removes only what the plain removal left', () => {
    const events = [...HEAD, removed(CT1, 'plain'), ...failed(ofUid('try-plain', CT0), STILL_THERE)];
    expect(path(events)).toEqual([
      'apply record-state',
      'apply lower-retry',
      'apply block',
      'apply stop-sps',
      'apply start-sps',
      'apply await-offline',
      'apply unregister',
      ...ENDING,
      'end done',
    ]);
    const action = nextAction(SAMPLE_PLAN, journalOf([...events, ...did('record-state'), ...did('lower-retry')]));
    expect(action).toMatchObject({ do: 'apply', step: { kind: 'block', addresses: ['10.1.2.3'] } });
  });

  test('takes each survivor in a turn of its own, the others unblocked', () => {
    const survived: RunEvent[] = [
      ...UNTIL_GATE,
      ...failed(ofUid('unregister', CT1), STILL_THERE),
      { event: 'decided', what: { kind: 'one-at-a-time', survivors: [CT1, CT0] } },
    ];
    const turn = ['apply block', 'apply stop-sps', 'apply start-sps', 'apply await-offline', 'apply unregister', 'apply unblock'];
    expect(path(survived)).toEqual(['apply unblock', ...turn, ...turn, ...ENDING.slice(1), 'end done']);
  });
});

describe('what was done by an earlier session', () => {
  test('and was not allowed then is tried once more', () => {
    const events = [...HEAD, ...failed(ofUid('try-plain', CT1), { ...BROKE, code: 'no-permission' }), session('resume')];
    const asked = [...events, ...did('open-shell'), looked('arm-self-revert', 'in-effect')];
    expect(next(asked)).toBe(`apply ${ofUid('try-plain', CT1)}`);
    const again = [...asked, ...failed(ofUid('try-plain', CT1), { ...BROKE, code: 'no-permission' })];
    expect(next(again)).toBe('decide take-back step-failed');
  });

  test('is looked at again, the login first', () => expect(next([...RECORDED, session('resume')])).toBe('apply open-shell.vc65'));

  test('is not taken for granted: the self-revert', () =>
    expect(next([...RECORDED, session('resume'), ...did('open-shell')])).toBe('look arm-self-revert.vc65'));

  const again = (events: readonly RunEvent[], ...looks: readonly RunEvent[]): RunEvent[] => [
    ...events,
    session('resume'),
    ...did('open-shell'),
    ...looks,
  ];
  for (const [name, events, expected] of [
    [
      'a removal that was under way is asked about before anything else',
      again([...UNTIL_GATE, intent(ofUid('unregister', CT1))], looked('arm-self-revert', 'in-effect')),
      `look ${ofUid('unregister', CT1)}`,
    ],
    [
      'a self-revert that is gone is armed again',
      again(UNTIL_E, looked('arm-self-revert', 'not-in-effect')),
      'apply arm-self-revert.vc65',
    ],
    [
      'a file that is back is changed again',
      again(
        UNTIL_E,
        looked('record-state', 'in-effect'),
        looked('arm-self-revert', 'in-effect'),
        looked('lower-retry', 'not-in-effect'),
      ),
      'apply lower-retry.vc65',
    ],
    [
      'a file that somebody else changed ends the run',
      again(
        UNTIL_E,
        looked('record-state', 'in-effect'),
        looked('arm-self-revert', 'in-effect'),
        looked('lower-retry', 'drifted'),
      ),
      'decide take-back drifted',
    ],
    [
      'what the gate saw is worth nothing',
      again(
        UNTIL_GATE,
        looked('record-state', 'in-effect'),
        looked('arm-self-revert', 'in-effect'),
        looked('lower-retry', 'in-effect'),
        looked('block', 'in-effect'),
        looked('start-sps', 'in-effect'),
      ),
      'apply await-offline.vc65',
    ],
    [
      'a service that was started anew is stopped and started again',
      again(
        UNTIL_GATE,
        looked('record-state', 'in-effect'),
        looked('arm-self-revert', 'in-effect'),
        looked('lower-retry', 'in-effect'),
        looked('block', 'in-effect'),
        looked('start-sps', 'not-in-effect'),
      ),
      'look stop-sps.vc65',
    ],
  ] as const)
    test(name, () => expect(next(events)).toBe(expected));

  test('when the file was put back meanwhile, all that was built on it is done again', () => {
    const events = again(
      UNTIL_GATE,
      looked('record-state', 'in-effect'),
      looked('arm-self-revert', 'in-effect'),
      looked('lower-retry', 'not-in-effect'),
    );
    expect(path(events)).toEqual([
      'apply lower-retry',
      'apply block',
      'apply stop-sps',
      'apply start-sps',
      'apply await-offline',
      'apply unregister',
      'apply unregister',
      ...ENDING,
      'end done',
    ]);
  });

  test('when all are gone, only the way back is left', () => {
    expect(path([...UNTIL_F, session('resume')])).toEqual([
      'apply open-shell',
      'look arm-self-revert',
      'look record-state',
      ...ENDING,
      'end done',
    ]);
  });
});

describe('taking back', () => {
  const asked = (events: readonly RunEvent[]) => [...events, session('revert')];

  test('is decided when it is asked for', () => expect(next(asked(UNTIL_E))).toBe('decide take-back asked'));

  for (const [name, events, expected] of [
    ['nothing is there yet', [...BEGUN, ...did('confirm-backup', 'already'), ...did('open-shell')], ['end taken-back']],
    ['nothing was changed: the self-revert', HEAD, ['undo arm-self-revert', 'end taken-back']],
    [
      'the folder of the run',
      [...TRIED, ...did('record-state')],
      ['look try-plain', 'look try-plain', 'undo arm-self-revert', 'end taken-back'],
    ],
    [
      'the file was about to be changed',
      [...RECORDED, intent(stepOf('lower-retry'))],
      ['undo lower-retry', 'undo stop-sps', 'look try-plain', 'look try-plain', 'undo arm-self-revert', 'end taken-back'],
    ],
    [
      'SPS runs, the provider is blocked',
      UNTIL_E,
      [
        'undo block',
        'undo lower-retry',
        'undo stop-sps',
        'look try-plain',
        'look try-plain',
        'undo arm-self-revert',
        'end taken-back',
      ],
    ],
    [
      'in the middle of a removal: SMS is asked when SPS is back',
      [...UNTIL_GATE, intent(ofUid('unregister', CT1))],
      [
        'undo block',
        'undo lower-retry',
        'undo stop-sps',
        'look unregister',
        'look try-plain',
        'undo arm-self-revert',
        'end removed-and-taken-back',
      ],
    ],
    [
      'registrations are gone',
      UNTIL_F,
      ['undo block', 'undo lower-retry', 'undo stop-sps', 'undo arm-self-revert', 'end removed-and-taken-back'],
    ],
  ] as const)
    test(name, () => expect(path(asked(events))).toEqual(['decide take-back', ...expected]));

  const couldNot = (kind: CleanupStepKind, problem: Problem): RunEvent[] => [
    intent(stepOf(kind), 'undo'),
    { event: 'outcome', step: stepOf(kind), action: 'undo', result: 'failed', problem },
  ];
  const decided: RunEvent = { event: 'decided', what: { kind: 'take-back', why: 'asked' } };

  test('a file that is not ours any more leaves the self-revert on watch, and is said', () => {
    const events = [
      ...asked(UNTIL_E),
      decided,
      ...did('block', 'done', 'undo'),
      ...couldNot('lower-retry', BROKE),
      ...did('stop-sps', 'done', 'undo'),
    ];
    expect(path(events)).toEqual(['look try-plain', 'look try-plain', 'end left-changed']);
  });

  test('a service that does not start is said, and the self-revert watches on', () => {
    const events = [
      ...asked(UNTIL_E),
      decided,
      ...did('block', 'done', 'undo'),
      ...did('lower-retry', 'done', 'undo'),
      ...couldNot('stop-sps', BROKE),
    ];
    expect(next(events)).toBe('end left-changed: it broke');
  });

  test('after an interrupted taking back a later session can go on to the end', () => {
    const events = [...UNTIL_E, decided, ...did('block', 'done', 'undo'), session('resume'), ...did('open-shell')];
    expect(path(events).slice(0, 6)).toEqual([
      'look arm-self-revert',
      'look record-state',
      'look lower-retry',
      'apply block',
      'apply stop-sps',
      'apply start-sps',
    ]);
  });
});

test('whatever record a journal ends with, a run, its resumption and its taking back come to an end', () => {
  for (let length = 1; length <= UNTIL_END.length; length += 1) {
    const cut = UNTIL_END.slice(0, length);
    if (length > 1) expect(path(cut).at(-1)).toBe('end done');
    expect(path([...cut, session('resume')]).at(-1), `resume at ${length}`).toBe('end done');
    expect(path([...cut, session('revert')]).at(-1), `revert at ${length}`).toMatch(
      /^end (taken-back|removed-and-taken-back|done)$/,
    );
  }
});
