/** A line of a log, as proof. */
export interface LogLine {
  /** Name of the file, in its archive where it came from one. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly at?: string;
  /** The line as it stands there, bounded. */
  readonly text: string;
  /** Entry of the catalogue that fired on it. */
  readonly signature?: string;
}

/** How a removal ended, as far as the log tells. A completed task is no proof of success. */
export type RemovalOutcome =
  /** NullPointerException in `flushEventQueue`: the published case. */
  | 'null-pointer'
  /** Another exception, or another error on the same thread before the task ended. */
  | 'other-error'
  /** SMS says that the provider is not registered. */
  | 'not-found'
  /** From beginning to end without an error. */
  | 'no-error'
  /** The log ends, or the thread goes on to something else, before the task does. */
  | 'unfinished';

/** One attempt to remove a registration, put together from the lines of its thread and its task. */
export interface Removal {
  readonly uid?: string;
  readonly task?: string;
  readonly thread?: string;
  readonly opId?: string;
  /** instanceUuid of the vCenter. */
  readonly serverGuid?: string;
  /** The provider was active for this array. */
  readonly array?: string;
  readonly backup?: string;
  readonly exception?: string;
  readonly outcome: RemovalOutcome;
  /** The stack below the exception is missing or cut off: that it is the published case is concluded from the failover before it. */
  readonly stackMissing: boolean;
  /** The log does not hold its beginning. */
  readonly headless: boolean;
  readonly markedComplete: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly lines: readonly LogLine[];
}

/** The same while it is being read. */
export interface OpenRemoval {
  uid?: string;
  task?: string;
  thread?: string;
  opId?: string;
  serverGuid?: string;
  array?: string;
  backup?: string;
  exception?: string;
  npe?: 'proven' | 'elsewhere' | 'no-stack';
  flushed: boolean;
  notFound: boolean;
  errors: number;
  complete: boolean;
  headless: boolean;
  lines: LogLine[];
}

const MOST_LINES = 24;

export function openRemoval(thread: string | undefined, headless: boolean): OpenRemoval {
  return {
    ...(thread === undefined ? {} : { thread }),
    flushed: false,
    notFound: false,
    errors: 0,
    complete: false,
    headless,
    lines: [],
  };
}

export function addLine(removal: OpenRemoval, line: LogLine): void {
  if (removal.lines.length < MOST_LINES) removal.lines.push(line);
}

export function closeRemoval(open: OpenRemoval): Removal {
  const { npe, flushed, notFound, errors, complete, lines, ...named } = open;
  // JIT leaves stacks out of exceptions thrown often, and files are cut anywhere: the line before the exception then decides.
  const published = npe === 'proven' || (npe === 'no-stack' && (flushed || open.array !== undefined));
  const failed = npe !== undefined || open.exception !== undefined || errors > 0;
  const outcome: RemovalOutcome = published
    ? 'null-pointer'
    : notFound
      ? 'not-found'
      : failed
        ? 'other-error'
        : complete && !open.headless
          ? 'no-error'
          : 'unfinished';
  const times = lines.flatMap(({ at }) => (at === undefined ? [] : [at])).sort();
  const [from] = times;
  const to = times.at(-1);
  return {
    ...named,
    outcome,
    stackMissing: published && npe === 'no-stack',
    markedComplete: complete,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    lines: [...lines].sort(inTime),
  };
}

const inTime = (a: LogLine, b: LogLine): number => ((a.at ?? '') < (b.at ?? '') ? -1 : (a.at ?? '') > (b.at ?? '') ? 1 : 0);
