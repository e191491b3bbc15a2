import type { CleanupStep } from '../model/cleanup-plan.js';
import { ok, type Problem, unreachable } from '../model/problem.js';
import type { JsonValue } from '../model/run.js';
import { readFileFacts } from './appliance-state.js';
import { proveFile } from './handlers/retry-steps.js';
import { isOurs, removeRoutes, routesTo } from './handlers/route-steps.js';
import { restartService, startStopped } from './handlers/service-steps.js';
import { handsOffRemedy } from './lasting.js';
import { awaitHealthy, isHealthy, isUnderWay, STARTING, settledAfterJobs } from './service.js';
import { commandProblem, type Target } from './target.js';
import { type Done, failed } from './trouble.js';

/** `already`: nothing was to be done. */
export interface Undone {
  readonly result: 'done' | 'already';
  readonly found?: JsonValue;
}

/** What a step of this kind leaves is taken away, if it is there at all; safe to repeat, and after a step that was done in part. */
export function takeBack(step: CleanupStep, target: Target): Promise<Done<Undone>> {
  switch (step.kind) {
    case 'block':
      return backRoutes(step.addresses, target);
    case 'lower-retry':
      return backFile(target);
    case 'stop-sps':
      return backService(target);
    case 'arm-self-revert':
      return backGuard(target);
    case 'confirm-backup':
    case 'open-shell':
    case 'try-reconnect':
    case 'try-plain':
    case 'record-state':
    case 'start-sps':
    case 'await-offline':
    case 'unregister':
    case 'unblock':
    case 'restore-retry':
    case 'restart-sps':
    case 'confirm-clean':
    case 're-register':
    case 'disarm-self-revert':
      // Nothing of its own to take back: another step's undo does.
      return Promise.resolve(ok({ result: 'already' }));
    default:
      return unreachable(step);
  }
}

async function backRoutes(blocked: readonly string[], target: Target): Promise<Done<Undone>> {
  const addresses = blocked.filter((address) => isOurs(target, address));
  const routes = await routesTo(target, addresses);
  if (!routes.ok) return routes;
  if (!routes.value.some(({ refuses }) => refuses)) return ok({ result: 'already' });
  const armed = await ensureArmed(target);
  if (!armed.ok) return armed;
  const removed = await removeRoutes(target, addresses);
  return removed.ok ? ok({ result: 'done' }) : removed;
}

/** Byte for byte, and only where the file is as this run left it: what somebody else wrote is not ours to judge. */
async function backFile(target: Target): Promise<Done<Undone>> {
  const { path, exact } = target.plan.config;
  const file = await readFileFacts(target, path);
  if (!file.ok) return file;
  if (exact === undefined) return failed(handsOff(target));
  if (file.value?.sha === exact.shaNow || file.value?.sha === exact.shaAfter) return ok({ result: 'already' });
  if (file.value?.sha !== exact.shaDuring) return failed(handsOff(target));
  const armed = await ensureArmed(target);
  if (!armed.ok) return armed;
  const renamed = await target.changeBy(target.guard.restoreFile);
  if (!renamed.ok) return renamed;
  if (renamed.value.code !== 0) return failed(commandProblem(target.label, `putting ${path} back`, renamed.value));
  const proven = await proveFile(target, [], exact.shaNow, 'with-time');
  return proven.ok ? ok({ result: 'done', found: proven.value }) : proven;
}

/** Started where it is stopped, restarted once where it runs with the changed value; left alone while it starts or stops. */
async function backService(target: Target): Promise<Done<Undone>> {
  const before = await settledAfterJobs(target);
  if (!before.ok) return before;
  const { runState, pid } = before.value;
  if (isUnderWay(before.value)) {
    // Says that it is stuck.
    const waited = await awaitHealthy(target, { ...STARTING, most: 0 });
    return waited.ok ? ok({ result: 'already' }) : waited;
  }
  const file = await readFileFacts(target, target.plan.config.path);
  if (!file.ok) return file;
  const isOurs = file.value?.sha === target.plan.config.exact?.shaDuring && !target.changesNothing;
  if (runState !== 'STOPPED') {
    const isClean = target.changesNothing || !target.state.lowered || (pid !== undefined && target.cleanPids.has(pid));
    // A restart would read the very same value again, or one that somebody else wrote.
    if (isClean || !isBack(target, file.value?.sha) || isOurs) {
      const healthy = isHealthy(before.value) ? before : await awaitHealthy(target, STARTING);
      return healthy.ok ? ok({ result: 'already', found: { cleanPid: isClean ? (pid ?? null) : null } }) : healthy;
    }
  }
  const armed = await ensureArmed(target);
  if (!armed.ok) return armed;
  // A start failed a moment ago: what kept it may pass.
  if (runState === 'STOPPED' && startFailed(target)) {
    const paused = await target.pause(AFTER_A_FAILED_START, 'never');
    if (!paused.ok) return paused;
  }
  const anew = runState === 'STOPPED' ? await startStopped(target) : await restartService(target);
  if (!anew.ok) return anew;
  const after = await readFileFacts(target, target.plan.config.path);
  if (!after.ok && after.error.kind !== 'failed') return after;
  // What it read is known only where the file was right before and afterwards.
  const sha = after.ok ? after.value?.sha : undefined;
  const cleanPid = isBack(target, sha) && sha === file.value?.sha ? anew.value : undefined;
  if (cleanPid !== undefined) target.cleanPids.add(cleanPid);
  return ok({ result: 'done', found: { cleanPid: cleanPid ?? null } });
}

const AFTER_A_FAILED_START = 15;

function startFailed({ state, steps }: Target): boolean {
  return [...steps.values()].some(({ id, kind }) => {
    const { outcome } = state.steps.get(id) ?? {};
    return (kind === 'start-sps' || kind === 'restart-sps') && outcome?.result === 'failed' && outcome.session === state.session;
  });
}

const isBack = ({ plan: { config } }: Target, sha: string | undefined): boolean =>
  sha !== undefined && (sha === config.exact?.shaNow || sha === config.exact?.shaAfter);

/** Last of all, and only when everything else is back: until then the appliance watches on. */
async function backGuard(target: Target): Promise<Done<Undone>> {
  const others = await routesTo(
    target,
    target.plan.addresses.flatMap(({ address }) => (isOurs(target, address) ? [] : [address])),
  );
  if (!others.ok) return others;
  // A route that somebody else made is not waited for.
  const leave = others.value.some(({ refuses }) => refuses) ? ({ leave: true } as const) : {};
  const gone = await target.disarm(leave);
  return gone.ok ? ok({ result: 'done' }) : gone;
}

/** Whoever comes back after the appliance took itself back, or rebooted, watches again before changing anything. */
async function ensureArmed(target: Target): Promise<Done<void>> {
  if (target.isArmed) return target.renew();
  const proof = await target.arm();
  return proof.ok ? ok(undefined) : proof;
}

const handsOff = ({ label: target, plan, run }: Target): Problem => ({
  code: 'changed-meanwhile',
  target,
  summary: `${plan.config.path} on ${target} was changed by somebody else during the run, and is left as it is`,
  remedy: handsOffRemedy(plan.config, run),
  retry: 'after-remedy',
});
