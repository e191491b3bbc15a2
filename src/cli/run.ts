import { CommanderError } from 'commander';
import type { Clock } from '../execute/ports.js';
import { systemClock } from '../execute/system-clock.js';
import { DEFAULT_TIMING, type Timing } from '../model/timing.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { buildProgram } from './program.js';
import type { Asking, Surroundings } from './surroundings.js';
import { type Failure, type Output, openOutput, type TextStream } from './terminal.js';

export interface World {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly interrupted: AbortSignal;
  /** Shared with whoever handles signals. */
  readonly underway?: Surroundings['underway'];
  readonly asking?: Asking;
  readonly timing?: Timing;
  readonly clock?: Clock;
}

/** How long an interrupted command may take to reach a safe point: sessions are logged out, files are finished. */
const SAFE_POINT_MS = 2_000;

/** Parses, runs one command, and returns the exit code; a bug is told on stderr with its stack. */
export async function run(world: World): Promise<ExitCode> {
  const out = openOutput(world, world.env, wantsJson(world.argv));
  const underway = world.underway ?? {};
  try {
    return await Promise.race([runCommand({ ...world, underway }, out), interruption(world.interrupted, underway)]);
  } catch (error) {
    return tellBug(error, out, underway);
  }
}

function tellBug(error: unknown, out: Output, { now }: Surroundings['underway']): ExitCode {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  out.fail({
    code: 'bug',
    summary: 'vasatrust failed by a fault of its own',
    remedy: `Please report it with the lines above; ${now === undefined ? 'nothing was changed in the estate.' : now.leaving().words}`,
    lines: [
      'vasatrust failed by a fault of its own. Please report it with these lines:',
      ...stack.split('\n').slice(0, 30),
      ...(now === undefined ? [] : [now.leaving().words]),
    ],
  });
  return EXIT.bug;
}

async function runCommand(world: World & Pick<Surroundings, 'underway'>, out: Output): Promise<ExitCode> {
  let code: ExitCode = EXIT.clean;
  const { env, cwd, interrupted, underway, asking, timing = DEFAULT_TIMING, clock = systemClock } = world;
  const around: Surroundings = {
    out,
    env,
    cwd,
    interrupted,
    underway,
    timing,
    clock,
    ...(asking === undefined ? {} : { asking }),
  };
  const program = buildProgram(around, world, (result) => {
    code = result;
  });
  if (world.argv.length === 0) {
    out.fail({ ...COMMAND_MISSING, lines: ['a command is missing.', ''] });
    world.stderr.write(program.helpInformation());
    return EXIT.usage;
  }
  try {
    await program.parseAsync([...world.argv], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.clean; // --help, --version
    out.fail(usageFailure(error));
    return EXIT.usage;
  }
}

const COMMAND_MISSING: Failure = { code: 'usage', summary: 'a command is missing', remedy: 'Run vasatrust --help for the list.' };

/** Commander's words, with its suggestion as the remedy where it has one. */
function usageFailure(error: CommanderError): Failure {
  if (error.code === 'commander.help') {
    return COMMAND_MISSING;
  }
  const [summary = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const remedy = suggestion ? suggestion.replace(/^\(|\)$/g, '') : 'Run vasatrust --help for what there is.';
  return { code: 'usage', summary, remedy };
}

/** Ctrl-C: the command gets time to stop by itself, then we leave; unless it has something to take back, which takes as long as it takes. */
function interruption(signal: AbortSignal, underway: Surroundings['underway']): Promise<ExitCode> {
  return new Promise((resolve) => {
    const late = () => underway.now === undefined && resolve(EXIT.interrupted);
    const leave = () => setTimeout(late, SAFE_POINT_MS).unref();
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}

/** Whether JSON was asked for, also where the rest of the line is wrong. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some((word, i) => {
    if (word === '-o' || word === '--output') return argv[i + 1] === 'json';
    return word === '-ojson' || word === '--output=json';
  });
}
