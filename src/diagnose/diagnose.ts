import type { Inventory } from '../model/inventory.js';
import type { Problem } from '../model/problem.js';
import type { Diagnosis, LogSource, ReadLog } from './diagnosis.js';
import { type KnownProviders, knownProviders } from './known-providers.js';
import type { LogLine } from './removal.js';
import type { Sign, Signs } from './signs.js';
import { stitchRemovals } from './stitch.js';
import { timelinesOf } from './timeline.js';
import { inOrder, judgeSource } from './verdict.js';

/**
 * What happened, from logs that were read, in whatever order they were given. Saved evidence names providers and vCenters, and proves what
 * is gone; nothing is contacted.
 */
export function diagnose(logs: readonly ReadLog[], problems: readonly Problem[] = [], inventory?: Inventory): Diagnosis {
  const known = knownProviders(inventory);
  const sources = setsOf(logs).map((files) => sourceOf(files, known));
  return {
    sources,
    verdicts: inOrder(sources.flatMap((source) => judgeSource(source, known))),
    timelines: timelinesOf(sources, known, inventory),
    gaps: [...problems, ...sources.flatMap(unfinishedRemovals)],
  };
}

/** Files of one rotated set, oldest first: by the times in them, else by what their names say. */
function setsOf(logs: readonly ReadLog[]): ReadLog[][] {
  const sets = new Map<string, ReadLog[]>();
  for (const log of logs) sets.set(log.set, [...(sets.get(log.set) ?? []), log]);
  return [...sets.values()].map((files) =>
    files.sort((a, b) => {
      const [left, right] = [a.extent.from, b.extent.from];
      return left !== undefined && right !== undefined && left !== right ? (left < right ? -1 : 1) : b.age - a.age;
    }),
  );
}

function sourceOf(files: readonly ReadLog[], known: KnownProviders): LogSource {
  const [first] = files;
  const segments = files.map(({ segment }) => segment);
  const serverGuid = segments.flatMap(({ signs }) => signs.guids)[0];
  const vcenter = first?.vcenter ?? known.vcenterOf(serverGuid);
  return {
    id: first?.set ?? '',
    ...(vcenter === undefined ? {} : { vcenter }),
    ...(serverGuid === undefined ? {} : { serverGuid }),
    files: files.map(({ name, extent }) => ({ name, extent })),
    removals: stitchRemovals(segments),
    signs: mergeSigns(segments.map(({ signs }) => signs.signs)),
    errors: mergeErrors(segments.map(({ signs }) => signs.errors)),
  };
}

function mergeSigns(lists: readonly (readonly Sign[])[]): Sign[] {
  const merged = new Map<string, Sign>();
  for (const sign of lists.flat()) {
    const key = `${sign.id} ${sign.subject?.kind ?? ''} ${sign.subject?.value ?? ''}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? sign : { ...before, count: before.count + sign.count, last: sign.last });
  }
  return [...merged.values()];
}

function mergeErrors(lists: readonly Signs['errors'][]): LogSource['errors'] {
  const merged = new Map<string, { logger: string; count: number; first: LogLine; last: LogLine }>();
  for (const error of lists.flat()) {
    const before = merged.get(error.logger);
    merged.set(error.logger, before === undefined ? error : { ...before, count: before.count + error.count, last: error.last });
  }
  return [...merged.values()].sort((a, b) => b.count - a.count);
}

/** A removal whose end the log does not hold: what became of it is unknown. */
function unfinishedRemovals(source: LogSource): Problem[] {
  return source.removals
    .filter(({ outcome }) => outcome === 'unfinished')
    .map(({ uid, task, from, headless }) => ({
      code: 'file-invalid',
      target: source.id,
      summary: `${source.id} does not hold the ${headless ? 'beginning' : 'end'} of ${task ?? 'the removal'}${uid === undefined ? '' : ` of provider ${uid}`}${from === undefined ? '' : `, ${from}`}`,
      remedy: headless
        ? 'Add the older part of the log.'
        : 'Add the newer part of the log, or query the providers: only that shows whether it is gone.',
      retry: 'after-remedy',
    }));
}
