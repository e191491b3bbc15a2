import type { Removal } from '../../model/cleanup-plan.js';
import { ok, type Problem } from '../../model/problem.js';
import { plainText } from '../../wire/redact.js';
import { failingChecks, readFileFacts } from '../appliance-state.js';
import { inEffect, notInEffect, type StepHandler } from '../step-handler.js';
import type { Target } from '../target.js';
import { type Done, failed } from '../trouble.js';
import { freshList } from './removal.js';
import { routesTo } from './route-steps.js';

/** Asked and answered before the run began: its plan says so. */
export const confirmBackup: StepHandler<'confirm-backup'> = {
  async inspect() {
    return ok(inEffect());
  },
  async capture() {
    return ok(null);
  },
  async apply() {
    return ok(null);
  },
};

/** After the restart: nothing came back, nobody else went, and the appliance is as before. */
export const confirmClean: StepHandler<'confirm-clean'> = {
  async inspect() {
    return ok(notInEffect());
  },
  async capture() {
    return ok(null);
  },
  async apply(step, target) {
    const { config, addresses } = target.plan;
    const wrong: string[] = [];
    const time = target.deadline(step.seconds.most);
    // A list asked for while SPS loads its providers may still be short.
    for (;;) {
      const list = await wrongRegistrations(target);
      if (!list.ok) return list;
      const { back, missing } = list.value;
      if (back.length > 0 || missing.length === 0 || time.isOver()) {
        for (const { uid } of back) await target.noteReturned(uid);
        for (const [uid, { how }] of target.state.gone)
          if (!back.some((one) => one.uid === uid)) await target.noteRemoved(uid, how);
        wrong.push(...back.map(({ uid, name }) => `${name} (uid ${uid}) is listed again, so SMS did not keep its removal`));
        if (back.length === 0 || time.isOver()) wrong.push(...missing);
        break;
      }
      const paused = await target.pause(5, 'never');
      if (!paused.ok) return paused;
    }
    const failing = await failingChecks(target, step.check);
    if (!failing.ok) return failing;
    wrong.push(...failing.value);
    const routes = await routesTo(
      target,
      addresses.map(({ address }) => address),
    );
    if (!routes.ok) return routes;
    wrong.push(
      ...routes.value.flatMap(({ refuses, line }) => (refuses && line !== undefined ? [`the route "${line}" is there`] : [])),
    );
    const file = await readFileFacts(target, config.path);
    if (!file.ok) return file;
    if (config.exact !== undefined && file.value?.sha !== config.exact.shaAfter)
      wrong.push(`${config.path} is not as it was found`);
    return wrong.length === 0 ? ok(null) : failed(notClean(target.label, wrong));
  },
};

async function wrongRegistrations(
  target: Target,
): Promise<Done<{ readonly back: readonly Removal[]; readonly missing: readonly string[] }>> {
  const list = await freshList(target);
  if (!list.ok) return list;
  const there = new Set(list.value.map(({ uid }) => uid));
  const removed = target.plan.removals.filter(({ uid }) => target.isGone(uid));
  const captured = target.capturedFor('record-state');
  const others =
    captured !== null && typeof captured === 'object' && 'registrations' in captured && Array.isArray(captured.registrations)
      ? (captured.registrations as readonly { readonly uid: string; readonly name: string }[])
      : [];
  const planned = new Set(target.plan.removals.map(({ uid }) => uid));
  return ok({
    back: removed.filter(({ uid }) => there.has(uid)),
    missing: others
      .filter(({ uid }) => !planned.has(uid) && !there.has(uid))
      .map(({ uid, name }) => plainText(`${name} (uid ${uid}), which the run has not touched, is not registered any more`, 400)),
  });
}

const notClean = (target: string, wrong: readonly string[]): Problem => ({
  code: 'changed-meanwhile',
  target,
  summary: `${target} is not as it has to be at the end: ${wrong.join('; ')}`,
  remedy: 'Look at the storage providers of this vCenter and at sps.log, and audit again.',
  retry: 'after-remedy',
});
