import type { RunResult } from '../../src/model/run.js';
import { armedThings, ourRoutes, takeStanding } from './standing.js';
import type { Watch } from './watch.js';
import type { Stage } from './worlds.js';

/** How a story ended, and so what is promised of it. */
export type Ending =
  /** A process came to an end by itself and says how. */
  | {
      readonly kind: 'ended';
      readonly result: RunResult;
      readonly left: readonly string[];
      readonly removed: readonly string[];
      readonly cutOff: boolean;
    }
  /** Nobody came back: the appliance took itself back. */
  | { readonly kind: 'by-itself'; readonly booted: boolean };

/** What is not "as before", in words; an empty list: everything is. */
export function differences(
  stage: Stage,
  watch: Watch,
  allow: { readonly record?: boolean; readonly retryPending?: boolean } = {},
): string[] {
  const { world, vcenter, plan } = stage;
  watch.look('');
  const { before } = watch;
  const now = takeStanding(world, vcenter);
  const found: string[] = [];
  for (const route of ourRoutes(vcenter, plan)) found.push(`route of ours: ${route}`);
  const routes = watch.bootedAtS >= 0 ? [] : before.routes;
  if (now.routes.join('\n') !== routes.join('\n') && found.length === 0) found.push(`routes: ${now.routes.join(', ')}`);
  if (watch.othersFile === undefined && now.file !== before.file) found.push(`sms-config.xml: ${now.file.slice(0, 60)} …`);
  for (const [path, text] of now.otherFiles) if (before.otherFiles.get(path) !== text) found.push(`file: ${path}`);
  for (const path of before.otherFiles.keys()) if (!now.otherFiles.has(path)) found.push(`file gone: ${path}`);
  // A boot is not ours, where nothing was armed yet, or nothing any more.
  const starts = now.sps.state === 'STARTING' && !watch.armedAtBoot && watch.nowS - watch.bootedAtS < 120;
  if (!starts && (now.sps.state !== 'STARTED' || now.sps.health !== 'HEALTHY'))
    found.push(`SPS: ${now.sps.state} ${now.sps.health}`);
  if (watch.othersFile === undefined && now.sps.retryAttempt !== before.sps.retryAttempt && !allow.retryPending)
    found.push(`SPS runs with retryAttempt ${now.sps.retryAttempt}`);
  for (const [uid, what] of before.registrations) {
    if (watch.gone.has(uid) && (watch.planned.includes(uid) || watch.goneByOthers.has(uid))) continue;
    if (now.registrations.get(uid) !== what) found.push(`registration ${uid}: ${now.registrations.get(uid) ?? 'gone'}`);
  }
  if (now.elsewhere !== before.elsewhere) found.push('another vCenter, or a provider');
  for (const thing of armedThings(world, vcenter)) found.push(`armed: ${thing}`);
  for (const path of now.ours) if (!allow.record || !isRecord(path, watch.everArmed)) found.push(`file of ours: ${path}`);
  return found;
}

/** What the appliance keeps for whoever comes back, once it has taken itself back: in the folder of the run, and nowhere else. */
const isRecord = (path: string, armed: boolean): boolean =>
  armed && /^\/root\/\.vasatrust\/([^/]+\/[^/]*)?$/.test(path) && !/\/lock(\/|$)/.test(path);

/** Promises about how a story ends that do not hold. */
export function judgeEnding(stage: Stage, watch: Watch, ending: Ending): string[] {
  const gone = watch.planned.filter((uid) => watch.gone.has(uid));
  const all = gone.length === watch.planned.length;
  const troubled = watch.nowS < watch.spsTroubleUntilS || watch.nowS < watch.diskTroubleUntilS;
  if (ending.kind === 'by-itself') {
    // With the mark, SPS keeps what it read until somebody restarts it.
    const found = differences(stage, watch, { record: true, retryPending: all });
    if (troubled) return found.filter((one) => !/^(SPS|armed|file of ours|sms-config)/.test(one));
    // Somebody else's file is not touched, and the appliance watches on.
    if (watch.othersFile !== undefined) return found.filter((one) => !/^(armed|file of ours)/.test(one));
    return found;
  }
  const found = differences(stage, watch);
  const { result, left, removed, cutOff } = ending;
  const broken: string[] = [];
  const unsaid = removed.filter((uid) => !watch.gone.has(uid));
  if (unsaid.length > 0) broken.push(`said to be removed, and is not: ${unsaid.join(', ')}`);
  switch (result) {
    case 'done':
      if (!all) broken.push('said "done", and a registration is still there');
      broken.push(...found.map((one) => `said "done": ${one}`));
      break;
    case 'taken-back':
      // What somebody else removed after the last look, or where no look was made, nobody can say.
      if (gone.some((uid) => !(watch.goneByOthers.has(uid) && watch.lastListed?.has(uid) !== false)) && !cutOff)
        broken.push('said "taken-back", and a registration is gone');
      broken.push(...found.map((one) => `said "taken-back": ${one}`));
      break;
    case 'removed-and-taken-back':
      if (gone.length === 0) broken.push('said "removed-and-taken-back", and no registration is gone');
      broken.push(...found.map((one) => `said "removed-and-taken-back": ${one}`));
      break;
    case 'left-changed':
      if (left.length === 0) broken.push('said "left-changed", and not what');
      if (found.length === 0 && !cutOff && watch.othersFile === undefined)
        broken.push('said "left-changed", and all is as before');
      if (!cutOff && !troubled && watch.othersFile === undefined)
        broken.push(`said "left-changed" without need: ${found.join('; ')}`);
      break;
  }
  return broken;
}
