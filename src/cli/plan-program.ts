import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.js';
import type { GlobalOptions, Surroundings } from './surroundings.js';

/** `plan recommend`, `plan external-ca`, `plan show`, `plan diff`, `plan check`, and `check-registration`. */
export function addPlanCommands(program: Command, around: Surroundings, done: (code: ExitCode) => void): void {
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  const list = (word: string, words: string[] = []): string[] => [...words, word];
  const EVIDENCE = ['--evidence <file>', 'go by saved evidence; connect to nothing'] as const;
  const PROVIDER = ['--provider <which>', 'array id, provider id, URL, uid or registered name (repeatable)', list] as const;

  const plan = program.command('plan').description('what to do, in an order that hurts nobody. Carries nothing out.');
  plan
    .command('recommend')
    .description('which way out fits each array and why, and why not the others. Changes nothing.')
    .option(...PROVIDER)
    .option(...EVIDENCE)
    .action(async (options) => {
      const { planRecommendCommand } = await import('./commands/plan.js');
      done(await planRecommendCommand({ ...globals(), ...options }, around));
    });
  plan
    .command('external-ca')
    .description('a plan to one certificate that every vCenter accepts; without --provider for every provider in a clash')
    .option(...PROVIDER)
    .option('--ca <file>', 'issuing CA, what is above it, and its root, in PEM (externalCa in estate.yaml where not given)')
    .requiredOption('--out <file>', 'the plan file (mode 0600; a file of that name is replaced)')
    .option('--accept <code[:name]>', 'plan in spite of this refusal (repeatable)', list)
    .option(...EVIDENCE)
    .action(async (options) => {
      const { planExternalCaCommand } = await import('./commands/plan.js');
      done(await planExternalCaCommand({ ...globals(), ...options }, around));
    });
  plan
    .command('show')
    .description('a saved plan: a table, JSON, or with -o md the runbook to work through')
    .argument('<plan>', 'file written by `vasatrust plan external-ca`')
    .action(async (file: string) => {
      const { planShowCommand } = await import('./commands/plan-file.js');
      done(await planShowCommand(file, globals(), around));
    });
  plan
    .command('diff')
    .description('what differs between two saved plans')
    .argument('<older>')
    .argument('<newer>')
    .action(async (older: string, newer: string) => {
      const { planDiffCommand } = await import('./commands/plan-file.js');
      done(await planDiffCommand(older, newer, globals(), around));
    });
  plan
    .command('check')
    .description('which of the facts a plan rests on have changed since. Changes nothing.')
    .argument('<plan>', 'file written by `vasatrust plan external-ca`')
    .option(...EVIDENCE)
    .action(async (file: string, options) => {
      const { planCheckCommand } = await import('./commands/plan-file.js');
      done(await planCheckCommand(file, { ...globals(), ...options }, around));
    });

  program
    .command('check-registration')
    .description(
      'would registering a provider in this vCenter hurt another one? Exit code 0 no, 1 yes, 3 cannot tell. Changes nothing.',
    )
    .argument('<vcenter>', 'id or address of a vCenter of the estate')
    .requiredOption('--provider <url>', 'URL of the provider (or its id, uid or registered name)')
    .option(...EVIDENCE)
    .action(async (vcenter: string, options) => {
      const { checkRegistrationCommand } = await import('./commands/check-registration.js');
      done(await checkRegistrationCommand(vcenter, { ...globals(), ...options }, around));
    });
}
