import { type ChildProcessWithoutNullStreams, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { parse, stringify } from 'yaml';
import { mintKey } from '../support/openssh.js';
import { missingRoot, missingSystemParts } from '../support/system.js';
import { type ApplianceOptions, fillAppliance } from './appliance-files.js';
import { openLines } from './lines.js';
import { isAlive, rootFileSystem } from './rootfs.js';
import type { VcenterSideFacts, VcenterSideOptions, VcenterSideState } from './vcenter-side.js';

/** What a second of the published procedure lasts: a thirtieth of one, unless somebody has the time to see it at its full length. */
export const SECOND_MS = Number(process.env.VASATRUST_STANDIN_SECOND_MS ?? 33);
/** Seconds, as assumed of a small appliance. */
const STOP_S = 10;
/** Until it is STARTED and healthy, which is a quarter later than STARTED. */
const HEALTHY_S = 40;

const PREFIX = 'vasatrust-standin';
const REPO = fileURLToPath(new URL('../..', import.meta.url));

let refusal: string | undefined;

/** For `describe.skipIf(…)`: the parts, and the right to use them. Under VASATRUST_REQUIRE_SYSTEM_TESTS=1 it throws instead, and says what is wrong. */
export function missingStandin(): boolean {
  if (missingSystemParts('debootstrap', 'systemd-nspawn', 'ip', 'unshare', 'nsenter', 'ssh', 'ssh-keygen') || missingRoot())
    return true;
  refusal ??= whyNot();
  if (refusal !== '' && process.env.VASATRUST_REQUIRE_SYSTEM_TESTS === '1')
    throw new Error(
      `system tests are required, but this machine lets nobody boot a container with networks of its own: ${refusal}`,
    );
  return refusal !== '';
}

/** Namespaces, mounts and control groups are refused on some machines that are containers themselves. Empty: they are not. */
function whyNot(): string {
  const trial = [
    'ip link set lo up',
    'ip link add trial0 type veth peer name trial1',
    'mount -t tmpfs tmpfs /mnt',
    'mkdir /mnt/lower /mnt/upper /mnt/work /mnt/root',
    'mount -t overlay overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root',
  ];
  const { status, stderr, error } = spawnSync(
    'unshare',
    ['-n', '-m', '--propagation', 'private', '/bin/sh', '-ec', trial.join('\n')],
    {
      encoding: 'utf8',
      env: { PATH: SYSTEM_PATH },
    },
  );
  if (status !== 0) return `${error?.message ?? ''}${stderr ?? ''}`.trim() || `exit code ${status}`;
  return controlGroupMounts().length > 0 ? '' : 'there is no control group hierarchy of systemd, nor one of version 2';
}

export interface StandinOptions extends ApplianceOptions {
  /** One of the lab; default: the published case. */
  readonly scenario?: string;
  /** Whose appliance is real; default: the loser of the published case. */
  readonly vcenter?: string;
  readonly switches?: VcenterSideOptions['switches'];
  readonly moreAddresses?: VcenterSideOptions['moreAddresses'];
  readonly secondMs?: number;
  /** How long SMS works on a task. */
  readonly taskMs?: number;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One real appliance in a container, the rest of its estate around it, and an operator's machine that reaches it. */
export interface Standin {
  readonly facts: VcenterSideFacts;
  readonly secondMs: number;
  readonly estateFile: string;
  /** Of the operator's machine: secrets, and a home and state folder of its own. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Where what runs outside of the container was bundled to. */
  readonly bundle: string;
  /** As root in the container, past SSH. */
  inside(script: string): Promise<Ran>;
  /** A program of this machine, in the operator's network. */
  start(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams;
  /** What every program started so far has said. */
  running(): string;
  state(): Promise<VcenterSideState>;
  spsLog(): string;
  console(): string;
  setProvider(name: string, up: boolean): Promise<void>;
  /** Somebody else removes a registration. */
  removeRegistration(uid: string): Promise<void>;
  /** More lines of what the container's SPS reads when it starts, such as `start=hangs`. */
  setSps(lines: string): void;
  /** Power off and on without a word; resolves when SPS is healthy again, or at once where it will not be. */
  reset(waitForSps?: boolean): Promise<void>;
  /** An orderly reboot. */
  reboot(waitForSps?: boolean): Promise<void>;
  /** The operator's network cable, out and in. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** Boots one. Whatever was made by the time something fails is taken down again. */
export async function openStandin(options: StandinOptions = {}): Promise<Standin> {
  sweep();
  const rootfs = await rootFileSystem();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}-${process.pid}-`));
  for (const name of ['shared', 'log/vmware/vmware-sps', 'layers', 'files', 'operator'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'log/vmware/vmware-sps/sps.log'), '');
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await assemble(options, { rootfs, folder, closers, close });
  } catch (error) {
    const log = join(folder, 'console');
    const said = existsSync(log) ? readFileSync(log, 'utf8').slice(-2_000) : '';
    await close();
    throw new Error(`the stand-in did not come up: ${error instanceof Error ? error.stack : error}\n${said}`);
  }
}

async function assemble(
  options: StandinOptions,
  at: { rootfs: string; folder: string; closers: (() => Promise<void>)[]; close(): Promise<void> },
): Promise<Standin> {
  const { folder, closers } = at;
  const secondMs = options.secondMs ?? SECOND_MS;
  const shared = join(folder, 'shared');
  const bundling = shareBundle();
  closers.push(() => bundling.leave());
  const name = `${PREFIX}-${process.pid}-${folder.slice(-6)}`;
  const keeper = spawn(
    'unshare',
    ['-n', '-m', '--propagation', 'private', '/bin/sh', join(REPO, 'test/standin/keeper.sh'), folder, at.rootfs, name],
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: { PATH: SYSTEM_PATH } },
  );
  const keeping = openLines(keeper, 'the keeper');
  closers.push(() => keeping.end());
  const client = Number((await keeping.next()).split(' ')[1]);
  const bundle = await bundling.folder;
  const sideOptions: VcenterSideOptions = {
    scenario: options.scenario ?? 'clash',
    vcenter: options.vcenter ?? 'vc65',
    shared,
    logFile: join(folder, 'log/vmware/vmware-sps/sps.log'),
    secondMs,
    ...(options.switches ? { switches: options.switches } : {}),
    ...(options.taskMs === undefined ? {} : { taskMs: options.taskMs }),
    ...(options.moreAddresses ? { moreAddresses: options.moreAddresses } : {}),
  };
  const side = openLines(
    spawn('nsenter', [net(keeper.pid), process.execPath, join(bundle, 'vcenter-side.js'), JSON.stringify(sideOptions)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    }),
    'the SMS side',
  );
  closers.push(() => side.end());
  const facts = JSON.parse(await side.next()) as VcenterSideFacts;
  const ask = async (line: string): Promise<unknown> => JSON.parse(await side.ask(line));

  for (const key of ['host', 'client']) mintKey(key === 'host' ? 'ecdsa' : 'ed25519', join(folder, 'operator', key));
  const settings = [`stopMs=${STOP_S * secondMs}`, `startMs=${(HEALTHY_S / 1.25) * secondMs}`, `pollMs=${10 * secondMs}`];
  const setSps = (lines: string) => writeFileSync(join(shared, 'settings'), `${settings.join('\n')}\n${lines}\n`);
  setSps('');
  fillAppliance({ folder, rootfs: at.rootfs }, facts, options);
  const password = options.rootPassword ?? facts.rootPassword;
  writeFileSync(join(folder, 'root-password'), `root:${password}\n`, { mode: 0o600 });
  const estateFile = join(folder, 'operator/estate.yaml');
  writeFileSync(estateFile, estateOf(facts, options, folder), { mode: 0o600 });

  const said: string[] = [];
  let init = 0;
  const boot = async (waitForSps: boolean) => {
    init = Number((await keeping.ask('boot')).split(' ')[1]);
    if (!(init > 0)) throw new Error('systemd-nspawn ended at once');
    await until('SSH', async () => ((await ask(`connect ${facts.ipAddress} 22`)) as { open: boolean }).open);
    if (waitForSps) await until('SPS', async () => ((await ask('state')) as VcenterSideState).sps.health === 'HEALTHY');
  };
  await boot(true);
  return {
    facts,
    secondMs,
    estateFile,
    folder,
    bundle,
    env: {
      ...facts.env,
      [rootVariable(facts, options)]: password,
      PATH: SYSTEM_PATH,
      HOME: join(folder, 'operator'),
      XDG_STATE_HOME: join(folder, 'operator/state'),
    },
    inside: (script) => run('nsenter', ['-t', String(init), '-m', '-u', '-i', '-n', '-p', '/bin/sh', '-c', script]),
    running: () => said.join('\n'),
    start: (command, args, env = {}) => {
      const child = spawn('nsenter', [net(client), command, ...args], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { PATH: SYSTEM_PATH, ...env },
      });
      const at = said.push('') - 1;
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          said[at] = `${said[at]}${chunk}`.slice(-8_000);
        });
      return child;
    },
    state: async () => (await ask('state')) as VcenterSideState,
    spsLog: () => readFileSync(sideOptions.logFile, 'utf8'),
    console: () => readFileSync(join(folder, 'console'), 'utf8'),
    setProvider: async (provider, up) => {
      await ask(`provider-${up ? 'up' : 'down'} ${provider}`);
    },
    removeRegistration: async (uid) => {
      await ask(`remove ${uid}`);
    },
    setSps,
    reset: async (waitForSps = true) => {
      await keeping.ask('reset');
      await boot(waitForSps);
    },
    reboot: async (waitForSps = true) => {
      await keeping.ask('shutdown');
      await boot(waitForSps);
    },
    cut: async () => {
      await keeping.ask('cut');
    },
    mend: async () => {
      await keeping.ask('mend');
    },
    close: at.close,
  };
}

const SYSTEM_PATH = `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
const net = (pid: number | undefined): string => `--net=/proc/${pid}/ns/net`;

const bundled = { users: 0, folder: undefined as Promise<string> | undefined };

/** The SMS side, the product and the hands as they are now: shared by the stand-ins of this process, removed with the last one. */
function shareBundle(): { readonly folder: Promise<string>; leave(): Promise<void> } {
  bundled.users += 1;
  bundled.folder ??= bundleInto(mkdtempSync(join(tmpdir(), `${PREFIX}-${process.pid}-`)));
  const { folder } = bundled;
  return {
    folder,
    async leave() {
      bundled.users -= 1;
      if (bundled.users > 0) return;
      bundled.folder = undefined;
      const path = await folder.catch(() => undefined);
      if (path !== undefined) rmSync(path, { recursive: true, force: true });
    },
  };
}

async function bundleInto(folder: string): Promise<string> {
  symlinkSync(join(REPO, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const manifest = JSON.parse(readFileSync(join(REPO, 'package.json'), 'utf8')) as { version: string };
  try {
    await build({
      absWorkingDir: REPO,
      entryPoints: ['vcenter-side', 'product', 'hands'].map((name) => `test/standin/${name}.ts`),
      outdir: folder,
      bundle: true,
      splitting: true,
      packages: 'external',
      platform: 'node',
      target: 'node20.19',
      format: 'esm',
      logLevel: 'warning',
      define: { VASATRUST_VERSION: JSON.stringify(manifest.version) },
    });
    return folder;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

const rootVariable = ({ env }: VcenterSideFacts, { vcenter = 'vc65' }: StandinOptions): string =>
  Object.keys(env).find((name) => name === `LAB_${vcenter.toUpperCase()}_ROOT_PASSWORD`) ?? 'LAB_ROOT_PASSWORD';

/** The lab's own file, with the addresses of the stand-in's network in place of ports of this machine. */
function estateOf(facts: VcenterSideFacts, options: StandinOptions, folder: string): string {
  const estate = parse(facts.estateYaml) as {
    vcenters: { id: string; connectTo: string; ssh?: Record<string, unknown> }[];
    providers: { url: string; connectTo: string }[];
  };
  for (const vcenter of estate.vcenters) {
    const ip = facts.vcenters.find(({ id }) => id === vcenter.id)?.ipAddress;
    vcenter.connectTo = `${ip}:443`;
    if (vcenter.ssh) Object.assign(vcenter.ssh, { host: ip, port: 22 });
    if (vcenter.id !== (options.vcenter ?? 'vc65')) continue;
    const login =
      options.login === 'key'
        ? { privateKeyFile: join(folder, 'operator/client') }
        : { password: { env: rootVariable(facts, options) } };
    vcenter.ssh = { host: ip, port: 22, username: 'root', ...login, hostKey: hostKeyOf(folder) };
  }
  for (const provider of estate.providers) {
    const { hostname } = new URL(provider.url);
    const bare = hostname.replace(/^\[|\]$/g, '');
    const found = facts.providers.find(({ host, addresses }) => host === bare || addresses.includes(bare));
    const address = found?.addresses[0] ?? '';
    if (found) provider.connectTo = address.includes(':') ? `[${address}]:${found.port}` : `${address}:${found.port}`;
  }
  return stringify(estate, { lineWidth: 0 });
}

function hostKeyOf(folder: string): string {
  const blob = readFileSync(join(folder, 'operator/host.pub'), 'utf8').split(' ')[1] ?? '';
  return `SHA256:${createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')}`;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000 + 200 * SECOND_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come up in the container`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function run(command: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { env: { PATH: SYSTEM_PATH }, timeout: 30_000, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

let swept = false;

/** What earlier stand-ins left behind whose test process is dead and whose keeper could not clear up: folders and control groups by our name alone. */
function sweep(): void {
  if (swept) return;
  swept = true;
  const ownerOf = (entry: string) => Number(new RegExp(`^${PREFIX}-(\\d+)-`).exec(entry)?.[1] ?? 0);
  const isStale = (entry: string) => ownerOf(entry) > 0 && !isAlive(ownerOf(entry));
  const groups = controlGroups().filter((path) => isStale(path.split('/').at(-1) ?? ''));
  for (const group of groups) tryTo(() => endGroup(group));
  for (const entry of readdirSync(tmpdir()).filter(isStale))
    tryTo(() => rmSync(join(tmpdir(), entry), { recursive: true, force: true }));
}

/** Children first; a group with processes in it cannot be removed, so they are ended: they were the container of that test. */
function endGroup(group: string): void {
  const all = execFileSync('find', [group, '-depth', '-type', 'd'], { encoding: 'utf8', stdio: 'pipe' }).trim().split('\n');
  for (const pid of all.flatMap((path) => readFileSync(join(path, 'cgroup.procs'), 'utf8').trim().split('\n')))
    if (Number(pid) > 1 && Number(pid) !== process.pid) tryTo(() => process.kill(Number(pid), 'SIGKILL'));
  for (const path of all) tryTo(() => execFileSync('rmdir', [path], { stdio: 'ignore' }));
}

function controlGroups(): string[] {
  return controlGroupMounts()
    .flatMap((at) =>
      execFileSync('find', [at, '-maxdepth', '3', '-type', 'd', '-name', `${PREFIX}-*`], { encoding: 'utf8' }).split('\n'),
    )
    .filter((path) => path !== '');
}

/** Those in which nspawn makes groups. */
function controlGroupMounts(): string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return mounts
    .map((line) => line.split(' '))
    .filter(([, , type = '', how = '']) => type === 'cgroup2' || (type === 'cgroup' && how.includes('name=systemd')))
    .flatMap(([, at]) => at ?? []);
}

function tryTo(what: () => unknown): void {
  try {
    what();
  } catch {
    // gone already, or not yet: the next sweep sees to it
  }
}
