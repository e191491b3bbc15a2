import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { settle, statusOf } from '../../src/lab/sps-model.js';
import { buildScenario, type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabVcenter, LabWorld, SpsSwitches } from '../../src/lab/world.js';

/**
 * The vCenters of one stand-in, as a process of its own in the storage network: the lab's servers, with the world of one of them tied to what
 * happens in the container. What SPS is, and which provider it reaches by which address, comes from the files that the container's SPS writes;
 * what SMS logs goes into the container's sps.log. First argument: `VcenterSideOptions` as JSON. The last line of its first answer is ready;
 * then one command a line, one answer a line. It ends with its stdin.
 */
export interface VcenterSideOptions {
  readonly scenario: string;
  /** Whose appliance the container is. */
  readonly vcenter: string;
  readonly shared: string;
  readonly logFile: string;
  readonly switches?: Partial<SpsSwitches>;
  /** What a second of the published procedure lasts. */
  readonly secondMs: number;
  /** Provider name → addresses it has besides. */
  readonly moreAddresses?: Readonly<Record<string, readonly string[]>>;
  readonly taskMs?: number;
}

export interface VcenterSideFacts {
  readonly estateYaml: string;
  readonly env: Readonly<Record<string, string>>;
  readonly address: string;
  readonly ipAddress: string;
  readonly rootPassword: string;
  readonly machineId: string;
  readonly smsConfig: { readonly text: string; readonly mode: number };
  readonly vmcaPem: string;
  readonly hosts: readonly (readonly [name: string, addresses: readonly string[]])[];
  readonly vecs: readonly (readonly [
    store: string,
    entries: readonly { alias: string; type: string; certificates: readonly string[] }[],
  ])[];
  /** Address of every vCenter → where it is reached: `[id, ip]`. */
  readonly vcenters: readonly { readonly id: string; readonly ipAddress: string }[];
  readonly providers: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly addresses: readonly string[];
  }[];
}

export interface VcenterSideState {
  readonly vcenters: readonly {
    readonly id: string;
    readonly registrations: readonly {
      readonly uid: string;
      readonly name: string;
      readonly url: string;
      readonly status: string;
    }[];
  }[];
  readonly providers: readonly { readonly name: string; readonly certificate: string; readonly clientRoots: number }[];
  /** Changes anybody made through SMS, in order. */
  readonly changes: readonly string[];
  readonly sps: { readonly state: string; readonly health: string; readonly pid: number; readonly retryAttempt: number };
}

/** Where the proxy in the container leads. */
const BEHIND_PROXY = '10.0.254.1';
/** SPS of the container moves by itself; the lab must not move it. */
const NEVER_MS = 1e12;

const STATES: Readonly<Record<string, LabVcenter['appliance']['sps']['state']>> = {
  STARTED: 'STARTED',
  START_PENDING: 'STARTING',
  STOP_PENDING: 'STOPPING',
};

const options = JSON.parse(process.argv[2] ?? '{}') as VcenterSideOptions;

async function main(): Promise<void> {
  const { secondMs } = options;
  const world = await buildScenario(options.scenario, {
    timing: {
      spsStopMs: NEVER_MS,
      spsStartMs: NEVER_MS,
      pollMs: 10 * secondMs,
      taskMs: options.taskMs ?? 40,
      retrySecondMs: secondMs,
    },
    ...(options.switches ? { switches: options.switches } : {}),
  });
  const subject = found(world.vcenters.find(({ id }) => id === options.vcenter));
  for (const provider of world.providers) {
    provider.addresses.push(...(options.moreAddresses?.[provider.name] ?? []));
    if (subject.appliance.hosts.has(provider.host)) subject.appliance.hosts.set(provider.host, [...provider.addresses]);
  }
  subject.appliance.sshEnabled = false;
  const lab = await startLab(world, { withoutSsh: [subject.id] });
  const coupling = couple(world, subject);
  setInterval(coupling, 20);
  const ips = world.vcenters.map((_, index) => ({ id: world.vcenters[index]?.id ?? '', ipAddress: `10.0.0.${index + 1}` }));
  await openNetwork(world, lab, subject.id, ips);
  say(factsOf(world, subject, lab, ips));
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const [word, ...rest] = line.split(' ');
    if (word === 'state') {
      coupling();
      say(stateOf(world, subject));
    } else if (word === 'provider-up' || word === 'provider-down') {
      for (const provider of world.providers) if (provider.name === rest[0]) provider.up = word === 'provider-up';
      say({});
    } else if (word === 'remove') {
      const at = subject.registrations.findIndex(({ uid }) => uid === rest[0]);
      if (at >= 0) subject.registrations.splice(at, 1);
      say({});
    } else if (word === 'connect') {
      tryConnect(rest[0] ?? '', Number(rest[1])).then((open) => say({ open }));
    }
  });
  lines.on('close', () => process.exit(0));
}

