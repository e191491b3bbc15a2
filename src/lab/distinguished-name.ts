import { createHash } from 'node:crypto';
import { oid, readItems, sequence, TAG, tlv } from './der.js';

/** Attribute type and value, in the order they are encoded: VMCA writes `CN` first. */
export type LabName = readonly (readonly [type: string, value: string])[];

const ATTRIBUTES: Readonly<Record<string, { readonly oid: string; readonly tag: number }>> = {
  CN: { oid: '2.5.4.3', tag: TAG.utf8String },
  C: { oid: '2.5.4.6', tag: TAG.printableString },
  L: { oid: '2.5.4.7', tag: TAG.utf8String },
  ST: { oid: '2.5.4.8', tag: TAG.utf8String },
  O: { oid: '2.5.4.10', tag: TAG.utf8String },
  OU: { oid: '2.5.4.11', tag: TAG.utf8String },
  DC: { oid: '0.9.2342.19200300.100.1.25', tag: TAG.ia5String },
  emailAddress: { oid: '1.2.840.113549.1.9.1', tag: TAG.ia5String },
};

/** `CN=CA, DC=vsphere, …` as pairs. A comma inside a value is written `\,`. Throws on an attribute the lab does not know. */
export function parseName(text: string): LabName {
  return text.split(/(?<!\\),\s*/).map((part): readonly [string, string] => {
    const at = part.indexOf('=');
    return [part.slice(0, at).trim(), part.slice(at + 1).replaceAll('\\,', ',')];
  });
}

export const nameText = (name: LabName): string =>
  name.map(([type, value]) => `${type}=${value.replaceAll(',', '\\,')}`).join(', ');

export function encodeName(name: LabName): Buffer {
  return sequence(
    ...name.map(([type, value]) => {
      const attribute = ATTRIBUTES[type];
      if (!attribute) throw new Error(`no such name attribute: ${type}`);
      return tlv(TAG.set, sequence(oid(attribute.oid), tlv(attribute.tag, Buffer.from(value, 'utf8'))));
    }),
  );
}

/** What `openssl x509 -hash` prints: the file name of a root in `certs/lin`. `name` is the DER of the whole name. */
export function nameHash(name: Uint8Array): string {
  const [outer] = readItems(name);
  if (!outer) throw new Error('not a name');
  const canonical = readItems(outer.content).map((rdn) => {
    const attributes = readItems(rdn.content).map((attribute) => {
      const [type, value] = readItems(attribute.content);
      if (!type || !value) throw new Error('not a name attribute');
      const text = value.content.toString('utf8').trim().replaceAll(/\s+/g, ' ');
      const folded = text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
      return sequence(type.whole, tlv(TAG.utf8String, Buffer.from(folded, 'utf8')));
    });
    return tlv(TAG.set, ...attributes);
  });
  return createHash('sha1').update(Buffer.concat(canonical)).digest().readUInt32LE(0).toString(16).padStart(8, '0');
}
