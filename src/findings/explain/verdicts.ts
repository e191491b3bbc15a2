import type { CertificateRole } from '../../model/finding.js';
import type {
  AcceptReason,
  Holder,
  HolderGrade,
  HolderProof,
  PresentedCertificate,
  Reach,
  Registration,
  StaleReason,
  TriState,
  TrustReason,
  VmcaSource,
} from '../../model/inventory.js';
import { unreachable } from '../../model/problem.js';
import { fingerprint, list, quote, shortKeyId } from './quote.js';

/** `true`, `false`, `unknown` of one question in the words of that question. */
export function trustedWord(value: TriState): string {
  return value === 'unknown' ? 'trust unknown' : value ? 'trusted' : 'not trusted';
}

export function acceptedWord(value: TriState): string {
  return value === 'unknown' ? 'acceptance unknown' : value ? 'accepted' : 'not accepted';
}

export function trustReasonText(why: TrustReason, vcenter: string): string {
  switch (why.code) {
    case 'path-to-anchor':
      return `path by signature to trust anchor ${quote(why.anchorSubject)}`;
    case 'sms-store-entry':
      return `kept in store SMS under ${quote(why.alias)} (that SMS goes by it is inferred)`;
    case 'sms-says-not-trusted':
      return `SMS says ${quote(why.fault)}`;
    case 'issuer-unknown':
      return why.wantedKeyId === undefined
        ? `issuer unknown to ${vcenter}`
        : `issuer key ${shortKeyId(why.wantedKeyId)} unknown to ${vcenter}`;
    case 'same-name-other-key':
      return `${vcenter} knows the issuer's name with another key`;
    case 'path-broken':
      return BROKEN[why.how];
    case 'not-seen':
      return `${NOT_SEEN[why.what]} not seen`;
    default:
      return unreachable(why);
  }
}

const BROKEN: Readonly<Record<Extract<TrustReason, { code: 'path-broken' }>['how'], string>> = {
  'not-a-ca': 'an issuer on the path is not a CA',
  'path-length': 'a CA on the path may not stand that high',
  'key-usage': 'a CA on the path may not sign certificates',
  'name-constraints': 'a CA on the path may not issue for this name',
  'too-deep': 'no path within a sensible length',
  'signature-algorithm': 'a signature on the path cannot be verified',
  'critical-extension': 'a certificate on the path has a critical extension that nobody here understands',
};

const NOT_SEEN: Readonly<Record<Extract<TrustReason, { code: 'not-seen' }>['what'], string>> = {
  leaf: 'the served leaf was',
  anchors: 'its trust anchors were',
  'sms-store': 'its store SMS was',
  'virtual-host': 'its virtual host at the provider was',
};

export function acceptReasonText(why: AcceptReason): string {
  switch (why.code) {
    case 'online':
      return 'online, so it has a session';
    case 'status-fault':
      return `SMS says ${quote(why.fault)}`;
    case 'tls-alert':
      return `TLS alert ${quote(why.alert)} in sps.log`;
    case 'acceptable-ca-hint':
      return why.listed
        ? 'the provider lists its CA as acceptable (a hint)'
        : 'the provider does not list its CA as acceptable (a hint)';
    case 'not-seen':
      return 'not visible from outside';
    default:
      return unreachable(why);
  }
}

export function staleReasonText(why: StaleReason): string {
  switch (why.code) {
    case 'not-external':
      return why.category === 'unknown' ? 'the category of the provider is not known' : `the provider is ${quote(why.category)}`;
    case 'status':
      return `status ${quote(why.status)}${why.met ? '' : ': neither offline nor disconnected'}`;
    case 'tls-from-appliance':
      return FROM_APPLIANCE[`${why.outcome}`];
    case 'not-trusted':
      return why.met === 'unknown'
        ? 'whether it trusts the leaf is not known'
        : why.met
          ? 'the leaf does not verify there'
          : 'the leaf verifies there';
    case 'client-refused':
      return why.met === 'unknown'
        ? 'whether the provider refuses its client certificate is not known'
        : why.met
          ? 'the provider refuses its client certificate'
          : 'the provider accepts its client certificate';
    case 'retained':
      return why.value ? 'the provider keeps its certificate' : 'the provider does not keep its certificate';
    case 'holder':
      return `held by ${list(why.vcenters)} (${gradeText(why.grade)})`;
    case 'issuer-unknown':
      return 'nothing says whether the provider keeps its certificate, and no VMCA is proven to have issued it';
    case 'virtual-host-unknown':
      return 'its virtual host at the provider is not known';
    default:
      return unreachable(why);
  }
}

const FROM_APPLIANCE = {
  true: 'TLS from the appliance succeeds',
  false: 'TLS from the appliance fails',
  unknown: 'whether the appliance reaches the provider is not known',
  'reject-route': 'a reject route on the appliance blocks the provider',
} as const;

