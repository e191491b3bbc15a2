import type { VcenterAbout, VchaFacts } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import { err, ok, type Result } from '../model/problem.js';
import type { HttpsClient } from './https.js';
import { badAnswer } from './soap.js';
import type { VcenterLogin } from './sso-verdict.js';
import { readVcha } from './vcha.js';
import { readServiceContent, VimSessionKeeper } from './vim-session.js';
import { readHostTrustAnchors, readStorageView, type StorageView, type StorageViewOptions } from './vim-view.js';
import { textOf } from './xml.js';

export interface VimConnection {
  /** Known without a login, so it is evidence even where the login fails. */
  readonly about: Result<VcenterAbout>;
  readonly session: Result<VimSession>;
  /** How far the vCenter's clock is ahead of ours by the HTTP Date header, ms. */
  readonly clockAheadMs?: number;
}

export type { StorageView, StorageViewOptions };

/** A login at `/sdk`. Reads that find it expired log in again and start over, once. */
export interface VimSession {
  readonly label: string;
  readonly about: VcenterAbout;
  readonly apiVersion: string;
  /** The session as the SMS header wants it: `vmware_soap_session` without quotes. Another one after `renew`. */
  readonly cookie: string;
  /** The vCenter's clock; needs a session, unlike the Date header. */
  currentTime(): Promise<Result<Date>>;
  storageView(options?: StorageViewOptions): Promise<Result<StorageView>>;
  /** CA certificates of one host; `storageView` already brings them for hosts that mount a VVol datastore. */
  hostTrustAnchors(hostRef: string): Promise<Result<DerBase64[]>>;
  /** vCenter High Availability; `not-supported` where this vCenter has none. */
  highAvailability(): Promise<Result<VchaFacts>>;
  /** Logs in again. `expired` is the cookie that stopped working: where another call renewed it meanwhile, that is the answer. */
  renew(expired: string): Promise<Result<string>>;
  logout(): Promise<void>;
}

/** Two round trips: what the server is, then the login. */
export async function connectVim(https: HttpsClient, login: VcenterLogin, label: string): Promise<VimConnection> {
  const { content, http } = await readServiceContent(https);
  const clock = http?.clockAheadMs === undefined ? {} : { clockAheadMs: http.clockAheadMs };
  if (!content.ok) return { about: content, session: content, ...clock };
  const keeper = new VimSessionKeeper(https, login, content.value, label);
  const loggedIn = await keeper.logIn();
  return { about: ok(content.value.about), session: loggedIn.ok ? ok(sessionOf(keeper)) : loggedIn, ...clock };
}

function sessionOf(keeper: VimSessionKeeper): VimSession {
  const { about } = keeper.content;
  return {
    label: keeper.label,
    about,
    apiVersion: about.apiVersion,
    get cookie() {
      return keeper.cookie;
    },
    currentTime: () => keeper.reading(() => readCurrentTime(keeper)),
    storageView: (options = {}) => keeper.reading(() => readStorageView(keeper, options)),
    hostTrustAnchors: (hostRef) => keeper.reading(() => readHostTrustAnchors(keeper, hostRef)),
    highAvailability: () => keeper.reading(() => readVcha(keeper)),
    renew: (expired) => keeper.renew(expired),
    logout: () => keeper.logOut(),
  };
}

async function readCurrentTime(keeper: VimSessionKeeper) {
  const answer = await keeper.call('CurrentTime', { type: 'ServiceInstance', value: 'ServiceInstance' }, [], true);
  if (!answer.ok) return answer;
  const time = new Date(textOf(answer.value, 'returnval') ?? '');
  return Number.isNaN(time.getTime()) ? err({ problem: badAnswer(keeper.label, 'CurrentTime is no time') }) : ok(time);
}
