import type { Program } from './appliance-program.js';
import type { Process } from './processes.js';
import type { LabVcenter, LabWorld } from './world.js';

export interface Machine {
  readonly world: LabWorld;
  readonly vcenter: LabVcenter;
  readonly programs: ReadonlyMap<string, Program>;
  /** Hangs up the shell that is started here, when it comes. */
  readonly signal?: AbortSignal;
  /** The process that is this shell, where somebody made it; he ends it, too. */
  readonly process?: Process;
  /** Default: that of a login by SSH. */
  readonly environment?: ReadonlyMap<string, string>;
}

/** Environment of a login by SSH. */
export const START_VARIABLES: readonly (readonly [string, string])[] = [
  ['HOME', '/root'],
  ['USER', 'root'],
  ['LOGNAME', 'root'],
  ['SHELL', '/bin/bash'],
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
];

export function hangUpWith(signal: AbortSignal | undefined, process: Process): void {
  if (!signal) return;
  if (signal.aborted) process.deliver(1);
  else {
    const hangUp = () => process.deliver(1);
    signal.addEventListener('abort', hangUp, { once: true });
    // A connection outlives most of its commands.
    void process.ended().then(() => signal.removeEventListener('abort', hangUp));
  }
}
