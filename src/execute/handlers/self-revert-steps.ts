import { ok } from '../../model/problem.js';
import { readLock } from '../guard/appliance-lock.js';
import { inEffect, notInEffect, type StepHandler } from '../step-handler.js';

/** Proven armed before anything else; the lock of the appliance comes with it. */
export const armSelfRevert: StepHandler<'arm-self-revert'> = {
  async inspect(_step, target) {
    const state = target.liftAnswer(await target.guard.isArmed(target.shell));
    if (!state.ok) return state;
    const lock = target.liftAnswer(await readLock(target.shell));
    if (!lock.ok) return lock;
    target.setArmed(state.value === 'armed');
    // Armed again, it takes the lock again.
    return ok(state.value === 'armed' && lock.value?.run === target.run ? inEffect() : notInEffect(state.value));
  },
  async capture() {
    return ok(null);
  },
  async apply(_step, target) {
    const proof = await target.arm();
    return proof.ok ? ok({ kind: proof.value.kind, proof: proof.value.proof }) : proof;
  },
};

/** The last step: nothing of the run stays on the appliance. */
export const disarmSelfRevert: StepHandler<'disarm-self-revert'> = {
  async inspect() {
    return ok(notInEffect());
  },
  async capture() {
    return ok(null);
  },
  async apply(_step, target) {
    const gone = await target.disarm();
    return gone.ok ? ok(null) : gone;
  },
};
