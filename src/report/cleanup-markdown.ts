import type { CleanupPlan, CleanupRefusal, CleanupStep, Undecided } from '../model/cleanup-plan.js';
import {
  actText,
  checkText,
  commandLine,
  expectationText,
  minutes,
  seedCommand,
  stepFailed,
  stepNote,
  stepSource,
  stepTitle,
  waitText,
  warningText,
} from '../plan/describe-cleanup.js';
import { acceptOption } from './cleanup-text.js';
import { markdownText, visibleText } from './visible-text.js';

const text = (value: string): string => markdownText(value, 1000);

/** The procedure for doing it by hand: tick boxes, this estate's values, expected output, signs of failure, the way back. */
export function cleanupRunbook(plan: CleanupPlan): string {
  const blocks = [
    `# Runbook: remove stale storage providers from ${text(plan.vcenter.id)}`,
    `vCenter ${text(plan.vcenter.address)}, ${text(plan.vcenter.version ?? 'version not seen')}. Made by ${text(plan.madeBy)} from what was seen until ${plan.takenAt} (UTC). Audit again right before you begin; with an older runbook, make a new one.`,
    table(
      ['registration', 'uid', 'URL', 'addresses', 'status', 'held by'],
      plan.removals.map((one) => [
        one.name,
        one.uid,
        one.url,
        one.addresses.join(', '),
        `${one.status}, ${one.active ? 'active' : 'inactive'}`,
        one.holders.join(', ') || 'nobody known',
      ]),
    ),
    `${plan.strategy === 'one-pass' ? 'All in one pass' : 'One at a time'}; SPS is restarted ${plan.restarts} times; ${minutes(plan.window)} from the first change to the last check. Ask for an hour.`,
    list([
      ...plan.warnings.map((warning) => `**Mind:** ${text(warningText(warning, plan))}`),
      ...plan.undecided.map(({ name, why }) => `**Not known:** ${text(name)}: ${text(why)}`),
      ...plan.accepted.map(({ code, name }) => `**Accepted:** ${text(code)}${name === undefined ? '' : ` (${text(name)})`}`),
      ...plan.unseen.map((what) => `**Not seen, so look yourself:** ${text(what)}`),
    ]),
    'Commands run as root on the appliance, one after the other, each with its check before the next. Numbers are those of the published procedure; steps without one are ours.',
    ...plan.steps.map((step) => stepBlock(step, plan)),
    ...(plan.ifOneSurvives.length === 0
      ? []
      : [
          '# If one survives step 7',
          'In place of steps 8 to 11 above. Leave out what concerns a registration that is gone already.',
          ...plan.ifOneSurvives.map((step) => stepBlock(step, plan)),
        ]),
    '# How to go back',
    goBack(plan),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function stepBlock(step: CleanupStep, plan: CleanupPlan): string {
  const { mark, text: source } = stepSource(step);
  const head = `${step.number === undefined ? '' : `${step.number}. `}${stepTitle(step, plan)}`;
  const seed = seedCommand(step);
  const commands = step.do.flatMap((act) => (act.by === 'ssh' ? [commandLine(act.argv)] : []));
  const hands = step.do.flatMap((act) => (act.by === 'ssh' ? [] : [actText(act, plan)]));
  return [
    `## ${text(head).replace(/^(\d+)\\\./, '$1.')}`,
    text(stepNote(step, plan)),
    ...hands.map((one) => `- [ ] ${text(one)}`),
    ...(commands.length === 0 ? [] : [`- [ ] Run:\n\n${code(commands)}`]),
    ...(step.wait === undefined ? [] : [`- [ ] Wait ${text(waitText(step.wait))}`]),
    ...step.check.map((check) =>
      check.by === 'ssh'
        ? `- [ ] Check: ${text(expectationText(check, plan))}\n\n${code([commandLine(check.argv)])}`
        : `- [ ] Check: ${text(checkText(check, plan))} ${text(expectationText(check, plan))}`,
    ),
    `*It failed when:* ${text(stepFailed(step))}`,
    ...(step.undo.length === 0 ? [] : [`*Back from this step:*\n\n${code(step.undo.map((act) => actText(act, plan)))}`]),
    `*Source:* ${mark}: ${text(source)}${seed === undefined ? '' : ` (there: ${text(seed)})`}`,
  ].join('\n\n');
}

/** The last change first. */
function goBack(plan: CleanupPlan): string {
  const undone = plan.steps.filter(({ kind }) => kind === 'block' || kind === 'lower-retry').reverse();
  const unique = [...new Set(undone.flatMap((step) => step.undo.map((act) => actText(act, plan))))];
  const restart = plan.steps.find(({ kind }) => kind === 'restart-sps')?.do.map((act) => actText(act, plan)) ?? [];
  return [
    'Anywhere from step 2 to step 7, in this order. `No such process` for a route means that it is gone already.',
    `- [ ] Route and file:\n\n${code(unique)}`,
    '- [ ] SPS: start it if it is stopped. If it was started after step 2, restart it once, and only when it is neither starting nor stopping:',
    code(restart),
    'A reboot removes the routes by itself, the file stays changed: put it back before SPS starts, or restart SPS afterwards. A registration that step 7 removed stays removed.',
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map((cell) => markdownText(cell, 300))))].join(
    '\n',
  );
}

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');

/** Indented, so that nothing in a command can end the block. */
const code = (lines: readonly string[]): string => lines.map((line) => `    ${visibleText(line, 2000)}`).join('\n');

export function refusalsAsMarkdown(refusals: readonly CleanupRefusal[], undecided: readonly Undecided[]): string {
  const blocks = [
    '# Cleanup refused',
    'Nothing was changed.',
    ...refusals.map(
      (refusal) =>
        `## ${refusal.code}${refusal.name === undefined ? '' : `: ${text(refusal.name)}`}\n\n${text(refusal.summary)}\n\nWhat to do: ${text(refusal.remedy)}${refusal.acceptable ? `\n\nAccept it with: ${text(acceptOption(refusal))}` : ''}`,
    ),
    list(undecided.map(({ name, why }) => `Not known: ${text(name)}: ${text(why)}`)),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}
