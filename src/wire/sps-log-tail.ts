import type { SpsLogTail } from '../model/evidence.js';

const MAX_RECORDS = 200;
const MAX_REMOVAL_RECORDS = 400;
const MAX_LINES_PER_RECORD = 6;
const MAX_LINE = 1000;

/**
 * The head of a record: `2018-08-02T13:50:47.967Z [pool-14-thread-2] DEBUG opId= com.vmware.vim.sms.StorageManagerImpl - text`.
 * Source: the 6.5 log of the article this project grew from, and samples of KB 402809 and KB 320568.
 */
const HEAD = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{3})?Z? \[[^\]]*\] +(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b/;

/** JSSE's and SMS's words for TLS trouble. Sources: KB 402809 (certificate_unknown, CertificateNotTrusted), KB 320568 (self signed); JSSE's alert names. */
const TLS_TROUBLE = [
  /Received fatal alert/,
  /\b(?:certificate_unknown|bad_certificate|unsupported_certificate|certificate_revoked|certificate_expired|unknown_ca|access_denied|certificate_required|handshake_failure)\b/,
  /\bsms\.fault\.(?:Certificate\w*|InvalidCertificate)\b|\bCertificateNotTrusted\b/,
  /\bSSL(?:Handshake|PeerUnverified|Key|Protocol)?Exception\b/,
  /\b(?:Validator|CertPathValidator|CertPathBuilder|CertificateExpired|CertificateNotYetValid|Certificate)Exception\b|isValidatorexception/i,
  /PKIX path|self.signed certificate/i,
];

/** Thread and level of a record. */
const THREAD = /^\S+ \[([^\]]*)\] +(\w+)/;
/** What a removal logs about itself, beginning with its call. Source: the same 6.5 log. */
const REMOVAL_BEGINS = / - unregisterProvider\(\) called for provider - /;
const OF_REMOVAL =
  / - \[(?:removeProvider|removeEntry|FAILOVER|getBackupProvider|updateActiveProvider)\] | - Check backup provider | - Error while removing an entry for the provider in the providerCache|\bsms\.fault\.(?:ProviderUnregistrationFault|ProviderNotFound|NotFound)\b/;
const TASK_LINE = / - (?:Updated progress to \d+% for task .*|\[markTaskCompleted\] Marked |Created a task .*)\b(SmsTask-\d+)/;

/**
 * Records of sps.log that tell of TLS trouble or of removals, oldest first, newest kept when there are too many. One string each: the head
 * and the first lines of what follows it (exception, cause, top frames). The first line of a tail is half a line and is left out.
 */
export function extractTelling(tail: string): SpsLogTail {
  const records = [...recordsOf(tail)].map((record) => ({ record, text: record.join('\n') }));
  const isOfRemoval = removalTeller(records.map(({ record }) => record[0] ?? ''));
  const telling = records.map(({ record, text }) => ({
    record,
    removal: isOfRemoval(record[0] ?? ''),
    trouble: TLS_TROUBLE.some((pattern) => pattern.test(text)),
  }));
  const removals = new Set(telling.filter(({ removal }) => removal).slice(-MAX_REMOVAL_RECORDS));
  const troubles = new Set(telling.filter(({ trouble }) => trouble).slice(-MAX_RECORDS));
  const kept = telling.filter((one) => removals.has(one) || troubles.has(one));
  return { bytesRead: Buffer.byteLength(tail), lines: kept.map(({ record }) => summaryOf(record)) };
}

/**
 * Which records belong to a removal: its own steps; those of its task, which every task logs alike; and whatever else goes wrong on a
 * thread that removes.
 */
function removalTeller(heads: readonly string[]): (head: string) => boolean {
  const threads = new Set<string>();
  const tasks = new Set<string>();
  for (const head of heads) {
    const thread = THREAD.exec(head)?.[1] ?? '';
    if (REMOVAL_BEGINS.test(head)) threads.add(thread);
    else if (threads.has(thread)) tasks.add(TASK_LINE.exec(head)?.[1] ?? '');
  }
  return (head) => {
    if (REMOVAL_BEGINS.test(head) || OF_REMOVAL.test(head)) return true;
    const task = TASK_LINE.exec(head)?.[1];
    if (task !== undefined) return tasks.has(task);
    const [, thread = '', level] = THREAD.exec(head) ?? [];
    return level === 'ERROR' && threads.has(thread);
  };
}

function* recordsOf(tail: string): Generator<string[]> {
  let record: string[] | undefined;
  for (const raw of tail.split(/\r?\n/)) {
    const line = raw.slice(0, MAX_LINE);
    if (HEAD.test(line)) {
      if (record) yield record;
      record = [line];
    } else if (record && line !== '') record.push(line);
  }
  if (record) yield record;
}

/** The head, then exceptions and causes before frames: a cause far down matters more than the frames above it. */
function summaryOf([head = '', ...more]: readonly string[]): string {
  const telling = more.filter((line) => !/^\s+at |^\s*\.\.\. \d+ more/.test(line));
  const frames = more.filter((line) => /^\s+at /.test(line));
  return [head, ...telling, ...frames].slice(0, MAX_LINES_PER_RECORD).join('\n');
}
