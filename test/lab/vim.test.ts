import { beforeEach, describe, expect, test } from 'vitest';
import { openWorld } from '../../src/lab/build-world.js';
import { openKeySource } from '../../src/lab/keys.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';
import { type Answer, type LabCaller, openCaller, THIS, textsOf } from '../support/lab-soap.js';

const keys = openKeySource({ only: 'ec' });
let now: number;
let world: LabWorld;
let vcenter: LabVcenter;
let caller: LabCaller;

beforeEach(async () => {
  now = Date.parse('2026-11-22T12:00:00Z');
  const builder = openWorld('vim', { keys, now: () => new Date(now), switches: { serverGuid: 'absent' } });
  vcenter = await builder.vcenter({ id: 'vc1', release: '8.0U3' });
  const provider = await builder.provider({ name: 'array1-CT0', array: 'array1', vasaVersion: '5.0' });
  provider.virtualHosts.set('vc1', {
    vhostName: 'vc1.array1',
    servicePort: 8443,
    served: provider.served,
    clientCertificates: [],
  });
  builder.register(vcenter, provider);
  builder.populate(vcenter, {
    hosts: { count: 2, version: '8.0.3' },
    datastores: [{ name: 'vvol1', providers: [provider], vms: 3, poweredOn: 2 }],
  });
  world = builder.world;
  caller = openCaller(world, vcenter);
  await caller.logIn();
  world.record.length = 0;
});

const SETTINGS = '<_this type="OptionManager">VpxSettings</_this>';
const CERTIFICATES = '<_this type="CertificateManager">certificateManager</_this>';
const HOST_CERTIFICATES = '<_this type="HostCertificateManager">certificateManager-1</_this>';

async function createView(types: readonly string[], container = 'group-d1', recursive = true): Promise<string> {
  const inner = `<container type="Folder">${container}</container>${types.map((type) => `<type>${type}</type>`).join('')}<recursive>${recursive}</recursive>`;
  return textsOf((await caller.vim('CreateContainerView', THIS.viewManager, inner)).text, 'returnval')[0] ?? '';
}

function read(
  view: string,
  propSets: Readonly<Record<string, readonly string[]>>,
  options = '<options/>',
  version?: string,
): Promise<Answer> {
  const sets = Object.entries(propSets).map(
    ([type, paths]) => `<propSet><type>${type}</type>${paths.map((path) => `<pathSet>${path}</pathSet>`).join('')}</propSet>`,
  );
  const objects = `<objectSet><obj type="ContainerView">${view}</obj><skip>true</skip><selectSet xsi:type="TraversalSpec"><type>ContainerView</type><path>view</path></selectSet></objectSet>`;
  return caller.vim(
    'RetrievePropertiesEx',
    THIS.propertyCollector,
    `<specSet>${sets.join('')}${objects}</specSet>${options}`,
    version,
  );
}

describe('login', () => {
  test('the cookie is quoted; a refused login hands out another one that opens nothing', async () => {
    const good = await caller.logIn();
    expect(good.headers['set-cookie']).toMatch(/^vmware_soap_session="[0-9a-f]{40}"; Path=\/; HttpOnly; Secure; $/);
    const bad = await caller.logIn('administrator@vsphere.local', 'wrong');
    expect([bad.status, bad.name]).toEqual([500, 'InvalidLogin']);
    expect(caller.cookie).toMatch(/^[0-9a-f]{40}$/);
    expect((await caller.vim('CurrentTime', THIS.vim)).name).toBe('NotAuthenticated');
  });

  test.each(['ADMINISTRATOR@VSPHERE.LOCAL', 'VSPHERE.LOCAL\\Administrator'])('%s is the administrator', async (username) => {
    expect((await caller.logIn(username)).status).toBe(200);
  });

  test('a service content needs no login, everything else does', async () => {
    caller.cookie = undefined;
    const content = await caller.vim('RetrieveServiceContent', THIS.vim, '', '2.5');
    expect(textsOf(content.text, 'instanceUuid')).toEqual([vcenter.instanceUuid]);
    expect((await caller.vim('CurrentTime', THIS.vim)).name).toBe('NotAuthenticated');
  });

  test('the clock of the appliance is what CurrentTime tells', async () => {
    vcenter.appliance.clockAheadMs = 90_000;
    expect(textsOf((await caller.vim('CurrentTime', THIS.vim)).text, 'returnval')).toEqual(['2026-11-22T12:01:30.000Z']);
  });
});

