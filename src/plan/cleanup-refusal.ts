import type { CleanupRefusal, CleanupRefusalCode } from '../model/cleanup-plan.js';
import type { VcenterId } from '../model/ids.js';
import { unreachable } from '../model/problem.js';

/** Why a cleanup is refused, each with what its words need. */
export type RefusalReason =
  | { readonly code: 'not-registered'; readonly vcenter: VcenterId; readonly wanted: string; readonly names: readonly string[] }
  | {
      readonly code: 'not-stale';
      readonly name: string;
      readonly proven: 'not-stale' | 'unknown' | 'changed';
      readonly why: string;
    }
  | { readonly code: 'issuer-unknown'; readonly name: string }
  | { readonly code: 'internal-provider'; readonly name: string }
  | {
      readonly code: 'leftover-route';
      readonly address: string;
      readonly line: string;
      readonly remove: string;
      /** One that step 3 could have made; any other is not taken over. */
      readonly isOfProcedure: boolean;
    }
  | { readonly code: 'static-route'; readonly address: string; readonly line: string }
  | {
      readonly code: 'dependents-running';
      readonly datastore: string;
      readonly poweredOn: number | undefined;
      readonly accessibleOn: readonly string[];
    }
  | { readonly code: 'dependents-unknown'; readonly name: string }
  | { readonly code: 'shared-address'; readonly address: string; readonly others: readonly string[] }
  | { readonly code: 'protected-address'; readonly address: string; readonly what: string }
  | { readonly code: 'addresses-unknown'; readonly name: string; readonly why: string }
  | { readonly code: 'cannot-block'; readonly address: string }
  | { readonly code: 'backup-unconfirmed'; readonly vcenters: readonly string[] }
  | { readonly code: 'sps-unhealthy'; readonly state: string }
  | { readonly code: 'config-unexpected'; readonly path: string; readonly why: string }
  | { readonly code: 'cleanup-leftover'; readonly path: string; readonly value: string }
  | { readonly code: 'another-run'; readonly what: string }
  | { readonly code: 'another-appliance'; readonly vcenter: string; readonly rest: string; readonly store: string }
  | { readonly code: 'disk-full'; readonly mount: string; readonly freeMib: number }
  | { readonly code: 'password-expiring'; readonly days: number }
  | { readonly code: 'vcha-enabled'; readonly state: string; readonly mode: string | undefined }
  | {
      readonly code: 'would-take-trust';
      readonly name: string;
      readonly vcenter: VcenterId;
      readonly holders: readonly VcenterId[];
      /** Why nobody can say that nobody loses it; empty where it is proven who does. */
      readonly unproven: readonly string[];
      readonly array: string;
    }
  | {
      readonly code: 'cannot-register';
      readonly name: string;
      readonly why:
        | { readonly kind: 'not-configured'; readonly url: string }
        | { readonly kind: 'not-seen' }
        | { readonly kind: 'root-missing' }
        | { readonly kind: 'name'; readonly host: string };
    };

/** Whether `--accept CODE[:NAME]` lifts it. Never what is no judgement of the operator's: a fact that is missing, or an address that is needed. */
const ACCEPTABLE: Readonly<Record<CleanupRefusalCode, boolean>> = {
  'not-registered': false,
  'not-stale': false,
  'issuer-unknown': true,
  'internal-provider': false,
  'leftover-route': true,
  'static-route': false,
  'dependents-running': true,
  'dependents-unknown': true,
  'shared-address': true,
  'protected-address': false,
  'addresses-unknown': false,
  'cannot-block': false,
  'backup-unconfirmed': true,
  'sps-unhealthy': true,
  'config-unexpected': false,
  'cleanup-leftover': false,
  'another-run': true,
  'another-appliance': true,
  'disk-full': true,
  'password-expiring': true,
  'vcha-enabled': true,
  // It protects others than the one who would accept it.
  'would-take-trust': false,
  'cannot-register': false,
};

