/** How sure the wording of an entry is: read in a source, concluded, or looked for and not published. */
export type SignatureMark = 'documented' | 'inferred' | 'not found';

/** One thing that a log can say. Class and method names and message texts only: line numbers of stack frames differ from build to build. */
export interface Signature {
  /** `C14`: stable, used in reports. */
  readonly id: string;
  /** Last part of the logger's class name in sps.log; missing where another program writes the line, or where any class may. */
  readonly logger?: string;
  /** Who writes it, where that is not SPS. */
  readonly writtenBy?: string;
  /**
   * Plain text that every matching line holds, at least one of them; ASCII, eight characters or more. Files are searched for these, and
   * only the lines round a find are read.
   */
  readonly literals: readonly string[];
  /** Tried on the text of a record, that is, without time, thread, level and class. Groups are named after what they hold. */
  readonly pattern: RegExp;
  /** Where given, a following line of the record (exception, cause, frame) has to match as well. */
  readonly followedBy?: RegExp;
  readonly meaning: string;
  readonly cause?: string;
  readonly remedy?: string;
  readonly source: string;
  readonly mark: SignatureMark;
  /** A record as it stands in a log; the entry fires on it, and on no other entry's. */
  readonly sample: string;
}

/** What an entry read out of a record: `uid`, `task`, `array`, `backup`, `url`, `name`, `guid`, `alert`, `exception`, … */
export type Facts = Readonly<Record<string, string>>;

/** The line of an sps.log, for samples. Source of the form: vSphere 6.5, KB 402809, KB 320568. */
export function spsLine(level: string, logger: string, text: string, thread = 'pool-14-thread-2', opId = ''): string {
  return `2018-08-02T13:50:47.968Z [${thread}] ${level.padEnd(5)} opId=${opId} ${logger} - ${text}`;
}
