/** A record of a log: its head, and the lines below that belong to it. */
export interface LogRecord {
  /** ISO time in UTC; missing where the head tells none. */
  readonly at?: string;
  readonly thread?: string;
  /** `ERROR`, `error`, `Er(163)`: as the program writes it. */
  readonly level?: string;
  readonly opId?: string;
  /** Class name; sps.log only. */
  readonly logger?: string;
  /** Text of the head without the parts above; bounded. */
  readonly message: string;
  /** Exceptions, causes and frames below the head; bounded. */
  readonly more: readonly string[];
  /** Line number of the head, from 1. */
  readonly line: number;
  /** The head as it stands in the file; bounded. */
  readonly text: string;
  /** The file ends inside this record. */
  readonly cut: boolean;
}

type RecordHead = Omit<LogRecord, 'line' | 'more' | 'cut' | 'text'>;

const TIME = String.raw`(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)`;

/**
 * `2018-08-02T13:50:47.967Z [pool-14-thread-2] DEBUG opId= com.vmware.vim.sms.StorageManagerImpl - text`. Source: vSphere 6.5,
 * KB 402809, KB 320568. A head without opId is taken too.
 */
const SPS_HEAD = new RegExp(
  String.raw`^${TIME} \[([^\]]{0,200})\] +(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +(?:opId=(\S*) )?(\S+) - (.*)$`,
);
/** `2024-… error vvold[2099041] [Originator@6876 sub=Default opID=…] text`, `2024-… Er(163) VVold[2255518]: text`. Source: KB 412434. */
const ESX_HEAD = new RegExp(String.raw`^${TIME} +([A-Za-z]+(?:\(\d+\))?) +([A-Za-z][\w.-]*)\[(\w+)\]:? +(.*)$`);
const SPS_TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const ANY_HEAD = new RegExp(String.raw`^${TIME}\b(.*)$`);
/** Frames, causes, and the bare name of an exception with its text. */
const CONTINUATION = /^(?:\s+\S|Caused by:|Suppressed:|\[wrapped\]|\$?[a-z][\w$]*(?:\.[\w$]+){2,}(?::|$))/;

/** Head and text of one line; undefined where it does not begin a record by itself. */
export function parseHead(line: string): RecordHead | undefined {
  const plain = parsePlainHead(line);
  if (plain !== undefined) return plain;
  const sps = SPS_HEAD.exec(line);
  if (sps !== null) {
    const [, at = '', thread = '', level = '', opId, logger = '', message = ''] = sps;
    return { ...timeOf(at), thread, level, ...(opId ? { opId } : {}), logger, message };
  }
  const esx = ESX_HEAD.exec(line);
  if (esx !== null) {
    const [, at = '', level = '', program = '', pid = '', message = ''] = esx;
    return { ...timeOf(at), level, thread: `${program}[${pid}]`, message };
  }
  const any = ANY_HEAD.exec(line);
  return any === null ? undefined : { ...timeOf(any[1] ?? ''), message: (any[2] ?? '').trim() };
}

const LEVELS = new Set(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']);
const TIME_LENGTH = '2018-08-02T13:50:47.967Z'.length;

/** What `SPS_HEAD` finds in a head in SPS's usual form, several times faster; undefined for everything else. */
function parsePlainHead(line: string): RecordHead | undefined {
  if (!line.startsWith(' [', TIME_LENGTH)) return undefined;
  const at = line.slice(0, TIME_LENGTH);
  const close = line.indexOf(']', TIME_LENGTH + 2);
  if (close === -1 || close > TIME_LENGTH + 202 || line[close + 1] !== ' ' || !SPS_TIME.test(at)) return undefined;
  const levelEnd = line.indexOf(' ', close + 2);
  const level = line.slice(close + 2, levelEnd);
  if (!LEVELS.has(level)) return undefined;
  let start = levelEnd + 1;
  while (line[start] === ' ') start += 1;
  let opId = '';
  if (line.startsWith('opId=', start)) {
    const end = line.indexOf(' ', start);
    opId = line.slice(start + 'opId='.length, end);
    start = end + 1;
  }
  const loggerEnd = line.indexOf(' ', start);
  if (loggerEnd <= start || !line.startsWith(' - ', loggerEnd)) return undefined;
  const head = { at, thread: line.slice(TIME_LENGTH + 2, close), level, logger: line.slice(start, loggerEnd) };
  const message = line.slice(loggerEnd + 3);
  return opId === '' ? { ...head, message } : { ...head, opId, message };
}

/** Whether a line without a head belongs to the record above it. */
export function isContinuation(line: string): boolean {
  return CONTINUATION.test(line);
}

/** A clean ISO time, or nothing where the digits are no time. A time without a zone is taken as UTC, which SPS writes. */
function timeOf(text: string): { at?: string } {
  // As SPS writes it, and as it is handed on.
  if (SPS_TIME.test(text)) return { at: text };
  const [, base = '', fraction = '', zone = 'Z'] = /^(.{19})(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? [];
  const ms = Date.parse(
    `${base.replace(' ', 'T')}.${fraction.slice(0, 3).padEnd(3, '0')}${zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')}`,
  );
  return Number.isNaN(ms) ? {} : { at: new Date(ms).toISOString() };
}
