import type { Certificate } from '../../model/certificate.js';
import { isoTime, type ProviderId, type Sha256Hex } from '../../model/ids.js';
import type { Endpoint, Vcenter } from '../../model/inventory.js';
import { pathToAnchor } from '../paths.js';
import { defineRule, type FindingOf } from '../rule.js';
import { isCurrentVmca, isExternal, type RegistrationSubject, subjectsByVcenter } from '../subjects.js';

/**
 * A CA certificate that a registered provider's path needs at a vCenter, or the VMCA's own, is past its end. Where another path without
 * it exists (a renewed certificate for the same key), nobody needs it and the rule stays quiet.
 */
export const rootExpired = defineRule({
  code: 'root-expired',
  subjects: (inventory) => {
    const subjects = subjectsByVcenter(inventory);
    return inventory.vcenters.map((vcenter) => ({ vcenter, registrations: subjects.get(vcenter.id) ?? [] }));
  },
  about: ({ vcenter }) => ({ vcenter: vcenter.id }),
  applies: ({ vcenter }) => vcenter.vmca !== undefined || vcenter.trustAnchors.length > 0,
  check({ vcenter, registrations }, { now }): FindingOf<'root-expired'>[] {
    const expired = neededAndExpired(vcenter, registrations, now);
    const vmca = vcenter.vmca?.certificate;
    if (vmca !== undefined && vmca.notAfter < now && isCurrentVmca(vcenter) && !expired.has(vmca.sha256))
      expired.set(vmca.sha256, { root: vmca, providers: new Set() });
    return [...expired.values()].map(({ root, providers }) => {
      const [only, ...others] = providers;
      return {
        code: 'root-expired',
        vcenter: vcenter.id,
        root: root.sha256,
        subject: root.subject,
        notAfter: isoTime(root.notAfter),
        providers: [...providers],
        ...(only === undefined || others.length > 0 ? {} : { provider: only }),
      };
    });
  },
});

/** By fingerprint: which CA certificates are past their end, and whose paths have no way round them. */
type Expired = Map<Sha256Hex, { readonly root: Certificate; readonly providers: Set<ProviderId> }>;

function neededAndExpired(vcenter: Vcenter, registrations: readonly RegistrationSubject[], now: Date): Expired {
  const expired: Expired = new Map();
  for (const subject of registrations) {
    if (subject.endpoint === undefined || !isExternal(subject)) continue;
    for (const root of expiredOnPath(subject.endpoint, vcenter, now)) {
      const entry = expired.get(root.sha256) ?? { root, providers: new Set() };
      entry.providers.add(subject.provider.id);
      expired.set(root.sha256, entry);
    }
  }
  return expired;
}

function expiredOnPath(endpoint: Endpoint, vcenter: Vcenter, now: Date): Certificate[] {
  const isExpired = (certificate: Certificate) => certificate.notAfter < now;
  // Most estates have none: no path needs to be looked for.
  const anyExpired =
    endpoint.servedChain.some(isExpired) || vcenter.trustAnchors.some(({ certificate }) => isExpired(certificate));
  const found = anyExpired ? pathToAnchor(endpoint, vcenter) : undefined;
  if (found?.kind !== 'path') return [];
  const expired = found.path.slice(1).filter(isExpired);
  if (expired.length === 0) return [];
  const around = pathToAnchor(endpoint, vcenter, (certificate) => !isExpired(certificate));
  return around?.kind === 'path' ? [] : expired;
}
