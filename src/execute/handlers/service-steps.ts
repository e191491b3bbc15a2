import { ok } from '../../model/problem.js';
import type { JsonValue } from '../../model/run.js';
import { readService, readUptime } from '../appliance-state.js';
import { isHealthy, STARTING, settled, startService, stopService } from '../service.js';
import { type Begun, inEffect, notInEffect, type StepHandler } from '../step-handler.js';
import type { Target } from '../target.js';
import { type Done, failed } from '../trouble.js';
import { notStartedAnew } from './service-problems.js';

/** Step 4. */
export const stopSps: StepHandler<'stop-sps'> = {
  async inspect(_step, target) {
    const now = await readService(target);
    if (!now.ok) return now;
    return ok(now.value.runState === 'STOPPED' ? inEffect() : notInEffect());
  },
  capture: (_step, target) => captureProcess(target),
  async apply({ wait }, target) {
    const stopped = await stopService(target, wait);
    return stopped.ok ? ok(null) : stopped;
  },
};

/** Step 5. Its outcome tells the process, and since when it is healthy. */
export const startSps: StepHandler<'start-sps'> = {
  async inspect(_step, target, begun) {
    const found = numberIn(begun?.found, 'pid');
    const now = found === undefined && begun !== undefined ? await settled(target) : await readService(target);
    if (!now.ok) return now;
    if (begun === undefined || !isHealthy(now.value)) return ok(notInEffect());
    const { pid } = now.value;
    if (found !== undefined) return ok(pid === found ? inEffect(begun.found) : notInEffect());
    // Begun, and the connection broke: the process it brought about is another than any before.
    const isNew = pid !== undefined && pid !== numberIn(begun.captured, 'pid') && !target.cleanPids.has(pid);
    if (!isNew) return ok(notInEffect());
    const facts = await healthyFacts(target, pid);
    return facts.ok ? ok(inEffect(facts.value)) : facts;
  },
  capture: (_step, target) => captureProcess(target),
  async apply({ wait }, target) {
    const started = await startService(target, wait ?? STARTING);
    if (!started.ok) return started;
    const { pid } = started.value;
    if (pid !== undefined && target.cleanPids.has(pid) && !target.changesNothing)
      return failed(notStartedAnew(target.label, pid));
    return healthyFacts(target, pid);
  },
};

/** Step 10: once more, with the file as it is left. */
export const restartSps: StepHandler<'restart-sps'> = {
  async inspect(_step, target, begun) {
    const now = begun === undefined ? await readService(target) : await settled(target);
    if (!now.ok) return now;
    if (!isHealthy(now.value)) return ok(notInEffect());
    const { pid } = now.value;
    const isClean = pid !== undefined && (isAfter(begun, pid) || readAsLeft(target, begun, pid));
    return ok(isClean ? inEffect({ cleanPid: pid }) : notInEffect());
  },
  capture: (_step, target) => captureProcess(target),
  async apply({ wait }, target) {
    const anew = await restartService(target, wait ?? STARTING);
    if (!anew.ok) return anew;
    if (anew.value !== undefined) target.cleanPids.add(anew.value);
    return ok({ cleanPid: anew.value ?? null });
  },
};

/** Where the file is left otherwise than it was found, a process that ran before says nothing: only this step brings one about. */
function readAsLeft({ plan, cleanPids }: Target, begun: Begun | undefined, pid: number): boolean {
  const { exact } = plan.config;
  return exact?.shaAfter === exact?.shaNow ? cleanPids.has(pid) : numberIn(begun?.found, 'cleanPid') === pid;
}

/** Another process than when the restart was begun: whatever broke in between, it was restarted. */
function isAfter(begun: Begun | undefined, pid: number): boolean {
  const before = numberIn(begun?.captured, 'pid');
  return begun !== undefined && before !== undefined && before !== pid;
}

/** Stops and starts SPS, waiting for both; its new process. The file has to be as it is meant to be read. */
export async function restartService(target: Target, wait = STARTING): Promise<Done<number | undefined>> {
  const stopped = await stopService(target);
  if (!stopped.ok) return stopped;
  const started = await startService(target, wait);
  return started.ok ? ok(started.value.pid) : started;
}

/** Starts SPS where it is stopped, and waits; its process. */
export async function startStopped(target: Target): Promise<Done<number | undefined>> {
  const started = await startService(target, STARTING);
  return started.ok ? ok(started.value.pid) : started;
}

async function captureProcess(target: Target): Promise<Done<JsonValue>> {
  const now = await readService(target);
  if (!now.ok) return now;
  const { runState, health = null, pid = null } = now.value;
  return ok({ runState, health, pid });
}

async function healthyFacts(target: Target, pid: number | undefined): Promise<Done<JsonValue>> {
  const uptime = await readUptime(target);
  if (!uptime.ok) return uptime;
  return ok({ pid: pid ?? null, healthyAt: uptime.value ?? null });
}

function numberIn(value: JsonValue | undefined, key: string): number | undefined {
  const found =
    value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, JsonValue>)[key] : undefined;
  return typeof found === 'number' ? found : undefined;
}
