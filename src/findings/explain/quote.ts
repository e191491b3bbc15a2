import type { Certificate } from '../../model/certificate.js';
import type { KeyIdHex, Sha256Hex } from '../../model/ids.js';
import { fingerprintText } from '../../x509/parse.js';

/** Characters of one foreign word or name that a sentence carries at most. */
const MOST = 200;

/** Text from outside, bounded. What it holds is made visible by the report that prints it. */
export function quote(text: string): string {
  const glyphs = Array.from(text.slice(0, 2 * MOST + 1));
  return glyphs.length > MOST ? `${glyphs.slice(0, MOST).join('')}… (${text.length} characters)` : text;
}

/** `SHA256 AA:BB:…`: how vSphere, OpenSSL and this tool all write it. */
export function fingerprint(sha256: Sha256Hex): string {
  return fingerprintText(sha256);
}

/** `SHA256 AA:BB:CC:DD…`: enough to tell apart by eye. */
export function shortFingerprint(sha256: Sha256Hex): string {
  return `${fingerprintText(sha256).slice(0, 'SHA256 AA:BB:CC:DD'.length)}…`;
}

/** vSphere's own short form, for recognising only. */
export function thumbprint(certificate: Certificate): string {
  return `SHA1 ${pairs(certificate.sha1)}`;
}

export function shortKeyId(keyId: KeyIdHex): string {
  return keyId.length > 8 ? `${keyId.slice(0, 8)}…` : keyId;
}

function pairs(hex: string): string {
  return (hex.toUpperCase().match(/../g) ?? []).join(':');
}

/** `a`, `a and b`, `a, b and c`; long lists are cut and say so. */
export function list(words: readonly string[], most = 8): string {
  const shown = words.slice(0, most).map(quote);
  if (words.length > most) return `${shown.join(', ')} and ${words.length - most} more`;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `2028-06-01`, UTC. */
export function day(at: Date): string {
  return Number.isNaN(at.getTime()) ? 'an unreadable date' : at.toISOString().slice(0, 10);
}
