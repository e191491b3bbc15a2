import { createHash } from 'node:crypto';
import { DerCursor, DerError, oidText, TAG } from './der.js';
import { ATTRIBUTE_NAMES } from './oids.js';

/** Longest text made of one name; longer ones are cut and end in the number of bytes and a hash, so that unequal names stay unequal. */
const MAX_TEXT = 1024;
const MAX_ATTRIBUTES = 1024;

interface Attribute {
  readonly type: string;
  readonly tag: number;
  readonly contents: Buffer;
  /** First of its relative distinguished name; the others are joined to it with `+`. */
  readonly first: boolean;
}

/** Steps over a Name (the SEQUENCE), calling `visit` per attribute, in the order of the encoding. */
function walkName(der: Buffer, visit: (attribute: Attribute) => void): void {
  const outer = new DerCursor(der).expect(TAG.sequence, 'a name');
  const names = outer.enter();
  let count = 0;
  while (names.more) {
    const set = names.expect(TAG.set, 'a part of a name').enter();
    if (!set.more) throw new DerError('has an empty part in a name');
    for (let first = true; set.more; first = false) {
      if (++count > MAX_ATTRIBUTES) throw new DerError(`has a name of more than ${MAX_ATTRIBUTES} parts`);
      const pair = set.expect(TAG.sequence, 'an attribute of a name').enter();
      const type = oidText(pair.expect(TAG.oid, 'an attribute type').contents());
      pair.next();
      visit({ type, tag: pair.tag, contents: pair.contents(), first });
      pair.finish('an attribute of a name');
    }
  }
  outer.finish('a name');
}

/**
 * A distinguished name as one line: `CN=CA,DC=vsphere,DC=local`. Parts stand in the order of the encoding, as `openssl x509` and vSphere's own tools
 * print them (RFC 4514 would turn them round). Special characters are escaped as in RFC 4514 section 2.4; control, C1 and bidirectional characters always are,
 * so the line holds nothing that a terminal would obey. Cut at 1,024 characters.
 * @param der the Name, a DER SEQUENCE
 */
export function nameText(der: Buffer): string {
  let text = '';
  walkName(der, ({ type, tag, contents, first }) => {
    if (text.length > MAX_TEXT) return;
    if (text !== '') text += first ? ',' : '+';
    const value = stringValue(tag, contents.subarray(0, 4 * MAX_TEXT + 4));
    text += `${ATTRIBUTE_NAMES[type] ?? type}=${value === undefined ? hexValue(tag, contents) : escapeValue(value)}`;
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
  walkName(der, ({ type, tag, contents, first }) => {
    const value = stringValue(tag, contents);
    const folded = value === undefined ? hexValue(tag, contents, Infinity) : foldValue(value);
    if (first) parts.push([]);
    parts.at(-1)?.push(`${type}=${folded.length}:${folded}`);
  });
  return parts.map((part) => part.sort().join('+'));
}

/** Values of one attribute type, dotted, in the order of the encoding; those that are strings. */
export function attributeValues(der: Buffer, type: string): string[] {
  const values: string[] = [];
  walkName(der, (attribute) => {
    const value = attribute.type === type ? stringValue(attribute.tag, attribute.contents) : undefined;
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

/** Text of a string type; undefined for types that are not strings. Bytes that are no characters become U+FFFD. */
function stringValue(tag: number, contents: Buffer): string | undefined {
  switch (tag) {
    case TAG.utf8String:
      return contents.toString('utf8');
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.numericString:
    case TAG.t61String: // T.61 is read as Latin-1, as everybody who writes it means it
      return contents.toString('latin1');
    case TAG.bmpString: {
      if (contents.length % 2 !== 0) return undefined;
      return Buffer.from(contents).swap16().toString('utf16le');
    }
    case TAG.universalString: {
      if (contents.length % 4 !== 0) return undefined;
      let text = '';
      for (let i = 0; i < contents.length; i += 4) {
        const point = contents.readUInt32BE(i);
        text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
      }
      return text;
    }
    default:
      return undefined;
  }
}

/** RFC 4514 section 2.4: what has no text is `#` and the hex of its DER; here without the length, and bounded. */
const hexValue = (tag: number, contents: Buffer, max = 64): string =>
  `#${tag.toString(16).padStart(2, '0')}${contents.toString('hex', 0, Math.min(max, contents.length))}`;

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
