import type { SmsFault } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import type { HttpsClient } from './https.js';
import { plainText } from './redact.js';
import { decodeFault } from './sms-decode.js';
import { openSmsCaller, type SmsCaller } from './sms-session.js';
import { type Arg, badAnswer, integerOf, type Ref, refOf, type SoapFailure } from './soap.js';
import type { VimSession } from './vim-client.js';
import { child, isXmlText, textOf, type XmlElement } from './xml.js';

/** What a registration is made of. */
export interface ProviderSpec {
  /** At most 275 characters. */
  readonly name: string;
  readonly description?: string;
  readonly username: string;
  readonly password: string;
  readonly url: string;
  /** The provider's certificate, once somebody accepted it: first without, then again with the one that CertificateNotTrusted brought. */
  readonly certificate?: DerBase64;
}

export interface SmsTaskInfo {
  readonly key: string;
  /** An unknown state counts as still running. */
  readonly state: 'queued' | 'running' | 'success' | 'error';
  /** Percent. */
  readonly progress?: number;
  /** With state `error`. */
  readonly error?: SmsFault;
  /** Reference of a registered provider. */
  readonly result?: Ref;
}

/**
 * Calls that change something; privilege StorageViews.ConfigureService, except for `sync`. Each is sent once and returns its task:
 * what really went wrong is told by the task, seldom by the call.
 */
export interface SmsTasks {
  register(spec: ProviderSpec): Promise<Result<Ref>>;
  /** @param uid `SmsProviderRecord.uid`, not `providerId` */
  unregister(uid: string): Promise<Result<Ref>>;
  reconnect(provider: Ref): Promise<Result<Ref>>;
  /** One array, or all of the provider's. */
  sync(provider: Ref, arrayId?: string): Promise<Result<Ref>>;
  /** Has SMS make the provider sign a new certificate here. From a vCenter that does not hold the provider, this *is* the clash. */
  refreshCertificate(provider: Ref): Promise<Result<Ref>>;
  revokeCertificate(provider: Ref): Promise<Result<Ref>>;
  /** Pushes roots and CRLs to these providers (by uid); none named: to all. */
  refreshCaCertificates(uids?: readonly string[]): Promise<Result<Ref>>;
  taskInfo(task: Ref): Promise<Result<SmsTaskInfo>>;
  /** Until success or error; a task that takes longer is a problem with code `timeout`. */
  waitFor(task: Ref, time: TaskTime): Promise<Result<SmsTaskInfo>>;
}

