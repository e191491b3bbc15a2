import type { Config, VcenterConfig } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { buildInventory } from '../inventory/build-inventory.js';
import type { ApplianceProbes } from '../model/appliance-probes.js';
import type { CleanupAnswer, CleanupPlan } from '../model/cleanup-plan.js';
import type { EvidenceBundle } from '../model/evidence.js';
import type { VcenterId } from '../model/ids.js';
import type { Inventory } from '../model/inventory.js';
import { err, ok, type Result } from '../model/problem.js';
import { namesToResolve } from '../plan/cleanup-gates.js';
import { type CleanupRequest, planCleanup } from '../plan/plan-cleanup.js';
import { type EvidenceOptions, evidenceFor, failureOf, mistakesFailure } from './evidence.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Look, openLook } from './look.js';
import type { Surroundings } from './surroundings.js';
import type { Failure } from './terminal.js';

/** What is asked of planning, but for what only the looks can add. */
export type CleanupWish = Omit<CleanupRequest, 'vcenter' | 'firstLook'>;

export interface Failed {
  readonly kind: 'failed';
  readonly failure: Failure;
  readonly code: ExitCode;
}

/** The vCenter as estate.yaml has it, and looks that belong together. */
export interface Aim {
  readonly kind: 'aim';
  readonly config: Config;
  readonly vcenter: VcenterConfig;
  readonly look: Look;
}

const failed = (failure: Failure, code: ExitCode): Failed => ({ kind: 'failed', failure, code });

/** From a saved file; connects to nothing. */
export async function answerFromFile(
  wanted: string,
  options: EvidenceOptions,
  wish: CleanupWish,
  around: Surroundings,
): Promise<{ readonly kind: 'answer'; readonly answer: CleanupAnswer } | Failed> {
  const bundle = await evidenceFor(options, around);
  if (!bundle.ok) return failed(bundle.error, EXIT.usage);
  const vcenter = vcenterOf(bundle.value, wanted);
  if (!vcenter.ok) return vcenter.error;
  return { kind: 'answer', answer: planCleanup(buildInventory(bundle.value), { ...wish, vcenter: vcenter.value }) };
}

/** Which vCenter is meant. Connects to nothing yet. */
export async function takeAim(
  wanted: string,
  options: { readonly file?: string; readonly progress: boolean },
  around: Surroundings,
): Promise<Aim | Failed> {
  const config = await loadConfig(options.file, around.env, around.cwd);
  if (!config.ok) return failed(mistakesFailure(config.error), EXIT.usage);
  const known = config.value.vcenters;
  const vcenter = known.find(({ id, address }) => id === wanted || address === wanted);
  if (vcenter === undefined) {
    const ids = known.map(({ id }) => id);
    return failed(unknownVcenter(wanted, ids), EXIT.usage);
  }
  return { kind: 'aim', config: config.value, vcenter, look: openLook(config.value, options.progress, around) };
}

/** Two looks at the estate and one at the appliance, and what planning makes of them. Reads only. */
export async function answerFromLooks(
  { vcenter, look }: Aim,
  secondLook: number,
  wish: CleanupWish,
  around: Surroundings,
): Promise<{ readonly kind: 'answer'; readonly answer: CleanupAnswer } | Failed> {
  const request: CleanupRequest = { ...wish, vcenter: vcenter.id };
  const first = await look.estate();
  const seen = vcenterOf(first, vcenter.id);
  if (!seen.ok) return seen.error;
  let inventory = buildInventory(first);
  let firstLook: Inventory | undefined;
  if (isWorthMore(planCleanup(inventory, request)) && secondLook > 0) {
    around.out.say(`looking a second time in ${secondLook} s: what is stale has to be stale both times`);
    await pause(secondLook * around.timing.secondMs, around);
    if (around.interrupted.aborted) return failed(INTERRUPTED, EXIT.interrupted);
    const second = await look.estate();
    const again = vcenterOf(second, vcenter.id);
    if (!again.ok) return again.error;
    firstLook = inventory;
    inventory = buildInventory(second);
  }
  const probes = await probesOf(inventory, vcenter.id, (names) => look.appliance(vcenter, names));
  const answer = planCleanup(inventory, { ...request, ...(firstLook === undefined ? {} : { firstLook }) }, probes);
  if (isOpen(answer)) tellGaps(inventory, vcenter.id, around);
  return { kind: 'answer', answer };
}

/** Seconds. An answer that came later is about an estate that nobody has looked at since. */
const FRESH = 300;

