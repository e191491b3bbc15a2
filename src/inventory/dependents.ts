import type { SmsProviderRecord, VcenterEvidence, VvolDatastore } from '../model/evidence.js';
import type { Dependents } from '../model/inventory.js';
import { hostPortKey } from './group-providers.js';

/**
 * The VVol datastores that use this provider or an array behind it, their VMs and hosts. Undefined where any of the three was not seen:
 * a count that may be too low must not look like a count.
 */
export function dependentsOf(record: SmsProviderRecord, vcenter: VcenterEvidence): Dependents | undefined {
  if (vcenter.datastores.state !== 'seen' || vcenter.vms.state !== 'seen' || vcenter.hosts.state !== 'seen') return undefined;
  const hostName = new Map(vcenter.hosts.value.map((host) => [host.ref, host.name]));
  const datastores = vcenter.datastores.value.filter((datastore) => uses(datastore, record));
  const refs = new Set(datastores.map((datastore) => datastore.ref));
  const vms = vcenter.vms.value.filter((vm) => vm.datastores.some((ref) => refs.has(ref)));
  const hosts = new Set(
    datastores.flatMap((datastore) => datastore.mounts.map((mount) => hostName.get(mount.host) ?? mount.host)),
  );
  return {
    datastores: datastores
      .map((datastore) => ({
        name: datastore.name,
        accessible: datastore.accessible,
        accessibleOn: datastore.mounts
          .filter((mount) => mount.accessible === true)
          .map((mount) => hostName.get(mount.host) ?? mount.host),
        poweredOnVms: vms.filter((vm) => vm.powerState === 'poweredOn' && vm.datastores.includes(datastore.ref)).length,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    vms: vms.length,
    poweredOnVms: vms.filter((vm) => vm.powerState === 'poweredOn').length,
    hosts: [...hosts].sort(),
    vmNames: vms.map((vm) => vm.name).sort(),
  };
}

/** Joined by what hosts were told (namespace and providerId, or the URL), else by array. */
function uses(datastore: VvolDatastore, record: SmsProviderRecord): boolean {
  const uid =
    record.namespace !== undefined && record.providerId !== undefined ? `${record.namespace}:${record.providerId}` : undefined;
  const arrays = new Set(record.arrays.map((array) => array.arrayId));
  return (
    datastore.told.some((told) => (uid !== undefined && told.uid === uid) || hostPortKey(told.url) === hostPortKey(record.url)) ||
    datastore.arrays.some((array) => arrays.has(array)) ||
    datastore.told.some((told) => told.arrays.some((array) => arrays.has(array.arrayId)))
  );
}