/** Reads what the container's SPS wrote, and brings the world up to it. */
function couple(world: LabWorld, subject: LabVcenter): () => void {
  const { appliance } = subject;
  const { sps } = appliance;
  const known = new Map(world.providers.flatMap((one) => one.addresses.map((address) => [plain(address), one] as const)));
  let logged = 0;
  let lastView = '';
  let lastProviders = '';
  return () => {
    const [state = 'STOPPED', health, pid, attempt, interval] = readLines('sps')[0]?.split(' ') ?? [];
    const process = Number(pid ?? 0);
    sps.state = STATES[state] ?? 'STOPPED';
    if (process !== sps.pid && process > 0) sps.startedAtMs = world.now().getTime();
    if (process > 0) sps.pid = process;
    if (Number(attempt) > 0) Object.assign(sps, { retryAttempt: Number(attempt), retryIntervalS: Number(interval) });
    if (sps.state !== 'STARTED') subject.tasks.length = 0; // they live in the process
    const view = readLines('view');
    if (view[0] === String(process) && view.join() !== lastView) {
      lastView = view.join();
      takeView(view.slice(1));
    }
    sps.health = health === 'HEALTHY' && view[0] === String(process) ? 'HEALTHY' : 'UNHEALTHY';
    settle(world, subject);
    const lines = sps.log.slice(logged);
    logged = sps.log.length;
    if (lines.length > 0) appendFileSync(options.logFile, `${lines.join('\n')}\n`);
    const polled = subject.registrations
      .filter(({ category }) => category === 'external')
      .map(({ url }) => {
        const { hostname, port } = new URL(url);
        return `${plain(hostname)} ${port || 443}`;
      });
    const text = [...new Set(polled)].map((line) => `${line}\n`).join('');
    if (text !== lastProviders) writeWhole('providers', text);
    lastProviders = text;
  };

  /** `HOST PORT ADDRESS HOW`: the model takes routes and names; what a connection came to is put in these words. */
  function takeView(rows: readonly string[]): void {
    const routes = new Set<string>();
    const hosts = new Map<string, string[]>();
    for (const row of rows) {
      const [host = '', , address = '', how] = row.split(' ');
      hosts.set(host, [...(hosts.get(host) ?? []), ...(how === 'unknown-host' ? [] : [address])]);
      const reached = how === 'open' || how === 'refused' || !known.has(plain(address));
      if (!reached) routes.add(`unreachable ${address}`);
    }
    appliance.routes.splice(0, appliance.routes.length, ...routes);
    for (const [host, addresses] of hosts) appliance.hosts.set(host, addresses);
  }
}

