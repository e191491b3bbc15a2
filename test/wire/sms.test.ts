import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Result } from '../../src/model/problem.js';
import { openSms, type SmsClient } from '../../src/wire/sms-client.js';
import { decodeProviderInfo } from '../../src/wire/sms-decode.js';
import { smsVersionFor } from '../../src/wire/sms-session.js';
import { decodeTaskInfo, openSmsTasks, type SmsTasks } from '../../src/wire/sms-tasks.js';
import { connectVim } from '../../src/wire/vim-client.js';
import { child, parseXml } from '../../src/wire/xml.js';
import { mintLeaf } from '../support/mint.js';
import { clientOf } from './https-server.js';
import { type Answers, answering, faulty, loginAnswers, type SoapServer, sampleAnswer, startSoapServer } from './soap-server.js';
import { responseIn, sample } from './wire-samples.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function serve(answers: Answers, latencyMs = 0): Promise<{ server: SoapServer; sms: SmsClient; tasks: SmsTasks }> {
  const server = await startSoapServer({ ...loginAnswers(), ...answers }, latencyMs);
  const https = clientOf(server);
  open.push(server, https);
  const { session } = await connectVim(https, { username: 'audit@vsphere.local', password: 'p&ss<word>', verdict: {} }, 'vc');
  if (!session.ok) throw new Error(session.error.summary);
  return { server, sms: openSms(https, session.value), tasks: openSmsTasks(https, session.value) };
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.summary}`);
  return result.value;
}
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

const MANAGER = { QueryStorageManager: () => sampleAnswer('resp-sms-QueryStorageManager') };
const listing = (refs: string): Answers => ({ ...MANAGER, QueryProvider: () => answering('QueryProvider', refs, 'urn:sms') });
const ref = (n: number): string => `<returnval type="VasaProvider">VasaProvider-${n}</returnval>`;
const info = (n: number, more = ''): string =>
  `<returnval xsi:type="VasaProviderInfo"><uid>uid-${n}</uid><name>array ${n}</name><url>https://vp${n}.test:8084/version.xml</url>${more}</returnval>`;
const FIXTURE_CERTIFICATE = child(
  child(responseIn('resp-sms-QueryProviderInfo-online-two-arrays'), 'returnval'),
  'certificate',
)?.text;

