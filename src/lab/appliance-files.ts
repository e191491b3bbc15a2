import type { LabFile, LabVcenter, LabWorld } from './world.js';

/** Where sps.log is, and the other name of its directory. */
export const SPS_LOG = '/storage/log/vmware/vmware-sps/sps.log';
const LINKS: readonly (readonly [string, string])[] = [['/var/log/vmware/', '/storage/log/vmware/']];
const DIRECTORIES = [
  '/',
  '/root',
  '/tmp',
  '/etc',
  '/etc/systemd/system',
  '/run',
  '/var',
  '/storage/log/vmware/vmware-sps',
  '/proc',
  '/usr/bin',
  '/bin',
];

/** Files of one appliance. A directory is an entry whose name ends in `/`, or a prefix of some file. */
export class ApplianceFiles {
  private readonly world: LabWorld;
  private readonly vcenter: LabVcenter;

  constructor(world: LabWorld, vcenter: LabVcenter) {
    this.world = world;
    this.vcenter = vcenter;
  }

  /** Undefined: no such file. */
  read(path: string): LabFile | undefined {
    const real = realPath(path);
    const { appliance } = this.vcenter;
    if (real === SPS_LOG && !appliance.files.has(real)) {
      const content = Buffer.from(appliance.sps.log.map((line) => `${line}\n`).join(''), 'utf8');
      return { content, mode: 0o640, owner: 'root:root', mtimeMs: this.now() };
    }
    if (real === '/proc/uptime') {
      const seconds = ((this.now() - appliance.bootedAtMs) / 1000).toFixed(2);
      return { content: Buffer.from(`${seconds} ${seconds}\n`), mode: 0o444, owner: 'root:root', mtimeMs: this.now() };
    }
    if (real === '/proc/sys/kernel/random/boot_id') {
      return { content: Buffer.from(`${appliance.bootId}\n`), mode: 0o444, owner: 'root:root', mtimeMs: this.now() };
    }
    if (real === '/etc/machine-id') {
      return { content: Buffer.from(`${appliance.machineId}\n`), mode: 0o444, owner: 'root:root', mtimeMs: 0 };
    }
    return appliance.files.get(real);
  }

  isDirectory(path: string): boolean {
    const real = realPath(path).replace(/\/?$/, '/');
    if (DIRECTORIES.some((one) => one === real.slice(0, -1) || one.startsWith(real))) return true;
    return this.paths().some((one) => one.startsWith(real));
  }

  exists(path: string): boolean {
    return this.read(path) !== undefined || this.isDirectory(path);
  }

  /** Names right below a directory, sorted. */
  list(path: string): string[] {
    const real = realPath(path).replace(/\/?$/, '/');
    const all = [...this.paths(), ...DIRECTORIES.map((one) => `${one}/`)];
    const below = all.filter((one) => one.startsWith(real)).map((one) => one.slice(real.length).split('/')[0] ?? '');
    return [...new Set(below.filter((name) => name !== ''))].sort();
  }

  /** All files and directories that were made. */
  paths(): string[] {
    const { files } = this.vcenter.appliance;
    return [...files.keys(), ...(files.has(SPS_LOG) ? [] : [SPS_LOG])];
  }

  /** Paths that match, sorted: absolute ones, or those below `cwd` as seen from there. */
  match(pattern: RegExp, cwd?: string): string[] {
    const folders = this.paths().flatMap((path) => {
      const parts = path.replace(/\/$/, '').split('/');
      return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
    });
    const all = [...new Set(folders)].filter((path) => path !== '');
    const shown =
      cwd === undefined ? all : all.filter((path) => path.startsWith(`${cwd}/`)).map((path) => path.slice(cwd.length + 1));
    return shown.filter((path) => pattern.test(path)).sort();
  }

  write(path: string, content: Buffer, mode?: number): void {
    const real = realPath(path);
    const before = this.vcenter.appliance.files.get(real);
    this.vcenter.appliance.files.set(real, {
      content,
      mode: mode ?? before?.mode ?? 0o644,
      owner: before?.owner ?? 'root:root',
      mtimeMs: this.now(),
    });
    this.note(`write ${real}`, `${content.length} bytes`);
  }

  /** Moves the entry as it is, mode and owner with it. */
  move(from: string, to: string): void {
    const file = this.read(from);
    if (!file) return;
    const { files } = this.vcenter.appliance;
    files.delete(realPath(from));
    files.set(realPath(to), file);
    this.note(`move ${realPath(from)} to ${realPath(to)}`, `${file.content.length} bytes`);
  }

  remove(path: string): void {
    this.vcenter.appliance.files.delete(realPath(path));
    this.note(`remove ${realPath(path)}`, 'removed');
  }

  makeDirectory(path: string, mode: number): void {
    const real = `${realPath(path).replace(/\/$/, '')}/`;
    this.vcenter.appliance.files.set(real, { content: Buffer.alloc(0), mode, owner: 'root:root', mtimeMs: this.now() });
    this.note(`make directory ${real}`, mode.toString(8));
  }

  change(path: string, changes: Partial<Pick<LabFile, 'mode' | 'owner' | 'mtimeMs'>>): void {
    const file = this.read(path) ?? this.vcenter.appliance.files.get(`${realPath(path)}/`);
    if (!file) return;
    Object.assign(file, changes);
    this.note(`change ${realPath(path)}`, Object.entries(changes).join(' '));
  }

  note(what: string, outcome: string): void {
    this.world.record.push({ at: this.world.now().toISOString(), where: this.vcenter.id, kind: 'change', what, outcome });
  }

  private now(): number {
    return this.world.now().getTime();
  }
}

/** Absolute, without `.`, `..` and doubled slashes. */
export function absolutePath(cwd: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function realPath(path: string): string {
  for (const [link, target] of LINKS) if (path.startsWith(link)) return target + path.slice(link.length);
  return path;
}
