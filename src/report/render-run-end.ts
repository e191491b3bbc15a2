import type { CleanupPlan, CleanupStepKind } from '../model/cleanup-plan.js';
import type { Problem } from '../model/problem.js';
import type { JournalEntry, RunId, RunResult } from '../model/run.js';
import { afterwards } from './afterwards.js';
import { backAgain, cleanupAgain, isElsewhere, type KnownSteps } from './run-words.js';
import { openRegistrations } from './unanswered.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

/** How a run ended, and what is needed to say so. */
export interface EndedRun {
  readonly run: RunId;
  /** The file. */
  readonly journal: string;
  readonly plan: CleanupPlan;
  readonly entries: readonly JournalEntry[];
  readonly steps: KnownSteps;
  readonly end: {
    readonly result: RunResult;
    readonly left: readonly string[];
    /** uids */
    readonly removed: readonly string[];
    readonly interrupted: boolean;
    readonly problem?: Problem;
  };
}

/** One valid document that ends in a line end. */
export function renderRunEnd(ended: EndedRun, format: 'table' | 'json' | 'md'): string {
  if (format === 'json') return `${visibleJson(asJson(ended))}\n`;
  const md = format === 'md';
  const text = md ? (value: string) => markdownText(value, 2000) : (value: string) => visibleText(value, 2000);
  const { plan, end, run, journal } = ended;
  const removed = removalsOf(ended);
  const still = plan.removals.filter(({ uid }) => !end.removed.includes(uid));
  const bullet = md ? '- ' : '  ';
  const blocks = [
    `${md ? '# ' : ''}${text(headline(ended))}`,
    ...(removed.length === 0
      ? []
      : [removed.map(({ name, uid, words }) => `${bullet}removed  ${text(name)}  uid ${text(uid)}  ${words}`).join('\n')]),
    ...(still.length === 0 || end.result === 'done'
      ? []
      : [
          still
            .map(({ name, uid }) => `${bullet}still registered, as far as was seen  ${text(name)}  uid ${text(uid)}`)
            .join('\n'),
        ]),
    ...(end.problem === undefined ? [] : [problemText(end.problem, text, md)]),
    ...(end.left.length === 0
      ? []
      : [[md ? '## Left changed' : 'LEFT CHANGED', ...end.left.map((one) => `${bullet}${text(one)}`)].join('\n')]),
    [md ? '## Next' : 'NEXT', ...nextSteps(ended).map((one) => `${bullet}${text(one)}`)].join('\n'),
    `Run ${text(run)}, journal ${text(journal)}`,
  ];
  return `${blocks.join(md ? '\n\n' : '\n')}\n`;
}

function problemText({ summary, remedy }: Problem, text: (value: string) => string, md: boolean): string {
  return md ? `Why: ${text(summary)}\n\nWhat to do: ${text(remedy)}` : `error  ${text(summary)}\n         ${text(remedy)}`;
}