describe('registrations', () => {
  test('each provider that SMS lists, with everything the sample says', async () => {
    const { server, sms } = await serve({
      ...MANAGER,
      QueryProvider: () => sampleAnswer('resp-sms-QueryProvider-two'),
      QueryProviderInfo: (call) =>
        sampleAnswer(
          call.request.children[0]?.text === 'VasaProvider-1'
            ? 'resp-sms-QueryProviderInfo-online-two-arrays'
            : 'resp-sms-QueryProviderInfo-offline-minimal',
        ),
    });
    expect(must(await sms.queryRegistrations())).toEqual([
      {
        ref: 'VasaProvider-1',
        uid: '453d453a-ac19-4bf5-b1f7-7252ad84950a',
        name: 'array-a ct0',
        description: 'shared array A, controller 0',
        version: '1.2.0',
        url: 'https://vp1.array.example.test:8084/version.xml',
        certificate: FIXTURE_CERTIFICATE,
        status: 'online',
        vasaVersion: '3.0',
        namespace: 'com.purestorage',
        lastSyncTime: '2026-11-22 13:45:00.123',
        arrays: [
          { arrayId: 'com.purestorage:d4d78052-ea56-4a7e-9df9-67d1a1634faf', active: true, manageable: true, priority: 200 },
          { arrayId: 'com.purestorage:7b0f6f1e-2a52-4f7d-8a0c-1f7a8b3c2d10', active: false, manageable: true, priority: 100 },
        ],
        providerId: 'vp-ct0',
        certificateExpiryDate: '2036-11-19 13:45:00.0',
        certificateStatus: 'valid',
        serviceLocation: 'https://vp1.array.example.test:8084/vasa/services/vasaService',
        needsExplicitActivation: false,
        retained: true,
        type: 'PERSISTENCE',
        category: 'external',
        priority: 200,
        failoverGroupId: 'd4d78052-ea56-4a7e-9df9-67d1a1634faf',
      },
      {
        ref: 'VasaProvider-2',
        uid: '453d453a-ac19-4bf5-b1f7-7252ad84950a',
        name: 'array-a ct0',
        url: 'https://vp1.array.example.test:8084/version.xml',
        status: 'offline',
        arrays: [],
      },
    ]);
    const asked = server.calls.filter((call) => call.path === '/sms/sdk');
    expect(new Set(asked.map((call) => [call.vcSessionCookie, call.cookie, call.soapAction].join()))).toEqual(
      new Set(['session-1,,"urn:sms/6.7"']),
    );
  });

  for (const [name, fault, message] of [
    ['clash-disconnected', 'CertificateNotTrusted', 'The certificate of the provider is not trusted.'],
    [
      'disconnected-statusFault',
      'InvalidCertificate',
      'The provider certificate is not trusted by the current certificate authority.',
    ],
  ] as const) {
    test(`the fault behind a status: ${name}`, () => {
      const record = decodeProviderInfo(
        { type: 'VasaProvider', value: 'VasaProvider-1' },
        child(responseIn(`resp-sms-QueryProviderInfo-${name}`), 'returnval'),
      );
      expect(record.ok && record.value?.statusFault).toEqual({ type: fault, message, certificate: FIXTURE_CERTIFICATE });
      expect(record.ok && record.value?.status).toBe('disconnected');
    });
  }

  test('no providers at all', async () => {
    const { sms } = await serve({ ...MANAGER, QueryProvider: () => sampleAnswer('resp-sms-QueryProvider-none') });
    expect(must(await sms.queryRegistrations())).toEqual([]);
  });

  test('a flag that the server does not send stays unknown', async () => {
    const { sms } = await serve({
      ...listing(ref(1)),
      QueryProviderInfo: () => answering('QueryProviderInfo', info(1), 'urn:sms'),
    });
    const [record] = must(await sms.queryRegistrations());
    expect(record).not.toHaveProperty('retained');
    expect(record).not.toHaveProperty('category');
  });

  test('a reference marked with serverGuid goes back as it came', async () => {
    const { server, sms } = await serve({
      ...listing('<returnval type="VasaProvider" serverGuid="a&amp;b">VasaProvider-1</returnval>'),
      QueryProviderInfo: () => answering('QueryProviderInfo', info(1), 'urn:sms'),
    });
    must(await sms.queryRegistrations());
    expect(server.calls.at(-1)?.request.children[0]?.attributes).toContainEqual({
      name: 'serverGuid',
      namespace: '',
      value: 'a&b',
    });
  });

  const minted = mintLeaf();
  const base64 = minted.der.toString('base64');
  for (const { name, text, readable } of [
    { name: 'Base64 on one line', text: base64, readable: true },
    { name: 'Base64 in lines', text: base64.replace(/.{64}/g, '$&\r\n'), readable: true },
    { name: 'PEM', text: minted.pem, readable: true },
    { name: 'PEM with CRLF and chatter', text: `subject=/CN=x\r\n${minted.pem.replaceAll('\n', '\r\n')}`, readable: true },
    { name: 'words', text: 'not a certificate', readable: false },
    { name: 'Base64 of something else', text: Buffer.from('hello hello hello').toString('base64'), readable: false },
    { name: 'a certificate cut short', text: base64.slice(0, -8), readable: false },
    {
      name: 'a certificate with something behind it',
      text: Buffer.concat([minted.der, Buffer.of(0)]).toString('base64'),
      readable: false,
    },
    { name: 'a megabyte of letters', text: 'A'.repeat(1_000_000), readable: false },
  ]) {
    test(`the certificate field holds ${name}`, async () => {
      const { sms } = await serve({
        ...listing(ref(1)),
        QueryProviderInfo: () => answering('QueryProviderInfo', info(1, `<certificate>${text}</certificate>`), 'urn:sms'),
      });
      const [record] = must(await sms.queryRegistrations());
      if (readable) expect(record?.certificate).toBe(minted.cert.der);
      else {
        expect(record).not.toHaveProperty('certificate');
        expect(record?.certificateUnreadable?.length).toBeGreaterThan(0);
        expect(record?.certificateUnreadable?.length).toBeLessThan(5_000);
      }
    });
  }

  test('10,000 providers, asked for side by side and told in their order', async () => {
    const count = 10_000;
    const { server, sms } = await serve({
      ...listing(Array.from({ length: count }, (_, n) => ref(n)).join('')),
      QueryProviderInfo: (call) => {
        const n = Number(call.request.children[0]?.text.split('-')[1]);
        return answering('QueryProviderInfo', info(n), 'urn:sms');
      },
    });
    const records = must(await sms.queryRegistrations());
    expect(records.map((record) => record.uid)).toEqual(Array.from({ length: count }, (_, n) => `uid-${n}`));
    expect(server.connections()).toBeLessThanOrEqual(12);
  }, 120_000);

  test('a provider unregistered between the questions is left out; any other failure is one for all', async () => {
    for (const [type, expected] of [
      ['ManagedObjectNotFound', 'uid-2'],
      ['QueryExecutionFault', 'fault'],
    ] as const) {
      const { sms } = await serve({
        ...listing(ref(1) + ref(2)),
        QueryProviderInfo: (call) =>
          call.request.children[0]?.text === 'VasaProvider-1' ? faulty(type) : answering('QueryProviderInfo', info(2), 'urn:sms'),
      });
      const result = await sms.queryRegistrations();
      expect(result.ok ? result.value.map((record) => record.uid).join() : result.error.code).toBe(expected);
    }
  });

  test('a provider that is no VASA provider is left out', async () => {
    const { sms } = await serve({
      ...listing(ref(1)),
      QueryProviderInfo: () =>
        answering('QueryProviderInfo', '<returnval xsi:type="SmsProviderInfo"><uid>u</uid><name>n</name></returnval>', 'urn:sms'),
    });
    expect(must(await sms.queryRegistrations())).toEqual([]);
  });

  for (const { name, answers } of [
    {
      name: 'a storage manager without reference',
      answers: { QueryStorageManager: () => answering('QueryStorageManager', '<returnval/>', 'urn:sms') },
    },
    { name: 'a provider list of words', answers: listing('<returnval>VasaProvider-1</returnval>') },
    {
      name: 'a provider without uid',
      answers: {
        ...listing(ref(1)),
        QueryProviderInfo: () =>
          answering(
            'QueryProviderInfo',
            '<returnval xsi:type="VasaProviderInfo"><name>x</name><url>https://x</url></returnval>',
            'urn:sms',
          ),
      },
    },
    {
      name: 'a uid of a megabyte',
      answers: {
        ...listing(ref(1)),
        QueryProviderInfo: () => answering('QueryProviderInfo', info(1).replace('uid-1', 'u'.repeat(1_000_000)), 'urn:sms'),
      },
    },
    { name: 'no info', answers: { ...listing(ref(1)), QueryProviderInfo: () => answering('QueryProviderInfo', '', 'urn:sms') } },
    {
      name: 'a truncated answer',
      answers: { ...MANAGER, QueryProvider: () => ({ body: sample('resp-sms-QueryProvider-two').subarray(0, 500) }) },
    },
  ] as { name: string; answers: Answers }[]) {
    test(`${name} is a bad answer`, async () => {
      const { sms } = await serve(answers);
      expect(codeOf(await sms.queryRegistrations())).toBe('bad-answer');
    });
  }

  test('an answer that does not end is cut off', async () => {
    const { sms } = await serve({ ...MANAGER, QueryProvider: () => ({ body: Buffer.alloc(100 * 1024 * 1024, '<a>') }) });
    expect(codeOf(await sms.queryRegistrations())).toBe('too-large');
  });

  for (const { name, answer, code } of [
    { name: 'SPS is still starting', answer: () => sampleAnswer('fault-sms-ServiceNotInitialized', 500), code: 'fault' },
    {
      name: 'the reverse proxy has no SPS behind it',
      answer: () => ({ status: 503, body: 'no healthy upstream' }),
      code: 'fault',
    },
    {
      name: 'the account may not view storage',
      answer: () => sampleAnswer('fault-vim-NoPermission', 500),
      code: 'no-permission',
    },
  ]) {
    test(`${name}: a problem with a remedy`, async () => {
      const { sms } = await serve({ QueryStorageManager: answer });
      const result = await sms.queryRegistrations();
      expect(codeOf(result)).toBe(code);
      if (!result.ok) expect(result.error.remedy.length).toBeGreaterThan(30);
    });
  }
});

