import type { VcenterId } from '../../model/ids.js';
import type { Provider, Reach, Registration, Vcenter } from '../../model/inventory.js';
import type { ProblemCode } from '../../model/problem.js';
import { defineRule, type FindingOf, type Missing } from '../rule.js';
import { isExternal } from '../subjects.js';

type Unreachable = FindingOf<'provider-unreachable'>;

/** The operator's machine, among the places looked from; every other place is a vCenter id. */
export const OPERATOR = 'operator';

/**
 * A provider that does not answer: one finding where nobody gets an answer, else one per appliance that gets none. Behind a reject route
 * it is not unreachable: that is `cleanup-leftover`. What only the operator's machine cannot reach is the operator's network, not a finding.
 */
export const providerUnreachable = defineRule({
  code: 'provider-unreachable',
  subjects: (inventory) => {
    const vcenters = new Map(inventory.vcenters.map((vcenter) => [vcenter.id, vcenter]));
    return inventory.providers.map((provider) => ({ provider, vcenters }));
  },
  about: ({ provider }) => ({ provider: provider.id }),
  applies: ({ provider }) => isExternal({ provider }),
  check({ provider, vcenters }): Unreachable[] | Missing {
    const registrations = provider.registrations.filter((registration) => isExternal({ provider, registration }));
    if (registrations.length === 0) return fromProbesAlone(provider);
    const looks = registrations.map((registration) => lookOf(registration, vcenters.get(registration.vcenter)));
    const failed = looks.filter((look) => look.outcome === 'no-answer');
    const [first] = failed;
    if (first === undefined)
      return looks.every((look) => look.outcome === 'nobody') ? { missing: 'whether the provider answers' } : [];
    if (!looks.some((look) => look.outcome === 'answers')) return [unreachableFrom(provider, first, failed)];
    return oneEach(failed.filter((look) => look.from !== OPERATOR)).map((look) => unreachableFrom(provider, look, [look]));
  },
});

interface Look {
  readonly outcome: 'answers' | 'no-answer' | 'blocked' | 'nobody';
  readonly from: string;
  readonly vcenter: VcenterId;
  readonly url: string;
  readonly problem: string;
}

function lookOf({ reach, vcenter, url }: Registration, at: Vcenter | undefined): Look {
  const from = reach.from === 'operator' ? OPERATOR : vcenter;
  const problem = reach.from === 'nobody' ? '' : (reach.problem?.summary ?? '');
  return { outcome: outcomeOf(reach, at), from, vcenter, url, problem };
}

function outcomeOf(reach: Reach, at: Vcenter | undefined): Look['outcome'] {
  if (reach.from === 'nobody') return 'nobody';
  if (reach.answers) return 'answers';
  const routes = at?.leftovers.rejectRoutes ?? [];
  const isBlocked =
    reach.from === 'operator' ? reach.blockedBy !== undefined : routes.some(({ address }) => reach.addresses.includes(address));
  return isBlocked ? 'blocked' : 'no-answer';
}

function unreachableFrom(provider: Provider, first: Look, looks: readonly Look[]): Unreachable {
  const from = [...new Set(looks.map((look) => look.from))].sort();
  const vcenter = from.length === 1 && from[0] !== OPERATOR ? { vcenter: first.vcenter } : {};
  return { code: 'provider-unreachable', provider: provider.id, url: first.url, from, problem: first.problem, ...vcenter };
}

function oneEach(looks: readonly Look[]): Look[] {
  return [...new Map(looks.map((look) => [look.from, look])).values()];
}

/** Problems that mean nobody answered, as opposed to an answer we could not use. */
const NO_ANSWER: readonly ProblemCode[] = ['unreachable', 'timeout', 'name-not-found'];

/** A provider only estate.yaml knows: nobody's registration says anything, so every look of our own has to have failed. */
function fromProbesAlone(provider: Provider): Unreachable[] | Missing {
  const looks = provider.endpoints.filter((endpoint) => endpoint.seenFrom === 'operator');
  if (looks.length === 0) return { missing: 'whether the provider answers' };
  const [failed] = looks;
  if (failed?.problem === undefined || !looks.every(({ problem }) => problem !== undefined && NO_ANSWER.includes(problem.code)))
    return [];
  return [
    { code: 'provider-unreachable', provider: provider.id, url: failed.url, from: [OPERATOR], problem: failed.problem.summary },
  ];
}
