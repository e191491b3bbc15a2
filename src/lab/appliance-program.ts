import type { ApplianceFiles } from './appliance-files.js';
import type { Descriptor, Input, Output } from './appliance-streams.js';
import { sleepOn } from './clock.js';
import type { Process } from './processes.js';
import type { LabVcenter, LabWorld } from './world.js';

/** One run of one program of the appliance. */
export interface Call {
  readonly world: LabWorld;
  readonly vcenter: LabVcenter;
  readonly files: ApplianceFiles;
  /** As it was called: a name or a path. */
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly cwd: string;
  /** Where the SSH connection comes from, as in SSH_CONNECTION. */
  readonly environment: ReadonlyMap<string, string>;
  readonly umask: number;
  /** Everything that can be run here. */
  readonly programs: ReadonlyMap<string, Program>;
  /** Everything the program inherits, standard streams included. */
  readonly descriptors: ReadonlyMap<number, Descriptor>;
  readonly process: Process;
  /** Ends with the process. */
  readonly signal: AbortSignal;
  /** Runs another program as a child, for `timeout`, `flock`, …; its exit code. */
  run(argv: readonly string[], inherited?: ReadonlyMap<number, Descriptor>): Promise<number>;
  /** Another program takes this one's place, for `nohup`, `setsid`, `env`, … */
  exec(argv: readonly string[]): Promise<number>;
}

/** What is still to be printed, and the exit code. */
export interface Outcome {
  readonly code: number;
  readonly stdout?: string | Buffer;
  readonly stderr?: string;
}

export interface Program {
  readonly run: (call: Call) => Outcome | Promise<Outcome>;
  /** Folders it is in; the first is on PATH unless `path` says no. */
  readonly folders: readonly string[];
  /** False: found by its absolute path alone. */
  readonly onPath?: false;
  /** True: works on text alone and touches nothing of the appliance, so it is not worth a record. */
  readonly filter?: (args: readonly string[]) => boolean;
}

export const print = (stdout: string | Buffer, code = 0): Outcome => ({ code, stdout });
export const complain = (stderr: string, code = 1): Outcome => ({ code, stderr: stderr.endsWith('\n') ? stderr : `${stderr}\n` });

const BIN = ['/usr/bin', '/bin'];
const SBIN = ['/usr/sbin', '/sbin'];

/** A program of /bin and /usr/bin. */
export const tool = (run: Program['run'], filter?: Program['filter']): Program => ({
  run,
  folders: BIN,
  ...(filter ? { filter } : {}),
});
export const systemTool = (run: Program['run']): Program => ({ run, folders: SBIN });

/**
 * Waits on the lab's clock until `done` holds. `dueMs` says when that is expected (ms since the epoch), so that a clock which jumps from one
 * wait to the next need not stop in between. False: the call was ended.
 */
export async function waitUntil(call: Call, done: () => boolean, dueMs?: () => number | undefined): Promise<boolean> {
  const { clock, timing } = call.world;
  while (!done()) {
    if (call.signal.aborted) return false;
    const left = (dueMs?.() ?? Number.POSITIVE_INFINITY) - clock.now().getTime();
    await sleepOn(clock, left > 0 && left < Number.POSITIVE_INFINITY ? left : timing.retrySecondMs, call.signal);
  }
  return true;
}

/** Arguments as one line that a shell would read back as the same arguments. */
export function quoteLine(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
