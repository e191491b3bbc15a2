import { PREFILTER_SLACK, type Prefilter } from './prefilter.js';
import { isContinuation, type LogRecord, parseHead } from './record.js';

/** Bytes read at a time: about what a processor keeps close. */
export const AREA_BYTES = 1024 * 1024;
/** How far a record may reach back from a find, and forward. */
const LOOK_BACK = 32 * 1024;
const LOOK_AHEAD = 64 * 1024;
const GAP = 2 * (LOOK_BACK + LOOK_AHEAD);
const MOST_LINES = 120;
const MOST_LINE = 4_000;
const FIRST_AREA = 64 * 1024 + GAP;
const SECOND_AREA = FIRST_AREA + AREA_BYTES + 4096 + GAP;
export const SCANNER_BYTES = SECOND_AREA + AREA_BYTES + 4096;

const LINE_END = 10;
const CARRIAGE_RETURN = 13;
const [ZERO, NINE] = [48, 57];

/** What a log file turned out to be, besides its records. */
export interface LogExtent {
  readonly bytes: number;
  readonly lines: number;
  /** Times of the first and the last record that tell one. */
  readonly from?: string;
  readonly to?: string;
}

export interface LogScanner {
  /** Where the next bytes of a file go. Two areas that take turns: one is filled while the other is searched. */
  readonly areas: readonly [Uint8Array, Uint8Array];
  begin(): void;
  /** `length` bytes were put into the area whose turn it is; `isLast`: the file ends with them. */
  scan(length: number, isLast: boolean): void;
  end(): LogExtent;
}

/**
 * Searches a file of any size in bounded memory and hands on the records round each find, in their order, each once. Line numbers are those
 * of the file. A record is bounded in lines and bytes: of a line of a hundred megabytes only what stands round a find is read.
 */
export function openScanner(prefilter: Prefilter, onRecord: (record: LogRecord) => void): LogScanner {
  const { memory } = prefilter;
  const text = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
  const bases = [FIRST_AREA, SECOND_AREA] as const;
  const areas = bases.map((base) => memory.subarray(base, base + AREA_BYTES)) as unknown as readonly [Uint8Array, Uint8Array];
  let turn: 0 | 1 = 0;
  /** Bytes kept from before, in front of the area whose turn it is; searched up to `searched` of them. */
  let kept = 0;
  let searched = 0;
  /** Line ends before the place up to which was searched. */
  let line = 0;
  let bytes = 0;
  let first: string | undefined;
  let last: string | undefined;

  const lineAt = (start: number, end: number): { text: string; next: number } => {
    const bound = Math.min(end, start + LOOK_AHEAD);
    const found = text.indexOf(LINE_END, start);
    const hasEnd = found !== -1 && found < bound;
    const stop = hasEnd ? found : bound;
    const shown = text.toString('utf8', start, Math.min(stop, start + MOST_LINE));
    const next = hasEnd ? stop + 1 : stop;
    // A crash of the appliance leaves runs of NULs; the line after them is whole.
    if (memory[start] === 0 || memory[stop - 1] === CARRIAGE_RETURN)
      return { text: shown.replace(/^\0+/, '').replace(/\r$/, ''), next };
    return { text: shown, next };
  };
  const lineStart = (at: number, floor: number): number => {
    const bottom = Math.max(floor, at - LOOK_BACK);
    const found = at > 0 ? text.lastIndexOf(LINE_END, at - 1) : -1;
    return found < bottom ? bottom : found + 1;
  };

  /** The record round a find, and where it ends. Nothing before `floor` is looked at: it belongs to records handed on already. */
  const recordAt = (at: number, floor: number, end: number, isLast: boolean): { record: LogRecord; next: number } => {
    let start = lineStart(at, floor);
    if (at - start > MOST_LINE / 2) start = at - 200;
    let number = line + 1;
    let head = lineAt(start, end);
    let parsed = parseHead(head.text);
    if (parsed === undefined && isContinuation(head.text)) {
      let [above, walked] = [start, 0];
      while (parsed === undefined && above > floor && at - above < LOOK_BACK && walked < MOST_LINES) {
        above = lineStart(above - 1, floor);
        walked += 1;
        const candidate = lineAt(above, end);
        parsed = parseHead(candidate.text);
        if (parsed !== undefined) [head, start, number] = [candidate, above, number - walked];
        else if (!isContinuation(candidate.text)) break;
      }
    }
    const more: string[] = [];
    let next = head.next;
    const bound = Math.min(end, start + LOOK_AHEAD);
    while (next < bound && more.length < MOST_LINES) {
      // A time begins with a digit, and what belongs to a record never does: most lines need not be looked at.
      const begin = memory[next] ?? 0;
      if (begin >= ZERO && begin <= NINE) break;
      const following = lineAt(next, end);
      if (following.text !== '' && !isContinuation(following.text)) break;
      if (following.text !== '') more.push(following.text);
      next = following.next;
    }
    const record = {
      ...(parsed ?? { message: head.text }),
      more,
      line: number,
      text: head.text,
      cut: isLast && next >= end,
    };
    return { record, next: Math.max(next, at + 1) };
  };

  const firstTime = (start: number, end: number): string | undefined => {
    for (let [at, tried] = [start, 0]; at < end && tried < MOST_LINES; tried += 1) {
      const { text: shown, next } = lineAt(at, end);
      const time = parseHead(shown)?.at;
      if (time !== undefined) return time;
      at = next;
    }
    return undefined;
  };
  const lastTime = (start: number, end: number): string | undefined => {
    for (let [at, tried] = [end, 0]; at > start && tried < MOST_LINES; tried += 1) {
      const from = lineStart(at - 1, start);
      const time = parseHead(lineAt(from, end).text)?.at;
      if (time !== undefined) return time;
      at = from;
    }
    return undefined;
  };

  return {
    areas,
    begin() {
      [turn, kept, searched, line, bytes, first, last] = [0, 0, 0, 0, 0, undefined, undefined];
    },
    scan(length, isLast) {
      const base = bases[turn];
      const [start, end] = [base - kept, base + length];
      bytes += length;
      memory.fill(0, end, end + PREFILTER_SLACK);
      if (kept === 0) first ??= firstTime(start, end);
      let at = start + searched;
      let floor = start;
      const limit = isLast ? end : Math.max(at, end - LOOK_AHEAD);
      while (at < limit) {
        const found = prefilter.next(at, limit);
        line += prefilter.lines;
        if (found === -1) {
          at = limit;
          break;
        }
        const { record, next } = recordAt(found, floor, end, isLast);
        onRecord(record);
        line += prefilter.countLines(found, next);
        at = next;
        floor = next;
      }
      if (isLast) last = lastTime(Math.max(start, end - LOOK_BACK), end);
      // What is not yet searched goes in front of the other area, with as much before it as a record may reach back.
      turn = turn === 0 ? 1 : 0;
      const from = Math.max(floor, at - LOOK_BACK, start);
      kept = end - from;
      searched = at - from;
      memory.copyWithin(bases[turn] - kept, from, end);
    },
    end: () => ({
      bytes,
      lines: line,
      ...(first === undefined ? {} : { from: first }),
      ...(last === undefined ? {} : { to: last }),
    }),
  };
}
