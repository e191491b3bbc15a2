import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { EvidenceBundle } from '../model/evidence.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';

/** A bundle of two thousand vCenters has some tens of megabytes. */
const MAX_BYTES = 512 * 1024 * 1024;

/** Writes saved evidence: 0600, because it describes the estate; whole or not at all. It holds no secret. */
export async function saveBundle(path: string, bundle: EvidenceBundle): Promise<Result<void>> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(bundle, undefined, 1)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return ok(undefined);
  } catch (error) {
    await rm(temporary, { force: true });
    return err(fileProblem(path, 'could not be written', error));
  }
}

/** Reads saved evidence and checks its shape; what was saved by hand or cut off is refused with the place where it is wrong. */
export async function loadBundle(path: string): Promise<Result<EvidenceBundle>> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) return err(fileProblem(path, `is larger than ${MAX_BYTES} bytes`));
    text = await readFile(path, 'utf8');
  } catch (error) {
    return err(fileProblem(path, 'could not be read', error));
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err(invalid(path, error instanceof Error ? error.message : 'not JSON'));
  }
  return readBundle(value, path);
}

/** Checks the shape of a bundle that was parsed elsewhere. */
export function readBundle(value: unknown, path: string): Result<EvidenceBundle> {
  const version = z.object({ formatVersion: z.number() }).safeParse(value);
  if (version.success && version.data.formatVersion > 1)
    return err(
      invalid(path, `format version ${version.data.formatVersion} was written by a newer vasatrust; this one reads version 1`),
    );
  const checked = bundleSchema.safeParse(value);
  if (checked.success) return ok(checked.data as unknown as EvidenceBundle);
  const [issue] = checked.error.issues;
  return err(
    invalid(path, issue === undefined ? 'not an evidence file' : `${issue.path.join('.') || 'top level'}: ${issue.message}`),
  );
}

const problem = z.object({
  code: z.string(),
  target: z.string(),
  summary: z.string(),
  remedy: z.string(),
  retry: z.enum(['never', 'later', 'after-remedy']),
});
const at = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const der = z.base64();
const url = z.string();

function seen<T extends z.ZodType>(value: T) {
  return z.discriminatedUnion('state', [
    z.object({ state: z.literal('seen'), at, value }),
    z.object({ state: z.literal('absent'), at, why: z.string().optional() }),
    z.object({ state: z.literal('unknown'), problem }),
  ]);
}

