import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { type DerBase64, derBase64, derBytes } from '../model/ids.js';
import { certificatePem } from './pki.js';
import { settle } from './sps-model.js';
import { keyIdentifier } from './sps-trust.js';
import type { LabAccount, LabVcenter, LabWorld } from './world.js';

export interface RestRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RestResponse {
  readonly status: number;
  /** Missing: no body. */
  readonly json?: unknown;
}

interface Session {
  readonly account: LabAccount;
  calls: number;
}

type Dialect = 'api' | 'rest';

interface Call {
  readonly dialect: Dialect;
  /** Path below `/api` or `/rest`. */
  readonly path: string;
  readonly request: RestRequest;
  readonly account: LabAccount;
}

/**
 * The REST services of one vCenter in both dialects: `/api` (bare answers, from API 7.0.2 on) and `/rest` (answers under `value`). Its sessions
 * are its own, apart from SOAP's. Source: the Automation API reference for paths, fields and the version each call came with.
 */
export function openRest(world: LabWorld, vcenter: LabVcenter): (request: RestRequest) => RestResponse {
  const sessions = new Map<string, Session>();
  const api = versionNumber(vcenter.apiVersion);
  return (request) => {
    const dialect = request.path.startsWith('/api/') ? 'api' : 'rest';
    if (dialect === 'api' && api < 70_002) return { status: 404 };
    const path = request.path.slice(dialect.length + 1);
    const sessionPath = dialect === 'api' ? '/session' : '/com/vmware/cis/session';
    if (path === sessionPath && request.method === 'POST') return logIn(world, vcenter, sessions, request, dialect);
    const token = sessionToken(request);
    const session = token === undefined ? undefined : sessions.get(token);
    if (token === undefined || !session) return failure(dialect, 401, 'unauthenticated', 'Authentication required.');
    session.calls++;
    if (path === sessionPath) return ownSession(sessions, token, session, request, dialect);
    const expiry = world.faults.find((fault) => fault.kind === 'session-expires' && fault.where === vcenter.id);
    if (expiry?.kind === 'session-expires' && session.calls > expiry.afterCalls) {
      sessions.delete(token);
      return failure(dialect, 401, 'unauthenticated', 'Session is not valid.');
    }
    const call: Call = { dialect, path, request, account: session.account };
    return (
      (api >= 60_702 ? certificates(world, vcenter, call) : undefined) ??
      (api >= 60_702 ? topology(vcenter, call) : undefined) ??
      services(world, vcenter, call, api) ?? { status: 404 }
    );
  };
}

/** `6.7.3` as 60703, so that releases compare. */
function versionNumber(apiVersion: string): number {
  const [major = 0, minor = 0, update = 0] = apiVersion.split('.').map(Number);
  return major * 10_000 + minor * 100 + update;
}

function logIn(
  world: LabWorld,
  vcenter: LabVcenter,
  sessions: Map<string, Session>,
  request: RestRequest,
  dialect: Dialect,
): RestResponse {
  const [scheme = '', encoded = ''] = (request.headers.authorization ?? '').split(' ');
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const username = text.slice(0, Math.max(colon, 0)).toLowerCase();
  const account = vcenter.accounts.find((one) => one.username.toLowerCase() === username);
  const refused = world.faults.some((fault) => fault.kind === 'wrong-password' && fault.where === vcenter.id);
  if (scheme.toLowerCase() !== 'basic' || !account || refused || text.slice(colon + 1) !== account.password) {
    return failure(dialect, 401, 'unauthenticated', 'Authentication required.');
  }
  const token = randomBytes(16).toString('hex');
  sessions.set(token, { account, calls: 0 });
  return dialect === 'api' ? { status: 201, json: token } : { status: 200, json: { value: token } };
}

function ownSession(
  sessions: Map<string, Session>,
  token: string,
  session: Session,
  request: RestRequest,
  dialect: Dialect,
): RestResponse {
  if (request.method === 'DELETE') {
    sessions.delete(token);
    return dialect === 'api' ? { status: 204 } : { status: 200, json: {} };
  }
  if (request.method !== 'GET') return { status: 405 };
  return answer(dialect, { user: session.account.username });
}

