import { ok, type Problem } from '../../model/problem.js';
import { drifted, inEffect, notInEffect, type StepHandler } from '../step-handler.js';
import { captureRegistration, freshList, isGone, orFail, removeOnce } from './removal.js';

/** The plain removal: where it works, no procedure is needed. One that works by now is not stale, whatever the looks said. */
export const tryPlain: StepHandler<'try-plain'> = {
  async inspect({ uid, name }, target, begun) {
    if (begun !== undefined) {
      const gone = await isGone(target, uid, begun);
      if (!gone.ok) return gone;
      if (gone.value) await target.noteRemoved(uid, 'plain');
      return ok(gone.value ? inEffect() : notInEffect());
    }
    const list = await freshList(target);
    if (!list.ok) return list;
    const there = list.value.find((one) => one.uid === uid);
    if (there === undefined) await target.noteRemoved(uid, 'somebody-else');
    // On the way back it is a look at what became of it, and no reason against anything.
    if (there?.status === 'online' && target.goesForward) return ok(drifted(worksAgain(target.label, name)));
    return ok(there === undefined ? inEffect() : notInEffect());
  },
  capture: ({ uid }, target) => captureRegistration(target, uid),
  async apply({ uid, name, wait }, target) {
    const removed = await removeOnce(target, uid, name, wait ?? { until: 'removed', least: 0, most: 120, every: 2 });
    if (!removed.ok) return removed;
    if (removed.value.kind === 'gone') await target.noteRemoved(uid, 'plain');
    return orFail(removed.value);
  },
};

const worksAgain = (target: string, name: string): Problem => ({
  code: 'changed-meanwhile',
  target,
  summary: `${name} is shown online at ${target} by now, and what is online is not stale`,
  remedy: 'Leave it, and audit again: what works needs no cleanup.',
  retry: 'after-remedy',
});
