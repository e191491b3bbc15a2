import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { err, ok, type Result } from '../model/problem.js';

/** The value that SPS ships with, and the one that the published procedure sets. */
export const SHIPPED_RETRY = 99_999;
export const LOWERED_RETRY = 4;

const LEAST_BYTES = 200;
const MOST_BYTES = 1024 * 1024;

/** One number of the file, found and replaced in place; every other byte stays. */
export interface SmsConfigEdit {
  readonly before: string;
  readonly after: string;
  /** The whole file with the other number. */
  readonly bytes: Uint8Array;
  /** 1-based; lines end in LF. */
  readonly line: number;
  /** Where on that line the number begins, 0-based. */
  readonly column: number;
  readonly lineBefore: string;
  readonly lineAfter: string;
  /** qsConnection/retryInterval, seconds. */
  readonly interval: number;
  readonly shaBefore: string;
  readonly shaAfter: string;
}

/**
 * Sets qsConnection/retryAttempt of sms-config.xml, byte-preserving: the digits are replaced, nothing is parsed and written again.
 * Refused, with the reason: a size outside 200 B to 1 MiB, not UTF-8, not well-formed (namespaces included), a DOCTYPE or a processing instruction, `<--` anywhere (the mark of a pasted
 * article), no or several `qsConnection`, no or several `retryAttempt` or `retryInterval` in it, a value that is no plain number or none
 * of `expected`. Comments and CDATA do not count. Source of the fragment: the published procedure; the rest of the file is not published.
 */
export function editRetryAttempt(
  file: Uint8Array,
  value: number,
  expected: readonly number[] = [SHIPPED_RETRY, LOWERED_RETRY],
): Result<SmsConfigEdit, string> {
  if (file.length < LEAST_BYTES || file.length > MOST_BYTES)
    return err(`it has ${file.length} bytes; from ${LEAST_BYTES} bytes to 1 MiB are expected`);
  if (!isUtf8(file)) return err('it is not UTF-8');
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(file);
  if (text.includes('<--')) return err('it holds "<--": a mark that was pasted from an article');
  const found = findSettings(text);
  if (!found.ok) return found;
  const { attempt, interval } = found.value;
  const before = text.slice(attempt.start, attempt.end);
  if (!/^\d{1,9}$/.test(before)) return err(`retryAttempt is "${before.slice(0, 40)}" and not a whole number`);
  if (!expected.includes(Number(before)))
    return err(`retryAttempt is ${before}; ${expected.map(String).join(' or ')} is expected`);
  const seconds = text.slice(interval.start, interval.end);
  if (!/^\d{1,6}$/.test(seconds) || Number(seconds) === 0) return err(`retryInterval is "${seconds.slice(0, 40)}"`);
  const after = String(value);
  const edited = text.slice(0, attempt.start) + after + text.slice(attempt.end);
  const bytes = new TextEncoder().encode(edited);
  const lineStart = text.lastIndexOf('\n', attempt.start - 1) + 1;
  return ok({
    before,
    after,
    bytes,
    line: text.slice(0, lineStart).split('\n').length,
    column: attempt.start - lineStart,
    lineBefore: lineAt(text, lineStart),
    lineAfter: lineAt(edited, lineStart),
    interval: Number(seconds),
    shaBefore: sha256(file),
    shaAfter: sha256(bytes),
  });
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where the two numbers of `qsConnection` stand, without the white space around them. */
function findSettings(text: string): Result<{ readonly attempt: Span; readonly interval: Span }, string> {
  const found = { retryAttempt: [] as Span[], retryInterval: [] as Span[] };
  const path: string[] = [];
  let connections = 0;
  let opened = 0;
  let refused: string | undefined;
  const refuse = (why: string) => {
    refused ??= why;
  };
  const parser = new SaxesParser({ xmlns: true });
  const setting = (): Span[] | undefined => {
    const name = path.at(-1);
    return path.at(-2) === 'qsConnection' && (name === 'retryAttempt' || name === 'retryInterval') ? found[name] : undefined;
  };
  parser.on('error', (error) => refuse(`it is not well-formed: ${error.message.slice(0, 120)}`));
  parser.on('doctype', () => refuse('it has a DOCTYPE'));
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^(utf-?8|us-ascii)$/i.test(encoding)) refuse(`its encoding is ${encoding.slice(0, 40)}`);
  });
  parser.on('opentag', (tag: SaxesTagNS) => {
    if (path.at(-1) !== undefined && setting() !== undefined) refuse(`${path.at(-1)} of qsConnection holds more than a number`);
    path.push(tag.local);
    if (path.at(-1) === 'qsConnection') connections += 1;
    if (path.slice(0, -2).includes('qsConnection') && /^retry(Attempt|Interval)$/.test(path.at(-1) ?? ''))
      refuse(`qsConnection holds another ${path.at(-1)} deeper down`);
    opened = parser.position;
    if (setting() !== undefined && tag.isSelfClosing) refuse(`${path.at(-1)} of qsConnection is empty`);
  });
  const notANumber = () => {
    if (setting() !== undefined) refuse(`${path.at(-1)} of qsConnection holds more than a number`);
  };
  parser.on('comment', notANumber);
  parser.on('cdata', notANumber);
  parser.on('processinginstruction', () => refuse('it has a processing instruction'));
  parser.on('closetag', () => {
    setting()?.push(trimmed(text, opened, text.lastIndexOf('</', parser.position - 1)));
    path.pop();
  });
  parser.write(text).close();
  if (refused !== undefined) return err(refused);
  if (connections !== 1) return err(`it has ${connections === 0 ? 'no' : connections} qsConnection`);
  const [attempt, moreAttempts] = found.retryAttempt;
  const [interval, moreIntervals] = found.retryInterval;
  if (attempt === undefined || moreAttempts !== undefined)
    return err(`qsConnection has ${count(found.retryAttempt)} retryAttempt`);
  if (interval === undefined || moreIntervals !== undefined)
    return err(`qsConnection has ${count(found.retryInterval)} retryInterval`);
  return ok({ attempt, interval });
}

const count = (spans: readonly Span[]): string => (spans.length === 0 ? 'no' : String(spans.length));

function trimmed(text: string, start: number, end: number): Span {
  let [from, to] = [start, end];
  while (from < to && /[ \t\r\n]/.test(text.charAt(from))) from += 1;
  while (to > from && /[ \t\r\n]/.test(text.charAt(to - 1))) to -= 1;
  return { start: from, end: to };
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? undefined : end).replace(/\r$/, '');
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
