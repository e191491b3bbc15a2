import * as crypto from 'node:crypto';
import type { Certificate } from '../model/certificate.js';
import type { DerBase64, KeyIdHex, Sha256Hex } from '../model/ids.js';
import { err, ok, type Result } from '../model/problem.js';
import { type CertificateParts, takeApart } from './certificate-parts.js';
import { DerError } from './der.js';
import { offerParts } from './details.js';
import { issuerText, nameText } from './distinguished-name.js';

/** Larger ones are refused unread. OpenSSL takes 100 KB for a whole chain by default. */
export const MAX_CERTIFICATE_BYTES = 4 * 1024 * 1024;
const MAX_PEM_CERTIFICATES = 10_000;

/**
 * Reads one certificate. Never throws, whatever the bytes; the error is a predicate, to be read as "the certificate …".
 * What is odd but clear is read: negative serial numbers, version 1, unknown algorithms and keys, control characters in names (made visible), no AKI, no SKI.
 * What two readers could read differently is refused: bytes after the certificate, two extensions of one kind, extensions that are not what they say,
 * lengths that DER forbids. Signatures are not judged here.
 */
export function parseDer(der: Uint8Array): Result<Certificate, string> {
  if (der.length > MAX_CERTIFICATE_BYTES) return tooLarge(der.length);
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  return parseKnown(bytes.toString('base64') as DerBase64, bytes);
}

/** The same for base64 of DER. Text that is not base64 is no certificate; `certificatesInPem` takes off armour and white space. */
export function parseBase64(der: DerBase64): Result<Certificate, string> {
  if (der.length > (MAX_CERTIFICATE_BYTES / 3) * 4 + 4) return tooLarge(Math.floor((der.length * 3) / 4));
  return parseKnown(der);
}

const tooLarge = (bytes: number) => err(`is ${bytes} bytes long; ${MAX_CERTIFICATE_BYTES} is the most that is read`);

/**
 * Certificates by their DER: an estate shows the same one in many places. Two generations keep what is used and bound the whole
 * (at twice the limits below).
 */
const CACHE_ENTRIES = 8192;
const CACHE_CHARACTERS = 16 * 1024 * 1024;
let young = new Map<DerBase64, Result<Certificate, string>>();
let old = new Map<DerBase64, Result<Certificate, string>>();
let youngCharacters = 0;

function parseKnown(key: DerBase64, bytes?: Buffer): Result<Certificate, string> {
  const known = young.get(key);
  if (known) return known;
  const result = old.get(key) ?? parseUnknown(key, bytes);
  if (young.size >= CACHE_ENTRIES || youngCharacters > CACHE_CHARACTERS) {
    old = young;
    young = new Map();
    youngCharacters = 0;
  }
  young.set(key, result);
  youngCharacters += key.length;
  return result;
}

function parseUnknown(key: DerBase64, given: Buffer | undefined): Result<Certificate, string> {
  const bytes = given ?? Buffer.from(key, 'base64');
  try {
    const parts = takeApart(bytes);
    const certificate = describe(key, bytes, parts);
    // Bytes that were given are the caller's, who may write into them.
    if (!given) offerParts(certificate, parts);
    return ok(certificate);
  } catch (error) {
    if (error instanceof DerError) return err(error.message);
    throw error;
  }
}

function describe(der: DerBase64, bytes: Buffer, parts: CertificateParts): Certificate {
  const { ski, aki, san, isCa, pathLength, keyUsage, extendedKeyUsage } = parts.extensions;
  return {
    der,
    sha256: hash('sha256', bytes) as Sha256Hex,
    sha1: hash('sha1', bytes),
    subject: nameText(parts.subject),
    issuer: issuerText(parts.issuer),
    serial: parts.serial,
    ...(ski ? { ski } : undefined),
    ...(aki ? { aki } : undefined),
    notBefore: parts.notBefore,
    notAfter: parts.notAfter,
    san: san ?? [],
    isCa,
    ...(pathLength !== undefined ? { pathLength } : undefined),
    ...(keyUsage ? { keyUsage } : undefined),
    ...(extendedKeyUsage ? { extendedKeyUsage } : undefined),
    signatureAlgorithm: parts.signatureAlgorithm,
    publicKey: parts.publicKey,
    spkiSha256: hash('sha256', parts.spki) as Sha256Hex,
    version: parts.version,
  };
}

/** One call into OpenSSL where Node has it (20.12 and later), a third of the time of a Hash object. */
const hash: (algorithm: string, bytes: Buffer) => string =
  crypto.hash ?? ((algorithm, bytes) => crypto.createHash(algorithm).update(bytes).digest('hex'));

const BEGIN = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g;
/** Base64 has no dashes: any armour ends a block, so that one without its own end does not swallow the next. */
const ARMOUR = '-----';

/**
 * The certificates of a PEM file, in their order; text between them, line ends of any kind and other PEM objects are passed over. Blocks that hold no base64 are
 * returned as what base64 they hold: parsing them says what is wrong. At most 10,000; a block larger than a certificate may be is cut there.
 */
export function certificatesInPem(text: string): DerBase64[] {
  const found: DerBase64[] = [];
  BEGIN.lastIndex = 0;
  while (found.length < MAX_PEM_CERTIFICATES) {
    const begin = BEGIN.exec(text);
    if (!begin) break;
    const from = begin.index + begin[0].length;
    const end = text.indexOf(ARMOUR, from);
    const to = Math.min(end < 0 ? text.length : end, from + 2 * MAX_CERTIFICATE_BYTES);
    found.push(Buffer.from(text.slice(from, to), 'base64').toString('base64') as DerBase64);
    BEGIN.lastIndex = Math.max(to, from);
  }
  return found;
}

/** `AB:CD:…`, `abcd…`: what SKI and AKI hold, as hex with or without colons. */
export function keyIdHex(text: string): Result<KeyIdHex, string> {
  const hex = text.replaceAll(':', '').toLowerCase();
  return /^(?:[0-9a-f]{2}){1,128}$/.test(hex) ? ok(hex as KeyIdHex) : err(`not a key identifier: "${text.slice(0, 64)}"`);
}

/** `SHA256 AB:CD:…`, as estate.yaml and our reports write a fingerprint. */
export function fingerprintText(sha256: string): string {
  return `SHA256 ${(sha256.toUpperCase().match(/../g) ?? []).join(':')}`;
}
