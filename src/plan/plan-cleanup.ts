import type { ApplianceProbes } from '../model/appliance-probes.js';
import type {
  BlockedAddress,
  CleanupAnswer,
  CleanupPlan,
  CleanupRefusal,
  CleanupWarning,
  ConfigChange,
  Removal,
  Undecided,
} from '../model/cleanup-plan.js';
import type { VcenterId } from '../model/ids.js';
import type { Inventory, StaleReason, Vcenter } from '../model/inventory.js';
import type { Accepted } from '../model/plan-answer.js';
import type { RunId } from '../model/run.js';
import { configReasons, planConfig } from './cleanup-config.js';
import {
  addressesFor,
  applianceReasons,
  dependentReasons,
  protectedReasons,
  type Registered,
  registrationsAt,
  rejectRouteTo,
  routeReasons,
  servicesDown,
  sharedReasons,
  unblockable,
  unseenFacts,
} from './cleanup-gates.js';
import { type RefusalReason, refusalOf } from './cleanup-refusal.js';
import { acceptsSps, buildFallback, buildSteps, type StepFacts } from './cleanup-steps.js';
import { addSpans } from './durations.js';
import { type PlannedAgain, planAgain, type RegistrationWish } from './re-register.js';
import { hostPortOf } from './select-providers.js';
import { staleWords } from './stale-words.js';

export interface CleanupRequest {
  readonly vcenter: VcenterId;
  /** uid, URL or registered name; missing: every stale one. */
  readonly provider?: string;
  readonly accepted: readonly Accepted[];
  /** What retryAttempt was before somebody changed it. */
  readonly originalRetry?: number;
  readonly oneAtATime?: boolean;
  /** Ask SMS to reconnect first, where that can help. */
  readonly firstReconnect?: boolean;
  /** What estate.yaml says about registering; there: register again what was removed. */
  readonly reRegister?: readonly RegistrationWish[];
  /** `show`: nobody is going to carry it out by this call, so a backup is the first step and no condition. */
  readonly purpose: 'show' | 'carry-out';
  /** `tool`: with a self-revert on the appliance; `run` names the folder that holds the copy of the file there. */
  readonly by?: 'hand' | 'tool';
  readonly run?: RunId;
  readonly madeBy: string;
  /** What an earlier look said, some time before; missing: looked once. */
  readonly firstLook?: Inventory;
}

/**
 * The removal of stale registrations of one vCenter, or every reason against it at once. A pure function; `probes` is a fresh look at the
 * appliance, without which less can be judged (`unseen` says what).
 */
export function planCleanup(inventory: Inventory, request: CleanupRequest, probes?: ApplianceProbes): CleanupAnswer {
  const vcenter = inventory.vcenters.find(({ id }) => id === request.vcenter);
  const all = vcenter === undefined ? [] : registrationsAt(inventory, vcenter);
  const wanted = request.provider;
  const chosen = wanted === undefined ? all.filter(isStale) : all.filter((one) => answers(one, wanted));
  const undecided = all.filter((one) => one.registration.stale.value === 'unknown' && !chosen.includes(one)).map(toUndecided);
  if (vcenter === undefined || (chosen.length === 0 && wanted !== undefined)) {
    const names = all
      .filter(({ registration }) => registration.category !== 'internal')
      .map(({ registration }) => registration.name);
    const reason: RefusalReason = {
      code: 'not-registered',
      vcenter: request.vcenter,
      wanted: wanted ?? '',
      names: [...new Set(names)],
    };
    return { kind: 'refused', refusals: [refusalOf(reason)], undecided };
  }
  if (chosen.length === 0) return { kind: 'nothing-stale', vcenter: vcenter.id, undecided };
  const facts = settle(chosen, vcenter, request, probes);
  const again = request.reRegister === undefined ? undefined : planAgain(inventory, vcenter, chosen, request.reRegister);
  const reasons = [
    ...chosen.flatMap((one) => staleReasons(one, request.firstLook)),
    ...facts.unresolved,
    ...protectedReasons(facts.addresses, inventory, vcenter, probes),
    ...sharedReasons(facts.addresses, all, chosen, probes),
    ...routeReasons(facts.addresses, vcenter, probes),
    ...unblockable(facts.addresses, routeToolOf(probes)),
    ...dependentReasons(chosen),
    ...configReasons(vcenter, probes, request),
    ...applianceReasons(vcenter, probes),
    ...(again?.reasons ?? []),
    ...backupReasons(vcenter, request.purpose),
  ];
  const { refused, used, unneeded } = weigh(reasons.map(refusalOf), request);
  if (refused.length > 0) return { kind: 'refused', refusals: refused, undecided };
  return {
    kind: 'plan',
    plan: assemble(inventory, vcenter, all, chosen, facts, { request, probes, undecided, used, unneeded, again }),
  };
}

