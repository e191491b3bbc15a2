import { fingerprint } from '../findings/explain/quote.js';
import { derBytes } from '../model/ids.js';
import type { Plan, Step } from '../model/plan.js';
import type { Instruction, Named, StepText } from '../plan/describe-step/step-text.js';
import { describeStep } from '../plan/describe-step.js';
import { ageText, minuteOf } from './plan-text.js';
import { acceptanceText, outageText, span, strategyText, warningText } from './plan-words.js';
import { markdownText, visibleText } from './visible-text.js';

/** The plan as a runbook to work through: tick boxes, commands filled in, what to expect, how to tell it failed, how to go back. */
export function planAsMarkdown(plan: Plan, now: Date, named: Named): string {
  const numbers = new Map(plan.steps.map(({ id }, index) => [id as string, index + 1]));
  const blocks = [
    '# Runbook: one certificate that every vCenter accepts',
    headerBlock(plan, now, numbers),
    '## Outage',
    table(
      ['vCenter', 'without any path'],
      plan.outages.map((outage) => [text(outage.vcenter), text(outageText(outage))]),
    ),
    'Running VMs keep their I/O while the control path is missing; power-on, snapshots, vMotion, provisioning and backups fail.',
    '## Know before you begin',
    plan.warnings.length === 0
      ? 'Nothing out of the ordinary.'
      : plan.warnings.map((warning) => `- ${text(warningText(warning, plan), 2_000)}`).join('\n'),
    '## Steps',
    'Work from top to bottom, tick what is done, and do not begin a step before those it names are ticked. Statements marked *likely* are inferred, not documented.',
    ...plan.steps.flatMap((step, index) => stepBlocks(step, index + 1, { plan, named, numbers })),
    '## Appendix: the external CA',
    ...appendixCa(plan),
    '## Appendix: a registration that will not go',
    ...APPENDIX_PROCEDURE,
  ];
  return `${blocks.join('\n\n')}\n`;
}

const text = (value: string, most?: number): string => markdownText(value, most);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function headerBlock(plan: Plan, now: Date, numbers: ReadonlyMap<string, number>): string {
  const noReturn = plan.pointOfNoReturn;
  const facts: [string, string][] = [
    ['Evidence', `${minuteOf(plan.takenAt)}, ${ageText(plan, now)}; estate ${plan.estate}`],
    ['Made by', plan.madeBy],
    ['Strategy', strategyText(plan)],
    ['Providers', plan.providers.map(({ name, urls }) => `${name} (${urls.join(', ')})`).join('; ')],
    [
      'Point of no return',
      noReturn === undefined ? 'none' : `step ${numbers.get(noReturn)}: from there on going on costs less than going back`,
    ],
    ['Accepted by name', plan.acceptances.length === 0 ? 'nothing had to be' : plan.acceptances.map(acceptanceText).join(', ')],
  ];
  return facts.map(([key, value]) => `- ${key}: ${text(value, 2_000)}`).join('\n');
}

interface Around {
  readonly plan: Plan;
  readonly named: Named;
  readonly numbers: ReadonlyMap<string, number>;
}

function stepBlocks(step: Step, number: number, { plan, named, numbers }: Around): string[] {
  const words = describeStep(step, plan, named);
  const after = step.needs.map((need) => numbers.get(need) ?? 0).sort((a, b) => a - b);
  return [
    `### ${number}. ${text(words.title)}`,
    `- [ ] done (${step.id})`,
    [
      `- Who: ${text(words.who)}`,
      `- Where: ${text(words.where)}`,
      `- Takes: ${span(step.seconds)}${after.length === 0 ? '' : `; after ${after.length > 12 ? `steps ${after[0]} to ${after.at(-1)}, those that end each row` : `step ${after.join(', ')}`}`}`,
    ].join('\n'),
    ...words.does.map(instruction),
    `- Expect: ${text(words.expect, 2_000)}`,
    ...(words.check.length === 0 ? [] : ['- Look:', ...words.check.map(instruction)]),
    [
      `- It failed when: ${text(words.failed, 2_000)}`,
      `- Back: ${text(words.undo, 2_000)}`,
      ...words.askVendor.map((question) => `- **Ask your vendor:** ${text(question)}`),
      `- Known from: ${sourcesText(words)}`,
    ].join('\n'),
  ];
}

