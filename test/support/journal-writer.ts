/** Writes a journal line by line as fast as it can, and says which line is on disk; to be killed. `FOLDER RUN` */
import { createJournal } from '../../src/execute/journal/journal-file.js';
import { stateFolder } from '../../src/execute/journal/state-folder.js';
import type { RunId } from '../../src/model/run.js';
import { SAMPLE_BEGIN } from './sample-journal.js';

const [folder = '', run = ''] = process.argv.slice(2);
const journal = await createJournal(stateFolder({ XDG_STATE_HOME: folder }), run as RunId, {
  now: () => new Date(),
  secrets: () => [],
});
if (!journal.ok) throw new Error(journal.error.summary);
for (let line = 0; line < 100_000; line += 1) {
  await journal.value.append(line === 0 ? SAMPLE_BEGIN : { event: 'saw', what: 'self-revert', text: 'x'.repeat(500) });
  process.stdout.write(`${line}\n`);
}
