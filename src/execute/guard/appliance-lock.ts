import { ok, type Problem, type Result } from '../../model/problem.js';
import type { RunId } from '../../model/run.js';
import type { VcenterShell } from '../../wire/vcenter-shell.js';
import { GUARD_ROOT } from './guard-facts.js';

type ApplianceRun = VcenterShell['run'];

/** Who changes this appliance, as the lock on it says. */
export interface LockOwner {
  readonly run: string;
  readonly owner: string;
  /** Clock of the appliance. */
  readonly since: string;
}

/**
 * Shell functions about the lock of an appliance; each takes the folder of all runs, the run, and who. The lock is the folder `lock`; making
 * it is what only one can do. Who holds it stands in `lock/owner`, which is renamed there from `lock.RUN`, written before: so a lock always
 * has a name to it, also when whoever took it was cut off in between. It is taken when a run arms its self-revert, in the same command.
 *
 * `take_lock` fails where it cannot be written; whose it is then, `show_lock` prints. `give_lock_back` gives back one of this run's alone.
 */
export const LOCK_FUNCTIONS = `
show_lock() {
  owner="$1/lock/owner"
  if [ -d "$1/lock" ] && [ ! -e "$owner" ]; then
    for one in "$1"/lock.*; do owner=$one; [ "$one" = "$1/lock.$2" ] && break; done
  fi
  if [ -d "$1/lock" ] && [ -e "$owner" ]; then /bin/cat "$owner"; fi
}

take_lock() {
  /bin/mkdir -p -m 700 "$1" || return 1
  if [ -e "$1/lock/owner" ]; then return 0; fi
  own="$1/lock.$2"
  printf 'run=%s\\nowner=%s\\nsince=%s\\n' "$2" "$3" "$(/bin/date -u +%Y-%m-%dT%H:%M:%SZ)" > "$own.new" && [ -s "$own.new" ] || {
    /bin/rm -f "$own.new"
    /bin/rmdir "$1" 2> /dev/null
    return 1
  }
  mine=
  if [ -e "$own" ]; then mine=yes; fi
  /bin/mv -f "$own.new" "$own" || return 1
  if /bin/mkdir -m 700 "$1/lock" 2> /dev/null || { [ "$mine" ] && [ ! -e "$1/lock/owner" ]; }; then
    /bin/mv -f "$own" "$1/lock/owner"
  else
    /bin/rm -f "$own"
  fi
}

give_lock_back() {
  by=
  if [ -e "$1/lock/owner" ]; then read -r by < "$1/lock/owner"; fi
  case $by in
    "run=$2") /bin/mv -f "$1/lock/owner" "$1/lock.$2" || return 1 ;;
    ?*) ;;
    *) [ -e "$1/lock.$2" ] || return 0 ;;
  esac
  /bin/rmdir "$1/lock" 2> /dev/null
  /bin/rm -f "$1/lock.$2"
  /bin/rmdir "$1" 2> /dev/null
  return 0
}
`;

/** Undefined: nobody holds it. */
export async function readLock(run: ApplianceRun): Promise<Result<LockOwner | undefined>> {
  const shown = await runText(run, 'show_lock "$@"\nexit 0', '');
  return shown.ok ? ok(parseOwner(shown.value)) : shown;
}

/** Only a lock of this run is given back; none is fine. */
export async function releaseLock(run: ApplianceRun, of: RunId): Promise<Result<void>> {
  const done = await runText(run, 'give_lock_back "$@"', of);
  return done.ok ? ok(undefined) : done;
}

async function runText(run: ApplianceRun, script: string, of: string): Promise<Result<string>> {
  const output = await run(['/bin/sh', '-c', `${LOCK_FUNCTIONS}${script}`, 'sh', GUARD_ROOT, of]);
  if (!output.ok) return output;
  const { code, stdout, stderr } = output.value;
  if (code === 0) return ok(stdout);
  const problem: Problem = {
    code: 'command-failed',
    target: `${GUARD_ROOT}/lock`,
    summary: `the lock of the appliance: ${stderr.trim().slice(0, 300) || `exit code ${code}`}`,
    remedy: 'See on the appliance whether its disk is full or read-only, and run it again.',
    retry: 'after-remedy',
  };
  return { ok: false, error: problem };
}

export function parseOwner(text: string): LockOwner | undefined {
  const value = (name: string) => new RegExp(`^${name}=(.{1,200})$`, 'm').exec(text)?.[1];
  const run = value('run');
  return run === undefined ? undefined : { run, owner: value('owner') ?? 'unknown', since: value('since') ?? 'unknown' };
}

export const anotherRun = (target: string, { run, owner, since }: LockOwner): Problem => ({
  code: 'another-run',
  target,
  summary: `another run works on ${target}: ${run}, by ${owner}, since ${since}`,
  remedy: `Wait for it, or look at it with \`vasatrust runs show ${run}\` where it was started; \`vasatrust runs revert ${run}\` ends one that nobody works on. Nothing is changed meanwhile.`,
  retry: 'later',
});