function sourcesText({ sources }: StepText): string {
  return sources
    .map(({ mark, text: source }) =>
      mark === 'documented' ? text(source) : mark === 'inferred' ? `*likely:* ${text(source)}` : `*not found:* ${text(source)}`,
    )
    .join('; ');
}

function instruction(one: Instruction): string {
  switch (one.kind) {
    case 'text':
      return text(one.text, 4_000);
    case 'command':
      return [`${text(one.at)}:`, '', fenced(one.language, one.lines)].join('\n');
    case 'call':
      return `API: ${one.api} ${text(one.method)} (${text(
        Object.entries(one.parameters)
          .map(([key, value]) => `${key} ${value}`)
          .join(', '),
        2_000,
      )})`;
  }
}

/** No line of ours begins with a fence, and what came from outside is quoted inside of a line. */
function fenced(language: string, lines: readonly string[]): string {
  return [`\`\`\`${language}`, ...lines.map((line) => visibleText(line, 8_000)), '```'].join('\n');
}

function appendixCa(plan: Plan): string[] {
  const { externalCa } = plan;
  if (externalCa === undefined) return ['This plan has none.'];
  const pem = externalCa.certificates.map((der) => {
    const body =
      Buffer.from(derBytes(der))
        .toString('base64')
        .match(/.{1,64}/g) ?? [];
    return ['-----BEGIN CERTIFICATE-----', ...body, '-----END CERTIFICATE-----'].join('\n');
  });
  return [
    `Root ${fingerprint(externalCa.root)}. In bash on the appliance, and on your machine with the name external-ca.pem:`,
    ['```sh', "cat > /tmp/external-ca.pem <<'END'", ...pem, 'END', '```'].join('\n'),
  ];
}

const APPENDIX_PROCEDURE: readonly string[] = [
  'Only for a registration that a fresh query still lists after its removal. SPS is restarted twice; storage policies, provisioning and migrations of that vCenter stand still meanwhile: plan 30 minutes, ask for 60.',
  [
    'In bash on the appliance, with every address of the provider between the quotes, separated by spaces:',
    '',
    '```sh',
    'F=/usr/lib/vmware-vpx/sps/conf/sms-config.xml',
    "ADDRESSES=''",
    'mkdir -p -m 700 /root/sps-procedure',
    // Pasted twice, the copy is still that of the original.
    'test -e /root/sps-procedure/sms-config.xml || cp -p "$F" /root/sps-procedure/sms-config.xml',
    'sed \'/<qsConnection>/,/<\\/qsConnection>/s#<retryAttempt>[0-9]*</retryAttempt>#<retryAttempt>4</retryAttempt>#\' /root/sps-procedure/sms-config.xml > "$F"',
    'grep "<retryAttempt>" "$F"',
    'for A in $ADDRESSES; do ip route add unreachable "$A"; ip route get "$A"; done',
    'service-control --stop vmware-sps && service-control --start vmware-sps',
    '/usr/lib/vmware-vmon/vmon-cli --status sps',
    '```',
  ].join('\n'),
  'The file has to say 4, once, and each address has to answer "No route to host"; if not, take everything back as below. Wait until SPS is STARTED and HEALTHY and the registration reads `offline` (two minutes at least). Remove it, and look again that it is gone. Then take everything back, in the same shell:',
  [
    '```sh',
    'for A in $ADDRESSES; do ip route del unreachable "$A"; done',
    'cp -p /root/sps-procedure/sms-config.xml "$F" && rm /root/sps-procedure/sms-config.xml',
    'service-control --stop vmware-sps && service-control --start vmware-sps',
    '```',
  ].join('\n'),
  'Never block an address that also serves a host, a gateway, DNS, a linked vCenter, or a registration that works. Known from: a published case on 6.5 (documented); that it holds on later releases is *likely*.',
];