describe('the session', () => {
  const strict = (valid: () => string): Answers => ({
    ...listing(ref(1) + ref(2)),
    QueryProvider: (call) =>
      call.vcSessionCookie === valid()
        ? answering('QueryProvider', ref(1) + ref(2), 'urn:sms')
        : sampleAnswer('fault-sms-InvalidSession', 500),
    QueryProviderInfo: (call) =>
      call.vcSessionCookie === valid()
        ? answering('QueryProviderInfo', info(1), 'urn:sms')
        : sampleAnswer('fault-sms-InvalidSession', 500),
  });

  test('one that expires in mid-run is renewed once, and the call repeated', async () => {
    let valid = 'session-1';
    const { server, sms } = await serve({
      ...strict(() => valid),
      QueryStorageManager: () => {
        valid = 'session-2';
        return sampleAnswer('resp-sms-QueryStorageManager');
      },
    });
    expect(must(await sms.queryRegistrations())).toHaveLength(2);
    expect(server.calls.filter((call) => call.method === 'Login')).toHaveLength(2);
    expect(server.calls.filter((call) => call.method === 'QueryProvider').map((call) => call.vcSessionCookie)).toEqual([
      'session-1',
      'session-2',
    ]);
  });

  test('one that is not accepted even when new ends in a problem', async () => {
    const { server, sms } = await serve(strict(() => 'never'));
    expect(codeOf(await sms.queryRegistrations())).toBe('session-expired');
    expect(server.calls.filter((call) => call.method === 'Login')).toHaveLength(2);
  });

  test('a cookie that /sms/sdk sets never takes the place of the session', async () => {
    const answers = listing(ref(1));
    const { server, sms } = await serve({
      ...answers,
      QueryStorageManager: () => ({
        ...sampleAnswer('resp-sms-QueryStorageManager'),
        headers: { 'set-cookie': 'vmware_soap_session="of-sms"; Path=/' },
      }),
      QueryProviderInfo: () => answering('QueryProviderInfo', info(1), 'urn:sms'),
    });
    must(await sms.queryRegistrations());
    expect(new Set(server.calls.filter((call) => call.path === '/sms/sdk').map((call) => call.vcSessionCookie))).toEqual(
      new Set(['session-1']),
    );
  });

  test('a task is started once, also where the session has expired', async () => {
    const { server, tasks } = await serve({
      ...MANAGER,
      UnregisterProvider_Task: () => sampleAnswer('fault-sms-InvalidSession', 500),
    });
    expect(codeOf(await tasks.unregister('uid-1'))).toBe('session-expired');
    expect(server.calls.filter((call) => call.method === 'UnregisterProvider_Task')).toHaveLength(1);
  });
});

