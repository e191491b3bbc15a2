import { type Namespace, versionNumber } from './soap-types.js';
import { ServiceFault } from './soap-values.js';
import type { LabVcenter } from './world.js';

/** Version ids of the published bindings, oldest first. */
const IDS: Readonly<Record<Namespace, readonly string[]>> = {
  'urn:sms': '1.0 2.0 3.0 4.0 5.0 6.5 6.7 6.7.1 6.7.2 6.8.7 7.0.0.0 7.0.0.1 7.0.3.2 8.0.0.0 8.0.1.0 8.0.2.0 8.0.3.0'.split(' '),
  'urn:vim25':
    '2.0 2.5 2.5u2 4.0 4.1 5.0 5.1 5.5 6.0 6.5 6.7 6.7.1 6.7.2 6.7.3 6.8.7 7.0 7.0.0.0 7.0.0.2 7.0.1.0 7.0.1.1 7.0.2.0 7.0.2.1 7.0.3.0 7.0.3.1 7.0.3.2 8.0.0.0 8.0.0.1 8.0.0.2 8.0.1.0 8.0.2.0 8.0.2.1 8.0.3.0'.split(
      ' ',
    ),
};

/**
 * The version a request asks for by its SOAPAction, `urn:sms/6.5` with or without double quotes. An id this vCenter does not know, newer
 * ones included, is refused as real ones do ("Unsupported version URI"). No version at all means the service's oldest; for vim25 2.0.
 */
export function requestedVersion(vcenter: LabVcenter, ns: Namespace, soapAction: string | undefined): number {
  const action = (soapAction ?? '').trim().replace(/^"(.*)"$/, '$1');
  if (action === '' || action === ns) return versionNumber('2.0');
  const id = action.startsWith(`${ns}/`) ? action.slice(ns.length + 1) : undefined;
  if (id !== undefined && (id === vcenter.apiVersion || IDS[ns].includes(id))) {
    const asked = versionNumber(id);
    if (asked <= newestVersion(vcenter)) return asked;
  }
  throw new ServiceFault('InvalidRequest', `Unsupported version URI "${action}"`, {}, 'VersionMismatchFaultCode');
}

/** The API version of this vCenter; inferred: its SMS knows the ids up to the same number. */
export function newestVersion(vcenter: LabVcenter): number {
  return Math.max(versionNumber(vcenter.apiVersion), versionNumber(vcenter.version));
}