describe('views and the property collector', () => {
  test('a view holds what is below its container, of the types asked for', async () => {
    const view = await createView(['Datastore', 'HostSystem', 'ClusterComputeResource', 'VirtualMachine']);
    const answer = await read(view, { ManagedEntity: ['name'] });
    expect(textsOf(answer.text, 'obj')).toEqual(['datastore-11', 'vm-101', 'vm-102', 'vm-103', 'domain-c7', 'host-1', 'host-2']);
    const flat = await read(await createView([], 'group-d1', false), { ManagedEntity: ['name'] });
    expect(textsOf(flat.text, 'obj')).toEqual(['datacenter-2']);
  });

  test('hosts, datastores and VMs as an audit asks for them', async () => {
    const [datastore] = vcenter.datastores;
    const mount = datastore?.mounts[0];
    if (mount !== undefined) mount.accessible = false;
    const { text } = await read(await createView(['Datastore', 'HostSystem', 'VirtualMachine']), {
      Datastore: ['name', 'summary.type', 'summary.accessible', 'host', 'vm', 'info.vvolDS.scId'],
      HostSystem: ['name', 'parent', 'runtime.connectionState', 'summary.config.product.version'],
      VirtualMachine: ['runtime.powerState', 'datastore'],
    });
    expect(textsOf(text, 'accessible')).toEqual(['false', 'true']);
    expect(text).toContain('<name>summary.accessible</name><val xsi:type="xsd:boolean">true</val>');
    expect(text).toContain(
      '<name>host</name><val xsi:type="ArrayOfDatastoreHostMount"><DatastoreHostMount><key type="HostSystem">host-1</key>',
    );
    expect(text).toContain(
      '<val xsi:type="ArrayOfManagedObjectReference"><ManagedObjectReference type="VirtualMachine" xsi:type="ManagedObjectReference">vm-101<',
    );
    expect(text).toContain('<name>runtime.connectionState</name><val xsi:type="HostSystemConnectionState">connected</val>');
    expect(textsOf(text, 'val').filter((value) => value.startsWith('powered'))).toEqual(['poweredOn', 'poweredOn', 'poweredOff']);
    expect(text).toContain(`<name>info.vvolDS.scId</name><val xsi:type="xsd:string">${datastore?.containerId}</val>`);
  });

  test("a host's certificate is its PEM, one element a byte", async () => {
    const { text } = await read(await createView(['HostSystem']), { HostSystem: ['config.certificate'] });
    const [first] = /<val xsi:type="ArrayOfByte">(.*?)<\/val>/.exec(text)?.slice(1) ?? [];
    const pem = Buffer.from(textsOf(first ?? '', 'byte').map(Number)).toString();
    expect(pem).toBe(vcenter.hosts[0]?.certificate.certificatePem);
  });

  test('hosts are told the virtual host of a VASA 5 provider, from 8.0.1 on', async () => {
    const view = await createView(['Datastore']);
    const told = await read(view, { Datastore: ['info'] });
    expect(told.text).toContain(
      '<vhostConfig><vhostName>vc1.array1</vhostName><serviceHost>10.1.0.1</serviceHost><servicePort>8443</servicePort></vhostConfig><versionId>7</versionId>',
    );
    const older = await read(view, { Datastore: ['info'] }, '<options/>', '7.0.3.0');
    expect(older.text).not.toContain('vhostConfig');
  });

  test('pages are followed by token, in order and once each', async () => {
    const view = await createView([]);
    const first = await read(view, { ManagedEntity: ['name'] }, '<options><maxObjects>4</maxObjects></options>');
    const names = textsOf(first.text, 'obj');
    expect(names).toHaveLength(4);
    let token = textsOf(first.text, 'token')[0];
    while (token !== undefined) {
      const next = await caller.vim('ContinueRetrievePropertiesEx', THIS.propertyCollector, `<token>${token}</token>`);
      names.push(...textsOf(next.text, 'obj'));
      const again = await caller.vim('ContinueRetrievePropertiesEx', THIS.propertyCollector, `<token>${token}</token>`);
      expect(again.name).toBe('InvalidArgument');
      token = textsOf(next.text, 'token')[0];
    }
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(12);
  });

  test('a cancelled read cannot be continued', async () => {
    const first = await read(await createView([]), { ManagedEntity: ['name'] }, '<options><maxObjects>1</maxObjects></options>');
    const token = `<token>${textsOf(first.text, 'token')[0]}</token>`;
    expect((await caller.vim('CancelRetrievePropertiesEx', THIS.propertyCollector, token)).status).toBe(200);
    expect((await caller.vim('ContinueRetrievePropertiesEx', THIS.propertyCollector, token)).name).toBe('InvalidArgument');
  });

  test('nothing found is an empty response', async () => {
    vcenter.vms.length = 0;
    const answer = await read(await createView(['VirtualMachine']), { VirtualMachine: ['name'] });
    expect(answer.text).toContain('<RetrievePropertiesExResponse xmlns="urn:vim25"/>');
  });

  test.each([
    ['an unknown property', { HostSystem: ['nonsense'] }, 'InvalidProperty'],
    ['an unknown step of a path', { HostSystem: ['config.nonsense'] }, 'InvalidProperty'],
    ['a path into a list', { Datastore: ['host.key'] }, 'InvalidProperty'],
    ['an unknown type', { Host: ['name'] }, 'InvalidType'],
  ])('%s is a fault', async (_name, sets, fault) => {
    expect((await read(await createView(['HostSystem', 'Datastore']), sets)).name).toBe(fault);
  });

  test('objectSet before propSet is refused', async () => {
    const view = await createView(['HostSystem']);
    const inner = `<specSet><objectSet><obj type="ContainerView">${view}</obj></objectSet><propSet><type>HostSystem</type><pathSet>name</pathSet></propSet></specSet><options/>`;
    expect((await caller.vim('RetrievePropertiesEx', THIS.propertyCollector, inner)).name).toBe('InvalidRequest');
  });

  test('without System.Read the rest is told, and what is missing', async () => {
    vcenter.accounts.push({ username: 'poor@vsphere.local', password: 'p', privileges: [] });
    await caller.logIn('poor@vsphere.local', 'p');
    const { text } = await read(await createView(['HostSystem']), { HostSystem: ['name', 'config.certificate'] });
    expect(textsOf(text, 'val')).toEqual(vcenter.hosts.map((host) => host.name));
    expect(text).toContain('<path>config.certificate</path><fault><fault xsi:type="NoPermission">');
  });

  test('a view belongs to the session that made it, until it is destroyed', async () => {
    const view = await createView(['HostSystem']);
    await caller.vim('DestroyView', `<_this type="ContainerView">${view}</_this>`);
    expect((await read(view, { HostSystem: ['name'] })).name).toBe('ManagedObjectNotFound');
    const mine = await createView(['HostSystem']);
    await caller.logIn();
    expect((await read(mine, { HostSystem: ['name'] })).name).toBe('ManagedObjectNotFound');
  });

  test('folders can be walked by named traversals', async () => {
    const inner = `<specSet><propSet><type>HostSystem</type><pathSet>name</pathSet></propSet><objectSet><obj type="Folder">group-d1</obj><skip>true</skip><selectSet xsi:type="TraversalSpec"><name>folders</name><type>Folder</type><path>childEntity</path><selectSet><name>folders</name></selectSet><selectSet><name>centre</name></selectSet><selectSet><name>cluster</name></selectSet></selectSet><selectSet xsi:type="TraversalSpec"><name>centre</name><type>Datacenter</type><path>hostFolder</path><selectSet><name>folders</name></selectSet></selectSet><selectSet xsi:type="TraversalSpec"><name>cluster</name><type>ComputeResource</type><path>host</path></selectSet></objectSet></specSet><options/>`;
    const answer = await caller.vim('RetrievePropertiesEx', THIS.propertyCollector, inner);
    expect(textsOf(answer.text, 'obj')).toEqual(['host-1', 'host-2']);
  });
});