function sessionToken(request: RestRequest): string | undefined {
  const header = request.headers['vmware-api-session-id'];
  if (header) return header;
  return /(?:^|;\s*)vmware-api-session-id=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1];
}

const CERTIFICATES = '/vcenter/certificate-management/vcenter';

function certificates(world: LabWorld, vcenter: LabVcenter, call: Call): RestResponse | undefined {
  const { dialect, path, request } = call;
  if (path === `${CERTIFICATES}/tls`) {
    if (request.method !== 'GET') return { status: 405 };
    return needs(call, 'System.Read') ?? answer(dialect, tlsInfo(vcenter.machineSsl.certificate));
  }
  const chains = `${CERTIFICATES}/trusted-root-chains`;
  if (path === chains) {
    if (request.method === 'GET') {
      return (
        needs(call, 'System.Read') ??
        answer(
          dialect,
          vcenter.trustedRoots.map((root) => ({ chain: chainId(root) })),
        )
      );
    }
    return request.method === 'POST' ? addChain(world, vcenter, call) : { status: 405 };
  }
  if (!path.startsWith(`${chains}/`)) return undefined;
  const id = decodeURIComponent(path.slice(chains.length + 1));
  const root = vcenter.trustedRoots.find((one) => chainId(one) === id.toUpperCase());
  if (!root) return failure(dialect, 404, 'not_found', 'The trusted root certificate chain was not found.');
  if (request.method === 'GET') {
    return needs(call, 'System.Read') ?? answer(dialect, { cert_chain: { cert_chain: [certificatePem(root)] } });
  }
  if (request.method !== 'DELETE') return { status: 405 };
  const refused = needs(call, 'CertificateManagement.Manage', 'CertificateManagement.Administer');
  if (refused) return refused;
  vcenter.trustedRoots = vcenter.trustedRoots.filter((one) => one !== root);
  noteChange(world, vcenter, `trusted root ${chainId(root)} removed`);
  return dialect === 'api' ? { status: 204 } : { status: 200, json: {} };
}

/** A chain of several certificates is kept as its certificates: which one names the chain is not documented; here it is the first. */
function addChain(world: LabWorld, vcenter: LabVcenter, { dialect, request, ...call }: Call): RestResponse {
  const refused = needs({ dialect, request, ...call }, 'CertificateManagement.Manage', 'CertificateManagement.Administer');
  if (refused) return refused;
  const roots = readChain(dialect, request.body);
  const [first] = roots ?? [];
  if (!roots || !first) return failure(dialect, 400, 'invalid_argument', 'The certificate chain is not valid.');
  if (roots.every((root) => vcenter.trustedRoots.includes(root))) {
    return failure(dialect, 400, 'already_exists', 'The certificate chain is already there.');
  }
  vcenter.trustedRoots = [...new Set([...vcenter.trustedRoots, ...roots])];
  noteChange(world, vcenter, `trusted root ${chainId(first)} added`);
  return dialect === 'api' ? { status: 201, json: chainId(first) } : { status: 200, json: { value: chainId(first) } };
}

