import type { SpsLogTail } from '../model/evidence.js';

const MAX_RECORDS = 200;
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

/**
 * Records of sps.log that tell of TLS trouble, oldest first, newest kept when there are too many. One string each: the head and the
 * first lines of what follows it (exception, cause, top frames). The first line of a tail is half a line and is left out.
 */
export function extractTlsTrouble(tail: string): SpsLogTail {
  const bytesRead = Buffer.byteLength(tail);
  const found: string[] = [];
  for (const record of recordsOf(tail)) {
    const text = record.join('\n');
    if (TLS_TROUBLE.some((pattern) => pattern.test(text))) found.push(summaryOf(record));
  }
  return { bytesRead, lines: found.slice(-MAX_RECORDS) };
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
