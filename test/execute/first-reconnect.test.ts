import { describe, expect, test } from 'vitest';
import { tryReconnect } from '../../src/execute/first-reconnect.js';
import type { StepOf } from '../../src/execute/step-handler.js';
import type { SpsSwitches } from '../../src/lab/world.js';
import { type AgainStage, callsOf, carryStep, ID, MemoryJournal, openAgainStage, openTarget } from '../support/again-stage.js';

const STEP = {
  kind: 'try-reconnect',
  id: ID,
  uid: 'uid-old',
  name: 'array1-CT0',
  wait: { until: 'online', least: 0, most: 60, every: 2 },
} as StepOf<'try-reconnect'>;

/** The other vCenter took it; this one has seen that for a while. */
async function lostStage(statusOfUntrusted: SpsSwitches['statusOfUntrusted']): Promise<AgainStage> {
  const stage = await openAgainStage({ switches: { statusOfUntrusted, rootsAtProvider: 'add' } });
  const { builder, vcenter, other, provider, clock } = stage;
  builder.register(vcenter, provider, { uid: 'uid-old' });
  builder.register(other, provider);
  const { target } = await openTarget(stage);
  for (let turn = 0; turn < 5; turn += 1) {
    await clock.run(target.sms((sms) => sms.registrations()));
    await clock.advance(10_000);
  }
  return stage;
}

async function reconnect(stage: AgainStage, journal = new MemoryJournal()) {
  const target = await openTarget(stage, { journal });
  return { ...(await carryStep(tryReconnect, STEP, target, stage.clock)), ...target };
}

const trustAgain = ({ vcenter, other }: AgainStage) => vcenter.trustedRoots.push(other.vmca.certificate);
const reconnected = ({ entries }: MemoryJournal) => entries.filter((one) => one.event === 'decided').map(({ what }) => what);

describe('Reconnect as the first rung', () => {
  test('disconnected, and trusted by now: online again, and the run leaves it alone', async () => {
    const stage = await lostStage('disconnected');
    trustAgain(stage);
    const served = stage.provider.served.identity.certificate;
    const { look, applied, journal } = await reconnect(stage);
    expect(look).toMatchObject({ value: { state: 'not-in-effect', found: { status: 'disconnected' } } });
    expect(applied).toMatchObject({ ok: true, value: { status: 'online' } });
    expect(reconnected(journal)).toEqual([{ kind: 'reconnected', uid: 'uid-old' }]);
    expect(callsOf(stage, 'VasaProviderReconnect_Task')).toBe(1);
    // It signs nothing: what the provider serves is what it served.
    expect(stage.provider.served.identity.certificate).toBe(served);
    const again = await reconnect(stage, journal);
    expect(again.look).toMatchObject({ value: { state: 'in-effect' } });
    expect(reconnected(journal)).toHaveLength(1);
  });

  test('offline: nothing is sent, and the run goes on', async () => {
    const stage = await lostStage('offline');
    const { applied, journal } = await reconnect(stage);
    expect(applied).toMatchObject({ ok: false, error: { kind: 'failed', problem: { code: 'not-attempted' } } });
    expect([callsOf(stage, 'VasaProviderReconnect_Task'), reconnected(journal)]).toEqual([0, []]);
  });

  test('still not trusted: the step fails, and the run goes on', async () => {
    const stage = await lostStage('disconnected');
    const { applied, journal } = await reconnect(stage);
    expect(applied).toMatchObject({ ok: false, error: { kind: 'failed' } });
    expect(reconnected(journal)).toEqual([]);
  });

  test('gone meanwhile: nothing is sent', async () => {
    const stage = await lostStage('disconnected');
    stage.vcenter.registrations.length = 0;
    const { applied } = await reconnect(stage);
    expect(applied).toMatchObject({ ok: false, error: { problem: { summary: expect.stringContaining('not listed') } } });
    expect(callsOf(stage, 'VasaProviderReconnect_Task')).toBe(0);
  });

  test('online by itself: nothing is sent, and the run leaves it alone', async () => {
    const stage = await openAgainStage();
    stage.builder.register(stage.vcenter, stage.provider, { uid: 'uid-old' });
    const { look, journal } = await reconnect(stage);
    expect(look).toMatchObject({ value: { state: 'in-effect' } });
    expect(reconnected(journal)).toEqual([{ kind: 'reconnected', uid: 'uid-old' }]);
    expect(callsOf(stage, 'VasaProviderReconnect_Task')).toBe(0);
  });
});
