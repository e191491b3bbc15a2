import type { CertificateQuestion } from '../model/certificate-question.js';
import type { NewRegistration } from '../model/cleanup-plan.js';
import type { SmsFault, SmsProviderRecord } from '../model/evidence.js';
import { isoTime } from '../model/ids.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import type { JsonValue } from '../model/run.js';
import { plainText } from '../wire/redact.js';
import type { ProviderSpec } from '../wire/sms-tasks.js';
import { parseBase64 } from '../x509/parse.js';
import { freshList } from './handlers/removal.js';
import {
  cannotAsk,
  declined,
  faultProblem,
  neverAppeared,
  notOnline,
  otherCertificate,
  signedMeanwhile,
  unreadableCertificate,
} from './re-register-problems.js';
import { isAt, taskEnd, watchList } from './sms-watch.js';
import { inEffect, notInEffect, type StepHandler, type StepOf } from './step-handler.js';
import type { Target } from './target.js';
import { type Done, failed } from './trouble.js';

type Step = StepOf<'re-register'>;

/** Seconds. A registration under way when somebody stopped shows up within it, or was never sent (vendor code waits up to eight minutes for its end). */
const SHOWS_WITHIN = 60;
const ONLINE_WITHIN = 480;
const DATASTORES_WITHIN = 60;

/**
 * Step 11: the provider is registered again, by what the plan judged to hurt nobody. Whatever happens here, everything else is as before
 * already, so nothing is to be taken back. It is never sent while a registration of that address is listed, and after an interruption the
 * list is asked first.
 */
export const reRegister: StepHandler<'re-register'> = {
  async inspect(step, target) {
    const records = await freshList(target);
    if (!records.ok) return records;
    const kept = records.value.find(({ uid }) => uid === step.uid);
    // It was not removed after all, or came online by itself: there is nothing to take the place of.
    if (kept !== undefined) return ok(inEffect({ kept: step.uid }));
    const there = atUrl(records.value, step);
    return ok(there?.status === 'online' ? inEffect(foundOf(there)) : notInEffect());
  },

  capture: async (_step, target) => {
    const records = await freshList(target);
    return records.ok ? ok({ uids: records.value.map(({ uid }) => plainText(uid, 80)) }) : records;
  },

  async apply(step, target): Promise<Done<JsonValue>> {
    const there = wasBegun(step, target)
      ? await watchList(target, SHOWS_WITHIN, (all) => atUrl(all, step))
      : await watchList(target, 0, (all) => atUrl(all, step));
    if (!there.ok) return there;
    if (there.value === undefined) {
      const sent = await registerAsked(step.registration, step, target);
      if (!sent.ok) return sent;
    }
    const verified = await verify(step, target);
    return verified.ok || verified.error.kind !== 'failed' ? verified : failed(asOpen(verified.error.problem));
  },
};

/** Another session began it, and how that ended is not known. */
function wasBegun({ id }: Step, { journal }: Target): boolean {
  return journal.entries.filter((one) => one.event === 'intent' && one.step === id && one.action === 'apply').length > 1;
}

const atUrl = (records: readonly SmsProviderRecord[], { uid, registration }: Step): SmsProviderRecord | undefined =>
  records.find((one) => one.uid !== uid && isAt(one, registration.url));

/** First without a certificate; where SMS does not trust the provider, once more with the one that somebody said yes to. */
async function registerAsked(registration: NewRegistration, step: Step, target: Target): Promise<Done<void>> {
  const { registering, label } = target;
  if (registering === undefined) return failed(cannotAsk(label, registration));
  const password = await registering.password(registration);
  if (!password.ok) return failed(password.error);
  const changed = await changedSince(registration, target);
  if (changed !== undefined) return failed(changed);
  const { name, url, username } = registration;
  const spec: ProviderSpec = { name, url, username, password: password.value };
  const first = await send(spec, step, target);
  if (!first.ok || first.value === undefined) return first.ok ? ok(undefined) : first;
  if (first.value.type !== 'CertificateNotTrusted') return afterFault(first.value, step, target);
  const question = questionFor(registration, first.value, label);
  if (!question.ok) return failed(question.error);
  target.say(`${name} shows a certificate that ${label} does not trust yet: SHA-256 ${question.value.sha256}`);
  if (!(await registering.confirm(question.value))) return failed(declined(label, registration));
  const { certificate } = first.value;
  const second = await send(certificate === undefined ? spec : { ...spec, certificate }, step, target);
  if (!second.ok || second.value === undefined) return second.ok ? ok(undefined) : second;
  return afterFault(second.value, step, target);
}

/**
 * That it hurts nobody was judged by what was served then. Whoever registered it meanwhile has had it signed, and would lose it: where SMS
 * trusts that certificate, it asks no question. A provider that keeps its certificate, or has one per vCenter, hurts nobody whatever it serves.
 */
