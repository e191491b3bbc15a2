import type { ProviderId, VcenterId } from '../model/ids.js';
import type { Provider, Registration } from '../model/inventory.js';
import type { Step, StepId } from '../model/plan.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';
import { type Controller, leavesOf } from './controllers.js';
import { cleanupSeconds, secondsOf } from './durations.js';
import { externalRegistrations, hasLost, isWorking, providerName } from './select-providers.js';
import type { StepIds } from './step-ids.js';
import { vendorOf } from './vendors.js';

/** One controller gets its certificate, and every vCenter its registration there. */
export interface ControllerChange {
  readonly controller: Controller;
  readonly certificate: PlannedCertificate;
  /** vCenters that are going to be registered here. */
  readonly members: readonly VcenterId[];
  /** vCenters whose last path to some array this is, when the change begins. */
  readonly last: readonly VcenterId[];
  /** Other controllers of the same arrays. */
  readonly others: readonly Controller[];
}

/**
 * The certificate first; then vCenter by vCenter, those without trust first, because they have nothing left to lose: remove, register, stop
 * rule, online. Each waits for the one before, so that a provider which signs anew after all is caught after one vCenter.
 */
export function changeController(change: ControllerChange, needs: readonly StepId[], ids: StepIds): Step[] {
  const { controller, certificate, last } = change;
  const [first] = controller.providers;
  if (first === undefined) return [];
  const place = { kind: 'provider', provider: first.id } as const;
  const steps: Step[] = [];
  const add = (step: Step): StepId => {
    steps.push(step);
    return step.id;
  };
  const losing = working(controller);
  let previous: readonly StepId[] = needs;
  previous = [
    add({
      ...step('install-certificate', ids.next('install-certificate', certificate.name), previous, 'operator'),
      place,
      ...(losing.length === 0 ? {} : { outage: { paths: losing, last: [...last] } }),
      kind: 'install-certificate',
      certificate: certificate.name,
      providers: controller.providers.map(({ id }) => id),
      urls: controller.urls,
      vendor: vendorOf(first),
      replaces: [...new Set(controller.providers.flatMap(leavesOf).map(({ sha256 }) => sha256))].sort(),
    }),
  ];
  previous = [
    add({
      ...step('confirm-certificate', ids.next('confirm-certificate', certificate.name), previous, 'tool'),
      place,
      kind: 'confirm-certificate',
      certificate: certificate.name,
      urls: controller.urls,
    }),
  ];
  const registered = new Set<VcenterId>();
  for (const at of registrationsInOrder(change)) {
    const before = registered.has(at.vcenter) ? registered.size - 1 : registered.size;
    for (const one of at.steps(previous, before, ids)) previous = [add(one)];
    registered.add(at.vcenter);
  }
  add({
    ...step('confirm-controller', ids.next('confirm-controller', certificate.name), previous, 'tool'),
    place,
    kind: 'confirm-controller',
    certificate: certificate.name,
    vcenters: [...change.members],
    others: change.others.flatMap(({ providers }) => providers.map(({ id }) => id)),
  });
  return steps;
}

const step = (kind: Step['kind'], id: StepId, needs: readonly StepId[], actor: Step['actor']) =>
  ({ id, needs, actor, seconds: secondsOf(kind) }) as const;

function working(controller: Controller): VcenterId[] {
  const ids = controller.registrations
    .filter(({ registration }) => isWorking(registration))
    .map(({ registration }) => registration.vcenter);
  return [...new Set(ids)].sort();
}

interface Turn {
  readonly vcenter: VcenterId;
  readonly rank: number;
  steps(needs: readonly StepId[], before: number, ids: StepIds): Step[];
}

/** Proven lost, then not working, then working, then those that were never registered here; by id among equals. */
function registrationsInOrder(change: ControllerChange): Turn[] {
  const { controller, members } = change;
  const byVcenter = controller.providers.map((provider) => ({ provider, of: groupByVcenter(externalRegistrations(provider)) }));
  const turns = members.flatMap((vcenter): Turn[] => {
    const here = byVcenter.flatMap(({ provider, of }) => {
      const own = of.get(vcenter) ?? [];
      return own.length === 0 ? [] : [{ provider, own }];
    });
    const [provider] = controller.providers;
    if (here.length === 0) return provider === undefined ? [] : [addTurn(change, provider, vcenter)];
    return here.map(({ provider: at, own }) => replaceTurn(change, at, own));
  });
  return turns.sort((a, b) => a.rank - b.rank || (a.vcenter < b.vcenter ? -1 : a.vcenter > b.vcenter ? 1 : 0));
}

