import { randomBytes, randomUUID } from 'node:crypto';
import type { Ref, Value } from './soap-values.js';
import type { LabAccount, LabFault, LabVcenter, LabWorld } from './world.js';

/** One login at `/sdk`; SMS knows it by the cookie's value. */
export interface SoapSession {
  readonly key: string;
  readonly cookie: string;
  readonly account: LabAccount;
  readonly loginMs: number;
  calls: number;
  /** ContainerViews made by this session, by reference value. */
  readonly views: Map<string, ContainerView>;
  /** What is left of a paged property read, by token. */
  readonly pages: Map<string, readonly Value[]>;
  nextToken: number;
}

export interface ContainerView {
  readonly container: Ref;
  readonly types: readonly string[];
  readonly recursive: boolean;
}

interface SessionTable {
  readonly sessions: Map<string, SoapSession>;
  calls: number;
  readonly fired: Set<LabFault>;
}

const TABLES = new WeakMap<LabVcenter, SessionTable>();
/** vCenter refuses more; the lab forgets the oldest instead, so that a long test run goes on. */
const MAX_SESSIONS = 2000;

/** A cookie value that belongs to no session: what a failed login and the SMS endpoint hand out. */
export function strayCookie(): string {
  return randomBytes(20).toString('hex');
}

/** @returns the session, or undefined for a wrong user name or password */
export function logIn(world: LabWorld, vcenter: LabVcenter, username: string, password: string): SoapSession | undefined {
  const account = vcenter.accounts.find((one) => isSameUser(one.username, username) && one.password === password);
  if (account === undefined) return undefined;
  const table = tableOf(vcenter);
  const session: SoapSession = {
    key: randomUUID(),
    cookie: strayCookie(),
    account,
    loginMs: world.now().getTime(),
    calls: 0,
    views: new Map(),
    pages: new Map(),
    nextToken: 0,
  };
  table.sessions.set(session.cookie, session);
  if (table.sessions.size > MAX_SESSIONS) {
    for (const oldest of table.sessions.keys()) {
      table.sessions.delete(oldest);
      break;
    }
  }
  return session;
}

export function logOut(vcenter: LabVcenter, session: SoapSession): void {
  tableOf(vcenter).sessions.delete(session.cookie);
}

/** @param cookie the value without quotes. Counts as a call for the fault `session-expires`, which ends all sessions once. */
export function findSession(world: LabWorld, vcenter: LabVcenter, cookie: string | undefined): SoapSession | undefined {
  const table = tableOf(vcenter);
  const session = cookie === undefined ? undefined : table.sessions.get(cookie);
  if (session === undefined) return undefined;
  table.calls += 1;
  for (const fault of world.faults) {
    if (fault.kind !== 'session-expires' || fault.where !== vcenter.id) continue;
    if (table.calls <= fault.afterCalls || table.fired.has(fault)) continue;
    table.fired.add(fault);
    table.sessions.clear();
    return undefined;
  }
  session.calls += 1;
  return session;
}

/** `vmware_soap_session` of a Cookie header, without the quotes real servers put around it. */
export function cookieOf(header: string | undefined): string | undefined {
  const match = /(?:^|;)\s*vmware_soap_session="?([^";]*)"?/.exec(header ?? '');
  return match?.[1];
}

export function setCookie(value: string): string {
  return `vmware_soap_session="${value}"; Path=/; HttpOnly; Secure; `;
}

/** `user@domain` and `DOMAIN\user` are one user; case does not matter. */
function isSameUser(known: string, given: string): boolean {
  return normalUser(known) === normalUser(given);
}

function normalUser(name: string): string {
  const [domain, user] = name.toLowerCase().split('\\', 2);
  return user === undefined ? name.toLowerCase() : `${user}@${domain}`;
}

function tableOf(vcenter: LabVcenter): SessionTable {
  let table = TABLES.get(vcenter);
  if (table === undefined) {
    table = { sessions: new Map(), calls: 0, fired: new Set() };
    TABLES.set(vcenter, table);
  }
  return table;
}
