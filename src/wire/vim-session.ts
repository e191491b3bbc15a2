import type { VcenterAbout } from '../model/evidence.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import type { HttpsClient, HttpsResponse } from './https.js';
import { type Arg, badAnswer, callSoap, isExpiredSession, type Ref, refOf, type SoapFailure } from './soap.js';
import { type VcenterLogin, withVerdict } from './sso-verdict.js';
import { child, isXmlText, textOf, type XmlElement } from './xml.js';

/** What RetrieveServiceContent tells before anybody logged in. */
export interface ServiceContent {
  readonly about: VcenterAbout;
  readonly rootFolder: Ref;
  readonly propertyCollector: Ref;
  readonly viewManager: Ref;
  readonly sessionManager: Ref;
  /** vCenter High Availability, since 6.5; missing where there is none. */
  readonly failoverClusterConfigurator?: Ref;
  readonly failoverClusterManager?: Ref;
}

/** Calls with a session. Nothing in here asks twice: `reading` does, from the start of a whole operation. */
export interface VimCaller {
  readonly label: string;
  readonly content: ServiceContent;
  call(method: string, self: Ref, args: readonly Arg[], readsOnly: boolean): Promise<Result<XmlElement, SoapFailure>>;
}

const SERVICE_INSTANCE: Ref = { type: 'ServiceInstance', value: 'ServiceInstance' };
/** Asked for until the server has said what it is; every vCenter in question understands it. */
const FIRST_VERSION = '6.5';
const COOKIE = 'vmware_soap_session';

/** Needs no login. Fails with `config-invalid` where an ESXi host answers. */
export async function readServiceContent(
  https: HttpsClient,
): Promise<{ readonly content: Result<ServiceContent>; readonly http?: HttpsResponse | undefined }> {
  const answer = await callSoap(https, {
    path: '/sdk',
    namespace: 'urn:vim25',
    version: FIRST_VERSION,
    method: 'RetrieveServiceContent',
    self: SERVICE_INSTANCE,
    readsOnly: true,
  });
  if (!answer.ok) return { content: err(answer.error.problem), http: answer.error.http };
  return { content: decodeServiceContent(answer.value.response, https.label), http: answer.value.http };
}

export function decodeServiceContent(response: XmlElement, target: string): Result<ServiceContent> {
  const content = child(response, 'returnval');
  const about = child(content, 'about');
  const apiType = textOf(about, 'apiType');
  if (apiType === 'HostAgent') return err(notVcenter(target));
  const [version, build, apiVersion] = [textOf(about, 'version'), textOf(about, 'build'), textOf(about, 'apiVersion')];
  const rootFolder = refOf(child(content, 'rootFolder'));
  const propertyCollector = refOf(child(content, 'propertyCollector'));
  const viewManager = refOf(child(content, 'viewManager'));
  const sessionManager = refOf(child(content, 'sessionManager'));
  if (apiType !== 'VirtualCenter' || version === undefined || build === undefined || !isVersion(apiVersion)) {
    return err(badAnswer(target, 'RetrieveServiceContent does not describe a vCenter'));
  }
  if (rootFolder === undefined || propertyCollector === undefined || viewManager === undefined || sessionManager === undefined) {
    return err(badAnswer(target, 'RetrieveServiceContent lacks a reference every vCenter has'));
  }
  const instanceUuid = textOf(about, 'instanceUuid');
  const fullName = textOf(about, 'fullName');
  const failoverClusterConfigurator = refOf(child(content, 'failoverClusterConfigurator'));
  const failoverClusterManager = refOf(child(content, 'failoverClusterManager'));
  return ok({
    about: {
      version,
      build,
      apiVersion,
      ...(instanceUuid === undefined ? {} : { instanceUuid }),
      ...(fullName === undefined ? {} : { fullName }),
    },
    rootFolder,
    propertyCollector,
    viewManager,
    sessionManager,
    ...(failoverClusterConfigurator === undefined ? {} : { failoverClusterConfigurator }),
    ...(failoverClusterManager === undefined ? {} : { failoverClusterManager }),
  });
}

/** It goes into an HTTP header: nothing but digits and dots. */
function isVersion(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,4}(\.\d{1,4}){0,4}$/.test(text);
}

function notVcenter(target: string): Problem {
  return {
    code: 'config-invalid',
    target,
    summary: `${target} is an ESXi host, not a vCenter (apiType HostAgent)`,
    remedy: 'Give the address of the vCenter that manages this host.',
    retry: 'after-remedy',
  };
}

