import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Registering, SmsAccess } from '../../src/execute/ports.js';
import { reRegister } from '../../src/execute/re-register.js';
import type { StepOf } from '../../src/execute/step-handler.js';
import type { NewRegistration } from '../../src/model/cleanup-plan.js';
import { derBytes } from '../../src/model/ids.js';
import { err, ok } from '../../src/model/problem.js';
import {
  type AgainOptions,
  type AgainStage,
  callsOf,
  carryStep,
  giveOutsideCertificate,
  ID,
  MemoryJournal,
  newRegistration,
  openAgainStage,
  openTarget,
  person,
  shaOf,
} from '../support/again-stage.js';

const stepFor = (registration: NewRegistration): StepOf<'re-register'> =>
  ({
    kind: 're-register',
    id: ID,
    uid: 'uid-old',
    name: registration.name,
    registration,
    wait: { until: 'online', least: 0, most: 480, every: 2 },
  }) as StepOf<'re-register'>;

async function register(stage: AgainStage, facts: Partial<NewRegistration> = {}, options: AgainOptions = {}) {
  const registering = options.registering ?? person(stage.provider.credentials.password);
  const target = await openTarget(stage, { ...options, registering });
  const { look, applied } = await carryStep(reRegister, stepFor(newRegistration(stage, facts)), target, stage.clock);
  const problem = applied !== undefined && !applied.ok ? applied.error.problem : undefined;
  return { look, applied, problem, ...target };
}

const online = (stage: AgainStage) => stage.vcenter.registrations.map(({ name }) => name);

describe('the certificate is confirmed first', () => {
  test('one question, with the fingerprints of what is served; then it is registered with that very certificate', async () => {
    const stage = await openAgainStage();
    const served = stage.provider.served.identity.certificate;
    const asked = person(stage.provider.credentials.password);
    const { applied, said } = await register(stage, {}, { registering: asked });
    expect(applied).toMatchObject({ ok: true, value: { status: 'online', inaccessible: [] } });
    expect(asked.questions).toHaveLength(1);
    expect(asked.questions[0]).toMatchObject({ sha256: shaOf(served), registration: { name: 'array1-CT0' } });
    const sha1 = createHash('sha1').update(derBytes(served)).digest('hex').toUpperCase();
    expect(asked.questions[0]?.sha1).toBe(sha1.match(/../g)?.join(':'));
    expect(callsOf(stage, 'RegisterProvider_Task')).toBe(2);
    expect(online(stage)).toEqual(['array1-CT0']);
    expect(said.at(-1)).toBe('array1-CT0 is registered again and online');
  });

  test('a no: nothing is registered, and nothing is sent a second time', async () => {
    const stage = await openAgainStage();
    const { problem } = await register(stage, {}, { registering: person(stage.provider.credentials.password, false) });
    expect(problem?.code).toBe('not-attempted');
    expect([callsOf(stage, 'RegisterProvider_Task'), online(stage)]).toEqual([1, []]);
  });

  test('another certificate than was seen is refused without a question', async () => {
    const stage = await openAgainStage();
    const asked = person(stage.provider.credentials.password);
    const { problem } = await register(stage, { seen: [shaOf(stage.vcenter.vmca.certificate)] }, { registering: asked });
    expect(problem?.code).toBe('tls-not-trusted');
    expect(problem?.summary).toContain('not the one seen there before');
    expect([asked.questions.length, callsOf(stage, 'RegisterProvider_Task'), online(stage)]).toEqual([0, 1, []]);
  });

  test('signed by somebody else since the plan was made: nothing is sent, also where SMS would trust it without a question', async () => {
    const stage = await openAgainStage();
    const elsewhere = shaOf(stage.other.vmca.certificate);
    const registering: Registering = { ...person(stage.provider.credentials.password), served: async () => ok([elsewhere]) };
    const { problem } = await register(stage, {}, { registering });
    expect([problem?.code, problem?.summary]).toEqual(['tls-not-trusted', expect.stringContaining(elsewhere)]);
    expect([callsOf(stage, 'RegisterProvider_Task'), online(stage)]).toEqual([0, []]);
    const kept = await register(stage, { because: 'retained' }, { registering });
    expect(kept.applied).toMatchObject({ ok: true, value: { status: 'online' } });
  });

  test('what could not be looked at once more is said, and SMS judges', async () => {
    const stage = await openAgainStage();
    const silent = { code: 'unreachable', target: 'x', summary: 'no way there', remedy: 'r', retry: 'later' } as const;
    const registering: Registering = { ...person(stage.provider.credentials.password), served: async () => err(silent) };
    const { applied, said } = await register(stage, {}, { registering });
    expect(applied).toMatchObject({ ok: true, value: { status: 'online' } });
    expect(said.join(' ')).toContain('array1-CT0 could not be looked at once more before it is registered: no way there');
  });

  test('asked for, and then SMS answers no more: that is no refusal', async () => {
    const stage = await openAgainStage();
    const busy = { code: 'fault', target: 'vc65', summary: 'HTTP 503', remedy: 'r', retry: 'later' } as const;
    for (const sms of [
      (real: SmsAccess): SmsAccess => ({ ...real, task: async () => err(busy) }),
      (real: SmsAccess): SmsAccess => ({ ...real, register: async () => err(busy) }),
    ]) {
      const { problem } = await register(stage, {}, { sms });
      expect(problem).toMatchObject({ code: 'timeout', summary: 'HTTP 503' });
    }
    const notAllowed = { ...busy, code: 'no-permission' } as const;
    const { problem } = await register(stage, {}, { sms: (real) => ({ ...real, register: async () => err(notAllowed) }) });
    expect(problem?.code).toBe('no-permission');
  });

  test('what SMS shows instead of a certificate is not taken for one', async () => {
    const stage = await openAgainStage();
    const { problem } = await register(
      stage,
      {},
      {
        sms: (real) => ({
          ...real,
          task: async (task) => {
            const info = await real.task(task);
            if (!info.ok || info.value.error === undefined) return info;
            return ok({ ...info.value, error: { type: 'CertificateNotTrusted', certificate: 'bm8gY2VydGlmaWNhdGU=' as never } });
          },
        }),
      },
    );
    expect(problem?.code).toBe('fault');
    expect(online(stage)).toEqual([]);
  });

  test('nobody there to ask: nothing is sent', async () => {
    const stage = await openAgainStage();
    const target = await openTarget(stage);
    const { applied } = await carryStep(reRegister, stepFor(newRegistration(stage)), target, stage.clock);
    expect(applied).toMatchObject({ ok: false, error: { problem: { code: 'not-configured' } } });
    expect(callsOf(stage, 'RegisterProvider_Task')).toBe(0);
  });

  test('a password that cannot be read: nothing is sent', async () => {
    const stage = await openAgainStage();
    const secret = { code: 'secret-unavailable', target: 'x', summary: 's', remedy: 'r', retry: 'after-remedy' } as const;
    const { problem } = await register(stage, {}, { registering: { ...person(''), password: async () => err(secret) } });
    expect([problem?.code, callsOf(stage, 'RegisterProvider_Task')]).toEqual(['secret-unavailable', 0]);
  });
});

