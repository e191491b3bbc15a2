import { err, ok, type Problem } from '../../model/problem.js';
import { type LockOwner, readLock, takeLock } from '../appliance-lock.js';
import { failingChecks } from '../appliance-state.js';
import { awaitHealthy, STARTING } from '../service.js';
import { inEffect, notInEffect, type StepHandler } from '../step-handler.js';
import type { Target } from '../target.js';
import { failed } from '../trouble.js';

/** Step 1, and the lock: nobody else's run works on this appliance from here on. */
export const openShell: StepHandler<'open-shell'> = {
  async inspect(_step, target) {
    const lock = target.liftAnswer(await readLock(target.shell));
    if (!lock.ok) return lock;
    return ok(lock.value?.run === target.run ? inEffect() : notInEffect());
  },
  async capture() {
    return ok(null);
  },
  async apply(step, target) {
    // After a boot SPS is the last to come up.
    if (target.state.rebooted) {
      const up = await awaitHealthy(target, STARTING);
      if (!up.ok && up.error.kind !== 'failed') return up;
    }
    const failing = await failingChecks(target, step.check);
    if (!failing.ok) return failing;
    // Who comes back to a run finds SPS in any state.
    if (failing.value.length > 0 && !target.isBegun) return failed(notReady(target.label, failing.value));
    const locked = target.liftAnswer(await takeLock(target.shell, { run: target.run, owner: target.owner }));
    if (!locked.ok) return locked;
    return locked.value.kind === 'taken' ? ok(null) : err({ kind: 'failed', problem: anotherRun(target, locked.value.by) });
  },
};

const notReady = (target: string, failing: readonly string[]): Problem => ({
  code: 'command-failed',
  target,
  summary: `${target} is not ready: ${failing.join('; ')}`,
  remedy: 'SPS has to be STARTED and HEALTHY, and the login has to be root, before a cleanup begins. Nothing was changed.',
  retry: 'after-remedy',
});

const anotherRun = ({ label }: Target, { run, owner, since }: LockOwner): Problem => ({
  code: 'another-run',
  target: label,
  summary: `another run works on ${label}: ${run}, by ${owner}, since ${since}`,
  remedy: `Wait for it, or look at it with \`vasatrust runs show ${run}\` where it was started; \`vasatrust runs revert ${run}\` ends one that nobody works on. Nothing was changed.`,
  retry: 'later',
});
