import type { DerBase64, VcenterId } from '../model/ids.js';
import type { Inventory, Provider } from '../model/inventory.js';
import type { Outage, Plan, PlannedProvider, Step } from '../model/plan.js';
import type { Accepted, Planned, Refusal } from '../model/plan-answer.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';
import { changeController } from './change-controller.js';
import { arraysOf, type Controller, listArrays, listControllers } from './controllers.js';
import { secondsOf } from './durations.js';
import { type CaChain, readCaChain } from './external-ca-chain.js';
import { factsOf } from './facts.js';
import { membersOf, orderControllers, WorkingPaths } from './order-controllers.js';
import { announceOutages } from './outages.js';
import { planCertificates } from './planned-names.js';
import { prepare } from './preparation.js';
import { applyAcceptances, isDone, refusalsFor } from './refusals.js';
import { providerName, type Selection } from './select-providers.js';
import { StepIds } from './step-ids.js';
import { missingFor } from './thin-evidence.js';
import { vendorOf } from './vendors.js';
import { warningsFor } from './warnings.js';

export interface ExternalCaGoal {
  readonly selection: Selection;
  /** What the external CA publishes, in any order: its issuing CA, what is above, its root. */
  readonly ca: readonly DerBase64[];
  readonly accepted: readonly Accepted[];
  readonly madeBy: string;
}

/** The lasting cure: one certificate that every vCenter accepts. The same inventory and goal give the same plan, byte for byte. */
export function planExternalCa(inventory: Inventory, goal: ExternalCaGoal): Planned {
  const chain = readCaChain(goal.ca, inventory.takenAt);
  const { providers } = goal.selection;
  if (!chain.ok) return { kind: 'refused', refusals: [{ code: 'ca-unusable', name: 'external CA', why: chain.error }] };
  const ca = chain.value;
  if (providers.length === 0) return { kind: 'refused', refusals: [{ code: 'nothing-contested' }] };

  const vcenters = new Map<string, Inventory['vcenters'][number]>(inventory.vcenters.map((one) => [one.id, one]));
  const changing = providers.filter((provider) => !isDone(provider, ca));
  if (changing.length === 0) {
    const refusals = providers.map(
      (provider): Refusal => ({ code: 'already-external', name: providerName(provider), root: ca.root.subject }),
    );
    return { kind: 'refused', refusals };
  }
  const perProvider = changing.flatMap((provider) => refusalsFor(provider, ca, vcenters));
  const hard = applyAcceptances(perProvider, goal.accepted).standing.filter(({ code }) => NEVER.has(code));
  if (hard.length > 0) return { kind: 'refused', refusals: hard };
  const missing = missingFor(inventory, changing);
  if (missing.length > 0) return { kind: 'thin', missing };

  const draft = draftChanges(
    inventory,
    changing,
    providers.filter((one) => !changing.includes(one)),
    ca,
  );
  const judged = applyAcceptances([...perProvider, ...outageRefusals(draft)], goal.accepted);
  if (judged.standing.length > 0) return { kind: 'refused', refusals: judged.standing };
  const plan = assemble(inventory, goal, ca, draft, changing);
  return { kind: 'plan', plan: { ...plan, acceptances: judged.acceptances }, unneeded: judged.unneeded };
}

/** Refusals that no evidence and no acceptance can change: said before anything that is missing. */
const NEVER: ReadonlySet<Refusal['code']> = new Set(['internal-provider', 'not-registered', 'vasa5']);

export interface Draft {
  readonly certificates: ReadonlyMap<Controller, PlannedCertificate>;
  /** In the order of the change. */
  readonly controllers: readonly Controller[];
  /** Controllers of the same arrays that are done already. */
  readonly standing: readonly Controller[];
  readonly steps: readonly Step[];
  readonly outages: readonly Outage[];
}

function draftChanges(inventory: Inventory, changing: readonly Provider[], done: readonly Provider[], ca: CaChain): Draft {
  const ids = new StepIds();
  const standing = listControllers(done);
  const controllers = orderControllers(listControllers(changing), standing);
  const certificates = planCertificates(controllers, ca);
  const preparation = prepare(inventory, certificates, ca, ids);
  const all = [...controllers, ...standing];
  const related = relatedTo(all);
  const paths = new WorkingPaths(all);
  const owner = new Map<Step, Controller>();
  const changes: Step[] = [];
  let needs = preparation.gates;
  for (const controller of controllers) {
    const certificate = certificates.get(controller);
    if (certificate === undefined) continue;
    const near = related(controller);
    const members = membersOf(controller, near);
    const last = members.filter((vcenter) => paths.isLast(vcenter, controller).length > 0);
    const others = near.filter((one) => one !== controller);
    const steps = changeController({ controller, certificate, members, last, others }, needs, ids);
    for (const step of steps) owner.set(step, controller);
    for (const vcenter of members) paths.gain(vcenter, controller);
    changes.push(...steps);
    needs = [(steps.at(-1) as Step).id];
  }
  const outages = announceOutages(changes, all, (step) => owner.get(step));
  return {
    certificates,
    controllers,
    standing,
    steps: [...preparation.steps, ...changes, ...closing(needs, [...certificates.values()], changing, ids)],
    outages,
  };
}

