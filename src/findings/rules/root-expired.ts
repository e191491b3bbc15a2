import type { Certificate } from '../../model/certificate.js';
import { isoTime } from '../../model/ids.js';
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
  check({ vcenter, registrations }, { now }) {
    const findings = neededAndExpired(vcenter, registrations, now);
    const { vmca } = vcenter;
    const named = vmca !== undefined && findings.some((finding) => finding.root === vmca.certificate.sha256);
    if (vmca !== undefined && !named && vmca.certificate.notAfter < now && isCurrentVmca(vcenter))
      findings.push({ code: 'root-expired', vcenter: vcenter.id, ...described(vmca.certificate) });
    return findings;
  },
});

function neededAndExpired(
  vcenter: Vcenter,
  registrations: readonly RegistrationSubject[],
  now: Date,
): FindingOf<'root-expired'>[] {
  const findings = new Map<string, FindingOf<'root-expired'>>();
  for (const subject of registrations) {
    if (subject.endpoint === undefined || !isExternal(subject)) continue;
    for (const certificate of expiredOnPath(subject.endpoint, vcenter, now)) {
      const provider = subject.provider.id;
      findings.set(`${provider} ${certificate.sha256}`, {
        code: 'root-expired',
        vcenter: vcenter.id,
        provider,
        ...described(certificate),
      });
    }
  }
  return [...findings.values()];
}

function expiredOnPath(endpoint: Endpoint, vcenter: Vcenter, now: Date): Certificate[] {
  const found = pathToAnchor(endpoint, vcenter);
  if (found?.kind !== 'path') return [];
  const expired = found.path.slice(1).filter((certificate) => certificate.notAfter < now);
  if (expired.length === 0) return [];
  const around = pathToAnchor(endpoint, vcenter, (certificate) => certificate.notAfter >= now);
  return around?.kind === 'path' ? [] : expired;
}

function described(certificate: Certificate) {
  return { root: certificate.sha256, subject: certificate.subject, notAfter: isoTime(certificate.notAfter) };
}
