import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { startAppliance } from './appliance-server.js';
import { openWorld, type WorldOptions } from './build-world.js';
import { type EstateEndpoints, estateSecrets, estateYaml, type SshLogin } from './estate-file.js';
import { openKeySource } from './keys.js';
import { startProvider } from './provider-server.js';
import { findScenario } from './scenarios/find-scenario.js';
import type { Scenario } from './scenarios/scenario.js';
import { startVcenter } from './vcenter-server.js';
import type { LabFault, LabRecord, LabVcenter, LabWorld } from './world.js';

export interface LabOptions extends WorldOptions {
  readonly faults?: readonly LabFault[];
  /** Added to every HTTPS answer. */
  readonly latencyMs?: number;
  /** vCenters that estate.yaml gives no `ssh` for, and whose appliance is not started; `true`: all. */
  readonly withoutSsh?: true | readonly string[];
  /** Whom estate.yaml logs in as; `auditor` may only read. */
  readonly account?: EstateEndpoints['account'];
  /** Changes before anything listens. */
  readonly prepare?: (world: LabWorld) => void;
}

export interface RunningLab {
  readonly world: LabWorld;
  /** A valid estate.yaml for it. */
  estateYaml(): string;
  /** The variables that file names. */
  readonly env: Readonly<Record<string, string>>;
  /** On 127.0.0.1: vCenter id → port 443 and 22; provider name → its port. */
  readonly ports: {
    readonly https: ReadonlyMap<string, number>;
    readonly ssh: ReadonlyMap<string, number>;
    readonly providers: ReadonlyMap<string, number>;
  };
  /** Provider name → address of this machine it listens on. */
  readonly addresses: ReadonlyMap<string, string>;
  readonly record: readonly LabRecord[];
  /** Ends every server and removes the key file. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts a simulated estate on random ports of this machine. Throws for an unknown scenario; whatever was started by then is closed again.
 * A world of one's own is served as it is, its appliances as they are filled.
 */
export async function startLab(scenario: string | LabWorld, options: LabOptions = {}): Promise<RunningLab> {
  const world = typeof scenario === 'string' ? await buildScenario(scenario, options) : scenario;
  world.faults.push(...(options.faults ?? []));
  options.prepare?.(world);
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async () => {
    const pending = closers.splice(0);
    await Promise.all(pending.map((close) => close()));
  };
  try {
    const keyFile = needsKey(world, options) ? await writeKeyFile(world, closers) : '';
    const [https, providers, appliances] = await Promise.all([
      startVcenters(world, closers),
      startProviders(world, closers),
      startAppliances(world, options, keyFile, closers),
    ]);
    const endpoints: EstateEndpoints = { vcenters: https, providers, appliances, account: options.account ?? 'administrator' };
    return {
      world,
      estateYaml: () => estateYaml(world, endpoints),
      env: estateSecrets(world, endpoints.account),
      ports: {
        https,
        ssh: new Map([...appliances].map(([id, { port }]) => [id, port])),
        providers: new Map([...providers].map(([name, { port }]) => [name, port])),
      },
      addresses: new Map([...providers].map(([name, { host }]) => [name, host])),
      record: world.record,
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** A scenario's world with nothing listening: for tests of single parts. */
export async function buildScenario(name: string, options: LabOptions = {}): Promise<LabWorld> {
  const scenario = findScenario(name);
  if (!scenario) throw new Error(`the lab has no scenario called ${JSON.stringify(name)}`);
  const timing = { ...options.timing, ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }) };
  const keys = options.keys ?? openKeySource(scenario.rsaKeys === 0 ? { only: 'ec' } : {});
  const lab = openWorld(scenario.name, { ...options, timing, keys, switches: { ...scenario.switches, ...options.switches } });
  return finishScenario(scenario, lab);
}

async function finishScenario(scenario: Scenario, lab: ReturnType<typeof openWorld>): Promise<LabWorld> {
  if (scenario.rsaKeys > 0) lab.keys.prepare('rsa', scenario.rsaKeys);
  await scenario.build(lab);
  const world = lab.finish();
  scenario.touchUp?.(world);
  return world;
}

const hasSsh = (vcenter: LabVcenter, { withoutSsh }: LabOptions): boolean =>
  withoutSsh === undefined || (withoutSsh !== true && !withoutSsh.includes(vcenter.id));

/** Nothing listens on any port of a dead vCenter or provider. */
const isDead = (world: LabWorld, where: string): boolean =>
  world.faults.some((fault) => fault.kind === 'dead' && fault.where === where);

const needsKey = (world: LabWorld, options: LabOptions): boolean =>
  world.vcenters.some((vcenter) => hasSsh(vcenter, options) && vcenter.appliance.methods.includes('publickey'));

/** One key for all appliances that take one, in a folder of its own, readable by us alone. */
async function writeKeyFile(world: LabWorld, closers: (() => Promise<void>)[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vasatrust-lab-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  // Not ed25519: ssh2 1.17 cuts a leading zero byte off such keys, and one in 256 is unreadable.
  const pair = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, comment: 'LAB' });
  const file = join(folder, 'id_ecdsa');
  await writeFile(file, pair.private, { mode: 0o600 });
  for (const { appliance } of world.vcenters) {
    if (appliance.methods.includes('publickey')) appliance.authorizedKeys.push(pair.public);
  }
  return file;
}

async function startVcenters(world: LabWorld, closers: (() => Promise<void>)[]): Promise<Map<string, number>> {
  const started = await Promise.all(
    world.vcenters.map(async (vcenter) => {
      const listener = await startVcenter(world, vcenter);
      if (isDead(world, vcenter.id)) await listener.close();
      else closers.push(listener.close);
      return [vcenter.id, listener.port] as const;
    }),
  );
  return new Map(started);
}

async function startProviders(
  world: LabWorld,
  closers: (() => Promise<void>)[],
): Promise<Map<string, { host: string; port: number }>> {
  const started = await Promise.all(
    world.providers.map(async (provider) => {
      if (isDead(world, provider.name)) provider.up = false;
      const running = await startProvider(world, provider);
      closers.push(running.close);
      return [provider.name, { host: running.host, port: running.port }] as const;
    }),
  );
  return new Map(started);
}

async function startAppliances(
  world: LabWorld,
  options: LabOptions,
  privateKeyFile: string,
  closers: (() => Promise<void>)[],
): Promise<Map<string, { port: number; hostKeySha256: string; auth: SshLogin }>> {
  const started = await Promise.all(
    world.vcenters
      .filter((vcenter) => hasSsh(vcenter, options))
      .map(async (vcenter) => {
        const running = await startAppliance(world, vcenter);
        if (isDead(world, vcenter.id)) await running.close();
        else closers.push(() => running.close());
        const auth: SshLogin = vcenter.appliance.methods.includes('publickey')
          ? { kind: 'key', privateKeyFile }
          : { kind: 'password' };
        return [vcenter.id, { port: running.port, hostKeySha256: running.hostKeySha256, auth }] as const;
      }),
  );
  return new Map(started);
}
