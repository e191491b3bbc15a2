import type { Inventory, Provider, Registration, Vcenter } from '../model/inventory.js';
import type { CheckReason, RegistrationCheck } from '../model/plan-answer.js';
import { canonicalHostPort, hostMatches } from '../x509/names.js';
import { findPath } from '../x509/path.js';
import { leavesOf } from './controllers.js';
import { outsideIssuer } from './refusals.js';
import { answersTo, externalRegistrations, hasLost, providerName } from './select-providers.js';
import { withoutRegistrations } from './thin-evidence.js';
import { isAtLeast, VASA5_FLOOR } from './versions.js';

/**
 * Would a registration of this provider by this vCenter hurt another vCenter? Before VASA 5 a provider that does not keep its certificate lets the
 * registering vCenter's VMCA sign it anew: whoever trusts that VMCA goes on, whoever does not is thrown out.
 */
export function checkRegistration(inventory: Inventory, vcenter: Vcenter, url: string): RegistrationCheck {
  const provider = inventory.providers.find((one) => one.category !== 'internal' && answersTo(one, url));
  const asked = {
    vcenter: vcenter.id,
    url,
    ...(provider === undefined ? {} : { provider: { id: provider.id, name: providerName(provider) } }),
  };
  const blind = withoutRegistrations(inventory).filter((id) => id !== vcenter.id);
  const unseen = blind.map((where): CheckReason => ({ code: 'not-seen', what: 'registrations', where }));
  if (provider === undefined) {
    const why: CheckReason[] = [...unseen, { code: 'not-seen', what: 'leaf', where: url }];
    return { ...asked, hurts: 'unknown', hurt: [], why };
  }
  const judged = judge(inventory, vcenter, provider);
  const own = ownProblems(vcenter, provider, url);
  // What was not seen can only add victims: those that are proven stay.
  const hurts = judged.hurts === false && unseen.length > 0 && !judged.safeForAll ? 'unknown' : judged.hurts;
  return { ...asked, hurts, hurt: judged.hurt, why: [...judged.why, ...(judged.safeForAll ? [] : unseen), ...own] };
}

interface Judged {
  readonly hurts: RegistrationCheck['hurts'];
  readonly hurt: RegistrationCheck['hurt'];
  readonly why: readonly CheckReason[];
  /** Holds for vCenters nobody has seen, too. */
  readonly safeForAll?: boolean;
}

function judge(inventory: Inventory, vcenter: Vcenter, provider: Provider): Judged {
  const vasa = judgeVasa5(vcenter, provider);
  if (vasa !== undefined) return vasa;
  const others = externalRegistrations(provider).filter((one) => one.vcenter !== vcenter.id);
  if (provider.retained === true) {
    const shared = others.length === 0 ? [] : ([{ code: 'client-cas' }] as const);
    return { hurts: false, hurt: [], why: [{ code: 'retained' }, ...shared], safeForAll: true };
  }
  const outside = outsideIssuer(provider, undefined);
  const retain = retainReasons(provider);
  if (others.length === 0) {
    if (leavesOf(provider).length === 0)
      return { hurts: 'unknown', hurt: [], why: [{ code: 'not-seen', what: 'leaf', where: providerName(provider) }] };
    if (outside !== undefined) return { hurts: 'unknown', hurt: [], why: [{ code: 'holder-outside', issuer: outside }] };
    return { hurts: false, hurt: [], why: [{ code: 'nobody-else' }] };
  }
  const fates = others.map((one) => ({ registration: one, reason: fateOf(one, vcenter, provider, inventory) }));
  const lost = fates.filter(({ reason }) => reason.code === 'would-lose');
  const unknown = fates.some(({ reason }) => reason.code === 'not-seen');
  const reasons: CheckReason[] = [
    ...retain,
    ...unique(fates.map(({ reason }) => reason)),
    ...(outside === undefined ? [] : [{ code: 'holder-outside', issuer: outside } as const]),
  ];
  const hurt = lost.map(({ registration }) => ({
    vcenter: registration.vcenter,
    name: registration.name,
    uid: registration.uid,
  }));
  // Without the retain flag "signed anew" is proven only where some VMCA of the estate signed what is served now.
  const surelySigned = provider.retained === false || provider.endpoints.some(({ holder }) => (holder?.vcenters.length ?? 0) > 0);
  if (lost.length > 0) return { hurts: surelySigned ? true : 'unknown', hurt, why: reasons };
  return { hurts: unknown || outside !== undefined ? 'unknown' : false, hurt: [], why: reasons };
}

