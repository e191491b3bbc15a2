import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { mintCa, mintLeaf } from '../../src/lab/pki.js';
import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import { beginStart, beginStop, findTask, isServing, settle, startUnregister, statusOf } from '../../src/lab/sps-model.js';
import type { SpsSwitches } from '../../src/lab/world.js';
import {
  block,
  estate,
  finish,
  restart,
  START,
  setRetryAttempt,
  shown,
  TIMING,
  unblock,
  unregister,
} from '../support/sps-estate.js';

describe('what SMS shows', () => {
  test('a provider that verifies both ways is online, with a certificate in good order', async () => {
    const at = await estate();
    expect(statusOf(at.world, at.loser, at.lost(at.array2[0]))).toEqual({
      status: 'online',
      certificateStatus: 'valid',
      retained: false,
    });
  });

  for (const status of ['offline', 'disconnected'] as const) {
    test(`a provider signed by another VMCA is ${status} where the switch says so`, async () => {
      const at = await estate({ statusOfUntrusted: status });
      const answer = statusOf(at.world, at.loser, at.lost(at.array1[0]));
      expect(answer.status).toBe(status);
      expect(answer.certificateStatus).toBe('invalid');
      expect(answer.fault?.certificate).toBe(status === 'disconnected' ? at.array1[0].served.identity.certificate : undefined);
    });
  }

  test('a certificate under the name of our CA, made by another key, is not ours', async () => {
    const at = await estate();
    const [provider] = at.array2;
    const impostor = await mintCa({ subject: at.loser.vmca.subject, keyKind: 'ec', now: at.world.now() });
    const forged = await mintLeaf({
      subject: `CN=${provider.host}`,
      issuer: impostor,
      keyKind: 'ec',
      san: [provider.host],
      now: at.world.now(),
    });
    provider.served = { identity: forged, chain: [forged.certificate] };
    expect(shown(at, at.lost(provider))).toBe('offline');
  });

  test('a provider that refuses our client certificate is untrusted too', async () => {
    const at = await estate({ statusOfUntrusted: 'disconnected' });
    const [provider] = at.array2;
    provider.clientRoots.splice(0, provider.clientRoots.length, at.winner.vmca.certificate);
    expect(statusOf(at.world, at.loser, at.lost(provider))).toMatchObject({
      status: 'disconnected',
      fault: { type: 'ProviderConnectionFailed' },
    });
  });

  for (const flag of ['as-provider', 'true', 'false', 'absent'] as const) {
    test(`retainVasaProviderCertificate is sent as the switch ${flag} says`, async () => {
      const at = await estate({ retainFlag: flag });
      const expected = { 'as-provider': false, true: true, false: false, absent: undefined }[flag];
      expect(statusOf(at.world, at.loser, at.lost(at.array2[0])).retained).toBe(expected);
    });
  }

  for (const [days, status] of [
    [300, 'valid'],
    [100, 'expirySoftLimitReached'],
    [10, 'expiryHardLimitReached'],
    [-1, 'expired'],
  ] as const) {
    test(`${days} days before its end a stored certificate is ${status}`, async () => {
      const at = await estate();
      const registration = at.lost(at.array2[0]);
      const certificate = registration.certificate ?? '';
      const end = new Date(new X509Certificate(Buffer.from(certificate, 'base64')).validTo).getTime();
      statusOf(at.world, at.loser, registration);
      at.array2[0].up = false;
      settle(at.world);
      at.advance(end - START - days * 86_400_000);
      expect(statusOf(at.world, at.loser, registration).certificateStatus).toBe(status);
    });
  }
});

