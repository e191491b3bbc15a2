import type { SmsProviderRecord } from '../model/evidence.js';
import { ok, type Problem } from '../model/problem.js';
import type { SmsTaskInfo } from '../wire/sms-tasks.js';
import type { Ref } from '../wire/soap.js';
import { canonicalHostPort } from '../x509/names.js';
import { freshList } from './handlers/removal.js';
import type { Target } from './target.js';
import { type Done, failed } from './trouble.js';

/** Seconds between two questions. */
const EVERY = 2;
/** Questions in a row that may go unanswered: SPS is busy while it takes a provider in. */
const MOST_SILENCE = 15;

/** By host and port: the path may be spelled in more than one way. */
export function isAt(record: SmsProviderRecord, url: string): boolean {
  const [own, wanted] = [canonicalHostPort(record.url), canonicalHostPort(url)];
  return own !== undefined && wanted !== undefined && own.host === wanted.host && own.port === wanted.port;
}

/** Until the task ended, also when the operator asks to stop: it goes on either way. Its end proves no success; an error is told by it alone. @param most seconds */
export async function taskEnd(target: Target, task: Ref, most: number): Promise<Done<SmsTaskInfo>> {
  const time = target.deadline(most);
  for (let silence = 0; ; ) {
    const info = await target.sms((sms) => sms.task(task));
    if (info.ok && (info.value.state === 'success' || info.value.state === 'error')) return info;
    if (!info.ok && info.error.kind !== 'failed') return info;
    silence = info.ok ? 0 : silence + 1;
    if (!info.ok && silence >= MOST_SILENCE) return info;
    if (time.isOver()) return failed(slow(target.label, task, most));
    const paused = await target.pause(EVERY, 'never');
    if (!paused.ok) return paused;
  }
}

/** The first record that is wanted and meets the condition; undefined when time is up. @param most seconds */
export async function watchList(
  target: Target,
  most: number,
  meets: (records: readonly SmsProviderRecord[]) => SmsProviderRecord | undefined,
): Promise<Done<SmsProviderRecord | undefined>> {
  const time = target.deadline(most);
  for (;;) {
    const records = await freshList(target);
    if (!records.ok && records.error.kind !== 'failed') return records;
    const found = records.ok ? meets(records.value) : undefined;
    if (found !== undefined || time.isOver()) return records.ok || found !== undefined ? ok(found) : records;
    const paused = await target.pause(EVERY, 'when-interrupted');
    if (!paused.ok) return paused;
  }
}

const slow = (target: string, task: Ref, most: number): Problem => ({
  code: 'timeout',
  target,
  summary: `${task.value} at ${target} had not ended after ${most} s; it may still be running`,
  remedy: 'Look at the recent tasks of the vCenter and at sps.log before doing it again.',
  retry: 'later',
});
