/**
 * Takes the lock of vc65 when it is told to by a line on stdin, says whether it got it, and holds it until stdin ends. `FOLDER HOST [replace]`
 */
import { createInterface } from 'node:readline';
import { takeLock } from '../../src/execute/journal/lock-file.js';
import { stateFolder } from '../../src/execute/journal/state-folder.js';
import type { RunId } from '../../src/model/run.js';

const [folder = '', host = '', replace] = process.argv.slice(2);
const operator = { mode: 'run', user: 'test', host, pid: process.pid, madeBy: 'test' } as const;
const lines = createInterface({ input: process.stdin });
process.stdout.write('ready\n');
lines.once('line', async () => {
  const who = { run: `20261122T201500Z-vc65-${process.pid}` as RunId, operator, now: new Date() };
  const answer = await takeLock(stateFolder({ XDG_STATE_HOME: folder }), 'vc65', who, () => replace === 'replace');
  process.stdout.write(`${answer.kind}\n`);
  lines.on('close', async () => {
    if (answer.kind === 'locked') await answer.lock.release();
    process.exit(0);
  });
});
