import type { VcenterId } from '../model/ids.js';
import type { Plan, Step } from '../model/plan.js';
import type { PlanDifference } from '../model/plan-answer.js';

/** What differs, from the older plan to the newer: steps by id, outages by vCenter, facts and warnings by what they say. */
export function diffPlans(older: Plan, newer: Plan): PlanDifference {
  const was = new Map<string, Step>(older.steps.map((step) => [step.id, step]));
  const is = new Map<string, Step>(newer.steps.map((step) => [step.id, step]));
  const outageWas = new Map(older.outages.map((one) => [one.vcenter, one.most]));
  const outageIs = new Map(newer.outages.map((one) => [one.vcenter, one.most]));
  const vcenters: VcenterId[] = [...new Set([...outageWas.keys(), ...outageIs.keys()])].sort();
  return {
    sameEstate: older.estate === newer.estate,
    sameStrategy: older.strategy === newer.strategy,
    added: newer.steps.filter(({ id }) => !was.has(id)),
    removed: older.steps.filter(({ id }) => !is.has(id)),
    changed: newer.steps.flatMap((step) => {
      const before = was.get(step.id);
      const fields = before === undefined ? [] : differingFields(before, step);
      return fields.length === 0 ? [] : [{ id: step.id, fields }];
    }),
    moved: movedSteps(
      older.steps.filter(({ id }) => is.has(id)),
      newer.steps.filter(({ id }) => was.has(id)),
    ),
    outages: vcenters.flatMap((vcenter) => {
      const [before, after] = [outageWas.get(vcenter), outageIs.get(vcenter)];
      return before === after ? [] : [{ vcenter, was: before, is: after }];
    }),
    warnings: onlyIn(older.warnings, newer.warnings),
    facts: onlyIn(older.facts, newer.facts),
  };
}

function differingFields(before: Step, after: Step): string[] {
  const [a, b] = [before as unknown as Record<string, unknown>, after as unknown as Record<string, unknown>];
  const fields = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return fields.filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]));
}

/** Steps that no longer follow the one they followed, among those both plans have. */
function movedSteps(older: readonly Step[], newer: readonly Step[]): Step['id'][] {
  const before = new Map(older.map(({ id }, index) => [id, older[index - 1]?.id]));
  return newer.filter(({ id }, index) => before.get(id) !== newer[index - 1]?.id).map(({ id }) => id);
}

function onlyIn<T>(older: readonly T[], newer: readonly T[]): { readonly added: T[]; readonly removed: T[] } {
  const [was, is] = [new Set(older.map((one) => JSON.stringify(one))), new Set(newer.map((one) => JSON.stringify(one)))];
  return {
    added: newer.filter((one) => !was.has(JSON.stringify(one))),
    removed: older.filter((one) => !is.has(JSON.stringify(one))),
  };
}

export function isSame(difference: PlanDifference): boolean {
  const { added, removed, changed, moved, outages, warnings, facts } = difference;
  const lists = [added, removed, changed, moved, outages, warnings.added, warnings.removed, facts.added, facts.removed];
  return difference.sameEstate && difference.sameStrategy && lists.every((list) => list.length === 0);
}
