import { beforeEach, describe, expect, test } from 'vitest';
import { openWorld } from '../../src/lab/build-world.js';
import { openKeySource } from '../../src/lab/keys.js';
import { handleSoap } from '../../src/lab/vcenter-soap.js';
import type { LabFault, LabProvider, LabRegistration, LabVcenter, LabWorld } from '../../src/lab/world.js';
import { type Answer, envelope, type LabCaller, openCaller, readAnswer, THIS, textsOf } from '../support/lab-soap.js';

const keys = openKeySource({ only: 'ec' });
let now: number;
let world: LabWorld;
let vcenter: LabVcenter;
let provider: LabProvider;
let registration: LabRegistration;
let caller: LabCaller;

beforeEach(async () => {
  now = Date.parse('2026-11-22T12:00:00Z');
  const builder = openWorld('sms', { keys, now: () => new Date(now) });
  vcenter = await builder.vcenter({ id: 'vc1', release: '8.0U3' });
  provider = await builder.provider({ name: 'array1-CT0', array: 'array1' });
  registration = builder.register(vcenter, provider);
  world = builder.world;
  caller = openCaller(world, vcenter);
  await caller.logIn();
  world.record.length = 0;
});

describe('the session of SMS is the cookie of /sdk, in a SOAP header', () => {
  test('a header in the namespace of the envelope is read too', async () => {
    const body = envelope('QueryStorageManager', 'urn:sms', THIS.sms, '', caller.cookie).replaceAll(
      'vcSessionCookie',
      'soapenv:vcSessionCookie',
    );
    expect((await post(body)).status).toBe(200);
  });

  test.each([
    ['no header', (body: string) => body.replace(/<soapenv:Header>.*<\/soapenv:Header>/, '')],
    ['the value with its quotes', (body: string) => body.replace(caller.cookie ?? '', `&quot;${caller.cookie}&quot;`)],
    ['another value', (body: string) => body.replace(caller.cookie ?? '', '0123456789abcdef')],
  ])('%s is InvalidSession', async (_name, change) => {
    const answer = await post(change(envelope('QueryStorageManager', 'urn:sms', THIS.sms, '', caller.cookie)));
    expect([answer.status, answer.name]).toEqual([500, 'InvalidSession']);
  });

  test('the HTTP cookie alone opens nothing', async () => {
    const response = await handleSoap(world, vcenter, {
      path: '/sms/sdk',
      headers: { soapaction: 'urn:sms/6.5', cookie: `vmware_soap_session="${caller.cookie}"` },
      body: Buffer.from(envelope('QueryStorageManager', 'urn:sms', THIS.sms, '')),
    });
    expect(readAnswer(response).name).toBe('InvalidSession');
  });

  test('SMS hands out a cookie of its own; who takes it for the session has lost it', async () => {
    const answer = await caller.sms('QueryStorageManager', THIS.sms);
    const own = /vmware_soap_session="([^"]*)"/.exec(answer.headers['set-cookie'] ?? '')?.[1];
    expect(own).toMatch(/^[0-9a-f]{40}$/);
    caller.cookie = own;
    expect((await caller.sms('QueryStorageManager', THIS.sms)).name).toBe('InvalidSession');
  });

  test('a logout at /sdk ends it', async () => {
    await caller.vim('Logout', '<_this type="SessionManager">SessionManager</_this>');
    expect((await caller.sms('QueryProvider', THIS.storageManager)).name).toBe('InvalidSession');
  });

  test('QuerySessionManager needs none', async () => {
    caller.cookie = undefined;
    expect((await caller.sms('QuerySessionManager', THIS.sms)).status).toBe(200);
  });
});

