import type { SshConfig, VcenterConfig } from '../config/config.js';
import { categoryOf } from '../inventory/category.js';
import { hostPortKey } from '../inventory/group-providers.js';
import { isAtVirtualHost, virtualHostOf } from '../inventory/virtual-host.js';
import type {
  ApplianceEvidence,
  ApplianceReach,
  Observation,
  SmsProviderRecord,
  SpsLogTail,
  VvolDatastore,
} from '../model/evidence.js';
import type { ProviderUrl } from '../model/ids.js';
import { isoTime } from '../model/ids.js';
import { err, interrupted, ok, type Problem, type Result } from '../model/problem.js';
import {
  type ApplianceReader,
  type Reading,
  readAddresses,
  readArmed,
  readClock,
  readRejectRoutes,
  readServedChain,
  readSmsConfig,
  readSpsLogTail,
  readVecsStore,
  readVmcaRoot,
} from '../wire/appliance-facts.js';
import { openShell } from '../wire/ssh.js';
import { resolveSshTarget, type SshWish } from '../wire/ssh-target.js';
import type { VcenterShell } from '../wire/vcenter-shell.js';
import { canonicalHostPort } from '../x509/names.js';
import { readOnlyShell } from './allowed-calls.js';
import type { CollectContext } from './collect-context.js';
import { observeReading, unknown, within } from './observe.js';
import { withRemovals } from './sps-removals.js';

/** What SMS and vim25 say should be looked at from there; may arrive after the shell is open. */
export interface LookTargets {
  readonly registrations: Observation<readonly SmsProviderRecord[]>;
  readonly datastores: Observation<readonly VvolDatastore[]>;
}

/**
 * Everything one appliance shows to root's shell, read-only. Standing facts are read while HTTPS is still collecting; which providers to
 * look at from there is known only when SMS has answered.
 */
export async function collectFromAppliance(
  vcenter: VcenterConfig,
  targets: Promise<LookTargets>,
  context: CollectContext,
): Promise<ApplianceEvidence> {
  if (vcenter.ssh === undefined) return notSeen(sshNotConfigured(vcenter.id));
  if (context.signal?.aborted) return notSeen(interrupted(vcenter.id));
  context.progress({ target: vcenter.id, source: 'ssh', state: 'started' });
  const opening = connectShell(vcenter.id, vcenter.ssh, context);
  const opened = await within(context.timing.sourceMs, vcenter.id, 'ssh', opening, context.signal);
  if (!opened.ok) {
    // One that opens after we stopped waiting is closed again.
    void opening.then((late) => (late.ok ? late.value.close() : undefined));
    context.progress({ target: vcenter.id, source: 'ssh', state: 'gap', problem: opened.error.code });
    return notSeen(opened.error);
  }
  const shell = readOnlyShell(opened.value, vcenter.id);
  const leave = () => void shell.close();
  context.signal?.addEventListener('abort', leave, { once: true });
  try {
    const at: ApplianceReader = { label: vcenter.id, run: shell.run };
    const facts = readFacts(at, context);
    const known = await targets;
    const reach = await Promise.all(looksFrom(known).map((look) => lookFrom(at, look, context)));
    const seen: ApplianceEvidence = {
      shell: { state: 'seen', at: isoTime(context.now()), value: shell.kind },
      ...(await facts),
      reach,
    };
    context.progress({ target: vcenter.id, source: 'ssh', state: 'seen' });
    return seen;
  } finally {
    context.signal?.removeEventListener('abort', leave);
    await shell.close();
  }
}

/**
 * Opens root's shell there, with the secrets and the one verdict of this run.
 * @param keepaliveMs how soon a connection that was cut without a word is noticed: after three of these
 */
export async function connectShell(
  label: string,
  ssh: SshConfig,
  context: CollectContext,
  keepaliveMs?: number,
): Promise<Result<VcenterShell>> {
  const wish: SshWish = ssh;
  const target = await resolveSshTarget(wish, label, context.sshEnvironment);
  if (!target.ok) return target;
  const password = ssh.auth.find((one) => one.kind === 'password');
  const { passphrase } = ssh;
  // One verdict per appliance, whatever vCenter entry leads there.
  const key = `${target.value.username}@${target.value.host}:${target.value.port}`;
  const verdict = context.rootVerdicts.get(key) ?? {};
  context.rootVerdicts.set(key, verdict);
  return openShell(
    target.value,
    {
      ...(password === undefined ? {} : { password: () => context.readSecret(password.password, label) }),
      ...(passphrase === undefined ? {} : { passphrase: () => context.readSecret(passphrase, label) }),
    },
    verdict,
    {
      connectMs: context.timing.connectMs * 2,
      commandMs: context.timing.commandMs,
      ...(keepaliveMs === undefined ? {} : { keepaliveMs }),
    },
  );
}

