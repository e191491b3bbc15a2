import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { openWorld } from '../../src/lab/build-world.js';
import { openKeySource } from '../../src/lab/keys.js';
import { startVcenter } from '../../src/lab/vcenter-server.js';
import type { LabRegistration, LabVcenter, LabWorld } from '../../src/lab/world.js';
import type { Release } from '../../src/lab/world-builder.js';
import type { Result } from '../../src/model/problem.js';
import { openHttps } from '../../src/wire/https.js';
import { openSms } from '../../src/wire/sms-client.js';
import { connectVim, type VimSession } from '../../src/wire/vim-client.js';

const keys = openKeySource({ only: 'ec' });
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Running {
  readonly world: LabWorld;
  readonly vcenter: LabVcenter;
  readonly https: ReturnType<typeof openHttps>;
}

async function start(release: Release): Promise<Running> {
  const builder = openWorld('clients', { keys });
  const vcenter = await builder.vcenter({ id: 'vc1', release });
  const provider = await builder.provider({ name: 'array1-CT0', array: 'array1', retained: false });
  builder.register(vcenter, provider);
  builder.populate(vcenter, {
    hosts: { count: 2, version: vcenter.version, ioFilters: true },
    datastores: [{ name: 'vvol1', providers: [provider], vms: 3, poweredOn: 2 }],
  });
  const server = await startVcenter(builder.world, vcenter);
  const sha256 = createHash('sha256').update(Buffer.from(vcenter.machineSsl.certificate, 'base64')).digest('hex');
  const https = openHttps({
    address: vcenter.address,
    port: 443,
    connectTo: { host: server.host, port: server.port },
    trust: { kind: 'fingerprint', sha256 },
    label: 'vc1',
  });
  closers.push(
    () => server.close(),
    () => https.close(),
  );
  return { world: builder.world, vcenter, https };
}

async function logIn({ https, vcenter }: Running): Promise<VimSession> {
  const [administrator] = vcenter.accounts;
  const { username = '', password = '' } = administrator ?? {};
  return take((await connectVim(https, { username, password, verdict: {} }, 'vc1')).session);
}

describe("the product's clients read what the lab holds", () => {
  test.each(['6.5', '6.7', '6.7U3', '7.0U3', '8.0U3'] as const)('of a vCenter %s', async (release) => {
    const running = await start(release);
    const { vcenter } = running;
    const vim = await logIn(running);
    expect(vim.about).toMatchObject({ version: vcenter.version, instanceUuid: vcenter.instanceUuid });
    const view = take(await vim.storageView());
    expect(view.hosts.map((host) => [host.ref, host.name, host.certificate])).toEqual(
      vcenter.hosts.map((host) => [host.ref, host.name, host.certificate.certificate]),
    );
    expect(view.hosts.map((host) => host.trustAnchors?.state === 'seen' && host.trustAnchors.value)).toEqual(
      vcenter.hosts.map((host) => host.trustAnchors),
    );
    expect(view.vms.map((vm) => [vm.ref, vm.powerState])).toEqual(vcenter.vms.map((vm) => [vm.ref, vm.powerState]));
    expect(view.datastores).toMatchObject(
      vcenter.datastores.map((datastore) => ({
        ref: datastore.ref,
        containerId: datastore.containerId,
        accessible: true,
        mounts: datastore.mounts,
        arrays: [datastore.arrayId],
      })),
    );
    expect(view.datastores[0]?.told).toHaveLength(1);
    const records = take(await openSms(running.https, vim).queryRegistrations());
    const knowsCategory = release !== '6.5';
    expect(records).toMatchObject(
      vcenter.registrations.map((one: LabRegistration) => ({
        uid: one.uid,
        url: one.url,
        status: 'online',
        certificate: one.certificate,
        ...(knowsCategory ? { category: one.category } : {}),
      })),
    );
    if (!knowsCategory) expect(records.every((record) => record.category === undefined)).toBe(true);
    await vim.logout();
  });
});

describe('a session that expires in mid-run costs one more login and no fact', () => {
  for (const form of ['fault', 'missing-set'] as const) {
    test.each([1, 2, 3, 4, 5, 6, 7, 8])(`${form} after %i calls`, async (afterCalls) => {
      const running = await start('8.0U3');
      const { world, vcenter } = running;
      world.faults.push({ kind: 'session-expires', where: 'vc1', afterCalls, form });
      const vim = await logIn(running);
      const view = take(await vim.storageView());
      const records = take(await openSms(running.https, vim).queryRegistrations());
      expect([view.hosts.length, view.datastores.length, view.vms.length, records.length]).toEqual([
        2,
        1,
        3,
        vcenter.registrations.length,
      ]);
      const logins = world.record.filter((one) => one.what === 'Login').map((one) => one.outcome);
      expect(logins).toEqual(['ok', 'ok']);
    });
  }
});

function take<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
