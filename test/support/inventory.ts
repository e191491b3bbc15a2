import type { Rule } from '../../src/findings/rule.js';
import type { Certificate } from '../../src/model/certificate.js';
import type { Finding, NotJudged } from '../../src/model/finding.js';
import { isoTime, type ProviderId, providerUrl, type Sha256Hex, vcenterId } from '../../src/model/ids.js';
import type {
  Endpoint,
  Gap,
  Holder,
  Host,
  Inventory,
  PresentedCertificate,
  Provider,
  Registration,
  TrustReason,
  Vcenter,
} from '../../src/model/inventory.js';
import type { Problem } from '../../src/model/problem.js';
import { type Minted, mintCa, mintLeaf } from './mint.js';

/** The day every test of rules and reports is judged at. */
export const NOW = new Date('2026-11-22T12:00:00.000Z');
export const daysFromNow = (days: number): Date => new Date(NOW.getTime() + days * 86_400_000);

/** A VMCA root as vCenter names it. */
export const mintVmca = (host: string): Minted => mintCa({ name: `CN=CA,DC=vsphere,DC=local,C=US,O=${host}` });

/** What a provider serves after `issuer` signed for it. */
export const mintProviderLeaf = (issuer: Minted | undefined, options: Parameters<typeof mintLeaf>[0] = {}): Minted =>
  mintLeaf({
    name: 'CN=array1-ct0.lab.example',
    san: ['array1-ct0.lab.example', '10.1.2.3'],
    notBefore: daysFromNow(-20),
    notAfter: daysFromNow(345),
    ...(issuer === undefined ? {} : { issuer }),
    ...options,
  });

export function aVcenter(
  id: string,
  facts: Partial<Omit<Vcenter, 'trustAnchors' | 'id'>> & { anchors?: readonly Certificate[] } = {},
): Vcenter {
  const { anchors, ...rest } = facts;
  return {
    id: vcenterId(id),
    address: `${id}.lab.example`,
    version: '7.0.3',
    linkedWith: [],
    presents: [],
    trustAnchors: (anchors ?? (facts.vmca === undefined ? [] : [facts.vmca.certificate])).map((certificate) => ({
      certificate,
      seenIn: ['trusted-roots-store'] as const,
    })),
    anchorsComplete: true,
    clockAheadMs: 0,
    leftovers: { rejectRoutes: [], armed: [] },
    removals: [],
    ...rest,
  };
}

export const vmcaOf = (ca: Minted, source: NonNullable<Vcenter['vmca']>['source'] = 'appliance') => ({
  vmca: { certificate: ca.cert, source },
});

export const presented = (
  certificate: Certificate | undefined,
  facts: Partial<PresentedCertificate> = {},
): PresentedCertificate => ({
  store: 'SMS',
  alias: 'sps-extension',
  to: 'vvol',
  ...(certificate === undefined ? {} : { certificate }),
  issuedBy: certificate === undefined ? 'unknown' : 'current-vmca',
  basis: 'documented',
  ...facts,
});

export const aHost = (name: string, anchors?: readonly Certificate[]): Host => ({
  ref: `host-${name}`,
  name,
  ...(anchors === undefined ? {} : { trustAnchors: anchors }),
});

export const URL_CT0 = 'https://array1-ct0.lab.example:8084/version.xml';

/** What was seen at a provider: leaf first. */
export function anEndpoint(served: readonly Minted[], facts: Partial<Endpoint> = {}): Endpoint {
  const [leaf] = served;
  return {
    url: providerUrl(URL_CT0),
    address: '10.1.2.3',
    seenFrom: 'operator',
    ...(leaf === undefined ? {} : { leaf: leaf.cert }),
    servedChain: served.map((one) => one.cert),
    unreadable: [],
    ...facts,
  };
}

export function heldBy(ca: Minted, ...vcenters: readonly string[]): { holder: Holder } {
  return {
    holder: {
      vcenters: vcenters.map(vcenterId),
      ...(ca.cert.ski === undefined ? {} : { vmcaKeyId: ca.cert.ski }),
      grade: 'vmca-key',
      proof: { kind: 'signature', issuer: ca.cert.sha256, subject: ca.cert.subject, via: [] },
    },
  };
}

