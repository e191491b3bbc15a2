import type { Objection } from '../model/ca-check.js';
import type { Certificate } from '../model/certificate.js';
import type { Sha256Hex } from '../model/ids.js';
import { unreachable } from '../model/problem.js';
import { isIssuedBy, likelyFirst } from '../x509/issuer.js';
import { findPath, isSelfSigned, type NoPath } from '../x509/path.js';

/** RSA keys shorter than this are refused by OpenSSL's security level 2 and by vCenter for its own signing certificate. */
const MIN_RSA_BITS = 2048;
const MAX_CLIMB = 16;

/** Certificates that may stand above an answer. */
export interface Issuers {
  /** All that came with the files or with the plan, each once. */
  readonly pool: readonly Certificate[];
  /** The plan's root; missing where nobody gave it. */
  readonly root: Certificate | undefined;
}

export interface ChainVerdict {
  /** Above the leaf, as far as signatures lead. */
  readonly issuers: readonly Certificate[];
  readonly objections: readonly Objection[];
}

/**
 * Does the leaf lead to the plan's root, and would everybody who has to follow take what stands on the way? Signatures are OpenSSL's to verify; dates are judged apart, so that an expired
 * certificate does not hide what else is wrong.
 * @param planned what the plan expects: root, and the CAs that its vCenters are told about (empty: not told)
 */
export function judgeChain(
  leaf: Certificate,
  { pool, root }: Issuers,
  planned: { readonly root: Sha256Hex; readonly chain: readonly Sha256Hex[] },
  now: Date,
): ChainVerdict {
  const result = root && findPath(leaf, pool, [root]);
  const issuers = result?.kind === 'path' ? result.path.slice(1) : climb(leaf, pool);
  const chain = [leaf, ...issuers];
  const broken = !result
    ? withoutRoot(chain, pool, planned.root)
    : result.kind === 'no-path'
      ? [explain(result, pool, root, planned.root)]
      : [];
  return {
    issuers,
    objections: [
      ...broken,
      ...judgeAlgorithms(chain),
      ...judgeDates(chain, now),
      ...issuers.flatMap(judgePurposes),
      // Of a chain that leads elsewhere nothing is in the plan, which is no news.
      ...(broken.length === 0 ? outsidePlan(issuers, planned) : []),
    ],
  };
}

/** Follows signatures and nothing else, for a chain that leads nowhere. */
function climb(leaf: Certificate, pool: readonly Certificate[]): Certificate[] {
  const path = [leaf];
  while (path.length < MAX_CLIMB) {
    const top = path.at(-1) as Certificate;
    const candidates = pool.filter((ca) => ca.subject === top.issuer && !path.some(({ sha256 }) => sha256 === ca.sha256));
    const issuer = likelyFirst(top, candidates).find((ca) => isIssuedBy(top, ca));
    if (!issuer) break;
    path.push(issuer);
  }
  return path.slice(1);
}

function withoutRoot(chain: readonly Certificate[], pool: readonly Certificate[], wanted: Sha256Hex): Objection[] {
  const top = chain.at(-1) as Certificate;
  if (chain.length === 1 && isSelfSigned(top)) return [{ code: 'self-signed', certificate: top }];
  if (isSelfSigned(top)) return [{ code: 'unknown-root', certificate: top, wanted }];
  const namesakes = pool.filter((ca) => ca.subject === top.issuer && ca.sha256 !== top.sha256);
  return [namesakes.length > 0 ? unsigned(top, namesakes) : { code: 'root-not-given', certificate: top, wanted }];
}

/** A CA of the issuer's name is there and has not signed: another key, or a signature that was tampered with. */
function unsigned(certificate: Certificate, namesakes: readonly Certificate[]): Objection {
  const issuer = namesakes.find((ca) => certificate.aki !== undefined && ca.ski === certificate.aki);
  return issuer ? { code: 'bad-signature', certificate, issuer } : { code: 'wrong-issuer', certificate, namesakes };
}

function explain(result: NoPath, pool: readonly Certificate[], root: Certificate | undefined, wanted: Sha256Hex): Objection {
  const { at: certificate, reason } = result;
  switch (reason) {
    case 'issuer-unknown':
    case 'same-name-other-key':
      return missingIssuer(result, pool, root, wanted);
    case 'not-a-ca':
      return { code: 'issuer-not-a-ca', certificate };
    case 'key-usage':
      return { code: 'issuer-key-usage', certificate };
    case 'path-length':
    case 'name-constraints':
    case 'critical-extension':
    case 'signature-algorithm':
    case 'too-deep':
      return { code: reason, certificate };
    case 'expired':
    case 'not-yet-valid':
      return { code: reason, certificate };
    default:
      return unreachable(reason);
  }
}

