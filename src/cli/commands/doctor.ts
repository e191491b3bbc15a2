import type { VcenterConfig } from '../../config/config.js';
import { loadConfig } from '../../config/load-config.js';
import { buildInventory } from '../../inventory/build-inventory.js';
import type { EvidenceBundle } from '../../model/evidence.js';
import type { Preflight } from '../../model/preflight.js';
import { namesToResolve } from '../../plan/cleanup-gates.js';
import { checkPreflight } from '../../plan/preflight.js';
import { renderPreflight } from '../../report/render-preflight.js';
import { mistakesFailure } from '../evidence.js';
import { EXIT, type ExitCode, exitCodeFor } from '../exit-codes.js';
import { openLook } from '../look.js';
import { scrubber } from '../scrub.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';

export interface DoctorOptions extends GlobalOptions {
  readonly scrub?: boolean;
}

/** Looks as an audit and a cleanup would, and holds what it sees to what this program assumes. */
export async function doctorCommand(wanted: readonly string[], options: DoctorOptions, around: Surroundings): Promise<ExitCode> {
  const { out } = around;
  const config = await loadConfig(options.file, around.env, around.cwd);
  if (!config.ok) {
    out.fail(mistakesFailure(config.error));
    return EXIT.usage;
  }
  const { vcenters } = config.value;
  const unknown = wanted.find((name) => !vcenters.some(({ id, address }) => id === name || address === name));
  if (unknown !== undefined) {
    const remedy = `Name one of: ${vcenters.map(({ id }) => id).join(', ')}.`;
    out.fail({ code: 'usage', summary: `there is no vCenter "${unknown}" in the estate`, remedy });
    return EXIT.usage;
  }
  const chosen =
    wanted.length === 0 ? vcenters : vcenters.filter(({ id, address }) => wanted.includes(id) || wanted.includes(address));
  const look = openLook({ ...config.value, vcenters: chosen }, options.progress, around);
  const bundle = await look.estate();
  const inventory = buildInventory(bundle);
  const probes = [];
  for (const vcenter of chosen) {
    if (around.interrupted.aborted) return EXIT.interrupted;
    const seen = inventory.vcenters.find(({ id }) => id === vcenter.id);
    probes.push(await look.appliance(vcenter, seen === undefined ? [] : namesToResolve(inventory, seen).slice(0, 8)));
  }
  if (around.interrupted.aborted) return EXIT.interrupted;
  const preflight = checkPreflight(bundle, probes);
  out.write(
    renderPreflight(preflight, options.output, options.scrub === true ? scrubber(namesIn(bundle, chosen)) : (text) => text),
  );
  return exitCodeOf(preflight);
}

function exitCodeOf({ checks }: Preflight): ExitCode {
  const has = (state: Preflight['checks'][number]['state']) => checks.some((one) => one.state === state);
  return exitCodeFor([...(has('wrong') ? [EXIT.findings] : []), ...(has('not-seen') ? [EXIT.gaps] : [])]);
}

/** What must not leave the house: names of vCenters, hosts, providers and accounts, as they stand in evidence and configuration. */
function namesIn({ vcenters }: EvidenceBundle, configured: readonly VcenterConfig[]): string[] {
  const seen = vcenters.flatMap(({ id, address, hosts, registrations }) => [
    id,
    address,
    ...(hosts.state === 'seen' ? hosts.value.map(({ name }) => name) : []),
    ...(registrations.state === 'seen' ? registrations.value.flatMap(({ name, url }) => [url, name]) : []),
  ]);
  const written = configured.flatMap(({ username, ssh, connectTo }) => [username, ssh?.host ?? '', connectTo?.host ?? '']);
  return [...seen, ...written];
}
