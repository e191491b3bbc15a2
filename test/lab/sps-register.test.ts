import { describe, expect, test } from 'vitest';
import { openWorld, urlOf } from '../../src/lab/build-world.js';
import { openKeySource } from '../../src/lab/keys.js';
import {
  type ProviderSpec,
  settle,
  startReconnect,
  startRefreshCas,
  startRefreshCertificate,
  startRegister,
  startSync,
  statusOf,
} from '../../src/lab/sps-model.js';
import type { LabProvider } from '../../src/lab/world.js';
import { type Estate, estate, finish, START, shown, TIMING } from '../support/sps-estate.js';

describe('register', () => {
  const spec = (provider: LabProvider, more: Partial<ProviderSpec> = {}): ProviderSpec => ({
    name: 'again',
    url: urlOf(provider),
    ...provider.credentials,
    ...more,
  });
  /** Under the winner, which knows nothing of array2. */
  const attempt = (at: Estate, given: ProviderSpec) => finish(at, startRegister(at.world, at.winner, given), at.winner);

  test('shows the certificate first, and registers when it is accepted; the first vCenter loses the provider', async () => {
    const at = await estate();
    const [provider] = at.array2;
    expect(shown(at, at.lost(provider))).toBe('online');
    const first = attempt(at, spec(provider));
    const certificate = provider.served.identity.certificate;
    expect(first).toMatchObject({ state: 'error', error: { type: 'CertificateNotTrusted', fields: { certificate } } });
    const second = attempt(at, spec(provider, { certificate }));
    expect(second.state).toBe('success');
    const made = at.winner.registrations.find((one) => one.ref === second.result);
    expect(made?.provider).toBe(provider.name);
    if (made) expect(statusOf(at.world, at.winner, made).status).toBe('online');
    expect(provider.served.identity.certificate).not.toBe(certificate);
    expect(shown(at, at.lost(provider))).toBe('offline');
  });

  test('takes the certificate as PEM too', async () => {
    const at = await estate();
    const [provider] = at.array2;
    expect(attempt(at, spec(provider, { certificate: provider.served.identity.certificatePem })).state).toBe('success');
  });

  for (const rootsAtProvider of ['replace', 'add'] as const) {
    test(`the roots of the first vCenter are ${rootsAtProvider === 'replace' ? 'thrown out' : 'kept'} (${rootsAtProvider})`, async () => {
      const at = await estate({ rootsAtProvider });
      const [provider] = at.array2;
      attempt(at, spec(provider, { certificate: provider.served.identity.certificate }));
      expect(provider.clientRoots.includes(at.loser.vmca.certificate)).toBe(rootsAtProvider === 'add');
      expect(provider.clientRoots).toContain(at.winner.vmca.certificate);
    });
  }

  const REFUSED: readonly {
    readonly name: string;
    readonly change: (at: Estate, given: ProviderSpec) => ProviderSpec;
    readonly type: string;
  }[] = [
    { name: 'a URL that is none', change: (_at, given) => ({ ...given, url: 'https//vp1' }), type: 'InvalidUrl' },
    {
      name: 'a URL without TLS',
      change: (_at, given) => ({ ...given, url: given.url.replace('https', 'http') }),
      type: 'InvalidUrl',
    },
    {
      name: 'a host nobody knows',
      change: (_at, given) => ({ ...given, url: 'https://nobody.lab.example/' }),
      type: 'ProviderConnectionFailed',
    },
    {
      name: 'a provider that is down',
      change: (at, given) => {
        at.array2[0].up = false;
        return given;
      },
      type: 'ProviderConnectionFailed',
    },
    {
      name: 'an address that is not in the certificate',
      change: (at, given) => {
        at.array2[0].addresses.push('10.9.9.9');
        return { ...given, url: given.url.replace(at.array2[0].host, '10.9.9.9') };
      },
      type: 'InvalidCertificate',
    },
    { name: 'a wrong password', change: (_at, given) => ({ ...given, password: 'wrong' }), type: 'IncorrectUsernamePassword' },
    {
      name: 'a retained certificate whose root is missing',
      change: (at, given) => {
        at.array2[0].retained = true;
        return given;
      },
      type: 'CertificateNotImported',
    },
  ];
  for (const { name, change, type } of REFUSED) {
    test(`refuses ${name}: ${type}, and changes nothing`, async () => {
      const at = await estate();
      const [provider] = at.array2;
      const served = provider.served;
      const given = change(at, spec(provider, { certificate: served.identity.certificate }));
      expect(attempt(at, given)).toMatchObject({ state: 'error', error: { type } });
      expect(provider.served).toBe(served);
      expect(at.winner.registrations).toHaveLength(2);
    });
  }

  test('the same provider twice is AlreadyExists', async () => {
    const at = await estate();
    expect(attempt(at, spec(at.array1[0]))).toMatchObject({ error: { type: 'AlreadyExists' } });
  });

  test('a retained certificate under a trusted root is left as it is, and both vCenters are online', async () => {
    const at = await estate();
    const [provider] = at.array2;
    provider.retained = true;
    at.winner.trustedRoots.push(at.loser.vmca.certificate);
    at.world.switches.rootsAtProvider = 'add';
    const { identity } = provider.served;
    expect(attempt(at, spec(provider)).state).toBe('success');
    expect(provider.served.identity).toBe(identity);
    expect(shown(at, at.lost(provider))).toBe('online');
  });

  test('VASA 5 gives each vCenter a virtual host of its own, and nobody loses anything', async () => {
    let now = START;
    const lab = openWorld('vasa5', { now: () => new Date(now), keys: openKeySource({ only: 'ec' }), timing: TIMING });
    const [a, b] = [await lab.vcenter({ id: 'a', release: '8.0U3' }), await lab.vcenter({ id: 'b', release: '8.0U3' })];
    const provider = await lab.provider({ name: 'array5-CT0', array: 'array5', vasaVersion: '5.0', retained: false });
    const world = lab.finish();
    const certificate = provider.served.identity.certificate;
    for (const vcenter of [a, b]) startRegister(world, vcenter, spec(provider, { certificate }));
    now += TIMING.taskMs;
    settle(world);
    expect([a, b].map(({ registrations: [one] }, at) => one && statusOf(world, at === 0 ? a : b, one).status)).toEqual([
      'online',
      'online',
    ]);
    expect(provider.served.identity.certificate).toBe(certificate);
    expect([...provider.virtualHosts.keys()]).toEqual(['a', 'b']);
  });
});

