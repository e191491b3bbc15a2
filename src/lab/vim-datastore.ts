import { certificateFacts } from './certificate-facts.js';
import { relatedProvider, serviceLocation } from './sms-records.js';
import { type Data, data, ref, type Value } from './soap-values.js';
import type { LabDatastore, LabProvider, LabRegistration, LabVcenter, LabWorld } from './world.js';

const CAPACITY = 109_951_162_777_600;
const FREE = 98_956_046_499_840;
const MAX_FILE = 70_368_744_177_664;

/** A property of a VVol datastore as the PropertyCollector tells it; undefined: unset. */
export function datastoreProperty(
  world: LabWorld,
  vcenter: LabVcenter,
  datastore: LabDatastore,
  name: string,
): Value | undefined {
  switch (name) {
    case 'info':
      return datastoreInfo(world, vcenter, datastore);
    case 'summary':
      return data('DatastoreSummary', {
        datastore: ref('Datastore', datastore.ref),
        name: datastore.name,
        url: urlOf(datastore),
        capacity: CAPACITY,
        freeSpace: FREE,
        accessible: isAccessible(datastore),
        multipleHostAccess: datastore.mounts.length > 1,
        type: 'VVOL',
        maintenanceMode: 'normal',
      });
    case 'host':
      return datastore.mounts.map((mount) =>
        data('DatastoreHostMount', {
          key: ref('HostSystem', mount.host),
          mountInfo: data('HostMountInfo', {
            path: `/vmfs/volumes/${datastore.containerId}`,
            accessMode: 'readWrite',
            mounted: true,
            accessible: mount.accessible,
            inaccessibleReason: mount.accessible ? undefined : 'AllPathsDown_Timeout',
          }),
        }),
      );
    case 'vm':
      return vcenter.vms.filter((vm) => vm.datastore === datastore.ref).map((vm) => ref('VirtualMachine', vm.ref));
    default:
      return undefined;
  }
}

/** vCenter calls a datastore accessible while any host reaches it. */
function isAccessible(datastore: LabDatastore): boolean {
  return datastore.mounts.some((mount) => mount.accessible);
}

function datastoreInfo(world: LabWorld, vcenter: LabVcenter, datastore: LabDatastore): Data {
  const told = datastore.told
    .map((uid) => vcenter.registrations.find((registration) => registration.uid === uid))
    .filter((registration) => registration !== undefined);
  const arrays = vcenter.registrations.flatMap((registration) => relatedProvider(world, registration)?.arrays ?? []);
  const array = arrays.find((one) => one.id === datastore.arrayId);
  return data('VvolDatastoreInfo', {
    name: datastore.name,
    url: urlOf(datastore),
    freeSpace: FREE,
    maxFileSize: MAX_FILE,
    maxMemoryFileSize: MAX_FILE,
    timestamp: world.now(),
    containerId: datastore.containerId,
    vvolDS: data('HostVvolVolume', {
      type: 'VVOL',
      name: datastore.name,
      capacity: CAPACITY,
      scId: datastore.containerId,
      hostPE: datastore.mounts.map((mount) => protocolEndpoints(datastore, mount.host)),
      vasaProviderInfo: told.map((registration) => toldProvider(world, vcenter, registration)),
      storageArray:
        array === undefined
          ? undefined
          : [data('VASAStorageArray', { name: array.name, uuid: array.id, vendorId: array.vendorId, modelId: array.modelId })],
      protocolEndpointType: 'scsi',
      vvolNQNFieldsAvailable: false,
      stretched: false,
    }),
  });
}

function protocolEndpoints(datastore: LabDatastore, host: string): Data {
  const device = `naa.624a9370${datastore.arrayId.replace(/[^0-9a-f]/g, '').slice(0, 24)}`;
  return data('VVolHostPE', {
    key: ref('HostSystem', host),
    protocolEndpoint: [
      data('HostProtocolEndpoint', {
        peType: 'block',
        type: 'scsi',
        uuid: device,
        hostKey: [ref('HostSystem', host)],
        storageArray: datastore.arrayId,
        deviceId: device,
      }),
    ],
  });
}

/** What hosts were told about a provider: joined with SMS by namespace and providerId, not by the uid of SMS. */
function toldProvider(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): Data {
  const provider = relatedProvider(world, registration);
  const leaf = registration.certificate;
  const isSelfSigned = leaf !== undefined && certificateFacts(leaf)?.isSelfSigned === true;
  return data('VimVasaProviderInfo', {
    provider: data('VimVasaProvider', {
      uid: provider === undefined ? undefined : `${provider.namespace}:${provider.providerId}`,
      url: serviceLocation(registration),
      name: registration.name,
      selfSignedCertificate: isSelfSigned ? leaf : undefined,
      vhostConfig: provider === undefined ? undefined : virtualHostConfig(provider, vcenter),
      versionId: provider === undefined ? undefined : versionId(provider),
    }),
    arrayState: provider?.arrays.map((array) =>
      data('VimVasaProviderStatePerArray', {
        priority: registration.priority,
        arrayId: array.id,
        active: registration.active,
      }),
    ),
  });
}

function virtualHostConfig(provider: LabProvider, vcenter: LabVcenter): Data | undefined {
  const virtualHost = provider.virtualHosts.get(vcenter.id);
  if (virtualHost === undefined) return undefined;
  return data('VimVasaProviderVirtualHostConfig', {
    vhostName: virtualHost.vhostName,
    serviceHost: provider.addresses[0] ?? provider.host,
    servicePort: virtualHost.servicePort,
  });
}

/** Source: the API text of `VimVasaProvider.versionId`: 3.0 is 4, … 5.0 is 7, and so on. */
function versionId(provider: LabProvider): number | undefined {
  const table: Readonly<Record<string, number>> = {
    '1.0': 1,
    '1.5': 2,
    '2.0': 3,
    '3.0': 4,
    '3.5': 5,
    '4.0': 6,
    '5.0': 7,
    '6.0': 8,
  };
  return table[provider.vasaVersion];
}

function urlOf(datastore: LabDatastore): string {
  return `ds:///vmfs/volumes/${datastore.containerId}/`;
}
