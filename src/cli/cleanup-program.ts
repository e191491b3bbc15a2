import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from './exit-codes.js';
import type { GlobalOptions, Surroundings } from './surroundings.js';

/** `cleanup`, `runs` and `doctor`. */
export function addCleanupCommands(program: Command, around: Surroundings, done: (code: ExitCode) => void): void {
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  const list = (word: string, words: string[] = []): string[] => [...words, word];

  program
    .command('cleanup')
    .description(
      'remove stale registrations from a vCenter, and leave nothing else behind. Asks first; with --dry-run or --runbook it only shows how.',
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
    .option('--first-reconnect', 'before anything is removed, have SMS reconnect what is disconnected and trusted there')
    .option('--re-register', 'step 11: register again what was removed, where that takes it from nobody')
    .option('--deadline <HH:MM>', "begin no step that could not be finished or taken back by then (this machine's time)")
    .option('--yes', "answer every question with yes: the vCenter's name, and that a certificate is the one that was seen")
    .option('--evidence <file>', 'go by saved evidence; connect to nothing')
    .action(async (vcenter: string, options) => {
      const { cleanupCommand } = await import('./commands/cleanup.js');
      done(await cleanupCommand(vcenter, { ...globals(), ...options }, around));
    });

  const runs = program
    .command('runs')
    .description('every cleanup on this machine: what it did, and how an interrupted one is brought to an end')
    .helpCommand(false);
  runs
    .command('list')
    .description('every run, newest first')
    .action(async () => {
      const { runsListCommand } = await import('./commands/runs.js');
      done(await runsListCommand(globals(), around));
    });
  runs
    .command('show')
    .description('what was done, by whom, when, what is left, and what to do')
    .argument('<id>', 'of `runs list`, or a part of it that fits one run')
    .action(async (id: string) => {
      const { runsShowCommand } = await import('./commands/runs.js');
      done(await runsShowCommand(id, globals(), around));
    });
  for (const [mode, about] of [
    ['resume', 'go on with an interrupted run: looks where it stands, and removes what it was to remove'],
    ['revert', 'take an interrupted run back, but for registrations that are gone'],
  ] as const)
    runs
      .command(mode)
      .description(about)
      .argument('<id>', 'of `runs list`, or a part of it that fits one run')
      .option('--deadline <HH:MM>', "begin no step that could not be finished or taken back by then (this machine's time)")
      .option('--accept <another-run:host>', 'go on though the lock is of another machine (repeatable)', list)
      .option('--dry-run', 'show what it would come to, by the journal alone; connect to nothing')
      .option('--yes', "answer every question with yes: the vCenter's name, and that a certificate is the one that was seen")
      .action(async (id: string, options) => {
        const { runsContinueCommand } = await import('./commands/runs-continue.js');
        done(await runsContinueCommand(mode, id, { ...globals(), ...options }, around));
      });
  for (const command of runs.commands) command.exitOverride();

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
