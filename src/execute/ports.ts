import type { CertificateQuestion } from '../model/certificate-question.js';
import type { NewRegistration } from '../model/cleanup-plan.js';
import type { SmsProviderRecord } from '../model/evidence.js';
import type { Sha256Hex } from '../model/ids.js';
import type { Result } from '../model/problem.js';
import type { JournalEntry, RunEvent, RunMode } from '../model/run.js';
import type { ProviderSpec, SmsTaskInfo } from '../wire/sms-tasks.js';
import type { Ref } from '../wire/soap.js';
import type { VcenterShell } from '../wire/vcenter-shell.js';

/** The one source of time of a run; tests bring a clock of their own. */
export interface Clock {
  now(): Date;
  /** Milliseconds of a clock that never jumps. */
  uptimeMs(): number;
  sleep(ms: number): Promise<void>;
}

/** What a run asks of SMS. Reads may be repeated; everything else is sent once. */
export interface SmsAccess {
  registrations(): Promise<Result<readonly SmsProviderRecord[]>>;
  unregister(uid: string): Promise<Result<Ref>>;
  reconnect(provider: Ref): Promise<Result<Ref>>;
  register(spec: ProviderSpec): Promise<Result<Ref>>;
  task(task: Ref): Promise<Result<SmsTaskInfo>>;
}

/** A way to one vCenter that is open now. */
export interface Link {
  readonly shell: Pick<VcenterShell, 'kind' | 'run' | 'hostKeySha256'>;
  readonly sms: SmsAccess;
  close(): Promise<void>;
}

/** Opens ways; asked again when one broke. A host key other than the first one is refused by whoever implements it, before any password is sent. */
export interface Way {
  readonly label: string;
  open(): Promise<Result<Link>>;
}

/** Append-only. `append` returns after the line is on disk. */
export interface Journal {
  readonly entries: readonly JournalEntry[];
  append(event: RunEvent): Promise<void>;
}

/** Who works on the run, for the journal and for whoever finds the lock. */
export interface RunOperator {
  readonly mode: RunMode;
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly madeBy: string;
  /** The logins it uses, for the journal. */
  readonly accounts?: string;
}

/** What registering again needs from outside: the provider's password, and somebody who says yes to its certificate. */
export interface Registering {
  password(registration: NewRegistration): Promise<Result<string>>;
  /** SHA-256 of the certificates that the provider serves now, without and with a server name, as far as we reach it; where nobody can look, it is left out. */
  served?(registration: NewRegistration): Promise<Result<readonly Sha256Hex[]>>;
  /** `--yes` says yes. What differs from what was seen before is refused without a question. */
  confirm(question: CertificateQuestion): Promise<boolean>;
  /** Which of these datastores some host cannot reach; where nobody can look, it is left out. */
  inaccessible?(datastores: readonly string[]): Promise<Result<readonly string[]>>;
}
