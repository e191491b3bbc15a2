import { createHash } from 'node:crypto';
import { err, ok, type Problem, type Result } from '../../model/problem.js';
import type { Timing } from '../../model/timing.js';
import type { CommandOutput } from '../../wire/vcenter-shell.js';
import type { Link } from '../ports.js';
import { anotherRun, LOCK_FUNCTIONS, parseOwner, readLock, releaseLock } from './appliance-lock.js';
import {
  bootUnitPath,
  cronPath,
  GUARD_ROOT,
  type GuardFacts,
  guardFolder,
  guardPath,
  OTHER_SESSION,
  readyCopy,
  type SpsJob,
  TAKEN_OVER,
  timerUnit,
} from './guard-facts.js';
import { guardScript } from './guard-script.js';
import { type GuardState, type GuardStatus, type JobState, parseJob, parseStatus } from './guard-status.js';

export type ApplianceRun = Link['shell']['run'];

/** The self-revert of one run, as the tool handles it. */
export interface Guard {
  /** The folder of the run on the appliance. */
  readonly folder: string;
  /**
   * Takes the lock and arms: before anything else, and again by whoever goes on with the run. Safe to repeat. Ends only when it is proven: the
   * timer (or watcher) is there and has looked once by itself, the boot guard is enabled, a sign of life was written. Problem `not-attempted`
   * while it is taking back, `another-run` where somebody else has the lock.
   */
  arm(run: ApplianceRun): Promise<Result<ArmProof>>;
  isArmed(run: ApplianceRun): Promise<Result<GuardState>>;
  /** Every command that changes the appliance goes through the fence: exit codes of guard-facts.ts, else the command's own. */
  fenced(argv: readonly string[]): string[];
  /** Starts a job that outlives the connection; a job that is running is not started twice. */
  detached(job: SpsJob): string[];
  /** How the last job of that name stands. */
  jobState(run: ApplianceRun, job: SpsJob): Promise<Result<JobState>>;
  readonly renew: readonly string[];
  /** From now on this session is the one that is obeyed; another one of the same run, wherever it works, is let through no more. */
  readonly takeOn: readonly string[];
  /** One look, as its timer makes them; what it finds, `status` tells. */
  look(run: ApplianceRun): Promise<Result<void>>;
  /** Only after a fresh query proved all registrations gone. */
  readonly markRemoved: readonly string[];
  /** Puts the original of sms-config.xml back by a rename: needs no space. Goes through the fence; nothing to do is fine. */
  readonly restoreFile: readonly string[];
  status(run: ApplianceRun): Promise<Result<GuardStatus>>;
  /**
   * Verified gone: timer, units, watcher, copies beside the file, lock, folder. Refused (`command-failed`) while a route of the run or its
   * change of the file is in effect, or a job does not end, unless `leave` says that what is left was left on purpose. Safe to repeat.
   */
  disarm(run: ApplianceRun, options?: { readonly leave?: true }): Promise<Result<void>>;
}

export interface ArmProof {
  readonly kind: 'systemd' | 'watcher';
  /** For the journal: what was seen. */
  readonly proof: string;
}

/** Exit code: another run holds the lock, and what is printed says who. */
const HELD = 79;

/**
 * Lock, folder, guard.sh and arming in one command, which goes on when the connection that sent it is gone (a terminal that is closed sends
 * HUP, a channel PIPE): a run that is killed at any moment has either left nothing here or something that takes it away again. The script
 * comes by stdin and is checked before anything is written. Where arming fails, what this command made goes; what an earlier session left
 * stays, and a lock is never given back while something is armed.
 * $1 the folder of all runs, $2 the run, $3 who, $4 the checksum, $5 the session.
 */