async function changedSince(registration: NewRegistration, { registering, label, say }: Target): Promise<Problem | undefined> {
  if (registration.because !== 'hurts-nobody' || registering?.served === undefined) return undefined;
  const served = await registering.served(registration);
  if (!served.ok) {
    say(`${registration.name} could not be looked at once more before it is registered: ${served.error.summary}`);
    return undefined;
  }
  const other = served.value.find((one) => !registration.seen.includes(one));
  return other === undefined ? undefined : signedMeanwhile(label, registration, other);
}

/** Undefined: registered, or at least listed. The fault otherwise: it is told by the task, seldom by the call. */
async function send(spec: ProviderSpec, step: Step, target: Target): Promise<Done<SmsFault | undefined>> {
  const task = await target.sms((sms) => sms.register(spec));
  if (!task.ok) {
    if (task.error.kind !== 'failed') return task;
    // Sent once: whether it arrived, only the list can say.
    const arrived = await watchList(target, SHOWS_WITHIN, (all) => atUrl(all, step));
    if (arrived.ok && arrived.value !== undefined) return ok(undefined);
    return NOT_SENT.includes(task.error.problem.code) ? task : failed(asOpen(task.error.problem));
  }
  const end = await taskEnd(target, task.value, ONLINE_WITHIN);
  if (end.ok) return ok(end.value.state === 'error' ? (end.value.error ?? { type: 'unknown fault' }) : undefined);
  return end.error.kind === 'failed' ? failed(asOpen(end.error.problem)) : end;
}

/** The call itself was refused, or never made. */
const NOT_SENT: readonly Problem['code'][] = ['no-permission', 'login-refused', 'not-attempted'];

/** SMS was asked, and nothing tells what comes of it: whatever kept the answer away, it was no no. */
const asOpen = (problem: Problem): Problem => ({ ...problem, code: 'timeout' });

async function afterFault(fault: SmsFault, step: Step, target: Target): Promise<Done<void>> {
  if (fault.type === 'AlreadyExists') {
    const there = await watchList(target, 0, (all) => atUrl(all, step));
    if (!there.ok || there.value !== undefined) return there.ok ? ok(undefined) : there;
  }
  return failed(faultProblem(target.label, step.registration, fault));
}

/** Only what was seen before is worth a question: anything else may be somebody in between. */
function questionFor(registration: NewRegistration, fault: SmsFault, target: string): Result<CertificateQuestion> {
  const parsed = fault.certificate === undefined ? err('SMS sent none') : parseBase64(fault.certificate);
  if (!parsed.ok) return err(unreadableCertificate(target, registration, parsed.error));
  const { sha256, sha1, subject, issuer, notBefore, notAfter } = parsed.value;
  if (!registration.seen.includes(sha256)) return err(otherCertificate(target, registration, sha256));
  return ok({
    registration,
    subject,
    issuer,
    sha256,
    sha1: sha1.toUpperCase().replace(/(..)(?!$)/g, '$1:'),
    notBefore: isoTime(notBefore),
    notAfter: isoTime(notAfter),
  });
}

/** A fresh list shows it online; its datastores are accessible as far as anybody can see. */
async function verify(step: Step, target: Target): Promise<Done<JsonValue>> {
  const { registration } = step;
  let last: SmsProviderRecord | undefined;
  const online = await watchList(target, step.wait?.most ?? ONLINE_WITHIN, (all) => {
    last = atUrl(all, step);
    return last?.status === 'online' ? last : undefined;
  });
  if (!online.ok) return online;
  if (online.value === undefined) {
    return failed(last === undefined ? neverAppeared(target.label, registration) : notOnline(target.label, registration, last));
  }
  const inaccessible = await datastoresLeft(step, target);
  if (!inaccessible.ok) return inaccessible;
  target.say(
    inaccessible.value.length === 0
      ? `${registration.name} is registered again and online`
      : `${registration.name} is registered again and online; not accessible yet: ${inaccessible.value.join(', ')}`,
  );
  return ok({ ...foundOf(online.value), inaccessible: [...inaccessible.value] });
}

/** Hosts connect by themselves once SMS has told them; what stays out is said, and is nothing that this run could mend. */
async function datastoresLeft(step: Step, target: Target): Promise<Done<readonly string[]>> {
  const names = target.plan.removals.find(({ uid }) => uid === step.uid)?.dependents?.datastores ?? [];
  const look = target.registering?.inaccessible;
  if (look === undefined || names.length === 0) return ok([]);
  const time = target.deadline(DATASTORES_WITHIN);
  for (;;) {
    const seen = await look(names);
    if (seen.ok && seen.value.length === 0) return ok([]);
    if (time.isOver()) return ok(seen.ok ? seen.value.map((name) => plainText(name, 120)) : []);
    const paused = await target.pause(2, 'when-interrupted');
    if (!paused.ok) return paused;
  }
}

const foundOf = ({ uid, status }: SmsProviderRecord): { readonly uid: string; readonly status: string } => ({
  uid: plainText(uid, 80),
  status: plainText(status ?? 'unknown', 40),
});