export function refusalOf(reason: RefusalReason): CleanupRefusal {
  const name = nameOf(reason);
  const { code } = reason;
  return { code, ...(name === undefined ? {} : { name }), acceptable: isAcceptable(reason), ...wordsOf(reason) };
}

function isAcceptable(reason: RefusalReason): boolean {
  if (reason.code === 'leftover-route') return reason.isOfProcedure;
  // Whoever holds the lock keeps it, whatever anybody accepts.
  if (reason.code === 'another-run') return reason.what !== LOCK;
  return ACCEPTABLE[reason.code];
}

const LOCK = '/root/.vasatrust/lock';

function nameOf(reason: RefusalReason): string | undefined {
  switch (reason.code) {
    case 'not-registered':
      return reason.wanted;
    case 'dependents-running':
      return reason.datastore;
    case 'leftover-route':
    case 'static-route':
    case 'shared-address':
    case 'protected-address':
    case 'cannot-block':
      return reason.address;
    case 'another-run':
      return reason.what;
    case 'disk-full':
      return reason.mount;
    case 'not-stale':
    case 'issuer-unknown':
    case 'internal-provider':
    case 'dependents-unknown':
    case 'addresses-unknown':
    case 'would-take-trust':
    case 'cannot-register':
      return reason.name;
    case 'backup-unconfirmed':
    case 'another-appliance':
    case 'sps-unhealthy':
    case 'config-unexpected':
    case 'cleanup-leftover':
    case 'password-expiring':
    case 'vcha-enabled':
      return undefined;
    default:
      return unreachable(reason);
  }
}