describe('an expired session', () => {
  test.each([
    ['missing-set', 200, 'RetrievePropertiesEx'],
    ['fault', 500, 'NotAuthenticated'],
  ] as const)('looks like %s in a property read', async (form, status, name) => {
    const view = await createView(['HostSystem']);
    world.faults.push({ kind: 'session-expires', where: 'vc1', afterCalls: 1, form });
    const answer = await read(view, { HostSystem: ['name'] });
    expect([answer.status, answer.name]).toEqual([status, name]);
    expect(answer.text).toContain('NotAuthenticated');
    expect((await caller.vim('CurrentTime', THIS.vim)).name).toBe('NotAuthenticated');
  });

  test('names every property of an object asked for by reference', async () => {
    caller.cookie = undefined;
    const inner =
      '<specSet><propSet><type>HostSystem</type><pathSet>name</pathSet><pathSet>parent</pathSet></propSet><objectSet><obj type="HostSystem">host-1</obj></objectSet></specSet><options/>';
    const { text } = await caller.vim('RetrievePropertiesEx', THIS.propertyCollector, inner);
    expect(textsOf(text, 'path')).toEqual(['name', 'parent']);
    expect(text).not.toContain('<propSet>');
  });
});

describe('options and certificates of hosts', () => {
  test.each([
    ['vpxd.certmgmt.mode', ['vmca']],
    ['vpxd.certmgmt.certs.cn.', ['US', 'vmca@vmware.com', 'Palo Alto', 'VMware Engineering', 'VMware', 'California']],
  ])('%s', async (name, values) => {
    expect(textsOf((await caller.vim('QueryOptions', SETTINGS, `<name>${name}</name>`)).text, 'value')).toEqual(values);
  });

  test.each(['vpxd.certmgmt', 'vpxd.nothing.'])('%s leads to nothing: InvalidName', async (name) => {
    expect((await caller.vim('QueryOptions', SETTINGS, `<name>${name}</name>`)).name).toBe('InvalidName');
  });

  test('ListCACertificates tells the anchors of that host as PEM', async () => {
    const answer = await caller.vim('ListCACertificates', HOST_CERTIFICATES);
    const told = textsOf(answer.text, 'returnval').map((pem) => pem.replace(/-----[^-]+-----|\n/g, ''));
    expect(told).toEqual(vcenter.hosts[0]?.trustAnchors);
    expect((await caller.vim('ListCACertificates', HOST_CERTIFICATES.replace('-1', '-9'))).name).toBe('ManagedObjectNotFound');
  });

  test('the list of kinds came with 8.0.1', async () => {
    expect(textsOf((await caller.vim('RetrieveCertificateInfoList', HOST_CERTIFICATES)).text, 'kind')).toEqual([
      'Machine',
      'VASAClient',
    ]);
    expect((await caller.vim('RetrieveCertificateInfoList', HOST_CERTIFICATES, '', '8.0.0.2')).name).toBe('InvalidRequest');
  });

  test('a push gives hosts the trusted roots, is recorded as a change, and its task can be polled', async () => {
    const fresh = vcenter.machineSsl.certificate;
    vcenter.trustedRoots.push(fresh);
    const started = await caller.vim(
      'CertMgrRefreshCACertificatesAndCRLs_Task',
      CERTIFICATES,
      '<host type="HostSystem">host-2</host>',
    );
    expect(vcenter.hosts.map((host) => host.trustAnchors.includes(fresh))).toEqual([false, true]);
    expect(world.record.filter((one) => one.kind === 'change').map((one) => one.what)).toEqual(['trust anchors of host-2']);
    const task = textsOf(started.text, 'returnval')[0];
    const states: (string | undefined)[] = [];
    for (const _ of [0, 1, 2]) {
      const inner = `<specSet><propSet><type>Task</type><pathSet>info.state</pathSet></propSet><objectSet><obj type="Task">${task}</obj></objectSet></specSet><options/>`;
      states.push(textsOf((await caller.vim('RetrievePropertiesEx', THIS.propertyCollector, inner)).text, 'val')[0]);
      now += world.timing.taskMs / 2;
    }
    expect(states).toEqual(['queued', 'running', 'success']);
  });

  test('a push to a host that is not there changes nothing', async () => {
    const answer = await caller.vim(
      'CertMgrRefreshCACertificatesAndCRLs_Task',
      CERTIFICATES,
      '<host type="HostSystem">host-1</host><host type="HostSystem">host-9</host>',
    );
    expect(answer.name).toBe('ManagedObjectNotFound');
    expect(world.record.filter((one) => one.kind === 'change')).toEqual([]);
  });

  test('an account without Certificate.Manage may not ask', async () => {
    const auditor = vcenter.accounts.find((one) => !one.privileges.includes('Certificate.Manage'));
    await caller.logIn(auditor?.username, auditor?.password);
    expect((await caller.vim('ListCACertificates', HOST_CERTIFICATES)).name).toBe('NoPermission');
  });
});

test('a vCenter refuses the version id of a newer one', async () => {
  const old = { ...vcenter, version: '6.7.0', apiVersion: '6.7.3' };
  const other = openCaller(world, old);
  for (const [version, status] of [
    ['6.5', 200],
    ['6.7.3', 200],
    ['7.0.0.0', 500],
    ['8.0.3.0', 500],
  ] as const) {
    expect((await other.vim('RetrieveServiceContent', THIS.vim, '', version)).status).toBe(status);
  }
});
