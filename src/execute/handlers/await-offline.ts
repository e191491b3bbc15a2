import type { SpsProcess } from '../../model/appliance-probes.js';
import type { SmsProviderRecord } from '../../model/evidence.js';
import { ok, type Problem } from '../../model/problem.js';
import { readAddresses } from '../../wire/appliance-facts.js';
import { canonicalHostPort } from '../../x509/names.js';
import { failingChecks, readService, readUptime } from '../appliance-state.js';
import { isHealthy } from '../service.js';
import { notInEffect, type StepHandler, type StepOf } from '../step-handler.js';
import type { Target } from '../target.js';
import { type Done, failed } from '../trouble.js';
import { markWhenAllGone } from './removal.js';

/**
 * Step 6, the gate before step 7: SPS is a new process, STARTED and HEALTHY; every address is refused from the appliance, names resolved
 * anew; retryAttempt × retryInterval and one poll have passed since it was healthy; two fresh queries say `offline`.
 */
export const awaitOffline: StepHandler<'await-offline'> = {
  async inspect() {
    return ok(notInEffect());
  },
  async capture() {
    return ok(null);
  },
  async apply(step, target) {
    const { least, most, every } = step.wait ?? { least: 130, most: 600, every: 10 };
    const names = step.uids.map((uid) => target.plan.removals.find((one) => one.uid === uid)?.name ?? uid);
    target.say(
      `waiting until SPS shows ${names.join(', ')} offline: at least ${least} s since it is healthy, at most ${most} s; not by then: everything is taken back`,
    );
    const time = target.deadline(most);
    const healthyHere = target.deadline(least);
    for (let agreed = 0, last = 'nothing was seen yet'; ; ) {
      const gate = await look(target, step, healthyHere.spent());
      if (!gate.ok) return gate;
      if (gate.value.kind === 'wrong') return failed(gate.value.problem);
      agreed = gate.value.kind === 'holds' ? agreed + 1 : 0;
      if (agreed >= 2) return ok(null);
      if (gate.value.kind === 'not-yet') last = gate.value.why;
      if (time.isOver()) return failed(neverOffline(target.label, most, last));
      time.still(last);
      const paused = await target.pause(agreed > 0 ? 1 : Math.min(every, nextLook(gate.value)), 'when-interrupted');
      if (!paused.ok) return paused;
    }
  },
};

/** The same once more, right before the removal: nothing changed since. */
export async function gateNow(target: Target, step: StepOf<'unregister'>): Promise<Done<void>> {
  const wait = stepOfTurn(target, step.pass);
  if (wait === undefined) return failed(notReady(target.label, `nobody waited for ${step.name} to be offline`));
  const gate = await look(target, { ...wait, uids: [step.uid] }, Number.POSITIVE_INFINITY);
  if (!gate.ok) return gate;
  switch (gate.value.kind) {
    case 'holds':
      return ok(undefined);
    case 'wrong':
      return failed(gate.value.problem);
    case 'not-yet':
      return failed(notReady(target.label, gate.value.why));
  }
}

type Gate =
  | { readonly kind: 'holds' }
  | { readonly kind: 'not-yet'; readonly why: string /** Seconds before which it cannot hold. */; readonly notBefore?: number }
  | { readonly kind: 'wrong'; readonly problem: Problem };

const notYet = (why: string): Done<Gate> => ok({ kind: 'not-yet', why });

/** Seconds; a list of registrations costs SMS next to nothing. */
const LOOK_EVERY = 2;

function nextLook(gate: Gate): number {
  return gate.kind === 'not-yet' && gate.notBefore !== undefined ? Math.max(gate.notBefore, LOOK_EVERY / 4) : LOOK_EVERY;
}

/** One look at everything. @param seenFor seconds since the wait began, where nothing better is known */
async function look(target: Target, step: StepOf<'await-offline'>, seenFor: number): Promise<Done<Gate>> {
  const service = await readService(target);
  if (!service.ok) return service.error.kind === 'failed' ? notYet(service.error.problem.summary) : service;
  if (!isHealthy(service.value))
    return notYet(`SPS is ${service.value.runState} and ${service.value.health ?? 'of unknown health'}`);
  const anew = isNewProcess(target, step.pass, service.value);
  if (anew !== undefined) return ok({ kind: 'wrong', problem: anew });
  const open = await firstOpenWay(target, step);
  if (!open.ok) return open;
  if (open.value !== undefined) return ok({ kind: 'wrong', problem: open.value });
  const since = await secondsHealthy(target, step.pass, seenFor);
  if (!since.ok) return since;
  const least = step.wait?.least ?? 0;
  if (since.value < least) {
    const why = `SPS has been healthy for ${Math.floor(since.value)} of ${least} s`;
    return ok({ kind: 'not-yet', why, notBefore: least - since.value });
  }
  const list = await target.sms((sms) => sms.registrations());
  if (!list.ok) {
    if (list.error.kind !== 'failed') return list;
    const reopened = await target.reopen();
    return reopened.ok ? notYet(list.error.problem.summary) : reopened;
  }
  return statuses(target, step, list.value);
}

