import type {
  Act,
  Check,
  CleanupPlan,
  CleanupStep,
  CleanupStepKind,
  CleanupWarning,
  Expectation,
  NewRegistration,
  SmsExpectation,
  Wait,
} from '../model/cleanup-plan.js';

/** How sure anybody is that a step does what it is for, and who says so. */
export interface StepSource {
  readonly mark: 'documented' | 'inferred';
  readonly text: string;
}

/** As a person would type it in a POSIX shell. */
export function commandLine(argv: readonly string[]): string {
  return argv.map((word) => (/^[A-Za-z0-9_@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

export function stepTitle(step: CleanupStep, plan: CleanupPlan): string {
  const { id } = plan.vcenter;
  switch (step.kind) {
    case 'confirm-backup':
      return `Have a backup or snapshot of ${id}`;
    case 'try-reconnect':
      return `Ask SMS to reconnect ${step.name}`;
    case 're-register':
      return `Register ${step.registration.name} again`;
    case 'try-plain':
      return `Try the plain removal of ${step.name}`;
    case 'open-shell':
      return `Log in to ${id} as root`;
    case 'record-state':
      return `Keep a copy of sms-config.xml`;
    case 'arm-self-revert':
      return `Arm the self-revert on ${id}`;
    case 'lower-retry':
      return plan.config.now === plan.config.during
        ? `Leave retryAttempt at ${plan.config.during}: it says so already`
        : `Change retryAttempt from ${plan.config.now ?? '99999'} to ${plan.config.during}`;
    case 'block':
      return `Block ${step.addresses.join(', ')}`;
    case 'stop-sps':
      return 'Stop SPS';
    case 'start-sps':
      return 'Start SPS';
    case 'await-offline':
      return 'Wait until SPS is up and shows the provider offline';
    case 'unregister':
      return `Remove ${step.name}`;
    case 'unblock':
      return `Unblock ${step.addresses.join(', ')}`;
    case 'restore-retry':
      return `Put retryAttempt back to ${plan.config.after}`;
    case 'restart-sps':
      return 'Stop and start SPS once more';
    case 'confirm-clean':
      return plan.by === 'tool' ? 'Verify' : 'Verify, and tidy up';
    case 'disarm-self-revert':
      return 'Disarm the self-revert, and tidy up';
  }
}

/** What the step is for, and what it costs. */
export function stepNote(step: CleanupStep, plan: CleanupPlan): string {
  switch (step.kind) {
    case 'confirm-backup':
      return 'Of all vCenters linked with it at the same time. Nothing here needs it to succeed; it is for what nobody foresees. See that no backup job, migration, clone or maintenance mode is running.';
    case 'try-reconnect':
      return `uid ${step.uid}. It is disconnected and ${plan.vcenter.id} trusts what it serves: SMS stopped trying, and may only have to be told. Online afterwards: nothing else is done about it.`;
    case 're-register':
      return `As ${step.registration.name}, ${step.registration.url}, user ${step.registration.username}; ${REGISTER_WHY[step.registration.because]}. Where SMS asks whether to trust the certificate, compare its fingerprint with the one the array shows: only ${step.registration.seen.length === 1 ? 'this one was' : 'these were'} seen there: ${step.registration.seen.join(', ')}. The password is sent once.`;
    case 'try-plain':
      return `uid ${step.uid}. Only the fresh list counts: a task that is "completed" proves nothing. Gone: go on with the next one. Still there: sps.log has a NullPointerException, and the steps below follow for what is left. When all are gone, stop here.`;
    case 'open-shell':
      return 'Under the login shell appliancesh type `shell` first. Keep this session open; a second one to fall back on is worth having. From here on one person at a time.';
    case 'record-state':
      return 'It keeps owner, mode and times, and lies outside the folder SPS reads. Also note what `ip route` and the list of storage providers show now.';
    case 'arm-self-revert':
      return 'From here on the appliance takes every change back by itself when the tool gives no sign of life for 120 s: route and file at once, then SPS. A boot guard puts the file back before SPS starts. Nothing is changed before both are proven armed. The lock that keeps other runs away is taken in the same command.';
    case 'lower-retry':
      return 'Digits of one line change, nothing else. SPS reads the file only when it starts, so nothing happens yet. The one change that survives a reboot: see "how to go back".';
    case 'block':
      return `Cuts traffic from this vCenter to ${step.addresses.length === 1 ? 'that address' : 'those addresses'}, nothing else: ESXi hosts talk to the provider themselves. A reboot removes it. Plug-ins and replication adapters on this vCenter that use the address wait until step 8.`;
    case 'stop-sps':
    case 'restart-sps':
      return 'While SPS is down or starting: no storage policies, no vMotion, clone or provisioning that checks them, no CNS or CSI volumes, on this vCenter, whatever the datastore. Running VMs go on. The command cannot be cancelled; do not start it twice.';
    case 'start-sps':
      return 'SPS now loads its providers and finds these unreachable. Never start it again while it is START_PENDING.';
    case 'await-offline':
      return `STARTED alone is not enough: HEALTHY as well. Then at least ${step.wait?.least ?? 0} s (${plan.config.during} × ${plan.config.interval} s and one poll), and the list shows offline twice in a row.`;
    case 'unregister':
      return `uid ${step.uid}. There is no way back from here but to register anew. Exactly this one: never a wildcard, never "all".`;
    case 'unblock':
      return 'Only now: unblocked before the removal, SPS would reconnect.';
    case 'restore-retry':
      return 'With the copy: every byte, owner, mode and time as before.';
    case 'confirm-clean':
      return registerAgain(plan);
    case 'disarm-self-revert':
      return 'Timer, boot guard, folder and lock are proven gone.';
  }
}

export const REGISTER_WHY: Readonly<Record<NewRegistration['because'], string>> = {
  retained: 'it keeps its own certificate, so nobody loses it by this',
  'virtual-host': 'from VASA 5 on each vCenter has a virtual host of its own, so nobody loses it by this',
  'hurts-nobody': 'no other vCenter holds it',
};

function registerAgain(plan: CleanupPlan): string {
  if (plan.steps.some(({ kind }) => kind === 're-register')) return 'Everything is as before, but for what was removed.';
  const holders = [...new Set(plan.removals.flatMap((one) => one.holders))].filter((one) => one !== plan.vcenter.id);
  const others =
    holders.length === 0
      ? 'whoever holds the provider now'
      : `${holders.join(', ')}, which holds ${holders.length === 1 ? 'the provider' : 'the providers'} now`;
  return `The published procedure now adds the provider again. Do not, unless the provider keeps its certificate (retain) or speaks VASA 5: registering here would take the trust from ${others}. The cure is one certificate from an external CA for all of them.`;
}

/** Signs that the step failed, and what to do then. */
export function stepFailed(step: CleanupStep): string {
  switch (step.kind) {
    case 'confirm-backup':
      return 'No backup: do not begin.';
    case 'try-reconnect':
      return 'It is not online after that: go on; nothing was changed.';
    case 're-register':
      return 'Everything else is as before by then, so there is nothing to take back. CertificateNotImported: publish its root here. InvalidCertificate: expired, or another name; the array has to get another certificate. IncorrectUsernamePassword: mend the password before trying again, arrays lock accounts. Another fingerprint than was seen: stop, and find out who answers there.';
    case 'try-plain':
      return 'It is still listed: that is what the procedure is for. Another error than a NullPointerException in sps.log: stop and look first.';
    case 'open-shell':
      return '`Unknown command`: this is appliancesh, type `shell`. A refused password: stop, three in 15 minutes lock root. SPS not STARTED and HEALTHY: mend that first.';
    case 'record-state':
      return 'cmp prints a difference, or a checksum differs from the one here: somebody changed the file. Stop, and plan anew.';
    case 'arm-self-revert':
      return 'It cannot be proven armed: nothing is changed.';
    case 'lower-retry':
      return 'sed, xmllint or the checksum disagree: go back, and plan anew.';
    case 'block':
      return '`File exists`: somebody has a route there; look before going on. `ip route get` still answers: the block is not effective.';
    case 'stop-sps':
      return '`Operation not allowed in current service state`: another start or stop is under way; wait for it. Not STOPPED within 3 minutes: go back.';
    case 'start-sps':
      return 'START_PENDING for more than 15 minutes: take route and file back at once, leave SPS alone, and ask VMware support; a restart of all services takes the vCenter down for 10 to 15 minutes. `failstart`: go back; see the end of sps.log.';
    case 'await-offline':
      return 'Still online or unknown after 10 minutes: the provider is reached by another address. Go back.';
    case 'unregister':
      return 'Still listed, or a NullPointerException in sps.log: do not try again. With several registrations go on with "If one survives"; with one, go back.';
    case 'unblock':
      return '`No such process` means that it is gone already: good.';
    case 'restore-retry':
      return 'cmp prints a difference: copy the kept file again.';
    case 'restart-sps':
      return 'As in steps 4 and 5.';
    case 'disarm-self-revert':
      return 'Something of it is still there: the run says what.';
    case 'confirm-clean':
      return 'The registration is back after the restart: audit again. Another registration is missing or not as before: see sps.log.';
  }
}

const SEED = 'published case on vCenter 6.5';

/** The commands as the published procedure writes them, where ours differ. */
export function seedCommand(step: CleanupStep): string | undefined {
  switch (step.kind) {
    case 'block':
      return step.addresses.map((address) => `route add -host ${address} reject`).join('; ');
    case 'unblock':
      return step.addresses.map((address) => `route del -host ${address} reject`).join('; ');
    default:
      return undefined;
  }
}

const SOURCES: Readonly<Record<CleanupStepKind, StepSource>> = {
  'confirm-backup': {
    mark: 'documented',
    text: 'KB 320568 asks for one before certificates are changed, of all linked vCenters, powered off',
  },
  'try-reconnect': { mark: 'documented', text: 'vSphere SMS API: VasaProviderReconnect_Task, of use only while disconnected' },
  're-register': { mark: 'documented', text: `${SEED}, and the vSphere SMS API; what registering does to others is inferred` },
  'try-plain': { mark: 'documented', text: `vSphere SMS API; that a completed task proves nothing: ${SEED}` },
  'open-shell': { mark: 'documented', text: SEED },
  'record-state': { mark: 'inferred', text: 'a careful hand' },
  'arm-self-revert': { mark: 'inferred', text: 'a careful hand' },
  'disarm-self-revert': { mark: 'inferred', text: 'a careful hand' },
  'lower-retry': { mark: 'documented', text: `${SEED}; why the number matters there is inferred` },
  block: { mark: 'documented', text: `${SEED} with \`route … reject\`; \`ip route\` does the same (measured)` },
  'stop-sps': { mark: 'documented', text: SEED },
  'start-sps': { mark: 'documented', text: SEED },
  'await-offline': { mark: 'documented', text: `${SEED}; that the wait is retryAttempt × retryInterval is inferred` },
  unregister: { mark: 'documented', text: `${SEED}, in the client; the same call by API (vSphere SMS API)` },
  unblock: { mark: 'documented', text: SEED },
  'restore-retry': { mark: 'documented', text: SEED },
  'restart-sps': { mark: 'documented', text: SEED },
  'confirm-clean': { mark: 'documented', text: `${SEED}; what registering again does to others is inferred` },
};

export const stepSource = ({ kind }: CleanupStep): StepSource => SOURCES[kind];

/** By hand in the client where it is a call. */
export function actText(act: Act, plan: CleanupPlan): string {
  switch (act.by) {
    case 'ssh':
      return commandLine(act.argv);
    case 'sms':
      return `vSphere Client, ${plan.vcenter.id}: Configure > Storage Providers > ${act.name} > Remove (by API: UnregisterProvider_Task, providerId ${act.unregister})`;
    case 'sms-reconnect':
      return `by API: VasaProviderReconnect_Task on the provider with uid ${act.uid} (${act.name})`;
    case 'sms-register':
      return `vSphere Client, ${plan.vcenter.id}: Configure > Storage Providers > Add: name ${act.registration.name}, URL ${act.registration.url}, user ${act.registration.username} (by API: RegisterProvider_Task)`;
    case 'operator':
      return act.what === 'backup' ? `back up ${plan.vcenter.id}` : `ssh root@${plan.vcenter.address}`;
    case 'self-revert':
      return act.what === 'arm'
        ? `lay guard.sh beside ${plan.config.backup}, start its timer, enable its boot guard, prove both`
        : `remove timer, boot guard and the folder of ${plan.config.backup}, prove them gone`;
  }
}

export function checkText(check: Check, plan: CleanupPlan): string {
  return check.by === 'ssh'
    ? commandLine(check.argv)
    : `vSphere Client, ${plan.vcenter.id}: Storage Providers, reloaded (by API: QueryProvider)`;
}

export function expectationText(check: Check, plan: CleanupPlan): string {
  return check.by === 'ssh' ? shellExpectation(check.expect) : smsExpectation(check.expect, plan);
}

function shellExpectation(expect: Expectation): string {
  switch (expect.is) {
    case 'done':
      return 'exit code 0';
    case 'prints':
      return `shows ${expect.text.join(' and ')}`;
    case 'prints-nothing':
      return 'prints nothing';
    case 'fails':
      return expect.text === undefined ? 'fails' : `fails with "${expect.text}"`;
  }
}

function smsExpectation({ absent = [], offline = [], online = [], times }: SmsExpectation, plan: CleanupPlan): string {
  const named = (uids: readonly string[]) =>
    uids.map((uid) => plan.removals.find((one) => one.uid === uid)?.name ?? uid).join(', ');
  return [
    ...(absent.length === 0 ? [] : [`no longer lists ${named(absent)}`]),
    ...(offline.length === 0
      ? []
      : [
          `shows ${named(offline)} offline (or no longer)${times > 1 ? `, ${times === 2 ? 'twice' : `${times} times`} in a row` : ''}`,
        ]),
    ...(online.length === 0 ? [] : [`shows ${named(online)} online`]),
  ].join(' and ');
}

export function waitText({ until, least, most }: Wait): string {
  const what = {
    'sps-stopped': 'SPS is stopped',
    'sps-healthy': 'SPS is STARTED and HEALTHY',
    offline: 'the providers are offline',
    removed: 'the list has changed',
    online: 'the provider is online',
  }[until];
  return `until ${what}: ${least > 0 ? `at least ${least} s, ` : ''}at most ${most} s`;
}

export function warningText(warning: CleanupWarning, { vcenter }: CleanupPlan): string {
  switch (warning.code) {
    case 'holder-loses-nothing':
      return `${warning.holders.join(', ')} holds the trust and keeps it: nothing here touches the provider.`;
    case 'no-path-afterwards':
      return `${vcenter.id} has no other working registration for ${warning.array}: no control path until it is registered again.`;
    case 'vms-without-control-path':
      return `${warning.poweredOnVms} powered-on VMs on ${warning.datastores.join(', ')} keep their I/O, and cannot be powered on again, moved, snapshotted or backed up until then.`;
    case 'other-stale':
      return `${warning.name} is stale too and is left alone; --all-stale takes it in the same two restarts.`;
    case 'looked-once':
      return 'Stale was looked at once only. Audit again right before you begin.';
    case 'may-need-one-at-a-time':
      return `All go in one pass (that this works is inferred). Should one survive step 7, they go one at a time: ${warning.extraRestarts} more restarts of SPS.`;
    case 'services-down':
      return `Not running on ${vcenter.id}: ${warning.services.join(', ')}. SPS may not come up again without them: start them first.`;
    case 'clock-off':
      return `The clock of ${vcenter.id} is ${Math.abs(warning.seconds)} s ${warning.seconds > 0 ? 'ahead of' : 'behind'} ours: certificates and log lines are judged by time.`;
    case 'no-reconnect':
      return warning.why === 'status'
        ? `No Reconnect for ${warning.name}: it is not disconnected, and only then would that do anything.`
        : `No Reconnect for ${warning.name}: ${vcenter.id} does not trust what it serves, so it would be of no use.`;
    case 'client-cas':
      return `Registering ${warning.name} again sends this vCenter's roots to it. Likely they are added to those it knows; where it replaces them instead, the others turn offline: watch them, and audit again.`;
  }
}

export function minutes({ least, most }: { readonly least: number; readonly most: number }): string {
  return `${Math.max(1, Math.round(least / 60))} to ${Math.round(most / 60)} min`;
}
