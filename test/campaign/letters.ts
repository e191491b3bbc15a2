import type { RunLetter } from '../../src/model/run.js';
import { fileText, ourRoutes } from './standing.js';
import type { Watch } from './watch.js';
import type { Stage } from './worlds.js';

/** Where a cleanup stands, told from the world alone. */
export function letterOf({ vcenter, plan }: Stage, watch: Watch): RunLetter {
  const { sps } = vcenter.appliance;
  const changed = fileText(vcenter) !== watch.before.file;
  const removed = plan.removals.every(({ uid }) => watch.gone.has(uid));
  const readChanged = sps.retryAttempt !== watch.before.sps.retryAttempt;
  if (ourRoutes(vcenter, plan).length > 0) {
    if (removed) return 'F';
    if (sps.state === 'STOPPED' || sps.state === 'STOPPING') return 'D';
    return readChanged ? 'E' : 'C';
  }
  if (changed) return removed ? 'G' : readChanged ? 'E' : 'B';
  if (!removed) return 'A';
  return readChanged || sps.state !== 'STARTED' || sps.health !== 'HEALTHY' ? 'H' : 'I';
}
