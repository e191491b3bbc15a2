/** Not DER, or not the shape that was asked for. Thrown inside `x509/` only: `parse.ts` and `names.ts` turn it into a value. */
export class DerError extends Error {}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
} as const;

/** Context-specific tags: `[n]` primitive and `[n]` constructed. */
export const contextTag = (n: number): number => 0x80 | n;
export const contextTagConstructed = (n: number): number => 0xa0 | n;

/**
 * Walks the elements of one DER value without copying. `tag`, `header`, `start` and `stop` describe the element last read:
 * `header` is where its tag stands, `start`..`stop` its contents. It never looks outside the range it was given, never recurses and
 * allocates nothing but cursors, so its cost is linear in the bytes read.
 *
 * Ours because reading certificates is what this product exists for: the ASN.1 libraries at hand build a tree of objects per certificate, which
 * costs tens of times what OpenSSL needs for the same certificate, and refuse whole certificates for one odd string. Signatures are not judged
 * here; OpenSSL does that.
 */
export class DerCursor {
  readonly bytes: Buffer;
  end: number;
  pos: number;
  tag = 0;
  header = 0;
  start = 0;
  stop = 0;

  constructor(bytes: Buffer, from = 0, end = bytes.length) {
    this.bytes = bytes;
    this.pos = from;
    this.end = end;
  }

  get more(): boolean {
    return this.pos < this.end;
  }

  /** Tag of the element that comes next; -1 at the end. */
  peek(): number {
    return this.pos < this.end ? this.byte(this.pos) : -1;
  }

  /** Reads the header of the next element and steps over it. */
  next(): this {
    const { end } = this;
    let at = this.pos;
    if (at + 2 > end) throw new DerError('ends in the middle of an element');
    this.header = at;
    this.tag = this.byte(at++);
    if ((this.tag & 0x1f) === 0x1f) throw new DerError('has a tag of several bytes');
    let length = this.byte(at++);
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0) throw new DerError('has an indefinite length, which DER forbids');
      if (count > 4) throw new DerError('claims a length of more than 4 GiB');
      if (at + count > end) throw new DerError('ends in the middle of a length');
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + this.byte(at++);
      if (length < 0x80 || (count > 1 && length < 256 ** (count - 1))) throw new DerError('has a length that is not minimal');
    }
    if (length > end - at) throw new DerError('ends in the middle of an element');
    this.start = at;
    this.stop = at + length;
    this.pos = this.stop;
    return this;
  }

  /** The next element, which has to have this tag. */
  expect(tag: number, what: string): this {
    const found = this.peek();
    if (found !== tag) throw new DerError(found < 0 ? `has no ${what}` : `has tag 0x${found.toString(16)} where ${what} belongs`);
    return this.next();
  }

  /** True, and the element read, when the next element has this tag. */
  optional(tag: number): boolean {
    if (this.peek() !== tag) return false;
    this.next();
    return true;
  }

  /** A cursor over the contents of the element last read. */
  enter(): DerCursor {
    return new DerCursor(this.bytes, this.start, this.stop);
  }

  /** Moves this cursor over the contents of the element that `outer`, over the same bytes, read last. */
  reenter(outer: DerCursor): this {
    this.pos = outer.start;
    this.end = outer.stop;
    return this;
  }

  /** The next element, which has to be an object identifier, as dotted text. */
  oid(what: string): string {
    this.expect(TAG.oid, what);
    if (this.stop - this.start > MAX_OID_BYTES) throw new DerError('has an object identifier of an impossible length');
    return knownOids.get(this.bytes.toString('latin1', this.start, this.stop)) ?? oidText(this.contents());
  }

  /** Contents of the element last read; shares memory. */
  contents(): Buffer {
    return this.bytes.subarray(this.start, this.stop);
  }

  /** The element last read with its header; shares memory. */
  whole(): Buffer {
    return this.bytes.subarray(this.header, this.stop);
  }

  /** Fails when something is left. */
  finish(what: string): void {
    if (this.pos < this.end) throw new DerError(`has ${this.end - this.pos} unexpected bytes in ${what}`);
  }

  private byte(at: number): number {
    return this.bytes[at] as number;
  }
}

