import type { Diagnosis, LogSource, ProviderNamed, Timeline, Verdict } from '../diagnose/diagnosis.js';
import type { LogLine, Removal } from '../diagnose/removal.js';
import { VERDICT_MEANING, verdictHeadline, verdictRemedy } from '../diagnose/verdict-words.js';
import { signaturesSeen } from './diagnosis-view.js';
import { visibleJson } from './visible-text.js';

/** The contract of `diagnose -o json`: see docs/json-output.md. What a log does not tell is null. */
export function diagnosisAsJson(diagnosis: Diagnosis, madeBy: string): string {
  return `${visibleJson({
    formatVersion: 1,
    madeBy,
    logs: diagnosis.sources.map(logJson),
    verdicts: diagnosis.verdicts.map(verdictJson),
    removals: diagnosis.sources.flatMap((source) => source.removals.map((removal) => removalJson(removal, source))),
    timelines: diagnosis.timelines.map(timelineJson),
    signatures: signaturesSeen(diagnosis).map(({ first, last, ...seen }) => ({
      ...seen,
      first: lineJson(first),
      last: lineJson(last),
    })),
    unexplainedErrors: diagnosis.sources.flatMap(({ id, errors }) =>
      errors.map(({ logger, count, first, last }) => ({ log: id, logger, count, first: lineJson(first), last: lineJson(last) })),
    ),
    gaps: diagnosis.gaps.map(({ code, target, summary, remedy }) => ({ target, problem: { code, summary }, remedy })),
  })}\n`;
}

const logJson = ({ id, vcenter, serverGuid, files }: LogSource) => ({
  id,
  vcenter: vcenter ?? null,
  serverGuid: serverGuid ?? null,
  files: files.map(({ name, extent }) => ({
    name,
    bytes: extent.bytes,
    lines: extent.lines,
    from: extent.from ?? null,
    to: extent.to ?? null,
  })),
});

const verdictJson = (verdict: Verdict) => ({
  code: verdict.code,
  severity: verdict.severity,
  headline: verdictHeadline(verdict),
  meaning: VERDICT_MEANING[verdict.code],
  log: verdict.source,
  vcenter: verdict.vcenter ?? null,
  serverGuid: verdict.serverGuid ?? null,
  provider: providerJson(verdict.provider),
  array: verdict.array ?? null,
  backupProvider: providerJson(verdict.backup),
  task: verdict.task ?? null,
  why: verdict.why ?? null,
  exception: verdict.exception ?? null,
  count: verdict.count,
  since: verdict.since ?? null,
  last: verdict.last ?? null,
  logFrom: verdict.logFrom ?? null,
  laterWithoutError: verdict.laterWithoutError ?? null,
  provenGone: verdict.provenGone ?? false,
  proof: verdict.proof.map(lineJson),
  remedy: verdictRemedy(verdict),
});

const removalJson = (removal: Removal, source: LogSource) => ({
  log: source.id,
  vcenter: source.vcenter ?? null,
  serverGuid: removal.serverGuid ?? null,
  uid: removal.uid ?? null,
  task: removal.task ?? null,
  thread: removal.thread ?? null,
  opId: removal.opId ?? null,
  outcome: removal.outcome,
  exception: removal.exception ?? null,
  array: removal.array ?? null,
  backupProvider: removal.backup ?? null,
  markedComplete: removal.markedComplete,
  from: removal.from ?? null,
  to: removal.to ?? null,
  lines: removal.lines.map(lineJson),
});

const timelineJson = ({ provider, events, omitted }: Timeline) => ({
  provider: providerJson(provider),
  omitted,
  events: events.map(({ at, source, vcenter, what, count, line }) => ({
    at: at ?? null,
    log: source,
    vcenter: vcenter ?? null,
    what,
    count: count ?? 1,
    line: line === undefined ? null : lineJson(line),
  })),
});

const providerJson = (provider: ProviderNamed | undefined) =>
  provider === undefined ? null : { uid: provider.uid ?? null, url: provider.url ?? null, name: provider.name ?? null };

const lineJson = ({ file, line, at, text, signature }: LogLine) => ({
  file,
  line,
  at: at ?? null,
  text,
  signature: signature ?? null,
});
