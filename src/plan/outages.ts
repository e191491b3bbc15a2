import type { VcenterId } from '../model/ids.js';
import type { Outage, OutageWindow, Step, StepId } from '../model/plan.js';
import type { Controller } from './controllers.js';
import { addSpans } from './durations.js';
import { WorkingPaths } from './order-controllers.js';

/**
 * How long each vCenter is without any path, told from the steps themselves: a path goes when the certificate changes (the manual says that every
 * registration goes offline then) and comes back when the new registration is confirmed online. Steps of the changes follow one another, so
 * their times add up.
 * @param changes the steps of the changes, in order; `controllerOf` tells whose a step is
 */
export function announceOutages(
  changes: readonly Step[],
  controllers: readonly Controller[],
  controllerOf: (step: Step) => Controller | undefined,
): Outage[] {
  const paths = new WorkingPaths(controllers);
  const open = new Map<string, { readonly from: number; readonly why: OutageWindow['why'] }>();
  const windows = new Map<VcenterId, OutageWindow[]>();
  const elapsed = changes.reduce<{ least: number; most: number }[]>(
    (sums, { seconds }) => {
      const before = sums.at(-1) ?? { least: 0, most: 0 };
      sums.push({ least: before.least + seconds.least, most: before.most + seconds.most });
      return sums;
    },
    [{ least: 0, most: 0 }],
  );
  for (const controller of controllers)
    for (const { registration } of controller.registrations) windows.set(registration.vcenter, []);
  for (const [index, step] of changes.entries()) {
    const controller = controllerOf(step);
    if (controller === undefined) continue;
    if (step.kind === 'install-certificate') begin(index, controller);
    else if (step.kind === 'confirm-online') end(index, step.id, step.vcenter, controller);
  }
  return [...windows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([vcenter, own]) => ({ vcenter, ...addSpans(distinct(own)), windows: own }));

  function begin(index: number, controller: Controller): void {
    for (const array of controller.arrays) {
      for (const vcenter of paths.vcentersOf(array)) {
        const key = `${vcenter}\n${array}`;
        if (open.has(key)) continue;
        if (!paths.has(vcenter, array)) open.set(key, { from: index, why: 'already-out' });
        else if (paths.isLast(vcenter, controller).includes(array)) open.set(key, { from: index, why: 'last-path' });
      }
    }
    for (const { registration } of controller.registrations) paths.lose(registration.vcenter, controller);
  }

  function end(index: number, until: StepId, vcenter: VcenterId, controller: Controller): void {
    paths.gain(vcenter, controller);
    for (const array of controller.arrays) {
      const key = `${vcenter}\n${array}`;
      const begun = open.get(key);
      if (begun === undefined) continue;
      open.delete(key);
      const [first, last] = [elapsed[begun.from], elapsed[index + 1]];
      const from = changes[begun.from]?.id;
      if (first === undefined || last === undefined || from === undefined) continue;
      windows.get(vcenter)?.push({
        why: begun.why,
        array,
        from,
        until,
        least: last.least - first.least,
        most: last.most - first.most,
      });
    }
  }
}

/** An appliance with several arrays takes them all in one go. */
function distinct(windows: readonly OutageWindow[]): OutageWindow[] {
  return [...new Map(windows.map((window) => [`${window.from} ${window.until}`, window])).values()];
}
