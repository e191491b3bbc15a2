import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLab } from '../../lab/start-lab.js';
import type { Timing } from '../../model/timing.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';
import type { Output } from '../terminal.js';
import { thisCommand } from '../this-command.js';
import { auditCommand } from './audit.js';
import { cleanupCommand } from './cleanup.js';

/** A second of the published procedure lasts so long here, in the tool and in the simulated service alike. */
const SECOND_MS = 10;
const SPS = {
  spsStopMs: 10 * SECOND_MS,
  spsStartMs: 40 * SECOND_MS,
  pollMs: 10 * SECOND_MS,
  taskMs: 5,
  retrySecondMs: SECOND_MS,
};
const hurried = (timing: Timing): Timing => ({ ...timing, secondMs: SECOND_MS, leaseMs: 6_000, renewMs: 1_000, guardMs: 1_000 });
const LOSER = 'vc65';
const ACCEPTED = ['dependents-running', 'backup-unconfirmed'];

/**
 * The demonstration: the lab's `clash` on this machine, audited and cleaned up by the very commands a user types, through TLS, SOAP, REST
 * and SSH. Its exit code says whether the demonstration worked; the audit's own would be 1, and is said.
 */
export async function startCommand(options: GlobalOptions, around: Surroundings): Promise<ExitCode> {
  const { say } = around.out;
  say(
    'A demonstration: two simulated vCenters (6.5 and 6.7) share one array, and the second registration has thrown out the first.',
  );
  const lab = await startLab('clash', { timing: SPS });
  const folder = await mkdtemp(join(tmpdir(), 'vasatrust-start-'));
  try {
    const file = join(folder, 'estate.yaml');
    await writeFile(file, lab.estateYaml(), { mode: 0o600 });
    const env = { ...around.env, ...lab.env, XDG_STATE_HOME: folder, LOCALAPPDATA: folder };
    const stage: Stage = {
      options: { ...options, file },
      around: { ...around, env, timing: hurried(around.timing) },
    };
    return await play(stage);
  } finally {
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly options: GlobalOptions;
  readonly around: Surroundings;
}

async function play({ options, around }: Stage): Promise<ExitCode> {
  const { say } = around.out;
  say('$ vasatrust audit');
  const code = await auditCommand(options, around);
  if (code !== EXIT.findings) return code;
  say(`This audit ends with exit code ${code}.`);

  const wish = { ...options, allStale: true, accept: ACCEPTED, secondLook: 60 };
  const typed = `vasatrust cleanup ${LOSER} --all-stale ${ACCEPTED.map((one) => `--accept ${one}`).join(' ')}`;
  say('');
  say(
    `The dead registrations of ${LOSER} cannot be removed in its client. How they can be (a second lasts ${SECOND_MS} ms here):`,
  );
  say(`$ ${typed} --dry-run`);
  const planned = captured(around);
  const shown = await cleanupCommand(LOSER, { ...wish, progress: false, dryRun: true, output: 'json' }, planned.around);
  if (shown !== EXIT.clean) return shown;
  for (const line of stepLines(planned.text())) around.out.write(`${line}\n`);

  say('');
  say(`$ ${typed} --yes`);
  const cleaned = await cleanupCommand(LOSER, { ...wish, yes: true }, withoutLooks(around));
  if (cleaned !== EXIT.clean) return cleaned;

  say('');
  say('$ vasatrust audit');
  const again = captured(around);
  const after = await auditCommand({ ...options, progress: false, output: 'table' }, again.around);
  const findings = again
    .text()
    .split('\n')
    .filter((line) => /^(error|warning|notice|\d+ errors?,) /.test(line));
  for (const line of findings) around.out.write(`${line}\n`);
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (findings.some((line) => line.includes('stale-registration')))
    throw new Error('the demonstration removed the registrations, and the audit still sees them');

  say('');
  say(`Nothing of it is left on this machine (exit code of that audit: ${after}). For an estate of your own: write estate.yaml`);
  say('(see examples/), then vasatrust audit. A cleanup asks before it does anything.');
  const command = thisCommand(process.argv, process.cwd());
  if (command !== 'vasatrust') say(`Until it is installed (npm link), type ${command} for vasatrust.`);
  return EXIT.clean;
}

/** The steps are the story here; which source is looked at was told by the audit. */
const withoutLooks = (around: Surroundings): Surroundings => ({
  ...around,
  out: { ...around.out, stderr: { ...(around.out.stderr.isTTY === true && { isTTY: true }), write: () => {} } },
});

/** The same command, its result kept back. */
function captured(around: Surroundings): { readonly around: Surroundings; text(): string } {
  let text = '';
  const out: Output = {
    ...around.out,
    write: (more) => {
      text += more;
    },
    say: () => {},
  };
  return { around: { ...around, out }, text: () => text };
}

/** A dry run in as many lines as it has steps. */
function stepLines(json: string): string[] {
  const { steps } = JSON.parse(json) as {
    steps: readonly { number?: number; title: string; do: readonly { argv?: readonly string[] }[] }[];
  };
  return steps.map(({ number, title, do: acts }) => {
    const commands = acts.flatMap(({ argv }) => (argv === undefined ? [] : [argv.join(' ')]));
    const command = commands.find((one) => !/^\/bin\/(mkdir|cp|chmod) /.test(one)) ?? commands[0];
    const more = acts.length > 1 ? ' …' : '';
    return `${(number === undefined ? '-' : String(number)).padStart(4)}  ${title}${command === undefined ? '' : `   ${command}${more}`}`;
  });
}