describe('a provider that cannot be reached', () => {
  const GATES = {
    retry: { atOnce: false, afterPoll: false, afterRetries: true },
    poll: { atOnce: false, afterPoll: true, afterRetries: true },
    restart: { atOnce: true, afterPoll: true, afterRetries: true },
  } as const;
  for (const [offlineGate, expected] of Object.entries(GATES) as [SpsSwitches['offlineGate'], (typeof GATES)['retry']][]) {
    for (const statusWhileRetrying of ['offline', 'unknown', 'online'] as const) {
      test(`blocked before a restart, gate ${offlineGate}: shows ${statusWhileRetrying} until the gate opens, then offline`, async () => {
        const at = await estate({ offlineGate, statusWhileRetrying });
        const registration = at.lost(at.array1[0]);
        block(at, at.array1[0]);
        setRetryAttempt(at, 4);
        restart(at);
        expect(registration.session?.view).toBe(expected.atOnce ? 'offline' : 'retrying');
        expect(shown(at, registration)).toBe(expected.atOnce ? 'offline' : statusWhileRetrying);
        at.advance(TIMING.pollMs);
        settle(at.world);
        expect(registration.session?.view).toBe(expected.afterPoll ? 'offline' : 'retrying');
        at.advance(4 * 30_000 - TIMING.pollMs - 1);
        settle(at.world);
        expect(registration.session?.view).toBe(offlineGate === 'retry' ? 'retrying' : 'offline');
        at.advance(1);
        expect(shown(at, registration)).toBe('offline');
        expect(registration.session?.view).toBe('offline');
      });
    }
  }

  test('with the usual 99999 attempts the gate of retries stays shut for a month', async () => {
    const at = await estate({ statusWhileRetrying: 'unknown' });
    block(at, at.array1[0]);
    restart(at);
    at.advance(30 * 86_400_000);
    expect(shown(at, at.lost(at.array1[0]))).toBe('unknown');
  });

  test('lost while healthy it is retried, and comes back by itself', async () => {
    const at = await estate({ statusWhileRetrying: 'unknown' });
    const registration = at.lost(at.array2[0]);
    expect(shown(at, registration)).toBe('online');
    block(at, at.array2[0]);
    expect(shown(at, registration)).toBe('unknown');
    unblock(at);
    expect(shown(at, registration)).toBe('online');
  });

  test('an array that is down is a question of reaching it, not of trust', async () => {
    const at = await estate();
    at.array2[0].up = false;
    expect(shown(at, at.lost(at.array2[0]))).toBe('offline');
    expect(at.lost(at.array2[0]).session?.view).toBe('retrying');
  });

  test('blocking changes nothing for an untrusted one until SPS starts anew', async () => {
    const at = await estate();
    const registration = at.lost(at.array1[0]);
    settle(at.world);
    block(at, at.array1[0]);
    at.advance(3_600_000);
    settle(at.world);
    expect(registration.session?.view).toBe('untrusted');
  });

  test('unblocked too early it is untrusted again', async () => {
    const at = await estate({ offlineGate: 'restart' });
    const registration = at.lost(at.array1[0]);
    block(at, at.array1[0]);
    restart(at);
    expect(registration.session?.view).toBe('offline');
    unblock(at);
    settle(at.world);
    expect(registration.session?.view).toBe('untrusted');
  });
});

describe('unregister', () => {
  const NPE = {
    backup: { active: true, inactive: true, alone: false },
    'active-with-backup': { active: true, inactive: false, alone: false },
    always: { active: true, inactive: true, alone: true },
  } as const;
  for (const [npeWhen, fails] of Object.entries(NPE) as [SpsSwitches['npeWhen'], (typeof NPE)['backup']][]) {
    for (const npeShows of ['complete', 'fault'] as const) {
      for (const [which, index] of [
        ['active', 0],
        ['inactive', 1],
      ] as const) {
        test(`untrusted and ${which}, switch ${npeWhen}: ${fails[which] ? `survives as ${npeShows}` : 'is removed'}`, async () => {
          const at = await estate({ npeWhen, npeShows });
          const { task, gone } = unregister(at, at.lost(at.array1[index]));
          expect(gone).toBe(!fails[which]);
          expect(task.state).toBe(fails[which] && npeShows === 'fault' ? 'error' : 'success');
          if (task.state === 'error') expect(task.error?.type).toBe('ProviderUnregistrationFault');
        });
      }
    }
    test(`untrusted and alone on its array, switch ${npeWhen}: ${fails.alone ? 'survives' : 'is removed'}`, async () => {
      const at = await estate({ npeWhen }, { both: false });
      expect(unregister(at, at.lost(at.array1[0])).gone).toBe(!fails.alone);
    });
  }

  test('a healthy one is removed, and its sibling becomes active', async () => {
    const at = await estate();
    expect(unregister(at, at.lost(at.array2[0]))).toMatchObject({ gone: true, task: { state: 'success' } });
    expect(at.lost(at.array2[1]).active).toBe(true);
  });

  test('one that is being retried fails like an untrusted one', async () => {
    const at = await estate({ statusWhileRetrying: 'offline' });
    block(at, at.array1[0]);
    setRetryAttempt(at, 4);
    restart(at);
    expect(shown(at, at.lost(at.array1[0]))).toBe('offline');
    expect(unregister(at, at.lost(at.array1[0])).gone).toBe(false);
  });

  for (const offlineGate of ['retry', 'restart', 'poll'] as const) {
    for (const npeWhen of ['backup', 'active-with-backup', 'always'] as const) {
      test(`offline, the procedure has worked: gate ${offlineGate}, switch ${npeWhen}`, async () => {
        const at = await estate({ offlineGate, npeWhen });
        block(at, at.array1[0]);
        setRetryAttempt(at, 4);
        restart(at);
        at.advance(4 * 30_000);
        expect(shown(at, at.lost(at.array1[0]))).toBe('offline');
        expect(unregister(at, at.lost(at.array1[0])).gone).toBe(true);
      });
    }
  }

  for (const npeWhenAllBlocked of ['gone', 'persists'] as const) {
    test(`both controllers blocked: ${npeWhenAllBlocked}; with one unblocked again the other goes in any case`, async () => {
      const at = await estate({ npeWhenAllBlocked, offlineGate: 'restart' });
      block(at, ...at.array1);
      restart(at);
      const [ct0, ct1] = at.array1.map((provider) => at.lost(provider));
      if (!ct0 || !ct1) throw new Error('not registered');
      expect(unregister(at, ct1).gone).toBe(npeWhenAllBlocked === 'gone');
      if (npeWhenAllBlocked === 'gone') return;
      unblock(at);
      block(at, at.array1[1]);
      restart(at);
      expect(unregister(at, ct1).gone).toBe(true);
    });
  }

  test('an unknown uid is NotFound', async () => {
    const at = await estate();
    expect(finish(at, startUnregister(at.world, at.loser, 'no-such-uid'))).toMatchObject({
      state: 'error',
      error: { type: 'NotFound' },
    });
  });
});

