import { describe, expect, test } from 'vitest';
import { openWorld, urlOf } from '../../src/lab/build-world.js';
import { appendSmsCertificate, pushRootsToHost } from '../../src/lab/host-push.js';
import { openKeySource } from '../../src/lab/keys.js';
import { mintCa, mintLeaf } from '../../src/lab/pki.js';
import { installCertificate } from '../../src/lab/provider-model.js';
import { settle, startReconnect, startRegister, startUnregister, statusOf } from '../../src/lab/sps-model.js';
import type { LabCa, LabProvider, LabVcenter, SpsSwitches } from '../../src/lab/world.js';
import { type Estate, estate, finish, START, TIMING } from '../support/sps-estate.js';

const outsideCa = (): Promise<LabCa> =>
  mintCa({ subject: 'CN=Outside Root, OU=LAB', keyKind: 'ec', notBefore: new Date(START - 86_400_000) });

/** What the storage administrator does at array2, which the loser alone has registered, with a certificate of the outside CA. */
async function change(at: Estate, ca: LabCa, provider: LabProvider): Promise<void> {
  const identity = await mintLeaf({
    subject: `CN=${provider.host}, OU=LAB`,
    issuer: ca,
    keyKind: 'ec',
    san: [provider.host],
    notBefore: new Date(START - 3_600_000),
  });
  settle(at.world);
  installCertificate(provider, { identity, chain: [identity.certificate] }, { retained: true });
}

const shownBy = (at: Estate, vcenter: LabVcenter, provider: LabProvider) => {
  const registration = vcenter.registrations.find((one) => one.provider === provider.name);
  return registration && statusOf(at.world, vcenter, registration);
};

const register = (at: Estate, vcenter: LabVcenter, provider: LabProvider) =>
  finish(at, startRegister(at.world, vcenter, { name: provider.name, url: urlOf(provider), ...provider.credentials }), vcenter);

const remove = (at: Estate, vcenter: LabVcenter, provider: LabProvider): void => {
  const uid = vcenter.registrations.find((one) => one.provider === provider.name)?.uid ?? '';
  finish(at, startUnregister(at.world, vcenter, uid), vcenter);
};

describe('the provider gets a certificate from outside and keeps it', () => {
  test('every registration goes offline, also where the root is trusted, until it is made anew', async () => {
    const at = await estate({ rootsAtProvider: 'add' }, { both: false });
    const [provider] = at.array1;
    const ca = await outsideCa();
    for (const vcenter of [at.loser, at.winner]) vcenter.trustedRoots.push(ca.certificate);
    expect(shownBy(at, at.winner, provider)?.status).toBe('online');
    await change(at, ca, provider);
    for (const vcenter of [at.loser, at.winner]) expect(shownBy(at, vcenter, provider)?.status).toBe('offline');
    for (const vcenter of [at.loser, at.winner]) {
      remove(at, vcenter, provider);
      expect(register(at, vcenter, provider).state).toBe('success');
    }
    for (const vcenter of [at.loser, at.winner]) expect(shownBy(at, vcenter, provider)?.status).toBe('online');
    expect(provider.served.identity.certificate).not.toBe('');
  });

  test('registering before the root is there ends in CertificateNotTrusted, or CertificateNotImported where somebody waves it through', async () => {
    const at = await estate();
    const [provider] = at.array2;
    const ca = await outsideCa();
    await change(at, ca, provider);
    const { certificate } = provider.served.identity;
    expect(register(at, at.winner, provider)).toMatchObject({ error: { type: 'CertificateNotTrusted' } });
    const given = { name: 'again', url: urlOf(provider), ...provider.credentials, certificate };
    const waved = finish(at, startRegister(at.world, at.winner, given), at.winner);
    expect(waved).toMatchObject({ error: { type: 'CertificateNotImported' } });
    at.winner.trustedRoots.push(ca.certificate);
    expect(register(at, at.winner, provider).state).toBe('success');
    expect(provider.served.identity.certificate).toBe(certificate);
  });

  test('a name that the certificate lacks is InvalidCertificate', async () => {
    const at = await estate();
    const [provider] = at.array2;
    const ca = await outsideCa();
    at.winner.trustedRoots.push(ca.certificate);
    await change(at, ca, provider);
    const url = urlOf(provider).replace(provider.host, provider.addresses[0] ?? '');
    const task = startRegister(at.world, at.winner, { name: 'again', url, ...provider.credentials });
    expect(finish(at, task, at.winner)).toMatchObject({ error: { type: 'InvalidCertificate' } });
  });

  for (const [retainFlag, before, after] of [
    ['as-provider', true, true],
    ['as-told', false, true],
    ['false', false, false],
    ['absent', undefined, undefined],
  ] as const) {
    test(`SMS says so (${retainFlag}): ${before} before a new registration, ${after} after it`, async () => {
      const at = await estate({ retainFlag });
      const [provider] = at.array2;
      const ca = await outsideCa();
      at.loser.trustedRoots.push(ca.certificate);
      await change(at, ca, provider);
      expect(shownBy(at, at.loser, provider)?.retained).toBe(before);
      at.world.switches.npeWhen = 'active-with-backup';
      remove(at, at.loser, at.array2[1]);
      remove(at, at.loser, provider);
      expect(register(at, at.loser, provider).state).toBe('success');
      expect(shownBy(at, at.loser, provider)?.retained).toBe(after);
    });
  }
});

