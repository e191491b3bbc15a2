import type { Certificate } from '../../model/certificate.js';
import { findPath } from '../../x509/path.js';
import { defineRule } from '../rule.js';
import { aboutRegistration, isExternal, registrationSubjects } from '../subjects.js';

/**
 * vCenter trusts what the provider serves, hosts that depend on it do not: SMS shows the provider online while the hosts' control path is
 * down. Only where vCenter trusts by a CA: a certificate it keeps under the provider's URL reaches hosts another way.
 */
export const hostTrustMissing = defineRule({
  code: 'host-trust-missing',
  subjects: registrationSubjects,
  about: aboutRegistration,
  applies: (subject) =>
    isExternal(subject) && subject.registration.trusted.grade === 'path' && subject.registration.trusted.value === true,
  check({ provider, registration, vcenter, endpoint }) {
    const { dependents } = registration;
    const leaf = endpoint?.leaf;
    if (leaf === undefined) return { missing: 'the served leaf' };
    if (dependents === undefined || vcenter?.hosts === undefined) return { missing: 'which hosts depend on the provider' };
    const dependent = vcenter.hosts.filter(({ name, ref }) => dependents.hosts.includes(name) || dependents.hosts.includes(ref));
    const seen = dependent.flatMap(({ name, trustAnchors }) => (trustAnchors === undefined ? [] : [{ name, trustAnchors }]));
    const without = seen
      .filter(({ trustAnchors }) => !verifies(leaf, endpoint?.servedChain ?? [], trustAnchors))
      .map(({ name }) => name);
    if (without.length === 0)
      return seen.length < dependent.length ? { missing: 'the trust anchors of every dependent host' } : [];
    const keyId = leaf.aki === undefined ? {} : { wantedKeyId: leaf.aki };
    return [
      {
        code: 'host-trust-missing',
        provider: provider.id,
        vcenter: registration.vcenter,
        hosts: without,
        issuer: leaf.issuer,
        ...keyId,
      },
    ];
  },
});

function verifies(leaf: Certificate, servedChain: readonly Certificate[], anchors: readonly Certificate[]): boolean {
  return findPath(leaf, [...servedChain, ...anchors], anchors).kind === 'path';
}
