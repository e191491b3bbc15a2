import { ok, type Problem } from '../../model/problem.js';
import { failingChecks } from '../appliance-state.js';
import { anotherRun, readLock } from '../guard/appliance-lock.js';
import { awaitHealthy, STARTING } from '../service.js';
import { notInEffect, type StepHandler } from '../step-handler.js';
import { failed } from '../trouble.js';

/** Step 1; and nobody else's run works on this appliance. It leaves no trace there. */
export const openShell: StepHandler<'open-shell'> = {
  async inspect() {
    return ok(notInEffect());
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
    const lock = target.liftAnswer(await readLock(target.shell));
    if (!lock.ok) return lock;
    const { value: by } = lock;
    return by === undefined || by.run === target.run ? ok(null) : failed(anotherRun(target.label, by));
  },
};

const notReady = (target: string, failing: readonly string[]): Problem => ({
  code: 'command-failed',
  target,
  summary: `${target} is not ready: ${failing.join('; ')}`,
  remedy: 'SPS has to be STARTED and HEALTHY, and the login has to be root, before a cleanup begins. Nothing was changed.',
  retry: 'after-remedy',
});
