import { afterEach, describe, expect, test } from 'vitest';
import type { Result } from '../../src/model/problem.js';
import type { HttpsClient } from '../../src/wire/https.js';
import type { SsoVerdict } from '../../src/wire/sso-verdict.js';
import { connectVim, type VimSession } from '../../src/wire/vim-client.js';
import { mintCa, mintLeaf } from '../support/mint.js';
import { clientOf } from './https-server.js';
import {
  type Answer,
  type Answers,
  answering,
  faulty,
  loginAnswers,
  type SoapServer,
  sampleAnswer,
  startSoapServer,
} from './soap-server.js';
import { sample } from './wire-samples.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const login = (password = 'p&ss<word>', verdict: SsoVerdict = {}) => ({ username: 'audit@vsphere.local', password, verdict });

async function serve(answers: Answers, latencyMs = 0): Promise<{ server: SoapServer; https: HttpsClient }> {
  const server = await startSoapServer({ ...loginAnswers(), ...answers }, latencyMs);
  const https = clientOf(server);
  open.push(server, https);
  return { server, https };
}

async function session(https: HttpsClient): Promise<VimSession> {
  const connection = await connectVim(https, login(), 'vc');
  if (!connection.session.ok) throw new Error(connection.session.error.summary);
  return connection.session.value;
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.summary}`);
  return result.value;
}
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

describe('the login', () => {
  test('tells what the vCenter is, then logs in with the version it speaks', async () => {
    const { server, https } = await serve({});
    const connection = await connectVim(https, login(), 'vc');
    expect(must(connection.about)).toEqual({
      version: '8.0.3',
      build: '24322831',
      apiVersion: '8.0.3.0',
      instanceUuid: '126f5b2d-ae91-4173-bdb6-1fbefcc7e6e2',
      fullName: 'VMware vCenter Server 8.0.3 build-24322831',
    });
    expect(must(connection.session).cookie).toBe('session-1');
    expect(Math.abs(connection.clockAheadMs ?? Number.NaN)).toBeLessThan(3_000);
    expect(server.calls.map((call) => [call.method, call.soapAction])).toEqual([
      ['RetrieveServiceContent', '"urn:vim25/6.5"'],
      ['Login', '"urn:vim25/8.0.3.0"'],
    ]);
    await must(connection.session).logout();
    expect(server.calls.at(-1)).toMatchObject({ method: 'Logout', cookie: 'vmware_soap_session="session-1"' });
  });

  test('a wrong password leaves what needs none, and is not sent again', async () => {
    const { server, https } = await serve({
      Login: () => ({
        ...sampleAnswer('fault-vim-InvalidLogin', 500),
        headers: { 'set-cookie': 'vmware_soap_session="of-a-failed-login"; Path=/' },
      }),
    });
    const verdict: SsoVerdict = {};
    const first = await connectVim(https, login('wrong', verdict), 'vc');
    expect([first.about.ok, codeOf(first.session)]).toEqual([true, 'login-refused']);
    expect(verdict.refused?.code).toBe('login-refused');
    const second = await connectVim(https, login('wrong', verdict), 'vc');
    expect([second.about.ok, codeOf(second.session)]).toEqual([true, 'not-attempted']);
    expect(server.calls.filter((call) => call.method === 'Login')).toHaveLength(1);
  });

  test('logins that start side by side send a wrong password once', async () => {
    const { server, https } = await serve({ Login: () => sampleAnswer('fault-vim-InvalidLogin', 500) }, 20);
    const verdict: SsoVerdict = {};
    const all = await Promise.all(Array.from({ length: 5 }, () => connectVim(https, login('wrong', verdict), 'vc')));
    expect(all.map((one) => codeOf(one.session)).sort()).toEqual(['login-refused', ...Array(4).fill('not-attempted')]);
    expect(server.calls.filter((call) => call.method === 'Login')).toHaveLength(1);
  });

  test('a password that XML cannot carry is refused before it is sent', async () => {
    const { server, https } = await serve({});
    expect(codeOf((await connectVim(https, login('pass\u0000word'), 'vc')).session)).toBe('secret-unusable');
    expect(server.calls.map((call) => call.method)).toEqual(['RetrieveServiceContent']);
  });

  for (const { name, cookie, value, code } of [
    { name: 'a cookie without quotes, as vcsim sets it', cookie: ['vmware_soap_session=abc; Path=/'], value: 'abc' },
    { name: 'one among others', cookie: ['other=1', 'vmware_soap_session="abc"; Path=/', 'x=2'], value: 'abc' },
    { name: 'no cookie', cookie: [], code: 'bad-answer' },
    { name: 'an empty one', cookie: ['vmware_soap_session=""; Path=/'], code: 'bad-answer' },
    { name: 'one that does not fit into a header', cookie: [`vmware_soap_session=${'x'.repeat(5_000)}`], code: 'bad-answer' },
  ]) {
    test(name, async () => {
      const { https } = await serve({ Login: () => ({ ...sampleAnswer('resp-vim-Login'), headers: { 'set-cookie': cookie } }) });
      const { session: got } = await connectVim(https, login(), 'vc');
      expect(got.ok ? got.value.cookie : got.error.code).toBe(value ?? code);
    });
  }

  for (const { name, from, to, code } of [
    { name: 'an ESXi host', from: 'VirtualCenter', to: 'HostAgent', code: 'config-invalid' },
    { name: 'something else', from: 'VirtualCenter', to: 'Toaster', code: 'bad-answer' },
    { name: 'a version that would break out of its header', from: '8.0.3.0', to: '8.0"&#13;&#10;x: y', code: 'bad-answer' },
    { name: 'no property collector', from: 'propertyCollector type', to: 'other type', code: 'bad-answer' },
  ]) {
    test(`${name} is not logged in to`, async () => {
      const body = sample('resp-vim-RetrieveServiceContent')
        .toString()
        .replaceAll(from, to)
        .replaceAll('</propertyCollector>', to === 'other type' ? '</other>' : '</propertyCollector>');
      const { server, https } = await serve({ RetrieveServiceContent: () => ({ body }) });
      const connection = await connectVim(https, login(), 'vc');
      expect([codeOf(connection.about), codeOf(connection.session)]).toEqual([code, code]);
      expect(server.calls).toHaveLength(1);
    });
  }
});

const HOST_CA = mintCa({ name: 'CN=CA' });
const HOST_LEAF = mintLeaf({ issuer: HOST_CA });
const prop = (name: string, val: string, type = 'xsd:string'): string =>
  `<propSet><name>${name}</name><val xsi:type="${type}">${val}</val></propSet>`;
const refs = (type: string, ...values: string[]): string =>
  values.map((value) => `<ManagedObjectReference type="${type}">${value}</ManagedObjectReference>`).join('');
const mount = (host: string, accessible: string): string =>
  `<DatastoreHostMount><key type="HostSystem">${host}</key><mountInfo><accessMode>readWrite</accessMode>${accessible}</mountInfo></DatastoreHostMount>`;

const VVOL =
  /<val xsi:type="VvolDatastoreInfo">([\s\S]*?)<\/val>/.exec(sample('resp-vim-RetrievePropertiesEx-vvol').toString())?.[1] ?? '';
const VHOST =
  '<vhostConfig><vhostName>vc8.array</vhostName><serviceHost>vp1.array.example.test</serviceHost><servicePort>8085</servicePort></vhostConfig><versionId>7</versionId>';

const DATASTORE = `<objects><obj type="Datastore">datastore-21</obj>${prop('name', 'vvol-ds-a')}${prop('summary.type', 'VVOL')}${prop('summary.accessible', 'false', 'xsd:boolean')}${prop('info', VVOL.replace('</provider>', `${VHOST}</provider>`), 'VvolDatastoreInfo')}${prop('host', mount('host-10', '<accessible>false</accessible>') + mount('host-11', ''), 'ArrayOfDatastoreHostMount')}${prop('vm', refs('VirtualMachine', 'vm-1', 'vm-2'), 'ArrayOfManagedObjectReference')}</objects>`;
const VMFS = `<objects><obj type="Datastore">datastore-9</obj>${prop('name', 'local')}${prop('summary.type', 'VMFS')}${prop('vm', refs('VirtualMachine', 'vm-9'), 'ArrayOfManagedObjectReference')}</objects>`;
const host = (n: number, certificate: string): string =>
  `<objects><obj type="HostSystem">host-${n}</obj>${prop('name', `esx-${n}`)}${prop('summary.config.product.version', '8.0.3')}${prop('runtime.connectionState', 'connected', 'HostSystemConnectionState')}${certificate}<propSet><name>configManager.certificateManager</name><val xsi:type="ManagedObjectReference" type="HostCertificateManager">certificateManager-${n}</val></propSet></objects>`;
const asBytes = prop(
  'config.certificate',
  [...Buffer.from(HOST_LEAF.pem)].map((byte) => `<byte>${byte > 127 ? byte - 256 : byte}</byte>`).join(''),
  'ArrayOfByte',
);
const asDerBytes = prop(
  'config.certificate',
  [...HOST_LEAF.der].map((byte) => `<byte>${byte > 127 ? byte - 256 : byte}</byte>`).join(''),
  'ArrayOfByte',
);
const asBase64 = prop('config.certificate', Buffer.from(HOST_LEAF.pem).toString('base64'), 'xsd:base64Binary');

const storage = (pages: Answer[]): Answers => {
  const vm = (n: string) =>
    `<objects><obj type="VirtualMachine">${n}</obj>${prop('name', `machine ${n}`)}${prop('runtime.powerState', 'poweredOn', 'VirtualMachinePowerState')}${prop('datastore', refs('Datastore', 'datastore-21', 'datastore-9'), 'ArrayOfManagedObjectReference')}</objects>`;
  let page = 0;
  return {
    CreateContainerView: () => answering('CreateContainerView', '<returnval type="ContainerView">session[1]view-1</returnval>'),
    DestroyView: () => answering('DestroyView', ''),
    RetrievePropertiesEx: (call) => {
      const text = JSON.stringify(call.request);
      if (!text.includes('VirtualMachine')) return pages[page++] ?? faulty('InvalidState');
      const asked = call.request.children[1]?.children.flatMap((set) =>
        set.name === 'objectSet' ? (set.children[0]?.text ?? []) : [],
      );
      return answering('RetrievePropertiesEx', `<returnval>${asked?.map(vm).join('')}</returnval>`);
    },
    ContinueRetrievePropertiesEx: () => {
      const next = pages[page++] ?? faulty('InvalidProperty');
      return {
        ...next,
        body: String(next.body).replaceAll('RetrievePropertiesExResponse', 'ContinueRetrievePropertiesExResponse'),
      };
    },
    ListCACertificates: () => answering('ListCACertificates', `<returnval>${HOST_CA.pem}</returnval><returnval>junk</returnval>`),
  };
};
const page = (objects: string, token?: number): Answer =>
  answering('RetrievePropertiesEx', `<returnval>${token === undefined ? '' : `<token>${token}</token>`}${objects}</returnval>`);
const NOT_AUTHENTICATED = page(
  `<objects><obj type="Datastore">datastore-21</obj><missingSet><path>name</path><fault><fault xsi:type="NotAuthenticated"><object type="Folder">group-d1</object><privilegeId>System.View</privilegeId></fault><localizedMessage>The session is not authenticated.</localizedMessage></fault></missingSet></objects>`,
);

describe('the storage view', () => {
  test('datastores with mounts and what hosts were told, hosts with their certificates, VMs on VVol datastores alone', async () => {
    const { server, https } = await serve(
      storage([page(DATASTORE, 1), page(VMFS, 2), page(host(10, asBytes) + host(11, asBase64) + host(12, asDerBytes))]),
    );
    const view = must(await (await session(https)).storageView());
    expect(view.datastores).toHaveLength(1);
    expect(view.datastores[0]).toMatchObject({
      ref: 'datastore-21',
      name: 'vvol-ds-a',
      containerId: 'vvol:0123456789abcdef-0123456789abcdef',
      accessible: false,
      mounts: [{ host: 'host-10', accessible: false }, { host: 'host-11' }],
      vms: ['vm-1', 'vm-2'],
      arrays: ['com.purestorage:d4d78052-ea56-4a7e-9df9-67d1a1634faf'],
    });
    const told = view.datastores[0]?.told ?? [];
    expect(told[0]).toMatchObject({
      uid: 'com.purestorage:vp-ct0',
      url: 'https://vp1.array.example.test:8084/vasa/services/vasaService',
      name: 'array-a ct0',
      vhost: { name: 'vc8.array', serviceHost: 'vp1.array.example.test', servicePort: 8085 },
      versionId: '7',
      arrays: [{ arrayId: 'com.purestorage:d4d78052-ea56-4a7e-9df9-67d1a1634faf', active: true, priority: 200 }],
    });
    expect(told[0]?.selfSignedCertificate).toMatch(/^MIID/);
    expect(told[1]).not.toHaveProperty('vhost');
    expect(view.hosts.map((one) => [one.ref, one.name, one.version, one.connectionState])).toEqual(
      [10, 11, 12].map((n) => [`host-${n}`, `esx-${n}`, '8.0.3', 'connected']),
    );
    expect(view.hosts.map((one) => one.certificate)).toEqual(Array(3).fill(HOST_LEAF.cert.der));
    expect(view.hosts.map((one) => one.trustAnchors?.state)).toEqual(['seen', 'seen', undefined]);
    expect(view.hosts[0]?.trustAnchors).toMatchObject({ value: [HOST_CA.cert.der] });
    expect(view.vms).toEqual(
      ['vm-1', 'vm-2'].map((ref) => ({
        ref,
        name: `machine ${ref}`,
        powerState: 'poweredOn',
        datastores: ['datastore-21', 'datastore-9'],
      })),
    );
    expect(
      server.calls
        .filter((call) => call.method === 'ListCACertificates')
        .map((call) => call.request.children[0]?.text)
        .sort(),
    ).toEqual(['certificateManager-10', 'certificateManager-11']);
    expect(server.calls.filter((call) => call.method === 'DestroyView')).toHaveLength(1);
  });

  test('an estate without VVol datastores asks for no VM and no trust anchor', async () => {
    const { server, https } = await serve(storage([page(VMFS + host(10, ''))]));
    const view = must(await (await session(https)).storageView());
    expect([view.datastores, view.vms, view.hosts.length]).toEqual([[], [], 1]);
    expect(server.calls.map((call) => call.method)).not.toContain('ListCACertificates');
    expect(server.calls.filter((call) => call.method === 'RetrievePropertiesEx')).toHaveLength(1);
  });

  test('a host that refuses its trust anchors makes a gap at that host alone', async () => {
    const { https } = await serve({
      ...storage([page(DATASTORE + host(10, asBytes) + host(11, ''))]),
      ListCACertificates: (call) =>
        call.request.children[0]?.text === 'certificateManager-10'
          ? sampleAnswer('fault-vim-NoPermission', 500)
          : answering('ListCACertificates', `<returnval>${HOST_CA.pem}</returnval>`),
    });
    const view = must(await (await session(https)).storageView());
    expect(view.hosts.map((one) => one.trustAnchors)).toMatchObject([
      { state: 'unknown', problem: { code: 'no-permission' } },
      { state: 'seen', value: [HOST_CA.cert.der] },
    ]);
  });

  test('a datastore that we may not look at is a failure, not an estate without VVols', async () => {
    const hidden = `<objects><obj type="Datastore">datastore-30</obj>${prop('name', 'x')}<missingSet><path>summary.type</path><fault><fault xsi:type="NoPermission"/></fault></missingSet></objects>`;
    const { https } = await serve(storage([page(hidden)]));
    expect(codeOf(await (await session(https)).storageView())).toBe('no-permission');
  });

  test('a VM deleted meanwhile is left out', async () => {
    const answers = storage([page(DATASTORE)]);
    const plain = answers.RetrievePropertiesEx;
    const { https } = await serve({
      ...answers,
      RetrievePropertiesEx: (call) =>
        JSON.stringify(call.request).includes('"vm-1"')
          ? faulty('ManagedObjectNotFound', 'gone', '<obj type="VirtualMachine">vm-1</obj>')
          : (plain?.(call) ?? faulty('none')),
    });
    expect(must(await (await session(https)).storageView()).vms.map((vm) => vm.ref)).toEqual(['vm-2']);
  });

  test('VMs are asked for in chunks', async () => {
    const many = Array.from({ length: 1_201 }, (_, n) => `vm-${n}`);
    const { server, https } = await serve(
      storage([page(DATASTORE.replace(refs('VirtualMachine', 'vm-1', 'vm-2'), refs('VirtualMachine', ...many)))]),
    );
    const view = must(await (await session(https)).storageView({ trustAnchors: false }));
    expect(view.vms.map((vm) => vm.ref)).toEqual(many);
    expect(server.calls.filter((call) => call.method === 'RetrievePropertiesEx')).toHaveLength(4);
  });

  for (const { name, pages } of [
    { name: 'a session found expired on the first page', pages: [NOT_AUTHENTICATED, page(DATASTORE)] },
    { name: 'a session that expires between two pages', pages: [page(VMFS, 1), NOT_AUTHENTICATED, page(DATASTORE)] },
    {
      name: 'the same told by a fault',
      pages: [page(VMFS, 1), sampleAnswer('fault-vim-NotAuthenticated', 500), page(DATASTORE)],
    },
  ]) {
    test(`${name} is renewed once, and the view made anew`, async () => {
      const { server, https } = await serve(storage(pages));
      const vim = await session(https);
      const view = must(await vim.storageView());
      expect(view.datastores.map((one) => one.ref)).toEqual(['datastore-21']);
      expect(vim.cookie).toBe('session-2');
      expect(server.calls.filter((call) => call.method === 'Login')).toHaveLength(2);
      expect(server.calls.filter((call) => call.method === 'CreateContainerView').map((call) => call.cookie)).toEqual([
        'vmware_soap_session="session-1"',
        'vmware_soap_session="session-2"',
      ]);
    });
  }

  test('a session that expires while hosts are asked is everybody’s affair', async () => {
    let asked = 0;
    const { https } = await serve({
      ...storage([page(DATASTORE + host(10, '')), page(DATASTORE + host(10, ''))]),
      ListCACertificates: () =>
        asked++ === 0
          ? sampleAnswer('fault-vim-NotAuthenticated', 500)
          : answering('ListCACertificates', `<returnval>${HOST_CA.pem}</returnval>`),
    });
    expect(must(await (await session(https)).storageView()).hosts[0]?.trustAnchors?.state).toBe('seen');
  });

  test('a session that keeps expiring ends in a problem, not in a loop', async () => {
    const { server, https } = await serve(storage(Array(50).fill(NOT_AUTHENTICATED)));
    const vim = await session(https);
    for (let i = 0; i < 6; i += 1) expect(codeOf(await vim.storageView())).toBe('session-expired');
    expect(server.calls.filter((call) => call.method === 'Login').length).toBeLessThanOrEqual(4);
  });

  test('paging without end is given up', async () => {
    const { https } = await serve({
      ...storage([]),
      RetrievePropertiesEx: () => page(VMFS, 1),
      ContinueRetrievePropertiesEx: () => answering('ContinueRetrievePropertiesEx', '<returnval><token>1</token></returnval>'),
    });
    expect(codeOf(await (await session(https)).storageView())).toBe('bad-answer');
  });
});

test('the sample of a VVol datastore is decoded', async () => {
  const { https } = await serve({
    ...storage([{ body: sample('resp-vim-RetrievePropertiesEx-vvol').toString().replace('<token>0</token>', '') }]),
  });
  const view = must(await (await session(https)).storageView());
  expect(view.datastores).toMatchObject([
    { name: 'vvol-ds-a', accessible: false, mounts: [], vms: [], told: [{ name: 'array-a ct0' }, { name: 'array-a ct1' }] },
  ]);
  expect(view.hosts).toEqual([{ ref: 'host-10', name: 'esx-10.lab.example.test' }]);
});

describe('single reads', () => {
  test('the time of the vCenter', async () => {
    const { https } = await serve({
      CurrentTime: () => answering('CurrentTime', '<returnval>2026-11-22T13:45:00.25Z</returnval>'),
    });
    expect(must(await (await session(https)).currentTime())).toEqual(new Date('2026-11-22T13:45:00.250Z'));
  });

  test('a time that is none', async () => {
    const { https } = await serve({ CurrentTime: () => answering('CurrentTime', '<returnval>soon</returnval>') });
    expect(codeOf(await (await session(https)).currentTime())).toBe('bad-answer');
  });

  test('the trust anchors of one host, its manager looked up first', async () => {
    const { https } = await serve(storage([page(host(10, ''))]));
    expect(must(await (await session(https)).hostTrustAnchors('host-10'))).toEqual([HOST_CA.cert.der]);
  });

  test('many reads that find the session expired share one new login', async () => {
    let valid = 'session-1';
    const { server, https } = await serve(
      {
        CurrentTime: (call) =>
          call.cookie === `vmware_soap_session="${valid}"`
            ? answering('CurrentTime', '<returnval>2026-11-22T13:45:00Z</returnval>')
            : sampleAnswer('fault-vim-NotAuthenticated', 500),
      },
      5,
    );
    const vim = await session(https);
    valid = 'session-2';
    const all = await Promise.all(Array.from({ length: 8 }, () => vim.currentTime()));
    expect(all.map(codeOf)).toEqual(Array(8).fill('ok'));
    expect(server.calls.filter((call) => call.method === 'Login')).toHaveLength(2);
  });
});