function missingIssuer(
  { at: certificate, wantedKeyId }: NoPath,
  pool: readonly Certificate[],
  root: Certificate | undefined,
  wanted: Sha256Hex,
): Objection {
  const selfSigned = isSelfSigned(certificate);
  const namesake = root && (selfSigned ? certificate.subject : certificate.issuer) === root.subject;
  const points = certificate.aki !== undefined && certificate.aki === root?.ski;
  if (namesake && !selfSigned && points) return { code: 'bad-signature', certificate, issuer: root };
  if (namesake) return { code: 'same-name-root', certificate, wanted: root };
  if (selfSigned) return { code: certificate.isCa ? 'unknown-root' : 'self-signed', certificate, wanted };
  const namesakes = pool.filter((ca) => ca.subject === certificate.issuer && ca.sha256 !== certificate.sha256);
  if (namesakes.length > 0) return unsigned(certificate, namesakes);
  return { code: 'chain-incomplete', certificate, ...(wantedKeyId !== undefined && { wantedKeyId }) };
}

/** RSA with SHA-2 all along: what vCenter is known to take. */
function judgeAlgorithms(chain: readonly Certificate[]): Objection[] {
  const objections: Objection[] = [];
  for (const certificate of chain) {
    const { publicKey, signatureAlgorithm } = certificate;
    if (publicKey.type !== 'rsa') {
      const what = publicKey.type === 'ec' ? `an EC key (${publicKey.curve})` : `a key of type ${publicKey.name}`;
      objections.push({ code: 'ecdsa-in-chain', certificate, what });
    } else if (publicKey.bits < MIN_RSA_BITS) objections.push({ code: 'weak-key', certificate, bits: publicKey.bits });
    if (/^rsassaPss/.test(signatureAlgorithm)) objections.push({ code: 'pss-in-chain', certificate });
    if (/^(sha1|md[25])With|-SHA1$|with sha1$/i.test(signatureAlgorithm)) objections.push({ code: 'sha1-in-chain', certificate });
  }
  const top = chain.at(-1) as Certificate;
  // The issuer that is not there has a key of its own.
  if (/^(ecdsa|dsa|ED)/.test(top.signatureAlgorithm) && top.publicKey.type === 'rsa')
    objections.push({ code: 'ecdsa-in-chain', certificate: top, what: `a signature of type ${top.signatureAlgorithm}` });
  return objections;
}

function judgeDates(chain: readonly Certificate[], now: Date): Objection[] {
  const objections: Objection[] = [];
  for (const certificate of chain) {
    if (certificate.notAfter.getTime() < now.getTime()) objections.push({ code: 'expired', certificate });
    if (certificate.notBefore.getTime() > now.getTime()) objections.push({ code: 'not-yet-valid', certificate });
  }
  const outlives = chain.findIndex(
    (certificate, i) => certificate.notAfter.getTime() > (chain[i + 1]?.notAfter.getTime() ?? Number.POSITIVE_INFINITY),
  );
  const [certificate, issuer] = outlives < 0 ? [] : chain.slice(outlives);
  if (certificate && issuer) objections.push({ code: 'longer-than-issuer', certificate, issuer });
  return objections;
}

/** Purposes in a CA certificate bind what stands below it, for OpenSSL as for Windows. */
const judgePurposes = (certificate: Certificate): Objection[] =>
  certificate.extendedKeyUsage && !certificate.extendedKeyUsage.includes('serverAuth')
    ? [{ code: 'issuer-eku', certificate }]
    : [];

/**
 * An issuer that the plan does not know is one that no vCenter was told about: where an array serves its leaf alone, as one known provider does,
 * the chain breaks there.
 */
function outsidePlan(
  issuers: readonly Certificate[],
  { root, chain }: { readonly root: Sha256Hex; readonly chain: readonly Sha256Hex[] },
): Objection[] {
  if (chain.length === 0) return [];
  const outside = issuers.filter(({ sha256 }) => sha256 !== root && !chain.includes(sha256));
  return outside.map((certificate) => ({ code: 'intermediate-not-in-plan', certificate }));
}
