import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findScenario, SCENARIOS } from '../../src/lab/scenarios/find-scenario.js';
import type { ExpectedHolder } from '../../src/lab/scenarios/scenario.js';
import { statusOf } from '../../src/lab/sps-model.js';
import { buildScenario, startLab } from '../../src/lab/start-lab.js';
import type { LabProvider, LabVcenter, LabWorld } from '../../src/lab/world.js';

const read = (der: string) => new X509Certificate(Buffer.from(der, 'base64'));

/** vCenters whose VMCA signed what the provider serves (to one virtual host), told by trying each key. */
function signers(world: LabWorld, expected: ExpectedHolder): string[] {
  const provider = providerOf(world, expected.provider);
  const host = expected.virtualHostOf === undefined ? provider : provider.virtualHosts.get(expected.virtualHostOf);
  const leaf = read(host?.served.identity.certificate ?? '');
  return world.vcenters.filter(({ vmca }) => leaf.verify(read(vmca.certificate).publicKey)).map(({ id }) => id);
}

function providerOf(world: LabWorld, name: string): LabProvider {
  const found = world.providers.find((provider) => provider.name === name);
  if (!found) throw new Error(`no provider ${name}`);
  return found;
}

function vcenterOf(world: LabWorld, id: string): LabVcenter {
  const found = world.vcenters.find((vcenter) => vcenter.id === id);
  if (!found) throw new Error(`no vCenter ${id}`);
  return found;
}

const ALL = [...SCENARIOS.map(({ name }) => name), 'estate-of-6'];

describe.each(ALL)('scenario %s', (name) => {
  test('is signed by whom its expectation names, and shows the statuses it names', async () => {
    const world = await buildScenario(name);
    const expectation = findScenario(name)?.expectation;
    if (!expectation) throw new Error('no expectation');
    for (const expected of expectation.holders) expect(signers(world, expected), expected.provider).toEqual(expected.vcenters);
    for (const expected of expectation.registrations) {
      const vcenter = vcenterOf(world, expected.vcenter);
      const registration = vcenter.registrations.find((one) => one.provider === expected.provider);
      if (!registration) throw new Error(`${expected.vcenter} has not registered ${expected.provider}`);
      expect(statusOf(world, vcenter, registration).status, `${expected.vcenter} ${expected.provider}`).toBe(expected.status);
    }
  });

  test('says something about every external registration and names nothing that does not exist', async () => {
    const world = await buildScenario(name);
    const expectation = findScenario(name)?.expectation;
    const external = world.vcenters.flatMap((vcenter) =>
      vcenter.registrations.filter((one) => one.category === 'external').map((one) => `${vcenter.id} ${one.provider}`),
    );
    expect(expectation?.registrations.map((one) => `${one.vcenter} ${one.provider}`).sort()).toEqual(external.sort());
    for (const finding of expectation?.findings ?? []) {
      if (finding.vcenter !== undefined) vcenterOf(world, finding.vcenter);
      if (finding.provider !== undefined) providerOf(world, finding.provider);
    }
  });

  test('marks every certificate as LAB', async () => {
    const world = await buildScenario(name);
    const all = [
      ...world.vcenters.flatMap(({ vmca, machineSsl, hosts, vecs, trustedRoots }) => [
        vmca.certificate,
        machineSsl.certificate,
        ...trustedRoots,
        ...hosts.map((host) => host.certificate.certificate),
        ...[...vecs.values()].flat().flatMap((entry) => entry.certificates),
      ]),
      ...world.providers.flatMap(({ served, virtualHosts }) => [
        ...served.chain,
        ...[...virtualHosts.values()].flatMap((host) => host.served.chain),
      ]),
    ];
    for (const der of new Set(all)) expect(read(der).subject).toMatch(/(^|\n)(OU|O)=LAB(\n|$)/);
  });
});

test('the clash has the uids, arrays and sizes of the published case', async () => {
  const world = await buildScenario('clash');
  const vc65 = vcenterOf(world, 'vc65');
  expect(vc65.registrations.slice(0, 2).map(({ uid, name, url }) => [uid, name, url])).toEqual([
    ['453d453a-ac19-4bf5-b1f7-7252ad84950a', 'array1-CT0', 'https://array1-ct0.lab.example:8084/version.xml'],
    ['b1801691-98a2-4484-b156-f91e55ca54c6', 'array1-CT1', 'https://array1-ct1.lab.example:8084/version.xml'],
  ]);
  expect(providerOf(world, 'array1-CT0').arrays[0]?.id).toBe('com.purestorage:d4d78052-ea56-4a7e-9df9-67d1a1634faf');
  const lost = vc65.datastores.filter((datastore) => datastore.mounts.every((mount) => !mount.accessible));
  const vms = vc65.vms.filter((vm) => lost.some((datastore) => datastore.ref === vm.datastore));
  expect([lost.length, vms.length, vms.filter((vm) => vm.powerState === 'poweredOn').length, vc65.hosts.length]).toEqual([
    2, 14, 9, 6,
  ]);
});

