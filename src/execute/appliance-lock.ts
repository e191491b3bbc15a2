import { err, ok, type Problem, type Result } from '../model/problem.js';
import type { RunId } from '../model/run.js';
import type { VcenterShell } from '../wire/vcenter-shell.js';
import { GUARD_ROOT, type GuardFacts } from './guard-facts.js';

type ApplianceRun = VcenterShell['run'];

/** Who changes this appliance, as the lock on it says. */
export interface LockOwner {
  readonly run: string;
  readonly owner: string;
  /** Clock of the appliance. */
  readonly since: string;
}

/** `held`: by another run. A lock of this run's own is taken again. */
export type LockAnswer = { readonly kind: 'taken' } | { readonly kind: 'held'; readonly by: LockOwner };

/*
 * The lock is the folder `lock`; making it is what only one can do. Who holds it stands in `lock/owner`, which is renamed there from
 * `lock.RUN`, written before: so a lock always has a name to it, also when whoever took it was cut off in between.
 * $1 the folder, $2 the run, $3 who.
 */
const SHOW = `
owner="$1/lock/owner"
if [ -d "$1/lock" ] && [ ! -e "$owner" ]; then
  for one in "$1"/lock.*; do owner=$one; [ "$one" = "$1/lock.$2" ] && break; done
fi
if [ -d "$1/lock" ] && [ -e "$owner" ]; then /bin/cat "$owner"; fi
`;
const TAKE = `
umask 077
/bin/mkdir -p -m 700 "$1" || exit 1
own="$1/lock.$2"
[ -e "$1/lock/owner" ] || {
  printf 'run=%s\\nowner=%s\\nsince=%s\\n' "$2" "$3" "$(/bin/date -u +%Y-%m-%dT%H:%M:%SZ)" > "$own.new" && [ -s "$own.new" ] || {
    /bin/rm -f "$own.new"
    /bin/rmdir "$1" 2> /dev/null
    exit 1
  }
  mine=
  if [ -e "$own" ]; then mine=yes; fi
  /bin/mv -f "$own.new" "$own" || exit 1
  if /bin/mkdir -m 700 "$1/lock" 2> /dev/null || { [ "$mine" ] && [ ! -e "$1/lock/owner" ]; }; then /bin/mv -f "$own" "$1/lock/owner"; else /bin/rm -f "$own"; fi
}
${SHOW}
exit 0
`;
const RELEASE = `
by=
if [ -e "$1/lock/owner" ]; then read -r by < "$1/lock/owner"; fi
case $by in
  "run=$2") /bin/mv -f "$1/lock/owner" "$1/lock.$2" || exit 1 ;;
  ?*) ;;
  *) [ -e "$1/lock.$2" ] || exit 0 ;;
esac
/bin/rmdir "$1/lock" 2> /dev/null
/bin/rm -f "$1/lock.$2"
/bin/rmdir "$1" 2> /dev/null
exit 0
`;

export async function takeLock(run: ApplianceRun, facts: Pick<GuardFacts, 'run' | 'owner'>): Promise<Result<LockAnswer>> {
  const shown = await runText(run, TAKE, facts.run, facts.owner);
  if (!shown.ok) return shown;
  const by = parseOwner(shown.value);
  if (by === undefined) return err(lockProblem('the lock of the appliance could not be taken'));
  return ok(by.run === facts.run ? { kind: 'taken' } : { kind: 'held', by });
}

/** Undefined: nobody holds it. */
export async function readLock(run: ApplianceRun): Promise<Result<LockOwner | undefined>> {
  const shown = await runText(run, SHOW, '', '');
  return shown.ok ? ok(parseOwner(shown.value)) : shown;
}

/** Only a lock of this run is given back; none is fine. */
export async function releaseLock(run: ApplianceRun, of: RunId): Promise<Result<void>> {
  const done = await runText(run, RELEASE, of, '');
  return done.ok ? ok(undefined) : done;
}

async function runText(run: ApplianceRun, script: string, of: string, who: string): Promise<Result<string>> {
  const output = await run(['/bin/sh', '-c', script, 'sh', GUARD_ROOT, of, who]);
  if (!output.ok) return output;
  const { code, stdout, stderr } = output.value;
  return code === 0
    ? ok(stdout)
    : err(lockProblem(`the lock of the appliance: ${stderr.trim().slice(0, 300) || `exit code ${code}`}`));
}

const lockProblem = (summary: string): Problem => ({
  code: 'command-failed',
  target: `${GUARD_ROOT}/lock`,
  summary,
  remedy: 'See on the appliance whether its disk is full or read-only, and run it again.',
  retry: 'after-remedy',
});

function parseOwner(text: string): LockOwner | undefined {
  const value = (name: string) => new RegExp(`^${name}=(.{1,200})$`, 'm').exec(text)?.[1];
  const run = value('run');
  return run === undefined ? undefined : { run, owner: value('owner') ?? 'unknown', since: value('since') ?? 'unknown' };
}
