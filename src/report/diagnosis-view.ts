import { CATALOGUE } from '../diagnose/catalogue.js';
import { REMOVAL_WITHOUT_ERROR } from '../diagnose/catalogue-removal.js';
import type { Diagnosis, LogSource, ProviderNamed } from '../diagnose/diagnosis.js';
import type { LogLine, RemovalOutcome } from '../diagnose/removal.js';
import type { Signature } from '../diagnose/signature.js';
import { providerText } from '../diagnose/verdict-words.js';

/** What an entry of the catalogue was seen to say, over all logs. */
export interface SignatureSeen {
  readonly id: string;
  readonly count: number;
  readonly meaning: string;
  readonly mark: Signature['mark'];
  readonly first: LogLine;
  readonly last: LogLine;
}

const BY_ID: ReadonlyMap<string, Pick<Signature, 'meaning' | 'mark'>> = new Map(
  [...CATALOGUE, REMOVAL_WITHOUT_ERROR].map((entry) => [entry.id, entry]),
);

/** Entries that fired, in the order of the catalogue. */
export function signaturesSeen({ sources }: Diagnosis): SignatureSeen[] {
  const seen = new Map<string, SignatureSeen>();
  for (const { id, count, first, last } of sources.flatMap(({ signs }) => signs)) {
    const before = seen.get(id);
    const { meaning = '', mark = 'inferred' } = BY_ID.get(id) ?? {};
    seen.set(id, {
      id,
      meaning,
      mark,
      count: count + (before?.count ?? 0),
      first: before === undefined || earlier(first, before.first) ? first : before.first,
      last: before === undefined || earlier(before.last, last) ? last : before.last,
    });
  }
  return CATALOGUE.flatMap(({ id }) => seen.get(id) ?? []);
}

const earlier = (a: LogLine, b: LogLine): boolean => (a.at ?? '') < (b.at ?? '');

export const OUTCOME: Readonly<Record<RemovalOutcome, string>> = {
  'null-pointer': 'failed: NullPointerException',
  'other-error': 'failed: another error',
  'not-found': 'not registered',
  'no-error': 'no error logged (no proof)',
  unfinished: 'end not in the log',
};

/** `vc65`, where saved evidence names it; else the vCenter's instanceUuid or the log. */
export function whoseText({ id, vcenter, serverGuid }: Pick<LogSource, 'id' | 'vcenter' | 'serverGuid'>): string {
  return vcenter ?? (serverGuid === undefined ? id : `instance ${serverGuid}`);
}

/** Beside a label that says what it is. */
export const providerFact = (provider: ProviderNamed): string => providerText(provider).replace(/^provider /, '');

export const placeText = ({ file, line }: LogLine): string => `${file}:${line}`;

export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes / 1024, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

export function totalsText({ sources, verdicts, gaps }: Diagnosis): string {
  const files = sources.flatMap((source) => source.files);
  const bytes = files.reduce((sum, { extent }) => sum + extent.bytes, 0);
  const count = (many: number, one: string) => `${many} ${one}${many === 1 ? '' : 's'}`;
  const errors = verdicts.filter(({ severity }) => severity === 'error').length;
  return `${count(files.length, 'file')}, ${sizeText(bytes)}: ${count(verdicts.length, 'verdict')} (${errors} of severity error), ${count(gaps.length, 'gap')}`;
}
