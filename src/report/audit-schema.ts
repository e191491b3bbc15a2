import { z } from 'zod';

/**
 * The contract of `audit -o json`, formatVersion 1; published as schemas/audit.schema.json. What may be missing is null, never left out.
 * New fields may be added without a new formatVersion.
 */
const triState = z.union([z.boolean(), z.literal('unknown')]);
const hex = z.string().regex(/^[0-9a-f]*$/);
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.string().regex(/^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const vcenterIds = z.array(z.string());

const certificate = z
  .object({
    pem: z.string(),
    subject: z.string(),
    issuer: z.string(),
    serial: z.string(),
    ski: hex.nullable(),
    aki: hex.nullable(),
    fingerprintSha256: fingerprint,
    thumbprintSha1: z.string().regex(/^[0-9a-f]{40}$/),
    notBefore: time.nullable(),
    notAfter: time.nullable(),
    san: z.array(z.object({ kind: z.enum(['dns', 'ip', 'uri', 'email', 'other']), value: z.string() })),
  })
  .meta({ id: 'certificate' });

/** A reason: `code` and the facts that belong to it. */
const reason = z.looseObject({ code: z.string() });
const problem = z.object({ code: z.string(), summary: z.string(), remedy: z.string() });

const vcenter = z.object({
  id: z.string(),
  address: z.string(),
  instanceUuid: z.string().nullable(),
  version: z.string().nullable(),
  linkedWith: z.array(z.object({ vcenter: z.string(), basis: z.enum(['topology', 'mutual-trust']) })),
  vmca: z.object({ certificate, source: z.enum(['appliance', 'issued-certificates']) }).nullable(),
  presents: z.array(
    z.object({
      store: z.string(),
      alias: z.string(),
      to: z.enum(['vvol', 'iofilter', 'unknown']),
      certificate: certificate.nullable().describe('null: the entry is not there'),
      issuedBy: z.enum(['current-vmca', 'former-vmca', 'external', 'self', 'unknown']),
      basis: z.enum(['documented', 'inferred']),
    }),
  ),
  trustAnchors: z.array(certificate),
});

const endpoint = z.object({
  url: z.string(),
  address: z.string().nullable(),
  sni: z.string().nullable(),
  leaf: certificate.nullable(),
  servedChain: z.array(certificate),
  acceptedCas: z.array(z.string()).nullable().describe('distinguished names, DER in base64; null: could not be seen'),
  holder: z
    .object({
      vcenters: vcenterIds,
      vmcaKeyId: hex.nullable(),
      grade: z.enum(['vmca-key', 'issued-certificates', 'only-bundle', 'sms-record']),
      proof: z.looseObject({ kind: z.enum(['signature', 'same-key-issued', 'only-bundle', 'sms-record']) }),
    })
    .nullable(),
  problem: problem.nullable(),
});

const registration = z.object({
  vcenter: z.string(),
  uid: z.string(),
  name: z.string(),
  url: z.string(),
  endpoint: z.int().min(0).nullable().describe('index into endpoints: what this vCenter sees'),
  status: z.string().nullable(),
  statusFault: z.object({ type: z.string(), message: z.string().nullable() }).nullable(),
  certificateStatus: z.string().nullable(),
  lastSync: z.string().nullable(),
  trusted: z.object({ value: triState, grade: z.enum(['path', 'sms-entry', 'sms-fault', 'no-path']).nullable(), why: reason }),
  accepted: z.object({ value: triState, grade: z.enum(['session', 'sms-fault', 'tls-alert']).nullable(), why: reason }),
  stale: z.object({ value: triState, why: z.array(reason) }),
  dependents: z
    .object({
      datastores: z.array(z.object({ name: z.string(), accessible: z.boolean(), accessibleOn: z.array(z.string()) })),
      vms: z.int(),
      poweredOnVms: z.int(),
      hosts: z.array(z.string()),
    })
    .nullable(),
});

const provider = z.object({
  id: z.string(),
  urls: z.array(z.string()),
  vasaVersion: z.string().nullable(),
  retained: z.boolean().nullable(),
  arrays: z.array(z.string()),
  endpoints: z.array(endpoint),
  registrations: z.array(registration),
});

const finding = z.object({
  code: z.string(),
  severity: z.enum(['error', 'warning', 'notice']),
  vcenter: z.string().nullable(),
  provider: z.string().nullable(),
  headline: z.string(),
  evidence: z.array(z.string()),
  remedy: z.string(),
});

const gap = z.object({
  target: z.string(),
  source: z.enum(['tls', 'version-xml', 'root-bundle', 'sms', 'vim', 'rest', 'ssh', 'file']),
  problem: z.object({ code: z.string(), summary: z.string() }),
  remedy: z.string(),
});

export const auditSchema = z
  .object({
    formatVersion: z.literal(1),
    madeBy: z.string(),
    takenAt: time.describe('when the evidence was complete'),
    judgedAt: time.describe('the time that expiry was judged at'),
    digest: fingerprint.describe('equal for estates that are equal in what a plan rests on'),
    vcenters: z.array(vcenter),
    providers: z.array(provider),
    findings: z.array(finding),
    gaps: z.array(gap),
  })
  .meta({ title: 'vasatrust audit', description: 'What `vasatrust audit -o json` prints.' });

export type AuditJson = z.infer<typeof auditSchema>;
