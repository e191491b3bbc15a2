import { openAsking } from './asking.js';
import { EXIT, type ExitCode, exitCodeFor } from './exit-codes.js';
import { run, type World } from './run.js';
import type { Surroundings } from './surroundings.js';

/**
 * One run of the command in a real process: its arguments, streams and signals. The caller sets the exit code.
 * @param scaled other times than the product's own, for tests
 */
export async function runProcess(process: NodeJS.Process, scaled: Pick<World, 'timing' | 'clock'> = {}): Promise<ExitCode> {
  const { env, stdin, stdout, stderr } = process;
  const underway: Surroundings['underway'] = {};
  let lost: string | undefined;
  // Whoever reads us may stop reading (`| head`): that is no fault, and the exit code still says what was found.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return;
      if (stream === stderr || lost !== undefined) return;
      lost = error.code ?? error.message;
      stderr.write(`error  the result could not be written (${lost}).\n  Check that what stdout leads to has room.\n`);
    });
  }
  process.on('uncaughtException', (error) => {
    stderr.write(`error  vasatrust failed by a fault of its own. Please report it with these lines:\n${error.stack ?? error}\n`);
    if (underway.now !== undefined) stderr.write(`${underway.now.leaving().words}\n`);
    process.exit(EXIT.bug);
  });
  const stopping = new AbortController();
  const interrupt = () => {
    const { now } = underway;
    if (stopping.signal.aborted) {
      const leaving = now?.leaving();
      if (leaving !== undefined) stderr.write(`${leaving.words}\n`);
      process.exit(leaving?.code ?? EXIT.interrupted);
    }
    stopping.abort();
    stderr.write(`${now?.stopping() ?? 'interrupted: stopping at a safe point (again to leave at once)'}\n`);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // The terminal was closed: sessions and files are cleared up all the same.
  process.on('SIGHUP', interrupt);
  const asking = openAsking(stdin, stderr, stopping.signal);
  const code = await run({
    argv: process.argv.slice(2),
    env,
    cwd: process.cwd(),
    stdout,
    stderr,
    interrupted: stopping.signal,
    underway,
    ...(asking === undefined ? {} : { asking }),
    ...scaled,
  });
  // A failed write is told a little later than it happens.
  await new Promise((resolve) => setImmediate(resolve));
  // What has to be known about a run is worth more than that it could not be read.
  return lost === undefined ? code : exitCodeFor([code, EXIT.usage]);
}
