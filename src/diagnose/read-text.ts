import { isContinuation, type LogRecord, parseHead } from './record.js';
import type { LogExtent } from './scan-log.js';
import { openSegment, type Segment } from './segment.js';

const MOST_LINE = 4_000;

/** Reads a log that is in memory as text, such as the end of sps.log that an audit keeps. Every record is looked at. */
export function readLogText(name: string, text: string): { readonly extent: LogExtent; readonly segment: Segment } {
  const reader = openSegment(name);
  const lines = text.split(/\r?\n/);
  const times: string[] = [];
  let record: (Omit<LogRecord, 'more'> & { more: string[] }) | undefined;
  for (const [index, raw] of lines.entries()) {
    const line = raw.slice(0, MOST_LINE);
    const head = parseHead(line);
    if (head === undefined && (line === '' || (record !== undefined && isContinuation(line)))) {
      if (line !== '') record?.more.push(line);
      continue;
    }
    if (record !== undefined) reader.take(record);
    record = { ...(head ?? { message: line }), more: [], line: index + 1, text: line, cut: false };
    if (head?.at !== undefined) times.push(head.at);
  }
  // A live log goes on: what stands last may not be whole.
  if (record !== undefined) reader.take({ ...record, cut: true });
  const [from] = times;
  const to = times.at(-1);
  return {
    extent: {
      bytes: Buffer.byteLength(text),
      lines: lines.length - 1,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    },
    segment: reader.end(),
  };
}
