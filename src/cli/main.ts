#!/usr/bin/env node
import { EXIT, type ExitCode } from './exit-codes.js';
import { VERSION } from './version.js';

/** The command. Nothing but this file reads the process's arguments, handles its signals or sets its exit code. */
async function main(): Promise<ExitCode> {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${VERSION}\n`);
    return EXIT.clean;
  }
  const { run } = await import('./run.js');
  const stopping = new AbortController();
  const interrupt = () => {
    if (stopping.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write('interrupted: stopping at a safe point (again to leave at once)\n');
    stopping.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const { env, stdout, stderr } = process;
  return run({ argv, env, cwd: process.cwd(), stdout, stderr, interrupted: stopping.signal });
}

// Whoever reads us may stop reading (`| head`): that is no fault, and the exit code still says what was found.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
process.on('uncaughtException', (error) => {
  process.stderr.write(
    `error  vasatrust failed by a fault of its own. Please report it with these lines:\n${error.stack ?? error}\n`,
  );
  process.exit(EXIT.bug);
});

process.exitCode = await main();
// Sockets that a peer keeps open must not keep us; what was written is delivered first.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
