import { basename, isAbsolute, relative } from 'node:path';

/**
 * How this very program is called from where the user stands: `vasatrust` where it is installed under that name, else by Node and the
 * path of the built file, so that a line which is copied works.
 */
export function thisCommand(argv: readonly string[], cwd: string): string {
  const script = argv[1] ?? '';
  if (!basename(script).includes('.')) return 'vasatrust';
  const near = relative(cwd, script);
  const path = near.startsWith('..') || isAbsolute(near) ? script : near;
  return `node ${/^[\w./:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`}`;
}
