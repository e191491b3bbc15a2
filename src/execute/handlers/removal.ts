import type { Wait } from '../../model/cleanup-plan.js';
import type { SmsProviderRecord } from '../../model/evidence.js';
import { ok, type Problem } from '../../model/problem.js';
import type { JsonValue } from '../../model/run.js';
import { plainText } from '../../wire/redact.js';
import { type LoggedRemoval, type LogMark, markLog, tellRemoval } from '../sps-log.js';
import type { Begun } from '../step-handler.js';
import { commandProblem, type Target } from '../target.js';
import { type Done, failed } from '../trouble.js';

/** SMS lets go of a registration before its task ends, or not at all; some looks more, for whoever thinks otherwise. */
const LOOKS_AFTER_TASK = 3;
/** Seconds until the first question; each pause is twice the one before, up to what the step says. */
const FIRST_PAUSE = 0.25;
const PATIENCE = 120;

/** A fresh list of registrations. SMS answers nothing for a while after SPS starts: asked again, within bounds. */
export async function freshList(
  target: Target,
  most = PATIENCE,
  leave: 'when-interrupted' | 'never' = 'never',
): Promise<Done<readonly SmsProviderRecord[]>> {
  const time = target.deadline(most);
  for (let turn = 1; ; turn += 1) {
    const list = await target.sms((sms) => sms.registrations());
    if (list.ok || list.error.kind !== 'failed') return list;
    if (isRefused(list.error.problem)) return list;
    if (time.isOver()) return failed(asSilence(list.error.problem));
    if (turn === 1) target.say(`waiting until SMS answers (${list.error.problem.summary}), at most ${most} s`);
    // Its session may have ended with the process that held it.
    if (turn % 3 === 0) {
      const anew = await target.reopen();
      if (!anew.ok) return anew;
    }
    const paused = await target.pause(2, leave);
    if (!paused.ok) return paused;
  }
}

/** That nobody answers the question is no answer about what was asked for before: never a `fault`. */
const asSilence = (problem: Problem): Problem => (problem.code === 'fault' ? { ...problem, code: 'timeout' } : problem);

/** A password that was refused is not sent again in this run: waiting changes nothing. */
const isRefused = ({ code, retry }: Problem): boolean =>
  code === 'login-refused' || (code === 'not-attempted' && retry === 'after-remedy');

/** Everything that is known of a registration, for whoever registers it again. */
export async function captureRegistration(target: Target, uid: string): Promise<Done<JsonValue>> {
  const list = await freshList(target);
  if (!list.ok) return list;
  const found = list.value.find((one) => one.uid === uid);
  const log = await markLog(target);
  if (!log.ok) return log;
  return ok({ registration: found === undefined ? null : factsOf(found), log: (log.value as JsonValue | undefined) ?? null });
}

function factsOf(one: SmsProviderRecord): JsonValue {
  const text = (value: string | undefined) => (value === undefined ? null : plainText(value, 500));
  return {
    name: plainText(one.name, 500),
    description: text(one.description),
    url: plainText(one.url, 1000),
    uid: plainText(one.uid, 200),
    providerId: text(one.providerId),
    namespace: text(one.namespace),
    vasaVersion: text(one.vasaVersion),
    status: text(one.status),
    certificate: one.certificate ?? null,
    priority: one.priority ?? null,
    retained: one.retained ?? null,
    arrays: one.arrays.map(({ arrayId, active, priority }) => ({ arrayId: plainText(arrayId, 300), active, priority })),
  };
}

export type Removed =
  | { readonly kind: 'gone'; readonly task?: string }
  | { readonly kind: 'still-there'; readonly task?: string; readonly problem: Problem };

/**
 * Sends the removal once, waits for its task, and believes only a fresh list: SMS marks the task complete although it failed. A call
 * whose answer is lost is not sent again; the list tells.
 */
