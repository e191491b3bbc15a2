/** Writes DER for tests; the product only reads it. */

export const der = (tag: number, ...contents: (Uint8Array | string)[]): Buffer => {
  const body = Buffer.concat(contents.map((part) => Buffer.from(part as string)));
  const length = body.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), body]);
  const octets = Buffer.from(
    length.toString(16).padStart(length.toString(16).length + (length.toString(16).length % 2), '0'),
    'hex',
  );
  return Buffer.concat([Buffer.from([tag, 0x80 | octets.length]), octets, body]);
};

export const sequence = (...contents: (Uint8Array | string)[]): Buffer => der(0x30, ...contents);
export const setOf = (...contents: (Uint8Array | string)[]): Buffer => der(0x31, ...contents);
export const octets = (contents: Uint8Array): Buffer => der(0x04, contents);
export const bits = (contents: Uint8Array, unused = 0): Buffer => der(0x03, Buffer.from([unused]), contents);
export const bool = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]));
export const explicit = (n: number, ...contents: Uint8Array[]): Buffer => der(0xa0 | n, ...contents);
export const implicit = (n: number, contents: Uint8Array | string): Buffer => der(0x80 | n, contents);

/** Two's complement, minimal. */
export function integer(value: bigint | number): Buffer {
  const wanted = BigInt(value);
  let size = 1;
  while (BigInt.asIntN(size * 8, wanted) !== wanted) size++;
  return der(
    0x02,
    Buffer.from(
      BigInt.asUintN(size * 8, wanted)
        .toString(16)
        .padStart(size * 2, '0'),
      'hex',
    ),
  );
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const arc = (value: number): number[] => {
    const septets = [value % 128];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) septets.unshift(0x80 | (left % 128));
    return septets;
  };
  return der(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(arc)));
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
export function time(at: Date): Buffer {
  const text = at.toISOString().replace(/[-:T]|\.\d+/g, '');
  const year = at.getUTCFullYear();
  return year >= 1950 && year < 2050 ? der(0x17, text.slice(2)) : der(0x18, text);
}
