import type { Timing } from '../../model/timing.js';
import {
  bootUnitPath,
  cronPath,
  GUARD_ROOT,
  type GuardFacts,
  guardFolder,
  guardPath,
  readyCopy,
  timerUnit,
} from './guard-facts.js';
import { ARM_PART } from './guard-script-arm.js';
import { FENCE_PART } from './guard-script-fence.js';
import { REVERT_PART } from './guard-script-revert.js';

/** Published and inferred times of the procedure, in its seconds: no job of service-control takes longer; an attempt shows by then. */
const JOB_MOST = 1080;
const ATTEMPT_MOST = 120;
/** SPS is started by the boot within this time, or not at all (inferred: the whole stack takes 10 to 15 minutes). */
const BOOT_MOST = 900;
/** A command of the run holds the fence for a moment; so does a look. */
const FENCE_WAIT = 20;
/** vmon-cli answers within a second or two; one that hangs must not end the watch, nor hold the fence for as long as others wait for it. */
const VMON_MOST = 10;
/** Real time, here and in `LEAST_FENCE_WAIT` (seconds): how late a busy machine may be does not depend on how fast a test goes. */
const PROVE_MORE_MS = 10_000;
const LEAST_FENCE_WAIT = 2;
const PROVE_SLEEP_MS = 200;

const MARKS = [
  'reverting',
  'removed',
  'touched',
  'rebooted',
  'hands-off',
  'start-1',
  'start-2',
  'restart-1',
  'restart-2',
  'start-failed',
  'taken-back',
  'restart-pending',
  'done',
];

/**
 * `guard.sh`: watches a run from the appliance and takes it back when its sign of life stays away. What each part has to stand is said
 * there. Values are baked in, quoted; nothing is read from outside but the marks and times it wrote itself.
 *
 * Killed in the middle of anything, it goes on at the next look: what was done is seen, not remembered. All functions are read before the
 * first command runs, so the file may be replaced or removed meanwhile.
 */
export function guardScript(facts: GuardFacts, timing: Pick<Timing, 'leaseMs' | 'guardMs' | 'secondMs'>): string {
  check(facts);
  const { run, addresses, cleanPids } = facts;
  const hundredths = (ms: number) => String(Math.max(1, Math.ceil(ms / 10)));
  const seconds = (count: number) => hundredths(count * timing.secondMs);
  const values: Readonly<Record<string, string>> = {
    RUN: run,
    ROOT: GUARD_ROOT,
    DIR: guardFolder(run),
    UNIT: timerUnit(run),
    BOOT_UNIT: bootUnitPath(run),
    BOOT_WANTED: bootUnitPath(run).replace('/vasatrust-', '/multi-user.target.wants/vasatrust-'),
    BOOT_UNIT_TEXT: bootUnit(facts).trimEnd(),
    CRON: cronPath(run),
    CRON_TEXT: cronText(facts),
    CONFIG: facts.configPath,
    WORKING: facts.working,
    READY: readyCopy(facts),
    BACKUP: facts.backup,
    BEFORE: facts.shaBefore,
    DURING: facts.shaDuring,
    AFTER: facts.shaAfter ?? facts.shaBefore,
    ADDRESSES: addresses.map(({ address }) => address).join(' '),
    ROUTE_TOOL: facts.routeTool,
    CLEAN_PIDS: cleanPids.join(' '),
    CLEAN_BOOT: facts.bootId,
    MARKS: MARKS.join(' '),
    JOBS: 'stop start restart again-start-1 again-start-2 again-restart-1 again-restart-2',
    LEASE: hundredths(timing.leaseMs),
    GUARD: hundredths(timing.guardMs),
    GUARD_TIME: `${timing.guardMs}ms`,
    // Arming waits for it.
    FIRST_TIME: `${Math.min(timing.secondMs, timing.guardMs) / 5}ms`,
    PROVE_SLEEP: String(PROVE_SLEEP_MS / 1000),
    // One whole interval: what is there already, from an earlier session, looks in its own time.
    PROVE_TRIES: String(Math.ceil((timing.guardMs + PROVE_MORE_MS) / PROVE_SLEEP_MS)),
    SECOND: String(timing.secondMs / 1000),
    GUARD_SLEEP: String(timing.guardMs / 1000),
    // systemd may be a minute late unless told otherwise.
    ACCURACY: '50ms',
    // systemd starts a unit five times in ten seconds and then no more for a while, unless told otherwise (measured: 252): not met by
    // looks every 30 seconds, and old systemd cannot be told.
    NO_LIMIT: timing.guardMs >= 3_000 ? '' : '--property=StartLimitIntervalSec=0',
    JOB_MOST: seconds(JOB_MOST),
    ATTEMPT_MOST: seconds(ATTEMPT_MOST),
    BOOT_MOST: seconds(BOOT_MOST),
    FENCE_WAIT: String(Math.max(LEAST_FENCE_WAIT, Math.ceil((FENCE_WAIT * timing.secondMs) / 1000))),
    VMON_TIME: String((VMON_MOST * timing.secondMs) / 1000),
    TIMEOUT: '/usr/bin/timeout',
    FLOCK: '/usr/bin/flock',
    SETSID: '/usr/bin/setsid',
    NOHUP: '/usr/bin/nohup',
    SHA256SUM: '/usr/bin/sha256sum',
    SYSTEMCTL: '/bin/systemctl',
    SYSTEMD_RUN: '/usr/bin/systemd-run',
    VMON_CLI: '/usr/lib/vmware-vmon/vmon-cli',
  };
  const head = [
    '#!/bin/sh',
    `# vasatrust ${run}, begun by ${facts.owner}: takes everything back when the run gives no sign of life.`,
    '#   sh guard.sh status    what it did, and what it waits for',
    '#   sh guard.sh forget    ends it and leaves everything as it is',
    'umask 077',
    'export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    ...Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}`),
  ];
  return `${head.join('\n')}\n${FENCE_PART}${REVERT_PART}${ARM_PART}`;
}