const BEGIN = `${LOCK_FUNCTIONS}
trap '' HUP PIPE
trap : TERM
umask 077
dir="$1/$2"
script=$(/bin/cat) || exit 1
sum=$(printf '%s\\n' "$script" | /usr/bin/sha256sum) || exit 1
[ "\${sum%% *}" = "$4" ] || { printf '%s\\n' 'guard.sh did not arrive whole' >&2; exit 1; }
known=
if [ -e "$dir/guard.sh" ]; then known=yes; fi
locked_by() {
  by=
  if [ -e "$1/lock/owner" ]; then read -r by < "$1/lock/owner"; fi
}
locked_by "$@"
was=$by
take_lock "$@" || exit 1
locked_by "$@"
[ "$by" = "run=$2" ] || { show_lock "$@"; exit ${HELD}; }
place() {
  /bin/mkdir -p -m 700 "$dir" && printf '%s\\n' "$script" > "$dir/guard.sh.new" || return 1
  sum=$(/usr/bin/sha256sum "$dir/guard.sh.new") || return 1
  [ "\${sum%% *}" = "$1" ] || { printf '%s\\n' 'guard.sh could not be written' >&2; return 1; }
  /bin/mv -f "$dir/guard.sh.new" "$dir/guard.sh"
}
place "$4" && /bin/sh "$dir/guard.sh" arm "$5"
code=$?
[ "$code" != 0 ] || exit 0
if [ -z "$known" ]; then
  if [ -e "$dir/guard.sh" ]; then /bin/sh "$dir/guard.sh" forget > /dev/null 2>&1 || exit "$code"; fi
  /bin/rm -rf "$dir"
fi
if [ "$was" != "run=$2" ] && { [ ! -e "$dir/armed" ] || [ -e "$dir/done" ]; }; then give_lock_back "$@"; fi
exit "$code"
`;

/** Prints what is there of these. $1 the timer's unit, the rest files. */
const LEFT = `
if [ -d /run/systemd/system ] && /bin/systemctl is-active "$1.timer" > /dev/null 2>&1; then printf '%s\\n' "$1.timer"; fi
shift
for one in "$@"; do if [ -e "$one" ]; then printf '%s\\n' "$one"; fi; done
exit 0
`;

