/** What the shell's own variables tell of. */
export interface VariableShell {
  readonly name: string;
  readonly args: readonly string[];
  readonly status: number;
  readonly pid: number;
  readonly cwd: string;
  readonly jobs: { readonly lastPid: number | undefined };
}

/** `$1`, `$?`, `$#`, `$$`, `$-`, `$!` and PWD, which nobody assigns. */
export const isSpecial = (name: string): boolean => /^(\d+|[?#$!-]|PWD)$/.test(name);

export function specialVariable(shell: VariableShell, name: string): string | undefined {
  switch (name) {
    case '0':
      return shell.name;
    case '?':
      return String(shell.status);
    case '#':
      return String(shell.args.length);
    case '$':
      return String(shell.pid);
    case '-':
      return 'hB';
    case '!':
      return shell.jobs.lastPid === undefined ? undefined : String(shell.jobs.lastPid);
    case 'PWD':
      return shell.cwd;
    default:
      return shell.args[Number(name) - 1];
  }
}
