import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld } from '../../src/lab/build-world.js';
import { openKeySource } from '../../src/lab/keys.js';
import { startVcenter } from '../../src/lab/vcenter-server.js';
import type { LabProvider, LabVcenter, LabWorld } from '../../src/lab/world.js';
import { missingSystemParts } from '../support/system.js';

/** Debian's interpreter by its path: another python3 on PATH would not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const CLIENT = fileURLToPath(new URL('./pyvmomi_client.py', import.meta.url));

/** pyVmomi is a package, not a command, so it is looked for by importing it; the rule is that of `missingSystemParts`. */
function missingPyvmomi(): boolean {
  if (missingSystemParts(PYTHON)) return true;
  if (spawnSync(PYTHON, ['-c', 'from pyVmomi import sms'], { timeout: 60_000 }).status === 0) return false;
  return missingSystemParts('/usr/lib/python3/dist-packages/pyVmomi/SmsObjects.py (a pyVmomi that has sms)');
}

interface TaskSeen {
  readonly states: readonly string[];
  readonly error: { readonly type: string; readonly certificate: string | null } | null;
  readonly result: string | null;
  readonly object: string;
}

interface ProviderSeen {
  readonly uid: string;
  readonly [field: string]: unknown;
}

interface Seen {
  readonly [name: string]: unknown;
  readonly datastore: Record<string, unknown>;
  readonly host: { readonly certificate: string; readonly anchors: readonly string[]; readonly [more: string]: unknown };
  readonly providers: readonly ProviderSeen[];
  readonly by65: readonly ProviderSeen[];
  readonly by40: readonly ProviderSeen[];
  readonly added: ProviderSeen;
}