/** Every address of the storage network, on the loopback of this network namespace, leads to the lab's port for it. */
async function openNetwork(
  world: LabWorld,
  lab: RunningLab,
  subject: string,
  ips: readonly { readonly id: string; readonly ipAddress: string }[],
): Promise<void> {
  for (const provider of world.providers) {
    const port = found(lab.ports.providers.get(provider.name));
    for (const address of provider.addresses) {
      own(address);
      await forward(address, provider.port, port, lab.addresses.get(provider.name), () => provider.up);
    }
  }
  for (const { id, ipAddress } of ips) {
    const https = found(lab.ports.https.get(id));
    // Port 443 of the container is passed on to this one by a proxy inside it: it is gone while the container is.
    if (id === subject) {
      own(BEHIND_PROXY);
      await forward(BEHIND_PROXY, 8443, https);
      continue;
    }
    own(ipAddress);
    await forward(ipAddress, 443, https);
    const ssh = lab.ports.ssh.get(id);
    if (ssh !== undefined) await forward(ipAddress, 22, ssh);
  }
}

function own(address: string): void {
  const six = address.includes(':');
  execFileSync('ip', [six ? '-6' : '-4', 'addr', 'add', `${address}/${six ? 128 : 32}`, 'dev', 'lo', ...(six ? ['nodad'] : [])]);
}

function forward(address: string, port: number, to: number, host = '127.0.0.1', isUp = () => true): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    if (!isUp()) return socket.resetAndDestroy();
    const other = connect({ host, port: to, noDelay: true });
    socket.pipe(other).pipe(socket);
    socket.on('error', () => other.destroy());
    other.on('error', () => socket.destroy());
    socket.on('close', () => other.destroy());
    other.on('close', () => socket.destroy());
    return undefined;
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}

function factsOf(
  world: LabWorld,
  subject: LabVcenter,
  lab: RunningLab,
  vcenters: VcenterSideFacts['vcenters'],
): VcenterSideFacts {
  const { appliance } = subject;
  const file = found(appliance.files.get('/usr/lib/vmware-vpx/sps/conf/sms-config.xml'));
  return {
    estateYaml: lab.estateYaml(),
    env: lab.env,
    address: subject.address,
    ipAddress: found(vcenters.find(({ id }) => id === subject.id)).ipAddress,
    rootPassword: appliance.rootPassword,
    machineId: appliance.machineId,
    smsConfig: { text: file.content.toString('utf8'), mode: file.mode },
    vmcaPem: subject.vmca.certificatePem,
    hosts: [...appliance.hosts],
    vecs: [...subject.vecs, ['TRUSTED_ROOTS', subject.trustedRoots.map((der, index) => rootEntry(der, index))] as const].map(
      ([store, entries]) => [store, entries.map(({ alias, type, certificates }) => ({ alias, type, certificates }))] as const,
    ),
    vcenters,
    providers: world.providers.map(({ name, host, port, addresses }) => ({ name, host, port, addresses })),
  };
}

const rootEntry = (der: string, index: number) => ({
  alias: `${index}`.padStart(40, 'a'),
  type: 'Trusted Cert',
  certificates: [der],
});

function stateOf(world: LabWorld, subject: LabVcenter): VcenterSideState {
  const { state, health, pid, retryAttempt } = subject.appliance.sps;
  return {
    vcenters: world.vcenters.map((vcenter) => ({
      id: vcenter.id,
      registrations: vcenter.registrations.map((one) => ({
        uid: one.uid,
        name: one.name,
        url: one.url,
        status: statusOf(world, vcenter, one).status,
      })),
    })),
    providers: world.providers.map(({ name, served, clientRoots }) => ({
      name,
      certificate: served.identity.certificate,
      clientRoots: clientRoots.length,
    })),
    changes: world.record
      .filter(({ kind }) => kind === 'change')
      .map(({ where, what, outcome }) => `${where} ${what}: ${outcome}`),
    sps: { state, health, pid, retryAttempt },
  };
}

function tryConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

function readLines(name: string): string[] {
  try {
    return readFileSync(join(options.shared, name), 'utf8').trimEnd().split('\n');
  } catch {
    return []; // not written, or the container is down
  }
}

function writeWhole(name: string, text: string): void {
  writeFileSync(join(options.shared, `${name}.new`), text);
  renameSync(join(options.shared, `${name}.new`), join(options.shared, name));
}

const plain = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase();

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error(`the scenario ${options.scenario} lacks something`);
  return value;
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

await main();
