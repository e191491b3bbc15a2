import pLimit from 'p-limit';
import type { Config, VcenterConfig } from '../config/config.js';
import type { EvidenceBundle, VcenterEvidence } from '../model/evidence.js';
import { isoTime, providerUrl } from '../model/ids.js';
import { type CollectContext, type CollectDeps, openContext } from './collect-context.js';
import { collectFromAppliance } from './from-appliance.js';
import { collectOverHttps } from './from-vcenter.js';
import { ProbeQueue } from './probe-queue.js';

const CONCURRENT_VCENTERS = 32;

/**
 * Looks at every vCenter and every provider of the estate, side by side: it takes about as long as the slowest one. Never fails as a
 * whole: what could not be seen is in the bundle as `unknown` with its problem.
 */
export async function collectEstate(config: Config, deps: CollectDeps): Promise<EvidenceBundle> {
  const context = openContext(deps);
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
