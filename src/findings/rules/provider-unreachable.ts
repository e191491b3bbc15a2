import type { Provider, Registration, Vcenter } from '../../model/inventory.js';
import type { ProblemCode } from '../../model/problem.js';
import { defineRule, type FindingOf, type Missing } from '../rule.js';
import { isExternal } from '../subjects.js';

type Unreachable = FindingOf<'provider-unreachable'>;

/** From the operator's machine, in `from`; else a vCenter id. */
export const OPERATOR = 'operator';

/**
 * A provider that does not answer, once per place looked from. Behind a reject route it is not unreachable: that is `cleanup-leftover`.
 * What the operator's machine cannot reach is no finding where some appliance can: then it is the operator's network.
 */
export const providerUnreachable = defineRule({
  code: 'provider-unreachable',
  subjects: (inventory) => {
    const vcenters = new Map(inventory.vcenters.map((vcenter) => [vcenter.id as string, vcenter]));
    return inventory.providers.map((provider) => ({ provider, vcenters }));
  },
  about: ({ provider }) => ({ provider: provider.id }),
  applies: ({ provider }) => isExternal({ provider }),
  check({ provider, vcenters }): Unreachable[] | Missing {
    const registrations = provider.registrations.filter((registration) => isExternal({ provider, registration }));
    if (registrations.length === 0) return fromProbesAlone(provider);
    const found = new Map<string, Unreachable>();
    for (const registration of registrations) {
      const finding = judgeReach(provider, registration, registrations, vcenters.get(registration.vcenter));
      if (finding !== undefined && !found.has(finding.from)) found.set(finding.from, finding);
    }
    if (found.size > 0) return [...found.values()];
    return registrations.every(({ reach }) => reach.from === 'nobody') ? { missing: 'whether the provider answers' } : [];
  },
});

function judgeReach(
  provider: Provider,
  registration: Registration,
  all: readonly Registration[],
  vcenter: Vcenter | undefined,
): Unreachable | undefined {
  const { reach } = registration;
  if (reach.from === 'nobody' || reach.answers) return undefined;
  const base = {
    code: 'provider-unreachable',
    provider: provider.id,
    url: registration.url,
    problem: reach.problem?.summary ?? '',
  } as const;
  if (reach.from === 'operator') {
    const answersElsewhere = all.some((other) => other.reach.from === 'appliance' && other.reach.answers);
    return reach.blockedBy !== undefined || answersElsewhere ? undefined : { ...base, from: OPERATOR };
  }
  const blocked = vcenter?.leftovers.rejectRoutes?.some((route) => reach.addresses.includes(route.address)) ?? false;
  return blocked ? undefined : { ...base, from: registration.vcenter, vcenter: registration.vcenter };
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
    { code: 'provider-unreachable', provider: provider.id, url: failed.url, from: OPERATOR, problem: failed.problem.summary },
  ];
}
