import { severityOf } from '../findings/explain/codes.js';
import { nextCommand } from '../findings/explain/commands.js';
import { lookupIn } from '../findings/explain/names.js';
import { plural, shortKeyId } from '../findings/explain/quote.js';
import { holderText } from '../findings/explain/verdicts.js';
import type { Source } from '../model/evidence.js';
import type { Audit, Finding, FindingCode, NotJudged, Severity } from '../model/finding.js';
import type { VcenterId } from '../model/ids.js';
import type { Endpoint, Gap, PresentedCertificate, Provider, Registration, Vcenter } from '../model/inventory.js';

/** What table and Markdown show alike, before it is laid out: which lines there are, in which order, with which words. */

/** Providers a report tells about, by name; internal ones are only counted, by their notice. */
export function shownProviders(audit: Audit): Provider[] {
  const look = lookupIn(audit.inventory);
  return audit.inventory.providers
    .filter(({ category }) => category !== 'internal')
    .map((provider) => ({ provider, key: `${look.providerName(provider.id)}\n${provider.id}` }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ provider }) => provider);
}

/** What this vCenter sees at the provider; where that is not known, the first look. */
export function endpointSeen(provider: Provider, registration: Registration): Endpoint | undefined {
  return registration.endpoint === undefined ? undefined : provider.endpoints[registration.endpoint];
}

/** `HELD BY …`, one text per different holder. */
export function holderTexts(provider: Provider): string[] {
  const seen = provider.registrations.flatMap((registration) => endpointSeen(provider, registration) ?? []);
  const looks = seen.length > 0 ? seen : provider.endpoints;
  const texts = new Set(looks.map((endpoint) => holderOf(provider, endpoint)));
  return texts.size === 0 ? ['holder not seen'] : [...texts];
}

function holderOf(provider: Provider, endpoint: Endpoint): string {
  const { holder, leaf, servedIssuer } = endpoint;
  if (holder !== undefined && holder.vcenters.length > 0) return `HELD BY ${holderText(holder)}`;
  if (leaf === undefined) return 'holder not seen';
  if (holder !== undefined) {
    const issuer = holder.proof.kind === 'signature' ? holder.proof.subject : leaf.issuer;
    return `issued by ${issuer}, no VMCA of this estate`;
  }
  if (leaf.subject === leaf.issuer) return 'self-signed by its name';
  const kept = provider.retained === true ? 'its own certificate, ' : '';
  if (servedIssuer !== undefined) return `${kept}issued by ${servedIssuer.subject} (signature; sent with it)`;
  return `${kept}issuer not found here (calls itself ${leaf.issuer})`;
}

/** vCenters whose registrations were not seen: any provider may be registered there, too. */
export function vcentersNotAsked({ inventory, gaps }: Audit): VcenterId[] {
  const unseen = new Set(gaps.filter(({ source }) => source === 'sms').map(({ target }) => target));
  return inventory.vcenters.map(({ id }) => id).filter((id) => unseen.has(id));
}

/** What is said about a provider that no vCenter is seen to have registered. */
export function unregisteredText(audit: Audit): string {
  return vcentersNotAsked(audit).length === 0
    ? 'registered by no vCenter of this estate'
    : 'registered by none of the vCenters whose registrations were seen';
}

export function retainedText(provider: Provider): string {
  return provider.retained === undefined ? 'retained: not told' : provider.retained ? 'retained' : 'not retained';
}

/** `last sync 2026-11-03 08:12, leaf issued 2026-11-03 08:15`: both ends of when it may have happened, each named after its source. */
export function sinceText(registration: Registration, leaf: Endpoint['leaf']): string {
  return [
    ...(registration.lastSync === undefined ? [] : [`last sync ${minute(registration.lastSync)}`]),
    ...(leaf === undefined ? [] : [`leaf issued ${minute(leaf.notBefore.toISOString())}`]),
  ].join(', ');
}

/** To the minute: in UTC where the text is a time with a zone, unchanged where SMS tells none; anything else as it was told. */
function minute(text: string): string {
  const local = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d):\d\d(?:\.\d+)?$/.exec(text);
  if (local !== null) return `${local[1]} ${local[2]}`;
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/.test(text) || Number.isNaN(Date.parse(text))) return text;
  return new Date(text).toISOString().slice(0, 16).replace('T', ' ');
}

/** Why both candidates stand there. */
export function presentsNote(vcenter: Vcenter): string | undefined {
  const open = vcenter.presents.some(({ to }) => to === 'unknown');
  if (!open) return undefined;
  const release = vcenter.version === undefined ? 'this release' : `${vcenter.version.split('.')[0]}.x`;
  return `which entry ${release} presents to a provider is not documented: both shown`;
}