function judgeVasa5(vcenter: Vcenter, provider: Provider): Judged | undefined {
  const told = [provider.vasaVersion, ...provider.registrations.map((one) => one.vasaVersion)];
  const vasaVersion = told.find((version) => isAtLeast(version, '5') === true);
  if (vasaVersion !== undefined) {
    if (isAtLeast(vcenter.version, VASA5_FLOOR) === true)
      return { hurts: false, hurt: [], why: [{ code: 'virtual-hosts', vasaVersion }], safeForAll: true };
    return { hurts: 'unknown', hurt: [], why: [{ code: 'vcenter-before-virtual-hosts', vasaVersion, version: vcenter.version }] };
  }
  // Nobody registered it and nobody told: it may well have virtual hosts, which would only be safer.
  return undefined;
}

function retainReasons(provider: Provider): CheckReason[] {
  return provider.retained === false
    ? [{ code: 'signed-anew' }]
    : [{ code: 'not-seen', what: 'retain', where: providerName(provider) }];
}

/** What becomes of another vCenter's registration when this vCenter's VMCA signs the provider's certificate. */
function fateOf(other: Registration, vcenter: Vcenter, provider: Provider, inventory: Inventory): CheckReason {
  if (hasLost(other)) return { code: 'already-lost', vcenter: other.vcenter };
  const ca = vcenter.vmca?.certificate;
  const at = inventory.vcenters.find(({ id }) => id === other.vcenter);
  const holder = other.endpoint === undefined ? undefined : provider.endpoints[other.endpoint]?.holder;
  if (holder?.vcenters.includes(vcenter.id) === true) return { code: 'shares-key', vcenter: other.vcenter };
  if (ca === undefined) return { code: 'not-seen', what: 'vmca', where: vcenter.id };
  if (at === undefined) return { code: 'not-seen', what: 'anchors', where: other.vcenter };
  if (at.vmca?.certificate.spkiSha256 === ca.spkiSha256) return { code: 'shares-key', vcenter: other.vcenter };
  const anchors = at.trustAnchors.map(({ certificate }) => certificate);
  const above = vcenter.trustAnchors.map(({ certificate }) => certificate);
  if (anchors.some(({ spkiSha256 }) => spkiSha256 === ca.spkiSha256) || findPath(ca, above, anchors).kind === 'path')
    return { code: 'trusts-vmca', vcenter: other.vcenter };
  if (!at.anchorsComplete) return { code: 'not-seen', what: 'anchors', where: other.vcenter };
  return { code: 'would-lose', vcenter: other.vcenter };
}

/** What would stop the registration itself, or makes it needless. */
function ownProblems(vcenter: Vcenter, provider: Provider, url: string): CheckReason[] {
  const host = canonicalHostPort(url)?.host;
  const leaves = leavesOf(provider);
  const anchors = vcenter.trustAnchors.map(({ certificate }) => certificate);
  const served = provider.endpoints.flatMap(({ servedChain }) => servedChain);
  const isKept = provider.retained === true;
  return [
    ...(externalRegistrations(provider).some((one) => one.vcenter === vcenter.id) ? [{ code: 'registered-here' } as const] : []),
    ...(isKept && vcenter.anchorsComplete && leaves.some((leaf) => findPath(leaf, served, anchors).kind === 'no-path')
      ? [{ code: 'root-not-imported' } as const]
      : []),
    ...(isKept &&
    url.includes('://') &&
    host !== undefined &&
    leaves.length > 0 &&
    !leaves.some((leaf) => hostMatches(leaf, host))
      ? [{ code: 'name-not-in-certificate', host } as const]
      : []),
  ];
}

const unique = (reasons: readonly CheckReason[]): CheckReason[] => [
  ...new Map(reasons.map((one) => [JSON.stringify(one), one])).values(),
];

/** By id or address, as typed on the command line. */
export function findVcenter(inventory: Inventory, text: string): Vcenter | undefined {
  const wanted = text.toLowerCase();
  return inventory.vcenters.find(({ id, address }) => id === text || address.toLowerCase() === wanted);
}
