import type { WriteProblem } from './appliance-streams.js';
import { processesOf } from './processes.js';
import type { LabFile, LabVcenter, LabWorld } from './world.js';

/** Where sps.log is, and the other name of its directory. */
export const SPS_LOG = '/storage/log/vmware/vmware-sps/sps.log';
const LINKS: readonly (readonly [string, string])[] = [
  ['/var/log/vmware/', '/storage/log/vmware/'],
  ['/var/run/', '/run/'],
];
const DIRECTORIES = [
  '/',
  '/root',
  '/tmp',
  '/etc',
  '/etc/cron.d',
  '/etc/systemd/system',
  '/run/lock',
  '/var',
  '/storage/log/vmware/vmware-sps',
  '/proc',
  '/usr/bin',
  '/bin',
];
const MAX_LINKS = 8;

const numbers = new WeakMap<LabFile, number>();
let nextNumber = 131_072;

/** Written and not yet on disk: a power cut leaves such files empty. */
const unsynced = new WeakMap<LabVcenter, Set<LabFile>>();

/** Files of one appliance. A directory is an entry whose name ends in `/`, or a prefix of some file. */
/** File systems that a full disk does not touch. */
const IN_MEMORY = /^\/(run|dev|proc|sys)\//;

export class ApplianceFiles {
  private readonly world: LabWorld;
  private readonly vcenter: LabVcenter;

  constructor(world: LabWorld, vcenter: LabVcenter) {
    this.world = world;
    this.vcenter = vcenter;
  }

  /** Follows links. Undefined: no such file. */
  read(path: string): LabFile | undefined {
    let at = path;
    for (let links = 0; links < MAX_LINKS; links += 1) {
      const file = this.entry(at);
      if (file?.link === undefined) return file;
      at = absolutePath(at.slice(0, at.lastIndexOf('/')), file.link);
    }
    return undefined;
  }

  /** The file or the link itself. */
  entry(path: string): LabFile | undefined {
    const real = realPath(path);
    const { appliance } = this.vcenter;
    const file = appliance.files.get(real);
    if (file) return file;
    if (real === SPS_LOG) return this.made(logText(appliance.sps.log), 0o640);
    if (!real.startsWith('/proc/') && real !== '/etc/machine-id') return undefined;
    if (real === '/proc/uptime') {
      const seconds = ((this.now() - appliance.bootedAtMs) / 1000).toFixed(2);
      return this.made(`${seconds} ${seconds}\n`, 0o444);
    }
    if (real === '/proc/sys/kernel/random/boot_id') return this.made(`${appliance.bootId}\n`, 0o444);
    if (real === '/etc/machine-id') return this.made(`${appliance.machineId}\n`, 0o444);
    const [, pid, name] = /^\/proc\/(\d+)\/(cmdline|comm)$/.exec(real) ?? [];
    const argv = pid === undefined ? undefined : argvOf(this.vcenter, Number(pid));
    if (!argv) return undefined;
    return this.made(name === 'comm' ? `${baseName(argv[0] ?? '').slice(0, 15)}\n` : `${argv.join('\0')}\0`, 0o444);
  }

  /** What `stat` calls inode: stays with the file when it is renamed. */
  inode(path: string): number {
    const file = this.vcenter.appliance.files.get(realPath(path));
    if (!file) {
      const turned = realPath(path) === SPS_LOG ? (this.vcenter.appliance.sps.rotations ?? 0) : 0;
      return [...realPath(path)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 100_003, 7) + turned;
    }
    let number = numbers.get(file);
    if (number === undefined) {
      number = nextNumber;
      nextNumber += 1;
      numbers.set(file, number);
    }
    return number;
  }

