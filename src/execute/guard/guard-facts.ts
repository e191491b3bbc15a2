import type { BlockedAddress } from '../../model/cleanup-plan.js';
import type { RunId } from '../../model/run.js';

/** What the self-revert of one run has to know; baked into its script, which reads nothing of it from anywhere else. */
export interface GuardFacts {
  readonly run: RunId;
  /** The appliance, as problems name it. */
  readonly label: string;
  /** sms-config.xml; `working` is a name beside it, so that the last act is a rename; `backup` lies in the folder of the run. */
  readonly configPath: string;
  readonly working: string;
  readonly backup: string;
  /** Of the file as it was found, and as the run changes it. Equal where the run changes nothing. */
  readonly shaBefore: string;
  readonly shaDuring: string;
  /** Of the file as the run leaves it, where that is not as it was found: it is right, too, and is left alone. */
  readonly shaAfter?: string;
  readonly addresses: readonly Pick<BlockedAddress, 'address' | 'family'>[];
  readonly routeTool: 'ip' | 'route';
  /** Processes of SPS that were seen, in the boot `bootId`, to have read the file as it was found. */
  readonly cleanPids: readonly number[];
  readonly bootId: string;
  /** `user@host`, for whoever finds the lock. */
  readonly owner: string;
  /** The process that works on the run; of several, the appliance obeys the one that armed it or took it on last. */
  readonly session: string;
}

/** Exit codes of the fence. The appliance took itself back, or is about to: nothing was run. */
export const TAKEN_OVER = 75;
/** The fence is not armed: nothing was run. */
export const NOT_ARMED = 76;
/** Another command holds the fence: nothing was run; may be asked again. */
export const FENCE_BUSY = 77;
/** The sign of life could not be written (disk full): nothing was run. */
export const LEASE_UNWRITABLE = 78;

/** Another session has taken the run on: nothing was run. */
export const OTHER_SESSION = 80;

export const GUARD_ROOT = '/root/.vasatrust';

/** Everything a run has on the appliance lies here, but the units and the copies beside sms-config.xml. */
export const guardFolder = (run: RunId): string => `${GUARD_ROOT}/${run}`;
export const guardPath = (run: RunId): string => `${guardFolder(run)}/guard.sh`;
/** systemd's name, without `.timer` and `.service`; jobs append `-stop`, `-start`, `-restart`. */
export const timerUnit = (run: RunId): string => `vasatrust-${run}`;
export const bootUnitName = (run: RunId): string => `vasatrust-${run}-boot.service`;
export const bootUnitPath = (run: RunId): string => `/etc/systemd/system/${bootUnitName(run)}`;
/** Where there is no systemd. A file of cron.d must have no dot in its name. */
export const cronPath = (run: RunId): string => `/etc/cron.d/vasatrust-${run.replace(/[^A-Za-z0-9_-]/g, '_')}`;
/** The original, beside the file since arming: putting it back is a rename, which needs no space. */
export const readyCopy = ({ working }: Pick<GuardFacts, 'working'>): string => `${working}-before`;

export type SpsJob = 'stop' | 'start' | 'restart';
