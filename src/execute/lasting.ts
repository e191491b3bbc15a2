import type { CleanupStep } from '../model/cleanup-plan.js';

/** Of a service that hangs: nothing but time, or a restart of everything, helps. */
export const STUCK_REMEDY =
  'Leave SPS alone for now: a second start is refused while it is pending. It may still come up by itself; the self-revert on the appliance waits for that. If it does not, the reported cure is `service-control --stop --all && service-control --start --all` on the appliance: the whole vCenter is away for 10 to 15 minutes, so choose the time. Then `vasatrust runs revert`.';

export const HANDS_OFF_REMEDY =
  'Compare the file with the copy in the folder of the run on the appliance, and put retryAttempt right by hand. Then `vasatrust runs revert` takes the rest away.';

/** What could not be taken back now is taken back later by the appliance itself, as far as it can: it is not disarmed. */
export const keepsWatch = ({ kind }: CleanupStep): boolean => kind === 'block' || kind === 'lower-retry' || kind === 'stop-sps';