describe('the requested version hides what is newer', () => {
  const fields = async (version: string): Promise<string> =>
    (await caller.sms('QueryProviderInfo', THIS.provider(registration.ref), '', version)).text;

  test.each([
    ['6.5', false],
    ['6.7', true],
    ['8.0.3.0', true],
  ])('category with urn:sms/%s: %s', async (version, shown) => {
    expect((await fields(version)).includes('<category>')).toBe(shown);
  });

  test('certificate dates came with 5.0, the namespace was there before', async () => {
    expect(await fields('4.0')).not.toContain('<certificateStatus>');
    expect(await fields('4.0')).toContain('<namespace>');
    expect(await fields('5.0')).toContain('<certificateStatus>');
  });

  test('double quotes around the SOAPAction change nothing', async () => {
    const response = await handleSoap(world, vcenter, {
      path: '/sms/sdk',
      headers: { soapaction: '"urn:sms/6.7"' },
      body: Buffer.from(envelope('QueryProviderInfo', 'urn:sms', THIS.provider(registration.ref), '', caller.cookie)),
    });
    expect(response.body.toString()).toContain('<category>external</category>');
  });

  test.each(['9.9', '6.6', 'x', '9.0.0.0'])('version id %s is not supported', async (version) => {
    const answer = await caller.sms('QueryProvider', THIS.storageManager, '', version);
    expect([answer.status, textsOf(answer.text, 'faultcode')]).toEqual([500, ['VersionMismatchFaultCode']]);
  });

  test('an old vCenter does not know newer ids', async () => {
    const old = { ...vcenter, version: '6.5.0', apiVersion: '6.5' };
    const other = openCaller(world, old);
    await other.logIn();
    expect((await other.sms('QueryProvider', THIS.storageManager, '', '6.7')).status).toBe(500);
    expect((await other.sms('QueryProvider', THIS.storageManager, '', '6.5')).status).toBe(200);
  });

  test('a method is unknown before its version', async () => {
    const answer = await caller.sms('VasaProviderReconnect_Task', THIS.provider(registration.ref), '', '4.0');
    expect(answer.name).toBe('InvalidRequest');
  });
});

describe('what it does not understand is a fault', () => {
  const spec = (inner: string, type = ' xsi:type="VasaProviderSpec"') => `<providerSpec${type}>${inner}</providerSpec>`;
  const good = '<name>a</name><username>u</username><password>p</password><url>https://x/version.xml</url>';
  test.each([
    ['an unknown method', 'QueryEverything', THIS.sms, ''],
    ['an unknown argument', 'QueryProvider', THIS.storageManager, '<all>true</all>'],
    [
      'members out of order',
      'RegisterProvider_Task',
      THIS.storageManager,
      spec(good.replace('<name>a</name>', '').concat('<name>a</name>')),
    ],
    ['a missing member', 'RegisterProvider_Task', THIS.storageManager, spec(good.replace('<password>p</password>', ''))],
    ['members of a subtype that was not named', 'RegisterProvider_Task', THIS.storageManager, spec(good, '')],
    ['a member twice', 'RegisterProvider_Task', THIS.storageManager, spec(`<name>b</name>${good}`)],
    ['no _this', 'QueryProvider', '', ''],
    ['text between members', 'QueryArray', THIS.storageManager, 'x<providerId>1</providerId>'],
  ])('%s', async (_name, method, self, inner) => {
    const answer = await caller.sms(method, self, inner);
    expect([answer.status, answer.name]).toEqual([500, 'InvalidRequest']);
  });

  test.each([
    [
      'a type that does not fit',
      'RegisterProvider_Task',
      THIS.storageManager,
      spec(good, ' xsi:type="SmsAboutInfo"'),
      'InvalidType',
    ],
    [
      'a name of 276 characters',
      'RegisterProvider_Task',
      THIS.storageManager,
      spec(good.replace('>a<', `>${'a'.repeat(276)}<`)),
      'InvalidArgument',
    ],
    ['a spec without login', 'RegisterProvider_Task', THIS.storageManager, spec('<name>a</name>', ''), 'InvalidArgument'],
    ['an object that is not there', 'QueryProviderInfo', THIS.provider('VasaProvider-99'), '', 'ManagedObjectNotFound'],
    ['a method on the wrong object', 'QueryProvider', THIS.sms, '', 'ManagedObjectNotFound'],
    ['a task that is not there', 'QuerySmsTaskInfo', THIS.task('SmsTask-99'), '', 'ManagedObjectNotFound'],
    ['arrays of an unknown uid', 'QueryArray', THIS.storageManager, '<providerId>nobody</providerId>', 'NotFound'],
  ])('%s', async (_name, method, self, inner, fault) => {
    const answer = await caller.sms(method, self, inner);
    expect([answer.status, answer.name]).toEqual([500, fault]);
  });

  test.each([
    ['DOCTYPE', (body: string) => body.replace('?><', '?><!DOCTYPE x [<!ENTITY a "b">]><')],
    ['an entity of its own', (body: string) => body.replace('>ServiceInstance<', '>&a;<')],
    ['a processing instruction', (body: string) => body.replace('?><', '?><?php x?><')],
    ['half a document', (body: string) => body.slice(0, 200)],
    ['no XML', () => 'GET / HTTP/1.1'],
    ['nothing', () => ''],
    ['two methods', (body: string) => body.replace('</soapenv:Body>', '<QueryAboutInfo xmlns="urn:sms"/></soapenv:Body>')],
    ['a method of the other service', (body: string) => body.replace('urn:sms', 'urn:vim25')],
    ['nested beyond reason', (body: string) => body.replace('</_this>', `</_this>${'<a>'.repeat(100)}`)],
  ])('%s', async (_name, change) => {
    const answer = await post(change(envelope('QueryStorageManager', 'urn:sms', THIS.sms, '', caller.cookie)));
    expect([answer.status, answer.name]).toEqual([500, 'InvalidRequest']);
  });
});

