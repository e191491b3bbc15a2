import type { ServiceRecord, TopologyNode } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import { err, ok, type Result } from '../model/problem.js';
import type { HttpsClient } from './https.js';
import { notSupported, readJson, restProblem, wrongShape } from './rest-answer.js';
import { parseChain, parseChainIds, parseServices, parseTls, parseTopology } from './rest-decode.js';
import { openRestLogin, type RestLogin } from './rest-login.js';
import type { VcenterLogin } from './sso-verdict.js';

/**
 * Reads of vCenter's REST API; privilege System.Read. Every call fails with `not-supported` on a version that does not have it:
 * certificates and topology since 6.7.2, services since 6.5.
 */
export interface RestSession {
  /** `api`: 7.0.2 and later. `rest`: the older form of the same calls. */
  readonly dialect: 'api' | 'rest';
  /** The chains of TRUSTED_ROOTS, one call per chain, the same certificate once. All or nothing: a list that lacks one would lie. */
  trustedRoots(): Promise<Result<DerBase64[]>>;
  /** What port 443 is configured to show; [0] is the leaf. */
  machineSsl(): Promise<Result<DerBase64[]>>;
  spsService(): Promise<Result<ServiceRecord>>;
  topology(): Promise<Result<TopologyNode[]>>;
  logout(): Promise<void>;
}

const CERTIFICATES = '/vcenter/certificate-management/vcenter';
const CHAINS_AT_A_TIME = 4;

/**
 * Logs in; a session of its own, apart from that of `/sdk`.
 * @param version `about.version`, where known: saves a 6.x from being asked for what it does not have
 */
export async function connectRest(
  https: HttpsClient,
  login: VcenterLogin,
  label: string,
  version?: string,
): Promise<Result<RestSession>> {
  const session = await openRestLogin(https, login, label, version);
  if (!session.ok) return session;
  const rest = session.value;
  return ok({
    dialect: rest.dialect,
    trustedRoots: () => readTrustedRoots(rest),
    machineSsl: () => get(rest, `${CERTIFICATES}/tls`, parseTls),
    spsService: () => readSpsService(rest),
    topology: () => get(rest, '/vcenter/topology/nodes', parseTopology),
    logout: () => rest.logOut(),
  });
}

/** One GET in the session's dialect: `/api` answers bare, `/rest` under `value`. */
async function get<T>(rest: RestLogin, path: string, parse: (json: unknown) => T | undefined): Promise<Result<T>> {
  const full = `/${rest.dialect}${path}`;
  const answer = await rest.get(full);
  if (!answer.ok) return answer;
  const { status, body } = answer.value;
  if (status !== 200) return err(restProblem(rest.label, full, status, body));
  const json = readJson(body);
  const value = rest.dialect === 'rest' && json !== null && typeof json === 'object' && 'value' in json ? json.value : json;
  const parsed = parse(value);
  return parsed === undefined ? err(wrongShape(rest.label, full)) : ok(parsed);
}

async function readTrustedRoots(rest: RestLogin): Promise<Result<DerBase64[]>> {
  const ids = await get(rest, `${CERTIFICATES}/trusted-root-chains`, parseChainIds);
  if (!ids.ok) return ids;
  const chains = new Array<readonly DerBase64[]>(ids.value.length);
  let failure: Result<never> | undefined;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < ids.value.length && failure === undefined; at = next++) {
      const path = `${CERTIFICATES}/trusted-root-chains/${encodeURIComponent(ids.value[at] ?? '')}`;
      const chain = await get(rest, path, parseChain);
      if (chain.ok) chains[at] = chain.value;
      // Taken out of the list between the two questions: then it is no root any more.
      else if (chain.error.code === 'not-supported') chains[at] = [];
      else failure ??= chain;
    }
  };
  await Promise.all(Array.from({ length: Math.min(CHAINS_AT_A_TIME, ids.value.length) }, worker));
  return failure ?? ok([...new Set(chains.flat())]);
}

/** vMon calls it `sps`, the command line `vmware-sps`; which one REST lists is inferred: either will do. */
async function readSpsService(rest: RestLogin): Promise<Result<ServiceRecord>> {
  const listed = await get(rest, '/vcenter/services', parseServices);
  const services =
    !listed.ok && listed.error.code === 'not-supported' && rest.dialect === 'rest'
      ? await get(rest, '/appliance/vmon/service', parseServices) // 6.5
      : listed;
  if (!services.ok) return services;
  const sps = services.value.get('sps') ?? services.value.get('vmware-sps');
  return sps === undefined ? err(notSupported(rest.label, 'the list of services has neither sps nor vmware-sps')) : ok(sps);
}