const count = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? '' : 's'}`;

function headline(ended: EndedRun): string {
  const { plan, end, entries } = ended;
  const at = plan.vcenter.id;
  switch (end.result) {
    case 'done': {
      const removed = end.removed.length;
      const back = backAgain(plan, entries);
      const again = end.removed.filter((uid) => back.has(uid)).length;
      const parts = [
        `${count(removed, 'stale registration')} removed`,
        ...(removed === plan.removals.length ? [] : [`${plan.removals.length - removed} online again`]),
        ...(again === 0 ? [] : [`${again} registered again`]),
      ];
      return `${at}: ${parts.join(', ')}; ${restWords(ended, 'all else is as it was before')}.`;
    }
    case 'taken-back':
      return end.problem?.code === 'another-run'
        ? `${at}: nothing was removed, and nothing is changed by this run.`
        : `${at}: nothing was removed; ${restWords(ended, 'everything was taken back')}${end.interrupted ? ', as you asked' : ''}.`;
    case 'removed-and-taken-back':
      return `${at}: ${count(end.removed.length, 'registration')} of ${plan.removals.length} removed; ${restWords(ended, 'everything else was taken back')}${end.interrupted ? ', as you asked' : ''}.`;
    case 'left-changed':
      return isElsewhere(entries)
        ? `${at}: this process has stopped. Somebody else goes on with the run, or has ended it.`
        : `${at}: an operator is needed. Something is left changed.`;
  }
}

/** As it was before; and what became of the number that an earlier cleanup had left. */
function restWords({ plan, entries }: EndedRun, words: string): string {
  const { now, after, exact } = plan.config;
  if (exact === undefined || exact.shaAfter === exact.shaNow) return words;
  const isDone = (kind: CleanupStepKind) =>
    entries.some(
      (entry) =>
        entry.event === 'outcome' &&
        entry.action === 'apply' &&
        entry.result !== 'failed' &&
        entry.step.startsWith(`${kind}.${plan.vcenter.id}`),
    );
  if (!isDone('restore-retry')) return `retryAttempt says ${now}, as it was found; ${words}`;
  return isDone('restart-sps')
    ? `retryAttempt is ${after} again and was ${now}; ${words}`
    : `retryAttempt is ${after} again and was ${now}, and SPS may not have read it yet: that takes a restart of SPS; ${words}`;
}

/** What a person does now, most important first. */
function nextSteps(ended: EndedRun): string[] {
  const { plan, end, run, entries } = ended;
  const again = cleanupAgain(
    plan,
    plan.removals.map(({ uid }) => ({ uid, gone: end.removed.includes(uid) })),
  );
  switch (end.result) {
    case 'done':
      return [`vasatrust audit    to see the estate as it is now`, ...afterwards(ended)];
    case 'removed-and-taken-back':
      if (end.removed.length === plan.removals.length)
        return [
          `vasatrust runs show ${run}    what happened, step by step`,
          `vasatrust audit    to see the estate as it is now`,
          ...notAgain(ended),
          ...afterwards(ended),
        ];
      return [
        `vasatrust runs show ${run}    what happened, step by step`,
        `${again}    a new run for the rest, once the reason is gone`,
      ];
    case 'taken-back':
      return [`vasatrust runs show ${run}    what happened, step by step`, `${again}    a new run, once the reason is gone`];
    case 'left-changed':
      if (isElsewhere(entries))
        return [
          `vasatrust runs show ${run}    where it is gone on with: its end is told there`,
          `vasatrust audit    to see the estate as it is now`,
        ];
      return [
        `vasatrust runs show ${run}    what happened, step by step`,
        `vasatrust runs revert ${run}    tries once more to take back what is left`,
      ];
  }
}

/** What --re-register was to do, and did not come to, as far as anybody knows. */
function notAgain(ended: EndedRun): string[] {
  const { plan, entries } = ended;
  const back = backAgain(plan, entries);
  const open = openRegistrations(ended);
  return plan.steps.flatMap((step) => {
    if (step.kind !== 're-register' || back.has(step.uid)) return [];
    if (open.has(step.uid))
      return [
        `registering ${step.name} again was asked for, and it was not seen online: the audit tells whether it is there. Do not add it a second time`,
      ];
    return [
      `${step.name} was not registered again: see first with vasatrust check-registration ${plan.vcenter.id} --provider ${step.registration.url} whom that would hurt, then add it in the vSphere Client (Configure > Storage Providers)`,
    ];
  });
}

const HOW: Readonly<Record<'plain' | 'procedure' | 'somebody-else', string>> = {
  plain: 'by the plain removal',
  procedure: 'by the procedure',
  'somebody-else': 'by somebody else meanwhile',
};

function removalsOf({ plan, end, entries }: EndedRun) {
  return end.removed.map((uid) => {
    const known = plan.removals.find((one) => one.uid === uid);
    const seen = entries.find((entry) => entry.event === 'removed' && entry.uid === uid);
    const how = seen?.event === 'removed' ? seen.how : undefined;
    return {
      uid,
      name: known?.name ?? uid,
      ...(known === undefined ? {} : { url: known.url }),
      ...(how === undefined ? {} : { how }),
      words: how === undefined ? '' : HOW[how],
    };
  });
}

function asJson(ended: EndedRun): object {
  const { plan, end, run, journal, entries } = ended;
  const { result, left, interrupted, problem } = end;
  return {
    formatVersion: 1,
    kind: 'run',
    run,
    vcenter: plan.vcenter.id,
    result,
    interrupted,
    removed: removalsOf(ended).map(({ words: _, ...one }) => one),
    left,
    problem: problem ?? null,
    startedAt: entries[0]?.at ?? null,
    endedAt: entries.at(-1)?.at ?? null,
    accepted: plan.accepted,
    next: nextSteps(ended),
    journal,
  };
}
