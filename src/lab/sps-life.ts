import { SaxesParser } from 'saxes';
import type { LabVcenter, LabWorld } from './world.js';

export const SMS_CONFIG = '/usr/lib/vmware-vpx/sps/conf/sms-config.xml';

/** SMS and providers come up a quarter of the start time after the process counts as STARTED (inferred; it is why STARTED alone proves nothing). */
const WARM_UP = 0.25;

/** Moves SPS on to what the clock says. */
export function settleService(world: LabWorld, vcenter: LabVcenter): void {
  const { sps } = vcenter.appliance;
  const { spsStopMs, spsStartMs } = world.timing;
  const now = world.now().getTime();
  if (sps.state === 'STOPPING' && !stopHangs(world, vcenter) && now >= (sps.stoppingSinceMs ?? 0) + spsStopMs) stopped(vcenter);
  const fault = startFault(world, vcenter);
  if (sps.state === 'STARTING' && fault !== 'hangs' && now >= sps.startedAtMs + spsStartMs) {
    if (sps.startFails) stopped(vcenter);
    else sps.state = 'STARTED';
  }
  if (sps.state === 'STARTED' && sps.health === 'UNHEALTHY' && fault !== 'unhealthy' && now >= warmAtMs(world, vcenter)) {
    sps.health = 'HEALTHY';
  }
}

/** When a stop or start under way will be over; undefined: nothing is under way, or it hangs. */
export function nextChangeMs(world: LabWorld, vcenter: LabVcenter): number | undefined {
  const { sps } = vcenter.appliance;
  if (sps.state === 'STOPPING' && !stopHangs(world, vcenter)) return (sps.stoppingSinceMs ?? 0) + world.timing.spsStopMs;
  if (sps.state === 'STARTING' && startFault(world, vcenter) !== 'hangs') return sps.startedAtMs + world.timing.spsStartMs;
  return undefined;
}

/** When this process loads its providers: the moment it turns healthy. */
export function loadAtMs(world: LabWorld, vcenter: LabVcenter): number {
  return Math.min(warmAtMs(world, vcenter), world.now().getTime());
}

/** False: SPS is starting or stopping, which service-control answers with "Operation not allowed in current service state". */
export function beginStop(world: LabWorld, vcenter: LabVcenter): boolean {
  settleService(world, vcenter);
  const { sps } = vcenter.appliance;
  if (sps.state === 'STARTING' || sps.state === 'STOPPING') return false;
  if (sps.state === 'STARTED') {
    sps.state = 'STOPPING';
    sps.stoppingSinceMs = world.now().getTime();
    vcenter.tasks.length = 0; // SmsTask objects live in the process
  }
  return true;
}

/** Reads sms-config.xml, now and not later: a file that SPS cannot use makes the start fail. */
export function beginStart(world: LabWorld, vcenter: LabVcenter): boolean {
  settleService(world, vcenter);
  const { sps, files } = vcenter.appliance;
  if (sps.state === 'STARTING' || sps.state === 'STOPPING') return false;
  if (sps.state === 'STARTED') return true;
  const settings = readSmsConfig(files.get(SMS_CONFIG)?.content.toString('utf8') ?? '');
  sps.state = 'STARTING';
  sps.health = 'UNHEALTHY';
  sps.startedAtMs = world.now().getTime();
  sps.pid += 137;
  sps.startFails = settings === undefined || startFault(world, vcenter) === 'fails';
  if (settings) {
    sps.retryAttempt = settings.retryAttempt;
    sps.retryIntervalS = settings.retryIntervalS;
  }
  return true;
}

/** `qsConnection` of sms-config.xml; undefined: not well-formed, or the two numbers are not there exactly once. */
export function readSmsConfig(text: string): { readonly retryAttempt: number; readonly retryIntervalS: number } | undefined {
  const path: string[] = [];
  const attempts: string[] = [];
  const intervals: string[] = [];
  const parser = new SaxesParser();
  let wellFormed = true;
  parser.on('error', () => {
    wellFormed = false;
  });
  parser.on('opentag', (tag) => {
    path.push(tag.name);
    valuesHere()?.push('');
  });
  parser.on('text', (chunk) => {
    const values = valuesHere();
    if (values) values.push((values.pop() ?? '') + chunk);
  });
  parser.on('closetag', () => path.pop());
  const valuesHere = () => {
    if (path.at(-2) !== 'qsConnection') return undefined;
    return { retryAttempt: attempts, retryInterval: intervals }[path.at(-1) ?? ''];
  };
  parser.write(text).close();
  const [attempt, interval] = [attempts, intervals].map((values) => (values.length === 1 ? wholeNumber(values[0]) : undefined));
  return wellFormed && attempt !== undefined && interval !== undefined
    ? { retryAttempt: attempt, retryIntervalS: interval }
    : undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? '';
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

function warmAtMs(world: LabWorld, vcenter: LabVcenter): number {
  return vcenter.appliance.sps.startedAtMs + world.timing.spsStartMs * (1 + WARM_UP);
}

export function stopped(vcenter: LabVcenter): void {
  const { sps } = vcenter.appliance;
  sps.state = 'STOPPED';
  sps.health = 'UNHEALTHY';
  delete sps.stoppingSinceMs;
  delete sps.startFails;
}

function stopHangs(world: LabWorld, vcenter: LabVcenter): boolean {
  return world.faults.some((fault) => fault.kind === 'sps-stop' && fault.where === vcenter.id);
}

function startFault(world: LabWorld, vcenter: LabVcenter): 'hangs' | 'fails' | 'unhealthy' | undefined {
  for (const fault of world.faults) if (fault.kind === 'sps-start' && fault.where === vcenter.id) return fault.how;
  return undefined;
}