/** The session of `/sdk`. Cookies of other endpoints never come near it: `/sms/sdk` sets one of the same name with another value. */
export class VimSessionKeeper implements VimCaller {
  readonly content: ServiceContent;
  readonly label: string;
  readonly #https: HttpsClient;
  readonly #login: VcenterLogin;
  #cookie: string | undefined;
  #renewing: Promise<Result<string>> | undefined;
  #renewals = 0;

  constructor(https: HttpsClient, login: VcenterLogin, content: ServiceContent, label: string) {
    this.#https = https;
    this.#login = login;
    this.content = content;
    this.label = label;
  }

  /** Without quotes, as SMS wants it. */
  get cookie(): string {
    return this.#cookie?.replace(/^"(.*)"$/, '$1') ?? '';
  }

  async call(method: string, self: Ref, args: readonly Arg[], readsOnly: boolean): Promise<Result<XmlElement, SoapFailure>> {
    const answer = await this.#send(method, self, args, readsOnly, this.#cookie);
    return answer.ok ? ok(answer.value.response) : answer;
  }

  #send(method: string, self: Ref, args: readonly Arg[], readsOnly: boolean, cookie: string | undefined) {
    return callSoap(this.#https, {
      path: '/sdk',
      namespace: 'urn:vim25',
      version: this.content.about.apiVersion,
      method,
      self,
      args,
      readsOnly,
      secrets: [this.#login.password, this.cookie],
      ...(cookie === undefined ? {} : { cookie: `${COOKIE}=${cookie}` }),
    });
  }

  /** One login attempt, unless the password was refused before. Its cookie counts only if the login succeeded. */
  async logIn(): Promise<Result<string>> {
    const { username, password, verdict } = this.#login;
    if (!isXmlText(username) || !isXmlText(password)) return err(unusableSecret(this.label));
    return withVerdict(verdict, this.label, async () => {
      const args = [
        { name: 'userName', text: username },
        { name: 'password', text: password },
      ];
      const answer = await this.#send('Login', this.content.sessionManager, args, false, undefined);
      if (!answer.ok) return err(answer.error.problem);
      const cookie = sessionCookieOf(answer.value.http.headers['set-cookie']);
      if (cookie === undefined) return err(badAnswer(this.label, `the login succeeded, but its answer sets no usable ${COOKIE}`));
      this.#cookie = cookie;
      return ok(this.cookie);
    });
  }

  /** Several calls may find the session expired at once: one login serves them all. */
  renew(expired: string): Promise<Result<string>> {
    if (this.cookie !== '' && this.cookie !== expired) return Promise.resolve(ok(this.cookie));
    if (this.#renewing === undefined) {
      if (this.#renewals >= MAX_RENEWALS) return Promise.resolve(err(keepsExpiring(this.label)));
      this.#renewals += 1;
      this.#renewing = this.logIn().finally(() => {
        this.#renewing = undefined;
      });
    }
    return this.#renewing;
  }

  /**
   * A whole read operation. Where the session turns out to be expired, the operation is done once more from its start in a new one,
   * because views die with their session.
   */
  async reading<T>(operation: () => Promise<Result<T, SoapFailure>>): Promise<Result<T>> {
    const before = this.cookie;
    const first = await operation();
    if (first.ok) return first;
    if (!isExpiredSession(first.error)) return err(first.error.problem);
    const renewed = await this.renew(before);
    if (!renewed.ok) return err(renewed.error);
    const second = await operation();
    return second.ok ? second : err(second.error.problem);
  }

  async logOut(): Promise<void> {
    if (this.#cookie === undefined) return;
    // Nothing depends on the answer: the session ends by itself when it is not used.
    await this.#send('Logout', this.content.sessionManager, [], false, this.#cookie);
    this.#cookie = undefined;
  }
}

const MAX_RENEWALS = 3;

/** The value as the server wrote it, quotes included; undefined where there is none that can be sent back. */
function sessionCookieOf(header: string | string[] | undefined): string | undefined {
  const all = header === undefined ? [] : [header].flat();
  const pattern = new RegExp(`^\\s*${COOKIE}=("?[\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]{1,1024}"?)\\s*(?:;|$)`);
  return all.map((line) => pattern.exec(line)?.[1]).findLast((value) => value !== undefined);
}

function unusableSecret(target: string): Problem {
  return {
    code: 'secret-unusable',
    target,
    summary: `user name or password for ${target} holds a character that XML cannot carry (a control character)`,
    remedy: 'Check that the secret was read as meant: a file or command may have added something. Nothing was sent.',
    retry: 'after-remedy',
  };
}

function keepsExpiring(target: string): Problem {
  return {
    code: 'session-expired',
    target,
    summary: `the session at ${target} expired again after ${MAX_RENEWALS} new logins`,
    remedy: 'Look for something that ends sessions on this vCenter (a very short limit, a script), then run again.',
    retry: 'later',
  };
}
