import { type ApplianceFiles, absolutePath } from './appliance-files.js';
import { type Expander, expandText } from './appliance-shell-expand.js';
import type { Redirection } from './appliance-shell-tree.js';
import { type Descriptor, inputOf, NOTHING, NOWHERE, type Output } from './appliance-streams.js';

/** What redirections look at and change. */
export interface RedirectingShell extends Expander {
  readonly files: ApplianceFiles;
  readonly cwd: string;
  readonly umask: number;
  readonly stderr: Output;
  descriptors: Map<number, Descriptor>;
  status: number;
}

/** Opens them all, left to right, in the lab's own files. False: one cannot be opened, which was said, and the status is 1. */
export async function redirect(shell: RedirectingShell, redirections: readonly Redirection[]): Promise<boolean> {
  const descriptors = new Map(shell.descriptors);
  for (const { fd, operator, target } of redirections) {
    const text = await expandText(shell, target);
    const problem = open(shell, descriptors, fd, operator, text);
    if (problem !== undefined) {
      shell.stderr.write(`bash: ${text}: ${problem}\n`);
      shell.status = 1;
      return false;
    }
  }
  shell.descriptors = descriptors;
  return true;
}

function open(
  shell: RedirectingShell,
  descriptors: Map<number, Descriptor>,
  fd: number,
  operator: Redirection['operator'],
  text: string,
): string | undefined {
  switch (operator) {
    case '<<':
      descriptors.set(fd, { input: inputOf(text) });
      return undefined;
    case '<<<':
      descriptors.set(fd, { input: inputOf(`${text}\n`) });
      return undefined;
    case '<&':
    case '>&': {
      if (text === '-') descriptors.delete(fd);
      else {
        const source = descriptors.get(Number(text));
        if (!source) return 'Bad file descriptor';
        descriptors.set(fd, source);
      }
      return undefined;
    }
    case '<': {
      if (text === '/dev/null') descriptors.set(fd, { input: NOTHING });
      else {
        const path = absolutePath(shell.cwd, text);
        const file = shell.files.read(path);
        if (!file) return shell.files.isDirectory(path) ? 'Is a directory' : 'No such file or directory';
        descriptors.set(fd, { input: inputOf(file.content), file });
      }
      return undefined;
    }
    case '<>': {
      const opened = openOutput(shell, descriptors, text, true);
      if (typeof opened === 'string') return opened;
      descriptors.set(fd, opened.file ? { ...opened, input: inputOf(opened.file.content) } : opened);
      return undefined;
    }
    case '>':
    case '>>':
    case '&>': {
      const opened = openOutput(shell, descriptors, text, operator === '>>');
      if (typeof opened === 'string') return opened;
      descriptors.set(operator === '&>' ? 1 : fd, opened);
      if (operator === '&>') descriptors.set(2, opened);
      return undefined;
    }
  }
}

function openOutput(
  shell: RedirectingShell,
  descriptors: Map<number, Descriptor>,
  text: string,
  append: boolean,
): Descriptor | string {
  if (text === '/dev/null') return { output: NOWHERE };
  const standard = { '/dev/stdout': 1, '/dev/stderr': 2 }[text];
  if (standard !== undefined) return descriptors.get(standard) ?? { output: NOWHERE };
  const path = absolutePath(shell.cwd, text);
  if (shell.files.isDirectory(path)) return 'Is a directory';
  if (!shell.files.isDirectory(path.slice(0, path.lastIndexOf('/')) || '/')) return 'No such file or directory';
  const file = shell.files.open(path, append, 0o666 & ~shell.umask);
  let at = 0;
  const write = (text: Buffer | string) => {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    if (bytes.length === 0) return undefined;
    const problem = shell.files.writeAt(file, path, append ? file.content.length : at, bytes);
    if (problem === undefined) at += bytes.length;
    return problem;
  };
  return { output: { write }, file };
}
