import { type Bytes, LogTrouble } from './log-stream.js';

/** A member of a tar. Its name is only ever shown: nothing is written, so a name cannot lead anywhere. */
export interface TarMember {
  readonly name: string;
  readonly kind: 'file' | 'link' | 'other';
  readonly size: number;
  /** The bytes of a file; what is not taken is skipped. */
  readonly body: Bytes;
}

const BLOCK = 512;
const MOST_MEMBERS = 200_000;
/** Long names and extended headers. */
const MOST_HEADER = 1024 * 1024;

/** Whether 512 bytes are the head of a tar: the sum over it has to be right, since old tars have no mark of their own. */
export function isTarHead(head: Uint8Array): boolean {
  return head.length >= BLOCK && checksumHolds(Buffer.from(head.buffer, head.byteOffset, BLOCK));
}

/** The members of a tar, in their order: ustar, GNU long names, pax. Ends with `LogTrouble` where it is cut off or no tar. */
export async function* tarMembers(source: Bytes): AsyncGenerator<TarMember> {
  const input = openInput(source);
  let longName: string | undefined;
  let pax: Readonly<Record<string, string>> = {};
  for (let count = 0; ; ) {
    const head = await input.take(BLOCK);
    if (head.length === 0) return;
    if (head.length < BLOCK) throw new LogTrouble('truncated', 'the archive ends in the middle of a header');
    if (head.every((byte) => byte === 0)) return;
    if (!checksumHolds(head)) throw new LogTrouble('damaged', 'the archive is damaged: the sum over a header is wrong');
    count += 1;
    if (count > MOST_MEMBERS) throw new LogTrouble('too-large', `the archive has more than ${MOST_MEMBERS} members`);
    const type = String.fromCharCode(head[156] ?? 0);
    const size = pax.size === undefined || 'xgLK'.includes(type) ? numberAt(head, 124, 12) : Number(pax.size);
    if (!Number.isSafeInteger(size) || size < 0) throw new LogTrouble('damaged', 'the archive is damaged: a size is no number');
    const padded = size + ((BLOCK - (size % BLOCK)) % BLOCK);
    if ('xgLK'.includes(type)) {
      if (size > MOST_HEADER) throw new LogTrouble('too-large', 'a header of the archive is too large');
      const text = (await input.take(padded)).subarray(0, size).toString('utf8');
      if (type === 'L') longName = text.replace(/\0.*$/s, '');
      else if (type === 'x') pax = paxRecords(text);
      continue;
    }
    const name = pax.path ?? longName ?? plainName(head);
    [longName, pax] = [undefined, {}];
    // Links of an old tar may carry the size of what they point to; no data follows them.
    const isLink = type === '1' || type === '2';
    const length = isLink ? 0 : padded;
    const kind = isLink ? 'link' : type === '0' || type === '\0' || type === '7' ? 'file' : 'other';
    let left = length;
    let hasEnded = false;
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let wanted = size; wanted > 0; ) {
        const chunk = await input.some(wanted);
        if (chunk.length === 0) {
          hasEnded = true;
          throw new LogTrouble('truncated', 'the archive ends in the middle of a member');
        }
        wanted -= chunk.length;
        left -= chunk.length;
        yield chunk;
      }
    }
    yield { name, kind, size, body: body() };
    // Whoever read the member was told.
    if (hasEnded) return;
    while (left > 0) {
      const skipped = await input.some(left);
      if (skipped.length === 0) throw new LogTrouble('truncated', 'the archive ends in the middle of a member');
      left -= skipped.length;
    }
  }
}

interface Input {
  /** Exactly so many bytes, fewer only at the end. */
  take(length: number): Promise<Buffer>;
  /** At least one byte, at most so many; none only at the end. */
  some(most: number): Promise<Uint8Array>;
}

function openInput(source: Bytes): Input {
  const iterator = source[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  const some = async (most: number): Promise<Uint8Array> => {
    while (rest.length === 0) {
      const { value, done } = await iterator.next();
      if (done) return rest;
      rest = value;
    }
    const part = rest.subarray(0, most);
    rest = rest.subarray(part.length);
    return part;
  };
  return {
    some,
    async take(length) {
      const parts: Uint8Array[] = [];
      for (let left = length; left > 0; ) {
        const part = await some(left);
        if (part.length === 0) break;
        parts.push(part);
        left -= part.length;
      }
      return Buffer.concat(parts);
    },
  };
}

function checksumHolds(head: Buffer): boolean {
  const stored = numberAt(head, 148, 8);
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += at >= 148 && at < 156 ? 32 : (head[at] ?? 0);
  return stored === sum;
}

/** Octal digits, or base 256 where the first bit is set. */
function numberAt(head: Buffer, at: number, length: number): number {
  if (((head[at] ?? 0) & 0x80) !== 0) {
    let value = (head[at] ?? 0) & 0x7f;
    for (const byte of head.subarray(at + 1, at + length)) value = value * 256 + byte;
    return value;
  }
  const digits = /^ *([0-7]*)/.exec(head.toString('latin1', at, at + length))?.[1] ?? '';
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function plainName(head: Buffer): string {
  const field = (at: number, length: number) => head.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  const prefix = head.toString('latin1', 257, 262) === 'ustar' ? field(345, 155) : '';
  return prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`;
}

/** `27 path=some/long/name\n`, one after the other. */
function paxRecords(text: string): Record<string, string> {
  const records: Record<string, string> = {};
  for (const [, key = '', value = ''] of text.matchAll(/^\d+ ([^=\n]+)=([^\n]*)$/gm)) records[key] = value;
  return records;
}
