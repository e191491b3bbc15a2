import { severityOf } from '../findings/explain/codes.js';
import { evidenceLines } from '../findings/explain/evidence.js';
import { headline } from '../findings/explain/headline.js';
import { lookupIn } from '../findings/explain/names.js';
import { day, list, shortFingerprint } from '../findings/explain/quote.js';
import {
  acceptedWord,
  acceptReasonText,
  dependentsText,
  issuedByText,
  reachText,
  trustedWord,
  trustReasonText,
} from '../findings/explain/verdicts.js';
import type { Audit, FindingCode } from '../model/finding.js';
import type { PresentedCertificate, Provider, Reach, Registration, Vcenter } from '../model/inventory.js';
import {
  codesByRegistration,
  codesOf,
  endpointSeen,
  groupGaps,
  holderTexts,
  isQuiet,
  nextStep,
  notJudgedText,
  presentedTo,
  presentsNote,
  retainedText,
  shownProviders,
  sinceText,
  timesText,
  totalsText,
  unregisteredText,
  vcentersNotAsked,
  vmcaKey,
} from './audit-view.js';
import { alignRows, breakLine } from './layout.js';
import { visibleText } from './visible-text.js';

/** Characters of one cell: a name of a megabyte does not push the rest off the screen. */
const CELL = 120;

/** The audit for a terminal: what each vCenter presents, each provider with its registrations, findings, gaps, totals. */
export function auditAsText(audit: Audit, width?: number): string {
  const blocks = [
    presentsBlock(audit.inventory.vcenters, width),
    ...shownProviders(audit).map((provider) => providerBlock(provider, audit, width)),
    findingsBlock(audit, width),
    gapsBlock(audit, width),
    totalsBlock(audit, width),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

const cell = (text: string): string => visibleText(text, CELL);

function presentsBlock(vcenters: readonly Vcenter[], width: number | undefined): string[] {
  return ['WHAT EACH vCENTER PRESENTS', ...alignRows(vcenters.flatMap(presentsRows), { width }).flat()];
}

function presentsRows(vcenter: Vcenter): string[][] {
  const linked = vcenter.linkedWith.map(
    ({ vcenter: other, basis }) => `${other} (${basis === 'topology' ? 'by topology' : 'trust each other: inferred'})`,
  );
  const note = presentsNote(vcenter);
  const rows =
    vcenter.presents.length === 0
      ? [['store SMS not seen', '', '']]
      : vcenter.presents.map((presented, index) => [
          ...presentedCells(presented, vcenter),
          index === 0 && note !== undefined ? `(${cell(note)})` : presentedTo(presented),
        ]);
  if (linked.length > 0) rows.push([`linked with ${cell(list(linked))}`]);
  return rows.map((row, index) => [index === 0 ? cell(vcenter.id) : '', index === 0 ? cell(vcenter.version ?? '?') : '', ...row]);
}

function presentedCells(presented: PresentedCertificate, vcenter: Vcenter): string[] {
  const { store, alias, certificate } = presented;
  const issued = issuedByText(presented, vcenter.id, vmcaKey(vcenter));
  const told = certificate === undefined ? '' : `${shortFingerprint(certificate.sha256)}  valid to ${day(certificate.notAfter)}`;
  return [cell(`${store}/${alias}`), cell(issued), told];
}

function providerBlock(provider: Provider, audit: Audit, width: number | undefined): string[] {
  const codes = codesByRegistrationOnce(audit);
  const name = lookupIn(audit.inventory).providerName(provider.id);
  const head = [
    `PROVIDER ${cell(name)}`,
    ...provider.urls.slice(0, 3).map(cell),
    ...(provider.urls.length > 3 ? [`and ${provider.urls.length - 3} more addresses`] : []),
    provider.vasaVersion === undefined ? 'VASA version not told' : `VASA ${cell(provider.vasaVersion)}`,
    retainedText(provider),
    ...holderTexts(provider).map((text) => visibleText(text)),
  ];
  const rows = provider.registrations.map((registration) => ({ registration, codes: codesOf(codes, provider, registration) }));
  const lines = alignRows(
    rows.map(({ registration, codes: own }) => registrationCells(provider, registration, own)),
    { width },
  );
  const details = rows.map((row) => detailLines(row, provider).flatMap((line) => breakLine(`        ${line}`, width, 10)));
  const none = rows.length === 0 ? [`  ${unregisteredText(audit)}`] : [];
  const notAsked = vcentersNotAsked(audit);
  const open = notAsked.length === 0 ? [] : [`  not known: whether ${cell(list(notAsked))} registered it, see the gaps`];
  return [
    ...breakLine(head.join('   '), width, 4),
    ...none,
    ...lines.flatMap((own, index) => [...own, ...(details[index] ?? [])]),
    ...open.flatMap((line) => breakLine(line, width, 4)),
  ];
}

interface Row {
  readonly registration: Registration;
  readonly codes: readonly FindingCode[];
}

function registrationCells(provider: Provider, registration: Registration, codes: readonly string[]): string[] {
  const { trusted, accepted, vcenter } = registration;
  const reason = trusted.value === true ? '' : `: ${trustReasonText(trusted.why, vcenter)}`;
  const refused = accepted.value === false ? `, ${acceptedWord(false)}: ${acceptReasonText(accepted.why)}` : '';
  const works = registration.status === 'online' && trusted.value === true && accepted.value !== false;
  const since = works ? '' : sinceText(registration, endpointSeen(provider, registration)?.leaf);
  return [
    cell(vcenter),
    cell(registration.status ?? 'status not told'),
    cell(since),
    cell(`${trustedWord(trusted.value)}${reason}${refused}`),
    codes.join(', '),
  ];
}

function detailLines({ registration, codes }: Row, provider: Provider): string[] {
  const elsewhere = provider.urls.length > 1 ? [`registered as ${cell(registration.url)}`] : [];
  if (isQuiet(registration, codes)) return elsewhere;
  const { reach, statusFault } = registration;
  return [
    ...elsewhere,
    ...(statusFault === undefined
      ? []
      : [`fault ${cell(statusFault.type)}${statusFault.message === undefined ? '' : `: ${cell(statusFault.message)}`}`]),
    ...(needsReach(reach) ? [cell(reachText(reach))] : []),
    cell(dependentsText(registration) ?? 'what depends on it was not seen'),
  ];
}

/** Worth a line: nobody answers, or only because somebody else looked. */
function needsReach(reach: Reach): boolean {
  return reach.from !== 'nobody' && (!reach.answers || (reach.from === 'operator' && reach.blockedBy !== undefined));
}

/**
 * Findings whose proof stands right under them. Of the others it is in the provider's block already, or the headline is all there is;
 * Markdown and JSON hold every line.
 */
const SHOWS_PROOF: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'vmca-clash',
  'name-mismatch',
  'certificate-expired',
  'root-expired',
  'same-name-other-key',
  'weak-certificate',
  'incomplete-chain',
  'duplicate-registration',
  'controller-split',
  'holder-outside-estate',
  'host-trust-missing',
]);
const MOST_PROOF = 4;

