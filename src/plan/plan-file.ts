import { z } from 'zod';
import type { Plan, Step } from '../model/plan.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { graphFault } from './graph.js';

/** One file, whole lines, same plan same bytes. */
export function writePlan(plan: Plan): string {
  return `${JSON.stringify(plan, undefined, 1)}\n`;
}

/** Reads a plan file: shape and graph are checked, a newer format is refused. `name` is what messages call it. */
export function readPlan(text: string, name: string): Result<Plan> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err(invalid(name, error instanceof Error ? error.message : 'not JSON'));
  }
  const version = z.object({ formatVersion: z.number() }).safeParse(value);
  if (version.success && version.data.formatVersion > 1) return err(newer(name, version.data.formatVersion));
  const checked = planSchema.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return err(invalid(name, issue === undefined ? 'not a plan' : `${issue.path.join('.') || 'top level'}: ${issue.message}`));
  }
  const plan = checked.data as unknown as Plan;
  const fault = graphFault(plan.steps) ?? danglingName(plan);
  return fault === undefined ? ok(plan) : err(invalid(name, fault));
}

/** Steps name certificates and providers that the plan has; each certificate's CA is there, too. */
function danglingName(plan: Plan): string | undefined {
  const certificates = new Set(plan.providerCertificates.map(({ name }) => name));
  if (certificates.size < plan.providerCertificates.length) return 'two certificates have one name';
  for (const step of plan.steps) {
    const named = [
      ...('certificate' in step ? [step.certificate] : []),
      ...('certificates' in step && !isByFingerprint(step) ? step.certificates : []),
    ];
    const unknown = named.find((name) => !certificates.has(name));
    if (unknown !== undefined) return `step ${step.id} names certificate ${unknown}, which is not there`;
  }
  const ids = new Set(plan.steps.map(({ id }) => id));
  if (plan.pointOfNoReturn !== undefined && !ids.has(plan.pointOfNoReturn))
    return `its point of no return ${plan.pointOfNoReturn} is not there`;
  const unreal = plan.outages.flatMap(({ windows }) => windows).find(({ from, until }) => !ids.has(from) || !ids.has(until));
  return unreal === undefined ? undefined : `an outage goes from ${unreal.from} to ${unreal.until}, which are not both there`;
}

const isByFingerprint = (step: Step): boolean => step.kind === 'publish-roots' || step.kind === 'confirm-roots';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const seconds = z.object({ least: z.number().nonnegative(), most: z.number().nonnegative() });
const text = z.string();
const texts = z.array(text);
const vendor = z.enum(['pure', 'netapp', 'huawei', 'dell', 'hpe', 'hitachi', 'ibm', 'unknown']);

const place = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('estate') }),
  z.strictObject({ kind: z.literal('ca') }),
  z.strictObject({ kind: z.literal('vcenter'), vcenter: text }),
  z.strictObject({ kind: z.literal('appliance'), vcenter: text }),
  z.strictObject({ kind: z.literal('host'), vcenter: text, host: text }),
  z.strictObject({ kind: z.literal('provider'), provider: text }),
]);

const frame = {
  id: text,
  needs: texts,
  actor: z.enum(['tool', 'operator']),
  place,
  seconds,
  outage: z.object({ paths: texts, last: texts }).optional(),
  optional: z.literal('no-registration').optional(),
};
const registration = { vcenter: text, provider: text, name: text, url: text };

const step = z.discriminatedUnion('kind', [
  z.strictObject({ ...frame, kind: z.literal('confirm-evidence') }),
  z.strictObject({
    ...frame,
    kind: z.literal('confirm-clocks'),
    vcenters: z.array(z.object({ vcenter: text, aheadMs: z.number().optional() })),
  }),
  z.strictObject({
    ...frame,
    kind: z.literal('confirm-names'),
    certificate: text,
    used: z.array(z.object({ vcenter: text, host: text })),
  }),
  z.strictObject({ ...frame, kind: z.literal('confirm-backup'), groups: z.array(texts) }),
  z.strictObject({ ...frame, kind: z.literal('hold-automation'), providers: texts }),
  z.strictObject({ ...frame, kind: z.literal('obtain-certificates'), certificates: texts }),
  z.strictObject({
    ...frame,
    kind: z.literal('publish-roots'),
    vcenter: text,
    certificates: z.array(sha256),
    by: z.enum(['rest', 'dir-cli']),
    reaches: texts,
  }),
  z.strictObject({ ...frame, kind: z.literal('confirm-roots'), vcenter: text, certificates: z.array(sha256) }),
  z.strictObject({
    ...frame,
    kind: z.literal('push-host-roots'),
    vcenter: text,
    host: text,
    ref: text,
    version: text.optional(),
    mayDropSmsCertificate: z.boolean(),
  }),
  z.strictObject({
    ...frame,
    kind: z.literal('install-certificate'),
    certificate: text,
    providers: texts,
    urls: texts,
    vendor,
    replaces: z.array(sha256),
  }),
  z.strictObject({ ...frame, kind: z.literal('confirm-certificate'), certificate: text, urls: texts }),
  z.strictObject({
    ...frame,
    ...registration,
    kind: z.literal('remove-registration'),
    uid: text,
    how: z.enum(['plain', 'cleanup']),
    addresses: texts,
  }),
  z.strictObject({
    ...frame,
    ...registration,
    kind: z.literal('register-provider'),
    certificate: text,
    replaces: text.optional(),
  }),
  z.strictObject({ ...frame, ...registration, kind: z.literal('confirm-retained'), certificate: text }),
  z.strictObject({
    ...frame,
    ...registration,
    kind: z.literal('confirm-online'),
    datastores: texts,
    hosts: texts,
    before: z.number().int().nonnegative(),
  }),
  z.strictObject({ ...frame, kind: z.literal('confirm-controller'), certificate: text, vcenters: texts, others: texts }),
  z.strictObject({ ...frame, kind: z.literal('final-audit'), providers: texts }),
  z.strictObject({ ...frame, kind: z.literal('look-after'), certificates: texts }),
]);

