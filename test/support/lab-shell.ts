import { withBash } from '../../src/lab/appliance-bash.js';
import { programsOf } from '../../src/lab/appliance-commands.js';
import { Shell } from '../../src/lab/appliance-shell.js';
import { inputOf, Pipe, readAll } from '../../src/lab/appliance-streams.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script as root on an appliance of the lab, without SSH. Streams come back as latin1: one character per byte. */
export async function runOnAppliance(world: LabWorld, vcenter: LabVcenter, script: string, stdin = ''): Promise<Said> {
  const [stdout, stderr] = [new Pipe(), new Pipe()];
  const shell = new Shell(
    { world, vcenter, programs: withBash(programsOf(vcenter.appliance)), signal: new AbortController().signal },
    new Map([
      [0, { input: inputOf(stdin) }],
      [1, { output: stdout }],
      [2, { output: stderr }],
    ]),
  );
  const code = await shell.runScript(script);
  stdout.end();
  stderr.end();
  return { code, stdout: (await readAll(stdout)).toString('latin1'), stderr: (await readAll(stderr)).toString('latin1') };
}
