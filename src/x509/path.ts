import type { Certificate } from '../model/certificate.js';
import type { KeyIdHex } from '../model/ids.js';
import { detailsOf } from './details.js';
import { isIssuedBy, likelyFirst, mayHaveSigned } from './issuer.js';
import { keepsConstraints } from './name-constraints.js';
import { SIGNATURE_NAMES } from './oids.js';

export type PathResult =
  /** `path[0]` is the leaf, the last one `anchor`; every link is proven by signature. */
  { readonly kind: 'path'; readonly path: readonly Certificate[]; readonly anchor: Certificate } | NoPath;

/** The first broken link of the attempt that got furthest. */
export interface NoPath {
  readonly kind: 'no-path';
  readonly reason: BrokenLink;
  /** The certificate whose issuer is not there (`issuer-unknown`, `same-name-other-key`, `signature-algorithm`), else the one that breaks the rule. */
  readonly at: Certificate;
  /** Key identifier that the missing issuer has, where `at` says. */
  readonly wantedKeyId?: KeyIdHex;
  /** Trust anchors of the wanted name with another key; empty for other reasons. */
  readonly candidates: readonly Certificate[];
}

export type BrokenLink =
  | 'issuer-unknown'
  | 'same-name-other-key'
  | 'not-a-ca'
  | 'path-length'
  | 'key-usage'
  | 'name-constraints'
  | 'critical-extension' // one that nobody here understands
  | 'signature-algorithm' // one that OpenSSL cannot verify, or two that contradict
  | 'too-deep'
  | 'expired'
  | 'not-yet-valid';

export interface PathOptions {
  /** Judge validity at this time. Missing: dates do not matter. */
  readonly at?: Date;
  /** Only self-signed anchors end a path, as in OpenSSL without `-partial_chain`. Default: every anchor does, as in Java's PKIX, which SMS uses. */
  readonly selfSignedAnchorsOnly?: boolean;
}

const MAX_PATH = 32;
/** Certificates looked at per question; a served chain of namesakes that signed one another could ask for millions. */
const MAX_STEPS = 5_000;

/**
 * Is there a path from the leaf to a trust anchor? `pool` are certificates that may stand in between (what was served); their order, duplicates and strangers among them do not matter.
 *
 * A link is proven by signature and needs equal names (RFC 5280 section 6.1.3); key identifiers only say what to try first, and all candidates are tried. Every issuer, the anchor
 * included, has to be a CA that may sign certificates and may stand that high, and names have to keep its constraints. Roots of version 1 and 2, which cannot say that they are CAs,
 * are taken at the word of whoever trusts them, as Java does. A leaf that is itself an anchor is trusted as it is.
 * Extended key usage, policies, revocation and host names are other questions.
 */
export function findPath(
  leaf: Certificate,
  pool: readonly Certificate[],
  anchors: readonly Certificate[],
  options: PathOptions = {},
): PathResult {
  const search: Search = { pool: dedupe(pool, anchors), anchors: dedupe(anchors, []), options, steps: 0 };
  const broken = breaksOwnRules(leaf, options);
  if (broken) return { kind: 'no-path', reason: broken, at: leaf, candidates: [] };
  const path = extend(search, [leaf]);
  if (path) return { kind: 'path', path, anchor: path.at(-1) as Certificate };
  return search.failure?.result ?? { kind: 'no-path', reason: 'issuer-unknown', at: leaf, candidates: [] };
}

interface Search {
  readonly pool: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly options: PathOptions;
  steps: number;
  failure?: { readonly progress: number; readonly result: NoPath };
}

/** Each certificate once, without those of `others`. */
function dedupe(certificates: readonly Certificate[], others: readonly Certificate[]): Certificate[] {
  const seen = new Set<string>(others.map(({ sha256 }) => sha256));
  return certificates.filter(({ sha256 }) => !seen.has(sha256) && seen.add(sha256));
}

/** Tries to lead a path, whose links are proven so far, to an anchor. */
function extend(search: Search, path: readonly Certificate[]): readonly Certificate[] | undefined {
  const top = path.at(-1) as Certificate;
  if (isAnchor(search, top)) return path;
  if (path.length >= MAX_PATH || ++search.steps > MAX_STEPS) {
    fail(search, path.length, { kind: 'no-path', reason: 'too-deep', at: top, candidates: [] });
    return undefined;
  }
  const issuerKey = detailsOf(top)?.issuerKey;
  const named = (certificate: Certificate) => detailsOf(certificate)?.subjectKey === issuerKey;
  const namesakes = search.anchors.filter(named);
  const candidates = [...likelyFirst(top, namesakes), ...likelyFirst(top, search.pool.filter(named))];
  let signed = false;
  for (const issuer of candidates) {
    if (path.some(({ sha256 }) => sha256 === issuer.sha256) || !isIssuedBy(top, issuer)) continue;
    signed = true;
    const broken = breaksRules(search, path, issuer);
    if (broken) {
      fail(search, path.length + 0.75, { kind: 'no-path', candidates: [], ...broken });
      continue;
    }
    const found = extend(search, [...path, issuer]);
    if (found) return found;
  }
  if (!signed) fail(search, path.length + (namesakes.length > 0 ? 0.5 : 0), missingIssuer(top, namesakes));
  return undefined;
}

