import type { SmsProviderRecord, ToldProvider, VvolDatastore } from '../model/evidence.js';
import { hostPortKey } from './group-providers.js';

export interface VirtualHost {
  readonly name?: string;
  readonly port?: number;
}

/** From VASA 5 on every vCenter has its own virtual host at the provider. Source: vSphere 8 storage guide; `VimVasaProvider.vhostConfig`. */
function usesVirtualHosts(vasaVersion: string | undefined): boolean {
  return Number.parseInt(vasaVersion ?? '', 10) >= 5;
}

/**
 * Whether a registration is judged at a virtual host. A version that SMS does not tell (it learns it at the first sync) says nothing;
 * that hosts were told of a virtual host does.
 */
export function isAtVirtualHost(record: SmsProviderRecord, datastores: readonly VvolDatastore[]): boolean {
  return record.vasaVersion === undefined
    ? virtualHostOf(record, datastores) !== undefined
    : usesVirtualHosts(record.vasaVersion);
}

/** This vCenter's own virtual host at the provider, as its hosts were told; undefined where nobody says. */
export function virtualHostOf(record: SmsProviderRecord, datastores: readonly VvolDatastore[]): VirtualHost | undefined {
  const uid =
    record.namespace !== undefined && record.providerId !== undefined ? `${record.namespace}:${record.providerId}` : undefined;
  const told = datastores.flatMap((datastore) => datastore.told).find((one) => hasVhost(one) && isSame(one, uid, record));
  if (told?.vhost === undefined) return undefined;
  const { name, servicePort } = told.vhost;
  return { ...(name === undefined ? {} : { name }), ...(servicePort === undefined ? {} : { port: servicePort }) };
}

function hasVhost(told: ToldProvider): boolean {
  return told.vhost?.name !== undefined || told.vhost?.servicePort !== undefined;
}

function isSame(told: ToldProvider, uid: string | undefined, record: SmsProviderRecord): boolean {
  if (uid !== undefined && told.uid !== undefined) return told.uid === uid;
  const locations = [record.url, record.serviceLocation].flatMap((url) => (url === undefined ? [] : [hostPortKey(url)]));
  return locations.includes(hostPortKey(told.url));
}
