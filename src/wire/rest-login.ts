import { err, ok, type Problem, type Result } from '../model/problem.js';
import type { HttpsClient, HttpsResponse } from './https.js';
import { readJson, restProblem } from './rest-answer.js';
import { type VcenterLogin, withVerdict } from './sso-verdict.js';

type Dialect = 'api' | 'rest';

export interface RestLogin {
  readonly label: string;
  readonly dialect: Dialect;
  /** In the session; where it has expired, once more in a new one. */
  get(path: string): Promise<Result<HttpsResponse>>;
  logOut(): Promise<void>;
}

const SESSIONS: Readonly<Record<Dialect, string>> = { api: '/api/session', rest: '/rest/com/vmware/cis/session' };
const MAX_ANSWER = 8 * 1024 * 1024;

/** `POST` with Basic authentication at `/api/session`; where there is no such thing, at its older place. */
export async function openRestLogin(
  https: HttpsClient,
  login: VcenterLogin,
  label: string,
  version: string | undefined,
): Promise<Result<RestLogin>> {
  const order: readonly Dialect[] = isBefore702(version) ? ['rest'] : ['api', 'rest'];
  const found = await withVerdict(login.verdict, label, async () => {
    for (const dialect of order) {
      const token = await logIn(https, login, label, dialect);
      if (token.ok) return ok({ dialect, token: token.value });
      // A 6.x may also answer 401 where it has no sessions: once the password is known to be right, that is what it means.
      const noSuchPlace =
        token.error.code === 'not-supported' || (token.error.code === 'login-refused' && login.verdict.accepted === true);
      if (!noSuchPlace || dialect === order.at(-1)) return token;
    }
    throw new Error('the order of dialects is empty');
  });
  return found.ok ? ok(new Session(https, login, label, found.value.dialect, found.value.token)) : found;
}

function isBefore702(version: string | undefined): boolean {
  if (version === undefined) return false;
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major < 7 || (major === 7 && minor === 0 && patch < 2);
}

async function logIn(https: HttpsClient, login: VcenterLogin, label: string, dialect: Dialect): Promise<Result<string>> {
  const path = SESSIONS[dialect];
  const basic = Buffer.from(`${login.username}:${login.password}`, 'utf8').toString('base64');
  const answer = await https.request({
    method: 'POST',
    path,
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
    body: '',
    maxBytes: MAX_ANSWER,
  });
  if (!answer.ok) return answer;
  const { status, body } = answer.value;
  if (status === 401) return err(refused(label));
  if (status !== 200 && status !== 201) return err(restProblem(label, path, status, body, [login.password, basic]));
  const json = readJson(body);
  const token = dialect === 'rest' && json !== null && typeof json === 'object' && 'value' in json ? json.value : json;
  // It goes into a header.
  if (typeof token === 'string' && /^[\x21-\x7e]{1,4096}$/.test(token)) return ok(token);
  return err({
    code: 'bad-answer',
    target: label,
    summary: `${label} answered ${path} with no session id`,
    remedy: 'Check that address and port are those of a vCenter, with no proxy or login page in between.',
    retry: 'after-remedy',
  });
}

function refused(target: string): Problem {
  return {
    code: 'login-refused',
    target,
    summary: `${target} refused user name or password (REST session, HTTP 401)`,
    remedy:
      'Correct username and password of this vCenter (user@domain, the SSO domain included). It is not tried again in this run.',
    retry: 'after-remedy',
  };
}

class Session implements RestLogin {
  readonly label: string;
  readonly dialect: Dialect;
  readonly #https: HttpsClient;
  readonly #login: VcenterLogin;
  #token: string;
  #renewed: Promise<Result<string>> | undefined;

  constructor(https: HttpsClient, login: VcenterLogin, label: string, dialect: Dialect, token: string) {
    this.#https = https;
    this.#login = login;
    this.label = label;
    this.dialect = dialect;
    this.#token = token;
  }

  async get(path: string): Promise<Result<HttpsResponse>> {
    const first = await this.#send('GET', path);
    if (!first.ok || first.value.status !== 401) return first;
    // Once per session: a server that knows no session for longer than a call is not worth a second login.
    this.#renewed ??= withVerdict(this.#login.verdict, this.label, () =>
      logIn(this.#https, this.#login, this.label, this.dialect),
    );
    const renewed = await this.#renewed;
    if (!renewed.ok) return renewed;
    this.#token = renewed.value;
    return this.#send('GET', path);
  }

  /** Nothing depends on the answer: the session ends by itself when it is not used. */
  async logOut(): Promise<void> {
    await this.#send('DELETE', SESSIONS[this.dialect]);
  }

  #send(method: 'GET' | 'DELETE', path: string): Promise<Result<HttpsResponse>> {
    return this.#https.request({ method, path, headers: { 'vmware-api-session-id': this.#token }, maxBytes: MAX_ANSWER });
  }
}
