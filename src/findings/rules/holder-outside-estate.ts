import type { Certificate } from '../../model/certificate.js';
import type { Inventory } from '../../model/inventory.js';
import { isIssuedBy } from '../../x509/issuer.js';
import { isSelfSigned } from '../../x509/path.js';
import { candidatesAmong, casOfEstate } from '../paths.js';
import { defineRule, type FindingOf, type Missing } from '../rule.js';
import { endpointsInUse, hasVirtualHosts, isExternal } from '../subjects.js';

/**
 * The served leaf was issued by a CA that no vCenter here has or trusts: a vCenter outside estate.yaml may hold the provider. The
 * issuer's name is a hint and proves nothing. Says nothing while some vCenter's CAs were not seen, for that one may be the holder.
 */
export const holderOutsideEstate = defineRule({
  code: 'holder-outside-estate',
  subjects: (inventory) => {
    const candidatesFor = candidatesAmong(casOfEstate(inventory));
    const unseen = hasUnseenVcenter(inventory);
    return inventory.providers.map((provider) => ({ provider, candidatesFor, unseen }));
  },
  about: ({ provider }) => ({ provider: provider.id }),
  applies: ({ provider }) => isExternal({ provider }) && provider.retained !== true && !hasVirtualHosts(provider),
  check({ provider, candidatesFor, unseen }): FindingOf<'holder-outside-estate'>[] | Missing {
    const found = new Map<string, FindingOf<'holder-outside-estate'>>();
    const endpoints = endpointsInUse(provider).filter(({ leaf }) => leaf !== undefined);
    if (endpoints.length === 0) return { missing: 'the served leaf' };
    for (const { leaf, holder, servedChain } of endpoints) {
      if (leaf === undefined || holder !== undefined || isSelfSigned(leaf) || isKnownHere(leaf, servedChain, candidatesFor))
        continue;
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
function isKnownHere(
  leaf: Certificate,
  servedChain: readonly Certificate[],
  candidatesFor: ReturnType<typeof candidatesAmong>,
): boolean {
  const isOneOfOurs = (certificate: Certificate) => candidatesFor(certificate).some((ca) => isIssuedBy(certificate, ca));
  return isOneOfOurs(leaf) || servedChain.slice(1).some((certificate) => certificate.isCa && isOneOfOurs(certificate));
}

function hasUnseenVcenter(inventory: Inventory): boolean {
  return inventory.vcenters.some(({ vmca, anchorsComplete }) => vmca === undefined && !anchorsComplete);
}