export async function removeOnce(target: Target, uid: string, name: string, wait: Wait): Promise<Done<Removed>> {
  const mark = await markLog(target);
  if (!mark.ok) return mark;
  // The last moment to notice that the appliance has taken itself back.
  const alive = await target.renew();
  if (!alive.ok) return alive;
  target.say(`removing ${name} (uid ${uid})`);
  const sent = await target.sms((sms) => sms.unregister(uid));
  if (!sent.ok && (sent.error.kind !== 'failed' || sent.error.problem.code === 'no-permission')) return sent;
  const time = target.deadline(wait.most);
  let said = sent.ok ? undefined : sent.error.problem.summary;
  let over = !sent.ok;
  const task = sent.ok ? sent.value.value : undefined;
  for (let looks = 0, pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, wait.every)) {
    if (sent.ok && !over) {
      const info = await target.sms((sms) => sms.task(sent.value));
      if (!info.ok && info.error.kind !== 'failed') return info;
      if (info.ok) {
        over = info.value.state === 'success' || info.value.state === 'error';
        if (info.value.error !== undefined)
          said = plainText(`${info.value.error.type} ${info.value.error.message ?? ''}`.trim(), 300);
      }
    }
    if (over || time.isOver()) {
      const list = await freshList(target);
      if (!list.ok) return list;
      if (!list.value.some((one) => one.uid === uid)) return ok({ kind: 'gone', ...(task === undefined ? {} : { task }) });
      looks += 1;
      if (looks >= LOOKS_AFTER_TASK || time.isOver()) break;
      // A failure that the log tells is final: nothing more comes of this task.
      const log = await logAnswer(target, mark.value, uid);
      if (!log.ok) return log;
      if (log.value?.failed === true) break;
    }
    const paused = await target.pause(pause, 'never');
    if (!paused.ok) return paused;
  }
  const log = await logAnswer(target, mark.value, uid);
  if (!log.ok) return log;
  return ok({
    kind: 'still-there',
    ...(task === undefined ? {} : { task }),
    problem: stillThere(target.label, name, uid, task, said, log.value?.words),
  });
}

async function logAnswer(target: Target, mark: LogMark | undefined, uid: string): Promise<Done<LoggedRemoval | undefined>> {
  const told = await tellRemoval(target, mark, uid);
  // What the log says is a help, not a condition.
  return !told.ok && told.error.kind === 'failed' ? ok(undefined) : told;
}

function stillThere(
  target: string,
  name: string,
  uid: string,
  task: string | undefined,
  said: string | undefined,
  log: string | undefined,
): Problem {
  return {
    code: 'fault',
    target,
    summary: [
      `${name} (uid ${uid}) is still registered at ${target}${task === undefined ? '' : ` after ${task}`}`,
      ...(said === undefined ? [] : [`SMS says ${said}`]),
      ...(log === undefined ? [] : [log]),
    ].join('; '),
    remedy: 'Do not remove it again by hand without the procedure: the same happens. See `vasatrust diagnose` with sps.log.',
    retry: 'after-remedy',
  };
}

/** Seconds. SMS took some for a removal, as far as was seen; after so many without effect there will be none. */
const MAY_BE_UNDER_WAY = 30;

/** Is it gone, whoever removed it? `begun`: it was asked for, and SMS may still be at work on it: asked again, it would be removed twice. */
export async function isGone(target: Target, uid: string, begun?: Begun): Promise<Done<boolean>> {
  const time = target.deadline(begun === undefined ? 0 : MAY_BE_UNDER_WAY);
  for (let told = false; ; told = true) {
    const list = await freshList(target);
    if (!list.ok) return list;
    const gone = !list.value.some((one) => one.uid === uid);
    if (gone || time.isOver()) return ok(gone);
    if (!told) target.say(`waiting whether SMS is still at work on the removal of ${uid}, at most ${MAY_BE_UNDER_WAY} s`);
    const paused = await target.pause(2, 'never');
    if (!paused.ok) return paused;
  }
}

export const orFail = (removed: Removed): Done<JsonValue> =>
  removed.kind === 'gone' ? ok({ task: removed.task ?? null }) : failed(removed.problem);

/** Tells the self-revert that SPS need not be restarted at once: only when a fresh list has none of them any more. */
export async function markWhenAllGone(target: Target): Promise<Done<void>> {
  if (!target.isArmed || !target.plan.removals.every(({ uid }) => target.isGone(uid))) return ok(undefined);
  const marked = await target.changeBy(target.guard.markRemoved);
  if (!marked.ok) return marked;
  return marked.value.code === 0
    ? ok(undefined)
    : failed(commandProblem(target.label, 'the mark that all are removed', marked.value));
}
