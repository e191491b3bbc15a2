import type { Inventory } from '../model/inventory.js';
import { CATALOGUE } from './catalogue.js';
import type { LogSource, ProviderNamed, Timeline, TimelineEvent } from './diagnosis.js';
import type { KnownProviders } from './known-providers.js';

/** Events kept at either end of a provider's time line. */
const KEPT = 200;
/** Every request and every poll of every host: healthy, and not worth a line each. */
const HEALTHY = new Set(['C38', 'C42']);
/** Told by the removals, line by line. */
const OF_REMOVALS = new Set(['C1', 'C2', 'C3', 'C4', 'C5', 'C7', 'C8', 'C10', 'C12', 'C13', 'C14', 'C14b', 'C14f', 'C15']);
const MEANING: ReadonlyMap<string, string> = new Map(CATALOGUE.map(({ id, meaning }) => [id, meaning]));
/** Short words for the steps of a removal; the catalogue's sentences for the rest. */
const STEP: Readonly<Record<string, string>> = {
  C1: 'task created',
  C2: 'removal began',
  C8: 'it was the active provider of the array: failover began',
  C12: 'a backup provider was found',
  C14: 'removal failed: NullPointerException',
  C14b: 'removal failed: another exception',
  C14f: 'stack of a failed removal',
  C15: 'task marked complete (no proof of success)',
};

/** What happened to each provider, in time order, over all logs and saved evidence. */
export function timelinesOf(sources: readonly LogSource[], known: KnownProviders, inventory: Inventory | undefined): Timeline[] {
  const lines = new Map<string, { provider: ProviderNamed; events: TimelineEvent[] }>();
  const add = (provider: ProviderNamed, event: TimelineEvent): void => {
    const key = known.keyOf(provider);
    if (key === '') return;
    const line = lines.get(key) ?? { provider, events: [] };
    line.provider = { ...line.provider, ...provider };
    line.events.push(event);
    lines.set(key, line);
  };
  for (const source of sources) {
    for (const removal of source.removals) {
      const vcenter = known.vcenterOf(removal.serverGuid ?? source.serverGuid) ?? source.vcenter;
      const where = { source: source.id, ...(vcenter === undefined ? {} : { vcenter }) };
      for (const line of removal.lines) {
        const what = STEP[line.signature ?? ''];
        if (what === undefined) continue;
        const event = { ...where, what, line, ...(line.at === undefined ? {} : { at: line.at }) };
        if (removal.uid !== undefined) add(known.named({ uid: removal.uid }, vcenter), event);
        if (line.signature === 'C12' && removal.backup !== undefined)
          add(known.named({ uid: removal.backup }, vcenter), {
            ...event,
            what: 'found as the backup of a provider being removed',
          });
      }
    }
    for (const { id, subject, count, first, last } of source.signs) {
      if (subject === undefined || HEALTHY.has(id) || OF_REMOVALS.has(id)) continue;
      const provider = known.named({ [subject.kind]: subject.value }, source.vcenter);
      const what = MEANING.get(id) ?? id;
      const where = { source: source.id, ...(source.vcenter === undefined ? {} : { vcenter: source.vcenter }) };
      add(provider, { ...where, what, count, line: first, ...(first.at === undefined ? {} : { at: first.at }) });
      if (count > 1)
        add(provider, { ...where, what: `last time: ${what}`, line: last, ...(last.at === undefined ? {} : { at: last.at }) });
    }
  }
  // Evidence adds to providers the logs tell of; it is no log by itself.
  for (const provider of inventory?.providers ?? []) {
    for (const { uid, vcenter, lastSync, endpoint } of provider.registrations) {
      if (!lines.has(provider.id)) continue;
      const sync = isoOf(lastSync);
      if (sync !== undefined) add({ uid }, { at: sync, source: 'evidence', vcenter, what: 'last sync with this vCenter' });
      const leaf = endpoint === undefined ? undefined : provider.endpoints[endpoint]?.leaf;
      if (leaf !== undefined)
        add(
          { uid },
          {
            at: leaf.notBefore.toISOString(),
            source: 'evidence',
            vcenter,
            what: 'the served certificate is valid from here (may be back-dated)',
          },
        );
    }
  }
  return [...lines.values()].map(({ provider, events }) => bounded(provider, events)).sort(byFirstEvent);
}

function bounded(provider: ProviderNamed, events: readonly TimelineEvent[]): Timeline {
  const sorted = [...new Map(events.map((event) => [JSON.stringify(event), event])).values()].sort(inTime);
  const omitted = Math.max(0, sorted.length - 2 * KEPT);
  return { provider, omitted, events: omitted === 0 ? sorted : [...sorted.slice(0, KEPT), ...sorted.slice(-KEPT)] };
}

/** Events without a time stay behind those that have one; lines of one file stay in their order. */
function inTime(a: TimelineEvent, b: TimelineEvent): number {
  const [left, right] = [a.at ?? '9', b.at ?? '9'];
  if (left !== right) return left < right ? -1 : 1;
  return a.line !== undefined && b.line !== undefined && a.line.file === b.line.file ? a.line.line - b.line.line : 0;
}

const byFirstEvent = (a: Timeline, b: Timeline): number => ((a.events[0]?.at ?? '9') < (b.events[0]?.at ?? '9') ? -1 : 1);

/** SMS writes the time of the last sync as free text. */
function isoOf(text: string | undefined): string | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