const ders = z.array(der);
const arrayState = z.object({ arrayId: z.string(), active: z.boolean(), priority: z.number() });
const record = z.object({
  ref: z.string(),
  uid: z.string(),
  name: z.string(),
  description: z.string().optional(),
  version: z.string().optional(),
  url,
  certificate: der.optional(),
  certificateUnreadable: z.string().optional(),
  status: z.string().optional(),
  statusFault: z.object({ type: z.string(), message: z.string().optional(), certificate: der.optional() }).optional(),
  vasaVersion: z.string().optional(),
  namespace: z.string().optional(),
  lastSyncTime: z.string().optional(),
  arrays: z.array(arrayState.extend({ manageable: z.boolean() })),
  providerId: z.string().optional(),
  certificateExpiryDate: z.string().optional(),
  certificateStatus: z.string().optional(),
  serviceLocation: z.string().optional(),
  needsExplicitActivation: z.boolean().optional(),
  retained: z.boolean().optional(),
  type: z.string().optional(),
  category: z.string().optional(),
  priority: z.number().optional(),
  failoverGroupId: z.string().optional(),
});
const told = z.object({
  uid: z.string().optional(),
  url,
  name: z.string().optional(),
  selfSignedCertificate: der.optional(),
  vhost: z
    .object({ name: z.string().optional(), serviceHost: z.string().optional(), servicePort: z.number().optional() })
    .optional(),
  versionId: z.string().optional(),
  arrays: z.array(arrayState),
});
const datastore = z.object({
  ref: z.string(),
  name: z.string(),
  containerId: z.string().optional(),
  accessible: z.boolean(),
  mounts: z.array(z.object({ host: z.string(), accessible: z.boolean().optional() })),
  vms: z.array(z.string()),
  arrays: z.array(z.string()),
  told: z.array(told),
});
const host = z.object({
  ref: z.string(),
  name: z.string(),
  version: z.string().optional(),
  connectionState: z.string().optional(),
  certificate: der.optional(),
  trustAnchors: seen(ders).optional(),
});
const vm = z.object({ ref: z.string(), name: z.string(), powerState: z.string().optional(), datastores: z.array(z.string()) });
const vecs = z.array(z.object({ store: z.string(), alias: z.string(), type: z.string(), certificates: ders }));
const smsConfig = z.object({
  path: z.string(),
  size: z.number(),
  sha256: z.string(),
  retryAttempt: z.string().optional(),
  retryInterval: z.string().optional(),
});
const removal = z.object({
  uid: z.string(),
  outcome: z.enum(['null-pointer', 'other-error', 'not-found', 'no-error', 'unfinished']),
  task: z.string().optional(),
  array: z.string().optional(),
  backup: z.string().optional(),
  exception: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  line: z.string(),
});
const appliance = z.object({
  shell: seen(z.enum(['bash', 'appliancesh'])),
  smsStore: seen(vecs),
  trustedRootsStore: seen(vecs),
  machineSslStore: seen(vecs),
  vmcaRoot: seen(ders),
  smsConfig: seen(smsConfig),
  rejectRoutes: seen(z.array(z.object({ address: z.string(), line: z.string() }))),
  armed: seen(z.array(z.string())),
  clockAheadMs: seen(z.number()),
  reach: z.array(
    z.object({
      url,
      addresses: seen(z.array(z.string())),
      served: seen(ders),
      sni: z.string().optional(),
      port: z.number().optional(),
    }),
  ),
  spsLog: seen(z.object({ bytesRead: z.number(), lines: z.array(z.string()), removals: z.array(removal).optional() })),
});
const about = z.object({
  version: z.string(),
  build: z.string(),
  apiVersion: z.string(),
  instanceUuid: z.string().optional(),
  fullName: z.string().optional(),
});
const node = z.object({
  node: z.string(),
  type: z.string(),
  replicationPartners: z.array(z.string()),
  clientAffinity: z.string().optional(),
});
const vcenter = z.object({
  id: z.string(),
  address: z.string(),
  about: seen(about),
  rootBundle: seen(ders),
  registrations: seen(z.array(record)),
  datastores: seen(z.array(datastore)),
  hosts: seen(z.array(host)),
  vms: seen(z.array(vm)),
  trustedRoots: seen(ders),
  machineSsl: seen(ders),
  sps: seen(z.object({ state: z.string(), health: z.string().optional() })),
  topology: seen(z.array(node)),
  vcha: seen(z.object({ state: z.string(), mode: z.string().optional(), addresses: z.array(z.string()) })).optional(),
  appliance,
  clockAheadMs: seen(z.number()),
});
const handshake = z.object({
  protocol: z.enum(['TLSv1.2', 'TLSv1.3', 'TLSv1.1', 'TLSv1', 'SSLv3']),
  remoteAddress: z.string().optional(),
  chain: ders,
  asSent: z.boolean(),
  clientCertificateRequested: z.boolean().optional(),
  acceptedCas: z.array(z.base64()).optional(),
});
const probe = z.object({
  url,
  connectedTo: z.string().optional(),
  sni: z.string().optional(),
  variant: z.enum(['no-sni', 'url-host', 'vhost', 'configured-name']),
  vcenter: z.string().optional(),
  port: z.number().optional(),
  handshake: seen(handshake),
  versionXml: seen(z.string()),
});

/** The shape of `EvidenceBundle`. A field missing here would be dropped on loading: a test compares what was saved with what comes back. */
const bundleSchema = z.object({
  formatVersion: z.literal(1),
  madeBy: z.string(),
  startedAt: at,
  finishedAt: at,
  vcenters: z.array(vcenter),
  probes: z.array(probe),
  configuredProviders: z.array(url),
});

function fileProblem(path: string, what: string, error?: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return {
    code: 'file-unreadable',
    target: path,
    summary: `${path} ${what}${code}`,
    remedy: 'Check the path and its permissions.',
    retry: 'after-remedy',
  };
}

function invalid(path: string, why: string): Problem {
  return {
    code: 'file-invalid',
    target: path,
    summary: `${path} is not an evidence file this version can read: ${why}`,
    remedy: 'Use a file written by `vasatrust audit --save-evidence FILE`, unchanged.',
    retry: 'never',
  };
}
