import type { SpsLogTail } from '../model/evidence.js';
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
  const { status, statusFault, url, uid } = registration.record;
  if (status !== undefined && CONNECTED.has(status)) return { value: true, grade: 'session', why: { code: 'online' } };
  const faultText = statusFault?.message?.match(REFUSAL);
  if (faultText !== null && faultText !== undefined)
    return { value: false, grade: 'sms-fault', why: { code: 'status-fault', fault: faultText[0] } };
  const alert = lastRefusal(spsLog, url, uid);
  if (alert !== undefined) return { value: false, grade: 'tls-alert', why: { code: 'tls-alert', ...alert } };
  const hint = acceptableCaHint(endpoint, vcenter, dnOf);
  return { value: 'unknown', why: hint ?? { code: 'not-seen' } };
}

/** A record of sps.log that names this provider and the alert it sent. That the lines mean this is inferred from JSSE's own wording. */
function lastRefusal(log: SpsLogTail | undefined, url: string, uid: string): { alert: string; line: string } | undefined {
  const host = URL.canParse(url) ? new URL(url).host : url;
  for (const line of [...(log?.lines ?? [])].reverse()) {
    if (!line.includes(host) && !line.includes(uid)) continue;
    const alert = line.match(REFUSAL)?.[1];
    if (alert !== undefined) return { alert, line };
  }
  return undefined;
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
