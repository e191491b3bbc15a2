#!/usr/bin/env node
// Imports nothing at the top: asking for the version must cost no more than starting Node.
declare const VASATRUST_VERSION: string;

const [first, ...rest] = process.argv.slice(2);
if (rest.length === 0 && (first === '--version' || first === '-V')) process.stdout.write(`${VASATRUST_VERSION}\n`);
else void main();

/** The only place that sets the exit code. */
async function main(): Promise<void> {
  const { runProcess } = await import('./run-process.js');
  process.exitCode = await runProcess(process);
  // Sockets that a peer keeps open must not keep us; what was written is delivered first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

export {};
