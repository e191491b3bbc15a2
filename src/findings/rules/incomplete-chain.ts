import type { Certificate } from '../../model/certificate.js';
import type { Sha256Hex } from '../../model/ids.js';
import type { Endpoint, Inventory, Vcenter } from '../../model/inventory.js';
import { findPath } from '../../x509/path.js';
import { casOfEstate } from '../paths.js';
import { defineRule, type FindingOf } from '../rule.js';
import { isExternal, subjectsByProvider } from '../subjects.js';

/**
 * The provider leaves out an intermediate certificate that some vCenters happen to have and others do not: those trust it, these do not,
 * though they trust the same root. Proven by the path that exists as soon as the certificate is added.
 */
export const incompleteChain = defineRule({
  code: 'incomplete-chain',
  subjects: (inventory) => {
    const intermediates = casOfEstate(inventory).filter((ca) => ca.subject !== ca.issuer);
    return [...subjectsByProvider(inventory)].map(([provider, subjects]) => ({
      inventory,
      intermediates,
      provider,
      distrusted: subjects.filter((subject) => isExternal(subject) && subject.registration.trusted.value === false),
    }));
  },
  about: ({ provider }) => ({ provider: provider.id }),
  applies: ({ distrusted }) => distrusted.some(({ endpoint }) => endpoint?.leaf !== undefined),
  check({ inventory, intermediates, provider, distrusted }) {
    const found = new Map<string, FindingOf<'incomplete-chain'>>();
    for (const { endpoint, vcenter } of distrusted) {
      if (endpoint?.leaf === undefined || vcenter === undefined) continue;
      const missing = missingIntermediate(endpoint, endpoint.leaf, vcenter, intermediates);
      if (missing === undefined) continue;
      found.set(`${endpoint.leaf.sha256} ${missing.sha256}`, {
        code: 'incomplete-chain',
        provider: provider.id,
        leaf: endpoint.leaf.sha256,
        missing: missing.subject,
        vcenters: whoHas(missing.sha256, inventory),
      });
    }
    return [...found.values()];
  },
});

function missingIntermediate(
  endpoint: Endpoint,
  leaf: Certificate,
  vcenter: Vcenter,
  intermediates: readonly Certificate[],
): Certificate | undefined {
  if (intermediates.length === 0) return undefined;
  const anchors = vcenter.trustAnchors.map(({ certificate }) => certificate);
  const completed = findPath(leaf, [...endpoint.servedChain, ...anchors, ...intermediates], anchors);
  if (completed.kind !== 'path') return undefined;
  const known = new Set([...endpoint.servedChain, ...anchors].map(({ sha256 }) => sha256));
  return completed.path.slice(1).find((ca) => !known.has(ca.sha256));
}

function whoHas(sha256: Sha256Hex, inventory: Inventory) {
  return inventory.vcenters
    .filter(
      ({ vmca, trustAnchors }) =>
        vmca?.certificate.sha256 === sha256 || trustAnchors.some(({ certificate }) => certificate.sha256 === sha256),
    )
    .map(({ id }) => id);
}
