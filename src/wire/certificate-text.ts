import type { DerBase64 } from '../model/ids.js';
import { derBase64 } from '../model/ids.js';

const MAX_DER = 256 * 1024;
const PEM = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * One certificate as services write it into a text field: PEM, or Base64 of the DER with or without line breaks. Undefined where the
 * text holds no DER SEQUENCE of exactly its length. Whether it is a sound certificate is for `x509/` to say.
 */
export function certificateFromText(text: string): DerBase64 | undefined {
  if (text.includes('-----BEGIN')) return certificatesFromPem(text)[0];
  return derFromBase64(text);
}

/** All of them, in the order written; blocks that are not Base64 of a DER SEQUENCE are left out. */
export function certificatesFromPem(text: string): DerBase64[] {
  const found: DerBase64[] = [];
  for (const [, base64] of text.matchAll(PEM)) {
    const der = derFromBase64(base64 ?? '');
    if (der !== undefined) found.push(der);
  }
  return found;
}

/** The same from bytes: DER as it is, or text of either form. */
export function certificatesFromBytes(bytes: Uint8Array): DerBase64[] {
  if (isDerSequence(bytes)) return [derBase64(bytes)];
  const text = Buffer.from(bytes).toString('latin1');
  if (text.includes('-----BEGIN')) return certificatesFromPem(text);
  const der = derFromBase64(text);
  return der === undefined ? [] : [der];
}

function derFromBase64(text: string): DerBase64 | undefined {
  // 4/3 for Base64, and room for line breaks.
  if (text.length > MAX_DER * 1.5 || !/^[A-Za-z0-9+/\s]+[=\s]*$/.test(text)) return undefined;
  const der = Buffer.from(text, 'base64');
  return isDerSequence(der) ? derBase64(der) : undefined;
}

/** X.690 8.1: tag SEQUENCE, a definite length, and not a byte more or less than that. */
function isDerSequence(bytes: Uint8Array): boolean {
  const first = bytes[1];
  if (bytes[0] !== 0x30 || first === undefined || bytes.length > MAX_DER) return false;
  if (first < 0x80) return bytes.length === 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 3 || bytes.length < 2 + count) return false;
  let length = 0;
  for (let i = 0; i < count; i += 1) length = length * 256 + (bytes[2 + i] ?? 0);
  return bytes.length === 2 + count + length;
}