/**
 * Runs `guard.sh boot` before vmon starts the services of the appliance (the name of vmon's unit is inferred). A minute is enough for what
 * it does; a boot must not hang on it.
 */
export function bootUnit({ run }: Pick<GuardFacts, 'run'>): string {
  return `[Unit]
Description=vasatrust: takes back ${run} after a reboot
ConditionPathExists=${guardPath(run)}
After=local-fs.target
Before=vmware-vmon.service vmware-sps.service

[Service]
Type=oneshot
ExecStart=/bin/sh ${guardPath(run)} boot
TimeoutStartSec=60

[Install]
WantedBy=multi-user.target
`;
}

/** The minute line is for a watcher that was killed. */
const cronText = ({ run }: GuardFacts): string =>
  [
    `@reboot root /bin/sh ${guardPath(run)} boot >/dev/null 2>&1`,
    `* * * * * root /bin/sh ${guardPath(run)} check >/dev/null 2>&1`,
  ].join('\n');

const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** What gets here was checked long before; that it is so is worth a second look where root runs it unattended. */
function check(facts: GuardFacts): void {
  const sha = /^[0-9a-f]{64}$/;
  const path = /^\/[\x20-\x7e]+$/;
  const right =
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,100}$/.test(facts.run) &&
    [facts.configPath, facts.working, facts.backup].every((one) => path.test(one)) &&
    [facts.shaBefore, facts.shaDuring, facts.shaAfter ?? facts.shaBefore].every((one) => sha.test(one)) &&
    facts.addresses.every(({ address, family }) => (family === 4 ? /^[0-9.]+$/ : /^[0-9a-f:.]+$/i).test(address)) &&
    facts.cleanPids.every((pid) => Number.isSafeInteger(pid) && pid > 0) &&
    /^[0-9a-f-]{0,64}$/i.test(facts.bootId) &&
    /^[\x20-\x7e]{1,200}$/.test(facts.owner) &&
    /^[0-9a-z]{1,40}$/.test(facts.session);
  if (!right) throw new Error(`facts that no self-revert can be made of: ${JSON.stringify(facts)}`);
}
