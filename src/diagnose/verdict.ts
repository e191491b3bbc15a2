import type { Severity } from '../model/finding.js';
import { type LogSource, type ProviderNamed, VERDICT_CODES, type Verdict } from './diagnosis.js';
import { hostPort, type KnownProviders } from './known-providers.js';
import type { LogLine, Removal } from './removal.js';
import type { Sign } from './signs.js';

const MOST_PROOF = 24;
/** Where IO filter providers listen on ESXi hosts. Source: KB 402809. */
const IO_FILTER_PORT = ':9080';
/** TLS alerts about certificates, by either side. Source: RFC 5246 section 7.2.2. */
const ABOUT_CERTIFICATES =
  /^(?:bad_certificate|unsupported_certificate|certificate_\w+|unknown_ca|access_denied|handshake_failure|decrypt_error)\(/;

/** What one log proves. Source of the mapping from entries to codes: concluded from the published cases. */
export function judgeSource(source: LogSource, known: KnownProviders): Verdict[] {
  const trust = source.signs.filter(isAboutTrust);
  const external = trust.filter(({ subject }) => subject?.kind === 'url' && !isIoFilter(subject.value));
  const ioFilter = [
    ...trust.filter(({ subject }) => subject?.kind === 'url' && isIoFilter(subject.value)),
    ...source.signs.filter(({ id, subject }) => id === 'C20' && (subject === undefined || isIoFilter(subject.value))),
  ];
  const failed = removalVerdicts(source, known);
  const lost = bySubject(external).map((signs) => fromSigns('TRUST_LOST', 'error', source, signs, known));
  const filters = bySubject(ioFilter).map((signs) => fromSigns('IOFILTER_CERT', 'error', source, signs, known));
  const hostTls = source.signs.filter(({ id }) => id === 'C37');
  const overload = source.signs.filter(({ id }) => id === 'C35' || id === 'C36');
  const isTrust = lost.length > 0 || hostTls.length > 0 || failed.some(({ code }) => code === 'STALE_VP_NPE');
  const down = source.signs.filter(({ id }) => ['C43', 'C44', 'C45', 'C47'].includes(id));
  const gone = source.signs.filter(({ id }) => id === 'C30');
  const goneRemovals = source.removals.filter(({ outcome }) => outcome === 'not-found');
  const unexplained = source.signs.filter((sign) => isUnexplained(sign, lost.length + filters.length > 0, failed.length > 0));
  return [
    ...failed,
    ...lost,
    ...filters,
    ...(down.length === 0 ? [] : [fromSigns('SPS_DOWN', 'error', source, down, known)]),
    ...(isTrust ? [] : bySubject(overload).map((signs) => fromSigns('VP_OVERLOAD', 'warning', source, signs, known))),
    ...(hostTls.length === 0 ? [] : [{ ...fromSigns('UNKNOWN', 'warning', source, hostTls, known), why: 'host-tls' } as const]),
    ...(unexplained.length === 0
      ? []
      : [{ ...fromSigns('UNKNOWN', 'warning', source, unexplained, known), why: 'no-session' } as const]),
    ...byUid(goneRemovals).map((removals) => fromRemovals('ALREADY_GONE', 'notice', source, removals, known)),
    ...(gone.length === 0 || goneRemovals.length > 0 ? [] : [fromSigns('ALREADY_GONE', 'notice', source, gone, known)]),
  ];
}

const SEVERITY_ORDER = { error: 0, warning: 1, notice: 2 } as const;

/** Errors first, then by code, provider and time: the same order for the same logs. */
export function inOrder(verdicts: readonly Verdict[]): Verdict[] {
  const key = (verdict: Verdict): string =>
    [
      SEVERITY_ORDER[verdict.severity],
      VERDICT_CODES.indexOf(verdict.code),
      verdict.source,
      verdict.provider?.uid ?? verdict.provider?.url ?? '',
      verdict.since ?? '',
    ].join('\u0000');
  return verdicts
    .map((verdict) => ({ verdict, key: key(verdict) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ verdict }) => verdict);
}

function isAboutTrust({ id, facts, subject }: Sign): boolean {
  if (id === 'C17' || id === 'C18') return true;
  if (id === 'C19') return subject !== undefined;
  return id === 'C17b' && ABOUT_CERTIFICATES.test(facts.alert ?? '');
}

/** No session, no load, a fault without a story: something is wrong, and nothing above says what. */
function isUnexplained({ id, subject }: Sign, isTrustTold: boolean, isRemovalTold: boolean): boolean {
  if (id === 'C29') return !isRemovalTold;
  if (isTrustTold) return false;
  return id === 'C21' || id === 'C22' || (id === 'C19' && subject === undefined);
}

const isIoFilter = (url: string): boolean => hostPort(url).endsWith(IO_FILTER_PORT);

function removalVerdicts(source: LogSource, known: KnownProviders): Verdict[] {
  const stale = byUid(source.removals.filter(({ outcome }) => outcome === 'null-pointer'));
  const other = byUid(source.removals.filter(({ outcome }) => outcome === 'other-error'));
  return [
    ...stale.map((removals) => withOutcome(fromRemovals('STALE_VP_NPE', 'error', source, removals, known), source, known)),
    ...other.map((removals) =>
      withOutcome({ ...fromRemovals('UNKNOWN', 'error', source, removals, known), why: 'other-exception' }, source, known),
    ),
  ];
}

/** What came after: a removal without an error is a good sign, a list without the uid is proof. */
function withOutcome(verdict: Verdict, source: LogSource, known: KnownProviders): Verdict {
  const uid = verdict.provider?.uid;
  if (uid === undefined) return verdict;
  const later = source.removals.find(
    (one) =>
      one.uid === uid && (one.outcome === 'no-error' || one.outcome === 'not-found') && (one.from ?? '') > (verdict.last ?? ''),
  );
  const provenGone = known.isGone(uid, verdict.vcenter, verdict.last) === true;
  const severity: Severity = provenGone ? 'notice' : later !== undefined ? 'warning' : verdict.severity;
  return {
    ...verdict,
    severity,
    ...(later?.from === undefined ? {} : { laterWithoutError: later.from }),
    ...(provenGone ? { provenGone } : {}),
  };
}

function fromRemovals(
  code: Verdict['code'],
  severity: Severity,
  source: LogSource,
  removals: readonly Removal[],
  known: KnownProviders,
): Verdict {
  // The newest attempt that tells the most.
  const told = [...removals].reverse().sort((a, b) => b.lines.length - a.lines.length)[0] ?? removals[0];
  const newest = removals.at(-1);
  const vcenter = known.vcenterOf(told?.serverGuid ?? source.serverGuid) ?? source.vcenter;
  const why = told?.headless ? 'headless' : told?.stackMissing ? 'stack-missing' : undefined;
  const { uid, array, backup, exception } = told ?? {};
  const task = newest?.task ?? told?.task;
  const serverGuid = told?.serverGuid ?? source.serverGuid;
  return {
    ...base(code, severity, source),
    ...(vcenter === undefined ? {} : { vcenter }),
    ...(serverGuid === undefined ? {} : { serverGuid }),
    ...(uid === undefined ? {} : { provider: known.named({ uid }, vcenter) }),
    ...(array === undefined ? {} : { array }),
    ...(backup === undefined ? {} : { backup: known.named({ uid: backup }, vcenter) }),
    ...(task === undefined ? {} : { task }),
    ...(exception === undefined ? {} : { exception }),
    ...(why === undefined ? {} : { why }),
    count: removals.length,
    ...span(removals.flatMap(({ from, to }) => [from, to])),
    proof: (told?.lines ?? []).slice(0, MOST_PROOF),
  };
}

function fromSigns(
  code: Verdict['code'],
  severity: Severity,
  source: LogSource,
  signs: readonly Sign[],
  known: KnownProviders,
): Verdict {
  const subject = signs.find((sign) => sign.subject !== undefined)?.subject;
  const { vcenter } = source;
  const named: ProviderNamed | undefined =
    subject === undefined ? undefined : known.named({ [subject.kind]: subject.value }, vcenter);
  const lines = signs.flatMap(({ first, last }) =>
    first.line === last.line && first.file === last.file ? [first] : [first, last],
  );
  return {
    ...base(code, severity, source),
    ...(vcenter === undefined ? {} : { vcenter }),
    ...(source.serverGuid === undefined ? {} : { serverGuid: source.serverGuid }),
    ...(named === undefined ? {} : { provider: named }),
    count: signs.reduce((sum, { count }) => sum + count, 0),
    ...span(lines.map(({ at }) => at)),
    proof: lines.sort(inFileOrder).slice(0, MOST_PROOF),
  };
}

function base(code: Verdict['code'], severity: Severity, source: LogSource) {
  const starts = source.files.flatMap(({ extent }) => extent.from ?? []).sort();
  return { code, severity, source: source.id, ...(starts[0] === undefined ? {} : { logFrom: starts[0] }) };
}

function span(times: readonly (string | undefined)[]): { since?: string; last?: string } {
  const sorted = times.flatMap((at) => at ?? []).sort();
  const [since] = sorted;
  const last = sorted.at(-1);
  return { ...(since === undefined ? {} : { since }), ...(last === undefined ? {} : { last }) };
}

const inFileOrder = (a: LogLine, b: LogLine): number =>
  (a.at ?? '') < (b.at ?? '') ? -1 : (a.at ?? '') > (b.at ?? '') ? 1 : a.line - b.line;

function byUid(removals: readonly Removal[]): Removal[][] {
  return [...groups(removals, ({ uid }) => uid ?? '').values()];
}

/** Signs of one provider: by host and port where the line tells an address. */
function bySubject(signs: readonly Sign[]): Sign[][] {
  const key = ({ subject }: Sign) =>
    subject === undefined ? '' : subject.kind === 'url' ? hostPort(subject.value) : subject.value;
  const grouped = groups(signs, key);
  // What names nobody belongs to whoever is named.
  const nameless = grouped.get('');
  const [first] = [...grouped].find(([name]) => name !== '') ?? [];
  if (nameless === undefined || first === undefined) return [...grouped.values()];
  grouped.delete('');
  grouped.get(first)?.push(...nameless);
  return [...grouped.values()];
}

function groups<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, Item[]> {
  const grouped = new Map<string, Item[]>();
  for (const item of items) grouped.set(key(item), [...(grouped.get(key(item)) ?? []), item]);
  return grouped;
}
