/** The command as it is published, but with the waits of the lab: for tests that kill it. `SECOND_MS ARGS…` */
import { runProcess } from '../../src/cli/run-process.js';
import { labTiming } from './run-cli.js';

const [secondMs] = process.argv.splice(2, 1);
process.exitCode = await runProcess(process, { timing: labTiming(Number(secondMs)) });
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
