import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DerBase64 } from '../../src/model/ids.js';
import { writeProviderSpec } from '../../src/wire/sms-tasks.js';
import { type Arg, readAnswer, type SoapCall, writeEnvelope } from '../../src/wire/soap.js';
import { writeObjectsSpec, writeOptions, writeViewSpec } from '../../src/wire/vim-properties.js';
import { isXmlText, parseXml } from '../../src/wire/xml.js';
import { canonical, sample, sampleNames, tree } from './wire-samples.js';

type Written = Pick<SoapCall, 'namespace' | 'method' | 'self' | 'args' | 'vcSessionCookie'>;

const SESSION = '52d1a6c0-5f0e-4a3b-9d8e-7c6b5a493827';
const UID = '453d453a-ac19-4bf5-b1f7-7252ad84950a';
const ARRAY = 'com.purestorage:d4d78052-ea56-4a7e-9df9-67d1a1634faf';
const PROPERTY_COLLECTOR = { type: 'PropertyCollector', value: 'propertyCollector' };
const HOSTS = [10, 11].map((n): Arg => ({ name: 'host', ref: { type: 'HostSystem', value: `host-${n}` } }));

const sms = (method: string, type: string, value: string, args: Arg[] = []): Written => ({
  namespace: 'urn:sms',
  method,
  self: { type, value },
  args,
  vcSessionCookie: SESSION,
});
const vim = (method: string, type: string, value: string, args: Arg[] = []): Written => ({
  namespace: 'urn:vim25',
  method,
  self: { type, value },
  args,
});
const text = (name: string, value: string): Arg => ({ name, text: value });

const certificate = tree(sample('req-sms-RegisterProvider_Task-trusting')).children[1]?.children[0]?.children[1]?.children.at(-1)
  ?.text as DerBase64;
const SPEC = {
  name: 'array-a ct0',
  description: 'shared array A, controller 0',
  username: 'vasa-admin',
  password: 's3cret & <odd>',
  url: 'https://vp1.array.example.test:8084/version.xml',
};

