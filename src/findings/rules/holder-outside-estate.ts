import type { Certificate } from '../../model/certificate.js';
import type { Inventory } from '../../model/inventory.js';
import { isIssuedBy } from '../../x509/issuer.js';
import { isSelfSigned } from '../../x509/path.js';
import { casOfEstate } from '../paths.js';
import { defineRule, type FindingOf, type Missing } from '../rule.js';
import { endpointsInUse, hasVirtualHosts, isExternal } from '../subjects.js';

/**
 * The served leaf was issued by a CA that no vCenter here has or trusts: a vCenter outside estate.yaml may hold the provider. The
 * issuer's name is a hint and proves nothing. Says nothing while some vCenter's CAs were not seen, for that one may be the holder.
 */
export const holderOutsideEstate = defineRule({
  code: 'holder-outside-estate',
  subjects: (inventory) => {
    const cas = casOfEstate(inventory);
    const unseen = hasUnseenVcenter(inventory);
    return inventory.providers.map((provider) => ({ provider, cas, unseen }));
  },
  about: ({ provider }) => ({ provider: provider.id }),
  applies: ({ provider }) => isExternal({ provider }) && provider.retained !== true && !hasVirtualHosts(provider),
  check({ provider, cas, unseen }): FindingOf<'holder-outside-estate'>[] | Missing {
    const found = new Map<string, FindingOf<'holder-outside-estate'>>();
    const endpoints = endpointsInUse(provider).filter(({ leaf }) => leaf !== undefined);
    if (endpoints.length === 0) return { missing: 'the served leaf' };
    for (const { leaf, holder, servedChain } of endpoints) {
      if (leaf === undefined || holder !== undefined || isSelfSigned(leaf) || isKnownHere(leaf, servedChain, cas)) continue;
      if (unseen) return { missing: 'the CA certificates of every vCenter' };
      const keyId = leaf.aki === undefined ? {} : { issuerKeyId: leaf.aki };
      found.set(leaf.sha256, {
        code: 'holder-outside-estate',
        provider: provider.id,
        leaf: leaf.sha256,
        issuer: leaf.issuer,
        ...keyId,
      });
    }
    return [...found.values()];
  },
});

/** By signature: some CA of the estate issued the leaf, or a certificate that was served with it and leads there. */
function isKnownHere(leaf: Certificate, servedChain: readonly Certificate[], cas: readonly Certificate[]): boolean {
  const above = servedChain.slice(1).filter((certificate) => certificate.isCa);
  const isOneOfOurs = (certificate: Certificate) =>
    cas.some((ca) => ca.sha256 === certificate.sha256 || isIssuedBy(certificate, ca));
  return isOneOfOurs(leaf) || above.some(isOneOfOurs);
}

function hasUnseenVcenter(inventory: Inventory): boolean {
  return inventory.vcenters.some(({ vmca, anchorsComplete }) => vmca === undefined && !anchorsComplete);
}