async function statuses(
  target: Target,
  { uids }: StepOf<'await-offline'>,
  list: readonly SmsProviderRecord[],
): Promise<Done<Gate>> {
  for (const uid of uids) {
    const found = list.find((one) => one.uid === uid);
    if (found === undefined) {
      await target.noteRemoved(uid, 'somebody-else');
      const marked = await markWhenAllGone(target);
      if (!marked.ok) return marked;
    } else if (found.status !== 'offline') return notYet(`${found.name} is ${found.status ?? 'without a status'}`);
  }
  return ok({ kind: 'holds' });
}

/** Started by step 5 of this turn, and not since. */
function isNewProcess(target: Target, pass: number, { pid }: SpsProcess): Problem | undefined {
  const { started, before } = processes(target, pass);
  if (pid === undefined || started === undefined) return undefined;
  if (pid === before) return notReady(target.label, `SPS is still the process of before (${pid})`);
  return pid === started ? undefined : restartedMeanwhile(target.label, started, pid);
}

function processes(target: Target, pass: number): { readonly started?: number; readonly before?: number } {
  const { steps } = target.state;
  const idOf = (kind: 'stop-sps' | 'start-sps') =>
    [...target.steps.values()].find((one) => one.kind === kind && one.pass === pass)?.id;
  const number = (value: unknown, key: string): number | undefined => {
    const found = value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined;
    return typeof found === 'number' ? found : undefined;
  };
  const [stop, start] = [idOf('stop-sps'), idOf('start-sps')];
  const started = start === undefined ? undefined : number(steps.get(start)?.outcome?.found, 'pid');
  const before = stop === undefined ? undefined : number(steps.get(stop)?.applied?.captured, 'pid');
  return { ...(started === undefined ? {} : { started }), ...(before === undefined ? {} : { before }) };
}

/** Of this process of SPS, by the clock of the appliance that never jumps. */
async function secondsHealthy(target: Target, pass: number, otherwise: number): Promise<Done<number>> {
  const start = [...target.steps.values()].find((one) => one.kind === 'start-sps' && one.pass === pass);
  const found = start === undefined ? undefined : target.state.steps.get(start.id)?.outcome?.found;
  const since = found !== null && typeof found === 'object' && 'healthyAt' in found ? found.healthyAt : undefined;
  if (typeof since !== 'number') return ok(otherwise);
  const now = await readUptime(target);
  if (!now.ok) return now;
  return ok(now.value === undefined ? otherwise : ((now.value - since) * 1000) / target.timing.secondMs);
}

/** An address that is not refused, or one that a name leads to by now and that nobody blocked. */
async function firstOpenWay(target: Target, step: StepOf<'await-offline'>): Promise<Done<Problem | undefined>> {
  const failing = await failingChecks(
    target,
    // SPS was looked at already; what is left are the routes.
    step.check.filter((check) => check.by === 'ssh' && check.argv[1] !== '--status'),
  );
  if (!failing.ok) return failing;
  if (failing.value.length > 0) return ok(notReady(target.label, `the provider is not blocked: ${failing.value.join('; ')}`));
  for (const uid of step.uids) {
    const removal = target.plan.removals.find((one) => one.uid === uid);
    const at = removal === undefined ? undefined : canonicalHostPort(removal.url);
    if (removal === undefined || at === undefined || at.isAddress) continue;
    const alive = await target.giveSign();
    if (!alive.ok) return alive;
    const read = target.liftAnswer(await readAddresses({ label: target.label, run: target.shell }, at.host));
    if (!read.ok && read.error.kind !== 'failed') return read;
    // A name that does not resolve leads SPS nowhere either.
    const now = read.ok && read.value.state === 'seen' ? read.value.value : [];
    const another = now.find((address) => !removal.addresses.includes(address));
    if (another !== undefined) return ok(otherAddress(target.label, at.host, another));
  }
  return ok(undefined);
}

function stepOfTurn(target: Target, pass: number): StepOf<'await-offline'> | undefined {
  return [...target.steps.values()].find(
    (one): one is StepOf<'await-offline'> => one.kind === 'await-offline' && one.pass === pass,
  );
}

const notReady = (target: string, why: string): Problem => ({
  code: 'not-attempted',
  target,
  summary: `nothing was removed at ${target}: ${why}`,
  remedy: 'Before the removal all of it has to hold. See `ip route get` and `vmon-cli --status sps` on the appliance.',
  retry: 'later',
});

const restartedMeanwhile = (target: string, before: number, now: number): Problem => ({
  code: 'changed-meanwhile',
  target,
  summary: `SPS on ${target} was restarted by somebody else: process ${now} instead of ${before}`,
  remedy: 'Find out who restarts SPS, and begin anew.',
  retry: 'after-remedy',
});

const otherAddress = (target: string, host: string, address: string): Problem => ({
  code: 'changed-meanwhile',
  target,
  summary: `${host} resolves to ${address} on ${target} by now, and that address is not blocked`,
  remedy: 'A name that changes its addresses leaves SPS a way. Begin anew; all addresses that it has then are blocked.',
  retry: 'after-remedy',
});

const neverOffline = (target: string, most: number, last: string): Problem => ({
  code: 'timeout',
  target,
  summary: `after ${most} s SPS on ${target} does not show everything offline: ${last}`,
  remedy: 'The provider may be reached by another address, or this build marks it otherwise. See sps.log.',
  retry: 'after-remedy',
});
