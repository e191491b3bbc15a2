import { afterEach, describe, expect, test } from 'vitest';
import { type LabOptions, type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabVcenter } from '../../src/lab/world.js';
import type { CleanupPlan } from '../../src/model/cleanup-plan.js';
import { vcenterId } from '../../src/model/ids.js';
import { type CleanupRequest, planCleanup } from '../../src/plan/plan-cleanup.js';
import { type Hands, lookFor, openHands } from '../support/play-cleanup.js';

/** A second of SPS's retry interval is a millisecond here. */
const QUICK = { spsStopMs: 15, spsStartMs: 40, pollMs: 10, taskMs: 5, retrySecondMs: 1 };
const CT0 = '453d453a-ac19-4bf5-b1f7-7252ad84950a';
const CT1 = 'b1801691-98a2-4484-b156-f91e55ca54c6';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const onFirst =
  (change: (appliance: LabVcenter['appliance']) => void): NonNullable<LabOptions['prepare']> =>
  ({ vcenters: [first] }) => {
    if (first) change(first.appliance);
  };

async function start(scenario: string, options: LabOptions = {}): Promise<RunningLab> {
  const lab = await startLab(scenario, { ...options, timing: { ...QUICK, ...options.timing } });
  open.push(() => lab.close());
  return lab;
}

async function planFor(lab: RunningLab, request: Partial<CleanupRequest> = {}): Promise<CleanupPlan> {
  const { inventory, probes } = await lookFor(lab, request.vcenter ?? 'vc65');
  const answer = planCleanup(
    inventory,
    { vcenter: vcenterId('vc65'), accepted: [{ code: 'dependents-running' }], purpose: 'show', madeBy: 'test', ...request },
    probes,
  );
  if (answer.kind !== 'plan') throw new Error(JSON.stringify(answer, null, 1));
  return answer.plan;
}

async function handsAt(lab: RunningLab, vcenter = 'vc65'): Promise<Hands> {
  const hands = await openHands(lab, vcenter);
  open.push(() => hands.close());
  return hands;
}

const vc65 = (lab: RunningLab): LabVcenter => {
  const found = lab.world.vcenters.find(({ id }) => id === 'vc65');
  if (!found) throw new Error('no vc65');
  return found;
};

/** Everything a cleanup has to leave as it was, but for the registrations in `removed`. */
function standing(lab: RunningLab, removed: readonly string[] = []) {
  return {
    vcenters: lab.world.vcenters.map(({ id, registrations, appliance, vecs, trustedRoots }) => ({
      id,
      registrations: registrations.filter(({ uid }) => !removed.includes(uid)).map(({ uid, name, url }) => ({ uid, name, url })),
      files: [...appliance.files]
        .map(([path, { content, mode, owner, mtimeMs }]) => [path, content.toString('base64'), mode, owner, mtimeMs])
        .sort(),
      routes: appliance.routes,
      units: appliance.units,
      sps: [appliance.sps.state, appliance.sps.health, appliance.sps.retryAttempt],
      stores: [...vecs].map(([store, entries]) => [store, entries.length]),
      roots: trustedRoots.length,
    })),
    providers: lab.world.providers.map(({ name, served, clientRoots }) => [
      name,
      served.identity.certificate,
      clientRoots.length,
    ]),
  };
}

const uidsOf = (lab: RunningLab) =>
  vc65(lab)
    .registrations.filter(({ category }) => category === 'external')
    .map(({ uid }) => uid);