/** Controllers that share an array with the given one, itself included. */
function relatedTo(controllers: readonly Controller[]): (controller: Controller) => Controller[] {
  const byArray = new Map(listArrays(controllers).map(({ array, controllers: over }) => [array, over]));
  return (controller) => [...new Set([controller, ...controller.arrays.flatMap((array) => byArray.get(array) ?? [])])];
}

function closing(
  needs: Step['needs'],
  certificates: readonly PlannedCertificate[],
  changing: readonly Provider[],
  ids: StepIds,
): Step[] {
  const audit = ids.next('final-audit');
  return [
    {
      id: audit,
      needs,
      actor: 'tool',
      place: { kind: 'estate' },
      seconds: secondsOf('final-audit'),
      kind: 'final-audit',
      providers: changing.map(({ id }) => id),
    },
    {
      id: ids.next('look-after'),
      needs: [audit],
      actor: 'operator',
      place: { kind: 'estate' },
      seconds: secondsOf('look-after'),
      kind: 'look-after',
      certificates: certificates.map(({ name }) => name),
    },
  ];
}

/** What has to be accepted by name: the outage of everybody at an array's only certificate, or of single vCenters. */
function outageRefusals({ controllers, standing, certificates, outages }: Draft): Refusal[] {
  const lost = new Map<string, VcenterId[]>();
  for (const { vcenter, windows } of outages)
    for (const { why, array } of windows) if (why === 'last-path') lost.set(array, [...(lost.get(array) ?? []), vcenter]);
  return listArrays([...controllers, ...standing]).flatMap(({ array, controllers: over }): Refusal[] => {
    const vcenters = lost.get(array) ?? [];
    const [only] = over;
    if (vcenters.length === 0 || only === undefined) return [];
    const name = certificates.get(only)?.name ?? array;
    if (over.length === 1) return [{ code: 'outage-for-all', name, because: only.joinedBy ?? 'one-controller', vcenters }];
    return vcenters.map((vcenter) => ({ code: 'last-path', name: vcenter, array }));
  });
}

function assemble(
  inventory: Inventory,
  goal: ExternalCaGoal,
  ca: CaChain,
  draft: Draft,
  changing: readonly Provider[],
): Omit<Plan, 'acceptances'> {
  const allAtOnce = draft.outages.some(({ windows }) => windows.some(({ why }) => why === 'last-path'));
  const noReturn = draft.steps.find(({ kind }) => kind === 'install-certificate')?.id;
  const certificateOf = new Map(
    [...draft.certificates].flatMap(([controller, { name }]) => controller.providers.map((one) => [one, name])),
  );
  return {
    formatVersion: 1,
    kind: 'external-ca',
    madeBy: goal.madeBy,
    takenAt: inventory.takenAt,
    estate: inventory.digest,
    strategy:
      allAtOnce && outageRefusals(draft).some(({ code }) => code === 'outage-for-all')
        ? 'all-at-once'
        : 'controller-by-controller',
    providers: changing.map((provider): PlannedProvider => {
      const certificate = certificateOf.get(provider);
      return {
        id: provider.id,
        name: providerName(provider),
        urls: provider.urls,
        arrays: arraysOf(provider),
        ...(provider.vasaVersion === undefined ? {} : { vasaVersion: provider.vasaVersion }),
        vendor: vendorOf(provider),
        ...(certificate === undefined ? {} : { certificate }),
      };
    }),
    vcenters: [...inventory.vcenters]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, address, version }) => ({ id, address, ...(version === undefined ? {} : { version }) })),
    externalCa: { certificates: ca.certificates.map(({ der }) => der), root: ca.root.sha256 },
    providerCertificates: [...draft.certificates.values()],
    outages: draft.outages,
    ...(noReturn === undefined ? {} : { pointOfNoReturn: noReturn }),
    warnings: warningsFor(inventory, goal.selection, ca, draft),
    facts: factsOf(inventory, changing, ca),
    steps: draft.steps,
  };
}
