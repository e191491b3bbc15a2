import { type KeyObject, verify as verifySignature, X509Certificate } from 'node:crypto';
import type { Certificate } from '../model/certificate.js';
import { derBytes } from '../model/ids.js';
import { signedParts } from './certificate-parts.js';

/** Who signed a certificate, proven by signature; names and key identifiers only tell where to look first. */
export type IssuerMatch =
  | { readonly kind: 'issued-by'; readonly by: Certificate }
  /** CAs of the issuer's name are there, but none of them has the key: a rebuilt CA, for instance. */
  | { readonly kind: 'same-name-other-key'; readonly candidates: readonly Certificate[] }
  | { readonly kind: 'no-such-issuer' };

/** Among `anchors` only CA certificates count. Every one is tried, the likely ones (key identifier, then name) first. */
export function matchIssuer(leaf: Certificate, anchors: readonly Certificate[]): IssuerMatch {
  const cas = anchors.filter((anchor) => anchor.isCa);
  const by = likelyFirst(leaf, cas).find((ca) => isIssuedBy(leaf, ca));
  if (by) return { kind: 'issued-by', by };
  const candidates = cas.filter((ca) => ca.subject === leaf.issuer);
  return candidates.length > 0 ? { kind: 'same-name-other-key', candidates } : { kind: 'no-such-issuer' };
}

/** Key identifier and name first, then either, then the rest; equals keep their order. */
export function likelyFirst(child: Certificate, cas: readonly Certificate[]): Certificate[] {
  const rank = (ca: Certificate) =>
    (child.aki !== undefined && ca.ski === child.aki ? 2 : 0) + (ca.subject === child.issuer ? 1 : 0);
  const ranks: Certificate[][] = [[], [], [], []];
  for (const ca of cas) ranks[3 - rank(ca)]?.push(ca);
  return ranks.flat();
}

/** Answers already found: an estate asks about the same pair once per registration. */
const MAX_ANSWERS = 50_000;
const answers = new Map<string, boolean>();

/**
 * Was `child` signed with the key of `ca`? Nothing but the signature is judged: not names, not dates, not whether `ca` may sign. OpenSSL verifies, through `node:crypto`.
 * Keys that do not fit the signature and algorithms that OpenSSL does not know are a "no".
 */
export function isIssuedBy(child: Certificate, ca: Certificate): boolean {
  if (!mayHaveSigned(child.signatureAlgorithm, ca)) return false;
  const question = child.sha256 + ca.spkiSha256;
  const known = answers.get(question);
  if (known !== undefined) return known;
  if (answers.size >= MAX_ANSWERS) answers.clear();
  const answer = verify(child, ca);
  answers.set(question, answer);
  return answer;
}

/** Spares OpenSSL the signatures that a key of this type cannot have made. */
export function mayHaveSigned(algorithm: string, ca: Certificate): boolean {
  if (/rsa/i.test(algorithm)) return ca.publicKey.type === 'rsa';
  if (algorithm.startsWith('ecdsa')) return ca.publicKey.type === 'ec';
  return ca.publicKey.type === 'other';
}

/** Algorithms whose name says everything; the value is the hash. */
export const PLAIN = new Map([
  ['md5WithRSAEncryption', 'md5'],
  ...['1', '256', '384', '512', '224'].flatMap((size): [string, string][] => [
    [`sha${size}WithRSAEncryption`, `sha${size}`],
    [`ecdsa-with-SHA${size}`, `sha${size}`],
  ]),
]);

function verify(child: Certificate, ca: Certificate): boolean {
  const key = publicKeyOf(ca);
  const bytes = derBytes(child.der) as Buffer;
  const hash = PLAIN.get(child.signatureAlgorithm);
  try {
    if (!key) return false;
    // Algorithms with parameters are OpenSSL's to read. It reads the whole certificate for that, which takes three times as long as the signature.
    if (hash === undefined) return new X509Certificate(bytes).verify(key);
    const { body, signature, algorithmsAgree } = signedParts(bytes);
    return algorithmsAgree && signature.length > 0 && verifySignature(hash, body, key, signature);
  } catch {
    return false; // an algorithm, a key or parameters that OpenSSL does not know
  }
}

const MAX_KEYS = 2_000;
const keys = new Map<string, KeyObject | undefined>();

function publicKeyOf(ca: Certificate): KeyObject | undefined {
  if (keys.has(ca.spkiSha256)) return keys.get(ca.spkiSha256);
  if (keys.size >= MAX_KEYS) keys.clear();
  let key: KeyObject | undefined;
  try {
    key = new X509Certificate(derBytes(ca.der)).publicKey;
  } catch {
    key = undefined; // a key type or parameters that OpenSSL does not know
  }
  keys.set(ca.spkiSha256, key);
  return key;
}
