import { Command, Option } from 'commander';
import { addCaCommands } from './ca-program.js';
import { addCleanupCommands } from './cleanup-program.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { addPlanCommands } from './plan-program.js';
import type { GlobalOptions, Surroundings } from './surroundings.js';
import type { TextStream } from './terminal.js';
import { VERSION } from './version.js';

/** The command line. Commands are loaded when they are called, so that help costs next to nothing. */
export function buildProgram(
  around: Surroundings,
  streams: { stdout: TextStream; stderr: TextStream },
  done: (code: ExitCode) => void,
): Command {
  const program = new Command('vasatrust')
    .description(
      "Sees what every vCenter Server presents to a shared VASA provider, says who holds the provider's trust and who lost it, and proves it.",
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addOption(new Option('-f, --file <file>', 'the estate to look at (./estate.yaml where not given)'))
    .addOption(new Option('-o, --output <format>', 'how to print the result').choices(['table', 'json', 'md']).default('table'))
    .option('--no-progress', 'say nothing while looking')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false, helpWidth: streams.stdout.columns ?? 100 })
    .configureOutput({ writeOut: (text) => void streams.stdout.write(text), writeErr: () => {} })
    .exitOverride()
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .addHelpText('after', EXIT_CODES);
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();

  program
    .command('audit')
    .description(
      'look at every vCenter and provider, and judge: who holds the trust, who lost it, what depends on it. Changes nothing.',
    )
    .option('--save-evidence <file>', 'keep what was seen in a file (mode 0600; a file of that name is replaced)')
    .option('--evidence <file>', 'judge saved evidence; connect to nothing')
    .action(async (options: { saveEvidence?: string; evidence?: string }) => {
      const { auditCommand } = await import('./commands/audit.js');
      done(await auditCommand({ ...globals(), ...options }, around));
    });

  program
    .command('diagnose')
    .description('say from sps.log what happened: which removals failed, why, since when, and what to do. Contacts nothing.')
    .argument('[files...]', 'logs, .gz, folders, support bundles (.tgz, .zip); - is stdin')
    .option('--evidence <file>', 'saved evidence: names providers and vCenters, and adds what an audit saw')
    .action(async (files: string[], options: { evidence?: string }) => {
      const { diagnoseCommand } = await import('./commands/diagnose.js');
      done(await diagnoseCommand(files, { ...globals(), ...options }, around));
    });

  program
    .command('explain')
    .description('what a finding means, how it is proven and what to do; without a code, the list')
    .argument('[code]', 'code of a finding, as in trust-lost')
    .action(async (code: string | undefined) => {
      const { explainCommand } = await import('./commands/explain.js');
      done(explainCommand(code, globals(), around));
    });

  addPlanCommands(program, around, done);
  addCaCommands(program, around, done);
  addCleanupCommands(program, around, done);

  const lab = program.command('lab').description('a simulated estate on this machine, to try vasatrust on').helpCommand(false);
  lab
    .command('up')
    .description('start a scenario, write an estate.yaml for it and run until Ctrl-C')
    .argument('[scenario]', 'see `vasatrust lab list`', 'clash')
    .argument('[count]', 'how many vCenters, for the scenario estate-of')
    .action(async (scenario: string, count: string | undefined) => {
      const { labUpCommand } = await import('./commands/lab.js');
      done(await labUpCommand(scenario, count, globals(), around));
    });
  lab
    .command('list')
    .description('the scenarios')
    .action(async () => {
      const { labListCommand } = await import('./commands/lab.js');
      done(labListCommand(globals(), around));
    });

  program
    .command('start', { hidden: true })
    .description('the demonstration: audit and clean up the scenario `clash` of the lab')
    .action(async () => {
      const { startCommand } = await import('./commands/start.js');
      done(await startCommand(globals(), around));
    });

  for (const command of [program, ...program.commands, ...lab.commands]) command.exitOverride();
  return program;
}

const EXIT_CODES = `
Results go to stdout, everything else to stderr.
Exit codes: ${EXIT.clean} clean · ${EXIT.findings} a finding of severity error · ${EXIT.usage} bad usage or config · ${EXIT.gaps} the evidence has gaps
            ${EXIT.takenBack} a step failed, all was taken back · ${EXIT.leftChanged} something is left changed: operator needed
            ${EXIT.refused} refused, nothing changed · ${EXIT.registrationGone} a registration is gone, the rest was taken back
            ${EXIT.bug} a bug of vasatrust · ${EXIT.interrupted} interrupted`;
