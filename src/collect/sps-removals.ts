import { readLogText } from '../diagnose/read-text.js';
import type { Removal } from '../diagnose/removal.js';
import { stitchRemovals } from '../diagnose/stitch.js';
import type { SpsLogTail, SpsRemoval } from '../model/evidence.js';

const MOST_REMOVALS = 200;

/** What the kept records of sps.log say of removals, put together per task; those whose provider the log does not name are left out. */
export function withRemovals(tail: SpsLogTail): SpsLogTail {
  const { segment } = readLogText('sps.log', tail.lines.join('\n'));
  const removals = stitchRemovals([segment]).flatMap(spsRemoval);
  return { ...tail, removals: removals.slice(-MOST_REMOVALS) };
}

function spsRemoval({ uid, outcome, task, array, backup, exception, from, to, lines }: Removal): SpsRemoval[] {
  if (uid === undefined) return [];
  const telling =
    lines.find(({ signature }) => signature === 'C14' || signature === 'C14b' || signature === undefined) ?? lines.at(-1);
  return [
    {
      uid,
      outcome,
      ...(task === undefined ? {} : { task }),
      ...(array === undefined ? {} : { array }),
      ...(backup === undefined ? {} : { backup }),
      ...(exception === undefined ? {} : { exception }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      line: telling?.text ?? '',
    },
  ];
}
