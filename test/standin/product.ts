import { runProcess } from '../../src/cli/run-process.js';

process.exitCode = await runProcess(process);
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
