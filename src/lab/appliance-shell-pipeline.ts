import type { Command } from './appliance-shell-tree.js';
import { type Descriptor, Pipe } from './appliance-streams.js';

/** What a pipeline needs of its shell, and of those that run its stages. */
export interface StageShell {
  readonly descriptors: Map<number, Descriptor>;
  readonly status: number;
  fork(descriptors: Map<number, Descriptor>): StageShell;
  guard(body: () => Promise<number>): Promise<number>;
  runOne(command: Command): Promise<void>;
}

/** All stages at once, each in a shell of its own; the exit code is the last one's. */
export async function runStages(parent: StageShell, commands: readonly Command[]): Promise<number> {
  let from: Pipe | undefined;
  const stages = commands.map(async (command, index) => {
    const to = index < commands.length - 1 ? new Pipe() : undefined;
    const descriptors = new Map(parent.descriptors);
    if (from) descriptors.set(0, { input: from });
    if (to) descriptors.set(1, { output: to });
    from = to;
    const shell = parent.fork(descriptors);
    const code = await shell.guard(async () => {
      await shell.runOne(command);
      return shell.status;
    });
    to?.end();
    return code;
  });
  return (await Promise.all(stages)).at(-1) ?? 0;
}
