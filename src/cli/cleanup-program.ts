import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from './exit-codes.js';
import type { GlobalOptions, Surroundings } from './surroundings.js';

/** `cleanup` and `doctor`. */
export function addCleanupCommands(program: Command, around: Surroundings, done: (code: ExitCode) => void): void {
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  const list = (word: string, words: string[] = []): string[] => [...words, word];

  program
    .command('cleanup')
    .description(
      'how stale registrations are removed from a vCenter, and everything taken back: every command, its check and its undo. Changes nothing.',
    )
    .argument('<vcenter>', 'id or address of a vCenter of the estate')
    .option('--provider <which>', 'uid, URL or registered name')
    .option('--all-stale', 'every stale registration there')
    .option('--dry-run', 'show every command; only reads')
    .addOption(new Option('--runbook <format>', 'the same as a procedure to do by hand, filled in').choices(['md']))
    .option('--accept <code[:name]>', 'go on in spite of this refusal (repeatable)', list)
    .option('--original-retry <number>', 'what retryAttempt was before somebody changed it', wholeNumber)
    .option('--second-look <seconds>', 'stale is looked at twice, so long apart', wholeNumber, 60)
    .option('--one-at-a-time', 'one registration after the other, each with restarts of its own')
    .option('--evidence <file>', 'go by saved evidence; connect to nothing')
    .action(async (vcenter: string, options) => {
      const { cleanupCommand } = await import('./commands/cleanup.js');
      done(await cleanupCommand(vcenter, { ...globals(), ...options }, around));
    });

  program
    .command('doctor')
    .description(
      'are logins, pins, shells, tools, paths and formats what vasatrust assumes? Only reads; ends in a report. Changes nothing.',
    )
    .argument('[vcenters...]', 'ids or addresses; all of the estate where none is given')
    .option('--scrub', 'take names and addresses out of the report, so that it can be sent to anybody')
    .action(async (vcenters: string[], options) => {
      const { doctorCommand } = await import('./commands/doctor.js');
      done(await doctorCommand(vcenters, { ...globals(), ...options }, around));
    });
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number.');
  return Number(text);
}