const fact = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('leaf'), provider: text, url: text, sni: text.optional(), sha256 }),
  z.strictObject({
    kind: z.literal('registration'),
    provider: text,
    vcenter: text,
    uid: text,
    url: text,
    name: text,
    retained: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal('registrations'), provider: text, vcenters: texts }),
  z.strictObject({ kind: z.literal('version'), vcenter: text, version: text.optional() }),
  z.strictObject({ kind: z.literal('vmca'), vcenter: text, sha256: sha256.optional() }),
  z.strictObject({ kind: z.literal('root'), vcenter: text, sha256, present: z.boolean() }),
  z.strictObject({
    kind: z.literal('hosts'),
    vcenter: text,
    hosts: z.array(z.object({ name: text, version: text.optional() })).optional(),
  }),
]);

const warning = z.discriminatedUnion('code', [
  z.strictObject({ code: z.literal('ask-vendor'), providers: texts, what: z.enum(['retain', 'install', 'client-cas']) }),
  z.strictObject({
    code: z.literal('outage-for-all'),
    array: text,
    because: z.enum(['one-controller', 'one-address', 'one-certificate']),
  }),
  z.strictObject({ code: z.literal('last-path'), vcenter: text, array: text }),
  z.strictObject({ code: z.literal('brought-in'), provider: text, array: text }),
  z.strictObject({ code: z.literal('added-registration'), vcenter: text, provider: text }),
  z.strictObject({ code: z.literal('no-host-name'), provider: text }),
  z.strictObject({ code: z.literal('host-store-drop'), vcenter: text, hosts: texts }),
  z.strictObject({ code: z.literal('clock-skew'), vcenter: text, aheadMs: z.number() }),
  z.strictObject({ code: z.literal('clock-not-seen'), vcenter: text }),
  z.strictObject({ code: z.literal('linked'), vcenters: texts }),
  z.strictObject({ code: z.literal('mixed-versions'), versions: texts }),
  z.strictObject({ code: z.literal('holder-outside'), provider: text, issuer: text }),
  z.strictObject({ code: z.literal('dependents-running'), vcenter: text, datastores: texts, poweredOnVms: z.number() }),
  z.strictObject({ code: z.literal('removal-may-fail'), providers: texts, vcenters: texts }),
  z.strictObject({ code: z.literal('ca-expires'), subject: text, notAfter: time }),
]);

const window = seconds.extend({ why: z.enum(['already-out', 'last-path']), array: text, from: text, until: text });
const outage = seconds.extend({ vcenter: text, windows: z.array(window) });

const plannedCertificate = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  provider: text,
  commonName: z.string().max(64),
  san: z.array(z.strictObject({ kind: z.enum(['dns', 'ip']), value: text })),
  keyBits: z.number().int().min(2048).max(8192),
  chainOrder: z.enum(['leaf-first', 'root-first']),
  root: sha256,
  chain: z.array(sha256),
});

/** The shape of `Plan`. Strict: a field that got lost or was misspelt by hand is an error, not a default; a test compares what was written with what comes back. */
const planSchema = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.enum(['external-ca', 'cleanup']),
  madeBy: text,
  takenAt: time,
  estate: sha256,
  strategy: z.enum(['controller-by-controller', 'all-at-once']),
  providers: z.array(
    z.strictObject({
      id: text,
      name: text,
      urls: texts,
      arrays: texts,
      vasaVersion: text.optional(),
      vendor,
      certificate: text.optional(),
    }),
  ),
  vcenters: z.array(z.strictObject({ id: text, address: text, version: text.optional() })),
  externalCa: z.strictObject({ certificates: z.array(z.base64()), root: sha256 }).optional(),
  providerCertificates: z.array(plannedCertificate),
  outages: z.array(outage),
  pointOfNoReturn: text.optional(),
  warnings: z.array(warning),
  acceptances: z.array(
    z.strictObject({
      code: z.enum(['outage-for-all', 'last-path', 'holder-outside', 'works-as-it-is', 'vendor-single-vcenter']),
      name: text,
    }),
  ),
  facts: z.array(fact),
  steps: z.array(step),
});

function newer(target: string, version: number): Problem {
  return {
    code: 'file-invalid',
    target,
    summary: `${target} has format version ${version}, written by a newer vasatrust; this one reads version 1`,
    remedy: 'Use the version of vasatrust that made the plan, or make it anew with this one.',
    retry: 'never',
  };
}

function invalid(target: string, why: string): Problem {
  return {
    code: 'file-invalid',
    target,
    summary: `${target} is not a plan this version can read: ${why}`,
    remedy: 'Use a file written by `vasatrust plan … --out FILE`, unchanged; make it anew where it was changed.',
    retry: 'never',
  };
}
