import type { Act, ConfigChange } from '../../model/cleanup-plan.js';
import { ok, type Problem } from '../../model/problem.js';
import type { JsonValue } from '../../model/run.js';
import { isRename, OTHER_FILE } from '../../plan/cleanup-commands.js';
import { type FileFacts, failingChecks, readFileFacts } from '../appliance-state.js';
import { drifted, inEffect, notInEffect, type StepHandler } from '../step-handler.js';
import { commandProblem, type Target } from '../target.js';
import { type Done, failed } from '../trouble.js';
import { changedMeanwhile } from './record-state.js';

/** Step 2. */
export const lowerRetry: StepHandler<'lower-retry'> = {
  async inspect(_step, target) {
    const { path, exact } = target.plan.config;
    const file = await readFileFacts(target, path);
    if (!file.ok) return file;
    if (exact === undefined) return failed(changedMeanwhile(target.label, path));
    if (file.value?.sha === exact.shaDuring) return ok(inEffect());
    // An earlier session may have got as far as the end.
    if (file.value?.sha === exact.shaNow || file.value?.sha === exact.shaAfter) return ok(notInEffect());
    return ok(drifted(changedMeanwhile(target.label, path)));
  },
  capture: (_step, target) => captureFile(target),
  async apply(step, target) {
    const done = await replaceFile(target, step.do);
    if (!done.ok) return done;
    return proveFile(target, step.check, target.plan.config.exact?.shaDuring, 'without-time');
  },
};

/** The copy is made and checked, then renamed: in one command with a last look at both, which says no where somebody else was faster. */
async function replaceFile(target: Target, acts: readonly Act[]): Promise<Done<void>> {
  const { path, working } = target.plan.config;
  for (const act of acts) {
    if (act.by !== 'ssh') continue;
    const { argv } = act;
    const output = await target.change(argv);
    if (!output.ok) return output;
    const { code } = output.value;
    if (code === 0) continue;
    const dropped = await target.change(['/bin/rm', '-f', working]);
    if (!dropped.ok) return dropped;
    if (isRename(argv) && code === OTHER_FILE) return failed(changedMeanwhile(target.label, path));
    return failed(
      commandProblem(target.label, isRename(argv) ? `renaming the copy of ${path}` : `\`${argv.join(' ')}\``, output.value),
    );
  }
  return ok(undefined);
}

/** Step 9: every byte, owner, mode and time as it was found. */
export const restoreRetry: StepHandler<'restore-retry'> = {
  async inspect(_step, target) {
    const { path, exact } = target.plan.config;
    const file = await readFileFacts(target, path);
    if (!file.ok) return file;
    if (exact === undefined) return failed(changedMeanwhile(target.label, path));
    if (file.value?.sha === exact.shaAfter) return ok(inEffect());
    const ours = file.value?.sha === exact.shaDuring || file.value?.sha === exact.shaNow;
    return ok(ours ? notInEffect() : drifted(changedMeanwhile(target.label, path)));
  },
  capture: (_step, target) => captureFile(target),
  async apply(step, target) {
    const { config } = target.plan;
    const done = await replaceFile(target, step.do);
    if (!done.ok) {
      // No space for a copy: the original lies beside the file, and a rename needs none.
      if (done.error.kind !== 'failed' || !putsBackWhatWasFound(config)) return done;
      const renamed = await target.changeBy(target.guard.restoreFile);
      if (!renamed.ok) return renamed;
      if (renamed.value.code !== 0) return done;
    }
    return proveFile(target, step.check, config.exact?.shaAfter, putsBackWhatWasFound(config) ? 'with-time' : 'without-time');
  },
};

const putsBackWhatWasFound = ({ exact }: ConfigChange): boolean => exact !== undefined && exact.shaAfter === exact.shaNow;

async function captureFile(target: Target): Promise<Done<JsonValue>> {
  const file = await readFileFacts(target, target.plan.config.path);
  return file.ok ? ok({ file: (file.value as JsonValue | undefined) ?? null }) : file;
}

/** The checksum, the checks of the step, and owner and mode (and time) as they were found. */
export async function proveFile(
  target: Target,
  checks: Parameters<typeof failingChecks>[1],
  sha: string | undefined,
  time: 'with-time' | 'without-time',
): Promise<Done<JsonValue>> {
  const { path } = target.plan.config;
  const failing = await failingChecks(target, checks);
  if (!failing.ok) return failing;
  const file = await readFileFacts(target, path);
  if (!file.ok) return file;
  const wrong = [...failing.value];
  if (sha !== undefined && file.value?.sha !== sha)
    wrong.push(`its checksum is ${file.value?.sha ?? 'not to be had'} and not ${sha}`);
  const before = fileBefore(target);
  if (before !== undefined && file.value !== undefined) wrong.push(...differences(before, file.value, time));
  return wrong.length === 0 ? ok({ file: file.value as unknown as JsonValue }) : failed(notAsMeant(target.label, path, wrong));
}

/** As it was recorded before the first change. */
function fileBefore(target: Target): FileFacts | undefined {
  const captured = target.capturedFor('record-state');
  const file = captured !== null && typeof captured === 'object' && 'file' in captured ? captured.file : undefined;
  return file === null || typeof file !== 'object' ? undefined : (file as unknown as FileFacts);
}

function differences(before: FileFacts, now: FileFacts, time: 'with-time' | 'without-time'): string[] {
  const parts: readonly (readonly [string, string, string])[] = [
    ['mode', before.mode, now.mode],
    ['owner', before.owner, now.owner],
    ...(time === 'with-time' ? [['time', before.mtime, now.mtime] as const] : []),
  ];
  return parts.flatMap(([what, was, is]) => (was === is ? [] : [`its ${what} is ${is} and was ${was}`]));
}

const notAsMeant = (target: string, path: string, wrong: readonly string[]): Problem => ({
  code: 'command-failed',
  target,
  summary: `${path} on ${target} is not as it has to be: ${wrong.join('; ')}`,
  remedy: 'The original is in the folder of the run until the run ends. See who else changes this file.',
  retry: 'after-remedy',
});
