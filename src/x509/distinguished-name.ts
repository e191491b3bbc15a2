import { createHash } from 'node:crypto';
import { DerCursor, DerError, TAG } from './der.js';
import { ATTRIBUTE_NAMES } from './oids.js';

/** Longest text made of one name; longer ones are cut and end in the number of bytes and a hash, so that unequal names stay unequal. */
const MAX_TEXT = 1024;
const MAX_ATTRIBUTES = 1024;

/** `first`: first of its relative distinguished name; the others are joined to it with `+`. `value` stands before the next attribute, its tag and contents at hand. */
type Visit = (type: string, value: DerCursor, first: boolean) => void;

/** Steps over a Name (the SEQUENCE), calling `visit` per attribute, in the order of the encoding. */
function walkName(der: Buffer, visit: Visit): void {
  const outer = new DerCursor(der).expect(TAG.sequence, 'a name');
  const names = outer.enter();
  const set = outer.enter();
  const pair = outer.enter();
  let count = 0;
  while (names.more) {
    set.reenter(names.expect(TAG.set, 'a part of a name'));
    if (!set.more) throw new DerError('has an empty part in a name');
    for (let first = true; set.more; first = false) {
      if (++count > MAX_ATTRIBUTES) throw new DerError(`has a name of more than ${MAX_ATTRIBUTES} parts`);
      pair.reenter(set.expect(TAG.sequence, 'an attribute of a name'));
      visit(pair.oid('an attribute type'), pair.next(), first);
      pair.finish('an attribute of a name');
    }
  }
  outer.finish('a name');
}

/** Texts of issuers: a CA's name is read once per certificate that it signed. */
const knownTexts = new Map<string, string>();
const MAX_KNOWN_TEXTS = 1024;
const MAX_KNOWN_BYTES = 512;

/** `nameText`, remembered. */
export function issuerText(der: Buffer): string {
  if (der.length > MAX_KNOWN_BYTES) return nameText(der);
  const key = der.toString('latin1');
  let text = knownTexts.get(key);
  if (text === undefined) {
    text = nameText(der);
    if (knownTexts.size >= MAX_KNOWN_TEXTS) knownTexts.clear();
    knownTexts.set(key, text);
  }
  return text;
}

/**
 * A distinguished name as one line: `CN=CA,DC=vsphere,DC=local`. Parts stand in the order of the encoding, as `openssl x509` and vSphere's own tools
 * print them (RFC 4514 would turn them round). Special characters are escaped as in RFC 4514 section 2.4; control, C1 and bidirectional characters always are,
 * so the line holds nothing that a terminal would obey. Cut at 1,024 characters.
 * @param der the Name, a DER SEQUENCE
 */
export function nameText(der: Buffer): string {
  let text = '';
  walkName(der, (type, element, first) => {
    if (text.length > MAX_TEXT) return;
    if (text !== '') text += first ? ',' : '+';
    const value = stringValue(element, 4 * MAX_TEXT + 4);
    text += `${ATTRIBUTE_NAMES[type] ?? type}=${value === undefined ? hexValue(element) : escapeValue(value)}`;
  });
  if (text.length <= MAX_TEXT) return text;
  const hash = createHash('sha256').update(der).digest('hex').slice(0, 16);
  return `${cutText(text, MAX_TEXT)}…[${der.length} bytes, SHA-256 ${hash}]`;
}

/**
 * A text that is equal for names that RFC 5280 section 7.1 calls equal: string types do not matter, nor does the case of ASCII letters, nor how much white
 * space there is. Where OpenSSL's canonical form differs from the RFC (it folds ASCII only), this does as OpenSSL does.
 */
export function canonicalName(der: Buffer): string {
  const key = canonicalParts(der).join('/');
  return key.length <= 4 * MAX_TEXT ? key : createHash('sha256').update(key).digest('hex');
}

/** The same part by part (RDN by RDN): a directory subtree is a prefix of this. */
export function canonicalParts(der: Buffer): string[] {
  const parts: string[][] = [];
  walkName(der, (type, element, first) => {
    const value = stringValue(element);
    const folded = value === undefined ? hexValue(element, Infinity) : foldValue(value);
    if (first) parts.push([]);
    parts.at(-1)?.push(`${type}=${folded.length}:${folded}`);
  });
  return parts.map((part) => part.sort().join('+'));
}

/** Values of one attribute type, dotted, in the order of the encoding; those that are strings. */
export function attributeValues(der: Buffer, type: string): string[] {
  const values: string[] = [];
  walkName(der, (found, element) => {
    const value = found === type ? stringValue(element) : undefined;
    if (value !== undefined) values.push(value);
  });
  return values;
}

/** True for `SEQUENCE {}`. */
export const isEmptyName = (der: Buffer): boolean => der.length === 2;

const foldValue = (value: string): string =>
  value
    .replace(/[ \t\n\v\f\r]+/g, ' ')
    .replace(/^ | $/g, '')
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Text of at most the first `max` bytes of a string; undefined for types that are not strings. Bytes that are no characters become U+FFFD. */
function stringValue({ tag, bytes, start, stop }: DerCursor, max = Infinity): string | undefined {
  const end = Math.min(stop, start + max);
  switch (tag) {
    case TAG.utf8String:
      return bytes.toString('utf8', start, end);
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.numericString:
    case TAG.t61String: // T.61 is read as Latin-1, as everybody who writes it means it
      return bytes.toString('latin1', start, end);
    case TAG.bmpString:
      return (end - start) % 2 === 0 ? Buffer.from(bytes.subarray(start, end)).swap16().toString('utf16le') : undefined;
    case TAG.universalString: {
      if ((end - start) % 4 !== 0) return undefined;
      let text = '';
      for (let at = start; at < end; at += 4) {
        const point = bytes.readUInt32BE(at);
        text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
      }
      return text;
    }
    default:
      return undefined;
  }
}

/** RFC 4514 section 2.4: what has no text is `#` and the hex of its DER; here without the length, and bounded. */
const hexValue = ({ tag, bytes, start, stop }: DerCursor, max = 64): string =>
  `#${tag.toString(16).padStart(2, '0')}${bytes.toString('hex', start, Math.min(stop, start + max))}`;

/** Control characters, C1, line separators, zero-width and bidirectional marks, lone surrogates. */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const NEEDS_ESCAPE = /[^\u0020\u0026-\u002a\u002d-\u003a\u003f-\u005b\u005d-\u007e]|^ | $/;

/** One attribute value, escaped. Escapes of more than one byte are the bytes of its UTF-8, `\E2\80\AE`. */
function escapeValue(value: string): string {
  if (!NEEDS_ESCAPE.test(value)) return value;
  let text = value.replace(/[\\,+"<>;]/g, '\\$&');
  if (/^[ #]/.test(value)) text = `\\${text}`;
  if (value.length > 1 && value.endsWith(' ')) text = `${text.slice(0, -1)}\\ `;
  return escapeUnsafe(text);
}

/** Makes the characters that a terminal or a reader could be fooled with visible, as RFC 4514 hex pairs. */
export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, (character) => Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '\\$&'));
}

/** Cuts without splitting a surrogate pair. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}
