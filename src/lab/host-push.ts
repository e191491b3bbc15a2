import type { DerBase64 } from '../model/ids.js';
import { ioFilterOf } from './build-inventory.js';
import { settle } from './sps-model.js';
import { firstEntry, SMS_SELF_SIGNED } from './sps-trust.js';
import type { LabHost, LabVcenter, LabWorld } from './world.js';

/**
 * A refresh of CA certificates: the host gets this vCenter's TRUSTED_ROOTS in place of what it had. On ESXi 6.7 and 7.0 that was seen to take
 * vCenter's SMS certificate out of the host's store, so that its IO-filter provider lets SMS in no longer; it is a switch.
 */
export function pushRootsToHost(world: LabWorld, vcenter: LabVcenter, host: LabHost): void {
  const drops = world.switches.hostPush === 'drops-sms' && Number.parseFloat(host.version) < 8;
  host.trustAnchors = [...vcenter.trustedRoots];
  fillStore(world, vcenter, host, drops ? [] : firstEntry(vcenter, [SMS_SELF_SIGNED]));
}

/** What a person does about it at the host: the SMS certificate goes back into its `castore.pem`. */
export function appendSmsCertificate(world: LabWorld, vcenter: LabVcenter, host: LabHost): void {
  fillStore(world, vcenter, host, firstEntry(vcenter, [SMS_SELF_SIGNED]));
}

function fillStore(world: LabWorld, vcenter: LabVcenter, host: LabHost, more: readonly DerBase64[]): void {
  const provider = world.providers.find((one) => one.name === ioFilterOf(host));
  if (provider === undefined) return;
  settle(world, vcenter);
  provider.clientRoots.splice(0, provider.clientRoots.length, ...host.trustAnchors, ...more);
  settle(world, vcenter);
}
