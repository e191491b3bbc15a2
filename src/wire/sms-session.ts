import { err, ok, type Result } from '../model/problem.js';
import type { HttpsClient } from './https.js';
import { type Arg, badAnswer, callSoap, isExpiredSession, type Ref, refOf, type SoapFailure } from './soap.js';
import type { VimSession } from './vim-client.js';
import { child, type XmlElement } from './xml.js';

/** Calls to the storage monitoring service in the session of `/sdk`. */
export interface SmsCaller {
  readonly label: string;
  /** Asked again once, in a new session, where the session had expired. */
  read(method: string, self: Ref, args?: readonly Arg[]): Promise<Result<XmlElement, SoapFailure>>;
  /** Sent once, whatever happens: a second try might do a thing twice. `secrets` are kept out of problems. */
  write(method: string, self: Ref, args: readonly Arg[], secrets?: readonly string[]): Promise<Result<XmlElement, SoapFailure>>;
  /** Always taken from the answer; asked for once. */
  storageManager(): Promise<Result<Ref, SoapFailure>>;
}

export const SMS_SERVICE_INSTANCE: Ref = { type: 'SmsServiceInstance', value: 'ServiceInstance' };

/**
 * `6.5` has everything that is read here but `category`, which needs `6.7`; newer versions add no field that we use, and a
 * server hides what is newer than the version asked for. Every vCenter from 6.5 to 8.0.3 knows the older names.
 * @param apiVersion `about.apiVersion` of `/sdk`
 */
export function smsVersionFor(apiVersion: string): '6.5' | '6.7' {
  const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 7) ? '6.7' : '6.5';
}

/**
 * The session travels as a SOAP header, `vcSessionCookie`. Cookies that `/sms/sdk` sets are of no use and are not looked at: one of them
 * has the name of the `/sdk` session and another value.
 */
export function openSmsCaller(https: HttpsClient, vim: VimSession): SmsCaller {
  const version = smsVersionFor(vim.apiVersion);
  let manager: Promise<Result<Ref, SoapFailure>> | undefined;

  async function send(method: string, self: Ref, args: readonly Arg[], readsOnly: boolean, secrets: readonly string[]) {
    const answer = await callSoap(https, {
      path: '/sms/sdk',
      namespace: 'urn:sms',
      version,
      method,
      self,
      args,
      vcSessionCookie: vim.cookie,
      readsOnly,
      secrets: [vim.cookie, ...secrets],
    });
    return answer.ok ? ok(answer.value.response) : answer;
  }

  async function read(method: string, self: Ref, args: readonly Arg[] = []): Promise<Result<XmlElement, SoapFailure>> {
    const used = vim.cookie;
    const first = await send(method, self, args, true, []);
    if (first.ok || !isExpiredSession(first.error)) return first;
    const renewed = await vim.renew(used);
    return renewed.ok ? send(method, self, args, true, []) : err({ problem: renewed.error });
  }

  async function findStorageManager(): Promise<Result<Ref, SoapFailure>> {
    const answer = await read('QueryStorageManager', SMS_SERVICE_INSTANCE);
    if (!answer.ok) return answer;
    const ref = refOf(child(answer.value, 'returnval'));
    return ref === undefined ? err({ problem: badAnswer(vim.label, 'QueryStorageManager returned no reference') }) : ok(ref);
  }

  return {
    label: vim.label,
    read,
    write: (method, self, args, secrets = []) => send(method, self, args, false, secrets),
    async storageManager() {
      manager ??= findStorageManager();
      const found = await manager;
      if (!found.ok) manager = undefined;
      return found;
    },
  };
}