/** Every certificate uses the same few dozen. */
const knownOids = new Map<string, string>();
const MAX_KNOWN_OIDS = 512;
const MAX_OID_BYTES = 64;

/** Dotted text of an object identifier's contents. */
export function oidText(contents: Buffer): string {
  if (contents.length === 0 || contents.length > MAX_OID_BYTES)
    throw new DerError('has an object identifier of an impossible length');
  const key = contents.toString('latin1');
  const known = knownOids.get(key);
  if (known !== undefined) return known;
  const text = readOid(contents);
  if (knownOids.size < MAX_KNOWN_OIDS) knownOids.set(key, text);
  return text;
}

/** Groups of seven bits, the last one of each number without the high bit; the first number holds two (X.690 section 8.19). */
function readOid(contents: Buffer): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  let groups = 0;
  for (const byte of contents) {
    if (groups++ === 0 && byte === 0x80) throw new DerError('has an object identifier that is not minimal');
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte & 0x80) continue;
    const first = arcs.length > 0 ? undefined : arc < 40n ? 0n : arc < 80n ? 1n : 2n;
    if (first === undefined) arcs.push(arc);
    else arcs.push(first, arc - first * 40n);
    arc = 0n;
    groups = 0;
  }
  if (groups !== 0) throw new DerError('has an object identifier that breaks off');
  return arcs.join('.');
}

/** A non-negative INTEGER that fits 31 bits; larger ones come back as 0x7fffffff, negative ones fail. */
export function smallInteger(contents: Uint8Array, what: string): number {
  if (contents.length === 0) throw new DerError(`has an empty number as ${what}`);
  if ((contents[0] as number) & 0x80) throw new DerError(`has a negative ${what}`);
  let value = 0;
  for (const byte of contents) value = Math.min(value * 256 + byte, 0x7fffffff);
  return value;
}

/** Sign and magnitude in lower-case hex with an even number of digits, without padding: `-01` for -1. */
export function integerHex(contents: Uint8Array): string {
  if (contents.length === 0) throw new DerError('has an empty number');
  const negative = ((contents[0] as number) & 0x80) !== 0;
  const magnitude = Buffer.from(contents);
  if (negative) {
    let carry = 1;
    for (let i = magnitude.length - 1; i >= 0; i--) {
      const sum = (~(magnitude[i] as number) & 0xff) + carry;
      magnitude[i] = sum & 0xff;
      carry = sum >> 8;
    }
  }
  let from = 0;
  while (from < magnitude.length - 1 && magnitude[from] === 0) from++;
  return (negative ? '-' : '') + magnitude.toString('hex', from);
}

const TIME = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d{1,9})?(?:Z|([+-])(\d{2})(\d{2}))$/;

/**
 * UTCTime or GeneralizedTime. Missing seconds and offsets other than `Z` are read although RFC 5280 section 4.1.2.5 forbids them; fractions of a second are dropped.
 */
export function timeOf(tag: number, contents: Buffer): Date {
  const text = contents.length <= 40 ? contents.toString('latin1') : '';
  const match = TIME.exec(text);
  if (!match || (tag === TAG.utcTime ? match[1]?.length !== 2 : match[1]?.length !== 4))
    throw new DerError('has a time that is none');
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [number, ...number[]];
  // RFC 5280 section 4.1.2.5.1: two digits from 50 on belong to the last century.
  const fullYear = tag === TAG.utcTime ? (year < 50 ? 2000 : 1900) + year : year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, (month as number) - 1, day);
  date.setUTCHours(hour as number, minute, second);
  if (date.getUTCMonth() + 1 !== month || date.getUTCDate() !== day || (hour as number) > 23 || (minute as number) > 59)
    throw new DerError('has a time that is none');
  if (match[7]) {
    const minutes = Number(match[8]) * 60 + Number(match[9]);
    date.setTime(date.getTime() - (match[7] === '+' ? minutes : -minutes) * 60_000);
  }
  return date;
}
