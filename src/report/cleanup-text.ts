import type { CleanupPlan, CleanupRefusal, CleanupStep, Undecided } from '../model/cleanup-plan.js';
import {
  actText,
  checkText,
  commandLine,
  expectationText,
  minutes,
  seedCommand,
  stepNote,
  stepSource,
  stepTitle,
  waitText,
  warningText,
} from '../plan/describe-cleanup.js';
import { visibleText } from './visible-text.js';

const text = (value: string): string => visibleText(value, 1000);

/** A dry run on a terminal: every command, its check and its undo, in order. */
export function cleanupAsText(plan: CleanupPlan): string {
  const lines = [
    'CLEANUP',
    `  ${text(plan.vcenter.id)}  ${text(plan.vcenter.address)}  ${text(plan.vcenter.version ?? 'version not seen')}   evidence of ${plan.takenAt}`,
    '',
    'TO BE REMOVED',
    ...plan.removals.flatMap((one) => [
      `  ${text(one.name)}  ${text(one.url)}  uid ${text(one.uid)}  ${text(one.status)}, ${one.active ? 'active' : 'inactive'}`,
      `        addresses ${one.addresses.map(text).join(', ')}   held by ${one.holders.map(text).join(', ') || 'nobody known'}`,
    ]),
    '',
    `${plan.strategy === 'one-pass' ? 'One pass' : 'One at a time'}, ${plan.restarts} restarts of SPS, ${minutes(plan.window)}. Nothing was changed; nothing is carried out by this.`,
    ...plan.warnings.map((warning) => `warning  ${text(warningText(warning, plan))}`),
    ...plan.undecided.map(({ name, why }) => `unknown  ${text(name)}: ${text(why)}`),
    ...plan.accepted.map(({ code, name }) => `accepted ${text(code)}${name === undefined ? '' : `:${text(name)}`}`),
    ...plan.unneeded.map(
      ({ code, name }) => `notice   --accept ${text(code)}${name === undefined ? '' : `:${text(name)}`} was not needed`,
    ),
    ...plan.unseen.map((what) => `not seen ${text(what)}`),
    '',
    'STEPS',
    ...plan.steps.flatMap((step) => stepLines(step, plan)),
    ...(plan.ifOneSurvives.length === 0
      ? []
      : [
          '',
          'IF ONE SURVIVES STEP 7',
          '  In place of steps 8 to 11:',
          ...plan.ifOneSurvives.flatMap((step) => stepLines(step, plan)),
        ]),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** Title, commands, checks, undo. */
export function stepLines(step: CleanupStep, plan: CleanupPlan): string[] {
  const { mark, text: source } = stepSource(step);
  const seed = seedCommand(step);
  return [
    `${step.number === undefined ? '   -' : String(step.number).padStart(4)}  ${text(stepTitle(step, plan))}   [${mark}: ${text(source)}]`,
    ...step.do.map((act) => `        do     ${text(act.by === 'ssh' ? commandLine(act.argv) : actText(act, plan))}`),
    ...(step.wait === undefined ? [] : [`        wait   ${waitText(step.wait)}`]),
    ...step.check.map((check) => `        check  ${text(checkText(check, plan))}   ${text(expectationText(check, plan))}`),
    ...step.undo.map((act) => `        undo   ${text(actText(act, plan))}`),
    `        note   ${text(stepNote(step, plan))}`,
    ...(seed === undefined ? [] : [`        seed   ${text(seed)}`]),
  ];
}

/** Every reason at once, each with what to do. */
export function refusalsAsText(refusals: readonly CleanupRefusal[], undecided: readonly Undecided[]): string {
  const lines = [
    'REFUSED BEFORE ANYTHING WAS DONE',
    ...refusals.flatMap((refusal) => [
      `error  ${refusal.code}${refusal.name === undefined ? '' : `:${text(refusal.name)}`}   ${text(refusal.summary)}`,
      `         ${text(refusal.remedy)}`,
      ...(refusal.acceptable ? [`         Accept it with: ${text(acceptOption(refusal))}`] : []),
    ]),
    ...undecided.map(({ name, why }) => `unknown  ${text(name)}: ${text(why)}`),
    '',
    'Nothing was changed.',
  ];
  return `${lines.join('\n')}\n`;
}

/** As typed; names with blanks in quotes. */
export function acceptOption({ code, name }: Pick<CleanupRefusal, 'code' | 'name'>): string {
  return `--accept ${commandLine([name === undefined ? code : `${code}:${name}`])}`;
}