describe('hosts', () => {
  async function withHosts(version: string, switches: Partial<SpsSwitches>) {
    const lab = openWorld('push', { now: () => new Date(START), keys: openKeySource({ only: 'ec' }), timing: TIMING, switches });
    const vcenter = await lab.vcenter({ id: 'vca', release: '7.0U3' });
    lab.populate(vcenter, { hosts: { count: 2, version, ioFilters: true }, datastores: [] });
    const world = lab.finish();
    const [host, other] = vcenter.hosts;
    const [registration] = vcenter.registrations;
    if (!host || !other || !registration) throw new Error('no hosts');
    return { world, vcenter, host, other, registration, status: () => statusOf(world, vcenter, registration).status };
  }

  for (const [version, hostPush, status] of [
    ['6.7.0', 'keeps-sms', 'online'],
    ['6.7.0', 'drops-sms', 'disconnected'],
    ['7.0.3', 'drops-sms', 'disconnected'],
    ['8.0.3', 'drops-sms', 'online'],
  ] as const) {
    test(`a push to a host of ${version} (${hostPush}) leaves its IO-filter provider ${status}`, async () => {
      const at = await withHosts(version, { hostPush, statusOfUntrusted: 'disconnected' });
      const root = await outsideCa();
      at.vcenter.trustedRoots.push(root.certificate);
      expect(at.status()).toBe('online');
      pushRootsToHost(at.world, at.vcenter, at.host);
      expect(at.host.trustAnchors).toContain(root.certificate);
      expect(at.other.trustAnchors).not.toContain(root.certificate);
      expect(at.status()).toBe(status);
    });
  }

  test('the SMS certificate appended by hand brings it back, with a reconnect', async () => {
    let now = START;
    const at = await withHosts('6.7.0', { hostPush: 'drops-sms', statusOfUntrusted: 'disconnected' });
    const world = { ...at.world, now: () => new Date(now) };
    pushRootsToHost(world, at.vcenter, at.host);
    appendSmsCertificate(world, at.vcenter, at.host);
    expect(statusOf(world, at.vcenter, at.registration).status).toBe('disconnected');
    startReconnect(world, at.vcenter, at.registration);
    now += TIMING.taskMs;
    expect(statusOf(world, at.vcenter, at.registration).status).toBe('online');
  });

  test('reach their datastore again once it is registered anew, where they trust what is served', async () => {
    let now = START;
    const lab = openWorld('told', { now: () => new Date(now), keys: openKeySource({ only: 'ec' }), timing: TIMING });
    const vcenter = await lab.vcenter({ id: 'vca', release: '7.0U3' });
    const provider = await lab.provider({ name: 'array9-CT0', array: 'array9', retained: false });
    const old = lab.register(vcenter, provider);
    lab.populate(vcenter, {
      hosts: { count: 2, version: '7.0.3' },
      datastores: [{ name: 'vvol', providers: [provider], vms: 0, poweredOn: 0, accessible: false }],
    });
    const world = lab.finish();
    vcenter.hosts[1]?.trustAnchors.splice(0);
    vcenter.registrations.splice(0);
    startRegister(world, vcenter, { name: 'new', url: urlOf(provider), ...provider.credentials });
    now += TIMING.taskMs;
    settle(world);
    const [made] = vcenter.registrations;
    const [datastore] = vcenter.datastores;
    expect(made?.uid).not.toBe(old.uid);
    expect(datastore?.told).toEqual([made?.uid]);
    expect(datastore?.mounts.map(({ accessible }) => accessible)).toEqual([true, false]);
  });
});