function readChain(dialect: Dialect, body: Buffer): DerBase64[] | undefined {
  try {
    const parsed = JSON.parse(body.toString('utf8')) as { spec?: unknown };
    const spec = (dialect === 'api' ? parsed : parsed.spec) as { cert_chain: { cert_chain: string[] } };
    return spec.cert_chain.cert_chain.flatMap((pem) =>
      (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((block) =>
        derBase64(new X509Certificate(block).raw),
      ),
    );
  } catch {
    return undefined;
  }
}

function noteChange(world: LabWorld, vcenter: LabVcenter, what: string): void {
  world.record.push({ at: world.now().toISOString(), where: vcenter.id, kind: 'change', what, outcome: 'done' });
}

/** The subject key identifier in upper case stands for the alias; SHA-1 of the DER where a certificate has none. */
function chainId(der: DerBase64): string {
  return (keyIdentifier(der) ?? createHash('sha1').update(derBytes(der)).digest('hex')).toUpperCase();
}

function tlsInfo(der: DerBase64): Record<string, unknown> {
  const certificate = new X509Certificate(derBytes(der));
  return {
    version: 3,
    serial_number: certificate.serialNumber,
    issuer_dn: certificate.issuer.split('\n').join(','),
    subject_dn: certificate.subject.split('\n').join(','),
    valid_from: new Date(certificate.validFrom).toISOString(),
    valid_to: new Date(certificate.validTo).toISOString(),
    thumbprint: certificate.fingerprint.replaceAll(':', ''),
    is_CA: certificate.ca,
    path_length_constraint: -1,
    key_usage: [],
    extended_key_usage: certificate.keyUsage ?? [],
    subject_alternative_name: (certificate.subjectAltName ?? '').split(', ').filter((name) => name !== ''),
    authority_information_access_uri: [],
    cert: certificatePem(der),
  };
}

function topology(vcenter: LabVcenter, { dialect, path, request }: Call): RestResponse | undefined {
  if (path !== '/vcenter/topology/nodes') return undefined;
  if (request.method !== 'GET') return { status: 405 };
  const nodes = vcenter.topology.map((node) => ({
    node: node.node,
    type: node.type,
    // Each field belongs to some types of node only.
    ...(node.type === 'VCSA_EXTERNAL' ? {} : { replication_partners: node.replicationPartners }),
    ...(node.clientAffinity === undefined ? {} : { client_affinity: node.clientAffinity }),
  }));
  return answer(dialect, nodes);
}

/** `/vcenter/services` from 6.7 on; `/appliance/vmon/service` of the older dialect on every release. Ids are vMon's: `sps`. */
function services(world: LabWorld, vcenter: LabVcenter, { dialect, path, request }: Call, api: number): RestResponse | undefined {
  const newer = api >= 60_700 && path.startsWith('/vcenter/services');
  const older = dialect === 'rest' && path.startsWith('/appliance/vmon/service');
  if (!newer && !older) return undefined;
  if (request.method !== 'GET') return { status: 405 };
  settle(world, vcenter);
  const all = servicesOf(vcenter);
  const rest = path.slice((newer ? '/vcenter/services' : '/appliance/vmon/service').length);
  if (rest === '' || rest === '/') {
    return dialect === 'api'
      ? { status: 200, json: Object.fromEntries(all) }
      : answer(
          dialect,
          all.map(([key, value]) => ({ key, value })),
        );
  }
  const found = all.find(([key]) => rest === `/${key}`);
  return found ? answer(dialect, found[1]) : failure(dialect, 404, 'not_found', 'No such service.');
}

function servicesOf(vcenter: LabVcenter): [string, Record<string, unknown>][] {
  const { sps } = vcenter.appliance;
  const entry = (name: string, state: string, health: string): [string, Record<string, unknown>] => [
    name,
    {
      name_key: `cis.${name}.ServiceName`,
      description_key: `cis.${name}.ServiceDescription`,
      startup_type: 'AUTOMATIC',
      state,
      ...(state === 'STARTED' ? { health, health_messages: [] } : {}),
    },
  ];
  return [
    entry('vpxd', 'STARTED', 'HEALTHY'),
    entry('sps', sps.state, sps.health === 'HEALTHY' ? 'HEALTHY' : 'DEGRADED'),
    entry('vsphere-ui', 'STARTED', 'HEALTHY'),
  ];
}

function needs(call: Call, ...privileges: readonly string[]): RestResponse | undefined {
  const missing = privileges.filter((privilege) => !call.account.privileges.includes(privilege));
  return missing.length > 0 ? failure(call.dialect, 403, 'unauthorized', 'Unable to authorize user.') : undefined;
}

const answer = (dialect: Dialect, value: unknown): RestResponse => ({
  status: 200,
  json: dialect === 'api' ? value : { value },
});

function failure(dialect: Dialect, status: number, type: string, text: string): RestResponse {
  const messages = [{ args: [], default_message: text, id: `com.vmware.lab.${type}` }];
  return dialect === 'api'
    ? { status, json: { error_type: type.toUpperCase(), messages } }
    : { status, json: { type: `com.vmware.vapi.std.errors.${type}`, value: { messages } } };
}
