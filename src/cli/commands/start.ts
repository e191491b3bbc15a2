import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLab } from '../../lab/start-lab.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';
import { thisCommand } from '../this-command.js';
import { auditCommand } from './audit.js';

/**
 * The demonstration: the lab's `clash` on this machine, audited by the very command a user types, through TLS, SOAP, REST and SSH.
 * Its exit code says whether the demonstration worked; the audit's own would be 1, and is said.
 */
export async function startCommand(options: GlobalOptions, around: Surroundings): Promise<ExitCode> {
  const { say } = around.out;
  say(
    'A demonstration: two simulated vCenters (6.5 and 6.7) share one array, and the second registration has thrown out the first.',
  );
  const lab = await startLab('clash');
  const folder = await mkdtemp(join(tmpdir(), 'vasatrust-start-'));
  try {
    const file = join(folder, 'estate.yaml');
    await writeFile(file, lab.estateYaml(), { mode: 0o600 });
    say('$ vasatrust audit');
    const code = await auditCommand({ ...options, file }, { ...around, env: { ...around.env, ...lab.env } });
    if (code !== EXIT.findings && code !== EXIT.clean && code !== EXIT.gaps) return code;
    say(
      `This audit ends with exit code ${code}. For an estate of your own: write estate.yaml (see examples/), then vasatrust audit.`,
    );
    const command = thisCommand(process.argv, process.cwd());
    if (command !== 'vasatrust') say(`Until it is installed (npm link), type ${command} for vasatrust.`);
    return EXIT.clean;
  } finally {
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  }
}
