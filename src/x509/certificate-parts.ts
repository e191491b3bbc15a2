import type { PublicKeyFacts } from '../model/certificate.js';
import { contextTag, contextTagConstructed, DerCursor, DerError, integerHex, oidText, TAG, timeOf } from './der.js';
import { type Extensions, readExtensions } from './extensions.js';
import { CURVE_NAMES, HASH_NAMES, KEY_NAMES, SIGNATURE_NAMES } from './oids.js';

/** One certificate taken apart; the buffers share memory with its DER. */
export interface CertificateParts {
  readonly version: 1 | 2 | 3;
  readonly serial: string;
  readonly signatureAlgorithm: string;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Buffer;
  readonly publicKey: PublicKeyFacts;
  readonly extensions: Extensions;
}

/** What OpenSSL is asked about; the buffers share memory with the certificate's DER. */
export interface SignedParts {
  /** The signed body with its header. */
  readonly body: Buffer;
  /** Empty when it is not a whole number of bytes. */
  readonly signature: Buffer;
  /** The algorithm is named twice, in and around the signed body; false where the two differ (RFC 5280 section 4.1.1.2). */
  readonly algorithmsAgree: boolean;
}

/** The cheap half of `takeApart`. Throws `DerError`. */
export function signedParts(bytes: Buffer): SignedParts {
  const outer = new DerCursor(bytes).expect(TAG.sequence, 'a certificate').enter();
  const tbs = outer.expect(TAG.sequence, 'a body').enter();
  const body = outer.whole();
  const algorithm = outer.expect(TAG.sequence, 'a signature algorithm').whole();
  const signature = outer.expect(TAG.bitString, 'a signature').contents();
  tbs.optional(contextTagConstructed(0));
  tbs.expect(TAG.integer, 'a serial number');
  const algorithmsAgree = tbs.expect(TAG.sequence, 'a signature algorithm').whole().equals(algorithm);
  return { body, signature: signature[0] === 0 ? signature.subarray(1) : Buffer.alloc(0), algorithmsAgree };
}

/** Throws `DerError` for what is no certificate. Shape: RFC 5280 section 4.1. */
export function takeApart(bytes: Buffer): CertificateParts {
  const all = new DerCursor(bytes);
  const outer = all.expect(TAG.sequence, 'a certificate').enter();
  if (all.more) throw new DerError(`is followed by ${all.end - all.pos} bytes that do not belong to it`);
  const tbs = outer.expect(TAG.sequence, 'a body').enter();
  const signatureAlgorithm = algorithmName(outer.expect(TAG.sequence, 'a signature algorithm').enter());
  outer.expect(TAG.bitString, 'a signature');
  outer.finish('the certificate');

  const version = tbs.optional(contextTagConstructed(0)) ? versionOf(tbs.enter()) : 1;
  const serial = serialText(tbs.expect(TAG.integer, 'a serial number').contents());
  tbs.expect(TAG.sequence, 'a signature algorithm');
  const issuer = tbs.expect(TAG.sequence, 'an issuer').whole();
  const validity = tbs.expect(TAG.sequence, 'a validity').enter().next();
  const notBefore = timeOf(validity.tag, validity.contents());
  validity.next();
  const notAfter = timeOf(validity.tag, validity.contents());
  validity.finish('the validity');
  const subject = tbs.expect(TAG.sequence, 'a subject').whole();
  const spki = tbs.expect(TAG.sequence, 'a public key').whole();
  const publicKey = keyFacts(tbs.enter());
  tbs.optional(contextTag(1));
  tbs.optional(contextTag(2));
  const extensions = tbs.optional(contextTagConstructed(3)) ? extensionsOf(tbs.enter()) : { isCa: false, unknownCritical: [] };
  tbs.finish('the certificate body');
  return {
    version,
    serial,
    signatureAlgorithm,
    issuer,
    subject,
    notBefore,
    notAfter,
    spki,
    publicKey,
    extensions,
  };
}

function versionOf(cursor: DerCursor): 1 | 2 | 3 {
  const number = cursor.expect(TAG.integer, 'a version');
  const value = number.stop - number.start === 1 ? number.bytes[number.start] : -1;
  cursor.finish('the version');
  if (value === 0 || value === 1 || value === 2) return (value + 1) as 1 | 2 | 3;
  throw new DerError('has a version that does not exist');
}

/** RFC 5280 allows 20 bytes; 64 are kept and what is longer is refused, so that the text stays whole. */
function serialText(contents: Buffer): string {
  if (contents.length > 64) throw new DerError(`has a serial number of ${contents.length} bytes`);
  return integerHex(contents);
}

function extensionsOf(cursor: DerCursor): Extensions {
  const found = readExtensions(cursor);
  cursor.finish('the list of extensions');
  return found;
}

export function algorithmName(algorithm: DerCursor): string {
  const oid = algorithm.oid('an algorithm');
  const name = SIGNATURE_NAMES[oid] ?? oid;
  return name === 'rsassaPss' ? `rsassaPss with ${pssHash(algorithm)}` : name;
}

/** RFC 4055 section 3.1: `[0] hashAlgorithm DEFAULT sha1`. */
function pssHash(algorithm: DerCursor): string {
  if (!algorithm.optional(TAG.sequence)) return 'sha1';
  const parameters = algorithm.enter();
  if (!parameters.optional(contextTagConstructed(0))) return 'sha1';
  const hash = parameters.enter().expect(TAG.sequence, 'a hash algorithm').enter();
  const oid = hash.oid('a hash algorithm');
  return HASH_NAMES[oid] ?? oid;
}

export function keyFacts(spki: DerCursor): PublicKeyFacts {
  const algorithm = spki.expect(TAG.sequence, 'a key algorithm').enter();
  const key = spki.expect(TAG.bitString, 'a key').contents();
  spki.finish('the public key');
  const oid = algorithm.oid('a key algorithm');
  const name = KEY_NAMES[oid] ?? oid;
  if (name === 'rsa') return { type: 'rsa', bits: modulusBits(key.subarray(1)) };
  if (name !== 'ec') return { type: 'other', name };
  if (!algorithm.optional(TAG.oid)) return { type: 'ec', curve: 'explicit parameters' };
  const curve = oidText(algorithm.contents());
  return { type: 'ec', curve: CURVE_NAMES[curve] ?? curve };
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, … } (RFC 8017 appendix A.1.1). */
function modulusBits(key: Buffer): number {
  const modulus = new DerCursor(key).expect(TAG.sequence, 'an RSA key').enter().expect(TAG.integer, 'a modulus').contents();
  const first = modulus.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (modulus.length - first) * 8 - (Math.clz32(modulus[first] as number) - 24);
}
