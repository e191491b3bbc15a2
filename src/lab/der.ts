/** The little DER the lab needs: values out, and three fields of a certificate back in. Lengths are definite and minimal. */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  nullValue: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = content.length === 1 && content[0] !== undefined ? content[0] : Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export const sequence = (...content: readonly Uint8Array[]): Buffer => tlv(TAG.sequence, ...content);
export const octetString = (content: Uint8Array): Buffer => tlv(TAG.octetString, content);
export const bitString = (content: Uint8Array, unusedBits = 0): Buffer => tlv(TAG.bitString, Buffer.from([unusedBits]), content);
export const derTrue = (): Buffer => tlv(TAG.boolean, Buffer.from([0xff]));
/** `[n]` around its content; constructed unless `primitive`. */
export const context = (n: number, content: Uint8Array, primitive = false): Buffer => tlv((primitive ? 0x80 : 0xa0) | n, content);

/** Two's complement, as short as it gets; negative values are allowed because some tools mint negative serial numbers. */
export function integer(value: bigint): Buffer {
  let bits = 8n;
  while (value >= 1n << (bits - 1n) || value < -(1n << (bits - 1n))) bits += 8n;
  const hex = BigInt.asUintN(Number(bits), value)
    .toString(16)
    .padStart(Number(bits) / 4, '0');
  return tlv(TAG.integer, Buffer.from(hex, 'hex'));
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const group = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) group.unshift((left & 0x7f) | 0x80);
    bytes.push(...group);
  }
  return tlv(TAG.oid, Buffer.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime after that and before 1950 (RFC 5280 4.1.2.5). */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  const year = at.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? tlv(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'ascii'))
    : tlv(TAG.generalizedTime, Buffer.from(`${digits}Z`, 'ascii'));
}

export interface DerItem {
  readonly tag: number;
  /** Tag and length included. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

/** The items side by side in `bytes`. For DER the lab wrote or OpenSSL exported; throws on anything else. */
export function readItems(bytes: Uint8Array): DerItem[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: DerItem[] = [];
  for (let at = 0; at < buffer.length; ) {
    const tag = buffer.readUInt8(at);
    const first = buffer.readUInt8(at + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const length = lengthBytes === 0 ? first : buffer.readUIntBE(at + 2, lengthBytes);
    const start = at + 2 + lengthBytes;
    if (start + length > buffer.length) throw new Error('DER ends early');
    items.push({ tag, whole: buffer.subarray(at, start + length), content: buffer.subarray(start, start + length) });
    at = start + length;
  }
  return items;
}
