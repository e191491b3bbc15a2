import type { LogRecord } from './record.js';
import type { LogLine } from './removal.js';
import type { Facts } from './signature.js';

/** How often an entry fired about one provider (or about none it names), and where. */
export interface Sign {
  readonly id: string;
  /** What it is about: `url`, `uid` or `name` of a provider, as the line tells it; missing where it tells none. */
  readonly subject?: Subject;
  readonly facts: Facts;
  readonly count: number;
  readonly first: LogLine;
  readonly last: LogLine;
}

export interface Subject {
  readonly kind: 'url' | 'uid' | 'name';
  readonly value: string;
}

export interface Signs {
  readonly signs: readonly Sign[];
  /** Errors that no entry explains, by class. */
  readonly errors: readonly {
    readonly logger: string;
    readonly count: number;
    readonly first: LogLine;
    readonly last: LogLine;
  }[];
  /** vCenters named by task lines. */
  readonly guids: readonly string[];
}

export interface SignCounter {
  add(id: string, facts: Facts, record: LogRecord, line: LogLine): void;
  addError(record: LogRecord, line: LogLine): void;
  end(): Signs;
}

const MOST_SUBJECTS = 2_000;
const MOST_LOGGERS = 100;
const MOST_GUIDS = 20;
const MOST_THREADS = 200;
/** Complaints that name no provider follow the one that does, on the same thread within moments. */
const FOLLOWS = new Set(['C18', 'C19', 'C20', 'C21', 'C22']);
const FOLLOWS_MS = 5_000;

export function signsOf(): SignCounter {
  const counted = new Map<string, { -readonly [Key in keyof Sign]: Sign[Key] }>();
  const errors = new Map<string, { logger: string; count: number; first: LogLine; last: LogLine }>();
  const guids = new Set<string>();
  const lastUrl = new Map<string, { url: string; at?: string }>();

  return {
    add(id, facts, record, line) {
      if (facts.guid !== undefined && guids.size < MOST_GUIDS) guids.add(facts.guid);
      const subject = subjectOf(facts) ?? (FOLLOWS.has(id) ? followed(record) : undefined);
      if (facts.url !== undefined && record.thread !== undefined) {
        if (lastUrl.size >= MOST_THREADS) lastUrl.clear();
        lastUrl.set(record.thread, { url: facts.url, ...(record.at === undefined ? {} : { at: record.at }) });
      }
      const key = `${id} ${subject?.kind ?? ''} ${subject?.value ?? ''}`;
      const sign = counted.get(key) ?? counted.get(counted.size >= MOST_SUBJECTS ? `${id}  ` : key);
      if (sign === undefined) {
        counted.set(counted.size >= MOST_SUBJECTS ? `${id}  ` : key, {
          id,
          ...(subject === undefined || counted.size >= MOST_SUBJECTS ? {} : { subject }),
          facts,
          count: 1,
          first: line,
          last: line,
        });
        return;
      }
      sign.count += 1;
      sign.last = line;
    },
    addError({ logger = 'no class' }, line) {
      const error = errors.get(logger);
      if (error !== undefined) {
        error.count += 1;
        error.last = line;
      } else if (errors.size < MOST_LOGGERS)
        errors.set(logger.slice(0, 200), { logger: logger.slice(0, 200), count: 1, first: line, last: line });
    },
    end: () => ({ signs: [...counted.values()], errors: [...errors.values()], guids: [...guids] }),
  };

  function followed({ thread, at }: LogRecord): Subject | undefined {
    const before = thread === undefined ? undefined : lastUrl.get(thread);
    if (before === undefined) return undefined;
    if (at !== undefined && before.at !== undefined && Date.parse(at) - Date.parse(before.at) > FOLLOWS_MS) return undefined;
    return { kind: 'url', value: before.url };
  }
}

function subjectOf({ url, uid, name }: Facts): Subject | undefined {
  if (url !== undefined) return { kind: 'url', value: url };
  if (uid !== undefined) return { kind: 'uid', value: uid };
  return name === undefined ? undefined : { kind: 'name', value: name };
}
