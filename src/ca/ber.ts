/** Not BER, or more of it than is read. Thrown inside `ca/` only: `read-answer.ts` turns it into a value. */
export class BerError extends Error {}

/** One element; the buffers share memory with what was read. */
export interface BerElement {
  readonly tag: number;
  /** Header and contents, the end mark included where the length is indefinite. */
  readonly whole: Buffer;
  /** Without an end mark. */
  readonly contents: Buffer;
}

const CONSTRUCTED = 0x20;
const OCTET_STRING = 0x04;
const MAX_DEPTH = 24;
const MAX_CHILDREN = 20_000;

/**
 * Reads one element, which has to fill `bytes`. Containers (PKCS#7, PKCS#12) may be BER: Java, NSS and Windows write them with indefinite lengths and strings in
 * pieces. What stands inside them is DER and is cut out byte for byte, because signatures are over those bytes; libraries that hand out certificates
 * as objects write them anew.
 */
export function readBer(bytes: Buffer): BerElement {
  const { element, next } = elementAt(bytes, 0, 0);
  if (next !== bytes.length) throw new BerError(`is followed by ${bytes.length - next} bytes that do not belong to it`);
  return element;
}

/** The elements inside a constructed one. */
export function childrenOf(element: BerElement): BerElement[] {
  if ((element.tag & CONSTRUCTED) === 0) throw new BerError('has a plain value where a structure belongs');
  const children: BerElement[] = [];
  for (let at = 0; at < element.contents.length; ) {
    const { element: child, next } = elementAt(element.contents, at, 0);
    if (children.push(child) > MAX_CHILDREN) throw new BerError(`has more than ${MAX_CHILDREN} parts`);
    at = next;
  }
  return children;
}

/** The bytes of an OCTET STRING, or of one with an implicit tag, whole or in pieces. */
export function octetsOf(element: BerElement | undefined, depth = 0): Buffer {
  if (!element) throw new BerError('breaks off');
  if ((element.tag & CONSTRUCTED) === 0) return element.contents;
  if (depth > MAX_DEPTH) throw new BerError('is nested too deeply');
  const pieces = childrenOf(element);
  if (pieces.some((piece) => (piece.tag & ~CONSTRUCTED) !== OCTET_STRING))
    throw new BerError('has a string in pieces that are none');
  return Buffer.concat(pieces.map((piece) => octetsOf(piece, depth + 1)));
}

/** A small non-negative INTEGER. */
export function numberOf(element: BerElement | undefined): number {
  const contents = element?.tag === 0x02 ? element.contents : undefined;
  if (!contents || contents.length === 0 || contents.length > 6 || (contents[0] as number) & 0x80)
    throw new BerError('has a number that is none');
  return contents.readUIntBE(0, contents.length);
}

function elementAt(bytes: Buffer, from: number, depth: number): { element: BerElement; next: number } {
  if (depth > MAX_DEPTH) throw new BerError('is nested too deeply');
  const tag = bytes[from];
  const first = bytes[from + 1];
  if (tag === undefined || first === undefined) throw new BerError('ends in the middle of an element');
  if ((tag & 0x1f) === 0x1f) throw new BerError('has a tag of several bytes');
  if (first === 0x80) return indefinite(bytes, from, tag, depth);
  const count = first < 0x80 ? 0 : first & 0x7f;
  const start = from + 2 + count;
  if (count > 4 || start > bytes.length) throw new BerError('ends in the middle of a length');
  const length = count === 0 ? first : bytes.readUIntBE(from + 2, count);
  const stop = start + length;
  if (stop > bytes.length) throw new BerError('ends in the middle of an element');
  return { element: { tag, whole: bytes.subarray(from, stop), contents: bytes.subarray(start, stop) }, next: stop };
}

function indefinite(bytes: Buffer, from: number, tag: number, depth: number): { element: BerElement; next: number } {
  if ((tag & CONSTRUCTED) === 0) throw new BerError('has a plain value without a length');
  let at = from + 2;
  while (bytes[at] !== 0 || bytes[at + 1] !== 0) at = elementAt(bytes, at, depth + 1).next;
  const next = at + 2;
  return { element: { tag, whole: bytes.subarray(from, next), contents: bytes.subarray(from + 2, at) }, next };
}
