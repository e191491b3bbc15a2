import type { CleanupStep, ConfigChange } from '../model/cleanup-plan.js';
import type { RunId } from '../model/run.js';
import { guardPath } from './guard/guard-facts.js';

/** Of a service that hangs: nothing but time, or a restart of everything, helps. */
export const STUCK_REMEDY =
  'Leave SPS alone for now: a second start is refused while it is pending. It may still come up by itself; the self-revert on the appliance waits for that. If it does not, the reported cure is `service-control --stop --all && service-control --start --all` on the appliance: the whole vCenter is away for 10 to 15 minutes, so choose the time. Then `vasatrust runs revert`.';

/** Of a file that somebody else changed. Only as it was found is it taken back: byte for byte. */
export const handsOffRemedy = ({ path, working, backup }: ConfigChange, run: RunId): string =>
  `Compare it with the copy of how it was found, ${backup} on the appliance. Where the other change is not needed: \`cp -p ${backup} ${working} && mv -f ${working} ${path}\`, then \`vasatrust runs revert\`, which takes the rest away. Where it has to stay: see that retryAttempt is as it was, restart SPS if it was started meanwhile, and end the watch on the appliance with \`sh ${guardPath(run)} forget\`.`;

/** What could not be taken back now is taken back later by the appliance itself, as far as it can: it is not disarmed. */
export const keepsWatch = ({ kind }: CleanupStep): boolean => kind === 'block' || kind === 'lower-retry' || kind === 'stop-sps';