/** What was confirmed, as it is now; a failure where the same would not be done any more. */
export async function asConfirmed(
  plan: CleanupPlan,
  aim: Aim,
  wish: CleanupWish,
  around: Surroundings,
): Promise<{ readonly kind: 'plan'; readonly plan: CleanupPlan } | Failed> {
  const { clock, timing, out, interrupted } = around;
  const age = (clock.now().getTime() - Date.parse(plan.takenAt)) / timing.secondMs;
  if (age <= FRESH) return { kind: 'plan', plan };
  out.say(`looking once more: what was confirmed was seen ${Math.round(age / 60)} minutes ago`);
  const seen = await answerFromLooks(aim, 0, wish, around);
  if (interrupted.aborted) return failed(INTERRUPTED, EXIT.interrupted);
  if (seen.kind === 'failed') return seen;
  const { answer } = seen;
  if (answer.kind === 'plan' && essence(answer.plan) === essence(plan))
    return { kind: 'plan', plan: { ...plan, takenAt: answer.plan.takenAt, estate: answer.plan.estate } };
  return failed(notAsConfirmed(plan.vcenter.id, answer), EXIT.refused);
}

/** What is done, and what it costs. A resolver may name the addresses in another order each time. */
function essence({ steps, removals, siblings, config, warnings }: CleanupPlan): string {
  return JSON.stringify({
    steps: steps.map(({ id }) => id),
    removals: removals.map(({ uid, addresses, holders, dependents }) => ({
      uid,
      addresses: [...addresses].sort(),
      holders,
      dependents,
    })),
    siblings,
    config,
    warnings: warnings.filter(({ code }) => code !== 'looked-once' && code !== 'clock-off'),
  });
}

function notAsConfirmed(vcenter: string, answer: CleanupAnswer): Failure {
  const why =
    answer.kind === 'refused'
      ? answer.refusals.map(({ summary }) => summary).join('; ')
      : answer.kind === 'plan'
        ? 'what is done, or what it costs, is not the same any more'
        : 'nothing is stale there any more';
  return {
    code: 'changed-meanwhile',
    summary: `what was confirmed is not how ${vcenter} is now: ${why}; nothing was changed`,
    remedy: 'Run it again, and see what it says now.',
  };
}

/** Something was not decided for want of evidence. */
function isOpen(answer: CleanupAnswer): boolean {
  const undecided = answer.kind === 'plan' ? answer.plan.undecided : answer.undecided;
  return undecided.length > 0 || (answer.kind === 'refused' && answer.refusals.some(({ code }) => code === 'not-stale'));
}

/** What was not seen of this vCenter and of the providers, each thing once: here the audit's list is not at hand. */
function tellGaps({ gaps, vcenters }: Inventory, id: VcenterId, { out }: Surroundings): void {
  const others = vcenters.map((one) => one.id).filter((one) => one !== id);
  const told = new Set<string>();
  for (const { target, problem } of gaps) {
    if (others.some((one) => one === target) || told.has(problem.summary)) continue;
    told.add(problem.summary);
    out.say(`gap  ${problem.summary}. ${problem.remedy}`);
  }
}

const INTERRUPTED: Failure = {
  code: 'not-attempted',
  summary: 'interrupted; nothing was changed',
  remedy: 'Run it again.',
};

async function probesOf(
  inventory: Inventory,
  id: VcenterId,
  probe: (names: readonly string[]) => Promise<ApplianceProbes>,
): Promise<ApplianceProbes | undefined> {
  const vcenter = inventory.vcenters.find((one) => one.id === id);
  return vcenter === undefined ? undefined : probe(namesToResolve(inventory, vcenter));
}

/** Nothing that a second look could change stands in the way. */
function isWorthMore(answer: CleanupAnswer): boolean {
  if (answer.kind === 'nothing-stale') return false;
  return (
    answer.kind === 'plan' ||
    !answer.refusals.some(({ code }) => ['not-registered', 'not-stale', 'internal-provider'].includes(code))
  );
}

function vcenterOf({ vcenters }: EvidenceBundle, wanted: string): Result<VcenterId, Failed> {
  const vcenter = vcenters.find(({ id, address }) => id === wanted || address === wanted);
  if (vcenter === undefined) {
    const ids = vcenters.map(({ id }) => id);
    return err(failed(unknownVcenter(wanted, ids), EXIT.usage));
  }
  const { registrations } = vcenter;
  return registrations.state === 'unknown' ? err(failed(failureOf(registrations.problem), EXIT.gaps)) : ok(vcenter.id);
}

const unknownVcenter = (wanted: string, known: readonly string[]): Failure => ({
  code: 'usage',
  summary: `there is no vCenter "${wanted}" in the estate`,
  remedy: `Name one of: ${known.join(', ')}.`,
});

/** Ends early on Ctrl-C. */
async function pause(ms: number, { clock, interrupted }: Surroundings): Promise<void> {
  if (interrupted.aborted) return;
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
    interrupted.addEventListener('abort', stop, { once: true });
  });
  await Promise.race([clock.sleep(ms), stopped]);
  interrupted.removeEventListener('abort', stop);
}