export interface TaskTime {
  /** Ends the waiting, not the task. */
  readonly limitMs: number;
  /** Milliseconds of a clock that does not jump. */
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

const FIRST_POLL_MS = 500;
const LONGEST_POLL_MS = 8_000;

export function openSmsTasks(https: HttpsClient, vim: VimSession): SmsTasks {
  const sms = openSmsCaller(https, vim);
  const onManager = async (method: string, args: readonly Arg[], secrets: readonly string[] = []): Promise<Result<Ref>> => {
    const manager = await sms.storageManager();
    if (!manager.ok) return err(manager.error.problem);
    return taskOf(sms, method, await sms.write(method, manager.value, args, secrets));
  };
  const onProvider = async (method: string, provider: Ref, args: readonly Arg[] = []): Promise<Result<Ref>> =>
    taskOf(sms, method, await sms.write(method, provider, args));
  const taskInfo = (task: Ref): Promise<Result<SmsTaskInfo>> => queryTaskInfo(sms, task);
  return {
    async register(spec) {
      if (!Object.values(spec).every(isXmlText)) return err(unusableSpec(sms.label));
      return onManager('RegisterProvider_Task', [writeProviderSpec(spec)], [spec.password]);
    },
    unregister: (uid) => onManager('UnregisterProvider_Task', [{ name: 'providerId', text: uid }]),
    reconnect: (provider) => onProvider('VasaProviderReconnect_Task', provider),
    sync: (provider, arrayId) =>
      onProvider('VasaProviderSync_Task', provider, arrayId === undefined ? [] : [{ name: 'arrayId', text: arrayId }]),
    refreshCertificate: (provider) => onProvider('VasaProviderRefreshCertificate_Task', provider),
    revokeCertificate: (provider) => onProvider('VasaProviderRevokeCertificate_Task', provider),
    refreshCaCertificates: (uids = []) =>
      onManager(
        'SmsRefreshCACertificatesAndCRLs_Task',
        uids.map((uid) => ({ name: 'providerId', text: uid })),
      ),
    taskInfo,
    waitFor: (task, time) => pollTask(sms.label, task, time, taskInfo),
  };
}

/** Base fields first, then those of the derived type: the order of the wire. */
export function writeProviderSpec(spec: ProviderSpec): Arg {
  const order = ['name', 'description', 'username', 'password', 'url', 'certificate'] as const;
  const children = order.flatMap((name) => {
    const text = spec[name];
    return text === undefined ? [] : [{ name, text }];
  });
  return { name: 'providerSpec', xsiType: 'VasaProviderSpec', children };
}

function taskOf(sms: SmsCaller, method: string, answer: Result<XmlElement, SoapFailure>): Result<Ref> {
  if (!answer.ok) return err(answer.error.problem);
  const task = refOf(child(answer.value, 'returnval'));
  return task === undefined ? err(badAnswer(sms.label, `${method} returned no task`)) : ok(task);
}

async function queryTaskInfo(sms: SmsCaller, task: Ref): Promise<Result<SmsTaskInfo>> {
  const answer = await sms.read('QuerySmsTaskInfo', task);
  if (!answer.ok) return err(answer.error.problem);
  const info = decodeTaskInfo(child(answer.value, 'returnval'));
  return info === undefined ? err(badAnswer(sms.label, `QuerySmsTaskInfo of ${task.value} lacks key or state`)) : ok(info);
}

export function decodeTaskInfo(element: XmlElement | undefined): SmsTaskInfo | undefined {
  const [key, state] = [textOf(element, 'key'), textOf(element, 'state')];
  if (key === undefined || state === undefined) return undefined;
  const error = child(element, 'error');
  const progress = integerOf(element, 'progress');
  // xsi:type is ManagedObjectReference on real servers, ManagedObject from pyvmomi; `type` says what it refers to in both.
  const result = refOf(child(element, 'result'));
  return {
    key,
    state: state === 'queued' || state === 'success' || state === 'error' ? state : 'running',
    ...(progress === undefined ? {} : { progress }),
    ...(error === undefined ? {} : { error: decodeFault(error) }),
    ...(result === undefined ? {} : { result }),
  };
}

/** SMS has no PropertyCollector: ask, twice as long in between each time. */
async function pollTask(
  target: string,
  task: Ref,
  time: TaskTime,
  ask: (task: Ref) => Promise<Result<SmsTaskInfo>>,
): Promise<Result<SmsTaskInfo>> {
  const start = time.now();
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 2, LONGEST_POLL_MS)) {
    const info = await ask(task);
    if (!info.ok || info.value.state === 'success' || info.value.state === 'error') return info;
    const left = time.limitMs - (time.now() - start);
    if (left <= 0) return err(taskTimeout(target, task, time.limitMs));
    await time.wait(Math.min(pause, left));
  }
}

function taskTimeout(target: string, task: Ref, limitMs: number): Problem {
  return {
    code: 'timeout',
    target,
    summary: plainText(
      `task ${task.value} at ${target} had not ended after ${Math.round(limitMs / 1000)} s; it may still be running`,
    ),
    remedy: 'Look at the recent tasks of the vCenter and at sps.log before doing it again.',
    retry: 'later',
  };
}

function unusableSpec(target: string): Problem {
  return {
    code: 'secret-unusable',
    target,
    summary: `a field of the registration at ${target} holds a character that XML cannot carry (a control character)`,
    remedy: 'Check name, user name and password of the provider: a file or command may have added something. Nothing was sent.',
    retry: 'after-remedy',
  };
}
