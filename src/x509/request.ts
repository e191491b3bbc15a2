import { createHash, createPublicKey, verify } from 'node:crypto';
import type { PublicKeyFacts } from '../model/certificate.js';
import type { Sha256Hex } from '../model/ids.js';
import { err, ok, type Result } from '../model/problem.js';
import { algorithmName, keyFacts } from './certificate-parts.js';
import { contextTagConstructed, DerCursor, DerError, oidText, TAG } from './der.js';
import { attributeValues, nameText } from './distinguished-name.js';
import { type Extensions, readExtensions } from './extensions.js';
import { PLAIN } from './issuer.js';

/** What a PKCS#10 certification request asks for (RFC 2986). Its signature is `isSelfProven`'s business. */
export interface CertificateRequest {
  readonly der: Buffer;
  readonly subject: string;
  /** The most specific CN, as it is. */
  readonly commonName?: string;
  readonly publicKey: PublicKeyFacts;
  readonly spkiSha256: Sha256Hex;
  readonly signatureAlgorithm: string;
  /** Of the extensionRequest attribute (RFC 2985 section 5.4.2), or of Microsoft's of the same shape. */
  readonly extensions: Extensions;
}

/** A request names a few dozen hosts at most. */
export const MAX_REQUEST_BYTES = 256 * 1024;

const EXTENSION_REQUESTS = new Set(['1.2.840.113549.1.9.14', '1.3.6.1.4.1.311.2.1.14']);

/** Never throws, whatever the bytes; the error is a predicate, to be read as "the request …". */
export function parseRequest(der: Uint8Array): Result<CertificateRequest, string> {
  if (der.length > MAX_REQUEST_BYTES) return err(`is ${der.length} bytes long; ${MAX_REQUEST_BYTES} is the most that is read`);
  try {
    return ok(takeApart(Buffer.from(der)));
  } catch (error) {
    if (error instanceof DerError) return err(error.message);
    throw error;
  }
}

function takeApart(bytes: Buffer): CertificateRequest {
  const all = new DerCursor(bytes);
  const outer = all.expect(TAG.sequence, 'a request').enter();
  all.finish('the request');
  const info = outer.expect(TAG.sequence, 'a body').enter();
  const signatureAlgorithm = algorithmName(outer.expect(TAG.sequence, 'a signature algorithm').enter());
  outer.expect(TAG.bitString, 'a signature');
  outer.finish('the request');
  if (!info.expect(TAG.integer, 'a version').contents().equals(Buffer.of(0)))
    throw new DerError('has a version that does not exist');
  const subject = info.expect(TAG.sequence, 'a subject').whole();
  const spki = info.expect(TAG.sequence, 'a public key').whole();
  const publicKey = keyFacts(info.enter());
  // Some tools leave the attributes out altogether, although RFC 2986 wants an empty set.
  const extensions = info.optional(contextTagConstructed(0)) ? requestedExtensions(info.enter()) : undefined;
  info.finish('the body');
  const commonName = attributeValues(subject, '2.5.4.3').at(-1);
  return {
    der: bytes,
    subject: nameText(subject),
    ...(commonName !== undefined && { commonName }),
    publicKey,
    spkiSha256: createHash('sha256').update(spki).digest('hex') as Sha256Hex,
    signatureAlgorithm,
    extensions: extensions ?? { isCa: false, unknownCritical: [] },
  };
}

function requestedExtensions(attributes: DerCursor): Extensions | undefined {
  let found: Extensions | undefined;
  while (attributes.more) {
    const attribute = attributes.expect(TAG.sequence, 'an attribute').enter();
    const type = oidText(attribute.expect(TAG.oid, 'an attribute type').contents());
    const values = attribute.expect(TAG.set, 'attribute values').enter();
    attribute.finish('an attribute');
    if (!EXTENSION_REQUESTS.has(type) || !values.more) continue;
    if (found) throw new DerError('asks for extensions twice');
    found = readExtensions(values);
    values.finish('the requested extensions');
  }
  return found;
}

/**
 * Is the request signed with the key that it is for? OpenSSL verifies, through `node:crypto`. "No" also for algorithms with parameters (RSA-PSS):
 * a CA may refuse them, and nothing here makes them.
 */
export function isSelfProven(request: CertificateRequest): boolean {
  const hash = PLAIN.get(request.signatureAlgorithm);
  if (hash === undefined) return false;
  try {
    const outer = new DerCursor(request.der).next().enter();
    const info = outer.next();
    const body = info.whole();
    const fields = info.enter();
    fields.next();
    fields.next();
    const key = createPublicKey({ key: fields.next().whole(), format: 'der', type: 'spki' });
    outer.next();
    const signature = outer.next().contents();
    return signature[0] === 0 && verify(hash, body, key, signature.subarray(1));
  } catch {
    return false; // a key that OpenSSL does not know
  }
}