const isStale = ({ registration }: Registered): boolean => registration.stale.value === true;

function answers({ registration: { uid, url, name } }: Registered, wanted: string): boolean {
  return (
    uid === wanted || url === wanted || name === wanted || (wanted.includes('://') && hostPortOf(url) === hostPortOf(wanted))
  );
}

const toUndecided = ({ registration }: Registered): Undecided => ({
  uid: registration.uid,
  name: registration.name,
  why: staleWords(registration.stale.why),
});

/** Stale by the definition, at both looks. An issuer that nobody knows is the one thing that may be accepted. */
function staleReasons({ registration }: Registered, firstLook: Inventory | undefined): RefusalReason[] {
  const { uid, name, vcenter, category, stale } = registration;
  if (category === 'internal') return [{ code: 'internal-provider', name }];
  if (stale.value === false) return [{ code: 'not-stale', name, proven: 'not-stale', why: staleWords(stale.why) }];
  if (stale.value === 'unknown') {
    const behindRoute = (one: StaleReason) => one.code === 'tls-from-appliance' && one.outcome === 'reject-route';
    const open = stale.why.filter((one) => !behindRoute(one));
    if (open.length > 0 && open.every(({ code }) => code === 'issuer-unknown')) return [{ code: 'issuer-unknown', name }];
    return [{ code: 'not-stale', name, proven: 'unknown', why: staleWords(stale.why) }];
  }
  const before = firstLook?.providers
    .flatMap(({ registrations }) => registrations)
    .find((one) => one.vcenter === vcenter && one.uid === uid);
  if (firstLook !== undefined && before?.stale.value !== true)
    return [
      {
        code: 'not-stale',
        name,
        proven: 'changed',
        why: before === undefined ? 'it was not registered then' : staleWords(before.stale.why),
      },
    ];
  return [];
}

function backupReasons({ id, linkedWith }: Vcenter, purpose: CleanupRequest['purpose']): RefusalReason[] {
  return purpose === 'show' ? [] : [{ code: 'backup-unconfirmed', vcenters: [id, ...linkedWith.map(({ vcenter }) => vcenter)] }];
}

function weigh(refusals: readonly CleanupRefusal[], { accepted, purpose }: CleanupRequest) {
  // Needed as soon as it is carried out.
  const isShown = purpose === 'show';
  const fits = (accept: Accepted, refusal: CleanupRefusal) =>
    refusal.acceptable && accept.code === refusal.code && (accept.name === undefined || accept.name === refusal.name);
  const used = accepted.filter((accept) => refusals.some((refusal) => fits(accept, refusal)));
  return {
    refused: refusals.filter((refusal) => !accepted.some((accept) => fits(accept, refusal))),
    used,
    unneeded: accepted.filter((accept) => !used.includes(accept) && !(isShown && accept.code === 'backup-unconfirmed')),
  };
}

interface Settled {
  readonly removals: readonly Removal[];
  readonly addresses: readonly BlockedAddress[];
  readonly config: ConfigChange;
  readonly unresolved: readonly RefusalReason[];
}

