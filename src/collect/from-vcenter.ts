import type { VcenterConfig } from '../config/config.js';
import type { Observation, Source, VcenterEvidence } from '../model/evidence.js';
import { err, interrupted, ok, type Problem, type Result } from '../model/problem.js';
import type { HttpsClient } from '../wire/https.js';
import { openHttps, type ResolvedTrust } from '../wire/https.js';
import { connectRest } from '../wire/rest-client.js';
import { readRootBundle } from '../wire/root-bundle.js';
import { openSms } from '../wire/sms-client.js';
import type { VcenterLogin } from '../wire/sso-verdict.js';
import { connectVim, type StorageView, type VimConnection, type VimSession } from '../wire/vim-client.js';
import { readOnlyHttps } from './allowed-calls.js';
import type { CollectContext } from './collect-context.js';
import { interruptibleHttps } from './interruptible.js';
import { observe, unknown, within } from './observe.js';

/** What HTTPS tells of one vCenter; the appliance's part is seen by `from-appliance`. */
export type HttpsEvidence = Omit<VcenterEvidence, 'appliance' | 'id' | 'address'>;

/**
 * Everything one vCenter tells over HTTPS: SMS, vim25, REST and the root download, side by side. Each has its own deadline and each
 * failure stays its own. The password is read once, sent over verified connections only, and not sent again once it was refused.
 */
export async function collectOverHttps(vcenter: VcenterConfig, context: CollectContext): Promise<HttpsEvidence> {
  if (context.signal?.aborted) return nothingSeen(interrupted(vcenter.id));
  const wire = await openVcenter(vcenter, context);
  if (!wire.ok) return nothingSeen(wire.error);
  const https = interruptibleHttps(readOnlyHttps(wire.value), context.signal);
  try {
    const rootBundle = look(vcenter, 'root-bundle', context, readRootBundle(https));
    const login = await loginFor(vcenter, context);
    context.progress({ target: vcenter.id, source: 'vim', state: 'started' });
    const connecting = withinConnection(connectVim(https, login, vcenter.id), vcenter, context);
    const [soap, rest, bundle] = await Promise.all([
      connecting.then((connected) => collectSoap(https, vcenter, connected, context)),
      // After vim25, which tells the version without a login: so the password is sent to REST's own address at once, and only there.
      connecting.then((connected) => collectRest(https, vcenter, login, connected, context)),
      rootBundle,
    ]);
    return { ...soap, ...rest, rootBundle: bundle };
  } finally {
    await https.close();
  }
}

/** A client for one vCenter, unguarded: who only reads wraps it in `readOnlyHttps`. Nothing is sent yet. */
export async function openVcenter(vcenter: VcenterConfig, context: CollectContext): Promise<Result<HttpsClient>> {
  const trust = await resolveTrust(vcenter, context);
  if (!trust.ok) return trust;
  const { address, port, connectTo, id } = vcenter;
  const { connectMs, requestMs } = context.timing;
  return ok(openHttps({ address, port, connectTo, trust: trust.value, label: id }, { connectMs, requestMs }));
}

/**
 * One verdict per vCenter: SOAP and REST share the password, and a refusal by one is a refusal for both. Where the password could not be
 * read, no login is tried; version and clock need none.
 */
export async function loginFor(vcenter: VcenterConfig, context: CollectContext): Promise<VcenterLogin> {
  const password = await context.readSecret(vcenter.password, vcenter.id);
  const verdict = context.ssoVerdicts.get(vcenter.id) ?? {};
  context.ssoVerdicts.set(vcenter.id, verdict);
  if (password.ok) return { username: vcenter.username, password: password.value, verdict };
  verdict.refused = password.error;
  return { username: vcenter.username, password: '', verdict };
}

type SoapEvidence = Pick<HttpsEvidence, 'about' | 'registrations' | 'datastores' | 'hosts' | 'vms' | 'clockAheadMs' | 'vcha'>;

async function collectSoap(
  https: HttpsClient,
  vcenter: VcenterConfig,
  connected: VimConnection,
  context: CollectContext,
): Promise<SoapEvidence> {
  const { session } = connected;
  const about = observe(connected.about, context.now);
  const clockAheadMs = clockOf(connected, context);
  if (!session.ok) {
    tell(vcenter, 'vim', unknown(session.error), context);
    // SMS goes by the vim25 session: the same problem, told once.
    return { about, registrations: unknown(session.error), ...viewNotSeen(session.error), clockAheadMs };
  }
  try {
    const [registrations, view, vcha] = await Promise.all([
      look(vcenter, 'sms', context, openSms(https, session.value).queryRegistrations()),
      look(vcenter, 'vim', context, session.value.storageView()),
      within(context.timing.sourceMs, vcenter.id, 'vim', session.value.highAvailability()),
    ]);
    return { about, registrations, ...splitView(view), clockAheadMs, vcha: observe(vcha, context.now) };
  } finally {
    await logout(session.value, context);
  }
}

