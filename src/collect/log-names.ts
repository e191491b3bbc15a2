/**
 * Logs that tell of providers: SPS's own, vvold's of ESXi hosts, vpxd's. Rotated ones carry a number or a time before or after `.log`;
 * which forms SPS uses beyond `sps.log.1` is not published. Not taken: `sps-access…`, `sps-gc…`, `vpxd-profiler…`, which grow large and
 * tell nothing of this.
 */
const LOG = /^(sps|vvold|vpxd)((?:[-.]\d[\w:-]*)*)(\.log)?((?:[-.]\d[\w:-]*)*)(\.gz)?$/i;
const ARCHIVE = /\.(?:tgz|tar|tar\.gz|zip)$/i;

export interface LogPlace {
  /** Files of one rotated set have the same: folder and name without what rotation added. */
  readonly set: string;
  /** 0 for the live file; the number rotation gave otherwise. */
  readonly age: number;
}

export function isLogName(path: string): boolean {
  const [, , , dotLog, , gz] = LOG.exec(baseOf(path)) ?? [];
  return dotLog !== undefined || gz !== undefined;
}

export function isArchiveName(path: string): boolean {
  return ARCHIVE.test(path);
}

/** Where a log belongs, by its name alone; what is not called like one of ours stands alone, without a suffix that rotation adds. */
export function placeOf(path: string): LogPlace {
  const base = baseOf(path);
  const folder = path.slice(0, path.length - base.length);
  const [, program, before = '', , after = ''] = LOG.exec(base) ?? [];
  if (program !== undefined) return { set: `${folder}${program.toLowerCase()}.log`, age: numberIn(before + after) };
  const [, stem = base, rotation = ''] = /^(.+?)((?:\.\d{1,4})?(?:\.gz)?)$/i.exec(base) ?? [];
  return { set: folder + stem, age: numberIn(rotation) };
}

const baseOf = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'), path.lastIndexOf(':')) + 1);

const numberIn = (text: string): number => Number(/\d{1,9}/.exec(text)?.[0] ?? 0);
