import pLimit from 'p-limit';
import type { Config, SecretSource, VcenterConfig } from '../config/config.js';
import { categoryOf } from '../inventory/category.js';
import { hostPortKey } from '../inventory/group-providers.js';
import type { EvidenceBundle, ProviderProbe, SmsProviderRecord, VcenterEvidence } from '../model/evidence.js';
import { isoTime, type ProviderUrl, providerUrl } from '../model/ids.js';
import type { Result } from '../model/problem.js';
import type { Timing } from '../model/timing.js';
import type { SshEnvironment } from '../wire/ssh-target.js';
import type { SsoVerdict } from '../wire/sso-verdict.js';
import type { RootVerdict } from '../wire/vcenter-shell.js';
import { collectFromAppliance } from './from-appliance.js';
import { type ProbeWish, probeProvider, providerFinder, wishesForUrl, wishesForVirtualHosts } from './from-provider.js';
import { collectOverHttps } from './from-vcenter.js';
import type { ProgressListener } from './progress.js';

/** What collecting needs from outside; the command line brings the real ones, tests their own. */
export interface CollectDeps {
  readonly timing: Timing;
  readonly now: () => Date;
  readonly progress: ProgressListener;
  /** Reads a secret once; `target` names whose it is in problems. */
  readonly readSecret: (source: SecretSource, target: string) => Promise<Result<string>>;
  /** A small text file (a CA file); `target` names whose it is in problems. */
  readonly readText: (path: string, target: string) => Promise<Result<string>>;
  readonly sshEnvironment: SshEnvironment;
  /** `vasatrust 0.1.0` */
  readonly madeBy: string;
  /** vCenters looked at side by side. */
  readonly concurrency?: number;
}

/** Shared by all looks of one run: a password that was refused is not sent again by any of them. */
export interface CollectContext extends CollectDeps {
  readonly ssoVerdicts: Map<string, SsoVerdict>;
  readonly rootVerdicts: Map<string, RootVerdict>;
}

const CONCURRENT_VCENTERS = 64;
const CONCURRENT_PROBES = 64;

/**
 * Looks at every vCenter and every provider of the estate, side by side: it takes about as long as the slowest one. Never fails as a
 * whole: what could not be seen is in the bundle as `unknown` with its problem.
 */
export async function collectEstate(config: Config, deps: CollectDeps): Promise<EvidenceBundle> {
  const context: CollectContext = { ...deps, ssoVerdicts: new Map(), rootVerdicts: new Map() };
  const startedAt = isoTime(context.now());
  const probes = new ProbeQueue(config, context);
  const limit = pLimit(deps.concurrency ?? CONCURRENT_VCENTERS);
  const vcenters = await Promise.all(config.vcenters.map((vcenter) => limit(() => collectVcenter(vcenter, probes, context))));
  const configured = config.providers.flatMap(({ match }) => ('url' in match ? [providerUrl(match.url)] : []));
  for (const url of configured) probes.addUrl(url, []);
  return {
    formatVersion: 1,
    madeBy: deps.madeBy,
    startedAt,
    vcenters,
    probes: await probes.all(),
    configuredProviders: configured,
    finishedAt: isoTime(context.now()),
  };
}

async function collectVcenter(vcenter: VcenterConfig, probes: ProbeQueue, context: CollectContext): Promise<VcenterEvidence> {
  const overHttps = collectOverHttps(vcenter, context);
  const [https, appliance] = await Promise.all([overHttps, collectFromAppliance(vcenter, overHttps, context)]);
  const evidence: VcenterEvidence = { id: vcenter.id, address: vcenter.address, ...https, appliance };
  probes.addVcenter(evidence);
  return evidence;
}

/** Looks at providers from the operator's machine, each URL and server name once, as soon as somebody names it. */
class ProbeQueue {
  readonly #context: CollectContext;
  readonly #configured: ReturnType<typeof providerFinder>;
  readonly #limit = pLimit(CONCURRENT_PROBES);
  readonly #started = new Map<string, Promise<ProviderProbe>>();

  constructor(config: Config, context: CollectContext) {
    this.#context = context;
    this.#configured = providerFinder(config.providers);
  }

  addVcenter(vcenter: VcenterEvidence): void {
    const records = vcenter.registrations.state === 'seen' ? vcenter.registrations.value : [];
    const external = records.filter((record) => categoryOf(record.category, record.name, record.url).category !== 'internal');
    for (const record of external) this.addUrl(record.url, external);
    for (const wish of wishesForVirtualHosts(vcenter, (url) => this.#configured(url, external))) this.#start(wish);
  }

  addUrl(url: ProviderUrl, registered: readonly SmsProviderRecord[]): void {
    for (const wish of wishesForUrl(url, this.#configured(url, registered))) this.#start(wish);
  }

  async all(): Promise<ProviderProbe[]> {
    const sorted = [...this.#started].sort(([a], [b]) => (a < b ? -1 : 1));
    return Promise.all(sorted.map(([, probe]) => probe));
  }

  #start(wish: ProbeWish): void {
    const key = [hostPortKey(wish.url), wish.sni ?? '', wish.port ?? '', wish.vcenter ?? ''].join(' ');
    if (this.#started.has(key)) return;
    this.#started.set(
      key,
      this.#limit(() => probeProvider(wish, this.#context)),
    );
  }
}
