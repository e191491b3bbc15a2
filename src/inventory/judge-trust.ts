import type { Certificate } from '../model/certificate.js';
import type { VecsEntry } from '../model/evidence.js';
import type { Endpoint, TrustGrade, TrustReason, Vcenter, Verdict } from '../model/inventory.js';
import { isIssuedBy } from '../x509/issuer.js';
import { findPath, type PathResult } from '../x509/path.js';
import type { CertificatePool } from './certificates.js';
import { hostPortKey, type SeenRegistration } from './group-providers.js';

type TrustVerdict = Verdict<TrustGrade, TrustReason>;

const notSeen = (what: Extract<TrustReason, { code: 'not-seen' }>['what']): TrustVerdict => ({
  value: 'unknown',
  why: { code: 'not-seen', what },
});

/**
 * Does this vCenter accept what the provider serves? By key: a path to one of its trust anchors, or a VECS `SMS` entry kept under the
 * provider's URL. Dates and names are judged elsewhere. False is said only when both places were seen, or SMS itself says so.
 */
export function judgeTrusted(
  registration: SeenRegistration,
  endpoint: Endpoint | undefined | 'virtual-host-unknown',
  vcenter: Vcenter,
  pool: CertificatePool,
): TrustVerdict {
  if (endpoint === 'virtual-host-unknown') return notSeen('virtual-host');
  const leaf = endpoint?.leaf;
  if (endpoint === undefined || leaf === undefined) return notSeen('leaf');

  const entries = vcenter.smsStore?.filter((one) => isEntryFor(one, registration.record.url));
  const entry = entries?.find((one) => vouchesFor(one, leaf, pool));
  if (entry !== undefined) return { value: true, grade: 'sms-entry', why: { code: 'sms-store-entry', alias: entry.alias } };

  const anchors = vcenter.trustAnchors.map((anchor) => anchor.certificate);
  const path = findPath(leaf, endpoint.servedChain.slice(1), anchors);
  if (path.kind === 'path')
    return {
      value: true,
      grade: 'path',
      why: { code: 'path-to-anchor', anchor: path.anchor.sha256, anchorSubject: path.anchor.subject },
    };

  const { statusFault } = registration.record;
  if (statusFault?.type === 'CertificateNotTrusted' && statusFault.certificate === leaf.der)
    return { value: false, grade: 'sms-fault', why: { code: 'sms-says-not-trusted', fault: statusFault.type } };
  if (!vcenter.anchorsComplete) return notSeen('anchors');
  if (entries === undefined || entries.some((one) => !isReadable(one, pool))) return notSeen('sms-store');
  return { value: false, grade: 'no-path', why: whyNoPath(path, leaf) };
}

/** VECS keeps provider certificates under the URL they were registered with; spelling may differ in case or brackets. */
function isEntryFor(entry: VecsEntry, url: string): boolean {
  return entry.alias === url || (URL.canParse(entry.alias) && hostPortKey(entry.alias) === hostPortKey(url));
}

function vouchesFor(entry: VecsEntry, leaf: Certificate, pool: CertificatePool): boolean {
  return pool.readAll(entry.certificates).some((one) => one.sha256 === leaf.sha256 || (one.isCa && isIssuedBy(leaf, one)));
}

function isReadable(entry: VecsEntry, pool: CertificatePool): boolean {
  return entry.certificates.every((der) => typeof pool.read(der) !== 'string');
}

function whyNoPath(path: Extract<PathResult, { kind: 'no-path' }>, leaf: Certificate): TrustReason {
  const wanted = path.wantedKeyId === undefined ? {} : { wantedKeyId: path.wantedKeyId };
  switch (path.reason) {
    case 'issuer-unknown':
      return { code: 'issuer-unknown', issuer: path.at.issuer, ...wanted };
    case 'same-name-other-key':
      return {
        code: 'same-name-other-key',
        issuer: path.at.issuer,
        ...wanted,
        foundKeyIds: path.candidates.flatMap((ca) => (ca.ski === undefined ? [] : [ca.ski])),
      };
    case 'not-a-ca':
    case 'path-length':
    case 'key-usage':
    case 'name-constraints':
    case 'too-deep':
    case 'signature-algorithm':
    case 'critical-extension':
      return { code: 'path-broken', at: path.at.sha256, how: path.reason };
    default:
      // Dates are not asked for here, so no other reason can come back; say the least that is true.
      return { code: 'issuer-unknown', issuer: leaf.issuer, ...wanted };
  }
}