describe.skipIf(missingPyvmomi())("Debian's pyVmomi against the lab", () => {
  let world: LabWorld;
  let vcenter: LabVcenter;
  let fresh: LabProvider;
  let seen: Seen;
  let close: () => Promise<void> = async () => {};

  beforeAll(async () => {
    const builder = openWorld('pyvmomi', { keys: openKeySource(), timing: { taskMs: 1000 } });
    world = builder.world;
    vcenter = await builder.vcenter({ id: 'vc1', release: '8.0U3' });
    const provider = await builder.provider({ name: 'array1-CT0', array: 'array1', retained: false });
    fresh = await builder.provider({ name: 'array2-CT0', array: 'array2', retained: false });
    builder.register(vcenter, provider);
    builder.populate(vcenter, {
      hosts: { count: 2, version: '8.0.3' },
      datastores: [{ name: 'vvol1', providers: [provider], vms: 2, poweredOn: 1 }],
    });
    vcenter.vcha = {
      state: 'configured',
      mode: 'maintenance',
      nodes: [{ cluster: '192.168.9.1', failover: '10.0.0.1' }, { cluster: '192.168.9.2' }, { cluster: 'fd00::9' }],
    };
    const server = await startVcenter(world, vcenter);
    close = () => server.close();
    const [administrator] = vcenter.accounts;
    seen = await runClient({
      host: server.host,
      port: server.port,
      caPem: vcenter.vmca.certificatePem,
      username: administrator?.username,
      password: administrator?.password,
      auditor: vcenter.accounts.find((one) => !one.privileges.includes('StorageViews.ConfigureService')),
      pollSeconds: 0.05,
      register: { name: fresh.name, ...fresh.credentials, url: `https://${fresh.host}:${fresh.port}${fresh.path}` },
    });
  });
  afterAll(() => close());

  const task = (name: string): TaskSeen => seen[name] as TaskSeen;

  test('logs in, and is refused without a login or with a wrong password', () => {
    expect(seen.about).toEqual({ version: '8.0.3', apiType: 'VirtualCenter', instanceUuid: vcenter.instanceUuid });
    expect([seen.withoutLogin, seen.wrongPassword]).toEqual(['NotAuthenticated', 'InvalidLogin']);
    expect(seen.login).toBe('VSPHERE.LOCAL\\administrator');
  });

  test('reads the inventory in pages through a view', () => {
    const wanted = [...vcenter.hosts, ...vcenter.datastores, ...vcenter.vms].map((one) => one.ref).sort();
    expect(seen.objects).toEqual(wanted);
    expect(seen.pages).toBe(Math.ceil(wanted.length / 2));
    expect(seen.datastore).toMatchObject({
      infoType: 'VvolDatastoreInfo',
      type: 'VVOL',
      container: vcenter.datastores[0]?.containerId,
      mounts: [
        ['host-1', true],
        ['host-2', true],
      ],
      vms: ['vm-101', 'vm-102'],
    });
    expect(seen.datastore.told).toMatchObject([{ uid: `com.purestorage:${world.providers[0]?.providerId}` }]);
    expect(seen.vm).toEqual(['vvol1-vm1', 'poweredOn', 'datastore-11']);
  });

  test('reads the certificate and the trust anchors of a host', () => {
    expect(seen.host.certificate).toBe(vcenter.hosts[0]?.certificate.certificatePem);
    expect(seen.host.anchors.map((pem) => pem.replace(/-----[^-]+-----|\s/g, ''))).toEqual(vcenter.hosts[0]?.trustAnchors);
    expect(seen.host.certificateInfo).toContain(vcenter.hosts[0]?.name);
    expect([seen.hostCertificates, seen.hostPush]).toEqual(['NotSupported', 'success']);
  });

  test('reads the options of certificate management', () => {
    expect(seen.options).toMatchObject({ 'vpxd.certmgmt.mode': 'vmca', 'vpxd.certmgmt.certs.daysValid': 1825 });
  });

  test('reads vCenter High Availability', () => {
    expect(seen.vcha).toEqual({
      state: 'configured',
      mode: 'maintenance',
      one: ['192.168.9.1', '10.0.0.1'],
      two: ['192.168.9.2'],
      witness: ['fd00::9'],
    });
  });

  test('reads providers, arrays and containers', () => {
    const [registration] = vcenter.registrations;
    expect(seen.smsAbout).toEqual({ apiVersion: '8.0', instanceUuid: vcenter.instanceUuid });
    expect(seen.providers).toMatchObject([
      {
        type: 'VasaProviderInfo',
        uid: registration?.uid,
        status: 'online',
        category: 'external',
        retained: false,
        priority: 200,
      },
    ]);
    expect(seen.providers[0]?.certificate).toBe(registration?.certificate);
    expect(seen.arrays).toEqual([world.providers[0]?.arrays[0]?.id]);
    expect(seen.containers).toEqual([[vcenter.datastores[0]?.containerId, [registration?.uid]]]);
  });

  test('sees only the fields of the version it asked for', () => {
    expect(seen.by65).toMatchObject([{ status: 'online', category: null, priority: 200, certificateStatus: 'valid' }]);
    expect(seen.by40).toMatchObject([
      { namespace: 'com.purestorage', category: null, priority: null, certificateStatus: null, retained: null },
    ]);
  });

  test('registers: not trusted first, then with the certificate it was shown', () => {
    expect(task('registerFirst').error?.type).toBe('CertificateNotTrusted');
    expect(Buffer.from(task('registerFirst').error?.certificate ?? '', 'base64').subarray(0, 1)).toEqual(Buffer.from([0x30]));
    expect(task('registerTrusting').states.at(-1)).toBe('success');
    expect(seen.added).toMatchObject({ status: 'online', arrays: fresh.arrays.map((array) => array.id) });
    expect(task('registerAgain').error?.type).toBe('AlreadyExists');
  });

  test('sees a task queued, running and ended', () => {
    expect(task('registerTrusting').states).toEqual(['queued', 'running', 'success']);
    expect(task('registerFirst').states).toEqual(['queued', 'running', 'error']);
    expect(task('sync')).toMatchObject({ states: ['queued', 'running', 'success'], object: vcenter.registrations[0]?.ref });
    expect([task('reconnect').error, task('pushRoots').error]).toEqual([null, null]);
    expect(task('revoke').error?.type).toBe('CertificateRevocationFailed');
  });

  test('unregisters, once', () => {
    expect(task('unregister').states.at(-1)).toBe('success');
    expect(seen.left).toEqual([vcenter.registrations[0]?.ref]);
    expect(task('unregisterAgain').error?.type).toBe('NotFound');
  });

  test('needs a session and the privilege', () => {
    expect([seen.noSession, seen.auditor, seen.afterLogout]).toEqual(['InvalidSession', 'NoPermission', 'InvalidSession']);
  });

  test('every change is in the record', () => {
    const changes = world.record.filter((one) => one.kind === 'change').map((one) => one.what.split(' ')[0]);
    expect(changes).toEqual(['trust', 'push', 'register', 'unregister']);
  });
});

/** The client is ended by its pid when it takes longer than two minutes. */
async function runClient(orders: unknown): Promise<Seen> {
  const child = spawn(PYTHON, ['-I', CLIENT], { stdio: ['pipe', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  let out = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints += chunk;
  });
  child.stdin.end(JSON.stringify(orders));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the client ended with ${String(code)}:\n${complaints}`);
  return JSON.parse(out) as Seen;
}
