import type { Certificate } from '../../model/certificate.js';
import type { KeyIdHex, Sha256Hex, VcenterId } from '../../model/ids.js';
import type { Inventory } from '../../model/inventory.js';
import { defineRule } from '../rule.js';
import { endpointsInUse, isExternal } from '../subjects.js';

/** CA certificates of one name, by key. */
interface Namesakes {
  readonly subject: string;
  readonly keys: ReadonlyMap<Sha256Hex, Certificate>;
  readonly vcenters: readonly VcenterId[];
}

/**
 * Two CAs of one name with different keys, where the name matters: a VMCA has it, or a provider's leaf names it as its issuer.
 * Whoever goes by names mistakes one for the other; a rebuilt vCenter is the usual reason.
 */
export const sameNameOtherKey = defineRule({
  code: 'same-name-other-key',
  subjects: listNamesakes,
  applies: () => true,
  check: ({ subject, keys, vcenters }) =>
    keys.size < 2 ? [] : [{ code: 'same-name-other-key', subject, keyIds: [...keys.values()].map(keyIdOf).sort(), vcenters }],
});

function listNamesakes(inventory: Inventory): Namesakes[] {
  const names = namesThatMatter(inventory);
  const byName = new Map<string, { subject: string; keys: Map<Sha256Hex, Certificate>; vcenters: Set<VcenterId> }>();
  const note = (ca: Certificate, vcenter?: VcenterId): void => {
    if (!names.has(ca.subject) || !ca.isCa) return;
    const entry = byName.get(ca.subject) ?? { subject: ca.subject, keys: new Map(), vcenters: new Set() };
    byName.set(ca.subject, entry);
    if (!entry.keys.has(ca.spkiSha256)) entry.keys.set(ca.spkiSha256, ca);
    if (vcenter !== undefined) entry.vcenters.add(vcenter);
  };
  for (const vcenter of inventory.vcenters) {
    if (vcenter.vmca !== undefined) note(vcenter.vmca.certificate, vcenter.id);
    for (const { certificate } of vcenter.trustAnchors) note(certificate, vcenter.id);
  }
  for (const provider of inventory.providers.filter((one) => isExternal({ provider: one })))
    for (const { servedChain } of endpointsInUse(provider)) for (const served of servedChain.slice(1)) note(served);
  return [...byName.values()].map((entry) => ({ ...entry, vcenters: [...entry.vcenters] }));
}

function namesThatMatter(inventory: Inventory): Set<string> {
  const vmcas = inventory.vcenters.flatMap(({ vmca }) => (vmca === undefined ? [] : [vmca.certificate.subject]));
  const issuers = inventory.providers
    .filter((provider) => isExternal({ provider }))
    .flatMap((provider) => endpointsInUse(provider).flatMap(({ leaf }) => (leaf === undefined ? [] : [leaf.issuer])));
  return new Set([...vmcas, ...issuers]);
}

/** A CA without the extension still has a key: the first 160 bits of the hash over it, as RFC 7093 makes key identifiers. */
function keyIdOf(ca: Certificate): KeyIdHex {
  return ca.ski ?? (ca.spkiSha256.slice(0, 40) as KeyIdHex);
}
