import { ok } from '../../model/problem.js';
import { inEffect, notInEffect, type StepHandler } from '../step-handler.js';
import { captureRegistration, isGone, orFail, removeOnce } from './removal.js';

/** The plain removal: where it works, no procedure is needed. */
export const tryPlain: StepHandler<'try-plain'> = {
  async inspect({ uid }, target, begun) {
    const gone = await isGone(target, uid, begun);
    if (!gone.ok) return gone;
    if (gone.value) await target.noteRemoved(uid, begun === undefined ? 'somebody-else' : 'plain');
    return ok(gone.value ? inEffect() : notInEffect());
  },
  capture: ({ uid }, target) => captureRegistration(target, uid),
  async apply({ uid, name, wait }, target) {
    const removed = await removeOnce(target, uid, name, wait ?? { until: 'removed', least: 0, most: 120, every: 2 });
    if (!removed.ok) return removed;
    if (removed.value.kind === 'gone') await target.noteRemoved(uid, 'plain');
    return orFail(removed.value);
  },
};
