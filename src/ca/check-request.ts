import type { RequestObjection, RequestObjectionCode } from '../model/ca-check.js';
import type { PlannedCertificate, PlannedName } from '../model/planned-certificate.js';
import { canonicalAddress } from '../x509/names.js';
import { type CertificateRequest, isSelfProven } from '../x509/request.js';
import { MAX_KEY_BITS, MIN_KEY_BITS } from './key-sizes.js';

/** A CA can add names that a request does not ask for, and leave out others; whether it did is seen in its answer. */
export const ACCEPTABLE_IN_REQUESTS: ReadonlySet<RequestObjectionCode> = new Set(['request-missing-san', 'request-extra-san']);

/** What is wrong with a request for this certificate of the plan: an array's own, or one of ours before it is written. */
export function checkRequest(request: CertificateRequest, planned: PlannedCertificate): RequestObjection[] {
  const { publicKey, extensions } = request;
  const objections: RequestObjection[] = [];
  if (publicKey.type !== 'rsa')
    objections.push({ code: 'request-not-rsa', what: publicKey.type === 'ec' ? `EC (${publicKey.curve})` : publicKey.name });
  else if (publicKey.bits < MIN_KEY_BITS) objections.push({ code: 'request-weak-key', bits: publicKey.bits });
  else if (publicKey.bits > MAX_KEY_BITS) objections.push({ code: 'request-key-too-large', bits: publicKey.bits });
  if (!isSelfProven(request)) objections.push({ code: 'request-signature' });
  if (extensions.isCa || extensions.keyUsage?.includes('keyCertSign')) objections.push({ code: 'request-asks-for-a-ca' });
  const asked = namesIn(request);
  const missing = planned.san.filter((name) => !asked.has(keyOf(name)));
  const wanted = new Set(planned.san.map(keyOf));
  const extra = [...asked].filter((name) => !wanted.has(name)).map((name) => name.slice(name.indexOf(':') + 1));
  if (missing.length > 0) objections.push({ code: 'request-missing-san', missing });
  if (extra.length > 0) objections.push({ code: 'request-extra-san', extra });
  return objections;
}

/** Which certificate of the plan a request is for: the one that shares most names with it; undefined when none or several do. */
export function plannedFor(request: CertificateRequest, planned: readonly PlannedCertificate[]): PlannedCertificate | undefined {
  const asked = namesIn(request);
  const commonName = request.commonName?.toLowerCase();
  const shares = planned.map(({ san }) => san.filter((name) => asked.has(keyOf(name)) || name.value === commonName).length);
  const most = Math.max(0, ...shares);
  const best = planned.filter((_, i) => shares[i] === most);
  return most > 0 && best.length === 1 ? best[0] : undefined;
}

const keyOf = ({ kind, value }: PlannedName): string => `${kind}:${value}`;

/** Other kinds of names (mailboxes, URIs) are left out: they do no harm and no good. */
function namesIn({ extensions }: CertificateRequest): Set<string> {
  const names = (extensions.san ?? []).flatMap(({ kind, value }) => {
    if (kind === 'ip') return [`ip:${canonicalAddress(value) ?? value}`];
    return kind === 'dns' ? [`dns:${value.toLowerCase().replace(/\.$/, '')}`] : [];
  });
  return new Set(names);
}