function wordsOf(reason: RefusalReason): { readonly summary: string; readonly remedy: string } {
  switch (reason.code) {
    case 'not-registered':
      return {
        summary: `${reason.vcenter} has no registration that answers to "${reason.wanted}"`,
        remedy: `Name it by uid, URL or registered name. Registered there: ${reason.names.join(', ') || 'none'}.`,
      };
    case 'not-stale':
      return notStale(reason);
    case 'issuer-unknown':
      return {
        summary: `who issued what ${reason.name} serves is not known, and SMS does not say whether the provider keeps its certificate`,
        remedy:
          'Look for a vCenter that is missing from estate.yaml and may hold the provider, or for a CA that this vCenter only lacks: then publishing the CA is the cure. Accept it only when you know that the registration is to go.',
      };
    case 'internal-provider':
      return {
        summary: `${reason.name} is an internal provider of vCenter (IO filter or vSAN)`,
        remedy: 'Leave it: vCenter registers and removes these itself, and blocking their address blocks the ESXi host.',
      };
    case 'leftover-route':
      return {
        summary: `a reject route to ${reason.address} is on the appliance already: "${reason.line}"`,
        remedy: `An earlier cleanup or somebody's hand left it, or one that is under way needs it: where another-run stands here too, bring that to its end first and leave the route alone. Otherwise remove it with \`${reason.remove}\`, audit again, and clean up only what is stale then. ${reason.isOfProcedure ? 'Accepted, it is taken over and removed in step 8.' : 'It is none that a cleanup makes, so it is not taken over.'}`,
      };
    case 'static-route':
      return {
        summary: `the appliance has a route of its own to ${reason.address}: "${reason.line}"`,
        remedy: `A reject route cannot stand beside it. Note the line, remove it with \`ip route del …\`, run the cleanup, and add it again afterwards.`,
      };
    case 'dependents-running':
      return dependentsRunning(reason);
    case 'dependents-unknown':
      return {
        summary: `which datastores and VMs depend on ${reason.name} was not seen`,
        remedy:
          'Give the account read access to datastores, hosts and VMs (audit lists the gap). Accept it only after looking by hand.',
      };
    case 'shared-address':
      return {
        summary: `${reason.address} also serves ${reason.others.join(', ')}, which would be blocked with it`,
        remedy: 'Blocked are addresses, not ports. Accepted, that registration is offline until step 8 as well.',
      };
    case 'protected-address':
      return {
        summary: `${reason.address} is ${reason.what}: blocking it would cut the vCenter off`,
        remedy:
          'The procedure cannot be used for this provider. Ask VMware support, or remove the registration after the provider has moved to another address.',
      };
    case 'addresses-unknown':
      return {
        summary: `the addresses of ${reason.name} as its appliance resolves them are not known: ${reason.why}`,
        remedy: 'Configure `ssh` for this vCenter and check that `getent ahosts NAME` answers on the appliance.',
      };
    case 'cannot-block':
      return {
        summary: `${reason.address} cannot be blocked: the appliance has no \`ip\`, and \`route\` makes no reject routes for IPv6`,
        remedy:
          'Give the appliance `ip` (package iproute2), or register the provider by a name that has no IPv6 address there, and plan again. The other addresses alone would leave SPS a way.',
      };
    case 'backup-unconfirmed':
      return {
        summary: `nobody has confirmed a backup or snapshot of ${reason.vcenters.join(', ')}`,
        remedy:
          'Take one (of all linked vCenters at the same time, powered off where they are linked), check it, then say --accept backup-unconfirmed.',
      };
    case 'sps-unhealthy':
      return {
        summary: `SPS is ${reason.state} before anything was done`,
        remedy:
          'Bring it to STARTED and HEALTHY first, and never start it a second time while it is starting. Where it hangs for long, VMware names a restart of all services, which takes the vCenter down for 10 to 15 minutes.',
      };
    case 'config-unexpected':
      return {
        summary: `${reason.path} is not as the procedure expects it: ${reason.why}`,
        remedy:
          'Compare it with an appliance of the same build. Where your build ships another number of retries, give it with --original-retry NUMBER.',
      };
    case 'cleanup-leftover':
      return {
        summary: `${reason.path} says retryAttempt ${reason.value} already: a cleanup has not put it back`,
        remedy:
          'Find out what it was (99999 as far as is published; compare with an appliance of the same build) and give it with --original-retry NUMBER: that is what it says at the end.',
      };
    case 'another-run':
      return {
        summary: `${reason.what} is on the appliance: a cleanup is under way there, or was interrupted`,
        remedy:
          'Touch nothing before you know which. Ask who runs it; where its journal is, `vasatrust runs list` shows whether it is under way, and `runs resume` or `runs revert` end an interrupted one. Only where there is no journal any more: put back what it left (audit shows route, number and timer), remove it, and audit again.',
      };
    case 'disk-full':
      return {
        summary: `${reason.mount} has ${reason.freeMib} MiB free, less than 500`,
        remedy: 'Make room first: SPS does not start without room for its log, and a full disk can cut a file short.',
      };
    case 'password-expiring':
      return {
        summary: reason.days < 0 ? "root's password has expired" : `root's password expires in ${reason.days} days`,
        remedy: 'Change it first: a login that is refused half-way leaves the appliance as it is then.',
      };
    case 'another-appliance':
      return {
        summary: `the appliance that answers by SSH keeps another machine certificate (SHA-256 ${reason.store}) than ${reason.vcenter} says by REST (${reason.rest}): it may be another vCenter's`,
        remedy:
          'Compare `ssh` and `address` of this vCenter in estate.yaml. Accept it only where both are the same machine, and its certificate is just being replaced.',
      };
    case 'vcha-enabled':
      return {
        summary: `vCenter High Availability is ${[reason.state, reason.mode].filter((word) => word !== undefined).join(', ')}: a fail-over would drop the route and leave the passive node with another sms-config.xml`,
        remedy:
          'Put it into maintenance mode (or disable it) for the time of the cleanup: vSphere Client, vCenter, Configure > vCenter HA > Edit. Put it back afterwards.',
      };
    case 'would-take-trust':
      return wouldTakeTrust(reason);
    case 'cannot-register':
      return cannotRegister(reason);
    default:
      return unreachable(reason);
  }
}

