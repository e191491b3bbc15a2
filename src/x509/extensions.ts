import ipaddr from 'ipaddr.js';
import type { SubjectAltName } from '../model/certificate.js';
import type { KeyIdHex } from '../model/ids.js';
import { contextTag, contextTagConstructed, type DerCursor, DerError, oidText, smallInteger, TAG } from './der.js';
import { cutText, escapeUnsafe, nameText } from './distinguished-name.js';
import { EXTENSION, KEY_USAGE_NAMES, PURPOSE_NAMES, UNDERSTOOD_EXTENSIONS } from './oids.js';

const MAX_EXTENSIONS = 100;
const MAX_NAMES = 10_000;
const MAX_NAME_TEXT = 1024;

/** What the extensions of one certificate say; absent where there is no such extension. */
export interface Extensions {
  ski?: KeyIdHex;
  aki?: KeyIdHex;
  san?: SubjectAltName[];
  /** Contents of the GeneralNames SEQUENCE of subjectAltName. */
  sanDer?: Buffer;
  isCa: boolean;
  pathLength?: number;
  keyUsage?: string[];
  extendedKeyUsage?: string[];
  /** Contents of the extension: a SEQUENCE. */
  nameConstraints?: Buffer;
  /** Critical extensions nobody here understands (RFC 5280 section 4.2: such a certificate must be refused). */
  unknownCritical: string[];
}

/** Reads `Extensions ::= SEQUENCE OF Extension`; `cursor` stands before the SEQUENCE. Two extensions of one kind fail, as everywhere else. */
export function readExtensions(cursor: DerCursor): Extensions {
  const found: Extensions = { isCa: false, unknownCritical: [] };
  const list = cursor.expect(TAG.sequence, 'a list of extensions').enter();
  const seen: string[] = [];
  while (list.more) {
    const extension = list.expect(TAG.sequence, 'an extension').enter();
    const oid = extension.oid('an extension type');
    const critical =
      extension.optional(TAG.boolean) && extension.stop > extension.start && extension.bytes[extension.start] !== 0;
    const value = extension.expect(TAG.octetString, 'an extension value').enter();
    extension.finish('an extension');
    if (seen.includes(oid)) throw new DerError(`has two extensions ${oid}`);
    if (seen.push(oid) > MAX_EXTENSIONS) throw new DerError(`has more than ${MAX_EXTENSIONS} extensions`);
    if (critical && !UNDERSTOOD_EXTENSIONS.has(oid)) found.unknownCritical.push(oid);
    if (readOne(oid, value, found)) value.finish(`extension ${oid}`);
  }
  return found;
}

function readOne(oid: string, value: DerCursor, found: Extensions): boolean {
  switch (oid) {
    case EXTENSION.subjectKeyIdentifier:
      found.ski = keyId(value.expect(TAG.octetString, 'a subject key identifier'));
      return true;
    case EXTENSION.authorityKeyIdentifier: {
      const parts = value.expect(TAG.sequence, 'an authority key identifier').enter();
      if (parts.optional(contextTag(0))) found.aki = keyId(parts);
      return true;
    }
    case EXTENSION.basicConstraints: {
      const parts = value.expect(TAG.sequence, 'basic constraints').enter();
      found.isCa = parts.optional(TAG.boolean) && parts.stop > parts.start && parts.bytes[parts.start] !== 0;
      if (parts.optional(TAG.integer)) found.pathLength = smallInteger(parts.contents(), 'path length');
      parts.finish('basic constraints');
      return true;
    }
    case EXTENSION.keyUsage:
      found.keyUsage = bitNames(value.expect(TAG.bitString, 'a key usage').contents());
      return true;
    case EXTENSION.extendedKeyUsage: {
      const list = value.expect(TAG.sequence, 'an extended key usage').enter();
      found.extendedKeyUsage = [];
      while (list.more && found.extendedKeyUsage.length < MAX_EXTENSIONS) {
        const purpose = list.oid('a purpose');
        found.extendedKeyUsage.push(PURPOSE_NAMES[purpose] ?? purpose);
      }
      return true;
    }
    case EXTENSION.subjectAltName:
      found.sanDer = value.expect(TAG.sequence, 'alternative names').contents();
      found.san = generalNames(value.enter());
      return true;
    case EXTENSION.nameConstraints:
      found.nameConstraints = value.expect(TAG.sequence, 'name constraints').contents();
      return true;
    default:
      return false;
  }
}

/** A key identifier; an empty one is none. Long ones (SHA-1 has 20 bytes, anything is allowed) are bounded at 128 bytes. */
function keyId(element: DerCursor): KeyIdHex {
  if (element.stop - element.start > 128) throw new DerError('has a key identifier of more than 128 bytes');
  return element.bytes.toString('hex', element.start, element.stop) as KeyIdHex;
}

function bitNames(contents: Buffer): string[] {
  const unused = contents[0];
  if (unused === undefined || unused > 7) throw new DerError('has a malformed key usage');
  return KEY_USAGE_NAMES.filter((_, bit) => ((contents[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

/** The names of one GeneralNames SEQUENCE, whose contents `list` walks. */
function generalNames(list: DerCursor): SubjectAltName[] {
  const names: SubjectAltName[] = [];
  while (list.more) {
    list.next();
    if (names.push(generalName(list)) > MAX_NAMES) throw new DerError(`has more than ${MAX_NAMES} alternative names`);
  }
  return names;
}

function generalName(element: DerCursor): SubjectAltName {
  switch (element.tag) {
    case contextTag(1):
      return { kind: 'email', value: safeText(element.contents()) };
    case contextTag(2):
      return { kind: 'dns', value: safeText(element.contents()) };
    case contextTag(6):
      return { kind: 'uri', value: safeText(element.contents()) };
    case contextTag(7):
      return ipName(element.contents());
    case contextTag(8):
      return { kind: 'other', value: `registeredID:${oidText(element.contents())}` };
    case contextTagConstructed(4):
      return { kind: 'other', value: `dirName:${nameText(element.contents())}` };
    case contextTagConstructed(0): {
      const type = element.enter().oid('a type of name');
      return { kind: 'other', value: `otherName:${type}` };
    }
    default:
      return { kind: 'other', value: `[${element.tag & 0x1f}]` };
  }
}

function ipName(octets: Buffer): SubjectAltName {
  if (octets.length !== 4 && octets.length !== 16) return { kind: 'other', value: `iPAddress:#${octets.toString('hex', 0, 32)}` };
  return { kind: 'ip', value: addressText(octets) };
}

/** Dotted or RFC 5952 text of 4 or 16 bytes. */
export function addressText(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.');
  return (ipaddr.fromByteArray([...octets]) as ipaddr.IPv6).toRFC5952String();
}

const safeText = (bytes: Buffer): string =>
  escapeUnsafe(cutText(bytes.toString('latin1', 0, Math.min(bytes.length, MAX_NAME_TEXT + 1)), MAX_NAME_TEXT));