function settle(
  chosen: readonly Registered[],
  vcenter: Vcenter,
  request: CleanupRequest,
  probes: ApplianceProbes | undefined,
): Settled {
  const unresolved: RefusalReason[] = [];
  const removals = chosen.map((one): Removal => {
    const found = addressesFor(one, probes);
    if (typeof found === 'string') unresolved.push({ code: 'addresses-unknown', name: one.registration.name, why: found });
    return removalOf(one, typeof found === 'string' ? [] : found);
  });
  removals.sort(
    (a, b) => Number(a.active) - Number(b.active) || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.uid < b.uid ? -1 : 1),
  );
  const addresses = [...new Set(removals.flatMap((one) => one.addresses))].map((address): BlockedAddress => {
    const line = rejectRouteTo(address, vcenter, probes);
    return {
      address,
      family: address.includes(':') ? 6 : 4,
      uids: removals.filter((one) => one.addresses.includes(address)).map(({ uid }) => uid),
      ...(line === undefined ? {} : { alreadyBlocked: line }),
    };
  });
  return { removals, addresses, config: planConfig(vcenter, probes, request), unresolved };
}

function removalOf({ provider, registration }: Registered, addresses: readonly string[]): Removal {
  const { dependents, endpoint } = registration;
  const holder = endpoint === undefined ? undefined : provider.endpoints[endpoint]?.holder;
  return {
    uid: registration.uid,
    name: registration.name,
    url: registration.url,
    provider: provider.id,
    active: registration.arrays.some(({ active }) => active),
    status: registration.status ?? 'unknown',
    addresses,
    arrays: registration.arrays.map(({ arrayId }) => arrayId),
    holders: holder?.vcenters ?? [],
    ...(dependents === undefined
      ? {}
      : {
          dependents: {
            datastores: dependents.datastores.map(({ name }) => name),
            vms: dependents.vms,
            poweredOnVms: dependents.poweredOnVms,
          },
        }),
  };
}

interface Rest {
  readonly request: CleanupRequest;
  readonly probes: ApplianceProbes | undefined;
  readonly undecided: readonly Undecided[];
  readonly used: readonly Accepted[];
  readonly unneeded: readonly Accepted[];
  readonly again: PlannedAgain | undefined;
}

function assemble(
  inventory: Inventory,
  vcenter: Vcenter,
  all: readonly Registered[],
  chosen: readonly Registered[],
  { removals, addresses, config }: Settled,
  { request, probes, undecided, used, unneeded, again }: Rest,
): CleanupPlan {
  const strategy = request.oneAtATime === true && removals.length > 1 ? 'one-at-a-time' : 'one-pass';
  const reconnect = request.firstReconnect === true ? judgeReconnects(chosen) : { uids: [], warnings: [] };
  const facts: StepFacts = {
    vcenter: vcenter.id,
    removals,
    addresses,
    config,
    strategy,
    routeTool: routeToolOf(probes),
    by: request.by ?? 'hand',
    spsAccepted: acceptsSps(used),
    reconnect: reconnect.uids,
    ...(again === undefined ? {} : { again: again.registrations }),
  };
  const steps = buildSteps(facts);
  const ifOneSurvives = buildFallback(facts);
  const arrays = new Set(removals.flatMap((one) => one.arrays));
  const siblings = all
    .filter((one) => !chosen.includes(one) && one.registration.arrays.some(({ arrayId }) => arrays.has(arrayId)))
    .map(({ registration: { uid, name, status, stale } }) => ({
      uid,
      name,
      working: status === 'online' && stale.value !== true,
    }));
  const restartsOf = (list: typeof steps) => list.filter(({ kind }) => kind === 'stop-sps' || kind === 'restart-sps').length;
  // Registering again waits for a person, and everything else is as before by then.
  const changing = steps
    .slice(steps.findIndex(({ kind }) => kind === 'lower-retry'))
    .filter(({ kind }) => kind !== 're-register');
  return {
    formatVersion: 1,
    kind: 'cleanup',
    madeBy: request.madeBy,
    takenAt: inventory.takenAt,
    estate: inventory.digest,
    vcenter: { id: vcenter.id, address: vcenter.address, ...(vcenter.version === undefined ? {} : { version: vcenter.version }) },
    removals,
    addresses,
    strategy,
    by: facts.by,
    routeTool: facts.routeTool,
    siblings,
    config,
    restarts: restartsOf(steps),
    window: addSpans(changing.map(({ seconds }) => seconds)),
    steps,
    ifOneSurvives,
    warnings: [
      ...warningsFor({
        removals,
        siblings,
        all,
        chosen,
        extraRestarts: Math.max(0, restartsOf(ifOneSurvives) - 1),
        lookedTwice: request.firstLook !== undefined,
      }),
      ...stateWarnings(vcenter, probes),
      ...reconnect.warnings,
      ...(again?.warnings ?? []),
    ],
    undecided,
    accepted: used,
    unneeded,
    unseen: unseenFacts(vcenter, probes),
  };
}