describe('other tasks of a provider', () => {
  test('reconnect does nothing unless SMS shows disconnected', async () => {
    const at = await estate({ statusOfUntrusted: 'offline' });
    expect(finish(at, startReconnect(at.world, at.loser, at.lost(at.array1[0]))).state).toBe('success');
    expect(shown(at, at.lost(at.array1[0]))).toBe('offline');
  });

  test('reconnect is refused with the certificate that still does not verify, and works once it does', async () => {
    const at = await estate({ statusOfUntrusted: 'disconnected' });
    const registration = at.lost(at.array1[0]);
    expect(shown(at, registration)).toBe('disconnected');
    expect(finish(at, startReconnect(at.world, at.loser, registration))).toMatchObject({
      state: 'error',
      error: { type: 'InvalidCertificate', fields: { certificate: at.array1[0].served.identity.certificate } },
    });
    at.loser.trustedRoots.push(at.winner.vmca.certificate);
    at.array1[0].clientRoots.push(at.loser.vmca.certificate);
    at.advance(60_000);
    expect(shown(at, registration)).toBe('disconnected');
    expect(finish(at, startReconnect(at.world, at.loser, registration)).state).toBe('success');
    expect(shown(at, registration)).toBe('online');
  });

  test('a refresh by the loser takes the provider from its holder', async () => {
    const at = await estate();
    const [held] = at.winner.registrations;
    if (!held) throw new Error('not registered');
    expect(statusOf(at.world, at.winner, held).status).toBe('online');
    expect(finish(at, startRefreshCertificate(at.world, at.loser, at.lost(at.array1[0]))).state).toBe('success');
    expect(shown(at, at.lost(at.array1[0]))).toBe('online');
    expect(statusOf(at.world, at.winner, held).status).toBe('offline');
  });

  test('a refresh is refused while disconnected, and leaves a retained certificate alone', async () => {
    const at = await estate({ statusOfUntrusted: 'disconnected' });
    const lost = at.lost(at.array1[0]);
    expect(finish(at, startRefreshCertificate(at.world, at.loser, lost))).toMatchObject({
      error: { type: 'CertificateRefreshFailed', fields: { providerId: lost.uid } },
    });
    at.array2[0].retained = true;
    const { served } = at.array2[0];
    expect(finish(at, startRefreshCertificate(at.world, at.loser, at.lost(at.array2[0]))).state).toBe('success');
    expect(at.array2[0].served).toBe(served);
  });

  test('a push of roots reaches the healthy providers and names the others', async () => {
    const at = await estate();
    at.array2[0].clientRoots.push(at.winner.vmca.certificate);
    const task = finish(at, startRefreshCas(at.world, at.loser, []));
    const lost = at.array1.map((provider) => at.lost(provider).uid).join(',');
    expect(task).toMatchObject({ state: 'error', error: { type: 'CertificateRefreshFailed', fields: { providerId: lost } } });
    expect(at.array2[0].clientRoots).toEqual(at.loser.trustedRoots);
  });

  test('a sync moves the time of the last sync, where there is a session', async () => {
    const at = await estate();
    const registration = at.lost(at.array2[0]);
    expect(finish(at, startSync(at.world, at.loser, registration)).state).toBe('success');
    expect(registration.lastSyncMs).toBe(START + TIMING.taskMs);
    expect(finish(at, startSync(at.world, at.loser, at.lost(at.array1[0])))).toMatchObject({
      error: { type: 'ProviderSyncFailed' },
    });
  });
});
