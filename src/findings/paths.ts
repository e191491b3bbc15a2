import type { Certificate } from '../model/certificate.js';
import type { Endpoint, Inventory, Vcenter } from '../model/inventory.js';
import { findPath, type PathResult } from '../x509/path.js';

/** The path from what is served to a trust anchor of one vCenter, dates aside. `only` leaves certificates out, anchors and all. */
export function pathToAnchor(
  endpoint: Endpoint,
  vcenter: Vcenter,
  only: (certificate: Certificate) => boolean = () => true,
): PathResult | undefined {
  if (endpoint.leaf === undefined) return undefined;
  const anchors = vcenter.trustAnchors.map((anchor) => anchor.certificate).filter(only);
  return findPath(endpoint.leaf, [...endpoint.servedChain.filter(only), ...anchors], anchors);
}

/** Every CA certificate some vCenter of this estate has: trust anchors and VMCAs, one of each. */
export function casOfEstate(inventory: Inventory): Certificate[] {
  const seen = new Map<string, Certificate>();
  for (const vcenter of inventory.vcenters) {
    if (vcenter.vmca !== undefined) seen.set(vcenter.vmca.certificate.sha256, vcenter.vmca.certificate);
    for (const { certificate } of vcenter.trustAnchors) if (certificate.isCa) seen.set(certificate.sha256, certificate);
  }
  return [...seen.values()];
}

/** Who may have issued a certificate: CAs of the issuer's name or with its key identifier, so that an estate of a thousand CAs is not tried one by one. */
export function candidatesAmong(cas: readonly Certificate[]): (child: Certificate) => Certificate[] {
  const byKey = new Map<string, Certificate[]>();
  const note = (key: string, ca: Certificate) => byKey.set(key, [...(byKey.get(key) ?? []), ca]);
  for (const ca of cas) {
    note(`name ${ca.subject}`, ca);
    if (ca.ski !== undefined) note(`key ${ca.ski}`, ca);
  }
  return (child) => [...new Set([...(byKey.get(`key ${child.aki}`) ?? []), ...(byKey.get(`name ${child.issuer}`) ?? [])])];
}
