import type { Provider, Vcenter } from '../model/inventory.js';
import type { AcceptanceCode } from '../model/plan.js';
import { ACCEPTABLE, type Accepted, type Refusal } from '../model/plan-answer.js';
import { findPath, isSelfSigned } from '../x509/path.js';
import { leavesOf } from './controllers.js';
import type { CaChain } from './external-ca-chain.js';
import { externalRegistrations, hasLost, isExternalProvider, providerName } from './select-providers.js';
import { VENDORS, vendorOf } from './vendors.js';
import { hasVirtualHosts } from './versions.js';

/** Why nothing is planned for this provider, whatever the order of steps would be. */
export function refusalsFor(provider: Provider, ca: CaChain, vcenters: ReadonlyMap<string, Vcenter>): Refusal[] {
  const name = providerName(provider);
  if (!isExternalProvider(provider)) return [{ code: 'internal-provider', name }];
  const registrations = externalRegistrations(provider);
  if (registrations.length === 0) return [{ code: 'not-registered', name }];
  if (hasVirtualHosts(provider)) return [{ code: 'vasa5', name, vasaVersion: provider.vasaVersion ?? '5 or later' }];
  const refusals: Refusal[] = [];
  const vendor = vendorOf(provider);
  if (VENDORS[vendor].sharing === 'never') refusals.push({ code: 'vendor-single-vcenter', name, vendor });
  const outside = outsideIssuer(provider, ca);
  if (outside !== undefined) refusals.push({ code: 'holder-outside', name, issuer: outside });
  else if (worksForAll(provider)) refusals.push({ code: 'works-as-it-is', name, because: whyItWorks(provider, vcenters) });
  return refusals;
}

/** It serves a certificate of this very CA, keeps it, and every vCenter trusts it: there is nothing to do. */
export function isDone(provider: Provider, ca: CaChain): boolean {
  const leaves = leavesOf(provider);
  return (
    provider.retained === true &&
    leaves.length > 0 &&
    leaves.every((leaf) => chainsTo(provider, leaf, ca)) &&
    worksOrIsAlone(provider)
  );
}

const worksOrIsAlone = (provider: Provider): boolean =>
  externalRegistrations(provider).every((one) => one.trusted.value === true && !hasLost(one));

function chainsTo(provider: Provider, leaf: Parameters<typeof findPath>[0], ca: CaChain): boolean {
  const served = provider.endpoints.flatMap(({ servedChain }) => servedChain);
  return findPath(leaf, [...served, ...ca.certificates], [ca.root]).kind === 'path';
}

/** Several vCenters share it and none has lost it. */
export function worksForAll(provider: Provider): boolean {
  const registrations = externalRegistrations(provider);
  return (
    new Set(registrations.map(({ vcenter }) => vcenter)).size > 1 &&
    registrations.every((one) => one.trusted.value === true && !hasLost(one))
  );
}

export function whyItWorks(provider: Provider, vcenters: ReadonlyMap<string, Vcenter>): 'linked' | 'shared-vmca' | 'trusted' {
  const ids = [...new Set(externalRegistrations(provider).map(({ vcenter }) => vcenter))];
  if (provider.endpoints.some(({ holder }) => holder !== undefined && ids.every((id) => holder.vcenters.includes(id))))
    return 'shared-vmca';
  const linked = ids.every((id) =>
    ids.every((other) => other === id || vcenters.get(id)?.linkedWith.some((one) => one.vcenter === other)),
  );
  return linked ? 'linked' : 'trusted';
}

/** The issuer of what is served, where it is nobody's VMCA here, not this CA, and the provider does not keep the certificate: somebody else registered it. */
export function outsideIssuer(provider: Provider, ca: CaChain | undefined): string | undefined {
  if (provider.retained === true) return undefined;
  const looks = provider.endpoints.filter((endpoint) => endpoint.vcenter === undefined && endpoint.leaf !== undefined);
  const stranger = looks.find(({ leaf, holder }) => {
    if (leaf === undefined || (holder !== undefined && holder.vcenters.length > 0) || isSelfSigned(leaf)) return false;
    return ca === undefined || !chainsTo(provider, leaf, ca);
  });
  return stranger?.leaf?.issuer;
}

/** Splits refusals into those that stand and those accepted by `--accept CODE[:NAME]`. */
export function applyAcceptances(refusals: readonly Refusal[], accepted: readonly Accepted[]) {
  const isAccepted = (refusal: Refusal) => isAcceptable(refusal) && accepted.some((one) => meets(one, refusal));
  const granted = refusals
    .filter(isAccepted)
    .map((one) => ({ code: one.code as AcceptanceCode, name: 'name' in one ? one.name : '' }));
  return {
    standing: refusals.filter((refusal) => !isAccepted(refusal)),
    acceptances: [...new Map(granted.map((one) => [`${one.code}:${one.name}`, one])).values()].sort((a, b) =>
      `${a.code}:${a.name}` < `${b.code}:${b.name}` ? -1 : 1,
    ),
    unneeded: accepted.filter((one) => !refusals.some((refusal) => isAcceptable(refusal) && meets(one, refusal))),
  };
}

export const isAcceptable = (refusal: Refusal): boolean => (ACCEPTABLE as readonly string[]).includes(refusal.code);

const meets = (accepted: Accepted, refusal: Refusal): boolean =>
  accepted.code === refusal.code && (accepted.name === undefined || ('name' in refusal && accepted.name === refusal.name));
