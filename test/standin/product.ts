import { open } from 'node:fs/promises';
import { runProcess } from '../../src/cli/run-process.js';
import type { JournalEntry } from '../../src/model/run.js';
import { standinTiming } from './timing.js';

// The command as it is published, but for the length of its waits; and it can be told to stop (SIGSTOP) behind a line of its journal.
const { STANDIN_SECOND_MS: second, STANDIN_STOP_AT: stopAt, ...env } = process.env;
process.env = env;
if (stopAt !== undefined) await stopBehind(stopAt);
process.exitCode = await runProcess(process, { timing: standinTiming(Number(second)) });
process.stdout.write('', () => process.stderr.write('', () => process.exit()));

/**
 * @param point `intent:KIND` or `outcome:KIND`, the kind of a step; the first such line counts. The line is on disk when the process stops,
 * and nothing of what follows it has been done.
 */
async function stopBehind(point: string): Promise<void> {
  const some = await open('/dev/null');
  const files = Object.getPrototypeOf(some) as { appendFile: typeof some.appendFile; sync: typeof some.sync };
  await some.close();
  const { appendFile, sync } = files;
  const kinds = new Map<string, string>();
  let armed = false;
  let over = false;
  files.appendFile = function (...args) {
    const entry = JSON.parse(String(args[0])) as JournalEntry;
    if (entry.event === 'begin')
      for (const { id, kind } of [...entry.plan.steps, ...entry.plan.ifOneSurvives]) kinds.set(id, kind);
    const isStep = entry.event === 'intent' || entry.event === 'outcome';
    armed = !over && isStep && entry.action === 'apply' && `${entry.event}:${kinds.get(entry.step)}` === point;
    return appendFile.apply(this, args);
  };
  files.sync = async function () {
    await sync.apply(this);
    if (!armed) return;
    [armed, over] = [false, true];
    process.kill(process.pid, 'SIGSTOP');
  };
}
