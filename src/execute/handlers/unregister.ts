import { ok } from '../../model/problem.js';
import { inEffect, notInEffect, type StepHandler } from '../step-handler.js';
import { gateNow } from './await-offline.js';
import { captureRegistration, isGone, markWhenAllGone, orFail, removeOnce } from './removal.js';

/** Step 7. Exactly this registration, once, behind the gate; the fresh list is the proof. */
export const unregister: StepHandler<'unregister'> = {
  async inspect({ uid }, target, begun) {
    const gone = await isGone(target, uid, begun);
    if (!gone.ok) return gone;
    if (!gone.value) return ok(notInEffect());
    await target.noteRemoved(uid, begun === undefined ? 'somebody-else' : 'procedure');
    const marked = await markWhenAllGone(target);
    return marked.ok ? ok(inEffect()) : marked;
  },
  capture: ({ uid }, target) => captureRegistration(target, uid),
  async apply(step, target) {
    const gate = await gateNow(target, step);
    if (!gate.ok) return gate;
    const { uid, name, wait } = step;
    const removed = await removeOnce(target, uid, name, wait ?? { until: 'removed', least: 0, most: 120, every: 2 });
    if (!removed.ok) return removed;
    if (removed.value.kind === 'gone') {
      await target.noteRemoved(uid, 'procedure');
      const marked = await markWhenAllGone(target);
      if (!marked.ok) return marked;
    }
    return orFail(removed.value);
  },
};