function findingsBlock(audit: Audit, width: number | undefined): string[] {
  const room = Math.max(0, ...audit.findings.map(({ code }) => code.length));
  return audit.findings.flatMap((finding) => {
    const severity = severityOf(finding.code);
    const line = `${severity.padEnd(7)}  ${finding.code.padEnd(room)}  ${visibleText(headline(finding, audit.inventory))}`;
    const proof = SHOWS_PROOF.has(finding.code) ? evidenceLines(finding, audit.inventory).slice(0, MOST_PROOF) : [];
    return [...breakLine(line, width, 11), ...proof.flatMap((one) => breakLine(`           ${visibleText(one)}`, width, 15))];
  });
}

function gapsBlock(audit: Audit, width: number | undefined): string[] {
  return groupGaps(audit.gaps).flatMap(({ targets, sources, summary, remedy }) => [
    ...breakLine(`gap      ${cell(list(targets))} (${sources.join(', ')}): ${visibleText(summary)}`, width, 9),
    ...breakLine(`           ${visibleText(remedy)}`, width, 13),
  ]);
}

function totalsBlock(audit: Audit, width: number | undefined): string[] {
  const next = nextStep(audit);
  const notJudged = notJudgedText(audit.notJudged);
  const step = next === undefined ? '' : next.command === undefined ? next.note : `${next.command}   (${next.note})`;
  const totals = `${totalsText(audit)}.${step === '' ? '' : `  Next: ${visibleText(step)}`}`;
  return [
    ...breakLine(timesText(audit), width, 4),
    ...(notJudged === undefined ? [] : breakLine(`Not judged, for want of evidence: ${notJudged}`, width, 4)),
    ...breakLine(totals, width, 4),
  ];
}

const indexed = new WeakMap<Audit, ReturnType<typeof codesByRegistration>>();

function codesByRegistrationOnce(audit: Audit): ReturnType<typeof codesByRegistration> {
  const known = indexed.get(audit) ?? codesByRegistration(audit.findings);
  indexed.set(audit, known);
  return known;
}
