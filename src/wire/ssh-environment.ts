import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';

/** The parts of the machine that resolving reads; tests bring their own. */
export interface SshEnvironment {
  readonly home: string;
  readonly localUser: string;
  /** SSH_AUTH_SOCK */
  readonly agentSocket?: string;
  /** Undefined when the file is not there. Bounded by the implementation. */
  readText(path: string): Promise<string | undefined>;
  /** Names in a folder, sorted; empty when it is not there. For `Include` with a pattern. */
  listFolder(path: string): Promise<readonly string[]>;
}

const MAX_FILE = 32 * 1024 * 1024;

/** The real machine. Each file is read once per environment: two hundred vCenters share one known_hosts. */
export function machineSshEnvironment(env: Readonly<Record<string, string | undefined>>): SshEnvironment {
  const texts = new Map<string, Promise<string | undefined>>();
  const readOnce = (path: string) => {
    const text = texts.get(path) ?? readBounded(path);
    texts.set(path, text);
    return text;
  };
  return {
    home: env.HOME ?? homedir(),
    localUser: env.USER ?? userName(),
    ...(env.SSH_AUTH_SOCK ? { agentSocket: env.SSH_AUTH_SOCK } : {}),
    readText: readOnce,
    listFolder: (path) =>
      readdir(path).then(
        (names) => names.sort(),
        () => [],
      ),
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'root'; // a uid without an entry in passwd has no name
  }
}

async function readBounded(path: string): Promise<string | undefined> {
  try {
    const facts = await stat(path);
    return facts.isFile() && facts.size <= MAX_FILE ? await readFile(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
