import type { Audit, Finding, FindingCode, NotJudged } from '../model/finding.js';
import { isoTime } from '../model/ids.js';
import type { Inventory } from '../model/inventory.js';
import { CODES, codeEntry } from './explain/codes.js';
import { type Lookup, lookupIn } from './explain/names.js';
import type { Outcome, Rule, Sight } from './rule.js';
import { certificateExpired } from './rules/certificate-expired.js';
import { certificateExpiring } from './rules/certificate-expiring.js';
import { cleanupLeftover } from './rules/cleanup-leftover.js';
import { clientNotAccepted } from './rules/client-not-accepted.js';
import { clockSkew } from './rules/clock-skew.js';
import { controllerSplit } from './rules/controller-split.js';
import { duplicateRegistration } from './rules/duplicate-registration.js';
import { holderOutsideEstate } from './rules/holder-outside-estate.js';
import { hostTrustMissing } from './rules/host-trust-missing.js';
import { incompleteChain } from './rules/incomplete-chain.js';
import { internalProviderSkipped } from './rules/internal-provider-skipped.js';
import { nameMismatch } from './rules/name-mismatch.js';
import { providerUnreachable } from './rules/provider-unreachable.js';
import { removalFailed } from './rules/removal-failed.js';
import { rootExpired } from './rules/root-expired.js';
import { rootMissing } from './rules/root-missing.js';
import { sameNameOtherKey } from './rules/same-name-other-key.js';
import { soleProvider } from './rules/sole-provider.js';
import { staleRegistration } from './rules/stale-registration.js';
import { trustLost } from './rules/trust-lost.js';
import { vmcaClash } from './rules/vmca-clash.js';
import { weakCertificate } from './rules/weak-certificate.js';

/** Keyed by code, so that a code without a rule does not compile. */
export const RULES: Readonly<Record<FindingCode, Rule>> = {
  'vmca-clash': vmcaClash,
  'trust-lost': trustLost,
  'client-not-accepted': clientNotAccepted,
  'stale-registration': staleRegistration,
  'removal-failed': removalFailed,
  'root-missing': rootMissing,
  'name-mismatch': nameMismatch,
  'certificate-expired': certificateExpired,
  'root-expired': rootExpired,
  'provider-unreachable': providerUnreachable,
  'same-name-other-key': sameNameOtherKey,
  'certificate-expiring': certificateExpiring,
  'weak-certificate': weakCertificate,
  'incomplete-chain': incompleteChain,
  'sole-provider': soleProvider,
  'duplicate-registration': duplicateRegistration,
  'controller-split': controllerSplit,
  'holder-outside-estate': holderOutsideEstate,
  'host-trust-missing': hostTrustMissing,
  'clock-skew': clockSkew,
  'cleanup-leftover': cleanupLeftover,
  'internal-provider-skipped': internalProviderSkipped,
};

/** The audit of an inventory: a pure function of (inventory, now), the same bytes every time. */
export function judge(inventory: Inventory, now: Date): Audit {
  const outcomes = runAll({ inventory, now });
  const findings = outcomes.flatMap((outcome) => (outcome.kind === 'found' ? outcome.findings : []));
  const notJudged = outcomes.flatMap((outcome): NotJudged[] => (outcome.kind === 'not-judged' ? [outcome.what] : []));
  return {
    inventory,
    findings: inOrder(findings, inventory),
    notJudged: inOrder(notJudged, inventory),
    gaps: inventory.gaps,
    now: isoTime(now),
  };
}

/** The findings alone, in the order of `judge`: severity, code (causes before consequences), provider by name, vCenter. */
export function runRules(inventory: Inventory, now: Date): readonly Finding[] {
  return judge(inventory, now).findings;
}

function runAll(sight: Sight): Outcome[] {
  return Object.values(RULES).flatMap((rule) => rule.judge(sight));
}

const SEVERITY_ORDER = { error: 0, warning: 1, notice: 2 } as const;
const CODE_ORDER: ReadonlyMap<string, number> = new Map(CODES.map(({ code }, index) => [code, index]));

function inOrder<Item extends Finding | NotJudged>(items: readonly Item[], inventory: Inventory): Item[] {
  const look = lookupIn(inventory);
  const keyed = items.map((item) => ({ item, key: sortKey(item, look) }));
  return keyed.sort((a, b) => compareKeys(a.key, b.key)).map(({ item }) => item);
}

function sortKey(item: Finding | NotJudged, look: Lookup): readonly (string | number)[] {
  const provider =
    'provider' in item && item.provider !== undefined ? `${look.providerName(item.provider)}\n${item.provider}` : '';
  const vcenter = 'vcenter' in item ? (item.vcenter ?? '') : '';
  // The item itself last: two findings about one place still have one order.
  return [SEVERITY_ORDER[codeEntry(item.code).severity], CODE_ORDER.get(item.code) ?? 0, provider, vcenter, JSON.stringify(item)];
}

function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? '';
    if (left < right) return -1;
    if (left > right) return 1;
  }
  return 0;
}