describe('privileges', () => {
  test.each([
    ['StorageViews.View', 'QueryProvider', THIS.storageManager, ''],
    ['StorageViews.ConfigureService', 'UnregisterProvider_Task', THIS.storageManager, '<providerId>x</providerId>'],
  ])('without %s, %s is refused', async (privilege, method, self, inner) => {
    vcenter.accounts.push({ username: 'poor@vsphere.local', password: 'p', privileges: ['System.View'] });
    await caller.logIn('poor@vsphere.local', 'p');
    const answer = await caller.sms(method, self, inner);
    expect([answer.name, textsOf(answer.text, 'privilegeId')]).toEqual(['NoPermission', [privilege]]);
    expect(vcenter.tasks).toEqual([]);
  });
});

describe('tasks', () => {
  test('unregister goes queued, running, success, and the uid is gone', async () => {
    const started = await caller.sms(
      'UnregisterProvider_Task',
      THIS.storageManager,
      `<providerId>${registration.uid}</providerId>`,
    );
    const task = textsOf(started.text, 'returnval')[0] ?? '';
    const states: (string | undefined)[] = [];
    for (const _ of [0, 1, 2]) {
      states.push(textsOf((await caller.sms('QuerySmsTaskInfo', THIS.task(task))).text, 'state')[0]);
      now += world.timing.taskMs / 2;
    }
    expect(states).toEqual(['queued', 'running', 'success']);
    expect((await caller.sms('QueryProvider', THIS.storageManager)).text).not.toContain('returnval');
    expect(world.record.filter((one) => one.kind === 'change')).toHaveLength(1);
  });

  test('a registered provider is the result of its task', async () => {
    const certificate = provider.served.identity.certificate;
    vcenter.registrations.splice(0);
    const spec = (more: string) =>
      `<providerSpec xsi:type="VasaProviderSpec"><name>again</name><username>${provider.credentials.username}</username><password>${escapeText(provider.credentials.password)}</password><url>https://${provider.host}:${provider.port}${provider.path}</url>${more}</providerSpec>`;
    const started = await caller.sms(
      'RegisterProvider_Task',
      THIS.storageManager,
      spec(`<certificate>${certificate}</certificate>`),
    );
    now += world.timing.taskMs;
    const task = THIS.task(textsOf(started.text, 'returnval')[0] ?? '');
    const info = await caller.sms('QuerySmsTaskInfo', task);
    expect(info.text).toContain('xsi:type="vim25:ManagedObjectReference" type="VasaProvider"');
    expect(textsOf((await caller.sms('QuerySmsTaskResult', task)).text, 'returnval')).toEqual(textsOf(info.text, 'result'));
    expect(textsOf((await caller.sms('QueryProvider', THIS.storageManager)).text, 'returnval')).toEqual(
      textsOf(info.text, 'result'),
    );
  });

  test('a revocation ends in the fault that is documented for it', async () => {
    const started = await caller.sms('VasaProviderRevokeCertificate_Task', THIS.provider(registration.ref));
    const info = await caller.sms('QuerySmsTaskInfo', THIS.task(textsOf(started.text, 'returnval')[0] ?? ''));
    expect(info.text).toContain('<fault xsi:type="CertificateRevocationFailed"/>');
  });
});