export function gradeText(grade: HolderGrade): string {
  switch (grade) {
    case 'vmca-key':
      return 'signature verified with the VMCA key read on the appliance';
    case 'issued-certificates':
      return "signature verified with the key that issued that vCenter's own certificates";
    case 'only-bundle':
      return 'inferred: no other root bundle of the estate has the issuer';
    case 'sms-record':
      return 'inferred: the only registration that is online with this very leaf';
    default:
      return unreachable(grade);
  }
}

export function holderProofText(proof: HolderProof): string {
  switch (proof.kind) {
    case 'signature':
      return `the signature verifies with CA ${quote(proof.subject)}, ${fingerprint(proof.issuer)}${proof.via.length === 0 ? '' : `, over ${proof.via.length} intermediate CA(s)`}`;
    case 'same-key-issued':
      return `the signature verifies with CA ${fingerprint(proof.issuer)}, whose key also issued the ${OWN[proof.what]} ${fingerprint(proof.issued)}`;
    case 'only-bundle':
      return `the signature verifies with CA ${fingerprint(proof.issuer)}, which only this vCenter's root bundle holds (inferred)`;
    case 'sms-record':
      return `SMS holds this very leaf for registration ${quote(proof.uid)} and is online with it (inferred)`;
    default:
      return unreachable(proof);
  }
}

const OWN = {
  'machine-ssl': 'machine SSL certificate',
  host: 'host certificate',
  'sps-extension': 'sps-extension certificate',
} as const;

/** `vc67 (signature, VMCA key 9a41…)`: who holds, with the short form of the proof. */
export function holderText(holder: Holder): string {
  const key = holder.vmcaKeyId === undefined ? 'VMCA key' : `VMCA key ${shortKeyId(holder.vmcaKeyId)}`;
  const shared = holder.vcenters.length > 1 ? 'shared ' : '';
  return `${list(holder.vcenters)} (${SHORT_GRADE[holder.grade]}, ${shared}${key})`;
}

const SHORT_GRADE: Readonly<Record<HolderGrade, string>> = {
  'vmca-key': 'signature',
  'issued-certificates': 'signature, same key as its own certificates',
  'only-bundle': 'inferred from root bundles',
  'sms-record': 'inferred from the SMS record',
};

export function reachText(reach: Reach): string {
  switch (reach.from) {
    case 'appliance':
      return reach.answers
        ? 'answers the appliance'
        : `does not answer the appliance: ${quote(reach.problem?.summary ?? 'no reason seen')}`;
    case 'operator': {
      const blocked =
        reach.blockedBy === undefined ? '' : `; on the appliance a reject route blocks it: ${quote(reach.blockedBy)}`;
      return `${reach.answers ? 'answers this machine' : `does not answer this machine: ${quote(reach.problem?.summary ?? 'no reason seen')}`}${blocked}`;
    }
    case 'nobody':
      return 'nobody looked whether it answers';
    default:
      return unreachable(reach);
  }
}

export function roleText(what: CertificateRole): string {
  switch (what) {
    case 'provider':
      return 'provider certificate';
    case 'presented':
      return 'client certificate';
    case 'vmca':
      return 'VMCA certificate';
    default:
      return unreachable(what);
  }
}

export function issuedByText(presented: PresentedCertificate, vcenter: string, vmcaKeyId: string | undefined): string {
  if (presented.certificate === undefined) return 'absent';
  switch (presented.issuedBy) {
    case 'current-vmca':
      return `issued by ${vcenter}'s VMCA${vmcaKeyId === undefined ? '' : `, key ${vmcaKeyId}`}`;
    case 'former-vmca':
      return `issued by a former VMCA of ${vcenter} (by its name: inferred)`;
    case 'external':
      return `issued by ${quote(presented.certificate.issuer)}`;
    case 'self':
      return 'self-signed';
    case 'unknown':
      return 'issuer not found here';
    default:
      return unreachable(presented.issuedBy);
  }
}

export function vmcaSourceText(source: VmcaSource): string {
  return source === 'appliance' ? 'read on the appliance' : "the key that issued this vCenter's own certificates (inferred)";
}

/** `2 VVol datastores, 14 VMs (9 powered on), 6 hosts depend on it`; undefined where it was not seen. */
export function dependentsText({ dependents }: Registration): string | undefined {
  if (dependents === undefined) return undefined;
  const { datastores, vms, poweredOnVms, hosts } = dependents;
  if (datastores.length + vms + hosts.length === 0) return 'nothing depends on it';
  const inaccessible = datastores.filter(({ accessible }) => !accessible).length;
  const stores = `${datastores.length} VVol datastore${datastores.length === 1 ? '' : 's'}${inaccessible > 0 ? ` (${inaccessible} inaccessible)` : ''}`;
  return `${stores}, ${vms} VM${vms === 1 ? '' : 's'} (${poweredOnVms} powered on), ${hosts.length} host${hosts.length === 1 ? '' : 's'} depend on it`;
}
