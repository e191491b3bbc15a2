import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.js';
import type { GlobalOptions, Surroundings } from './surroundings.js';

/** `ca csr`, `ca check`, `ca import`. */
export function addCaCommands(program: Command, around: Surroundings, done: (code: ExitCode) => void): void {
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  const ca = program
    .command('ca')
    .description('keys and requests for a plan; checks and keeps what the CA sent back')
    .helpCommand(false);
  const list = (word: string, words: string[] = []): string[] => [...words, word];

  ca.command('csr')
    .description('make a key (mode 0600) and a certificate request for every certificate of the plan')
    .argument('<plan>', 'file written by `vasatrust plan external-ca`')
    .requiredOption('--out <dir>', 'folder for NAME.csr and NAME.key')
    .option('--bits <n>', 'RSA key size, 2048 to 8192 (as the plan says where not given)')
    .option('--name <name>', 'this certificate of the plan alone')
    .option('--csr <file>', 'take in a request that the array made, instead (repeatable)', list)
    .option('--passphrase-env <variable>', 'encrypt the keys with the passphrase in this variable')
    .option('--passphrase-file <file>', 'encrypt the keys with the passphrase in this file')
    .option('--accept <code[:name]>', 'go on in spite of this refusal (repeatable)', list)
    .action(async (plan: string, options) => {
      const { caCsrCommand } = await import('./commands/ca-csr.js');
      done(await caCsrCommand(plan, { ...globals(), ...options }, around));
    });

  const answers = (name: string, description: string): Command =>
    ca
      .command(name)
      .description(description)
      .argument('<files...>', 'PEM, DER, PKCS#7 or PKCS#12, in any order')
      .requiredOption('--plan <file>', 'the plan that they are for')
      .option('--dir <dir>', "folder with NAME.csr and NAME.key (the plan's where not given)")
      .option('--key <file>', 'a key or request that the answers may be for (repeatable)', list)
      .option('--ca <file>', 'more certificates of the CA (repeatable)', list)
      .option('--passphrase-env <variable>', 'passphrase of PKCS#12 files and keys, in this variable')
      .option('--passphrase-file <file>', 'passphrase of PKCS#12 files and keys, in this file')
      .option('--accept <code[:name]>', 'go on in spite of this refusal (repeatable)', list);
  answers('check', 'hold what the CA sent back to the plan, and say exactly what is wrong with it. Changes nothing.').action(
    async (files: string[], options) => {
      const { caCheckCommand } = await import('./commands/ca-check.js');
      done(await caCheckCommand(files, { ...globals(), ...options }, around));
    },
  );
  answers('import', 'the same, and put what is good beside its key: NAME.crt, NAME-chain.pem, NAME-root.pem').action(
    async (files: string[], options) => {
      const { caImportCommand } = await import('./commands/ca-check.js');
      done(await caImportCommand(files, { ...globals(), ...options }, around));
    },
  );
}