async function withinConnection(
  work: Promise<VimConnection>,
  vcenter: VcenterConfig,
  context: CollectContext,
): Promise<VimConnection> {
  const connected = work.then((value): Result<VimConnection> => ({ ok: true, value }));
  const done = await within(context.timing.sourceMs, vcenter.id, 'vim', connected);
  return done.ok ? done.value : { about: done, session: done };
}

function clockOf(connected: VimConnection, context: CollectContext): Observation<number> {
  if (connected.clockAheadMs !== undefined) return observe({ ok: true, value: connected.clockAheadMs }, context.now);
  return connected.about.ok ? observe<number>(err(noDateHeader()), context.now) : unknown(connected.about.error);
}

function noDateHeader(): Problem {
  return { code: 'not-supported', target: '', summary: 'the answers carry no Date header', remedy: '', retry: 'never' };
}

async function logout(session: VimSession, context: CollectContext): Promise<void> {
  await within(
    context.timing.requestMs,
    session.label,
    'vim',
    session.logout().then((): Result<void> => ({ ok: true, value: undefined })),
  );
}

type RestEvidence = Pick<HttpsEvidence, 'trustedRoots' | 'machineSsl' | 'sps' | 'topology'>;

async function collectRest(
  https: HttpsClient,
  vcenter: VcenterConfig,
  login: VcenterLogin,
  vim: VimConnection,
  context: CollectContext,
): Promise<RestEvidence> {
  context.progress({ target: vcenter.id, source: 'rest', state: 'started' });
  const version = vim.about.ok ? vim.about.value.version : undefined;
  const connected = await within(context.timing.sourceMs, vcenter.id, 'rest', connectRest(https, login, vcenter.id, version));
  if (!connected.ok) {
    tell(vcenter, 'rest', unknown(connected.error), context);
    return restNotSeen(connected.error);
  }
  const session = connected.value;
  const bounded = <T>(work: Promise<Result<T>>): Promise<Observation<T>> =>
    within(context.timing.sourceMs, vcenter.id, 'rest', work).then((result) => observe(result, context.now));
  const [trustedRoots, machineSsl, sps, topology] = await Promise.all([
    bounded(session.trustedRoots()),
    bounded(session.machineSsl()),
    bounded(session.spsService()),
    bounded(session.topology()),
  ]);
  await session.logout();
  tell(
    vcenter,
    'rest',
    [trustedRoots, machineSsl, sps, topology].find((one) => one.state === 'unknown') ?? trustedRoots,
    context,
  );
  return { trustedRoots, machineSsl, sps, topology };
}

function restNotSeen(problem: Problem): RestEvidence {
  const not = unknown(problem);
  return { trustedRoots: not, machineSsl: not, sps: not, topology: not };
}

function viewNotSeen(problem: Problem): Pick<HttpsEvidence, 'datastores' | 'hosts' | 'vms'> {
  const not = unknown(problem);
  return { datastores: not, hosts: not, vms: not };
}

function splitView(view: Observation<StorageView>): Pick<HttpsEvidence, 'datastores' | 'hosts' | 'vms'> {
  if (view.state !== 'seen') return { datastores: view, hosts: view, vms: view };
  const { at, value } = view;
  return {
    datastores: { state: 'seen', at, value: value.datastores },
    hosts: { state: 'seen', at, value: value.hosts },
    vms: { state: 'seen', at, value: value.vms },
  };
}

function nothingSeen(problem: Problem): HttpsEvidence {
  const not = unknown(problem);
  return { about: not, rootBundle: not, registrations: not, ...viewNotSeen(problem), ...restNotSeen(problem), clockAheadMs: not };
}

/** One source: bounded in time, told as it starts and ends. */
async function look<T>(
  vcenter: VcenterConfig,
  source: Source,
  context: CollectContext,
  work: Promise<Result<T>>,
): Promise<Observation<T>> {
  context.progress({ target: vcenter.id, source, state: 'started' });
  const seen = observe(await within(context.timing.sourceMs, vcenter.id, source, work), context.now);
  tell(vcenter, source, seen, context);
  return seen;
}

function tell(vcenter: VcenterConfig, source: Source, seen: Observation<unknown>, context: CollectContext): void {
  context.progress({
    target: vcenter.id,
    source,
    state: seen.state === 'unknown' ? 'gap' : seen.state,
    ...(seen.state === 'unknown' ? { problem: seen.problem.code } : {}),
  });
}

async function resolveTrust(vcenter: VcenterConfig, context: CollectContext): Promise<Result<ResolvedTrust>> {
  switch (vcenter.tls.kind) {
    case 'fingerprint':
      return { ok: true, value: { kind: 'fingerprint', sha256: vcenter.tls.sha256 } };
    case 'system':
      return { ok: true, value: { kind: 'system' } };
    case 'ca-file': {
      const pem = await context.readText(vcenter.tls.file, vcenter.id);
      return pem.ok ? { ok: true, value: { kind: 'ca', pem: pem.value } } : pem;
    }
  }
}
