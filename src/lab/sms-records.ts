import { certificateFacts } from './certificate-facts.js';
import { type Data, data, ServiceFault, type Value } from './soap-values.js';
import { statusOf } from './sps-model.js';
import type { LabProvider, LabRegistration, LabVcenter, LabWorld } from './world.js';

const PROVIDERS = new WeakMap<LabWorld, Map<string, LabProvider>>();

/** The provider a registration's URL leads to; undefined when there is none (any more). */
export function relatedProvider(world: LabWorld, registration: LabRegistration): LabProvider | undefined {
  let byName = PROVIDERS.get(world);
  if (byName === undefined || byName.size !== world.providers.length) {
    byName = new Map(world.providers.map((provider) => [provider.name, provider]));
    PROVIDERS.set(world, byName);
  }
  return byName.get(registration.provider);
}

/** `VasaProviderInfo`. A provider that SMS never had a session with has no facts beyond what was typed in. */
export function providerInfo(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration): Data {
  const shown = statusOf(world, vcenter, registration);
  const typedIn = {
    uid: registration.uid,
    name: registration.name,
    description: registration.description,
    url: registration.url,
    status: shown.status,
  };
  const provider = relatedProvider(world, registration);
  if (provider === undefined) return data('VasaProviderInfo', typedIn);
  const certificate = registration.certificate;
  const expiry = certificate === undefined ? undefined : certificateFacts(certificate)?.notAfter;
  const isExternal = registration.category === 'external';
  return data('VasaProviderInfo', {
    ...typedIn,
    version: '1.2.0',
    certificate,
    statusFault: shown.fault === undefined ? undefined : statusFault(shown.fault),
    vasaVersion: provider.vasaVersion,
    namespace: provider.namespace,
    lastSyncTime: registration.lastSyncMs === undefined ? undefined : timeText(new Date(registration.lastSyncMs), 23),
    supportedVendorModelMapping: vendorModels(provider),
    supportedProfile: ['blockDevice', 'capability'],
    supportedProviderProfile: isExternal ? ['ProfileBasedManagement', 'Replication'] : ['ProfileBasedManagement'],
    relatedStorageArray: provider.arrays.map((array) =>
      data('RelatedStorageArray', {
        arrayId: array.id,
        active: registration.active,
        manageable: shown.status === 'online',
        priority: registration.priority,
      }),
    ),
    providerId: provider.providerId,
    certificateExpiryDate: expiry === undefined ? undefined : timeText(expiry, 21),
    certificateStatus: shown.certificateStatus,
    serviceLocation: serviceLocation(registration),
    needsExplicitActivation: registration.needsExplicitActivation ?? false,
    maxBatchSize: 100,
    retainVasaProviderCertificate: shown.retained,
    arrayIndependentProvider: false,
    type: isExternal ? 'PERSISTENCE' : 'DATASERVICE',
    category: registration.category,
    priority: registration.priority,
    failoverGroupId: provider.arrays[0]?.id.replace(/^.*:/, ''),
  });
}

/** Where SMS talks to the provider: host and port as registered. */
export function serviceLocation(registration: LabRegistration): string {
  const end = registration.url.indexOf('/', registration.url.indexOf('//') + 2);
  return `${end < 0 ? registration.url : registration.url.slice(0, end)}/vasa/services/vasaService`;
}

export function storageArrays(world: LabWorld, registrations: readonly LabRegistration[]): Data[] {
  const arrays = new Map<string, Data>();
  for (const registration of registrations) {
    for (const array of relatedProvider(world, registration)?.arrays ?? []) {
      if (arrays.has(array.id)) continue;
      arrays.set(
        array.id,
        data('StorageArray', {
          name: array.name,
          uuid: array.id,
          vendorId: array.vendorId,
          modelId: array.modelId,
          firmware: '6.4.10',
          alternateName: [array.name],
          supportedBlockInterface: ['fc', 'iscsi'],
          supportedProfile: ['blockDevice', 'capability', 'object'],
          priority: registration.priority,
        }),
      );
    }
  }
  return [...arrays.values()];
}

/** @param wanted container ids, all when empty; an unknown one is NotFound */
export function storageContainers(world: LabWorld, vcenter: LabVcenter, wanted: readonly string[]): Data | undefined {
  const known = new Map(vcenter.datastores.map((datastore) => [datastore.containerId, datastore]));
  if (wanted.some((id) => !known.has(id)))
    throw new ServiceFault('NotFound', 'The object or item referred to could not be found.');
  const datastores = [...known.values()].filter((one) => wanted.length === 0 || wanted.includes(one.containerId));
  if (datastores.length === 0) return undefined;
  const involved = new Set<LabRegistration>();
  const storageContainer = datastores.map((datastore): Value => {
    const registrations = vcenter.registrations.filter((registration) =>
      relatedProvider(world, registration)?.arrays.some((array) => array.id === datastore.arrayId),
    );
    for (const registration of registrations) involved.add(registration);
    return data('StorageContainer', {
      uuid: datastore.containerId,
      name: datastore.name,
      maxVvolSizeInMB: 67_108_864,
      providerId: registrations.map((registration) => registration.uid),
      arrayId: [datastore.arrayId],
      vvolContainerType: 'SCSI',
      stretched: false,
    });
  });
  return data('StorageContainerResult', {
    storageContainer,
    providerInfo: [...involved].map((registration) => providerInfo(world, vcenter, registration)),
  });
}

function statusFault(fault: { readonly type: string; readonly message: string; readonly certificate?: string }): Data {
  return data('LocalizedMethodFault', {
    fault: data(fault.type, { certificate: fault.certificate }),
    localizedMessage: fault.message,
  });
}

function vendorModels(provider: LabProvider): Value {
  const seen = new Map(provider.arrays.map((array) => [`${array.vendorId} ${array.modelId}`, array]));
  return [...seen.values()].map((array) =>
    data('SupportedVendorModelMapping', { vendorId: array.vendorId, modelId: array.modelId }),
  );
}

/** SMS tells times as text of its own form, `2026-11-22 13:45:00.123`; the form is not vendor-confirmed. */
function timeText(time: Date, length: number): string {
  return time.toISOString().replace('T', ' ').slice(0, length);
}