describe('a task', () => {
  test('is queued, runs and ends by the clock alone', async () => {
    const at = await estate();
    const task = startUnregister(at.world, at.loser, at.lost(at.array2[1]).uid);
    const state = () => findTask(at.world, at.loser, task.key)?.state;
    expect(state()).toBe('queued');
    at.advance(1_000);
    expect(state()).toBe('running');
    at.advance(2_999);
    expect(state()).toBe('running');
    at.advance(1);
    expect(state()).toBe('success');
    expect(findTask(at.world, at.loser, task.key)).toMatchObject({
      startMs: START + 1_000,
      completionMs: START + 4_000,
      progress: 100,
    });
  });

  test('dies with the SPS process it lives in', async () => {
    const at = await estate();
    const registration = at.lost(at.array2[1]);
    const task = startUnregister(at.world, at.loser, registration.uid);
    beginStop(at.world, at.loser);
    at.advance(60_000);
    settle(at.world);
    expect(findTask(at.world, at.loser, task.key)).toBeUndefined();
    expect(at.loser.registrations).toContain(registration);
  });
});

describe('SPS', () => {
  test('stops and starts in its time: first nothing, then not initialized, then up', async () => {
    const at = await estate();
    const serving = () => isServing(at.world, at.loser);
    const { sps } = at.loser.appliance;
    const pid = sps.pid;
    expect(serving()).toBe('up');
    beginStop(at.world, at.loser);
    expect([serving(), sps.state]).toEqual(['down', 'STOPPING']);
    expect(beginStart(at.world, at.loser)).toBe(false);
    at.advance(TIMING.spsStopMs);
    expect([serving(), sps.state]).toEqual(['down', 'STOPPED']);
    expect(beginStart(at.world, at.loser)).toBe(true);
    expect([serving(), sps.state]).toEqual(['down', 'STARTING']);
    expect(beginStop(at.world, at.loser)).toBe(false);
    at.advance(TIMING.spsStartMs);
    expect([serving(), sps.state, sps.health]).toEqual(['starting', 'STARTED', 'UNHEALTHY']);
    at.advance(TIMING.spsStartMs / 4);
    expect([serving(), sps.health]).toEqual(['up', 'HEALTHY']);
    expect(sps.pid).not.toBe(pid);
  });

  test('reads sms-config.xml when it starts and not before', async () => {
    const at = await estate();
    setRetryAttempt(at, 4);
    settle(at.world);
    expect(at.loser.appliance.sps.retryAttempt).toBe(99_999);
    restart(at);
    expect(at.loser.appliance.sps.retryAttempt).toBe(4);
  });

  for (const [name, text] of [
    [
      'is not well-formed',
      '<a><qsConnection><retryAttempt>4</retryAttempt> <--Here<retryInterval>30</retryInterval></qsConnection></a>',
    ],
    ['has no qsConnection', '<a/>'],
    [
      'says it twice',
      '<a><qsConnection><retryAttempt>4</retryAttempt><retryAttempt>5</retryAttempt><retryInterval>30</retryInterval></qsConnection></a>',
    ],
    ['is empty', ''],
  ] as const) {
    test(`does not start with a file that ${name}`, async () => {
      const at = await estate();
      const file = at.loser.appliance.files.get(SMS_CONFIG);
      if (!file) throw new Error('no file');
      file.content = Buffer.from(text);
      restart(at);
      expect(at.loser.appliance.sps.state).toBe('STOPPED');
      expect(isServing(at.world, at.loser)).toBe('down');
    });
  }

  for (const [how, state, health] of [
    ['hangs', 'STARTING', 'UNHEALTHY'],
    ['fails', 'STOPPED', 'UNHEALTHY'],
    ['unhealthy', 'STARTED', 'UNHEALTHY'],
  ] as const) {
    test(`a start that ${how} leaves it ${state}`, async () => {
      const at = await estate();
      at.world.faults.push({ kind: 'sps-start', where: at.loser.id, how });
      restart(at);
      at.advance(86_400_000);
      settle(at.world);
      expect(at.loser.appliance.sps).toMatchObject({ state, health });
    });
  }
});