test('two vCenters of the scenario same-name have VMCA roots of one subject and two keys', async () => {
  const [first, second] = (await buildScenario('same-name')).vcenters.map(({ vmca }) => read(vmca.certificate));
  expect(first?.subject).toBe(second?.subject);
  expect(first?.publicKey.equals(second?.publicKey ?? first.publicKey)).toBe(false);
});

test('equal seeds give equal uids, passwords and serial numbers; another seed gives others', async () => {
  const now = () => new Date('2026-11-22T12:00:00Z');
  const facts = async (seed: string) => {
    const world = await buildScenario('clash', { seed, now });
    return world.vcenters.map((vcenter) => [
      vcenter.instanceUuid,
      vcenter.appliance.rootPassword,
      vcenter.registrations.map(({ uid }) => uid),
      read(vcenter.vmca.certificate).serialNumber,
    ]);
  };
  expect(await facts('one')).toEqual(await facts('one'));
  expect(await facts('one')).not.toEqual(await facts('two'));
});

describe('a started lab', () => {
  test('writes an estate.yaml that pins every vCenter, gives no secret away and names variables that exist', async () => {
    const lab = await startLab('clash');
    try {
      const text = lab.estateYaml();
      const estate = parse(text) as { vcenters: { id: string; tls: { fingerprint: string }; ssh?: Record<string, unknown> }[] };
      expect(estate.vcenters.map(({ id }) => id)).toEqual(['vc65', 'vc67']);
      for (const vcenter of estate.vcenters) {
        expect(vcenter.tls.fingerprint).toBe(
          `SHA256 ${read(vcenterOf(lab.world, vcenter.id).machineSsl.certificate).fingerprint256}`,
        );
        expect(vcenter.ssh?.hostKey).toMatch(/^SHA256:/);
      }
      expect(estate.vcenters.map(({ ssh }) => Object.keys(ssh ?? {}).filter((key) => /key.*file|password/i.test(key)))).toEqual([
        ['password'],
        ['privateKeyFile'],
      ]);
      for (const secret of Object.values(lab.env)) expect(text).not.toContain(secret);
      for (const [, name] of text.matchAll(/env: (\S+)/g)) expect(lab.env).toHaveProperty(name ?? '');
    } finally {
      await lab.close();
    }
  });

  test('keeps the private key for itself and takes it away', async () => {
    const lab = await startLab('linked-mode');
    const file = /privateKeyFile: (\S+)/.exec(lab.estateYaml())?.[1] ?? '';
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await lab.close();
    await lab.close();
    expect(existsSync(file)).toBe(false);
  });

  test('leaves no listener behind', async () => {
    const lab = await startLab('clash');
    const ports = [...lab.ports.https.values(), ...lab.ports.ssh.values(), ...lab.ports.providers.values()];
    expect(ports.length).toBe(2 + 2 + 4 + 8);
    await lab.close();
    for (const port of ports) await expect(dial(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('holds no process open once it is closed', async () => {
    const folder = await mkdtemp(join('node_modules', '.vasatrust-lab-test-'));
    try {
      const contents = `
        import { get } from 'node:https';
        import { startLab } from './src/lab/start-lab.ts';
        const lab = await startLab('clash');
        const port = lab.ports.https.get('vc65');
        await new Promise((done) => get({ port, path: '/certs/download.zip', rejectUnauthorized: false }, (r) => r.resume().on('end', done)));
        await lab.close();
        console.log('closed');`;
      const outfile = join(folder, 'run.mjs');
      const options = { bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'error' } as const;
      await build({ ...options, outfile, stdin: { contents, resolveDir: process.cwd(), loader: 'ts' } });
      // Killed, and so rejected, when it does not end by itself.
      const { stdout } = await promisify(execFile)(process.execPath, [outfile], { timeout: 20_000 });
      expect(stdout).toBe('closed\n');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('gives no ssh to the vCenters it was told to leave without', async () => {
    const lab = await startLab('clash', { withoutSsh: ['vc65'] });
    try {
      const estate = parse(lab.estateYaml()) as { vcenters: { ssh?: unknown }[] };
      expect(estate.vcenters.map(({ ssh }) => ssh !== undefined)).toEqual([false, true]);
      expect([...lab.ports.ssh.keys()]).toEqual(['vc67']);
    } finally {
      await lab.close();
    }
  });

  test('refuses a scenario it does not know', async () => {
    await expect(startLab('no-such-thing')).rejects.toThrow('no scenario called "no-such-thing"');
    expect(findScenario('estate-of-0')).toBeUndefined();
    expect(findScenario('estate-of 12')?.name).toBe('estate-of-12');
  });
});

function dial(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}
