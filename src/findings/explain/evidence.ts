import type { Certificate } from '../../model/certificate.js';
import type { Finding, Interval } from '../../model/finding.js';
import type { ProviderId, Sha256Hex, VcenterId } from '../../model/ids.js';
import type { Holder, Inventory, Registration } from '../../model/inventory.js';
import { unreachable } from '../../model/problem.js';
import { type Lookup, lookupIn } from './names.js';
import { day, fingerprint, list, quote, thumbprint } from './quote.js';
import {
  acceptReasonText,
  dependentsText,
  gradeText,
  holderProofText,
  reachText,
  staleReasonText,
  trustReasonText,
  vmcaSourceText,
} from './verdicts.js';

/** What proves a finding, a line per fact: fingerprints, key identifiers, grades. What is inferred says so. */
export function evidenceLines(f: Finding, inventory: Inventory): string[] {
  const look = lookupIn(inventory);
  switch (f.code) {
    case 'vmca-clash':
      return [
        ...leafLines(look, f.leaf),
        ...holderLines(look, f.provider, f.leaf),
        ...f.losers.flatMap((vcenter) => lostLines(look, f.provider, vcenter)),
      ];
    case 'trust-lost':
      return [
        ...(f.leaf === undefined ? [] : [...leafLines(look, f.leaf), ...holderLines(look, f.provider, f.leaf)]),
        `not trusted: ${trustReasonText(f.reason, f.vcenter)}`,
        ...(f.reason.code === 'same-name-other-key'
          ? [`keys known under that name: ${list(f.reason.foundKeyIds)}; wanted: ${f.reason.wantedKeyId ?? 'not told'}`]
          : []),
        ...statusLines(look.registration(f.provider, f.vcenter, f.uid)),
        ...sinceLines(f.since),
      ];
    case 'client-not-accepted': {
      const registration = look.registration(f.provider, f.vcenter, f.uid);
      return [
        ...(registration === undefined ? [] : [`not accepted: ${acceptReasonText(registration.accepted.why)}`]),
        ...statusLines(registration),
        ...presentedLines(look, f.vcenter),
      ];
    }
    case 'stale-registration': {
      const registration = look.registration(f.provider, f.vcenter, f.uid);
      return [
        `uid ${quote(f.uid)} at ${quote(f.url)}`,
        ...(registration?.stale.why.map(staleReasonText) ?? []),
        ...dependentLines(registration),
      ];
    }
    case 'removal-failed':
      return [
        `uid ${quote(f.uid)}, ${f.attempts === 1 ? 'one failed attempt' : `${f.attempts} failed attempts`}${f.at === undefined ? '' : `, the last at ${quote(f.at)}`}`,
        ...(f.exception === undefined ? [] : [`exception ${quote(f.exception)}`]),
        ...(f.array === undefined ? [] : [`it was the active provider of array ${quote(f.array)}`]),
        ...(f.backup === undefined ? [] : [`backup that was found: uid ${quote(f.backup)}`]),
        `sps.log: ${quote(f.line)}`,
        ...dependentLines(look.registration(f.provider, f.vcenter, f.uid)),
      ];
    case 'root-missing':
      return [
        ...(f.leaf === undefined ? [] : leafLines(look, f.leaf)),
        `missing issuer: ${quote(f.issuer)}${f.wantedKeyId === undefined ? '' : `, key ${f.wantedKeyId}`}`,
        ...statusLines(look.registration(f.provider, f.vcenter, f.uid)),
      ];
    case 'name-mismatch':
      return leafLines(look, f.leaf);
    case 'certificate-expired':
    case 'certificate-expiring':
    case 'weak-certificate':
      return leafLines(look, f.leaf, f.what === 'provider' ? 'served leaf' : f.what === 'vmca' ? 'VMCA' : 'presented');
    case 'root-expired':
      return leafLines(look, f.root, 'CA certificate');
    case 'provider-unreachable':
      return [
        `${quote(f.url)}, looked at from ${list(f.from.map((from) => (from === 'operator' ? 'this machine' : from)))}`,
        ...(f.problem === '' ? [] : [quote(f.problem)]),
      ];
    case 'same-name-other-key':
      return f.keyIds.map((keyId) => `key ${keyId}: ${whereIsKey(inventory, f.subject, keyId)}`);
    case 'incomplete-chain':
      return [...leafLines(look, f.leaf), `not served: ${quote(f.missing)}`];
    case 'sole-provider':
      return [`array ${quote(f.array)} is told by no other external registration of ${f.vcenter}`];
    case 'duplicate-registration':
      return f.uids.map(
        (uid) => `uid ${quote(uid)} at ${quote(look.registration(f.provider, f.vcenter, uid)?.url ?? 'an address not known')}`,
      );
    case 'controller-split':
      return f.controllers.flatMap(({ provider }) => splitLines(look, provider));
    case 'holder-outside-estate':
      return [...leafLines(look, f.leaf), ...(f.issuerKeyId === undefined ? [] : [`issuer key ${f.issuerKeyId}`])];
    case 'host-trust-missing':
      return [
        `hosts: ${list(f.hosts, 20)}`,
        `wanted issuer: ${quote(f.issuer)}${f.wantedKeyId === undefined ? '' : `, key ${f.wantedKeyId}`}`,
      ];
    case 'clock-skew':
      return [`${f.aheadMs} ms ahead, read at a resolution of 1 s`];
    case 'cleanup-leftover':
      return f.what.kind === 'reject-route' ? [quote(f.what.line)] : [];
    case 'internal-provider-skipped':
      return [list(f.names, 20)];
    default:
      return unreachable(f);
  }
}

