import type { SpsProcess } from '../model/appliance-probes.js';
import type { Wait } from '../model/cleanup-plan.js';
import { ok, type Problem } from '../model/problem.js';
import { plainText } from '../wire/redact.js';
import { readService } from './appliance-state.js';
import type { SpsJob } from './guard/guard-facts.js';
import { STUCK_REMEDY } from './lasting.js';
import { recentErrors } from './sps-log.js';
import type { Target } from './target.js';
import { type Done, failed } from './trouble.js';

export const STOPPING: Wait = { until: 'sps-stopped', least: 0, most: 180, every: 5 };
export const STARTING: Wait = { until: 'sps-healthy', least: 0, most: 900, every: 10 };
/** Between giving a job to the appliance and its first effect, in seconds. */
const JOB_BEGINS = 30;
const OWN_JOBS: readonly SpsJob[] = ['stop', 'start'];

export const isUnderWay = ({ runState }: SpsProcess): boolean => /PENDING/.test(runState);
export const isHealthy = ({ runState, health }: SpsProcess): boolean =>
  runState === 'STARTED' && (health === undefined || health.startsWith('HEALTHY'));

/** Until SPS is neither starting nor stopping; what it is then, or still is when the time is over. */
export async function settled(target: Target, most = STARTING.most): Promise<Done<SpsProcess>> {
  const time = target.deadline(most);
  for (let told = false; ; told = true) {
    const now = await readService(target);
    if (!now.ok || !isUnderWay(now.value) || time.isOver()) return now;
    if (!told) target.say(`waiting until SPS is neither starting nor stopping (it is ${now.value.runState}), at most ${most} s`);
    const paused = await target.pause(STOPPING.every, 'never');
    if (!paused.ok) return paused;
  }
}

/**
 * As `settled`, and until nothing that the run gave to the appliance is about to change it: a stop that was asked for may come into effect
 * long after the process that asked is gone. A job that never ends is for the disarming to refuse.
 */
export async function settledAfterJobs(target: Target): Promise<Done<SpsProcess>> {
  const time = target.deadline(STARTING.most);
  for (let told = false; ; told = true) {
    // Asked first: a job that ends in between has had its effect by the look.
    const job = await jobAtWork(target);
    if (!job.ok) return job;
    const now = await settled(target, Math.max(0, STARTING.most - time.spent()));
    if (!now.ok || isUnderWay(now.value) || job.value === undefined || time.isOver()) return now;
    if (!told) target.say(`waiting until service-control --${job.value} vmware-sps comes back, at most ${STARTING.most} s`);
    time.still(`SPS is ${spsWords(now.value)}`);
    const paused = await target.pause(STOPPING.every, 'never');
    if (!paused.ok) return paused;
  }
}

/** Undefined: none, or none that is told of. */
async function jobAtWork(target: Target): Promise<Done<SpsJob | undefined>> {
  for (const job of target.state.wasArmed ? OWN_JOBS : []) {
    const state = target.liftAnswer(await target.guard.jobState(target.shell, job));
    if (!state.ok && state.error.kind !== 'failed') return state;
    if (state.ok && state.value.state === 'running') return ok(job);
  }
  return ok(undefined);
}

/** Stops SPS by a job that outlives the connection, and waits until it is stopped. */
export async function stopService(target: Target, wait: Wait = STOPPING): Promise<Done<SpsProcess>> {
  const before = await settled(target);
  if (!before.ok) return before;
  if (isUnderWay(before.value)) return failed(stuck(target.label, before.value.runState));
  if (before.value.runState === 'STOPPED') return before;
  const begun = await target.startJob('stop');
  if (!begun.ok) return begun;
  target.say(`waiting until SPS is stopped, at most ${wait.most} s`);
  const time = target.deadline(wait.most);
  for (;;) {
    const now = await readService(target);
    if (now.ok && now.value.runState === 'STOPPED') return now;
    if (!now.ok && now.error.kind !== 'failed') return now;
    if (time.isOver()) return failed(notStopped(target.label, wait.most, now.ok ? now.value.runState : 'not to be seen'));
    time.still(now.ok ? `SPS is ${now.value.runState}` : now.error.problem.summary);
    const paused = await target.pause(wait.every, 'never');
    if (!paused.ok) return paused;
  }
}

