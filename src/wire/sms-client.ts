import type { SmsProviderRecord } from '../model/evidence.js';
import { err, ok, type Result } from '../model/problem.js';
import type { HttpsClient } from './https.js';
import { decodeProviderInfo } from './sms-decode.js';
import { openSmsCaller, SMS_SERVICE_INSTANCE, type SmsCaller } from './sms-session.js';
import { badAnswer, type Ref, refOf, type SoapFailure } from './soap.js';
import type { VimSession } from './vim-client.js';
import { child, childrenNamed, textOf } from './xml.js';

export interface SmsAbout {
  readonly name: string;
  readonly fullName: string;
  readonly vendor: string;
  readonly apiVersion: string;
  readonly instanceUuid: string;
  readonly vasaApiVersion?: string;
}

/** Queries of the storage monitoring service; privilege StorageViews.View. What changes something is in `sms-tasks.ts`. */
export interface SmsClient {
  /**
   * Every VASA provider that this vCenter has registered, in the order SMS lists them. All or nothing: a list that lacks one would say
   * that it is not registered. Three round trips.
   */
  queryRegistrations(): Promise<Result<SmsProviderRecord[]>>;
  about(): Promise<Result<SmsAbout>>;
}

const PROVIDERS_AT_A_TIME = 8;

export function openSms(https: HttpsClient, vim: VimSession): SmsClient {
  const sms = openSmsCaller(https, vim);
  return {
    queryRegistrations: () => withProblem(queryRegistrations(sms)),
    about: () => withProblem(queryAbout(sms)),
  };
}

async function withProblem<T>(answer: Promise<Result<T, SoapFailure>>): Promise<Result<T>> {
  const result = await answer;
  return result.ok ? result : err(result.error.problem);
}

async function queryRegistrations(sms: SmsCaller): Promise<Result<SmsProviderRecord[], SoapFailure>> {
  const manager = await sms.storageManager();
  if (!manager.ok) return manager;
  const answer = await sms.read('QueryProvider', manager.value);
  if (!answer.ok) return answer;
  const refs: Ref[] = [];
  for (const element of childrenNamed(answer.value, 'returnval')) {
    const ref = refOf(element);
    if (ref === undefined) return err({ problem: badAnswer(sms.label, 'QueryProvider returned something that is no reference') });
    refs.push(ref);
  }
  return queryInfos(sms, refs);
}

/** Side by side over the connections there are. Stops asking at the first failure: the answer is a failure by then. */
async function queryInfos(sms: SmsCaller, refs: readonly Ref[]): Promise<Result<SmsProviderRecord[], SoapFailure>> {
  const records = new Array<SmsProviderRecord | undefined>(refs.length);
  let failure: SoapFailure | undefined;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < refs.length && failure === undefined; at = next++) {
      const ref = refs[at];
      if (ref === undefined) return;
      const record = await queryInfo(sms, ref);
      if (record.ok) records[at] = record.value;
      else failure ??= record.error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(PROVIDERS_AT_A_TIME, refs.length) }, worker));
  return failure === undefined ? ok(records.filter((record) => record !== undefined)) : err(failure);
}

async function queryInfo(sms: SmsCaller, ref: Ref): Promise<Result<SmsProviderRecord | undefined, SoapFailure>> {
  const answer = await sms.read('QueryProviderInfo', ref);
  if (!answer.ok) {
    // Unregistered by somebody between the two questions.
    return answer.error.fault?.type === 'ManagedObjectNotFound' ? ok(undefined) : answer;
  }
  const record = decodeProviderInfo(ref, child(answer.value, 'returnval'));
  return record.ok ? record : err({ problem: badAnswer(sms.label, `QueryProviderInfo of ${ref.value}: ${record.error}`) });
}

async function queryAbout(sms: SmsCaller): Promise<Result<SmsAbout, SoapFailure>> {
  const answer = await sms.read('QueryAboutInfo', SMS_SERVICE_INSTANCE);
  if (!answer.ok) return answer;
  const about = child(answer.value, 'returnval');
  const apiVersion = textOf(about, 'apiVersion');
  const instanceUuid = textOf(about, 'instanceUuid');
  if (apiVersion === undefined || instanceUuid === undefined) {
    return err({ problem: badAnswer(sms.label, 'QueryAboutInfo lacks apiVersion or instanceUuid') });
  }
  const vasaApiVersion = textOf(about, 'vasaApiVersion');
  return ok({
    name: textOf(about, 'name') ?? '',
    fullName: textOf(about, 'fullName') ?? '',
    vendor: textOf(about, 'vendor') ?? '',
    apiVersion,
    instanceUuid,
    ...(vasaApiVersion === undefined ? {} : { vasaApiVersion }),
  });
}