/** Keeps the failure that got furthest; of equals the first. */
function fail(search: Search, progress: number, result: NoPath): void {
  if (!search.failure || progress > search.failure.progress) search.failure = { progress, result };
}

function isAnchor(search: Search, certificate: Certificate): boolean {
  if (!search.anchors.some(({ sha256 }) => sha256 === certificate.sha256)) return false;
  if (!search.options.selfSignedAnchorsOnly) return true;
  // An anchor is trusted because somebody says so: its own signature is not asked, only whether it claims to be its own.
  const { ski, aki, signatureAlgorithm } = certificate;
  const ownKey = (aki === undefined || ski === undefined || aki === ski) && mayHaveSigned(signatureAlgorithm, certificate);
  return ownKey && detailsOf(certificate)?.selfIssued === true;
}

/** By its own key, not by its name. */
export function isSelfSigned(certificate: Certificate): boolean {
  return detailsOf(certificate)?.selfIssued === true && isIssuedBy(certificate, certificate);
}

function missingIssuer(top: Certificate, namesakes: readonly Certificate[]): NoPath {
  const others = namesakes.filter(({ spkiSha256 }) => spkiSha256 !== top.spkiSha256 || !isSelfSigned(top));
  const wantedKeyId = top.aki ?? (isSelfSigned(top) ? top.ski : undefined);
  const reason = !isVerifiable(top) ? 'signature-algorithm' : others.length > 0 ? 'same-name-other-key' : 'issuer-unknown';
  return {
    kind: 'no-path',
    reason,
    at: top,
    ...(wantedKeyId !== undefined ? { wantedKeyId } : {}),
    candidates: reason === 'same-name-other-key' ? others : [],
  };
}

const VERIFIABLE = new Set(Object.values(SIGNATURE_NAMES));

/** An algorithm that we have a name for, named the same inside and outside of what is signed. */
function isVerifiable(certificate: Certificate): boolean {
  const name = certificate.signatureAlgorithm.split(' ')[0] as string;
  return VERIFIABLE.has(name) && detailsOf(certificate)?.algorithmsAgree === true;
}

/** What holds for a certificate wherever it stands. */
function breaksOwnRules(certificate: Certificate, { at }: PathOptions): BrokenLink | undefined {
  const details = detailsOf(certificate);
  if (!details || details.parts.extensions.unknownCritical.length > 0) return 'critical-extension';
  if (at && certificate.notAfter.getTime() < at.getTime()) return 'expired';
  if (at && certificate.notBefore.getTime() > at.getTime()) return 'not-yet-valid';
  return undefined;
}

/** What keeps `issuer` from standing above `path`, and the certificate that is to blame. */
function breaksRules(
  search: Search,
  path: readonly Certificate[],
  issuer: Certificate,
): { reason: BrokenLink; at: Certificate } | undefined {
  const unableToSay = issuer.version < 3 && search.anchors.includes(issuer) && detailsOf(issuer)?.selfIssued === true;
  if (!issuer.isCa && !unableToSay) return { reason: 'not-a-ca', at: issuer };
  if (issuer.keyUsage && !issuer.keyUsage.includes('keyCertSign')) return { reason: 'key-usage', at: issuer };
  const own = breaksOwnRules(issuer, search.options);
  if (own) return { reason: own, at: issuer };
  // Self-issued certificates (a CA's new key signed with its old one) do not count (RFC 5280 section 4.2.1.9).
  const between = path.slice(1).filter((certificate) => detailsOf(certificate)?.selfIssued === false).length;
  if (issuer.pathLength !== undefined && between > issuer.pathLength) return { reason: 'path-length', at: issuer };
  const constraints = detailsOf(issuer)?.parts.extensions.nameConstraints;
  if (!constraints) return undefined;
  const offender = path.find((certificate, i) => {
    const details = detailsOf(certificate);
    return details && (i === 0 || !details.selfIssued) && !keepsConstraints(constraints, details, i === 0);
  });
  return offender && { reason: 'name-constraints', at: offender };
}
