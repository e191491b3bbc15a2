import { list, plural } from '../findings/explain/quote.js';
import type { Missing, Recommendation, Way, WayName, WayReason } from '../model/plan-answer.js';
import { unreachable } from '../model/problem.js';
import { breakLine } from './layout.js';
import { missingText } from './plan-words.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

const TITLES: Readonly<Record<WayName, string>> = {
  'leave-alone': 'leave it as it is',
  'vasa-5': 'VASA 5 on array, vCenters and hosts',
  'external-ca': 'one certificate of an external CA, kept by the provider',
  'single-owner': 'one vCenter owns the array',
  'subordinate-vmca': 'every VMCA a subordinate of the external CA',
  'leave-vvols': 'leave VVols',
};
const VERDICTS: Readonly<Record<Way['verdict'], string>> = {
  chosen: 'RECOMMENDED',
  possible: 'not chosen',
  'ask-vendor': 'ask your vendor',
  'ruled-out': 'ruled out',
};

/** What fits each array and why, every other way with the reason it was not chosen. */
export function renderRecommendations(
  recommendations: readonly Recommendation[],
  format: 'table' | 'json' | 'md',
  context: { readonly madeBy: string; readonly takenAt: string; readonly width?: number | undefined },
): string {
  switch (format) {
    case 'json':
      return `${visibleJson({ formatVersion: 1, madeBy: context.madeBy, takenAt: context.takenAt, recommendations: recommendations.map(asJson) })}\n`;
    case 'md':
      return `${['# Which way out', ...recommendations.flatMap(asMarkdown)].join('\n\n')}\n`;
    case 'table':
      return recommendations.length === 0
        ? 'No vCenter of the estate has registered an external provider.\n'
        : `${recommendations.map((one) => asText(one, context.width)).join('\n')}`;
    default:
      return unreachable(format);
  }
}

const asJson = (one: Recommendation) => ({
  ...one,
  chosen: one.ways.find(({ verdict }) => verdict === 'chosen')?.way ?? null,
  ways: one.ways.map((way) => ({ ...way, text: sentences(way) })),
  missing: one.missing.map((missing) => ({ ...missing, text: missingText(missing).summary })),
});

const names = (one: Recommendation): string => list(one.providers.map(({ name }) => name));

function asText(one: Recommendation, width: number | undefined): string {
  const lines = [
    `ARRAY ${visibleText(one.array)}   ${visibleText(names(one))}`,
    ...one.missing.flatMap((missing) => breakLine(`  not known: ${visibleText(missingLine(missing))}`, width, 4)),
    ...one.ways.flatMap((way) => [
      `  ${VERDICTS[way.verdict].padEnd(15)}  ${TITLES[way.way]}`,
      ...way.reasons.flatMap((reason) => breakLine(`${' '.repeat(19)}${visibleText(reasonText(reason))}`, width, 21)),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function asMarkdown(one: Recommendation): string[] {
  return [
    `## Array ${markdownText(one.array)} (${markdownText(names(one))})`,
    ...one.missing.map((missing) => `Not known: ${markdownText(missingLine(missing))}`),
    one.ways
      .map(
        (way) =>
          `- **${VERDICTS[way.verdict]}**: ${TITLES[way.way]}\n${way.reasons.map((reason) => `  - ${markdownText(reasonText(reason))}`).join('\n')}`,
      )
      .join('\n'),
  ];
}

const missingLine = (missing: Missing): string => `${missingText(missing).summary}. ${missingText(missing).remedy}`;
const sentences = (way: Way): string => way.reasons.map(reasonText).join(' ');

function reasonText(reason: WayReason): string {
  switch (reason.code) {
    case 'nobody-lost-trust':
      return {
        'virtual-hosts': 'Nobody lost trust: every vCenter has a virtual host of its own (VASA 5).',
        retained: 'Nobody lost trust: the provider keeps its own certificate and every vCenter trusts it.',
        linked: "Nobody lost trust: the vCenters are linked, so each trusts the other's VMCA.",
        'shared-vmca': 'Nobody lost trust: the vCenters share one VMCA.',
        'single-vcenter': 'Nobody lost trust: a single vCenter has registered it.',
        trusted: 'Nobody lost trust: each vCenter trusts what is served now.',
      }[reason.because];
    case 'next-registration-clashes':
      return 'The next vCenter that registers it throws this one out: `vasatrust check-registration` before it does.';
    case 'lost-trust':
      return `${list(reason.vcenters)} lost trust and will not get it back by waiting.`;
    case 'vasa-too-old':
      return `The provider speaks VASA ${reason.version}; virtual hosts came with 5.0.`;
    case 'vasa-unknown':
      return 'Which VASA version the provider speaks was not seen.';
    case 'vcenter-too-old':
      return `${list(reason.vcenters)}: VASA 5 needs vCenter 8.0 U1 (the manual; one VMware blog says U2).`;
    case 'hosts-too-old':
      return `${plural(reason.hosts.length, 'host')} of ${reason.vcenter} (${list(reason.hosts)}): VASA 5 needs ESXi 8.0 U1; how it goes with mixed hosts was not found.`;
    case 'hosts-unknown':
      return `The versions of the hosts of ${reason.vcenter} were not seen.`;
    case 'already-virtual-hosts':
      return 'It speaks VASA 5 already: each vCenter has a certificate of its own there.';
    case 'ready-for-vasa5':
      return 'vCenters and hosts are new enough.';
    case 'newer-firmware':
      return 'vCenters and hosts are new enough; ask your vendor whether newer firmware brings VASA 5. It needs each vCenter to unregister and register once.';
    case 'one-certificate-for-all':
      return 'Every vCenter trusts one CA, and no registration signs anything anew: vCenters of any age can share the array.';
    case 'has-external-ca':
      return 'It is done: the provider keeps a certificate that every vCenter trusts.';
    case 'not-needed':
      return 'Nothing is broken; a change would take every registration offline once.';
    case 'vendor-retains':
      return 'The vendor documents several vCenters with one certificate.';
    case 'vendor-unknown':
      return 'Whether and how this provider keeps a certificate was not found: ask your vendor first.';
    case 'vendor-single-vcenter':
      return 'A document ties this provider to one vCenter.';
    case 'ca-key-on-appliances':
      return `A CA key that can sign anything would then live on ${plural(reason.vcenters, 'appliance')}.`;
    case 'vmca-leaves-sms-store':
      return 'Replacing a VMCA leaves the store SMS as it was (tested on 8.0.3), and each replacement restarts a whole vCenter.';
    case 'chain-may-be-dropped':
      return 'The clash stays unless every vCenter trusts every subordinate VMCA: a provider may drop intermediates (likely).';
    case 'others-lose-vvols':
      return `All but one of ${list(reason.vcenters)} lose the array's VVol datastores.`;
    case 'one-vcenter-only':
      return 'It is so now, as long as nobody else registers it.';
    case 'data-moves':
      return `Every VM on it has to move to other storage${reason.vms === undefined ? '' : ` (up to ${plural(reason.vms, 'VM')} per vCenter seen)`}; it cures this and costs the most.`;
    case 'holder-outside':
      return 'A vCenter outside the estate holds it: find it first, it loses the provider too.';
    case 'outage-for-all':
      return 'One certificate is the only path: all vCenters are without it for a while.';
    default:
      return unreachable(reason);
  }
}