/** Starts SPS once, where it is stopped, and waits until it is STARTED and HEALTHY. Never a second start. */
export async function startService(target: Target, wait: Wait = STARTING): Promise<Done<SpsProcess>> {
  const before = await settled(target);
  if (!before.ok) return before;
  if (isUnderWay(before.value)) return failed(stuck(target.label, before.value.runState));
  if (before.value.runState !== 'STOPPED') return awaitHealthy(target, wait);
  const begun = await target.startJob('start');
  if (!begun.ok) return begun;
  return awaitHealthy(target, wait, 'start');
}

/** @param job what was begun to bring it about; where it came back and SPS is stopped, waiting on is of no use */
export async function awaitHealthy(target: Target, wait: Wait, job?: 'start'): Promise<Done<SpsProcess>> {
  target.say(`waiting until SPS is STARTED and HEALTHY, at most ${wait.most} s`);
  const time = target.deadline(wait.most);
  for (;;) {
    const now = await readService(target);
    if (!now.ok && now.error.kind !== 'failed') return now;
    if (now.ok && isHealthy(now.value)) return now;
    if (now.ok && now.value.runState === 'STOPPED' && !(job === undefined && target.state.rebooted && !time.isOver())) {
      if (job === undefined) return failed(await refused(target, ''));
      const ended = target.liftAnswer(await target.guard.jobState(target.shell, job));
      if (!ended.ok && ended.error.kind !== 'failed') return ended;
      const over = ended.ok && ended.value.state !== 'running' && ended.value.state !== 'none';
      if (over || time.spent() > JOB_BEGINS * 4) {
        // It may have come up between the two looks.
        const again = await readService(target);
        if (!again.ok) return again;
        if (again.value.runState === 'STOPPED') return failed(await refused(target, ended.ok ? ended.value.output : ''));
      }
    }
    if (time.isOver()) {
      if (now.ok && isUnderWay(now.value)) return failed(stuck(target.label, now.value.runState));
      return failed(unhealthy(target.label, wait.most, now.ok ? now.value : undefined));
    }
    time.still(now.ok ? `SPS is ${spsWords(now.value)}` : now.error.problem.summary);
    const paused = await target.pause(wait.every, 'never');
    if (!paused.ok) return paused;
  }
}

const spsWords = ({ runState, health }: SpsProcess): string =>
  [runState, health].filter((one) => one !== undefined).join(' and ');

const stuck = (target: string, state: string): Problem => ({
  code: 'timeout',
  target,
  summary: `SPS on ${target} stays ${state}`,
  remedy: STUCK_REMEDY,
  retry: 'later',
});

const notStopped = (target: string, most: number, state: string): Problem => ({
  code: 'timeout',
  target,
  summary: `SPS on ${target} was not stopped after ${most} s: it is ${state}`,
  remedy: 'See `service-control --status vmware-sps` and sps.log on the appliance.',
  retry: 'later',
});

const unhealthy = (target: string, most: number, now: SpsProcess | undefined): Problem => ({
  code: 'timeout',
  target,
  summary: `SPS on ${target} was not STARTED and HEALTHY after ${most} s: it is ${now === undefined ? 'not to be seen' : spsWords(now)}`,
  remedy: 'See sps.log on the appliance; a restart of SPS is `service-control --restart vmware-sps`.',
  retry: 'later',
});

/** It was started, and is stopped. */
export async function refused(target: Target, output: string): Promise<Problem> {
  const lines = await recentErrors(target);
  const said = plainText(output.trim().replace(/\s+/g, ' ').slice(-600), 300);
  return {
    code: 'command-failed',
    target: target.label,
    summary: [
      `SPS on ${target.label} does not start`,
      said === '' ? '' : `: ${said}`,
      lines.length === 0 ? '' : `; sps.log: ${lines.join(' / ')}`,
    ].join(''),
    remedy:
      'Mend what sps.log names, then start it: `service-control --start vmware-sps` on the appliance. The self-revert there makes one more attempt by itself, and watches until SPS runs. Afterwards `vasatrust runs revert` proves that all is as before.',
    retry: 'after-remedy',
  };
}