test('the version asked for follows what the vCenter is', () => {
  expect(['6.5', '6.7', '6.7.3', '7.0.3.0', '8.0.3.0', '9.0.0.0', '6.0'].map(smsVersionFor)).toEqual([
    '6.5',
    '6.7',
    '6.7',
    '6.7',
    '6.7',
    '6.7',
    '6.5',
  ]);
});

test('what SMS says about itself', async () => {
  const { sms } = await serve({ QueryAboutInfo: () => sampleAnswer('resp-sms-QueryAboutInfo') });
  expect(must(await sms.about())).toEqual({
    name: 'Storage Monitoring Service',
    fullName: 'Storage Monitoring Service 8.0',
    vendor: 'VMware, Inc.',
    apiVersion: '8.0',
    instanceUuid: '126f5b2d-ae91-4173-bdb6-1fbefcc7e6e2',
    vasaApiVersion: '4.0',
  });
});

describe('tasks', () => {
  const started = (method: string) => ({
    [method]: () => answering(method, '<returnval type="SmsTask">SmsTask-22</returnval>', 'urn:sms'),
  });

  for (const [name, expected] of Object.entries({
    queued: { state: 'queued' },
    running: { state: 'running', progress: 10 },
    'success-void': { state: 'success', progress: 100 },
    'success-register': { state: 'success', progress: 100, result: { type: 'VasaProvider', value: 'VasaProvider-3' } },
    'success-register-moref': { state: 'success', progress: 100, result: { type: 'VasaProvider', value: 'VasaProvider-3' } },
    'error-AlreadyExists': { state: 'error', error: { type: 'AlreadyExists', message: 'Already registered.' } },
    'error-CertificateNotImported': {
      state: 'error',
      error: { type: 'CertificateNotImported', message: 'The CA root of the provider is not in the truststore.' },
    },
    'error-CertificateNotTrusted': {
      state: 'error',
      error: {
        type: 'CertificateNotTrusted',
        message: 'The certificate of the provider is not trusted.',
        certificate: FIXTURE_CERTIFICATE,
      },
    },
    'error-NotFound': { state: 'error', error: { type: 'NotFound', message: 'No provider with that uid.' } },
    'error-ProviderConnectionFailed': {
      state: 'error',
      error: { type: 'ProviderConnectionFailed', message: 'Connection refused.' },
    },
    'error-SyncInProgress': { state: 'error', error: { type: 'SyncInProgress', message: 'A sync is running.' } },
  })) {
    test(`the sample of one that is ${name}`, () => {
      expect(decodeTaskInfo(child(responseIn(`resp-sms-QuerySmsTaskInfo-${name}`), 'returnval'))).toEqual({
        key: 'SmsTask-22',
        ...expected,
      });
    });
  }

  test('each is sent to its object with its arguments, and gives its task', async () => {
    const provider = { type: 'VasaProvider', value: 'VasaProvider-1', serverGuid: 'g' };
    const { server, tasks } = await serve({
      ...MANAGER,
      ...started('RegisterProvider_Task'),
      ...started('UnregisterProvider_Task'),
      ...started('VasaProviderReconnect_Task'),
      ...started('VasaProviderSync_Task'),
      ...started('VasaProviderRefreshCertificate_Task'),
      ...started('VasaProviderRevokeCertificate_Task'),
      ...started('SmsRefreshCACertificatesAndCRLs_Task'),
    });
    const spec = { name: 'array', username: 'u', password: 's3cret & <odd>', url: 'https://vp.test/version.xml' };
    for (const task of [
      await tasks.register(spec),
      await tasks.unregister('uid-1'),
      await tasks.reconnect(provider),
      await tasks.sync(provider),
      await tasks.sync(provider, 'array-1'),
      await tasks.refreshCertificate(provider),
      await tasks.revokeCertificate(provider),
      await tasks.refreshCaCertificates(['uid-1', 'uid-2']),
    ]) {
      expect(must(task)).toEqual({ type: 'SmsTask', value: 'SmsTask-22' });
    }
    const sent = server.calls
      .slice(2)
      .map((call) => [
        call.method,
        ...call.request.children.map((one) => one.text || one.children.map((field) => field.text).join('|')),
      ]);
    expect(sent).toEqual([
      ['QueryStorageManager', 'ServiceInstance'],
      ['RegisterProvider_Task', 'storageManager', 'array|u|s3cret & <odd>|https://vp.test/version.xml'],
      ['UnregisterProvider_Task', 'storageManager', 'uid-1'],
      ['VasaProviderReconnect_Task', 'VasaProvider-1'],
      ['VasaProviderSync_Task', 'VasaProvider-1'],
      ['VasaProviderSync_Task', 'VasaProvider-1', 'array-1'],
      ['VasaProviderRefreshCertificate_Task', 'VasaProvider-1'],
      ['VasaProviderRevokeCertificate_Task', 'VasaProvider-1'],
      ['SmsRefreshCACertificatesAndCRLs_Task', 'storageManager', 'uid-1', 'uid-2'],
    ]);
  });

  test('a provider password never shows in a problem', async () => {
    const { tasks } = await serve({
      ...MANAGER,
      RegisterProvider_Task: () => faulty('ProviderRegistrationFault', 'login with s3cret &amp; &lt;odd&gt; failed'),
    });
    const result = await tasks.register({ name: 'a', username: 'u', password: 's3cret & <odd>', url: 'https://x' });
    expect(JSON.stringify(result)).not.toContain('odd');
  });

  test('waiting asks at once, then ever more seldom, until the task has ended', async () => {
    const states = ['queued', 'running', 'running', 'running', 'running', 'running', 'success-void'];
    const { tasks } = await serve({ QuerySmsTaskInfo: () => sampleAnswer(`resp-sms-QuerySmsTaskInfo-${states.shift()}`) });
    const waits: number[] = [];
    let now = 0;
    const wait = async (ms: number): Promise<void> => {
      waits.push(ms);
      now += ms;
    };
    const ended = await tasks.waitFor({ type: 'SmsTask', value: 'SmsTask-22' }, { limitMs: 60_000, now: () => now, wait });
    expect(must(ended).state).toBe('success');
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000]);
  });

  test('a task in a state nobody knows counts as running, and waiting for it ends at the limit', async () => {
    const body = sample('resp-sms-QuerySmsTaskInfo-running').toString().replace('>running<', '>pondering<');
    const { tasks } = await serve({ QuerySmsTaskInfo: () => ({ body }) });
    let now = 0;
    const wait = async (ms: number): Promise<void> => {
      now += ms;
    };
    const ended = await tasks.waitFor({ type: 'SmsTask', value: 'SmsTask-22' }, { limitMs: 10_000, now: () => now, wait });
    expect(codeOf(ended)).toBe('timeout');
    expect(now).toBe(10_000);
  });
});

test('no bytes make decoding throw', () => {
  const whole = sample('resp-sms-QueryProviderInfo-clash-disconnected');
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.string({ maxLength: 30 }), fc.nat(60), (at, text, cut) => {
      const parsed = parseXml(Buffer.concat([whole.subarray(0, at), Buffer.from(text), whole.subarray(at + cut)]));
      if (!parsed.ok) return;
      const body = parsed.value.children[0]?.children[0];
      decodeProviderInfo({ type: 'VasaProvider', value: 'x' }, child(body, 'returnval'));
      decodeTaskInfo(child(body, 'returnval'));
    }),
    { seed: 7, numRuns: 1_000 },
  );
});
