import { describe, expect, test } from 'vitest';
import { guardFolder } from '../../src/execute/guard/guard-facts.js';
import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import type { LabVcenter } from '../../src/lab/world.js';
import type { Fault, PlannedSession, Trouble } from '../campaign/fault-plan.js';
import { armedThings } from '../campaign/standing.js';
import { playStory, type StoryEnd } from '../campaign/story.js';
import { RUN, type Stage, type Variant } from '../campaign/worlds.js';

const at = (name: string, trouble: Trouble, nth = 1): Fault => ({ trigger: { at: name, nth }, trouble });

interface Played extends StoryEnd {
  readonly vcenter: LabVcenter;
  /** Timers, units and watchers of ours, at the end. */
  readonly armed: readonly string[];
}

/** What an appliance is like at the end; `broken` compares it with the beginning, and here something is to be otherwise. */
async function play(variant: Variant, faults: readonly Fault[] = [], later: readonly PlannedSession[] = []): Promise<Played> {
  let stage: Stage | undefined;
  const story = await playStory(
    { seed: 0, variant: 0, sessions: [{ mode: 'run', afterS: 0, faults }, ...later] },
    { verbose: true, variant, prepare: (made) => (stage = made) },
  );
  if (stage === undefined) throw new Error('no stage');
  return { ...story, vcenter: stage.vcenter, armed: armedThings(stage.world, stage.vcenter) };
}

const fileOf = ({ appliance }: LabVcenter): string => appliance.files.get(SMS_CONFIG)?.content.toString('utf8') ?? '';
const rejected = ({ appliance }: LabVcenter): string[] => appliance.routes.filter((line) => line.startsWith('unreachable'));
const states = ({ appliance: { sps } }: LabVcenter) => ({ state: sps.state, retryAttempt: sps.retryAttempt });

/** The one with no sibling left is the active one: both go by the plain removal. */
const PLAIN_WORKS = { npeWhen: 'active-with-backup' } as const;

describe('a route that an earlier cleanup left, taken over', () => {
  const variant: Variant = {
    name: 'a route is left',
    switches: PLAIN_WORKS,
    accepts: [{ code: 'leftover-route' }],
    prepare: ({ appliance }) => {
      appliance.routes.push('unreachable 10.1.2.3');
    },
  };

  test('is removed where the plain removals make the rest needless, and SPS is left alone', async () => {
    const { sessions, gone, vcenter, armed, trace } = await play(variant);
    expect({ sessions, gone, routes: rejected(vcenter), armed }, trace.join('\n')).toEqual({
      sessions: ['run: done'],
      gone: 2,
      routes: [],
      armed: [],
    });
    expect(trace.filter((line) => line.includes('SPS was started'))).toEqual([]);
  });

  test.each([
    { stop: undefined, ends: 'run: done', left: 0 },
    { stop: 'journal outcome block', ends: 'run: removed-and-taken-back', left: 1 },
  ])('is removed where its registration went first, and another needs the procedure (stopped at $stop)', async (one) => {
    const { stop, ends, left } = one;
    const first = at('journal outcome arm-self-revert', { kind: 'remove-registration', which: 1 });
    const { sessions, gone, vcenter, armed, trace } = await play(
      { ...variant, name: 'a route is left, the plain removal never works', switches: { npeWhen: 'always' } },
      [first, ...(stop === undefined ? [] : [at(stop, { kind: 'interrupt' })])],
    );
    expect({ sessions, gone, routes: rejected(vcenter), armed }, trace.join('\n')).toEqual({
      sessions: [ends],
      gone: 2 - left,
      routes: [],
      armed: [],
    });
  });

  test('stays where arming fails: it was there before', async () => {
    const { sessions, vcenter, armed, trace } = await play(variant, [
      at('journal intent arm-self-revert', { kind: 'disk-full', forS: 300 }),
    ]);
    expect(sessions, trace.join('\n')).toEqual(['run: taken-back']);
    expect({ routes: rejected(vcenter), armed }).toEqual({ routes: ['unreachable 10.1.2.3'], armed: [] });
  });

  test.each(['journal outcome arm-self-revert', 'journal outcome try-plain', 'journal outcome record-state'])(
    'is removed where the operator stops at %s, too',
    async (name) => {
      const { sessions, vcenter, armed, trace } = await play(variant, [at(name, { kind: 'interrupt' })]);
      expect(sessions[0], trace.join('\n')).toMatch(/^run: (taken-back|done|removed-and-taken-back)$/);
      expect({ routes: rejected(vcenter), armed }).toEqual({ routes: [], armed: [] });
    },
  );
});

