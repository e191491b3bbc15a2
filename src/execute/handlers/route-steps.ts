import type { BlockedAddress } from '../../model/cleanup-plan.js';
import { ok, type Problem } from '../../model/problem.js';
import { deleteReject, routeCommands } from '../../plan/cleanup-commands.js';
import { readRoutes } from '../../wire/appliance-probes.js';
import { plainText } from '../../wire/redact.js';
import { failingChecks } from '../appliance-state.js';
import { drifted, inEffect, notInEffect, type StepHandler } from '../step-handler.js';
import { commandProblem, type Target } from '../target.js';
import { type Done, failed } from '../trouble.js';

/** Step 3. */
export const block: StepHandler<'block'> = {
  async inspect({ addresses }, target) {
    const routes = await routesTo(target, addresses);
    if (!routes.ok) return routes;
    const foreign = routes.value.find(
      ({ line, refuses, address }) => line !== undefined && !(refuses && isOurs(target, address.address)),
    );
    if (foreign?.line !== undefined) return ok(drifted(otherRoute(target.label, foreign.address.address, foreign.line)));
    return ok(routes.value.every(({ refuses }) => refuses) ? inEffect() : notInEffect());
  },
  async capture({ addresses }, target) {
    const routes = await routesTo(target, addresses);
    return routes.ok ? ok({ routes: routes.value.map(({ line }) => line ?? null) }) : routes;
  },
  async apply(step, target) {
    const routes = await routesTo(target, step.addresses);
    if (!routes.ok) return routes;
    for (const { address, line, refuses } of routes.value) {
      if (refuses) continue;
      if (line !== undefined) return failed(otherRoute(target.label, address.address, line));
      const { add } = routeCommands(address, target.routeTool);
      const added = await target.change(add);
      if (!added.ok) return added;
      if (added.value.code !== 0) return failed(commandProblem(target.label, `\`${add.join(' ')}\``, added.value));
    }
    const failing = await failingChecks(target, step.check);
    if (!failing.ok) return failing;
    return failing.value.length === 0 ? ok(null) : failed(notEffective(target.label, failing.value));
  },
};

/** Step 8. */
export const unblock: StepHandler<'unblock'> = {
  async inspect({ addresses }, target) {
    const routes = await routesTo(target, addresses);
    if (!routes.ok) return routes;
    return ok(routes.value.some(({ refuses }) => refuses) ? notInEffect() : inEffect());
  },
  async capture({ addresses }, target) {
    const routes = await routesTo(target, addresses);
    return routes.ok ? ok({ routes: routes.value.map(({ line }) => line ?? null) }) : routes;
  },
  async apply(step, target) {
    const removed = await removeRoutes(target, step.addresses);
    if (!removed.ok) return removed;
    const failing = await failingChecks(target, step.check);
    if (!failing.ok) return failing;
    return failing.value.length === 0 ? ok(null) : failed(notEffective(target.label, failing.value));
  },
};

/** Made by this run, perhaps, or taken over with the operator's consent. Any other was made by somebody else since the plan. */
export function isOurs({ plan, state, steps }: Target, address: string): boolean {
  if (state.wasProven && plan.addresses.some((one) => one.address === address && one.alreadyBlocked !== undefined)) return true;
  return [...steps.values()].some(
    (step) => step.kind === 'block' && step.addresses.includes(address) && state.steps.get(step.id)?.applied !== undefined,
  );
}

export interface RouteTo {
  readonly address: Pick<BlockedAddress, 'address' | 'family'>;
  /** As the appliance prints it; missing: no route to this address alone. */
  readonly line?: string;
  readonly refuses: boolean;
}

/** Routes to these addresses alone, as they are now. */
export async function routesTo(target: Target, addresses: readonly string[]): Promise<Done<readonly RouteTo[]>> {
  const alive = await target.giveSign();
  if (!alive.ok) return alive;
  const read = target.liftAnswer(await readRoutes({ label: target.label, run: target.shell }));
  if (!read.ok) return read;
  const known = read.value.state === 'seen' ? read.value.value.hostRoutes : [];
  return ok(
    addresses.map((address): RouteTo => {
      const found = known.filter((one) => one.address === address);
      const route = found.find(({ refuses }) => refuses) ?? found[0];
      return {
        address: { address, family: address.includes(':') ? 6 : 4 },
        ...(route === undefined ? {} : { line: plainText(route.line, 300) }),
        refuses: route?.refuses ?? false,
      };
    }),
  );
}

/** Takes away the reject routes to these addresses and nothing else. One that went meanwhile is fine. */
export async function removeRoutes(target: Target, addresses: readonly string[]): Promise<Done<void>> {
  const routes = await routesTo(target, addresses);
  if (!routes.ok) return routes;
  for (const { address, refuses } of routes.value) {
    if (!refuses) continue;
    const { remove } = routeCommands(address, target.routeTool);
    const output = await target.change(remove);
    if (!output.ok) return output;
    if (output.value.code !== 0 && !/No such process|not found/i.test(`${output.value.stderr}${output.value.stdout}`))
      return failed(commandProblem(target.label, `\`${remove.join(' ')}\``, output.value));
  }
  const after = await routesTo(target, addresses);
  if (!after.ok) return after;
  const still = after.value.find(({ refuses }) => refuses);
  if (still?.line === undefined) return ok(undefined);
  return failed(stillBlocked(target.label, still.line, deleteReject(still.line, still.address).remove));
}

const otherRoute = (target: string, address: string, line: string): Problem => ({
  code: 'changed-meanwhile',
  target,
  summary: `${target} has a route of its own to ${address}: ${line}`,
  remedy: 'It was not there when the run was planned, and is left alone. See who made it, and plan anew.',
  retry: 'after-remedy',
});

const notEffective = (target: string, failing: readonly string[]): Problem => ({
  code: 'command-failed',
  target,
  summary: `the routes of ${target} are not as they have to be: ${failing.join('; ')}`,
  remedy: 'See `ip route` and `ip rule` on the appliance: another rule or table wins.',
  retry: 'after-remedy',
});

const stillBlocked = (target: string, line: string, remove: readonly string[]): Problem => ({
  code: 'command-failed',
  target,
  summary: `${target} still has the route "${line}"`,
  remedy: `Remove it on the appliance: \`${remove.join(' ')}\`. Until then the provider stays blocked for this vCenter.`,
  retry: 'after-remedy',
});