describe.each(['appliancesh', 'bash'] as const)('the runbook, done by hand on %s', (shell) => {
  test('the plain removal fails as published, the procedure succeeds, and all else is as before', async () => {
    const lab = await start('clash', { prepare: onFirst((appliance) => Object.assign(appliance, { shell })) });
    const before = standing(lab, [CT0, CT1]);
    const holders = lab.world.vcenters[1]?.registrations.map(({ uid }) => uid);
    const plan = await planFor(lab);
    const hands = await handsAt(lab);
    for (const step of plan.steps.filter(({ kind }) => kind === 'try-plain')) expect(await hands.play(step)).toHaveLength(1);
    expect(vc65(lab).appliance.sps.log.join('\n')).toMatch(
      /Error while removing an entry for the provider in the providerCache - java\.lang\.NullPointerException[\s\S]*flushEventQueue[\s\S]*Marked SmsTask-\d+ as complete/,
    );
    expect(uidsOf(lab)).toEqual(expect.arrayContaining([CT0, CT1]));
    for (const step of plan.steps.filter(({ kind }) => kind !== 'try-plain')) expect(await hands.play(step)).toEqual([]);
    expect(uidsOf(lab)).toHaveLength(2);
    expect(standing(lab, [CT0, CT1])).toEqual(before);
    expect(lab.world.vcenters[1]?.registrations.map(({ uid }) => uid)).toEqual(holders);
  });
});

describe('going back', () => {
  for (const last of ['lower-retry', 'block', 'stop-sps', 'await-offline'] as const)
    test(`after ${last} the undo of every step brings all back`, async () => {
      const lab = await start('clash');
      const before = standing(lab);
      const plan = await planFor(lab);
      const hands = await handsAt(lab);
      const steps = plan.steps.filter(({ kind }) => kind !== 'try-plain' && kind !== 'confirm-backup');
      const until = steps.findIndex(({ kind }) => kind === last);
      for (const step of steps.slice(0, until + 1)) expect(await hands.play(step)).toEqual([]);
      const stopped = last === 'stop-sps';
      for (const step of steps.slice(0, until + 1).reverse())
        if (step.kind !== 'stop-sps' && step.kind !== 'record-state') await hands.undo(step);
      const restart = steps.find(({ kind }) => kind === 'restart-sps');
      const begin = steps.find(({ kind }) => kind === 'start-sps');
      const again = stopped ? begin : last === 'await-offline' ? restart : undefined;
      if (again) expect(await hands.play(again)).toEqual([]);
      const record = steps.find(({ kind }) => kind === 'record-state');
      if (record) await hands.undo(record);
      expect(standing(lab)).toEqual(before);
    });
});

describe('whatever nobody has proven about SPS', () => {
  test('where two blocked registrations survive one pass, they go one at a time', async () => {
    const lab = await start('clash', { switches: { npeWhenAllBlocked: 'persists' } });
    const before = standing(lab, [CT0, CT1]);
    const plan = await planFor(lab);
    const hands = await handsAt(lab);
    const pass = plan.steps.filter(({ kind }) => kind !== 'try-plain');
    const removal = pass.findIndex(({ kind }) => kind === 'unregister');
    for (const step of pass.slice(0, removal)) expect(await hands.play(step)).toEqual([]);
    const [first] = pass.slice(removal);
    expect(first && (await hands.play(first))).toHaveLength(1);
    for (const step of plan.ifOneSurvives) expect(await hands.play(step)).toEqual([]);
    expect(standing(lab, [CT0, CT1])).toEqual(before);
    expect(uidsOf(lab)).toHaveLength(2);
  });

  for (const [name, switches] of [
    ['the gate is a restart', { offlineGate: 'restart' }],
    ['the gate is a poll', { offlineGate: 'poll' }],
    ['a provider that is retried is shown unknown', { statusWhileRetrying: 'unknown' }],
    ['a provider that is retried is shown online', { statusWhileRetrying: 'online' }],
    ['an untrusted provider is shown disconnected', { statusOfUntrusted: 'disconnected' }],
    ['the task ends in a fault', { npeShows: 'fault' }],
    ['every untrusted removal fails', { npeWhen: 'always' }],
    ['only the active one fails', { npeWhen: 'active-with-backup' }],
  ] as const)
    test(`${name}: one at a time works too`, async () => {
      const lab = await start('clash', { switches });
      const before = standing(lab, [CT0, CT1]);
      const plan = await planFor(lab, { oneAtATime: true });
      expect(plan.strategy).toBe('one-at-a-time');
      const hands = await handsAt(lab);
      for (const step of plan.steps.filter(({ kind }) => kind !== 'try-plain')) expect(await hands.play(step)).toEqual([]);
      expect(standing(lab, [CT0, CT1])).toEqual(before);
    });
});

