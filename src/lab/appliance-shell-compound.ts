import { type Expander, expandPattern, expandText, expandWords } from './appliance-shell-expand.js';
import { Leave } from './appliance-shell-leave.js';
import type { Command, List } from './appliance-shell-tree.js';

/** What running `if`, loops, `case` and groups needs of a shell. */
export interface CompoundShell extends Expander {
  status: number;
  readonly process: { readonly isOver: boolean };
  runList(list: List): Promise<void>;
  runApart(list: List): Promise<number>;
}

/** A loop of the lab's shell that goes round this often is taken for one without end. */
const MAX_ROUNDS = 100_000;

export async function runCompound(
  shell: CompoundShell,
  command: Exclude<Command, { kind: 'simple' | 'function' | 'background' }>,
): Promise<void> {
  switch (command.kind) {
    case 'group':
      return shell.runList(command.body);
    case 'subshell': {
      shell.status = await shell.runApart(command.body);
      return;
    }
    case 'if':
      return runIf(shell, command);
    case 'while':
    case 'until': {
      let code = 0;
      await loop(shell, async () => {
        const before = code;
        code = 0; // What `break` and `continue` leave behind.
        await shell.runList(command.condition);
        if ((shell.status === 0) !== (command.kind === 'while')) {
          code = before;
          return false;
        }
        await shell.runList(command.body);
        code = shell.status;
        return true;
      });
      shell.status = code;
      return;
    }
    case 'for': {
      const values = command.words ? await expandWords(shell, command.words) : [...shell.args];
      shell.status = 0;
      await loop(shell, async (round) => {
        const value = values[round];
        if (value === undefined) return false;
        shell.assign(command.name, value);
        await shell.runList(command.body);
        return true;
      });
      return;
    }
    case 'case': {
      const value = await expandText(shell, command.word);
      shell.status = 0;
      for (const { patterns, body } of command.branches) {
        for (const pattern of patterns) {
          if ((await expandPattern(shell, pattern)).test(value)) return shell.runList(body);
        }
      }
    }
  }
}

async function runIf(shell: CompoundShell, command: Extract<Command, { kind: 'if' }>): Promise<void> {
  for (const { condition, body } of command.branches) {
    await shell.runList(condition);
    if (shell.status === 0) return shell.runList(body);
  }
  shell.status = 0;
  if (command.otherwise) await shell.runList(command.otherwise);
}

async function loop(shell: CompoundShell, body: (round: number) => Promise<boolean>): Promise<void> {
  for (let round = 0; ; round += 1) {
    if (round >= MAX_ROUNDS || shell.process.isOver) throw new Leave('exit', 143);
    try {
      if (!(await body(round))) return;
    } catch (left) {
      if (!(left instanceof Leave) || (left.how !== 'break' && left.how !== 'continue')) throw left;
      shell.status = 0;
      if (left.value > 1) throw new Leave(left.how, left.value - 1);
      if (left.how === 'break') return;
    }
  }
}
