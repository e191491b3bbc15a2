import type { Program } from './appliance-program.js';
import { Shell } from './appliance-shell.js';
import { noteBug } from './appliance-shell-programs.js';
import { type Descriptor, NOTHING, type Output } from './appliance-streams.js';
import type { Runner } from './systemd.js';
import type { LabVcenter, LabWorld } from './world.js';

const MAX_JOURNAL = 2_000;
const journals = new WeakMap<LabVcenter, string[]>();

/** What services and cron jobs printed, line by line; the oldest lines are dropped. */
export function journalOf(vcenter: LabVcenter): string[] {
  const journal = journals.get(vcenter) ?? [];
  journals.set(vcenter, journal);
  return journal;
}

/** Runs what systemd and cron start: in `/`, without input, its output in the journal. 203: there is no such program. */
export function daemonRunner(world: LabWorld, vcenter: LabVcenter, programs: ReadonlyMap<string, Program>): Runner {
  return async (process, argv, environment) => {
    const journal = journalOf(vcenter);
    const output: Output = {
      write(bytes) {
        journal.push(...bytes.toString().replace(/\n$/, '').split('\n'));
        if (journal.length > MAX_JOURNAL) journal.splice(0, journal.length - MAX_JOURNAL);
        return undefined;
      },
    };
    const both: Descriptor = { output };
    const descriptors = new Map<number, Descriptor>([
      [0, { input: NOTHING }],
      [1, both],
      [2, both],
    ]);
    const shell = new Shell({ world, vcenter, programs, process, environment }, descriptors);
    shell.cwd = '/';
    if (!shell.findProgram(argv[0] ?? '') && !shell.files.read(argv[0] ?? '')) return 203;
    try {
      return await shell.runArguments(argv);
    } catch (bug) {
      noteBug(world, vcenter, bug);
      return 255;
    }
  };
}
