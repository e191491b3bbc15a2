import type { KeyOrigin } from '../model/ca-check.js';
import type { Certificate } from '../model/certificate.js';
import type { Sha256Hex } from '../model/ids.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';
import { canonicalAddress } from '../x509/names.js';

/** A public key that an answer may be for. */
export interface ExpectedKey {
  readonly spkiSha256: Sha256Hex;
  readonly origin: KeyOrigin;
}

export interface Match {
  readonly leaf: Certificate;
  /** The key that belongs to the plan's certificate, where one is known. */
  readonly expected?: ExpectedKey;
  /** Other certificates for the very same key. */
  readonly others: readonly Certificate[];
}

/**
 * Which certificate answers which of the plan: by key where the key is known, whatever the certificate says; else by the names in it. `loose` are keys of which nobody said
 * what they are for. Returns matches in the plan's order, and the server certificates that answer nothing.
 */
export function matchAnswers(
  planned: readonly PlannedCertificate[],
  certificates: readonly Certificate[],
  keys: ReadonlyMap<string, ExpectedKey>,
  loose: readonly ExpectedKey[],
): { readonly matches: readonly (Match | undefined)[]; readonly strangers: readonly Certificate[] } {
  const byKey = groupBy(certificates, ({ spkiSha256 }) => [spkiSha256]);
  const looseByKey = new Map(loose.map((key) => [key.spkiSha256, key]));
  const taken = new Set<string>();
  const matches: (Match | undefined)[] = planned.map(({ name }) => {
    const expected = keys.get(name);
    const found = expected ? newestFirst(byKey.get(expected.spkiSha256) ?? []) : [];
    const [leaf, ...others] = found;
    for (const { sha256 } of found) taken.add(sha256);
    return leaf && { leaf, ...(expected && { expected }), others };
  });

  const free = certificates.filter(({ sha256 }) => !taken.has(sha256));
  const byName = groupBy(free, namesOf);
  for (const [i, one] of planned.entries()) {
    if (matches[i]) continue;
    const shared = new Map<Certificate, number>();
    for (const { value } of one.san)
      for (const certificate of byName.get(value) ?? []) shared.set(certificate, (shared.get(certificate) ?? 0) + 1);
    const candidates = [...shared].filter(([{ sha256 }]) => !taken.has(sha256));
    const ours = ([{ spkiSha256 }]: readonly [Certificate, number]) => Number(looseByKey.has(spkiSha256));
    candidates.sort((a, b) => ours(b) - ours(a) || b[1] - a[1] || later(a[0], b[0]));
    const leaf = candidates[0]?.[0];
    if (!leaf) continue;
    const others = candidates.slice(1).flatMap(([other]) => (other.spkiSha256 === leaf.spkiSha256 ? [other] : []));
    for (const { sha256 } of [leaf, ...others]) taken.add(sha256);
    const expected = keys.get(one.name) ?? looseByKey.get(leaf.spkiSha256) ?? loose[0];
    matches[i] = { leaf, ...(expected && { expected }), others };
  }
  return { matches, strangers: free.filter(({ sha256, isCa, version }) => !taken.has(sha256) && !isCa && version === 3) };
}

/** What an answer may be known by: its alternative names, and its CN where there are none. */
function namesOf({ san, subject }: Certificate): string[] {
  const names = san.flatMap(({ kind, value }) =>
    kind === 'dns' ? [value.toLowerCase()] : kind === 'ip' ? [canonicalAddress(value) ?? value] : [],
  );
  const commonName = /^CN=([^,]+)/.exec(subject)?.[1]?.toLowerCase();
  return [...new Set([...names, ...(commonName !== undefined ? [canonicalAddress(commonName) ?? commonName] : [])])];
}

const later = (a: Certificate, b: Certificate): number => b.notAfter.getTime() - a.notAfter.getTime();
const newestFirst = (certificates: readonly Certificate[]): Certificate[] => [...certificates].sort(later);

function groupBy(
  certificates: readonly Certificate[],
  keysOf: (certificate: Certificate) => readonly string[],
): Map<string, Certificate[]> {
  const groups = new Map<string, Certificate[]>();
  for (const certificate of certificates) {
    for (const key of keysOf(certificate)) {
      const group = groups.get(key);
      if (group) group.push(certificate);
      else groups.set(key, [certificate]);
    }
  }
  return groups;
}
