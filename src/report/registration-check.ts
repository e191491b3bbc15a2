import { list } from '../findings/explain/quote.js';
import type { CheckReason, RegistrationCheck } from '../model/plan-answer.js';
import { unreachable } from '../model/problem.js';
import { breakLine } from './layout.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

/** `check-registration`: the verdict first, then what it rests on. */
export function renderRegistrationCheck(check: RegistrationCheck, format: 'table' | 'json' | 'md', width?: number): string {
  switch (format) {
    case 'json':
      return `${visibleJson({ formatVersion: 1, ...check, verdict: verdictText(check), why: check.why.map((reason) => ({ ...reason, text: reasonText(reason, check) })) })}\n`;
    case 'md':
      return `${[`# ${markdownText(verdictText(check))}`, check.why.map((reason) => `- ${markdownText(reasonText(reason, check))}`).join('\n')].join('\n\n')}\n`;
    case 'table':
      return `${[...breakLine(visibleText(verdictText(check)), width, 2), ...check.why.flatMap((reason) => breakLine(`  ${visibleText(reasonText(reason, check))}`, width, 4))].join('\n')}\n`;
    default:
      return unreachable(format);
  }
}

function verdictText({ hurts, hurt, vcenter, provider, url }: RegistrationCheck): string {
  const what = `Registering ${provider?.name ?? url} in ${vcenter}`;
  const who = list([...new Set(hurt.map((one) => one.vcenter))], 12);
  if (hurts === true) return `${what} would throw out ${who}.`;
  if (hurts === false) return `${what} hurts nobody.`;
  return hurt.length > 0
    ? `${what} would likely throw out ${who}; it is not proven.`
    : `Whether registering ${provider?.name ?? url} in ${vcenter} hurts anybody cannot be told.`;
}

function reasonText(reason: CheckReason, { vcenter }: RegistrationCheck): string {
  switch (reason.code) {
    case 'nobody-else':
      return 'No other vCenter of the estate has registered it, and nobody else signed what it serves.';
    case 'virtual-hosts':
      return `It speaks VASA ${reason.vasaVersion}, and ${vcenter} is new enough for a virtual host of its own.`;
    case 'vcenter-before-virtual-hosts':
      return `It speaks VASA ${reason.vasaVersion}, but ${vcenter} (${reason.version ?? 'version not seen'}) is older than virtual hosts (8.0 U1): what the provider then does for it was not found.`;
    case 'retained':
      return 'It keeps its own certificate (retain): no registration signs it anew.';
    case 'signed-anew':
      return `It does not keep its certificate: ${vcenter}'s VMCA would sign it anew.`;
    case 'shares-key':
      return `${reason.vcenter} goes on: it and ${vcenter} share the VMCA key.`;
    case 'trusts-vmca':
      return `${reason.vcenter} goes on: it trusts ${vcenter}'s VMCA.`;
    case 'would-lose':
      return `${reason.vcenter} does not trust ${vcenter}'s VMCA and would lose the provider.`;
    case 'already-lost':
      return `${reason.vcenter} lost it already; it is not hurt any more than it is.`;
    case 'holder-outside':
      return `A vCenter that is not in the estate signed what it serves (issuer "${reason.issuer}": a hint, not proof); it may be hurt.`;
    case 'registered-here':
      return `${vcenter} has it registered already; registering again needs the old registration removed first.`;
    case 'root-not-imported':
      return `${vcenter} lacks the root of its certificate: the registration itself would fail with CertificateNotImported. Publish the root first.`;
    case 'name-not-in-certificate':
      return `Its certificate does not carry ${reason.host}: the registration itself would fail with InvalidCertificate. Use a name it carries.`;
    case 'client-cas':
      return "Likely, not documented: the provider adds this vCenter's CA to those it accepts clients from. Watch that the others stay online.";
    case 'not-seen':
      return {
        registrations: `What ${reason.where} has registered was not seen: it may be hurt.`,
        retain: `Whether ${reason.where} keeps its certificate is not told by any SMS.`,
        leaf: `What ${reason.where} serves was not seen.`,
        vmca: `The VMCA of ${reason.where} was not seen.`,
        anchors: `What ${reason.where} trusts was not seen completely.`,
        'vasa-version': `The VASA version of ${reason.where} was not seen.`,
      }[reason.what];
    default:
      return unreachable(reason);
  }
}
