import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where journals and locks lie. */
export interface StateFolder {
  readonly runs: string;
  readonly locks: string;
}

/**
 * `$XDG_STATE_HOME/vasatrust`, by default `~/.local/state/vasatrust`; on Windows `%LOCALAPPDATA%\vasatrust`. A relative XDG_STATE_HOME
 * does not count, as its specification says.
 */
export function stateFolder(env: Readonly<Record<string, string | undefined>>, platform: string = process.platform): StateFolder {
  const home = env.HOME || env.USERPROFILE || homedir();
  const local = platform === 'win32' ? env.LOCALAPPDATA : env.XDG_STATE_HOME;
  const base =
    local !== undefined && isAbsolute(local)
      ? local
      : platform === 'win32'
        ? join(home, 'AppData', 'Local')
        : join(home, '.local', 'state');
  return { runs: join(base, 'vasatrust', 'runs'), locks: join(base, 'vasatrust', 'locks') };
}

/** For its owner alone. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}