  isDirectory(path: string): boolean {
    const real = realPath(path).replace(/\/?$/, '/');
    const [, pid] = /^\/proc\/(\d+)\/$/.exec(real) ?? [];
    if (pid !== undefined) return argvOf(this.vcenter, Number(pid)) !== undefined;
    if (real === '/run/systemd/system/') return this.vcenter.appliance.init === 'systemd';
    if (DIRECTORIES.some((one) => one === real.slice(0, -1) || one.startsWith(real))) return true;
    for (const one of this.vcenter.appliance.files.keys()) if (one.startsWith(real)) return true;
    return SPS_LOG.startsWith(real);
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

  /** As `>` and `>>` open it: made where it is missing, cut to nothing unless appending. A full disk stops neither. */
  open(path: string, append: boolean, mode = 0o644): LabFile {
    const real = realPath(path);
    const known = this.read(path);
    if (known && this.vcenter.appliance.files.has(real)) {
      if (!append) this.put(known, Buffer.alloc(0));
      return known;
    }
    const content = append && known ? known.content : Buffer.alloc(0);
    const file: LabFile = { content, mode, owner: 'root:root', mtimeMs: this.now() };
    this.vcenter.appliance.files.set(real, file);
    this.note(`write ${real}`, `${content.length} bytes`);
    return file;
  }

  /** Writes into an open file, whatever its name is by now. @param path the name it was opened by */
  writeAt(file: LabFile, path: string, offset: number, bytes: Buffer): WriteProblem | undefined {
    if (this.isFull(path)) return 'ENOSPC';
    const { content } = file;
    const gap = Buffer.alloc(Math.max(0, offset - content.length));
    this.put(file, Buffer.concat([content.subarray(0, offset), gap, bytes, content.subarray(offset + bytes.length)]));
    this.note(`write ${realPath(path)}`, `${bytes.length} bytes`);
    return undefined;
  }

  /** Into the file of that name, or a new one. On a full disk the file is there, and empty. */
  write(path: string, content: Buffer, mode?: number): WriteProblem | undefined {
    const file = this.open(path, false, mode);
    if (mode !== undefined) file.mode = mode;
    return content.length === 0 ? undefined : this.writeAt(file, path, 0, content);
  }

  /** A new file in the place of the old one, with its mode and owner. On a full disk the old one stays. */
  replace(path: string, content: Buffer): WriteProblem | undefined {
    if (this.isFull(path)) return 'ENOSPC';
    const before = this.read(path);
    const file: LabFile = { content, mode: before?.mode ?? 0o644, owner: before?.owner ?? 'root:root', mtimeMs: this.now() };
    this.vcenter.appliance.files.set(realPath(path), file);
    this.put(file, content);
    this.note(`write ${realPath(path)}`, `${content.length} bytes`);
    return undefined;
  }

  /** Moves the entry as it is, mode and owner with it; a directory with all that is in it. Needs no space. */
  move(from: string, to: string): void {
    const { files } = this.vcenter.appliance;
    const [source, target] = [realPath(from), realPath(to)];
    const file = this.entry(from);
    if (file) {
      files.delete(source);
      files.set(target, file);
    }
    for (const [path, one] of [...files]) {
      if (!path.startsWith(`${source}/`)) continue;
      files.delete(path);
      files.set(`${target}${path.slice(source.length)}`, one);
    }
    this.note(`move ${source} to ${target}`, `${file?.content.length ?? 0} bytes`);
  }

  link(path: string, to: string): void {
    const link: LabFile = { content: Buffer.alloc(0), mode: 0o777, owner: 'root:root', mtimeMs: this.now(), link: to };
    this.vcenter.appliance.files.set(realPath(path), link);
    this.note(`link ${realPath(path)} to ${to}`, 'made');
  }

  remove(path: string): void {
    this.vcenter.appliance.files.delete(realPath(path));
    this.note(`remove ${realPath(path)}`, 'removed');
  }

  makeDirectory(path: string, mode: number): WriteProblem | undefined {
    const real = `${realPath(path).replace(/\/$/, '')}/`;
    if (this.isFull(real)) return 'ENOSPC';
    this.vcenter.appliance.files.set(real, { content: Buffer.alloc(0), mode, owner: 'root:root', mtimeMs: this.now() });
    this.note(`make directory ${real}`, mode.toString(8));
    return undefined;
  }

  change(path: string, changes: Partial<Pick<LabFile, 'mode' | 'owner' | 'mtimeMs'>>): void {
    const file = this.read(path) ?? this.vcenter.appliance.files.get(`${realPath(path)}/`);
    if (!file) return;
    Object.assign(file, changes);
    this.note(`change ${realPath(path)}`, Object.entries(changes).join(' '));
  }

  /** Everything, or these alone, is on disk from now on. */
  sync(paths: readonly string[] = []): void {
    const all = unsynced.get(this.vcenter);
    if (paths.length === 0) all?.clear();
    for (const path of paths) {
      const file = this.read(path);
      if (file) all?.delete(file);
    }
  }

  /** A power cut: what was written and not synced is gone, the files are not. */
  losePower(): void {
    for (const file of unsynced.get(this.vcenter) ?? []) file.content = Buffer.alloc(0);
    this.sync();
  }

  note(what: string, outcome: string): void {
    this.world.record.push({ at: this.world.now().toISOString(), where: this.vcenter.id, kind: 'change', what, outcome });
  }

  private isFull(path: string): boolean {
    const real = realPath(path);
    return this.world.faults.some(
      (fault) =>
        fault.kind === 'disk-full' &&
        fault.where === this.vcenter.id &&
        real.startsWith(fault.path) &&
        (!IN_MEMORY.test(real) || IN_MEMORY.test(fault.path)) &&
        this.now() >= (fault.fromMs ?? Number.NEGATIVE_INFINITY),
    );
  }

  private put(file: LabFile, content: Buffer): void {
    file.content = content;
    file.mtimeMs = this.now();
    const all = unsynced.get(this.vcenter) ?? new Set();
    unsynced.set(this.vcenter, all);
    all.add(file);
  }

  private made(text: string | Buffer, mode: number): LabFile {
    const content = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
    return { content, mode, owner: 'root:root', mtimeMs: mode === 0o444 ? 0 : this.now() };
  }

  private now(): number {
    return this.world.now().getTime();
  }
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Command line of a process; undefined: there is none. */
export function argvOf(vcenter: LabVcenter, pid: number): readonly string[] | undefined {
  const { sps } = vcenter.appliance;
  if (pid === 1) return ['/usr/lib/systemd/systemd'];
  if (pid === sps.pid) return sps.state === 'STOPPED' ? undefined : SPS_ARGV;
  return processesOf(vcenter).find(pid)?.argv;
}

/** As in the process list of a 6.5. */
export const SPS_ARGV: readonly string[] = ['/usr/java/jre-vmware/bin/vmware-sps.launcher', '-Xmx350m'];

const texts = new WeakMap<
  readonly string[],
  { readonly lines: number; readonly last: string | undefined; readonly text: Buffer }
>();

/** Made again only when a line came: a run asks for it all the time. */
function logText(log: readonly string[]): Buffer {
  const known = texts.get(log);
  if (known && known.lines === log.length && known.last === log.at(-1)) return known.text;
  const text = Buffer.from(log.map((line) => `${line}\n`).join(''), 'utf8');
  texts.set(log, { lines: log.length, last: log.at(-1), text });
  return text;
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
