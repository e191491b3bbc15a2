import { resolve } from 'node:path';
import { buildInventory } from '../../inventory/build-inventory.js';
import type { Plan } from '../../model/plan.js';
import type { Result } from '../../model/problem.js';
import { diffPlans, isSame } from '../../plan/diff-plans.js';
import { checkFacts } from '../../plan/facts.js';
import { renderPlanCheck, renderPlanDifference } from '../../report/plan-changes.js';
import { renderPlan } from '../../report/render-plan.js';
import { loadPlan } from '../ca-files.js';
import { type EvidenceOptions, evidenceFor } from '../evidence.js';
import { EXIT, type ExitCode, exitCodeFor } from '../exit-codes.js';
import { failureOf } from '../failure.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';

export async function planShowCommand(file: string, options: GlobalOptions, around: Surroundings): Promise<ExitCode> {
  const plan = await read(file, around);
  if (!plan.ok) return EXIT.usage;
  around.out.write(renderPlan(plan.value, options.output, new Date(), { planFile: file }, around.out.width));
  return EXIT.clean;
}

/** 0 no difference, 1 there is one. */
export async function planDiffCommand(
  olderFile: string,
  newerFile: string,
  options: GlobalOptions,
  around: Surroundings,
): Promise<ExitCode> {
  const older = await read(olderFile, around);
  const newer = older.ok ? await read(newerFile, around) : older;
  if (!older.ok || !newer.ok) return EXIT.usage;
  const difference = diffPlans(older.value, newer.value);
  around.out.write(renderPlanDifference(difference, { older: older.value, newer: newer.value }, options.output));
  return isSame(difference) ? EXIT.clean : EXIT.findings;
}

/** 0 every fact holds, 1 one has changed, 3 one could not be seen. */
export async function planCheckCommand(file: string, options: EvidenceOptions, around: Surroundings): Promise<ExitCode> {
  const plan = await read(file, around);
  if (!plan.ok) return EXIT.usage;
  const bundle = await evidenceFor(options, around);
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (!bundle.ok) {
    around.out.fail(bundle.error);
    return EXIT.usage;
  }
  const changes = checkFacts(plan.value, buildInventory(bundle.value));
  around.out.write(renderPlanCheck(changes, plan.value.facts.length, options.output));
  return exitCodeFor(changes.map(({ state }) => (state === 'not-seen' ? EXIT.gaps : EXIT.findings)));
}

async function read(file: string, around: Surroundings): Promise<Result<Plan>> {
  const plan = await loadPlan(resolve(around.cwd, file), file);
  if (!plan.ok) around.out.fail(failureOf(plan.error));
  return plan;
}
