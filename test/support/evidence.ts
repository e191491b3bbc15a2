import type {
  ApplianceEvidence,
  ApplianceReach,
  EvidenceBundle,
  Observation,
  ProviderProbe,
  SmsProviderRecord,
  VcenterEvidence,
  VecsEntry,
} from '../../src/model/evidence.js';
import { derBase64, type IsoTime, providerUrl, vcenterId } from '../../src/model/ids.js';
import type { Problem, ProblemCode } from '../../src/model/problem.js';
import type { Minted } from './mint.js';

export const AT = '2026-11-22T12:00:00.000Z' as IsoTime;
export const URL_CT0 = providerUrl('https://array1-ct0.lab.example:8084/version.xml');

export const seen = <T>(value: T): Observation<T> => ({ state: 'seen', at: AT, value });
export const absent = (why = 'not there'): Observation<never> => ({ state: 'absent', at: AT, why });
export const unseen = (code: ProblemCode = 'timeout'): Observation<never> => ({ state: 'unknown', problem: problem(code) });
export const problem = (code: ProblemCode): Problem => ({
  code,
  target: 'somebody',
  summary: `a problem: ${code}`,
  remedy: 'Do something.',
  retry: 'later',
});

export const dersOf = (certificates: readonly Minted[]) => certificates.map((one) => derBase64(one.der));

export const entry = (store: string, alias: string, certificate: Minted): VecsEntry => ({
  store,
  alias,
  type: store === 'SMS' && !alias.startsWith('https') ? 'Private Key' : 'Trusted Cert',
  certificates: dersOf([certificate]),
});

/** An appliance where everything was seen; what is not said is empty. */
export function appliance(facts: {
  readonly vmca?: Minted;
  readonly roots?: readonly Minted[];
  readonly smsStore?: readonly VecsEntry[];
  readonly reach?: readonly ApplianceReach[];
  readonly rest?: Partial<ApplianceEvidence>;
}): ApplianceEvidence {
  return {
    shell: seen('bash'),
    smsStore: seen(facts.smsStore ?? []),
    trustedRootsStore: seen((facts.roots ?? []).map((root, index) => entry('TRUSTED_ROOTS', `root-${index}`, root))),
    machineSslStore: seen([]),
    vmcaRoot: facts.vmca === undefined ? unseen() : seen(dersOf([facts.vmca])),
    smsConfig: seen({ path: '/sms-config.xml', size: 400, sha256: '00', retryAttempt: '99999', retryInterval: '30' }),
    rejectRoutes: seen([]),
    armed: seen([]),
    clockAheadMs: seen(0),
    reach: facts.reach ?? [],
    spsLog: seen({ bytesRead: 0, lines: [], removals: [] }),
    ...facts.rest,
  };
}

/** An appliance nobody could look at. */
export function noAppliance(): ApplianceEvidence {
  const not = unseen('not-configured');
  return {
    shell: not,
    smsStore: not,
    trustedRootsStore: not,
    machineSslStore: not,
    vmcaRoot: not,
    smsConfig: not,
    rejectRoutes: not,
    armed: not,
    clockAheadMs: not,
    reach: [],
    spsLog: not,
  };
}

export function vcenterEvidence(
  id: string,
  facts: Partial<Omit<VcenterEvidence, 'id'>> & { readonly version?: string } = {},
): VcenterEvidence {
  const { version = '6.7.0', ...rest } = facts;
  return {
    id: vcenterId(id),
    address: `${id}.lab.example`,
    about: seen({ version, build: '1', apiVersion: version }),
    rootBundle: absent(),
    registrations: seen([]),
    datastores: seen([]),
    hosts: seen([]),
    vms: seen([]),
    trustedRoots: absent(),
    machineSsl: absent(),
    sps: seen({ state: 'STARTED', health: 'HEALTHY' }),
    topology: absent(),
    appliance: noAppliance(),
    clockAheadMs: seen(0),
    ...rest,
  };
}

export function record(uid: string, facts: Partial<SmsProviderRecord> = {}): SmsProviderRecord {
  return {
    ref: `VasaProvider-${uid}`,
    uid,
    name: 'array1-CT0',
    url: URL_CT0,
    status: 'online',
    arrays: [{ arrayId: 'com.purestorage:one', active: true, manageable: true, priority: 200 }],
    category: 'external',
    ...facts,
  };
}

export function probe(chain: readonly Minted[], facts: Partial<ProviderProbe> = {}): ProviderProbe {
  const url = facts.url ?? URL_CT0;
  return {
    url,
    variant: 'url-host',
    sni: new URL(url).hostname,
    handshake: seen({ protocol: 'TLSv1.2', chain: dersOf(chain), asSent: true, remoteAddress: '10.0.0.5' }),
    versionXml: absent(),
    ...facts,
  };
}

export function reach(chain: readonly Minted[], facts: Partial<ApplianceReach> = {}): ApplianceReach {
  const url = facts.url ?? URL_CT0;
  return { url, sni: new URL(url).hostname, addresses: seen(['10.0.0.5']), served: seen(dersOf(chain)), ...facts };
}

export function bundle(vcenters: readonly VcenterEvidence[], probes: readonly ProviderProbe[] = []): EvidenceBundle {
  return { formatVersion: 1, madeBy: 'test', startedAt: AT, finishedAt: AT, vcenters, probes, configuredProviders: [] };
}
