import { runProcess } from '../../src/cli/run-process.js';
import { standinTiming } from './timing.js';

// The command as it is published, but for the length of its waits.
const { STANDIN_SECOND_MS: second, ...env } = process.env;
process.env = env;
process.exitCode = await runProcess(process, { timing: standinTiming(Number(second)) });
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