/** One per request sample. */
const REQUESTS: Readonly<Record<string, Written>> = {
  'req-sms-QueryAboutInfo': sms('QueryAboutInfo', 'SmsServiceInstance', 'ServiceInstance'),
  'req-sms-QueryArray': sms('QueryArray', 'SmsStorageManager', 'storageManager', [text('providerId', UID)]),
  'req-sms-QueryProvider': sms('QueryProvider', 'SmsStorageManager', 'storageManager'),
  'req-sms-QueryProviderInfo': sms('QueryProviderInfo', 'VasaProvider', 'VasaProvider-1'),
  'req-sms-QuerySmsTaskInfo': sms('QuerySmsTaskInfo', 'SmsTask', 'SmsTask-22'),
  'req-sms-QuerySmsTaskResult': sms('QuerySmsTaskResult', 'SmsTask', 'SmsTask-22'),
  'req-sms-QueryStorageContainer': sms('QueryStorageContainer', 'SmsStorageManager', 'storageManager', [
    { name: 'containerSpec', children: [text('containerId', 'vvol:0123456789abcdef-0123456789abcdef')] },
  ]),
  'req-sms-QueryStorageManager': sms('QueryStorageManager', 'SmsServiceInstance', 'ServiceInstance'),
  'req-sms-RegisterProvider_Task-first': sms('RegisterProvider_Task', 'SmsStorageManager', 'storageManager', [
    writeProviderSpec(SPEC),
  ]),
  'req-sms-RegisterProvider_Task-trusting': sms('RegisterProvider_Task', 'SmsStorageManager', 'storageManager', [
    writeProviderSpec({ ...SPEC, certificate }),
  ]),
  'req-sms-SmsRefreshCACertificatesAndCRLs_Task': sms(
    'SmsRefreshCACertificatesAndCRLs_Task',
    'SmsStorageManager',
    'storageManager',
    [text('providerId', UID)],
  ),
  'req-sms-UnregisterProvider_Task': sms('UnregisterProvider_Task', 'SmsStorageManager', 'storageManager', [
    text('providerId', UID),
  ]),
  'req-sms-VasaProviderReconnect_Task': sms('VasaProviderReconnect_Task', 'VasaProvider', 'VasaProvider-1'),
  'req-sms-VasaProviderRefreshCertificate_Task': sms('VasaProviderRefreshCertificate_Task', 'VasaProvider', 'VasaProvider-1'),
  'req-sms-VasaProviderRevokeCertificate_Task': sms('VasaProviderRevokeCertificate_Task', 'VasaProvider', 'VasaProvider-1'),
  'req-sms-VasaProviderSync_Task-all': sms('VasaProviderSync_Task', 'VasaProvider', 'VasaProvider-1'),
  'req-sms-VasaProviderSync_Task-array': sms('VasaProviderSync_Task', 'VasaProvider', 'VasaProvider-1', [text('arrayId', ARRAY)]),
  'req-vim-CertMgrRefreshCACertificatesAndCRLs_Task': vim(
    'CertMgrRefreshCACertificatesAndCRLs_Task',
    'CertificateManager',
    'certificateManager',
    HOSTS,
  ),
  'req-vim-CertMgrRefreshCertificates_Task': vim(
    'CertMgrRefreshCertificates_Task',
    'CertificateManager',
    'certificateManager',
    HOSTS,
  ),
  'req-vim-ContinueRetrievePropertiesEx': {
    ...vim('ContinueRetrievePropertiesEx', '', '', [text('token', '0')]),
    self: PROPERTY_COLLECTOR,
  },
  'req-vim-CreateContainerView': vim('CreateContainerView', 'ViewManager', 'ViewManager', [
    { name: 'container', ref: { type: 'Folder', value: 'group-d1' } },
    ...['Datastore', 'HostSystem', 'ClusterComputeResource'].map((type) => text('type', type)),
    text('recursive', 'true'),
  ]),
  'req-vim-CurrentTime': vim('CurrentTime', 'ServiceInstance', 'ServiceInstance'),
  'req-vim-Login': vim('Login', 'SessionManager', 'SessionManager', [
    text('userName', 'audit@vsphere.local'),
    text('password', 'p&ss<word>'),
  ]),
  'req-vim-Logout': vim('Logout', 'SessionManager', 'SessionManager'),
  'req-vim-QueryOptions-certmgmt': vim('QueryOptions', 'OptionManager', 'VpxSettings', [text('name', 'vpxd.certmgmt.')]),
  'req-vim-RetrieveCertificateInfoList': vim('RetrieveCertificateInfoList', 'HostCertificateManager', 'certificateManager-10'),
  'req-vim-RetrievePropertiesEx-certinfo': {
    ...vim('RetrievePropertiesEx', '', '', [
      writeObjectsSpec([{ type: 'HostCertificateManager', value: 'certificateManager-10' }], 'HostCertificateManager', [
        'certificateInfo',
      ]),
      writeOptions(),
    ]),
    self: PROPERTY_COLLECTOR,
  },
  'req-vim-RetrievePropertiesEx-view': {
    ...vim('RetrievePropertiesEx', '', '', [
      writeViewSpec(
        { type: 'ContainerView', value: 'session[52d1]view-1' },
        {
          Datastore: ['name', 'summary.type', 'summary.accessible', 'info', 'host'],
          HostSystem: [
            'name',
            'parent',
            'config.certificate',
            'configManager.certificateManager',
            'summary.config.product.version',
          ],
        },
      ),
      writeOptions(100),
    ]),
    self: PROPERTY_COLLECTOR,
  },
  'req-vim-RetrieveServiceContent': vim('RetrieveServiceContent', 'ServiceInstance', 'ServiceInstance'),
};

describe('our request equals the sample, element by element', () => {
  const names = sampleNames.filter((name) => name.startsWith('req-')).map((name) => name.replace('.xml', ''));
  for (const name of names) {
    test(name, () => {
      const request = REQUESTS[name];
      if (request === undefined) throw new Error('no request of ours for this sample');
      expect(canonical(tree(writeEnvelope(request)))).toEqual(canonical(tree(sample(name))));
    });
  }
  test('the comparison notices a changed text, attribute, order and namespace', () => {
    const wanted = canonical(tree(sample('req-vim-Login')));
    const login = REQUESTS['req-vim-Login'];
    if (login === undefined) throw new Error('no login');
    for (const changed of [
      { ...login, args: [...(login.args ?? [])].reverse() },
      { ...login, namespace: 'urn:sms' as const },
      { ...login, self: { ...login.self, type: 'Folder' } },
      { ...login, args: [text('userName', 'audit@vsphere.local'), text('password', 'other')] },
    ]) {
      expect(canonical(tree(writeEnvelope(changed)))).not.toEqual(wanted);
    }
  });
});

test('whatever text goes into a request, it arrives as that text and as nothing else', () => {
  const xmlText = fc.string({ unit: 'binary' }).filter(isXmlText);
  fc.assert(
    fc.property(xmlText, xmlText, (value, guid) => {
      const self = { type: 'SmsTask', value, serverGuid: guid };
      const envelope = writeEnvelope({ ...sms('Any', 'a', 'b', [text('arg', value)]), self, vcSessionCookie: value });
      const [header, body] = tree(envelope).children;
      expect(header?.children[0]?.text).toBe(value);
      expect(body?.children.length).toBe(1);
      const [that, arg] = body?.children[0]?.children ?? [];
      expect([that?.text, arg?.text]).toEqual([value, value]);
      expect(that?.attributes.find((one) => one.name === 'serverGuid')?.value).toBe(guid);
    }),
    { seed: 5, numRuns: 500 },
  );
});

