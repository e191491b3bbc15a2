import type { Severity } from '../model/finding.js';
import type { VcenterId } from '../model/ids.js';
import type { Problem } from '../model/problem.js';
import type { LogLine, Removal } from './removal.js';
import type { LogExtent } from './scan-log.js';
import type { Segment } from './segment.js';
import type { Sign, Signs } from './signs.js';

/** One log file that was read. */
export interface ReadLog {
  /** As the operator gave it; for a member of an archive `bundle.tgz:path/in/it`. */
  readonly name: string;
  /** Files of one rotated set carry the same text: where the set lies and what it is called. */
  readonly set: string;
  /** Position in the set where times do not tell: 0 for the live file, higher for older ones. */
  readonly age: number;
  readonly extent: LogExtent;
  readonly segment: Segment;
  /** The vCenter it came from, where that is known from elsewhere. */
  readonly vcenter?: VcenterId;
}

/** One log: a rotated set, in time order. */
export interface LogSource {
  readonly id: string;
  /** Its vCenter's id in estate.yaml, where saved evidence tells it. */
  readonly vcenter?: VcenterId;
  /** instanceUuid of the vCenter whose tasks it tells of. */
  readonly serverGuid?: string;
  readonly files: readonly { readonly name: string; readonly extent: LogExtent }[];
  readonly removals: readonly Removal[];
  readonly signs: readonly Sign[];
  readonly errors: Signs['errors'];
}

export const VERDICT_CODES = [
  'STALE_VP_NPE',
  'TRUST_LOST',
  'IOFILTER_CERT',
  'SPS_DOWN',
  'VP_OVERLOAD',
  'UNKNOWN',
  'ALREADY_GONE',
] as const;
export type VerdictCode = (typeof VERDICT_CODES)[number];

/** Which registration or provider, as far as the log and saved evidence tell. */
export interface ProviderNamed {
  readonly uid?: string;
  readonly url?: string;
  readonly name?: string;
}

/** What happened, with the lines that prove it. */
export interface Verdict {
  readonly code: VerdictCode;
  readonly severity: Severity;
  /** Id of the log it was read from. */
  readonly source: string;
  readonly vcenter?: VcenterId;
  readonly serverGuid?: string;
  readonly provider?: ProviderNamed;
  readonly array?: string;
  readonly backup?: ProviderNamed;
  /** Of the last attempt. */
  readonly task?: string;
  /** How the code came about, where it can in more than one way. */
  readonly why?: 'stack-missing' | 'headless' | 'other-exception' | 'no-session' | 'host-tls' | 'fault';
  /** Class of the exception of a removal that failed in an unknown way. */
  readonly exception?: string;
  /** How often it was seen. */
  readonly count: number;
  readonly since?: string;
  readonly last?: string;
  /** The log begins here: it may have been so before. */
  readonly logFrom?: string;
  /** A later removal of the same registration ended without an error, at this time. */
  readonly laterWithoutError?: string;
  /** Saved evidence, taken later, does not list the registration any more. */
  readonly provenGone?: boolean;
  readonly proof: readonly LogLine[];
}

/** One thing that happened to a provider. */
export interface TimelineEvent {
  readonly at?: string;
  readonly source: string;
  readonly vcenter?: VcenterId;
  readonly what: string;
  /** How often, where it went on; the event is the first or the last of them. */
  readonly count?: number;
  readonly line?: LogLine;
}

export interface Timeline {
  readonly provider: ProviderNamed;
  readonly events: readonly TimelineEvent[];
  /** Events between the first and the last ones that were left out. */
  readonly omitted: number;
}

/** What the logs say: a pure function of the files and, where given, saved evidence. */
export interface Diagnosis {
  readonly sources: readonly LogSource[];
  readonly verdicts: readonly Verdict[];
  readonly timelines: readonly Timeline[];
  /** Why the logs do not tell everything. */
  readonly gaps: readonly Problem[];
}
