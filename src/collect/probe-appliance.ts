import pLimit from 'p-limit';
import type { VcenterConfig } from '../config/config.js';
import type { ApplianceProbes } from '../model/appliance-probes.js';
import { isoTime } from '../model/ids.js';
import type { Result } from '../model/problem.js';
import { type ApplianceReader, type Reading, readAddresses } from '../wire/appliance-facts.js';
import {
  readDisk,
  readNameservers,
  readOperatorAddress,
  readRootPassword,
  readRoutes,
  readServices,
  readSmsConfigFile,
  readSps,
  readTools,
} from '../wire/appliance-probes.js';
import { isHost } from '../wire/appliance-reads.js';
import { readOnlyShell } from './allowed-calls.js';
import type { CollectContext } from './collect-context.js';
import { connectShell, sshNotConfigured } from './from-appliance.js';
import { observeReading, unknown, within } from './observe.js';

/** Names beyond that are not resolved; what was left out counts as not seen. */
const MOST_NAMES = 512;

/** One more look at one appliance, for what a cleanup needs to know; read-only, by the same closed list as the audit. */
export async function probeAppliance(
  vcenter: VcenterConfig,
  names: readonly string[],
  context: CollectContext,
): Promise<ApplianceProbes> {
  if (vcenter.ssh === undefined) return notSeen(vcenter, context, sshNotConfigured(vcenter.id));
  const { now, timing } = context;
  const opened = await within(timing.sourceMs, vcenter.id, 'ssh', connectShell(vcenter.id, vcenter.ssh, context));
  if (!opened.ok) return notSeen(vcenter, context, opened.error);
  const shell = readOnlyShell(opened.value, vcenter.id);
  try {
    const at: ApplianceReader = { label: vcenter.id, run: shell.run };
    const look = async <T>(work: Promise<Result<Reading<T>>>) =>
      observeReading(await within(timing.sourceMs, vcenter.id, 'ssh', work), now);
    const limit = pLimit(4);
    const wanted = [...new Set(names)].filter(isHost).slice(0, MOST_NAMES);
    const [smsConfig, sps, services, disk, rootPassword, routes, nameservers, operator, tools, resolved] = await Promise.all([
      look(readSmsConfigFile(at)),
      look(readSps(at)),
      look(readServices(at)),
      look(readDisk(at)),
      look(readRootPassword(at)),
      look(readRoutes(at)),
      look(readNameservers(at)),
      look(readOperatorAddress(at)),
      readTools(at),
      Promise.all(wanted.map((name) => limit(async () => ({ name, addresses: await look(readAddresses(at, name)) })))),
    ]);
    return {
      vcenter: vcenter.id,
      takenAt: isoTime(now()),
      shell: { state: 'seen', at: isoTime(now()), value: shell.kind },
      smsConfig,
      sps,
      services,
      disk,
      rootPassword,
      routes,
      nameservers,
      operator,
      tools: tools.map(({ tool, present }) => ({ tool, present: observeReading(present, now) })),
      resolved,
    };
  } finally {
    await shell.close();
  }
}

function notSeen(vcenter: VcenterConfig, { now }: CollectContext, problem: Parameters<typeof unknown>[0]): ApplianceProbes {
  const not = unknown(problem);
  return {
    vcenter: vcenter.id,
    takenAt: isoTime(now()),
    shell: not,
    smsConfig: not,
    sps: not,
    services: not,
    disk: not,
    rootPassword: not,
    routes: not,
    nameservers: not,
    operator: not,
    tools: [],
    resolved: [],
  };
}
