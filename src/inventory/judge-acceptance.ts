import type { SmsProviderRecord, SpsLogTail } from '../model/evidence.js';
import type { AcceptGrade, AcceptReason, Endpoint, Vcenter, Verdict } from '../model/inventory.js';
import type { SeenRegistration } from './group-providers.js';

type AcceptVerdict = Verdict<AcceptGrade, AcceptReason>;

/**
 * SMS states that need a working session, both ways. Source: enum VasaProviderStatus (`connected`: no sync yet; `syncError`: connected,
 * sync failed).
 */
const CONNECTED = new Set(['online', 'connected', 'syncError']);

/** TLS alerts by which a peer refuses our certificate (RFC 5246 section 7.2.2), in JSSE's spelling. */
const REFUSAL =
  /Received fatal alert: (bad_certificate|unsupported_certificate|certificate_revoked|certificate_expired|certificate_unknown|unknown_ca|access_denied|certificate_required)/;

/**
 * Does the provider accept what this vCenter presents? Seldom visible: a session says yes; an alert that the provider sent says no; a
 * list of acceptable CAs is a hint and decides nothing.
 */
export function judgeAccepted(
  registration: SeenRegistration,
  endpoint: Endpoint | undefined,
  vcenter: Vcenter,
  spsLog: SpsLogTail | undefined,
  dnOf: (derBase64: string) => string,
): AcceptVerdict {
  const { status, statusFault } = registration.record;
  if (status !== undefined && CONNECTED.has(status)) return { value: true, grade: 'session', why: { code: 'online' } };
  const faultText = statusFault?.message?.match(REFUSAL);
  if (faultText !== null && faultText !== undefined)
    return { value: false, grade: 'sms-fault', why: { code: 'status-fault', fault: faultText[0] } };
  const alert = lastRefusal(spsLog, registration.record);
  if (alert !== undefined) return { value: false, grade: 'tls-alert', why: { code: 'tls-alert', ...alert } };
  const hint = acceptableCaHint(endpoint, vcenter, dnOf);
  return { value: 'unknown', why: hint ?? { code: 'not-seen' } };
}

/**
 * The newest record of sps.log that names this provider and the alert it sent. That the lines mean this is inferred from JSSE's own
 * wording. A sync after it shows that the refusal is over.
 */
function lastRefusal(log: SpsLogTail | undefined, record: SmsProviderRecord): { alert: string; line: string } | undefined {
  const names = namesOf(record);
  const synced = earliest(record.lastSyncTime);
  for (const line of [...(log?.lines ?? [])].reverse()) {
    const alert = line.match(REFUSAL)?.[1];
    if (alert === undefined || !names.some((name) => name.test(line))) continue;
    const at = earliest(line);
    return at !== undefined && synced !== undefined && at < synced ? undefined : { alert, line };
  }
  return undefined;
}

/** Whole names only: port 808 is not 8084, and `array1.lab` is not `array1.lab.example`. */
function namesOf({ url, uid }: SmsProviderRecord): RegExp[] {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const written = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(url)?.[1];
  const port = parsed?.port === '' ? `(?::${parsed.protocol === 'http:' ? 80 : 443})?` : '';
  const whole = (name: string, more = '') => new RegExp(`(?<![\\w.-])${escaped(name)}${more}(?!\\w|[.:-]\\w)`, 'i');
  return [
    ...(parsed === undefined || parsed.host === '' ? [] : [whole(parsed.host, port)]),
    ...(written === undefined ? [] : [whole(written, port)]),
    whole(uid),
  ];
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** How far a time without a zone can be from the same digits in UTC. */
const ANY_ZONE_MS = 14 * 3_600_000;

/** The earliest that a time can mean, in milliseconds; SMS tells its last sync without a zone. */
function earliest(text: string | undefined): number | undefined {
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)(Z|[+-]\d\d:\d\d)?/.exec(text ?? '') ?? [];
  const at = Date.parse(`${day}T${time?.replace(',', '.')}${zone ?? 'Z'}`);
  return Number.isNaN(at) ? undefined : at - (zone === undefined ? ANY_ZONE_MS : 0);
}

function acceptableCaHint(
  endpoint: Endpoint | undefined,
  vcenter: Vcenter,
  dnOf: (derBase64: string) => string,
): AcceptReason | undefined {
  const issuers = vcenter.presents.flatMap((one) => (one.certificate === undefined ? [] : [one.certificate.issuer]));
  if (endpoint?.acceptedCas === undefined || endpoint.acceptedCas.length === 0 || issuers.length === 0) return undefined;
  const accepted = new Set(endpoint.acceptedCas.map(dnOf));
  return { code: 'acceptable-ca-hint', listed: issuers.some((issuer) => accepted.has(issuer)) };
}