export function presentedTo({ to }: PresentedCertificate): string {
  return to === 'vvol' ? 'to VVol providers' : to === 'iofilter' ? 'to IO filters' : '';
}

export function vmcaKey({ vmca }: Vcenter): string | undefined {
  const keyId = vmca?.certificate.ski;
  return keyId === undefined ? undefined : shortKeyId(keyId);
}

/** Codes of each registration, keyed by `registrationKey`, in the order of the audit. */
export function codesByRegistration(findings: readonly Finding[]): Map<string, FindingCode[]> {
  const codes = new Map<string, FindingCode[]>();
  for (const finding of findings) {
    const vcenter = 'vcenter' in finding ? finding.vcenter : undefined;
    const provider = 'provider' in finding ? finding.provider : undefined;
    if (vcenter === undefined || provider === undefined) continue;
    const key = registrationKey(provider, vcenter, 'uid' in finding ? finding.uid : undefined);
    const known = codes.get(key) ?? [];
    if (!known.includes(finding.code)) codes.set(key, [...known, finding.code]);
  }
  return codes;
}

export function codesOf(
  codes: ReadonlyMap<string, readonly FindingCode[]>,
  provider: Provider,
  registration: Registration,
): FindingCode[] {
  const own = codes.get(registrationKey(provider.id, registration.vcenter, registration.uid)) ?? [];
  return [...own, ...(codes.get(registrationKey(provider.id, registration.vcenter)) ?? [])];
}

function registrationKey(provider: string, vcenter: string, uid?: string): string {
  return JSON.stringify([provider, vcenter, uid ?? null]);
}

/** Online, works both ways as far as anyone can see, and no rule complains: needs no second line. */
export function isQuiet(registration: Registration, codes: readonly FindingCode[]): boolean {
  const { trusted, accepted, reach, status } = registration;
  const answers = reach.from === 'nobody' || reach.answers;
  return codes.length === 0 && status === 'online' && trusted.value === true && accepted.value !== false && answers;
}

/** Gaps with one cause and one cure, told once with all they hit. */
export interface GapGroup {
  readonly targets: readonly string[];
  readonly sources: readonly string[];
  readonly summary: string;
  readonly remedy: string;
}

export function groupGaps(gaps: readonly Gap[]): GapGroup[] {
  const groups = new Map<string, { targets: Set<string>; sources: Set<Source>; summary: string; remedy: string }>();
  for (const { target, source, problem } of gaps) {
    const key = JSON.stringify([problem.code, problem.summary, problem.remedy]);
    const group = groups.get(key) ?? { targets: new Set(), sources: new Set(), summary: problem.summary, remedy: problem.remedy };
    group.targets.add(target);
    group.sources.add(source);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => ({
    ...group,
    targets: [...group.targets],
    sources: [...group.sources].map((source) => SOURCE_WORDS[source]),
  }));
}

const SOURCE_WORDS: Readonly<Record<Source, string>> = {
  vim: 'vSphere API',
  sms: 'SMS',
  rest: 'REST API',
  'root-bundle': 'root certificates',
  ssh: 'appliance by SSH',
  tls: 'TLS handshake',
  'version-xml': 'version.xml',
  file: 'file',
};

/** `3 errors, 0 warnings, 0 gaps`, and notices where there are any. */
export function totalsText(audit: Audit): string {
  const count = (severity: Severity) => audit.findings.filter(({ code }) => severityOf(code) === severity).length;
  const notices = count('notice');
  return [
    plural(count('error'), 'error'),
    plural(count('warning'), 'warning'),
    ...(notices === 0 ? [] : [plural(notices, 'notice')]),
    plural(audit.gaps.length, 'gap'),
  ].join(', ');
}

/** `client-not-accepted (3 cases), host-trust-missing (1 case)`; undefined where every rule could decide. */
export function notJudgedText(notJudged: readonly NotJudged[]): string | undefined {
  const counts = new Map<FindingCode, number>();
  for (const { code } of notJudged) counts.set(code, (counts.get(code) ?? 0) + 1);
  if (counts.size === 0) return undefined;
  return [...counts].map(([code, count]) => `${code} (${plural(count, 'case')})`).join(', ');
}

/** What to do next, for the end of a report; undefined where everything was seen and nothing found. */
export function nextStep(audit: Audit): { readonly command?: string; readonly note: string } | undefined {
  const next = nextCommand(audit.findings, audit.inventory);
  if (next !== undefined || audit.gaps.length === 0) return next;
  return { note: 'close the gaps as each of them says, then audit again; what was not seen is not judged' };
}

/** Said once in every report for people: the times in it carry no zone of their own. */
export function timesText({ inventory }: Audit): string {
  return `Seen at ${minute(inventory.takenAt)} UTC. Times are UTC; of a last sync SMS does not always tell the zone.`;
}