export function openGuard(facts: GuardFacts, timing: Timing): Guard {
  const folder = guardFolder(facts.run);
  const { session } = facts;
  // The fence may be held for a while, and disarming waits for a job that is about to end.
  const timeoutMs = Math.max(timing.commandMs, 60_000);
  const guard = (...args: string[]): string[] => ['/bin/sh', guardPath(facts.run), ...args];

  /** Undefined: there is no script of this run. */
  async function ask(run: ApplianceRun, ...args: string[]): Promise<Result<CommandOutput | undefined>> {
    const output = await run(guard(...args), { timeoutMs });
    if (!output.ok || output.value.code === 0) return output;
    const there = await run(['/bin/ls', guardPath(facts.run)]);
    if (!there.ok) return there;
    return there.value.code === 0 ? output : ok(undefined);
  }

  async function status(run: ApplianceRun): Promise<Result<ReturnType<typeof parseStatus>>> {
    const shown = await ask(run, 'status');
    if (!shown.ok) return shown;
    if (shown.value !== undefined && shown.value.code !== 0) return err(failed(facts, 'status', shown.value));
    return ok(parseStatus(shown.value?.stdout));
  }

  async function arm(run: ApplianceRun): Promise<Result<ArmProof>> {
    const before = await status(run);
    if (!before.ok) return before;
    if (before.value.state === 'taken-over') return err(takingBack(facts, before.value));
    const script = guardScript(facts, timing);
    const begin = ['/bin/sh', '-c', BEGIN, 'sh', GUARD_ROOT, facts.run, facts.owner, sha256(script), session];
    const begun = await run(begin, { stdin: script, timeoutMs });
    if (!begun.ok) return begun;
    if (begun.value.code === HELD) return err(held(facts, begun.value.stdout));
    if (begun.value.code === TAKEN_OVER) return err(takingBack(facts, before.value));
    if (begun.value.code !== 0) return err(failed(facts, 'arming', begun.value));
    for (const args of [['renew', session], ['prove']]) {
      const output = await run(guard(...args), { timeoutMs });
      if (!output.ok) return output;
      if (output.value.code === TAKEN_OVER) return err(takingBack(facts, before.value));
      if (output.value.code !== 0) return err(failed(facts, args.join(' '), output.value));
    }
    const after = await status(run);
    if (!after.ok) return after;
    const { state, kind, lookedMsAgo } = after.value;
    if (state !== 'armed' || lookedMsAgo === undefined) {
      const seen = `${kind}, ${state}, ${lookedMsAgo === undefined ? 'no look was made' : `a look ${lookedMsAgo} ms ago`}`;
      return err(failed(facts, 'arming', { code: 0, stdout: '', stderr: `it is not proven: ${seen}` }));
    }
    const watch = kind === 'systemd' ? `${timerUnit(facts.run)}.timer is active, the boot guard enabled` : 'the watcher runs';
    return ok({ kind, proof: `${watch}; the lease was renewed, and it looked by itself ${lookedMsAgo} ms ago` });
  }

  async function disarm(run: ApplianceRun, { leave }: { readonly leave?: true } = {}): Promise<Result<void>> {
    const output = await ask(run, leave ? 'forget' : 'disarm', session);
    if (!output.ok) return output;
    if (output.value?.code === OTHER_SESSION) return err(otherSession(facts.label));
    if (output.value !== undefined && output.value.code !== 0) return err(failed(facts, 'disarm', output.value));
    // A folder without its script: ended before, and cut off in the middle.
    if (output.value === undefined) {
      const removed = await run(['/bin/rm', '-rf', folder]);
      if (!removed.ok) return removed;
    }
    // The script gives it back, too; not one that was half taken, or half given back.
    const released = await releaseLock(run, facts.run);
    if (!released.ok) return released;
    const files = [
      folder,
      bootUnitPath(facts.run),
      cronPath(facts.run),
      readyCopy(facts),
      facts.working,
      `${GUARD_ROOT}/lock.${facts.run}`,
    ];
    const left = await run(['/bin/sh', '-c', LEFT, 'sh', timerUnit(facts.run), ...files]);
    if (!left.ok) return left;
    const lock = await readLock(run);
    if (!lock.ok) return lock;
    const names = [...left.value.stdout.trim().split('\n'), lock.value?.run === facts.run ? 'the lock' : ''].filter(Boolean);
    if (left.value.code === 0 && names.length === 0) return ok(undefined);
    return err(failed(facts, 'disarm', { ...left.value, stderr: `still there: ${names.join(', ')}` }));
  }

  return {
    folder,
    arm,
    async isArmed(run) {
      const found = await status(run);
      return found.ok ? ok(found.value.state) : found;
    },
    fenced: (argv) => guard('do', session, ...argv),
    detached: (job) => guard('detach', job, session),
    async jobState(run, job) {
      const shown = await ask(run, 'poll', job);
      if (!shown.ok) return shown;
      if (shown.value !== undefined && shown.value.code !== 0) return err(failed(facts, `poll ${job}`, shown.value));
      return ok(parseJob(job, shown.value?.stdout ?? ''));
    },
    takeOn: guard('take-on', session),
    renew: guard('renew', session),
    async look(run) {
      const looked = await run(guard('check'), { timeoutMs });
      return looked.ok ? ok(undefined) : looked;
    },
    markRemoved: guard('removed', session),
    restoreFile: guard('restore', session),
    status,
    disarm,
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function failed({ run }: GuardFacts, what: string, { code, stdout, stderr }: CommandOutput): Problem {
  const said = `${stderr}\n${stdout}`.trim().slice(0, 500) || `exit code ${code}`;
  return {
    code: 'command-failed',
    target: guardFolder(run),
    summary: `self-revert, ${what}: ${said}`,
    remedy: `See on the appliance what "sh ${guardPath(run)} status" shows.`,
    retry: 'after-remedy',
  };
}

function held(facts: GuardFacts, shown: string): Problem {
  const by = parseOwner(shown);
  return by === undefined
    ? failed(facts, 'the lock of the appliance', { code: HELD, stdout: shown, stderr: '' })
    : anotherRun(facts.label, by);
}

/** Another session has taken the run on, or has brought it to its end. */
export const otherSession = (target: string): Problem => ({
  code: 'another-run',
  target,
  summary: `somebody else goes on with this run, or has ended it: ${target} does not obey this session any more`,
  remedy: 'Nothing more was sent from here. Ask who resumed or reverted it, and see its end there.',
  retry: 'after-remedy',
});

function takingBack({ run }: GuardFacts, { waitsFor }: GuardStatus): Problem {
  return {
    code: 'not-attempted',
    target: guardFolder(run),
    summary: `the appliance is taking the run back by itself${waitsFor === undefined ? '' : `; it waits for ${waitsFor}`}`,
    remedy: `Wait until it is done ("sh ${guardPath(run)} status" on the appliance), then go on.`,
    retry: 'later',
  };
}
