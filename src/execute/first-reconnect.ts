import type { SmsProviderRecord } from '../model/evidence.js';
import { ok, type Problem } from '../model/problem.js';
import type { JsonValue } from '../model/run.js';
import { plainText } from '../wire/redact.js';
import { freshList } from './handlers/removal.js';
import { taskEnd, watchList } from './sms-watch.js';
import { inEffect, notInEffect, type StepHandler, type StepOf } from './step-handler.js';
import type { Target } from './target.js';
import { type Done, failed } from './trouble.js';

type Step = StepOf<'try-reconnect'>;

/**
 * Reconnect has SMS build its session anew; it makes the provider sign nothing. It does something only while the status is `disconnected`
 * (documented), so it is not sent in any other. What counts is the fresh list.
 */
export const tryReconnect: StepHandler<'try-reconnect'> = {
  async inspect(step, target) {
    const record = await find(step, target);
    if (!record.ok) return record;
    const status = record.value?.status;
    if (status === 'online') await noteReconnected(step, target);
    return ok(status === 'online' ? inEffect({ status }) : notInEffect({ status: plainText(status ?? 'not listed', 40) }));
  },

  capture: async (step, target) => {
    const record = await find(step, target);
    return record.ok ? ok({ status: plainText(record.value?.status ?? 'not listed', 40) }) : record;
  },

  async apply(step, target): Promise<Done<JsonValue>> {
    const record = await find(step, target);
    if (!record.ok) return record;
    if (record.value?.status === 'online') return noteReconnected(step, target);
    if (record.value === undefined || record.value.status !== 'disconnected') {
      return failed(useless(target.label, step.name, record.value?.status ?? 'not listed'));
    }
    const { ref } = record.value;
    const task = await target.sms((sms) => sms.reconnect({ type: 'VasaProvider', value: ref }));
    if (!task.ok) return task;
    const most = step.wait?.most ?? 60;
    const end = await taskEnd(target, task.value, most);
    if (!end.ok) return end;
    if (end.value.error !== undefined)
      return failed(refused(target.label, step.name, end.value.error.type, end.value.error.message));
    const online = await watchList(target, most, (all) => all.find(({ uid, status }) => uid === step.uid && status === 'online'));
    if (!online.ok) return online;
    if (online.value === undefined) return failed(stillNot(target.label, step.name, most));
    return noteReconnected(step, target);
  },
};

/** From here on the run leaves it alone. */
async function noteReconnected({ uid, name }: Step, target: Target): Promise<Done<JsonValue>> {
  const isKnown = target.journal.entries.some(
    (one) => one.event === 'decided' && one.what.kind === 'reconnected' && one.what.uid === uid,
  );
  if (!isKnown) {
    target.say(`${name} is online again: nothing else is done about it`);
    await target.journal.append({ event: 'decided', what: { kind: 'reconnected', uid } });
  }
  return ok({ status: 'online' });
}

async function find(step: Step, target: Target): Promise<Done<SmsProviderRecord | undefined>> {
  const records = await freshList(target);
  return records.ok ? ok(records.value.find(({ uid }) => uid === step.uid)) : records;
}

const REMEDY = 'Nothing to do: the run goes on with the removal.';

const useless = (target: string, name: string, status: string): Problem => ({
  code: 'not-attempted',
  target,
  summary: plainText(`${name} is ${status}, not disconnected: a Reconnect would do nothing, and was not sent`),
  remedy: REMEDY,
  retry: 'never',
});

const refused = (target: string, name: string, type: string, message: string | undefined): Problem => ({
  code: 'fault',
  target,
  summary: plainText(`the Reconnect of ${name} ended in ${type}${message === undefined ? '' : `: ${message}`}`, 300),
  remedy: REMEDY,
  retry: 'never',
});

const stillNot = (target: string, name: string, most: number): Problem => ({
  code: 'timeout',
  target,
  summary: plainText(`${name} was not online ${most} s after its Reconnect`),
  remedy: REMEDY,
  retry: 'never',
});