function leafLines(look: Lookup, sha256: Sha256Hex, what = 'served leaf'): string[] {
  const certificate = look.certificate(sha256);
  if (certificate === undefined) return [`${what} ${fingerprint(sha256)}`];
  return [
    `${what} ${quote(certificate.subject)}, ${fingerprint(sha256)}, ${thumbprint(certificate)}`,
    `  issuer ${quote(certificate.issuer)}, ${keyIds(certificate)}, valid ${day(certificate.notBefore)} to ${day(certificate.notAfter)}`,
  ];
}

function keyIds({ aki, ski }: Certificate): string {
  const told = [...(aki === undefined ? [] : [`issuer key ${aki}`]), ...(ski === undefined ? [] : [`own key ${ski}`])];
  return told.length === 0 ? 'no key identifiers' : told.join(', ');
}

function holderLines(look: Lookup, provider: ProviderId, leaf: Sha256Hex): string[] {
  const holder = look
    .provider(provider)
    ?.endpoints.find((endpoint) => endpoint.leaf?.sha256 === leaf && endpoint.holder !== undefined)?.holder;
  return holder === undefined ? [] : proofLines(look, holder);
}

function proofLines(look: Lookup, holder: Holder): string[] {
  if (holder.vcenters.length === 0) return [`held by no vCenter of this estate: ${holderProofText(holder.proof)}`];
  const [first] = holder.vcenters;
  const vmca = first === undefined ? undefined : look.vcenter(first)?.vmca;
  return [
    `held by ${list(holder.vcenters)}: ${gradeText(holder.grade)}${holder.vmcaKeyId === undefined ? '' : `, key ${holder.vmcaKeyId}`}`,
    `  ${holderProofText(holder.proof)}`,
    ...(vmca === undefined || ('issuer' in holder.proof && holder.proof.issuer === vmca.certificate.sha256)
      ? []
      : [`  VMCA ${fingerprint(vmca.certificate.sha256)}, ${vmcaSourceText(vmca.source)}`]),
  ];
}

function lostLines(look: Lookup, provider: ProviderId, vcenter: VcenterId): string[] {
  const registrations = look.provider(provider)?.registrations.filter((one) => one.vcenter === vcenter) ?? [];
  return registrations.flatMap((registration) => [
    ...(registration.trusted.value === false
      ? [`${vcenter}: not trusted: ${trustReasonText(registration.trusted.why, vcenter)}`]
      : []),
    ...(registration.accepted.value === false
      ? [`${vcenter}: not accepted: ${acceptReasonText(registration.accepted.why)}`]
      : []),
    ...statusLines(registration).map((line) => `${vcenter}: ${line}`),
  ]);
}

function statusLines(registration: Registration | undefined): string[] {
  if (registration === undefined) return [];
  const fault = registration.statusFault;
  const told =
    fault === undefined ? '' : `, fault ${quote(fault.type)}${fault.message === undefined ? '' : ` (${quote(fault.message)})`}`;
  return [
    `status ${quote(registration.status ?? 'not told')}${told}; ${reachText(registration.reach)}`,
    ...dependentLines(registration),
  ];
}

function dependentLines(registration: Registration | undefined): string[] {
  if (registration === undefined) return [];
  return [dependentsText(registration) ?? 'what depends on it was not seen'];
}

function sinceLines({ notBefore, leafIssued }: Interval): string[] {
  const ends = [
    ...(notBefore === undefined ? [] : [`after the last sync, ${quote(notBefore.at)}`]),
    ...(leafIssued === undefined ? [] : [`leaf valid from ${leafIssued} (an issuer may back-date that)`]),
  ];
  return ends.length === 0 ? [] : [`since: ${ends.join('; ')}`];
}

function presentedLines(look: Lookup, vcenter: VcenterId): string[] {
  return (look.vcenter(vcenter)?.presents ?? [])
    .filter(({ to }) => to !== 'iofilter')
    .map(({ store, alias, certificate, basis }) => {
      const mark = basis === 'inferred' ? ' (that it is presented is inferred)' : '';
      return `${vcenter} presents ${quote(`${store}/${alias}`)}: ${certificate === undefined ? 'absent' : fingerprint(certificate.sha256)}${mark}`;
    });
}

function splitLines(look: Lookup, provider: ProviderId): string[] {
  const found = look.provider(provider);
  const holders = new Map(
    (found?.endpoints ?? []).flatMap(({ holder }) => (holder === undefined ? [] : [[JSON.stringify(holder), holder] as const])),
  );
  return [...holders.values()].flatMap((holder) =>
    proofLines(look, holder).map((line) => `${quote(look.providerName(provider))}: ${line}`),
  );
}

function whereIsKey(inventory: Inventory, subject: string, keyId: string): string {
  const has = (certificate: Certificate) =>
    certificate.subject === subject && (certificate.ski === keyId || certificate.spkiSha256.startsWith(keyId));
  const places = inventory.vcenters.flatMap(({ id, vmca, trustAnchors }) => [
    ...(vmca !== undefined && has(vmca.certificate) ? [`VMCA of ${id}`] : []),
    ...(trustAnchors.some(({ certificate }) => has(certificate)) ? [`trusted by ${id}`] : []),
  ]);
  return places.length === 0 ? 'in a served chain' : list(places);
}
