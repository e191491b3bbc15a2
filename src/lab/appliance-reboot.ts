import { createHash } from 'node:crypto';
import { withBash } from './appliance-bash.js';
import { programsOf } from './appliance-commands.js';
import { cronLines, runCron, runCronLine } from './appliance-cron.js';
import { daemonRunner } from './appliance-daemon.js';
import { ApplianceFiles } from './appliance-files.js';
import { cutConnections } from './connections.js';
import { processesOf } from './processes.js';
import { stopped } from './sps-life.js';
import { beginStart, settle } from './sps-model.js';
import { shutDownSystemd, systemdOf, UNIT_FOLDER } from './systemd.js';
import type { LabVcenter, LabWorld } from './world.js';

const VMON = 'vmware-vmon.service';
/** Targets that are reached before vmon starts, or with it. */
const TARGETS = ['multi-user.target', 'default.target', 'sysinit.target', 'basic.target', 'timers.target', VMON];

/** Of everything that runs on the appliance without anybody asking. */
const power = new WeakMap<LabVcenter, AbortController>();

/** What happens by itself from now on: crond, where it is what the appliance has. Safe to call twice. */
export function switchOn(world: LabWorld, vcenter: LabVcenter): void {
  if (power.has(vcenter)) return;
  const off = new AbortController();
  power.set(vcenter, off);
  if (vcenter.appliance.init === 'other') void runCron(world, vcenter, runnerOf(world, vcenter), off.signal);
}

/** Ends every process, timer and connection: nothing of the appliance waits for anything any more. */
export function switchOff(world: LabWorld, vcenter: LabVcenter): void {
  const table = processesOf(vcenter);
  power.get(vcenter)?.abort();
  power.delete(vcenter);
  shutDownSystemd(vcenter);
  table.killAll();
  cutConnections(world, vcenter);
}

export interface RebootOptions {
  /** `power-cut`: what was written and not synced is lost. */
  readonly how?: 'reboot' | 'power-cut';
  /** How long it stays off; default: not at all. */
  readonly offMs?: number;
}

/**
 * The appliance goes down at once, with everything that runs on it, its routes and what is in /run. Then it boots: services ordered before
 * vmon, SPS (which reads its file then), cron's `@reboot`. Resolves when SPS has begun to start.
 */
export async function rebootAppliance(world: LabWorld, vcenter: LabVcenter, options: RebootOptions = {}): Promise<void> {
  const { appliance } = vcenter;
  const files = new ApplianceFiles(world, vcenter);
  settle(world, vcenter);
  files.note('reboot', options.how ?? 'reboot');
  appliance.down = true;
  processesOf(vcenter).closed = true;
  switchOff(world, vcenter);
  if (options.how === 'power-cut') files.losePower();
  appliance.routes.length = 0;
  for (const path of files.paths()) if (path.startsWith('/run/')) appliance.files.delete(path);
  stopped(vcenter);
  vcenter.tasks.length = 0;
  await world.clock.sleep(options.offMs ?? 0);
  appliance.bootedAtMs = world.now().getTime();
  appliance.bootId = nextBootId(appliance.bootId, appliance.bootedAtMs);
  await boot(world, vcenter);
}

function nextBootId(before: string, atMs: number): string {
  const hex = createHash('sha256').update(`${before}/${atMs}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

async function boot(world: LabWorld, vcenter: LabVcenter): Promise<void> {
  const { appliance } = vcenter;
  const { bootId } = appliance;
  await world.clock.sleep(world.timing.bootMs ?? world.timing.spsStartMs);
  // Somebody rebooted it once more meanwhile.
  if (appliance.bootId !== bootId) return;
  processesOf(vcenter).closed = false;
  delete appliance.down;
  switchOn(world, vcenter);
  const run = runnerOf(world, vcenter);
  if (appliance.init === 'systemd') await startUnits(world, vcenter);
  if (appliance.bootId !== bootId || appliance.down) return;
  beginStart(world, vcenter);
  // crond is no earlier than anything, and nothing waits for it.
  if (appliance.init === 'other') {
    for (const { when, command } of cronLines(world, vcenter)) if (when === '@reboot') runCronLine(vcenter, command, run);
  }
}

/** Enabled units; those ordered before vmon are waited for, as far as systemd waits for their kind. */
async function startUnits(world: LabWorld, vcenter: LabVcenter): Promise<void> {
  const systemd = systemdOf(world, vcenter, runnerOf(world, vcenter));
  const names = systemd.files.paths().flatMap((path) => {
    const [, target, name] = /^\/etc\/systemd\/system\/([^/]+)\.wants\/([^/]+)$/.exec(path) ?? [];
    const known = target !== undefined && TARGETS.includes(target) && systemd.files.read(`${UNIT_FOLDER}/${name}`);
    return known && name !== undefined ? [name] : [];
  });
  const waiting: Promise<void>[] = [];
  for (const name of new Set(names)) {
    const timer = systemd.timer(name);
    const service = systemd.service(name);
    if (timer) systemd.startTimer(timer);
    if (!service) continue;
    systemd.startService(service);
    if (service.unit.before.includes(VMON)) waiting.push(service.job);
  }
  await Promise.all(waiting);
}

function runnerOf(world: LabWorld, vcenter: LabVcenter) {
  return daemonRunner(world, vcenter, withBash(programsOf(vcenter.appliance)));
}
