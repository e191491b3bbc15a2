import type { Config, VcenterConfig } from '../config/config.js';
import { type FileJournal, JournalLost } from '../execute/journal/journal-file.js';
import { openWay } from '../execute/open-way.js';
import type { RunOperator } from '../execute/ports.js';
import { type RunEnd, runCleanup } from '../execute/run-plan.js';
import { knownSteps, readRun } from '../execute/run-state.js';
import { summarize } from '../execute/summarize-run.js';
import type { CleanupPlan } from '../model/cleanup-plan.js';
import type { Problem } from '../model/problem.js';
import type { JournalEntry, RunId } from '../model/run.js';
import type { Timing } from '../model/timing.js';
import { renderRunEnd } from '../report/render-run-end.js';
import { mayWatch, openRegistrations, openRemovals, type Told } from '../report/unanswered.js';
import { failureOf } from './evidence.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Look } from './look.js';
import { openRegistering } from './registering.js';
import { openTelling } from './run-telling.js';
import type { GlobalOptions, Surroundings, Underway } from './surroundings.js';

/** A run that is ready to go: planned, confirmed, locked, its journal open. */
export interface Carrying {
  readonly plan: CleanupPlan;
  readonly vcenter: VcenterConfig;
  readonly config: Config;
  readonly look: Look;
  readonly journal: FileJournal;
  readonly operator: RunOperator;
  readonly deadline?: Date;
  /** `--yes`, which answers every question. */
  readonly yes: boolean;
}

/** Works on it until its end, says what happens on stderr, and reports on stdout. */
export async function carryOut(parts: Carrying, options: GlobalOptions, around: Surroundings): Promise<ExitCode> {
  const { plan, vcenter, config, look, journal, operator, deadline, yes } = parts;
  const { timing, clock, out, underway } = around;
  const telling = openTelling(out, clock, options.progress);
  underway.now = underwayOf(journal, plan, around);
  let end: RunEnd;
  try {
    end = await runCleanup({
      run: journal.run,
      plan,
      journal,
      way: openWay(vcenter, look.context, hostKeyOf(journal.entries)),
      clock,
      timing,
      operator: { ...operator, accounts: accountsOf(vcenter) },
      say: telling,
      interrupted: around.interrupted,
      mode: operator.mode,
      registering: openRegistering({ plan, config, vcenter, context: look.context, yes }, around),
      ...(deadline === undefined ? {} : { deadline }),
    });
  } catch (error) {
    if (!(error instanceof JournalLost)) throw error;
    const { words, code } = underway.now.leaving();
    out.fail({ ...failureOf(error.problem), remedy: `${error.problem.remedy} ${words}` });
    return code === EXIT.interrupted ? EXIT.takenBack : code;
  } finally {
    delete underway.now;
  }
  const { run, path } = journal;
  out.write(renderRunEnd({ end, run, journal: path, plan, ...toldBy(plan, journal.entries) }, options.output));
  return exitCodeOf(end, operator.mode, journal.entries);
}

/** Answers that are a no to the run as a whole, when they come before it did anything. */
const NO: readonly Problem['code'][] = [
  'another-run',
  'host-key-mismatch',
  'host-key-unknown',
  'host-key-revoked',
  'tls-not-trusted',
  'login-refused',
  'not-configured',
  'secret-unavailable',
  'secret-unusable',
];

/** 0 done, 4 taken back (0 where that was the wish, 130 where Ctrl-C was the reason, 6 where it was refused), 7 but for what is gone, 5 left changed. */
function exitCodeOf(
  { result, interrupted, problem }: RunEnd,
  mode: RunOperator['mode'],
  entries: readonly JournalEntry[],
): ExitCode {
  switch (result) {
    case 'done':
      return EXIT.clean;
    case 'taken-back': {
      const isUntouched = !entries.some(({ event }) => event === 'intent');
      if (problem !== undefined && (problem.code === 'another-run' || (isUntouched && NO.includes(problem.code))))
        return EXIT.refused;
      return mode === 'revert' ? EXIT.clean : interrupted ? EXIT.interrupted : EXIT.takenBack;
    }
    case 'removed-and-taken-back':
      return EXIT.registrationGone;
    case 'left-changed':
      return EXIT.leftChanged;
  }
}

