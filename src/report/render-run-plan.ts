import type { CleanupPlan } from '../model/cleanup-plan.js';
import { minutes, REGISTER_WHY, warningText } from '../plan/describe-cleanup.js';

/** What somebody reads before he says yes: what goes, what it costs, what follows. Foreign text is in it as it came. */
export function runPlanLines(plan: CleanupPlan): string[] {
  const { vcenter, removals, addresses, strategy, restarts, window } = plan;
  const version = vcenter.version === undefined ? '' : `, ${vcenter.version}`;
  const blocked = addresses.map(({ address }) => address).join(', ');
  return [
    `To be removed from ${vcenter.id} (${vcenter.address}${version}):`,
    ...removals.map(({ name, url, uid, status }) => `  ${name}  ${url}  uid ${uid}  ${status}`),
    `The plain removal first. Where that fails: ${strategy === 'one-pass' ? 'in one pass' : 'one at a time'}, SPS restarted ${restarts} times, ${minutes(window)}; meanwhile ${vcenter.id} does not reach ${blocked}.`,
    ...plan.steps.flatMap((step) =>
      step.kind === 're-register'
        ? [
            `Registered again at the end: ${step.registration.name}  ${step.registration.url}  user ${step.registration.username}  (${REGISTER_WHY[step.registration.because]})`,
          ]
        : step.kind === 'try-reconnect'
          ? [`Before anything else SMS is asked to reconnect ${step.name}; online after that, it stays.`]
          : [],
    ),
    ...plan.warnings.map((warning) => `warning  ${warningText(warning, plan)}`),
    ...plan.undecided.map(({ name, why }) => `unknown  ${name}: ${why}`),
    ...plan.accepted.map(({ code, name }) => `accepted ${code}${name === undefined ? '' : `:${name}`}`),
    ...plan.unneeded.map(({ code, name }) => `notice   --accept ${code}${name === undefined ? '' : `:${name}`} was not needed`),
    ...plan.unseen.map((what) => `not seen ${what}`),
    'Every command, its check and its undo: the same with --dry-run.',
  ];
}
