import type { Step, StepId } from '../model/plan.js';

type Node = Pick<Step, 'id' | 'needs'>;

/** What is wrong with a graph of steps, as a sentence; undefined: ids are unique, every need exists, and the given order honours them (so there is no cycle). */
export function graphFault(steps: readonly Node[]): string | undefined {
  const ids = new Set(steps.map((step) => step.id));
  const seen = new Set<StepId>();
  for (const { id, needs } of steps) {
    if (seen.has(id)) return `step ${id} is there twice`;
    const missing = needs.find((need) => !ids.has(need));
    if (missing !== undefined) return `step ${id} needs ${missing}, which is not there`;
    const later = needs.find((need) => !seen.has(need));
    if (later !== undefined) return `step ${id} stands before ${later}, which it needs`;
    seen.add(id);
  }
  return undefined;
}