const accountsOf = ({ username, ssh }: VcenterConfig): string =>
  [username, ssh === undefined ? undefined : `${ssh.username ?? 'root'} on the appliance`].filter(Boolean).join(', ');

/** What the first connection of the run showed. */
const hostKeyOf = (entries: readonly JournalEntry[]): string | undefined =>
  entries.find((entry) => entry.event === 'appliance')?.facts.hostKey;

function underwayOf(journal: FileJournal, plan: CleanupPlan, { timing, clock }: Surroundings): Underway {
  const vcenter = plan.vcenter.id;
  return {
    stopping() {
      const { entries } = journal;
      const then = `Ctrl-C again leaves at once${mayWatch(toldBy(plan, entries)) ? `; then ${vcenter} takes itself back` : ''}.`;
      const step11 = plan.steps.some(({ kind }) => kind === 're-register') ? ', but for registering again' : '';
      return summarize(entries, false).removals.every(({ gone }) => gone)
        ? `interrupted: the registrations are gone, so the way on is the way back: the run goes to its end${step11}, which may take some minutes. ${then}`
        : `interrupted: the step in hand comes to its end, then everything is taken back, which may take some minutes. ${then}`;
    },
    leaving() {
      const told = toldBy(plan, journal.entries);
      const summary = summarize(journal.entries, false);
      const by = new Date(clock.now().getTime() + selfRevertMs(timing)).toISOString().slice(11, 19);
      const isWatched = mayWatch(told);
      if (summary.at === 'A' || !isWatched) {
        const gone = summary.removals.filter((one) => one.gone).map(({ name }) => name);
        const open = [
          ...openRemovals(told).map((name) => `the removal of ${name} was asked for`),
          ...[...openRegistrations(told).values()].map((name) => `registering ${name} again was asked for`),
        ];
        const isOver = !isWatched && readRun(plan, journal.entries).wasArmed;
        const what = gone.length === 0 ? `on ${vcenter}` : 'else';
        const did = [
          ...(gone.length === 0 ? [] : [`removed ${gone.join(', ')} from ${vcenter}`]),
          isOver ? `left nothing ${what} otherwise than it has to be` : `changed nothing ${what} yet`,
        ];
        const words = [
          `left at once. The run ${journal.run} has ${did.join(', and ')}`,
          ...(open.length === 0 ? [] : [`but ${open.join(', and ')}, and nothing tells what came of it`]),
          ...(isWatched ? [`what watches over it there ends by itself by ${by} UTC`] : []),
        ].join('; ');
        const next = open.length === 0 ? '' : ` \`vasatrust runs show ${journal.run}\` says what asks SMS.`;
        return {
          words: `${words}.${next}`,
          code: open.length > 0 ? EXIT.leftChanged : gone.length === 0 ? EXIT.interrupted : EXIT.registrationGone,
        };
      }
      return { words: leftWords(vcenter, journal.run, by), code: EXIT.leftChanged };
    },
  };
}

/** The journal of a run of this plan, for whoever tells of it. */
export const toldBy = (plan: CleanupPlan, entries: readonly JournalEntry[]): Told => ({
  entries,
  steps: knownSteps(plan, readRun(plan, entries)),
});

const leftWords = (vcenter: string, run: RunId, by: string): string =>
  `left at once. ${vcenter} begins to take itself back by ${by} UTC: route and file at once, SPS by one restart where that is needed. Then see \`vasatrust runs show ${run}\`, and end the run with \`runs resume\` or \`runs revert\`.`;

/** When the appliance has noticed that nobody is there, at the latest. */
export const selfRevertMs = ({ leaseMs, guardMs }: Timing): number => leaseMs + guardMs;
