import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { RunningLab } from '../../src/lab/start-lab.js';
import type { CleanupPlan } from '../../src/model/cleanup-plan.js';
import { vcenterId } from '../../src/model/ids.js';
import { planCleanup } from '../../src/plan/plan-cleanup.js';
import { lookFor, openHands } from '../support/play-cleanup.js';

/**
 * An operator who works through the runbook, as a process in the operator's network: plans, says the plan, then does one step for each
 * line (`play ID`, `undo ID`) and says which checks did not hold.
 */
const [, , estateFile = '', vcenter = '', second = '0'] = process.argv;
const estate = readFileSync(estateFile, 'utf8');
const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
);
// Of a running lab the hands want the way to it and the length of a second alone.
const lab = { estateYaml: () => estate, env, world: { timing: { retrySecondMs: Number(second) } } } as unknown as RunningLab;

const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const { inventory, probes } = await lookFor(lab, vcenter);
const answer = planCleanup(
  inventory,
  { vcenter: vcenterId(vcenter), accepted: [{ code: 'dependents-running' }], purpose: 'show', madeBy: 'test' },
  probes,
);
say(answer);
if (answer.kind === 'plan') await work(answer.plan);

async function work(plan: CleanupPlan): Promise<void> {
  const hands = await openHands(lab, vcenter, 20_000);
  // What fails as published is not waited for that long.
  const hasty = await openHands(lab, vcenter, 2_500);
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, id] = line.split(' ');
    const step = plan.steps.find((one) => one.id === id);
    if (!step) say([`no step ${id}`]);
    else if (verb === 'undo') {
      await hands.undo(step);
      say([]);
    } else say(await (step.kind === 'try-plain' ? hasty : hands).play(step));
  }
  await hands.close();
  await hasty.close();
}