describe('a provider that is trusted already', () => {
  async function kept() {
    const stage = await openAgainStage({ retained: true });
    const root = await giveOutsideCertificate(stage);
    return { stage, root };
  }

  test('no question, one call', async () => {
    const { stage, root } = await kept();
    stage.vcenter.trustedRoots.push(root.certificate);
    const asked = person(stage.provider.credentials.password);
    const before = stage.provider.served.identity.certificate;
    const { applied } = await register(stage, { because: 'retained' }, { registering: asked });
    expect(applied?.ok).toBe(true);
    expect([asked.questions.length, callsOf(stage, 'RegisterProvider_Task')]).toEqual([0, 1]);
    expect(stage.provider.served.identity.certificate).toBe(before);
  });

  test('a wrong password is sent once', async () => {
    const { stage, root } = await kept();
    stage.vcenter.trustedRoots.push(root.certificate);
    const { problem } = await register(stage, {}, { registering: person('not the password') });
    expect(problem?.code).toBe('login-refused');
    expect(problem?.remedy).toContain('registration.password');
    expect([callsOf(stage, 'RegisterProvider_Task'), online(stage)]).toEqual([1, []]);
  });

  test('its root went missing meanwhile: CertificateNotImported, with the way out', async () => {
    const { stage } = await kept();
    const { problem } = await register(stage);
    expect(problem?.summary).toContain('CertificateNotImported');
    expect(problem?.remedy).toContain('Publish that root');
  });

  test('a name that is not in it: InvalidCertificate', async () => {
    const stage = await openAgainStage({ retained: true });
    const root = await giveOutsideCertificate(stage, ['other.lab.example']);
    stage.vcenter.trustedRoots.push(root.certificate);
    const { problem } = await register(stage);
    expect(problem?.summary).toContain('InvalidCertificate');
  });

  test('a provider that is down: ProviderConnectionFailed', async () => {
    const { stage } = await kept();
    stage.provider.up = false;
    const { problem } = await register(stage);
    expect([problem?.code, online(stage)]).toEqual(['fault', []]);
  });
});

test('VASA 5: a virtual host of its own, and the other vCenter keeps its own', async () => {
  const stage = await openAgainStage({ vasaVersion: '5.0' });
  stage.builder.register(stage.other, stage.provider);
  const theirs = stage.provider.virtualHosts.get('vc67')?.served.identity.certificate;
  const { applied } = await register(stage, { because: 'virtual-host' });
  expect(applied?.ok).toBe(true);
  expect(stage.provider.virtualHosts.get('vc67')?.served.identity.certificate).toBe(theirs);
  expect(stage.provider.virtualHosts.has('vc65')).toBe(true);
});