/** Online and trusted, unless the facts say otherwise; sees the provider's first endpoint. */
export function aRegistration(vcenter: string, facts: Partial<Omit<Registration, 'vcenter'>> = {}): Registration {
  return {
    vcenter: vcenterId(vcenter),
    uid: `uid-${vcenter}`,
    name: 'array1-CT0',
    url: providerUrl(URL_CT0),
    endpoint: 0,
    status: 'online',
    category: 'external',
    categoryBasis: 'sms',
    vasaVersion: '3.0',
    arrays: [],
    trusted: { value: true, grade: 'path', why: { code: 'path-to-anchor', anchor: '00' as Sha256Hex, anchorSubject: 'CN=CA' } },
    accepted: { value: true, grade: 'session', why: { code: 'online' } },
    stale: { value: false, why: [{ code: 'status', status: 'online', met: false }] },
    reach: { from: 'appliance', answers: true, addresses: ['10.1.2.3'] },
    ...facts,
  };
}

export const ISSUER_UNKNOWN: TrustReason = { code: 'issuer-unknown', issuer: 'CN=CA,DC=vsphere,DC=local' };

/** Offline, proven not to trust what is served, and so stale. */
export const lost = (why: TrustReason = ISSUER_UNKNOWN): Partial<Registration> => ({
  status: 'offline',
  lastSync: '2026-11-03T08:12:00Z',
  trusted: { value: false, grade: 'no-path', why },
  accepted: { value: 'unknown', why: { code: 'not-seen' } },
  stale: {
    value: true,
    why: [
      { code: 'status', status: 'offline', met: true },
      { code: 'tls-from-appliance', outcome: true },
      { code: 'not-trusted', met: true },
      { code: 'retained', value: false },
    ],
  },
});

/** Nobody could tell whether it trusts what is served. */
export const untold: Partial<Registration> = {
  status: 'offline',
  trusted: { value: 'unknown', why: { code: 'not-seen', what: 'anchors' } },
  accepted: { value: 'unknown', why: { code: 'not-seen' } },
  stale: { value: 'unknown', why: [{ code: 'not-trusted', met: 'unknown' }] },
};

export const internal: Partial<Registration> = { category: 'internal', name: 'IOFILTER Provider esx1' };

export const onArrays = (...ids: readonly string[]): Pick<Registration, 'arrays'> => ({
  arrays: ids.map((arrayId) => ({ arrayId, active: true, manageable: true, priority: 1 })),
});

export function aProvider(registrations: readonly Registration[], facts: Partial<Provider> = {}): Provider {
  const arrays = [...new Set(registrations.flatMap((one) => one.arrays.map(({ arrayId }) => arrayId)))].sort();
  return {
    id: 'com.example:array1-ct0' as ProviderId,
    urls: [...new Set([...registrations.map((one) => one.url), ...(facts.endpoints ?? []).map((one) => one.url)])],
    names: [...new Set(registrations.map((one) => one.name))].sort(),
    vasaVersion: '3.0',
    retained: false,
    category: registrations.length > 0 && registrations.every((one) => one.category === 'internal') ? 'internal' : 'external',
    arrays,
    endpoints: [],
    registrations,
    ...facts,
  };
}

export const providerId = (text: string): ProviderId => text as ProviderId;

export function anInventory(
  vcenters: readonly Vcenter[],
  providers: readonly Provider[] = [],
  gaps: readonly Gap[] = [],
): Inventory {
  return { takenAt: isoTime(NOW), digest: 'ab'.repeat(32) as Sha256Hex, vcenters, providers, gaps };
}

export const aProblem = (code: Problem['code'], summary = `a problem: ${code}`): Problem => ({
  code,
  target: 'somebody',
  summary,
  remedy: 'Do something about it.',
  retry: 'later',
});

/** How a rule fares on an inventory: the strongest outcome, with everything it found. */
export interface Fared {
  readonly kind: 'found' | 'not-judged' | 'passed' | 'does-not-apply';
  readonly findings: readonly Finding[];
  readonly notJudged: readonly NotJudged[];
}

export function fare(rule: Rule, inventory: Inventory, now: Date = NOW): Fared {
  const outcomes = rule.judge({ inventory, now });
  const findings = outcomes.flatMap((outcome) => (outcome.kind === 'found' ? outcome.findings : []));
  const notJudged = outcomes.flatMap((outcome) => (outcome.kind === 'not-judged' ? [outcome.what] : []));
  const kind =
    findings.length > 0
      ? 'found'
      : notJudged.length > 0
        ? 'not-judged'
        : outcomes.some((outcome) => outcome.kind === 'passed')
          ? 'passed'
          : 'does-not-apply';
  return { kind, findings, notJudged };
}