describe('other appliances', () => {
  test('without ip the routes are made and removed by route', async () => {
    const lab = await start('clash', { prepare: onFirst((appliance) => Object.assign(appliance, { hasIp: false })) });
    const before = standing(lab, [CT0, CT1]);
    const plan = await planFor(lab);
    expect(plan.steps.find(({ kind }) => kind === 'block')?.do.map((act) => act.by === 'ssh' && act.argv.join(' '))).toEqual([
      '/sbin/route add -host 10.1.2.4 reject',
      '/sbin/route add -host 10.1.2.3 reject',
    ]);
    const hands = await handsAt(lab);
    for (const step of plan.steps.filter(({ kind }) => kind !== 'try-plain')) expect(await hands.play(step)).toEqual([]);
    expect(standing(lab, [CT0, CT1])).toEqual(before);
  });

  test('a file with CRLF and no end of line is put back byte for byte', async () => {
    const lab = await start('clash', {
      prepare: ({ vcenters }) => {
        const file = vcenters[0]?.appliance.files.get('/usr/lib/vmware-vpx/sps/conf/sms-config.xml');
        if (file) file.content = Buffer.from(file.content.toString('utf8').trimEnd().replaceAll('\n', '\r\n'));
      },
    });
    const before = standing(lab, [CT0, CT1]);
    const plan = await planFor(lab);
    const hands = await handsAt(lab);
    for (const step of plan.steps.filter(({ kind }) => kind !== 'try-plain')) expect(await hands.play(step)).toEqual([]);
    expect(standing(lab, [CT0, CT1])).toEqual(before);
  });

  test('retryAttempt that says 4 already ends at what the operator says it was', async () => {
    const lab = await start('clash', {
      prepare: ({ vcenters }) => {
        const appliance = vcenters[0]?.appliance;
        const file = appliance?.files.get('/usr/lib/vmware-vpx/sps/conf/sms-config.xml');
        if (file) file.content = Buffer.from(file.content.toString('utf8').replace('>99999<', '>4<'));
        if (appliance) appliance.sps.retryAttempt = 4;
      },
    });
    const plan = await planFor(lab, { originalRetry: 99_999 });
    const hands = await handsAt(lab);
    for (const step of plan.steps.filter(({ kind }) => kind !== 'try-plain')) expect(await hands.play(step)).toEqual([]);
    const { files, sps } = vc65(lab).appliance;
    expect(files.get('/usr/lib/vmware-vpx/sps/conf/sms-config.xml')?.content.toString('utf8')).toContain('>99999<');
    expect(sps.retryAttempt).toBe(99_999);
  });

  test('a provider by IPv6 address', async () => {
    const lab = await start('ipv6');
    const plan = await planFor(lab, { vcenter: vcenterId('vca') });
    const gone = plan.removals.map(({ uid }) => uid);
    expect(plan.addresses.map(({ address }) => address).sort()).toEqual(['fd00:1::10', 'fd00:1::11']);
    const before = standing(lab, gone);
    const hands = await handsAt(lab, 'vca');
    for (const step of plan.steps.filter(({ kind }) => kind !== 'try-plain')) expect(await hands.play(step)).toEqual([]);
    expect(standing(lab, gone)).toEqual(before);
  });

  test('where the plain removal takes one of the two, the procedure takes the other', async () => {
    const lab = await start('clash', { switches: { npeWhen: 'active-with-backup' } });
    const before = standing(lab, [CT0, CT1]);
    const plan = await planFor(lab);
    const hands = await handsAt(lab);
    const [first] = plan.steps.filter(({ kind }) => kind === 'try-plain');
    expect(first && (await hands.play(first))).toEqual([]);
    expect(uidsOf(lab)).not.toContain(CT1);
    for (const step of plan.steps.filter(({ kind }) => kind !== 'try-plain')) expect(await hands.play(step)).toEqual([]);
    expect(standing(lab, [CT0, CT1])).toEqual(before);
  });
});