describe('the record and scripted trouble', () => {
  test('every call is recorded with its outcome', async () => {
    await caller.sms('QueryProvider', THIS.storageManager);
    await caller.sms('QueryNothing', THIS.storageManager);
    caller.cookie = undefined;
    await caller.sms('QueryProvider', THIS.storageManager);
    expect(world.record.map((one) => [one.where, one.kind, one.what, one.outcome])).toEqual([
      ['vc1', 'sms', 'QueryProvider', 'ok'],
      ['vc1', 'sms', 'QueryNothing', 'InvalidRequest'],
      ['vc1', 'sms', 'QueryProvider', 'InvalidSession'],
    ]);
  });

  test('SMS answers 503 while SPS is down; /sdk goes on', async () => {
    vcenter.appliance.sps.state = 'STOPPED';
    expect((await caller.sms('QueryProvider', THIS.storageManager)).status).toBe(503);
    expect((await caller.vim('CurrentTime', THIS.vim)).status).toBe(200);
    expect(world.record.map((one) => one.outcome)).toEqual(['503', 'ok']);
  });

  test('a session that expires does so once, and a new login works', async () => {
    inject({ kind: 'session-expires', where: 'vc1', afterCalls: 2, form: 'missing-set' });
    await caller.sms('QueryProvider', THIS.storageManager);
    // The login itself counts for nothing: two authenticated calls pass.
    await caller.sms('QueryProvider', THIS.storageManager);
    expect((await caller.sms('QueryProvider', THIS.storageManager)).name).toBe('InvalidSession');
    await caller.logIn();
    for (const _ of [1, 2, 3, 4]) expect((await caller.sms('QueryProvider', THIS.storageManager)).status).toBe(200);
  });

  test('garbage is no SOAP', async () => {
    inject({ kind: 'garbage', where: 'vc1', at: 'sms' });
    const answer = await caller.sms('QueryProvider', THIS.storageManager);
    expect([answer.status, answer.name]).toEqual([200, '']);
    expect((await caller.vim('CurrentTime', THIS.vim)).name).toBe('CurrentTime');
  });

  test('a huge answer is as long as it was asked to be', async () => {
    inject({ kind: 'huge-answer', where: 'vc1', bytes: 2_000_000 });
    const answer = await caller.sms('QueryProvider', THIS.storageManager);
    expect(answer.body.length).toBeGreaterThan(2_000_000);
    expect(textsOf(answer.text, 'returnval')).toHaveLength(2);
  });

  test('references carry a serverGuid only where the switch says so', async () => {
    expect((await caller.sms('QueryProvider', THIS.storageManager)).text).toContain(`serverGuid="${vcenter.instanceUuid}"`);
    world.switches.serverGuid = 'absent';
    expect((await caller.sms('QueryProvider', THIS.storageManager)).text).not.toContain('serverGuid');
  });

  test('answers stand on one line after the XML declaration', async () => {
    expect((await caller.sms('QueryProviderInfo', THIS.provider(registration.ref))).text.split('\n')).toHaveLength(2);
  });
});

function inject(fault: LabFault): void {
  world.faults.push(fault);
}

async function post(body: string): Promise<Answer> {
  return readAnswer(
    await handleSoap(world, vcenter, { path: '/sms/sdk', headers: { soapaction: 'urn:sms/6.5' }, body: Buffer.from(body) }),
  );
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
