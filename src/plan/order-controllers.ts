import type { VcenterId } from '../model/ids.js';
import { type Controller, vcentersAt } from './controllers.js';
import { isWorking } from './select-providers.js';

/**
 * The order in which controllers change, array by array: next comes the one whose change takes the last path of the fewest vCenters,
 * then of the fewest running VMs. A controller that changed gives every vCenter of its arrays a path, so that the next one costs less.
 * @param standing controllers of the same arrays that need no change and go on serving
 */
export function orderControllers(changing: readonly Controller[], standing: readonly Controller[]): Controller[] {
  return connected(changing).flatMap((group) => orderGroup(group, standing));
}

/** Controllers that have an array in common, directly or over others. */
function connected(controllers: readonly Controller[]): Controller[][] {
  const byArray = new Map<string, Controller[]>();
  for (const controller of controllers)
    for (const array of controller.arrays) byArray.set(array, [...(byArray.get(array) ?? []), controller]);
  const placed = new Set<Controller>();
  return controllers.flatMap((controller) => {
    const group: Controller[] = [];
    for (const open = [controller]; open.length > 0; ) {
      const next = open.pop() as Controller;
      if (placed.has(next)) continue;
      placed.add(next);
      group.push(next);
      for (const array of next.arrays) open.push(...(byArray.get(array) ?? []));
    }
    return group.length > 0 ? [controllers.filter((one) => group.includes(one))] : [];
  });
}

function orderGroup(group: readonly Controller[], standing: readonly Controller[]): Controller[] {
  const paths = new WorkingPaths([...group, ...standing]);
  const ordered: Controller[] = [];
  const left = new Set(group);
  while (left.size > 0) {
    let best: { readonly controller: Controller; readonly cost: readonly [number, number] } | undefined;
    for (const controller of left) {
      const cost = costOf(controller, paths);
      if (best === undefined || cost[0] < best.cost[0] || (cost[0] === best.cost[0] && cost[1] < best.cost[1]))
        best = { controller, cost };
    }
    if (best === undefined) break;
    left.delete(best.controller);
    ordered.push(best.controller);
    for (const vcenter of membersOf(best.controller, [...group, ...standing])) paths.gain(vcenter, best.controller);
  }
  return ordered;
}

function costOf(controller: Controller, paths: WorkingPaths): readonly [number, number] {
  const hit = vcentersAt(controller).filter((vcenter) => paths.isLast(vcenter, controller).length > 0);
  const running = hit.map((vcenter) =>
    Math.max(
      0,
      ...controller.registrations
        .filter(({ registration }) => registration.vcenter === vcenter)
        .map(({ registration }) => registration.dependents?.poweredOnVms ?? 0),
    ),
  );
  return [hit.length, running.reduce((sum, count) => sum + count, 0)];
}

/** vCenters that are going to be registered at a controller: those that are, and those registered at another one of its arrays. */
export function membersOf(controller: Controller, all: readonly Controller[]): VcenterId[] {
  const related = all.filter((one) => one.arrays.some((array) => controller.arrays.includes(array)));
  return [...new Set(related.flatMap(vcentersAt))].sort();
}

/** Which controllers work for whom, array by array, as steps change it. */
export class WorkingPaths {
  readonly #paths = new Map<string, Set<Controller>>();
  readonly #vcenters = new Map<string, Set<VcenterId>>();

  constructor(controllers: readonly Controller[]) {
    for (const controller of controllers) {
      for (const { registration } of controller.registrations) {
        for (const array of controller.arrays) {
          const paths = this.#of(registration.vcenter, array);
          if (isWorking(registration)) paths.add(controller);
        }
      }
    }
  }

  /** Arrays for which the controller is this vCenter's only path. */
  isLast(vcenter: VcenterId, controller: Controller): string[] {
    return controller.arrays.filter((array) => {
      const paths = this.#paths.get(`${vcenter}\n${array}`);
      return paths !== undefined && paths.size === 1 && paths.has(controller);
    });
  }

  has(vcenter: VcenterId, array: string): boolean {
    return (this.#paths.get(`${vcenter}\n${array}`)?.size ?? 0) > 0;
  }

  gain(vcenter: VcenterId, controller: Controller): void {
    for (const array of controller.arrays) this.#of(vcenter, array).add(controller);
  }

  lose(vcenter: VcenterId, controller: Controller): void {
    for (const array of controller.arrays) this.#paths.get(`${vcenter}\n${array}`)?.delete(controller);
  }

  /** vCenters with a registration for the array, working or not. */
  vcentersOf(array: string): VcenterId[] {
    return [...(this.#vcenters.get(array) ?? [])].sort();
  }

  #of(vcenter: VcenterId, array: string): Set<Controller> {
    const key = `${vcenter}\n${array}`;
    let paths = this.#paths.get(key);
    if (paths === undefined) {
      paths = new Set();
      this.#paths.set(key, paths);
      const known = this.#vcenters.get(array) ?? new Set();
      known.add(vcenter);
      this.#vcenters.set(array, known);
    }
    return paths;
  }
}