const answer = (body: Uint8Array | string, status = 200) => ({ status, headers: {}, body: Buffer.from(body) });
const read = (body: Uint8Array | string, status: number, method = 'QueryProvider', secrets: string[] = []) => {
  const result = readAnswer(answer(body, status), { method, path: '/sms/sdk', secrets }, 'vc');
  return result.ok ? undefined : result.error;
};

describe('a fault becomes a problem by its type', () => {
  for (const [name, code, type] of [
    ['fault-sms-InvalidSession', 'session-expired', 'InvalidSession'],
    ['fault-sms-QueryExecutionFault', 'fault', 'QueryExecutionFault'],
    ['fault-sms-ServiceNotInitialized', 'fault', 'ServiceNotInitialized'],
    ['fault-vim-InvalidLogin', 'login-refused', 'InvalidLogin'],
    ['fault-vim-NoPermission', 'no-permission', 'NoPermission'],
    ['fault-vim-NotAuthenticated', 'session-expired', 'NotAuthenticated'],
  ] as const) {
    test(name, () => {
      const failure = read(sample(name), 500);
      expect([failure?.problem.code, failure?.fault?.type]).toEqual([code, type]);
      expect(failure?.problem.remedy.length).toBeGreaterThan(20);
    });
  }
  test('a missing privilege is named', () => {
    expect(read(sample('fault-vim-NoPermission'), 500)?.problem.summary).toContain('Certificate.Manage');
  });
  test('a service that is still starting says what to wait for', () => {
    expect(read(sample('fault-sms-ServiceNotInitialized'), 500)?.problem).toMatchObject({
      retry: 'later',
      remedy: expect.stringContaining('vmware-sps'),
    });
  });
  test('the session in the fault of an expired one does not get into the problem', () => {
    expect(JSON.stringify(read(sample('fault-sms-InvalidSession'), 500)?.problem)).not.toContain(SESSION);
  });

  const fault = (message: string): string =>
    `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultstring>${message}</faultstring></e:Fault></e:Body></e:Envelope>`;
  test('text of a fault is bounded, on one line and harmless', () => {
    const summary = read(fault(`a\n\u009b2J\u202eb${'x'.repeat(1_000_000)}`), 500)?.problem.summary ?? '';
    expect(summary.length).toBeLessThan(600);
    expect(summary).toContain('a \\u{9b}2J\\u{202e}b');
    expect(summary).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  });
  test('a server that repeats secrets does not get them into a problem', () => {
    const failure = read(fault('no such user: p&amp;ss&lt;word&gt; or cCZzczx3b3JkPg=='), 500, 'Login', ['p&ss<word>']);
    expect(failure?.problem.summary).not.toMatch(/ss<word>|cCZzczx3b3JkPg==/);
    expect(failure?.problem.summary).toContain('[secret]');
  });
});

describe('answers that are not answers', () => {
  for (const { name, body, status, code } of [
    { name: 'a login page', body: '<!DOCTYPE html><html></html>', status: 200, code: 'bad-answer' },
    { name: 'JSON', body: '{"value": 1}', status: 200, code: 'bad-answer' },
    { name: 'nothing', body: '', status: 200, code: 'bad-answer' },
    { name: 'the answer to another call', body: sample('resp-vim-Login'), status: 200, code: 'bad-answer' },
    { name: 'a reverse proxy whose service is down', body: '503 Service Unavailable', status: 503, code: 'fault' },
    { name: 'no such service', body: 'not found', status: 404, code: 'not-supported' },
    { name: 'a proxy that wants a login', body: '', status: 403, code: 'no-permission' },
    { name: 'a redirect', body: '', status: 302, code: 'bad-answer' },
    { name: 'an error without fault', body: '<a/>', status: 500, code: 'bad-answer' },
  ]) {
    test(name, () => expect(read(body, status)?.problem.code).toBe(code));
  }

  test('no bytes and no status make reading throw', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(999), (body, status) => {
        expect(readAnswer(answer(body, status), { method: 'QueryProvider', path: '/sdk' }, 'vc').ok).toBe(false);
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});

test('a fault inside HTTP 200 is still a fault', () => {
  expect(parseXml(sample('fault-vim-NotAuthenticated')).ok).toBe(true);
  expect(read(sample('fault-vim-NotAuthenticated'), 200)?.problem.code).toBe('session-expired');
});
