import type { CleanupWarning, NewRegistration } from '../model/cleanup-plan.js';
import type { ProviderUrl, VcenterId } from '../model/ids.js';
import type { Endpoint, Inventory, Provider, Vcenter } from '../model/inventory.js';
import type { CheckReason } from '../model/plan-answer.js';
import { canonicalHostPort, hostMatches } from '../x509/names.js';
import { findPath } from '../x509/path.js';
import { checkRegistration } from './check-registration.js';
import type { Registered } from './cleanup-gates.js';
import type { RefusalReason } from './cleanup-refusal.js';
import { hostPortOf } from './select-providers.js';

/** What estate.yaml says about registering one provider; the password stays where it is. */
export interface RegistrationWish {
  readonly match: { readonly url: string } | { readonly uid: string } | { readonly arrayId: string };
  readonly name: string;
  readonly username: string;
}

export interface PlannedAgain {
  /** uid of the registration that is removed → what takes its place. */
  readonly registrations: ReadonlyMap<string, NewRegistration>;
  readonly reasons: readonly RefusalReason[];
  readonly warnings: readonly CleanupWarning[];
}

/**
 * Which of the registrations that are removed are made again, and why not: judged before anything is changed, because after the removal
 * it would be too late to find out. Nothing that makes a provider sign for, or trust, a vCenter is planned unless it is proven that the
 * vCenter that holds the provider now loses nothing.
 */
export function planAgain(
  inventory: Inventory,
  vcenter: Vcenter,
  chosen: readonly Registered[],
  wishes: readonly RegistrationWish[],
): PlannedAgain {
  const registrations = new Map<string, NewRegistration>();
  const reasons: RefusalReason[] = [];
  const warnings: CleanupWarning[] = [];
  const made = new Set<string>();
  for (const one of chosen) {
    const { provider, registration } = one;
    // A provider that was registered twice is registered once.
    if (made.has(provider.id)) continue;
    made.add(provider.id);
    const judged = judge(inventory, vcenter, one, wishes, chosen);
    if ('code' in judged) reasons.push(judged);
    else {
      registrations.set(registration.uid, judged);
      if (judged.because === 'retained' && isShared(provider, vcenter.id))
        warnings.push({ code: 'client-cas', name: judged.name });
    }
  }
  return { registrations, reasons, warnings };
}

function judge(
  inventory: Inventory,
  vcenter: Vcenter,
  one: Registered,
  wishes: readonly RegistrationWish[],
  chosen: readonly Registered[],
): NewRegistration | RefusalReason {
  const { provider, registration } = one;
  const cannot = (why: Extract<RefusalReason, { code: 'cannot-register' }>['why']): RefusalReason => ({
    code: 'cannot-register',
    name: registration.name,
    why,
  });
  const wish = wishes.find((some) => wants(some, one));
  if (wish === undefined) return cannot({ kind: 'not-configured', url: registration.url });
  const check = checkRegistration(inventory, vcenter, registration.url);
  const why = check.why.map(({ code }) => code);
  const virtualHost = why.includes('virtual-hosts');
  const holders = holdersOf(provider).filter((id) => id !== vcenter.id);
  const isSafe = virtualHost || why.includes('retained');
  if (check.hurts !== false || (!isSafe && holders.length > 0 && !holdersOf(provider).includes(vcenter.id)))
    return {
      code: 'would-take-trust',
      name: registration.name,
      vcenter: vcenter.id,
      holders: holders.length > 0 ? holders : [...new Set(check.hurt.map((hurt) => hurt.vcenter))],
      unproven: check.why.flatMap(unprovenWords),
      array: provider.arrays[0] ?? provider.id,
    };
  const looks = endpointsFor(provider, vcenter.id);
  if (looks.every(({ leaf }) => leaf === undefined)) return cannot({ kind: 'not-seen' });
  if (why.includes('retained') && !looks.some((look) => isAccepted(look, vcenter))) return cannot({ kind: 'root-missing' });
  const candidates = [registration.url, ...provider.urls, ...('url' in wish.match ? [wish.match.url as ProviderUrl] : [])];
  const url = candidates.find((candidate) => isNamed(candidate, looks));
  if (url === undefined) return cannot({ kind: 'name', host: canonicalHostPort(registration.url)?.host ?? registration.url });
  const several = chosen.filter((other) => wants(wish, other)).length > 1;
  return {
    // One entry of estate.yaml that speaks for several controllers cannot give all of them its name.
    name: several ? registration.name : wish.name,
    url,
    username: wish.username,
    seen: [...new Set(looks.flatMap(({ leaf }) => (leaf === undefined ? [] : [leaf.sha256])))].sort(),
    because: virtualHost ? 'virtual-host' : why.includes('retained') ? 'retained' : 'hurts-nobody',
  };
}

function wants({ match }: Pick<RegistrationWish, 'match'>, { provider, registration }: Registered): boolean {
  if ('uid' in match) return match.uid === registration.uid;
  if ('arrayId' in match) return provider.arrays.some((array) => array === match.arrayId || array.endsWith(`:${match.arrayId}`));
  return [registration.url, ...provider.urls].some((url) => hostPortOf(url) === hostPortOf(match.url));
}

const holdersOf = (provider: Provider): VcenterId[] => [
  ...new Set(provider.endpoints.flatMap(({ vcenter, holder }) => (vcenter === undefined ? (holder?.vcenters ?? []) : []))),
];

const isShared = (provider: Provider, id: VcenterId): boolean => provider.registrations.some((one) => one.vcenter !== id);

/** What this vCenter may meet there: never another one's virtual host. */
const endpointsFor = (provider: Provider, id: VcenterId): Endpoint[] =>
  provider.endpoints.filter(({ vcenter, seenFrom }) => (vcenter ?? id) === id && (seenFrom === 'operator' || seenFrom === id));

function isAccepted({ leaf, servedChain }: Endpoint, vcenter: Vcenter): boolean {
  const anchors = vcenter.trustAnchors.map(({ certificate }) => certificate);
  return leaf !== undefined && findPath(leaf, servedChain, anchors).kind === 'path';
}

/** SMS compares the URL's host with the certificate (InvalidCertificate otherwise). */
function isNamed(url: string, looks: readonly Endpoint[]): boolean {
  const host = canonicalHostPort(url)?.host;
  if (host === undefined) return false;
  return looks.some(
    (look) => look.leaf !== undefined && hostPortOf(look.url) === hostPortOf(url) && hostMatches(look.leaf, host),
  );
}

/** Of the reasons of `check-registration` those that leave the question open. */
function unprovenWords(reason: CheckReason): string[] {
  switch (reason.code) {
    case 'holder-outside':
      return [`a vCenter outside estate.yaml signed what it serves (issuer "${reason.issuer}": a hint, not proof)`];
    case 'vcenter-before-virtual-hosts':
      return [`it speaks VASA ${reason.vasaVersion}, and this vCenter is too old for a virtual host of its own`];
    case 'not-seen':
      return [`not seen: ${reason.what} (${reason.where})`];
    default:
      return [];
  }
}
