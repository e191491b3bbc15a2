import { severityOf } from '../findings/explain/codes.js';
import { evidenceLines } from '../findings/explain/evidence.js';
import { headline } from '../findings/explain/headline.js';
import { remedy } from '../findings/explain/remedy.js';
import type { Certificate } from '../model/certificate.js';
import type { Audit, Finding } from '../model/finding.js';
import type { Endpoint, Gap, Inventory, Provider, Registration, Vcenter } from '../model/inventory.js';
import type { AuditJson } from './audit-schema.js';
import { visibleJson } from './visible-text.js';

type CertificateJson = AuditJson['providers'][number]['endpoints'][number]['servedChain'][number];

/** The contract of `audit -o json` as text that ends in a line end. */
export function auditAsJson(audit: Audit, madeBy: string): string {
  return `${visibleJson(auditJson(audit, madeBy))}\n`;
}

function auditJson({ inventory, findings, gaps, now }: Audit, madeBy: string): AuditJson {
  return {
    formatVersion: 1,
    madeBy,
    takenAt: inventory.takenAt,
    judgedAt: now,
    digest: inventory.digest,
    vcenters: inventory.vcenters.map(vcenterJson),
    providers: inventory.providers.map(providerJson),
    findings: findings.map((finding) => findingJson(finding, inventory)),
    gaps: gaps.map(gapJson),
  };
}

function vcenterJson(vcenter: Vcenter): AuditJson['vcenters'][number] {
  return {
    id: vcenter.id,
    address: vcenter.address,
    instanceUuid: vcenter.instanceUuid ?? null,
    version: vcenter.version ?? null,
    linkedWith: vcenter.linkedWith.map(({ vcenter: other, basis }) => ({ vcenter: other, basis })),
    vmca:
      vcenter.vmca === undefined ? null : { certificate: certificateJson(vcenter.vmca.certificate), source: vcenter.vmca.source },
    presents: vcenter.presents.map(({ store, alias, to, certificate, issuedBy, basis }) => ({
      store,
      alias,
      to,
      certificate: certificate === undefined ? null : certificateJson(certificate),
      issuedBy,
      basis,
    })),
    trustAnchors: vcenter.trustAnchors.map(({ certificate }) => certificateJson(certificate)),
  };
}

function providerJson(provider: Provider): AuditJson['providers'][number] {
  return {
    id: provider.id,
    urls: [...provider.urls],
    vasaVersion: provider.vasaVersion ?? null,
    retained: provider.retained ?? null,
    arrays: [...provider.arrays],
    endpoints: provider.endpoints.map(endpointJson),
    registrations: provider.registrations.map(registrationJson),
  };
}

function endpointJson(endpoint: Endpoint): AuditJson['providers'][number]['endpoints'][number] {
  const { holder } = endpoint;
  return {
    url: endpoint.url,
    address: endpoint.address ?? null,
    sni: endpoint.sni ?? null,
    leaf: endpoint.leaf === undefined ? null : certificateJson(endpoint.leaf),
    servedChain: endpoint.servedChain.map(certificateJson),
    acceptedCas: endpoint.acceptedCas === undefined ? null : [...endpoint.acceptedCas],
    holder:
      holder === undefined
        ? null
        : {
            vcenters: [...holder.vcenters],
            vmcaKeyId: holder.vmcaKeyId ?? null,
            grade: holder.grade,
            proof: { ...holder.proof },
          },
    problem: problemOf(endpoint),
  };
}

/** Why nothing was served; else what was served and is no certificate, which would be lost without a word otherwise. */
function problemOf({ problem, unreadable }: Endpoint): AuditJson['providers'][number]['endpoints'][number]['problem'] {
  if (problem !== undefined) return { code: problem.code, summary: problem.summary, remedy: problem.remedy };
  const [first] = unreadable;
  if (first === undefined) return null;
  return {
    code: 'bad-answer',
    summary: `${unreadable.length} of the served certificates cannot be read; number ${first.position + 1}: ${first.why}`,
    remedy: 'Look at what the provider serves with openssl s_client -showcerts, and have its certificates made anew.',
  };
}

function registrationJson(registration: Registration): AuditJson['providers'][number]['registrations'][number] {
  const { statusFault, trusted, accepted, stale, dependents } = registration;
  return {
    vcenter: registration.vcenter,
    uid: registration.uid,
    name: registration.name,
    url: registration.url,
    endpoint: registration.endpoint ?? null,
    status: registration.status ?? null,
    statusFault: statusFault === undefined ? null : { type: statusFault.type, message: statusFault.message ?? null },
    certificateStatus: registration.certificateStatus ?? null,
    lastSync: registration.lastSync ?? null,
    trusted: { value: trusted.value, grade: trusted.grade ?? null, why: { ...trusted.why } },
    accepted: { value: accepted.value, grade: accepted.grade ?? null, why: { ...accepted.why } },
    stale: { value: stale.value, why: stale.why.map((why) => ({ ...why })) },
    dependents:
      dependents === undefined
        ? null
        : {
            datastores: dependents.datastores.map(({ name, accessible, accessibleOn }) => ({
              name,
              accessible,
              accessibleOn: [...accessibleOn],
            })),
            vms: dependents.vms,
            poweredOnVms: dependents.poweredOnVms,
            hosts: [...dependents.hosts],
          },
  };
}

function findingJson(finding: Finding, inventory: Inventory): AuditJson['findings'][number] {
  return {
    code: finding.code,
    severity: severityOf(finding.code),
    vcenter: ('vcenter' in finding ? finding.vcenter : undefined) ?? null,
    provider: ('provider' in finding ? finding.provider : undefined) ?? null,
    headline: headline(finding, inventory),
    evidence: evidenceLines(finding, inventory).map((line) => line.trim()),
    remedy: remedy(finding, inventory),
  };
}

function gapJson({ target, source, problem }: Gap): AuditJson['gaps'][number] {
  return { target, source, problem: { code: problem.code, summary: problem.summary }, remedy: problem.remedy };
}

const madeOnce = new WeakMap<Certificate, CertificateJson>();

/** The same certificate stands in many places of a report: its text is made once. */
export function certificateJson(certificate: Certificate): CertificateJson {
  const known = madeOnce.get(certificate);
  if (known !== undefined) return known;
  const made: CertificateJson = {
    pem: `-----BEGIN CERTIFICATE-----\n${(certificate.der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`,
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial: certificate.serial,
    ski: certificate.ski ?? null,
    aki: certificate.aki ?? null,
    fingerprintSha256: certificate.sha256,
    thumbprintSha1: certificate.sha1,
    notBefore: timeOf(certificate.notBefore),
    notAfter: timeOf(certificate.notAfter),
    san: certificate.san.map(({ kind, value }) => ({ kind, value })),
  };
  madeOnce.set(certificate, made);
  return made;
}

function timeOf(at: Date): string | null {
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