const CLOCK_SECONDS = 60;

/** What is not as it should be and stands in nobody's way. */
function stateWarnings({ clockAheadMs = 0 }: Vcenter, probes: ApplianceProbes | undefined): CleanupWarning[] {
  const down = servicesDown(probes?.services);
  const seconds = Math.round(clockAheadMs / 1000);
  return [
    ...(down.length === 0
      ? []
      : [{ code: 'services-down', services: down.map(({ name, state }) => `${name} (${state})`) } as const]),
    ...(Math.abs(seconds) <= CLOCK_SECONDS ? [] : [{ code: 'clock-off', seconds } as const]),
  ];
}

/** Reconnect is of use only where SMS gave up (`disconnected`) on a provider that is trusted there; everything else is said and left out. */
function judgeReconnects(chosen: readonly Registered[]): { readonly uids: string[]; readonly warnings: CleanupWarning[] } {
  const uids: string[] = [];
  const warnings: CleanupWarning[] = [];
  for (const { registration } of chosen) {
    const { uid, name, status, trusted } = registration;
    const why = status !== 'disconnected' ? 'status' : trusted.value !== true ? 'not-trusted' : undefined;
    if (why === undefined) uids.push(uid);
    else warnings.push({ code: 'no-reconnect', uid, name, why });
  }
  return { uids, warnings };
}

/** `route` only where `ip` is proven missing. */
function routeToolOf(probes: ApplianceProbes | undefined): 'ip' | 'route' {
  const ip = probes?.tools.find(({ tool }) => tool === 'ip')?.present;
  return ip?.state === 'seen' && !ip.value ? 'route' : 'ip';
}

function warningsFor(known: {
  readonly removals: readonly Removal[];
  readonly siblings: CleanupPlan['siblings'];
  readonly all: readonly Registered[];
  readonly chosen: readonly Registered[];
  readonly extraRestarts: number;
  readonly lookedTwice: boolean;
}): CleanupWarning[] {
  const { removals, siblings, all, chosen } = known;
  const holders = [...new Set(removals.flatMap((one) => one.holders))].sort();
  const running = removals.filter(({ dependents }) => (dependents?.poweredOnVms ?? 0) > 0);
  const others = all.filter((one) => !chosen.includes(one) && isStale(one));
  const arrays = siblings.some(({ working }) => working) ? [] : [...new Set(removals.flatMap((one) => one.arrays))];
  return [
    ...(holders.length === 0 ? [] : [{ code: 'holder-loses-nothing', holders } as const]),
    ...arrays.map((array) => ({ code: 'no-path-afterwards', array }) as const),
    ...(running.length === 0
      ? []
      : [
          {
            code: 'vms-without-control-path',
            datastores: [...new Set(running.flatMap(({ dependents }) => dependents?.datastores ?? []))].sort(),
            poweredOnVms: Math.max(...running.map(({ dependents }) => dependents?.poweredOnVms ?? 0)),
          } as const,
        ]),
    ...others.map(({ registration: { uid, name } }) => ({ code: 'other-stale', uid, name }) as const),
    ...(known.lookedTwice ? [] : [{ code: 'looked-once' } as const]),
    ...(known.extraRestarts === 0 ? [] : [{ code: 'may-need-one-at-a-time', extraRestarts: known.extraRestarts } as const]),
  ];
}