describe('the number that an earlier cleanup left, with --original-retry', () => {
  const variant: Variant = {
    name: 'the number is left',
    switches: PLAIN_WORKS,
    originalRetry: 99_999,
    prepare: ({ appliance }) => {
      const file = appliance.files.get(SMS_CONFIG);
      if (file) file.content = Buffer.from(file.content.toString('utf8').replace('>99999<', '>4<'));
      appliance.sps.retryAttempt = 4;
    },
  };

  test('is put right where the plain removals make the rest needless, and SPS reads it', async () => {
    const { sessions, gone, vcenter, armed, trace } = await play(variant);
    expect({ sessions, gone, armed, ...states(vcenter) }, trace.join('\n')).toEqual({
      sessions: ['run: done'],
      gone: 2,
      armed: [],
      state: 'STARTED',
      retryAttempt: 99_999,
    });
    expect(fileOf(vcenter)).toContain('>99999<');
  });

  test.each([
    { name: 'journal intent restart-sps', mode: 'resume', retryAttempt: 99_999 },
    { name: 'journal intent restart-sps', mode: 'revert', retryAttempt: undefined },
    { name: 'detach start', mode: 'resume', retryAttempt: 99_999 },
    { name: 'detach start', mode: 'revert', retryAttempt: undefined },
    { name: 'journal outcome restart-sps', mode: 'resume', retryAttempt: 99_999 },
    { name: 'guard.sh disarm', mode: 'resume', retryAttempt: 99_999 },
    { name: 'journal outcome disarm-self-revert', mode: 'resume', retryAttempt: 99_999 },
    { name: 'journal end', mode: 'resume', retryAttempt: 99_999 },
    { name: 'journal outcome disarm-self-revert', mode: 'revert', retryAttempt: 99_999 },
  ] as const)('killed at $name, then $mode: SPS runs, and nothing of ours is left', async ({ name, mode, retryAttempt }) => {
    const { sessions, vcenter, armed, trace } = await play(
      variant,
      [at(name, { kind: 'crash', side: 'before' })],
      [{ mode, afterS: 5, faults: [] }],
    );
    expect(sessions[1], trace.join('\n')).toBe(mode === 'resume' ? 'resume: done' : 'revert: removed-and-taken-back');
    expect({ armed, state: vcenter.appliance.sps.state }).toEqual({ armed: [], state: 'STARTED' });
    if (retryAttempt !== undefined) expect(states(vcenter).retryAttempt).toBe(retryAttempt);
  });

  test.each(['removing array1-CT0', 'journal outcome try-plain'])(
    'stopped by the operator at %s, the last: what it says is what is so',
    async (name) => {
      const { sessions, vcenter, armed, trace } = await play(variant, [
        at(name.startsWith('removing') ? 'sms unregister' : name, { kind: 'interrupt' }, 2),
      ]);
      expect(sessions, trace.join('\n')).toEqual(['run: done']);
      expect({ armed, ...states(vcenter) }).toEqual({ armed: [], state: 'STARTED', retryAttempt: 99_999 });
    },
  );

  test('killed at the stop and nobody comes back: the appliance starts SPS by itself', async () => {
    const { alone, vcenter, trace } = await play(variant, [at('detach start', { kind: 'crash', side: 'before' })]);
    expect(alone?.starts, trace.join('\n')).toBe(1);
    expect(vcenter.appliance.sps.state).toBe('STARTED');
  });
});

test('SPS that is started while the file is somebody else’s is not taken for one that read the original', async () => {
  const { sessions, vcenter, trace } = await play(
    { name: 'as usual' },
    [at('journal intent stop-sps', { kind: 'interrupt' }), at('journal outcome stop-sps', { kind: 'edit-file' })],
    [
      {
        mode: 'revert',
        afterS: 60,
        faults: [at('open', { kind: 'by-hand', script: `/bin/cp -p ${guardFolder(RUN)}/sms-config.xml.orig ${SMS_CONFIG}` })],
      },
    ],
  );
  expect(sessions[0], trace.join('\n')).toMatch(/^run: left-changed \(.*sms-config\.xml/);
  expect(trace).toContainEqual(expect.stringContaining('what it read is not proven'));
  expect(sessions[1], trace.join('\n')).toBe('revert: taken-back');
  expect(states(vcenter)).toEqual({ state: 'STARTED', retryAttempt: 99_999 });
});