function groupByVcenter(registrations: readonly Registration[]): Map<VcenterId, Registration[]> {
  const groups = new Map<VcenterId, Registration[]>();
  for (const one of registrations) {
    const group = groups.get(one.vcenter);
    if (group === undefined) groups.set(one.vcenter, [one]);
    else group.push(one);
  }
  return groups;
}

function replaceTurn(change: ControllerChange, provider: Provider, own: readonly Registration[]): Turn {
  const [first] = own as readonly [Registration, ...Registration[]];
  const kept = own.find(isWorking) ?? first;
  const { vcenter } = kept;
  return {
    vcenter,
    rank: own.some(hasLost) ? 0 : own.some(isWorking) ? 2 : 1,
    steps(needs, before, ids) {
      let previous = needs;
      const removals = own.map((registration): Step => {
        const isDead = hasLost(registration) || registration.stale.value === true;
        const removal: Step = {
          ...step('remove-registration', ids.next('remove-registration', vcenter, nameAt(change, provider)), previous, 'tool'),
          place: { kind: 'vcenter', vcenter },
          // By then the change has broken it, and with another registration of the array beside it the plain removal may fail.
          ...(isDead || change.others.length > 0 ? { seconds: cleanupSeconds() } : {}),
          ...identity(registration, provider.id),
          kind: 'remove-registration',
          uid: registration.uid,
          how: isDead ? 'cleanup' : 'plain',
          addresses: registration.reach.from === 'nobody' ? [] : [...registration.reach.addresses].sort(),
        };
        previous = [removal.id];
        return removal;
      });
      return [...removals, ...registerSteps(change, provider, kept, { needs: previous, before, replaces: kept.uid }, ids)];
    },
  };
}

/** Registered at another controller of the array and not at this one: with both, nobody hangs on one path. */
function addTurn(change: ControllerChange, provider: Provider, vcenter: VcenterId): Turn {
  const [example] = change.controller.registrations.map(({ registration }) => registration);
  const url = example?.url ?? provider.urls[0];
  const elsewhere = change.others
    .flatMap(({ registrations }) => registrations)
    .find(({ registration }) => registration.vcenter === vcenter)?.registration;
  const like = { vcenter, name: example?.name ?? providerName(provider), url: url ?? ('' as Registration['url']) };
  const dependents = elsewhere?.dependents;
  return {
    vcenter,
    rank: 3,
    steps: (needs, before, ids) =>
      registerSteps(change, provider, { ...like, ...(dependents === undefined ? {} : { dependents }) }, { needs, before }, ids),
  };
}

function registerSteps(
  change: ControllerChange,
  provider: Provider,
  like: Pick<Registration, 'vcenter' | 'name' | 'url' | 'dependents'>,
  at: { readonly needs: readonly StepId[]; readonly before: number; readonly replaces?: string },
  ids: StepIds,
): Step[] {
  const { vcenter, dependents } = like;
  const place = { kind: 'vcenter', vcenter } as const;
  const name = nameAt(change, provider);
  const certificate = change.certificate.name;
  const register: Step = {
    ...step('register-provider', ids.next('register-provider', vcenter, name), at.needs, 'tool'),
    place,
    ...identity(like, provider.id),
    kind: 'register-provider',
    certificate,
    ...(at.replaces === undefined ? {} : { replaces: at.replaces }),
  };
  const retained: Step = {
    ...step('confirm-retained', ids.next('confirm-retained', vcenter, name), [register.id], 'tool'),
    place,
    ...identity(like, provider.id),
    kind: 'confirm-retained',
    certificate,
  };
  const online: Step = {
    ...step('confirm-online', ids.next('confirm-online', vcenter, name), [retained.id], 'tool'),
    place,
    ...identity(like, provider.id),
    kind: 'confirm-online',
    datastores: (dependents?.datastores ?? []).map((one) => one.name),
    hosts: [...(dependents?.hosts ?? [])],
    before: at.before,
  };
  return [register, retained, online];
}

const identity = ({ vcenter, name, url }: Pick<Registration, 'vcenter' | 'name' | 'url'>, provider: ProviderId) => ({
  vcenter,
  provider,
  name,
  url,
});

/** The certificate's name where it is for one provider alone. */
const nameAt = (change: ControllerChange, provider: Provider): string =>
  change.controller.providers.length === 1 ? change.certificate.name : provider.id;
