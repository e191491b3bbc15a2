import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushRoots, signAnew } from '../../src/lab/provider-model.js';
import { startProvider } from '../../src/lab/provider-server.js';
import { buildScenario, type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabProvider, LabWorld } from '../../src/lab/world.js';
import { ask, shakeHands } from '../support/lab-request.js';

function providerOf(world: LabWorld, name: string): LabProvider {
  const found = world.providers.find((provider) => provider.name === name);
  if (!found) throw new Error(`no provider ${name}`);
  return found;
}

describe('a provider of VASA 3', () => {
  let lab: RunningLab;
  let port: number;
  beforeAll(async () => {
    lab = await startLab('clash', { withoutSsh: true });
    port = lab.ports.providers.get('array1-CT0') ?? 0;
  });
  afterAll(() => lab.close());

  test('serves the certificate of its world, whatever name is asked for', async () => {
    const leaf = providerOf(lab.world, 'array1-CT0').served.identity.certificate;
    expect((await shakeHands(port)).leaf).toBe(leaf);
    expect((await shakeHands(port, { sni: 'somebody.else.example' })).leaf).toBe(leaf);
  });

  test('answers version.xml and nothing else', async () => {
    const found = await ask(port, '/version.xml');
    expect([found.status, found.headers['content-type']]).toEqual([200, 'text/xml; charset=utf-8']);
    expect(found.body.toString()).toContain('<version id="3.0">');
    expect((await ask(port, '/other')).status).toBe(404);
    expect((await ask(port, '/version.xml', { method: 'POST' })).status).toBe(404);
  });

  test('writes down handshakes and requests', async () => {
    const before = lab.record.length;
    await ask(port, '/version.xml?x=1');
    expect(lab.record.slice(before).map(({ where, kind, what, outcome }) => [where, kind, what, outcome])).toEqual([
      ['array1-CT0', 'tls', 'handshake sni=-', 'TLSv1.3'],
      ['array1-CT0', 'http', 'GET /version.xml', '200'],
    ]);
  });

  test('serves a new certificate on the next connection after somebody had it signed', async () => {
    const provider = providerOf(lab.world, 'array1-CT1');
    const other = lab.ports.providers.get('array1-CT1') ?? 0;
    const [vc65] = lab.world.vcenters;
    if (!vc65) throw new Error('no vCenter');
    const before = (await shakeHands(other)).leaf;
    expect(signAnew(provider, vc65.vmca, { now: new Date() })).toBe(true);
    const after = (await shakeHands(other)).leaf;
    expect(after).not.toBe(before);
    expect(after).toBe(provider.served.identity.certificate);
  });
});

test('a retained certificate is not signed anew', async () => {
  const world = await buildScenario('external-ca');
  const [provider] = world.providers;
  const [vca] = world.vcenters;
  if (!provider || !vca) throw new Error('an empty world');
  const { served } = provider;
  expect(signAnew(provider, vca.vmca, { now: new Date() })).toBe(false);
  expect(provider.served).toBe(served);
});

test('roots are put beside the old ones or in their place', async () => {
  const world = await buildScenario('clash');
  const provider = providerOf(world, 'array1-CT0');
  const [vc65, vc67] = world.vcenters;
  if (!vc65 || !vc67) throw new Error('an empty world');
  expect(provider.clientRoots).toEqual(vc67.trustedRoots);
  pushRoots(provider, vc65.trustedRoots, 'add');
  expect(provider.clientRoots).toEqual([...vc67.trustedRoots, ...vc65.trustedRoots]);
  pushRoots(provider, vc65.trustedRoots, 'replace');
  expect(provider.clientRoots).toEqual(vc65.trustedRoots);
});

test('a provider of VASA 5 serves each virtual host its own certificate, and another one without a name', async () => {
  const lab = await startLab('vasa5', { withoutSsh: true });
  try {
    const provider = providerOf(lab.world, 'array1-CT0');
    const port = lab.ports.providers.get('array1-CT0') ?? 0;
    const leaves = new Set([(await shakeHands(port)).leaf]);
    for (const { vhostName, served } of provider.virtualHosts.values()) {
      const { leaf } = await shakeHands(port, { sni: vhostName });
      expect(leaf).toBe(served.identity.certificate);
      leaves.add(leaf);
    }
    expect(leaves.size).toBe(3);
  } finally {
    await lab.close();
  }
});

test.each([
  { tls: { min: 'TLSv1.3', max: 'TLSv1.3' }, maxVersion: 'TLSv1.2', works: false },
  { tls: { min: 'TLSv1.3', max: 'TLSv1.3' }, maxVersion: 'TLSv1.3', works: true },
  { tls: { min: 'TLSv1.2', max: 'TLSv1.2' }, maxVersion: 'TLSv1.2', works: true },
] as const)('a provider that speaks $tls.min to $tls.max, asked for at most $maxVersion: works is $works', async (row) => {
  const world = await buildScenario('clash');
  const provider = providerOf(world, 'array1-CT0');
  provider.tls = row.tls;
  const running = await startProvider(world, provider);
  try {
    const shaken = shakeHands(running.port, { maxVersion: row.maxVersion });
    if (row.works) expect((await shaken).protocol).toBe(row.maxVersion);
    else await expect(shaken).rejects.toThrow();
  } finally {
    await running.close();
  }
});

test('a provider that is down listens on nothing', async () => {
  const lab = await startLab('down', { withoutSsh: true });
  try {
    await expect(shakeHands(lab.ports.providers.get('array1-CT0') ?? 0)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  } finally {
    await lab.close();
  }
});

test('a provider with IPv6 addresses alone listens on ::1 where this machine has it, and estate.yaml says so', async () => {
  const lab = await startLab('ipv6', { withoutSsh: true });
  try {
    const host = lab.addresses.get('array1-CT0') ?? '';
    const port = lab.ports.providers.get('array1-CT0') ?? 0;
    expect((await shakeHands(port, { host })).leaf).toBe(providerOf(lab.world, 'array1-CT0').served.identity.certificate);
    expect(lab.estateYaml()).toContain(host === '::1' ? `"[::1]:${port}"` : `127.0.0.1:${port}`);
  } finally {
    await lab.close();
  }
});