function notStale(reason: Extract<RefusalReason, { code: 'not-stale' }>): { summary: string; remedy: string } {
  switch (reason.proven) {
    case 'not-stale':
      return {
        summary: `${reason.name} is not stale: ${reason.why}`,
        remedy: 'Nothing is to be cleaned up. A registration that works is removed in the vSphere Client.',
      };
    case 'unknown':
      return {
        summary: `${reason.name} is not proven stale: ${reason.why}`,
        remedy:
          'Close the gaps that the audit lists for this vCenter (above all `ssh`), then try again. Nothing is removed on a guess.',
      };
    case 'changed':
      return {
        summary: `${reason.name} was stale at the first look and is not at the second: ${reason.why}`,
        remedy: 'Something is changing right now. Wait, audit, and find out who is working on it.',
      };
  }
}

function dependentsRunning(reason: Extract<RefusalReason, { code: 'dependents-running' }>): { summary: string; remedy: string } {
  const { datastore, poweredOn, accessibleOn } = reason;
  const parts = [
    ...(poweredOn === 0
      ? []
      : [
          poweredOn === undefined
            ? 'powered-on VMs depend on the provider'
            : `${poweredOn} powered-on VM${poweredOn === 1 ? '' : 's'}`,
        ]),
    ...(accessibleOn.length === 0 ? [] : [`still accessible on ${accessibleOn.join(', ')}`]),
  ];
  return {
    summary: `datastore ${datastore}: ${parts.join('; ')}`,
    remedy:
      'Running VMs keep their I/O, but cannot be powered on again, moved, snapshotted or backed up until the provider is registered once more. Move or stop them first, or accept it for this datastore.',
  };
}

function wouldTakeTrust(reason: Extract<RefusalReason, { code: 'would-take-trust' }>): { summary: string; remedy: string } {
  const { name, vcenter, holders, unproven, array } = reason;
  const from =
    holders.length === 0 ? '' : `: ${holders.join(', ')} ${holders.length === 1 ? 'holds' : 'hold'} it now and would lose it`;
  const open = unproven.length === 0 ? '' : `; ${unproven.join('; ')}`;
  return {
    summary:
      holders.length > 0
        ? `registering ${name} at ${vcenter} again would make it sign for ${vcenter}${from}${open}`
        : `nobody can say that registering ${name} at ${vcenter} again takes it from no other vCenter${open}`,
    remedy: `Leave --re-register out: the removal alone takes the trust from nobody. The way back for all of them is one certificate from an external CA: \`vasatrust plan external-ca --provider ${array}\`.`,
  };
}

function cannotRegister({ name, why }: Extract<RefusalReason, { code: 'cannot-register' }>): { summary: string; remedy: string } {
  switch (why.kind) {
    case 'not-configured':
      return {
        summary: `estate.yaml does not say how ${name} is registered`,
        remedy: `Add it under providers: \`- url: ${why.url}\` with \`registration: { name, username, password: { env: … } }\`; or leave --re-register out.`,
      };
    case 'not-seen':
      return {
        summary: `what ${name} serves was not seen, so there is nothing to compare with what SMS would ask to trust`,
        remedy: 'Close the gap that the audit lists for this provider, or leave --re-register out.',
      };
    case 'root-missing':
      return {
        summary: `${name} keeps a certificate that this vCenter does not trust: the registration would fail (CertificateNotImported)`,
        remedy: 'Publish the root of that certificate here first (see `vasatrust plan external-ca`), or leave --re-register out.',
      };
    case 'name':
      return {
        summary: `the certificate of ${name} does not hold ${why.host}, nor any other name it is known by: the registration would fail (InvalidCertificate)`,
        remedy:
          'Give a URL whose host is in the certificate, as `url` of this provider in estate.yaml, or leave --re-register out.',
      };
    default:
      return unreachable(why);
  }
}
