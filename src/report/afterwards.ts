import type { CleanupPlan } from '../model/cleanup-plan.js';
import { backAgain } from './run-words.js';
import { openRegistrations, type Told } from './unanswered.js';

/** What has to be known once registrations are gone: the way back is another command than this one. */
export function afterwards(told: Told & { readonly plan: CleanupPlan }): string[] {
  const { plan, entries } = told;
  const { vcenter, warnings, removals } = plan;
  const back = backAgain(plan, entries);
  const open = openRegistrations(told);
  return warnings.flatMap((warning) => {
    if (warning.code !== 'no-path-afterwards') return [];
    const of = removals.filter(({ arrays }) => arrays.includes(warning.array));
    if (of.some(({ uid }) => back.has(uid))) return [];
    if (of.some(({ uid }) => open.has(uid)))
      return [`whether ${vcenter.id} has a control path to array ${warning.array} is not known: the audit tells`];
    return [
      `${vcenter.id} has no control path to array ${warning.array} until it is registered again`,
      `vasatrust check-registration ${vcenter.id} --provider ${of[0]?.url ?? 'URL'}    whom registering again would hurt; where it would, vasatrust plan external-ca is the way that hurts nobody`,
    ];
  });
}
