import pLimit from 'p-limit';
import type { Config } from '../config/config.js';
import { categoryOf } from '../inventory/category.js';
import { hostPortKey } from '../inventory/group-providers.js';
import type { ProviderProbe, SmsProviderRecord, VcenterEvidence } from '../model/evidence.js';
import type { ProviderUrl } from '../model/ids.js';
import type { CollectContext } from './collect-context.js';
import { type ProbeWish, probeProvider, providerFinder, wishesForUrl, wishesForVirtualHosts } from './from-provider.js';

const CONCURRENT_PROBES = 64;

/** Looks at providers from the operator's machine, each URL and server name once, as soon as somebody names it. */
export class ProbeQueue {
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
