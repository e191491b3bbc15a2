import { stateFolder } from '../../execute/journal/state-folder.js';
import { knownSteps, readRun } from '../../execute/run-state.js';
import type { CleanupPlan } from '../../model/cleanup-plan.js';
import { renderRun, renderRuns, type ShownRun } from '../../report/render-runs.js';
import { selfRevertMs } from '../carry-out.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { findRun, type KnownRun, knownRuns } from '../local-runs.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';

/** Every run of this machine's journals, newest first. */
export async function runsListCommand(options: GlobalOptions, { out, env }: Surroundings): Promise<ExitCode> {
  const known = await knownRuns(stateFolder(env));
  if (!known.ok) {
    out.fail(known.error);
    return EXIT.usage;
  }
  const { runs, damaged } = known.value;
  out.write(
    renderRuns(
      runs.map(({ summary }) => summary),
      options.output,
      out.width,
    ),
  );
  for (const { problem } of damaged) out.say(`error  ${problem.summary}. ${problem.remedy}`);
  return damaged.length > 0 ? EXIT.gaps : EXIT.clean;
}

/** One run for somebody who was not there. */
export async function runsShowCommand(wanted: string, options: GlobalOptions, { out, env }: Surroundings): Promise<ExitCode> {
  const run = await findRun(stateFolder(env), wanted);
  if (!run.ok) {
    out.fail(run.error);
    return EXIT.usage;
  }
  const shown = shownRun(run.value);
  if (shown === undefined) throw new Error('a journal without a beginning was read');
  out.write(renderRun(shown, options.output));
  return EXIT.clean;
}

export function planOf({ entries: [begin] }: Pick<KnownRun, 'entries'>): CleanupPlan | undefined {
  return begin?.event === 'begin' ? begin.plan : undefined;
}

function shownRun(run: KnownRun): ShownRun | undefined {
  const { entries, summary, path, torn } = run;
  const [begin] = entries;
  if (begin?.event !== 'begin') return undefined;
  const { plan, timing } = begin;
  return {
    summary,
    plan,
    entries,
    torn,
    journal: path,
    steps: knownSteps(plan, readRun(plan, entries)),
    selfRevertSeconds: Math.ceil(selfRevertMs(timing) / 1000),
  };
}
