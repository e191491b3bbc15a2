import type { Act } from '../../model/cleanup-plan.js';
import { ok, type Problem } from '../../model/problem.js';
import type { JsonValue } from '../../model/run.js';
import { readRoutes } from '../../wire/appliance-probes.js';
import { plainText } from '../../wire/redact.js';
import { mendsLeftovers } from '../active-steps.js';
import { failingChecks, readFileFacts } from '../appliance-state.js';
import { markLog } from '../sps-log.js';
import { drifted, inEffect, notInEffect, type StepHandler } from '../step-handler.js';
import type { Target } from '../target.js';
import { commandProblem } from '../target.js';
import { type Done, failed } from '../trouble.js';
import { freshList } from './removal.js';

/**
 * What was there before the first change, and a copy of the file in the folder of the run. The last look before the procedure: what somebody
 * else removed by now needs none.
 */
export const recordState: StepHandler<'record-state'> = {
  async inspect(_step, target, begun) {
    if (begun === undefined) {
      const list = await freshList(target);
      if (!list.ok) return list;
      const { removals } = target.plan;
      for (const { uid } of removals)
        if (!list.value.some((one) => one.uid === uid)) await target.noteRemoved(uid, 'somebody-else');
      const { gone, reconnected } = target.state;
      const areSettled = removals.every(({ uid }) => gone.has(uid) || reconnected.has(uid));
      if (areSettled && !mendsLeftovers(target.plan)) return ok(inEffect());
    }
    const { path, backup, exact } = target.plan.config;
    const copy = await readFileFacts(target, backup);
    if (!copy.ok) return copy;
    // Arming made such a copy; what was there is not written down by that.
    if (begun !== undefined && exact !== undefined && copy.value?.sha === exact.shaNow) return ok(inEffect());
    const file = await readFileFacts(target, path);
    if (!file.ok) return file;
    // Copied now, it would not be the original.
    if (exact !== undefined && file.value?.sha !== exact.shaNow && copy.value === undefined)
      return ok(drifted(changedMeanwhile(target.label, path)));
    return ok(notInEffect());
  },
  async capture(_step, target) {
    const file = await readFileFacts(target, target.plan.config.path);
    if (!file.ok) return file;
    const log = await markLog(target);
    if (!log.ok) return log;
    const routes = target.liftAnswer(await readRoutes({ label: target.label, run: target.shell }));
    if (!routes.ok && routes.error.kind !== 'failed') return routes;
    const list = await freshList(target);
    if (!list.ok) return list;
    return ok({
      file: (file.value as JsonValue | undefined) ?? null,
      log: (log.value as JsonValue | undefined) ?? null,
      routes:
        routes.ok && routes.value.state === 'seen' ? routes.value.value.hostRoutes.slice(0, 200).map(({ line }) => line) : null,
      registrations: list.value
        .slice(0, 500)
        .map(({ uid, name, url }) => ({ uid: plainText(uid, 200), name: plainText(name, 300), url: plainText(url, 1000) })),
    });
  },
  async apply(step, target) {
    const { path, exact } = target.plan.config;
    const file = await readFileFacts(target, path);
    if (!file.ok) return file;
    if (exact === undefined || file.value?.sha !== exact.shaNow) return failed(changedMeanwhile(target.label, path));
    const done = await runAll(target, step.do);
    if (!done.ok) return done;
    const failing = await failingChecks(target, step.check);
    if (!failing.ok) return failing;
    return failing.value.length === 0 ? ok(null) : failed(notCopied(target.label, failing.value));
  },
};

/** One after the other, up to the first that fails: in the folder of the run alone. */
async function runAll(target: Target, acts: readonly Act[]): Promise<Done<void>> {
  for (const act of acts) {
    if (act.by !== 'ssh') continue;
    const { argv } = act;
    const output = await target.look(argv);
    if (!output.ok) return output;
    if (output.value.code !== 0) return failed(commandProblem(target.label, `\`${argv.join(' ')}\``, output.value));
  }
  return ok(undefined);
}

export const changedMeanwhile = (target: string, path: string): Problem => ({
  code: 'changed-meanwhile',
  target,
  summary: `${path} on ${target} is not what it was when the run was planned: somebody else changed it`,
  remedy: 'Find out who, and plan anew. This run does not touch a file that somebody else changed.',
  retry: 'after-remedy',
});

const notCopied = (target: string, failing: readonly string[]): Problem => ({
  code: 'command-failed',
  target,
  summary: `the copy of sms-config.xml on ${target} is not the file: ${failing.join('; ')}`,
  remedy: 'See the free space on the appliance. Nothing was changed but the folder of the run.',
  retry: 'after-remedy',
});
