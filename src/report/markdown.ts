import { severityOf } from '../findings/explain/codes.js';
import { evidenceLines } from '../findings/explain/evidence.js';
import { headline } from '../findings/explain/headline.js';
import { lookupIn } from '../findings/explain/names.js';
import { day, fingerprint, list } from '../findings/explain/quote.js';
import { remedy } from '../findings/explain/remedy.js';
import {
  acceptedWord,
  acceptReasonText,
  dependentsText,
  issuedByText,
  trustedWord,
  trustReasonText,
} from '../findings/explain/verdicts.js';
import type { Audit, Finding, FindingCode } from '../model/finding.js';
import type { Provider, Registration, Vcenter } from '../model/inventory.js';
import {
  codesByRegistration,
  codesOf,
  endpointSeen,
  groupGaps,
  holderTexts,
  nextStep,
  notJudgedText,
  presentedTo,
  presentsNote,
  retainedText,
  shownProviders,
  sinceText,
  totalsText,
  unregisteredText,
  vcentersNotAsked,
  vmcaKey,
} from './audit-view.js';
import { markdownText, visibleText } from './visible-text.js';

/** Characters of one table cell. */
const CELL = 200;

/** The audit as a document to send around: the table's content with all evidence and what to do. */
export function auditAsMarkdown(audit: Audit, madeBy: string): string {
  const codes = codesByRegistration(audit.findings);
  const blocks = [
    '# VASA trust audit',
    `${totalsText(audit)}. Evidence taken ${audit.inventory.takenAt}, judged ${audit.now}, by ${text(madeBy)}. Times are UTC; of the last sync SMS does not always tell the zone.`,
    ...nextBlock(audit),
    '## What each vCenter presents',
    table(
      ['vCenter', 'version', 'entry', 'issued by', 'fingerprint', 'valid to', 'note'],
      audit.inventory.vcenters.flatMap(presentsRows),
    ),
    '## Providers',
    ...shownProviders(audit).flatMap((provider) => providerBlock(provider, audit, codes)),
    '## Findings',
    ...findingsBlock(audit),
    '## Gaps',
    gapsBlock(audit),
  ];
  return `${blocks.join('\n\n')}\n`;
}

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
const text = (value: string): string => markdownText(value);
const cell = (value: string): string => markdownText(value, CELL);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function nextBlock(audit: Audit): string[] {
  const next = nextStep(audit);
  if (next === undefined) return [];
  if (next.command === undefined) return [`Next: ${text(next.note)}.`];
  return [`Next: ${codeSpan(next.command)} (${text(next.note)}).`];
}

/** As code, for copying; as text where a name in it could end that, or be HTML to a careless reader of Markdown. */
function codeSpan(command: string): string {
  const shown = visibleText(command);
  return /[`<>&]/.test(shown) ? text(command) : `\`${shown}\``;
}

function presentsRows(vcenter: Vcenter): string[][] {
  const head = [cell(vcenter.id), cell(vcenter.version ?? 'not seen')];
  if (vcenter.presents.length === 0) return [[...head, 'store SMS not seen', '', '', '', '']];
  return vcenter.presents.map((presented) => {
    const { store, alias, certificate } = presented;
    const told = certificate === undefined ? ['', ''] : [fingerprint(certificate.sha256), day(certificate.notAfter)];
    const note = presented.to === 'unknown' ? (presentsNote(vcenter) ?? '') : presentedTo(presented);
    return [...head, cell(`${store}/${alias}`), cell(issuedByText(presented, vcenter.id, vmcaKey(vcenter))), ...told, cell(note)];
  });
}

function providerBlock(provider: Provider, audit: Audit, codes: ReadonlyMap<string, readonly FindingCode[]>): string[] {
  const name = lookupIn(audit.inventory).providerName(provider.id);
  const facts = [
    list(provider.urls),
    provider.vasaVersion === undefined ? 'VASA version not told' : `VASA ${provider.vasaVersion}`,
    retainedText(provider),
    ...holderTexts(provider),
  ];
  const rows = provider.registrations.map((registration) =>
    registrationRow(provider, registration, codesOf(codes, provider, registration)),
  );
  const notAsked = vcentersNotAsked(audit);
  const head = ['vCenter', 'status', 'since', 'trusted', 'accepted', 'depends on it', 'findings'];
  return [
    `### ${cell(name)}`,
    facts.map((fact) => `- ${text(fact)}`).join('\n'),
    ...(rows.length === 0 ? [`${text(sentence(unregisteredText(audit)))}.`] : [table(head, rows)]),
    ...(notAsked.length === 0 ? [] : [`Not known: whether ${text(list(notAsked))} registered it, see the gaps.`]),
  ];
}

function registrationRow(provider: Provider, registration: Registration, codes: readonly string[]): string[] {
  const { trusted, accepted, vcenter } = registration;
  return [
    cell(vcenter),
    cell(registration.status ?? 'not told'),
    cell(sinceText(registration, endpointSeen(provider, registration)?.leaf)),
    cell(`${trustedWord(trusted.value)}: ${trustReasonText(trusted.why, vcenter)}`),
    cell(`${acceptedWord(accepted.value)}: ${acceptReasonText(accepted.why)}`),
    cell(dependentsText(registration) ?? 'not seen'),
    codes.join(', '),
  ];
}

function findingsBlock(audit: Audit): string[] {
  const notJudged = notJudgedText(audit.notJudged);
  return [
    ...(audit.findings.length === 0 ? ['None.'] : audit.findings.map((finding) => findingBlock(finding, audit))),
    ...(notJudged === undefined ? [] : [`Not judged, for want of evidence: ${notJudged}.`]),
  ];
}

function findingBlock(finding: Finding, audit: Audit): string {
  const evidence = evidenceLines(finding, audit.inventory).map(
    (line) => `${line.startsWith(' ') ? '  ' : ''}- ${text(line.trim())}`,
  );
  return [
    `### ${severityOf(finding.code)}: ${finding.code}`,
    text(headline(finding, audit.inventory)),
    ...(evidence.length === 0 ? [] : [evidence.join('\n')]),
    `What to do: ${markdownText(remedy(finding, audit.inventory), 2_000)}`,
  ].join('\n\n');
}

function gapsBlock(audit: Audit): string {
  if (audit.gaps.length === 0) return 'None: everything that was to be looked at was seen.';
  const rows = groupGaps(audit.gaps).map(({ targets, sources, summary, remedy: cure }) => [
    cell(list(targets, 20)),
    sources.join(', '),
    text(summary),
    text(cure),
  ]);
  return table(['what', 'source', 'problem', 'what to do'], rows);
}