describe('never twice', () => {
  test('somebody else registered it meanwhile: nothing is sent', async () => {
    const stage = await openAgainStage();
    stage.builder.register(stage.vcenter, stage.provider);
    const { look, applied } = await register(stage);
    expect(look).toMatchObject({ ok: true, value: { state: 'in-effect' } });
    expect([applied, callsOf(stage, 'RegisterProvider_Task')]).toEqual([undefined, 0]);
  });

  test('the same provider under another address: AlreadyExists, and nothing is lost', async () => {
    const stage = await openAgainStage();
    const [address = ''] = stage.provider.addresses;
    stage.builder.register(stage.vcenter, stage.provider, { url: `https://${address}:${stage.provider.port}/version.xml` });
    const { problem } = await register(stage);
    expect(problem?.summary).toContain('AlreadyExists');
    expect(online(stage)).toHaveLength(1);
  });

  test('the registration that was to be replaced is still there: there is nothing to do', async () => {
    const stage = await openAgainStage();
    stage.builder.register(stage.vcenter, stage.provider, {
      uid: 'uid-old',
      url: 'https://elsewhere.lab.example:8084/version.xml',
    });
    const { look } = await register(stage);
    expect(look).toMatchObject({ value: { state: 'in-effect', found: { kept: 'uid-old' } } });
  });

  for (const [name, sentBefore] of [
    ['killed after it was sent: the next session finds it, and sends nothing', true],
    ['killed before anything was sent: the next session looks for a minute, then sends it', false],
  ] as const)
    test(name, async () => {
      const stage = await openAgainStage({ retained: true });
      stage.vcenter.trustedRoots.push((await giveOutsideCertificate(stage)).certificate);
      const journal = new MemoryJournal();
      await journal.append({ event: 'intent', step: ID, action: 'apply', captured: { uids: [] } });
      if (sentBefore) {
        const { target } = await openTarget(stage);
        const { username, password } = stage.provider.credentials;
        const { name: as, url } = newRegistration(stage);
        await target.sms((sms) => sms.register({ name: as, url, username, password }));
      }
      const from = stage.clock.uptimeMs();
      const { applied } = await register(stage, {}, { journal });
      expect(applied?.ok).toBe(true);
      expect(callsOf(stage, 'RegisterProvider_Task')).toBe(1);
      expect(online(stage)).toHaveLength(1);
      expect(stage.clock.uptimeMs() - from >= 60_000).toBe(!sentBefore);
    });

  test('the answer to the call is lost: the list tells, and it is not sent again', async () => {
    const stage = await openAgainStage({ retained: true });
    stage.vcenter.trustedRoots.push((await giveOutsideCertificate(stage)).certificate);
    const lost = { code: 'timeout', target: 'vc65', summary: 'no answer', remedy: 'r', retry: 'later' } as const;
    const { applied } = await register(
      stage,
      {},
      {
        sms: (real) => ({
          ...real,
          register: async (spec) => {
            await real.register(spec);
            return err(lost);
          },
        }),
      },
    );
    expect(applied).toMatchObject({ ok: true, value: { status: 'online' } });
    expect(callsOf(stage, 'RegisterProvider_Task')).toBe(1);
  });
});

describe('only a fresh list counts', () => {
  test('registered and not online: it fails, says so, and is left alone', async () => {
    const stage = await openAgainStage();
    const { problem } = await register(
      stage,
      {},
      {
        sms: (real) => ({
          ...real,
          registrations: async () => {
            const all = await real.registrations();
            return all.ok ? ok(all.value.map((one) => ({ ...one, status: 'syncError' }))) : all;
          },
        }),
      },
    );
    expect(problem?.summary).toContain('shows syncError, not online');
    expect(problem?.remedy).toContain('Do not register it once more');
    expect(online(stage)).toHaveLength(1);
  });

  test('a task that succeeds and leaves nothing in the list is no success', async () => {
    const stage = await openAgainStage();
    const { problem } = await register(stage, {}, { sms: (real) => ({ ...real, registrations: async () => ok([]) }) });
    expect(problem?.summary).toContain('does not list it');
  });

  test('datastores that stay out of reach are named, and are no failure', async () => {
    const stage = await openAgainStage();
    const looks: (readonly string[])[] = [];
    const registering = {
      ...person(stage.provider.credentials.password),
      inaccessible: async (names: readonly string[]) => {
        looks.push(names);
        return ok(looks.length < 3 ? ['gold', 'silver'] : ['silver']);
      },
    };
    const { applied, said } = await register(stage, {}, { registering, datastores: ['gold', 'silver'] });
    expect(applied).toMatchObject({ ok: true, value: { inaccessible: ['silver'] } });
    expect(said.at(-1)).toContain('not accessible yet: silver');
    expect(looks[0]).toEqual(['gold', 'silver']);
  });
});

test('the password is in no entry of the journal and in nothing that is said', async () => {
  const stage = await openAgainStage();
  const { journal, said, applied } = await register(stage);
  expect(JSON.stringify([journal.entries, said, applied])).not.toContain(
    JSON.stringify(stage.provider.credentials.password).slice(1, -1),
  );
});
