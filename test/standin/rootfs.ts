import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'openssh-server',
  'iproute2',
  'net-tools',
  'cron',
  'libxml2-utils',
  'openssl',
];
/** Goes up when what is put into a root file system changes. */
const VERSION = 1;
const BUILD_MS = 10 * 60_000;

/** A Debian root file system that stand-ins are laid over: made once (about a minute), then kept in the user's cache. */
export async function rootFileSystem(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vasatrust-tests');
  const done = join(cache, `bookworm-${VERSION}`);
  mkdirSync(cache, { recursive: true });
  const lock = join(cache, `bookworm-${VERSION}.lock`);
  const deadline = performance.now() + BUILD_MS;
  while (!existsSync(done)) {
    if (!takeLock(lock)) {
      if (performance.now() > deadline) throw new Error(`somebody else has been building ${done} for too long; see ${lock}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      continue;
    }
    try {
      if (!existsSync(done)) await build(done);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
  return done;
}

async function build(done: string): Promise<void> {
  const making = `${done}.making`;
  await rm(making, { recursive: true, force: true });
  const packages = `--include=${PACKAGES.join(',')}`;
  const mirror = hostMirror();
  try {
    await run('debootstrap', ['--variant=minbase', packages, 'bookworm', making, ...(mirror ? [mirror] : [])], {
      timeout: BUILD_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const log = join(making, 'debootstrap/debootstrap.log');
    const said = existsSync(log) ? readFileSync(log, 'utf8').slice(-2_000) : '';
    await rm(making, { recursive: true, force: true });
    throw new Error(`debootstrap failed: ${error instanceof Error ? error.message.slice(-2_000) : ''}\n${said}`);
  }
  await rm(join(making, 'var/cache/apt/archives'), { recursive: true, force: true });
  mkdirSync(join(making, 'var/cache/apt/archives'));
  // Debian's housekeeping is no part of an appliance.
  for (const unit of ['timers.target.wants', 'sysinit.target.wants', 'getty.target.wants'])
    await rm(join(making, 'etc/systemd/system', unit), { recursive: true, force: true });
  await rename(making, done);
}

/** Where this machine gets its own packages from; undefined: debootstrap's default. */
function hostMirror(): string | undefined {
  const sources = '/etc/apt/sources.list.d/debian.sources';
  return existsSync(sources) ? /^URIs:\s*(\S+)/m.exec(readFileSync(sources, 'utf8'))?.[1] : undefined;
}

/** A folder is made by one process only; one whose maker is dead counts as none. */
function takeLock(lock: string): boolean {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch {
    const file = join(lock, 'pid');
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (pid > 0 && !isAlive(pid)) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