async function readFacts(at: ApplianceReader, context: CollectContext): Promise<Omit<ApplianceEvidence, 'shell' | 'reach'>> {
  const { now } = context;
  const bounded = <T>(work: Promise<Result<T>>): Promise<Result<T>> =>
    within(context.timing.sourceMs, at.label, 'ssh', work, context.signal);
  const [smsStore, trustedRootsStore, machineSslStore, vmcaRoot, smsConfig, rejectRoutes, armed, clockAheadMs, spsLog] =
    await Promise.all([
      bounded(readVecsStore(at, 'SMS')).then((read) => observeReading(read, now)),
      bounded(readVecsStore(at, 'TRUSTED_ROOTS')).then((read) => observeReading(read, now)),
      bounded(readVecsStore(at, 'MACHINE_SSL_CERT')).then((read) => observeReading(read, now)),
      bounded(readVmcaRoot(at)).then((read) => observeReading(read, now)),
      bounded(readSmsConfig(at)).then((read) => observeReading(read, now)),
      bounded(readRejectRoutes(at)).then((read) => observeReading(read, now)),
      bounded(readArmed(at)).then((read) => observeReading(read, now)),
      bounded(readClock(at, () => now().getTime())).then((read) => observeReading(read, now)),
      bounded(readSpsLogTail(at)).then((read) => removalsRead(observeReading(read, now))),
    ]);
  return { smsStore, trustedRootsStore, machineSslStore, vmcaRoot, smsConfig, rejectRoutes, armed, clockAheadMs, spsLog };
}

const removalsRead = (log: Observation<SpsLogTail>): Observation<SpsLogTail> =>
  log.state === 'seen' ? { ...log, value: withRemovals(log.value) } : log;

export interface Look {
  readonly url: ProviderUrl;
  readonly host: string;
  readonly port: number;
  readonly isAddress: boolean;
  readonly sni?: string;
  /** Set where it is not the URL's. */
  readonly otherPort?: number;
}

/** One look per external provider URL, and one more at this vCenter's own virtual host where it has one. */
function looksFrom({ registrations, datastores }: LookTargets): Look[] {
  const looks = new Map<string, Look>();
  for (const record of registrations.state === 'seen' ? registrations.value : []) {
    const at = canonicalHostPort(record.url);
    if (at === undefined || categoryOf(record.category, record.name, record.url).category === 'internal') continue;
    const base = { url: record.url, host: at.host, isAddress: at.isAddress };
    looks.set(hostPortKey(record.url), { ...base, port: at.port, ...(at.isAddress ? {} : { sni: at.host }) });
    const told = datastores.state === 'seen' ? datastores.value : [];
    const vhost = isAtVirtualHost(record, told) ? virtualHostOf(record, told) : undefined;
    if (vhost === undefined) continue;
    const port = vhost.port ?? at.port;
    looks.set(`${hostPortKey(record.url)} ${vhost.name ?? ''} ${port}`, {
      ...base,
      port,
      ...(vhost.name === undefined ? {} : { sni: vhost.name }),
      ...(port === at.port ? {} : { otherPort: port }),
    });
  }
  return [...looks.values()];
}

/** One look at one provider. A failure of the way to the appliance is never told as if the provider had not answered. */
export async function lookFrom(
  reader: ApplianceReader,
  look: Look,
  context: Pick<CollectContext, 'now' | 'timing' | 'signal'>,
): Promise<ApplianceReach> {
  const { now, timing, signal } = context;
  const at: ApplianceReader = {
    label: reader.label,
    run: async (argv, options) => sayCommandFailed(await reader.run(argv, options)),
  };
  const bounded = async <T>(work: Promise<Result<Reading<T>>>): Promise<Observation<T>> => {
    const done = work.then((read) => ok(read));
    const inTime = sayCommandFailed(await within<Result<Reading<T>>>(timing.sourceMs, at.label, 'ssh', done, signal));
    return inTime.ok ? observeReading(inTime.value, now) : unknown(inTime.error);
  };
  const [addresses, served] = await Promise.all([
    look.isAddress ? ({ state: 'seen', at: isoTime(now()), value: [look.host] } as const) : bounded(readAddresses(at, look.host)),
    bounded(readServedChain(at, { host: look.host, port: look.port, ...(look.sni === undefined ? {} : { sni: look.sni }) })),
  ]);
  return {
    url: look.url,
    addresses,
    served,
    ...(look.sni === undefined ? {} : { sni: look.sni }),
    ...(look.otherPort === undefined ? {} : { port: look.otherPort }),
  };
}

/** SSH has timeouts and lost connections of its own; under their own codes they would look like the provider's. */
function sayCommandFailed<T>(result: Result<T>): Result<T> {
  if (result.ok || result.error.code === 'call-not-allowed') return result;
  return err({ ...result.error, code: 'command-failed' });
}

function notSeen(problem: Problem): ApplianceEvidence {
  const not = unknown(problem);
  return {
    shell: not,
    smsStore: not,
    trustedRootsStore: not,
    machineSslStore: not,
    vmcaRoot: not,
    smsConfig: not,
    rejectRoutes: not,
    armed: not,
    clockAheadMs: not,
    reach: [],
    spsLog: not,
  };
}

export function sshNotConfigured(target: string): Problem {
  return {
    code: 'not-configured',
    target,
    summary:
      'estate.yaml has no `ssh` for it: which certificate it presents, its current VMCA key and whether its appliance reaches the providers cannot be proven',
    remedy: `Add \`ssh\` with a pinned host key for ${target} to estate.yaml; the audit only reads there.`,
    retry: 'after-remedy',
  };
}
