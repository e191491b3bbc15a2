import { withBash } from '../../src/lab/appliance-bash.js';
import { programsOf } from '../../src/lab/appliance-commands.js';
import { daemonRunner } from '../../src/lab/appliance-daemon.js';
import { processesOf } from '../../src/lab/processes.js';
import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import { type Systemd, systemdOf } from '../../src/lab/systemd.js';
import type { LabFile, LabVcenter, LabWorld } from '../../src/lab/world.js';
import type { CleanupPlan } from '../../src/model/cleanup-plan.js';

/**
 * What of a vCenter a cleanup has to leave as it was, as plain data. Taken from the world itself and not through the product; what counts
 * is written in docs/interruptions.md ("as before").
 */
export interface Standing {
  readonly file: string;
  /** Every other file but ours and logs: path and what `describeFile` says of it. */
  readonly otherFiles: ReadonlyMap<string, string>;
  readonly routes: readonly string[];
  readonly sps: { readonly state: string; readonly health: string; readonly retryAttempt: number; readonly pid: number };
  readonly registrations: ReadonlyMap<string, string>;
  /** Other vCenters and the providers. */
  readonly elsewhere: string;
  /** Timers, units, cron lines and watchers that would still do something. */
  readonly armed: readonly string[];
  /** Files and folders of ours. */
  readonly ours: readonly string[];
}

const OURS = /vasatrust/;
/** Nothing a cleanup is answerable for: what services write by themselves. */
const LIVE = /^\/(proc|run|sys|dev)\/|^\/(var|storage)\/log\//;

export function takeStanding(world: LabWorld, vcenter: LabVcenter): Standing {
  const { files, routes, sps } = vcenter.appliance;
  const others = [...files].filter(([path]) => path !== SMS_CONFIG && !OURS.test(path) && !LIVE.test(path));
  return {
    file: fileText(vcenter),
    otherFiles: new Map(others.map(([path, file]) => [path, describeFile(file)])),
    routes: [...routes],
    sps: { state: sps.state, health: sps.health, retryAttempt: sps.retryAttempt, pid: sps.pid },
    registrations: new Map(vcenter.registrations.map(({ uid, name, url }) => [uid, `${name} ${url}`])),
    elsewhere: JSON.stringify({
      vcenters: world.vcenters.filter((one) => one !== vcenter).map((one) => one.registrations.map(({ uid, url }) => [uid, url])),
      providers: world.providers.map(({ served, clientRoots }) => [served.identity.certificate, clientRoots.length]),
    }),
    armed: armedThings(world, vcenter),
    ours: [...files.keys()].filter((path) => OURS.test(path)).sort(),
  };
}

const texts = new WeakMap<Buffer, string>();

/** Content, owner, mode and time of a file; the bytes are taken as never changed in place. */
export function describeFile({ content, owner, mode, mtimeMs }: LabFile): string {
  let text = texts.get(content);
  if (text === undefined) {
    text = content.toString('latin1');
    texts.set(content, text);
  }
  return `${owner} ${mode.toString(8)} ${Math.floor(mtimeMs)} ${text}`;
}

export function fileText(vcenter: LabVcenter): string {
  const file = vcenter.appliance.files.get(SMS_CONFIG);
  return file === undefined ? 'not there' : describeFile(file);
}

export function ourRoutes(vcenter: LabVcenter, plan: CleanupPlan): string[] {
  const addresses = plan.addresses.filter(({ alreadyBlocked }) => alreadyBlocked === undefined).map(({ address }) => address);
  return vcenter.appliance.routes.filter((line) => {
    const [kind = '', target = ''] = line.split(' ');
    return kind === 'unreachable' && addresses.includes(target.replace(/\/(32|128)$/, ''));
  });
}

/** What would still do something by itself: the self-revert of a run, its boot guard, its jobs. */
export function armedThings(world: LabWorld, vcenter: LabVcenter): string[] {
  const files = [...vcenter.appliance.files.keys()].filter((path) => /^\/etc\/.*vasatrust/.test(path));
  return [...files, ...watching(world, vcenter)];
}

/** Timers and processes; without one of them nobody looks for the sign of life. */
export function watching(world: LabWorld, vcenter: LabVcenter): string[] {
  const found = processesOf(vcenter)
    .list()
    .filter(({ argv }) => argv.includes('watch') && argv.some((word) => word.endsWith('/guard.sh')))
    .map(({ argv }) => argv.join(' '));
  if (vcenter.appliance.init !== 'systemd') return found;
  for (const timer of systemdFor(world, vcenter).timers.values())
    if (timer.active && timer.name.includes('vasatrust')) found.push(timer.name);
  return found;
}

const managers = new WeakMap<LabVcenter, { readonly bootId: string; readonly systemd: Systemd }>();

function systemdFor(world: LabWorld, vcenter: LabVcenter): Systemd {
  const { appliance } = vcenter;
  let known = managers.get(vcenter);
  if (known?.bootId !== appliance.bootId || appliance.down) {
    // Each boot has its own.
    const systemd = systemdOf(world, vcenter, daemonRunner(world, vcenter, withBash(programsOf(appliance))));
    known = { bootId: appliance.down ? '' : appliance.bootId, systemd };
    managers.set(vcenter, known);
  }
  return known.systemd;
}
