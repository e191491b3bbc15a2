import { createHash } from 'node:crypto';
import { type Guard, openGuard } from '../../src/execute/guard/self-revert.js';
import { awaitOffline } from '../../src/execute/handlers/await-offline.js';
import { orFail, removeOnce } from '../../src/execute/handlers/removal.js';
import { unregister } from '../../src/execute/handlers/unregister.js';
import type { StepHandler } from '../../src/execute/step-handler.js';
import { ok } from '../../src/model/problem.js';
import type { Fault, StoryPlan, Trouble } from './fault-plan.js';
import type { Sabotage } from './story.js';

/** A safety, and the run without it. */
export interface Safety {
  readonly name: string;
  readonly without: Sabotage;
  /** Stories that could show it; the others of the seeds are not played, to save time. */
  readonly among: (plan: StoryPlan) => boolean;
}

const faults = ({ sessions }: StoryPlan): readonly Fault[] => sessions.flatMap((one) => one.faults);
const hasTrouble =
  (kind: Trouble['kind']) =>
  (plan: StoryPlan): boolean =>
    plan.late?.trouble.kind === kind || faults(plan).some(({ trouble }) => trouble.kind === kind);
const at = ({ sessions: [run] }: StoryPlan, steps: RegExp): boolean =>
  run?.faults[0] !== undefined && steps.test(run.faults[0].trigger.at);
/** Killed around this, and nobody comes back. */
const leftAt =
  (steps: RegExp) =>
  (plan: StoryPlan): boolean =>
    plan.sessions.length === 1 && plan.late === undefined && faults(plan)[0]?.trouble.kind === 'crash' && at(plan, steps);
const MIDDLE = /block|stop-sps|start-sps|await-offline|unregister|route add|detach st/;

/** With a word of the guard's script replaced; throws when the script does not have it, since nothing would be taken out then. */
function scriptWithout(...changes: readonly (readonly [find: string, put: string])[]): Sabotage {
  return (parts) => ({
    ...parts,
    guardFor: (facts, timing) => {
      const guard = openGuard(facts, timing);
      return {
        ...guard,
        arm: (run) =>
          guard.arm((argv, options) => {
            const text = options?.stdin;
            if (text === undefined || !text.includes('take_back() {')) return run(argv, options);
            const script = changes.reduce((all, [find, put]) => replaceOnce(all, find, put), text);
            // Its checksum goes with it.
            const [whole, less] = [sha256(text), sha256(script)];
            return run(
              argv.map((word) => (word === whole ? less : word)),
              { ...options, stdin: script },
            );
          }),
      };
    },
  });
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function replaceOnce(script: string, find: string, put: string): string {
  if (!script.includes(find)) throw new Error(`guard.sh has no ${JSON.stringify(find)}`);
  return script.replace(find, put);
}

function guardWithout(change: (guard: Guard) => Partial<Guard>): Sabotage {
  return (parts) => ({
    ...parts,
    guardFor: (facts, timing) => {
      const guard = (parts.guardFor ?? openGuard)(facts, timing);
      return { ...guard, ...change(guard) };
    },
  });
}

/** A part of the guard's script that says everything is fine. */
const asIfDone = (name: string, variable: string): Sabotage =>
  scriptWithout([`${name}() {\n`, `${name}() {\n  ${variable}=ok\n  return 0\n`]);

const believingTheTask: StepHandler<'unregister'>['apply'] = async ({ uid }, target) => {
  const sent = await target.sms((sms) => sms.unregister(uid));
  if (!sent.ok) return sent;
  for (;;) {
    const info = await target.sms((sms) => sms.task(sent.value));
    if (!info.ok) return info;
    if (info.value.state === 'success') break;
    if (info.value.state === 'error') return unregister.apply({ uid } as never, target);
    const paused = await target.pause(2, 'never');
    if (!paused.ok) return paused;
  }
  await target.noteRemoved(uid, 'procedure');
  return ok(null);
};

export const SAFETIES: readonly Safety[] = [
  { name: 'the self-revert removes the routes', among: leftAt(MIDDLE), without: asIfDone('routes_back', 'ROUTES') },
  { name: 'the self-revert puts the file back', among: leftAt(MIDDLE), without: asIfDone('file_back', 'FILE') },
  {
    name: 'the self-revert looks after SPS',
    among: leftAt(/stop-sps|start-sps|await-offline|detach/),
    without: asIfDone('sps_back', 'SPS'),
  },
  {
    name: 'the mark "removed" comes after the proof',
    among: leftAt(/start-sps|await-offline|intent unregister/),
    without: scriptWithout(['  say armed "lease', '  mark removed\n  say armed "lease']),
  },
  {
    name: 'the boot guard puts the file back',
    among: hasTrouble('reboot'),
    without: scriptWithout(['  was_rebooted || return 0\n', '  return 0\n']),
  },
  {
    name: 'the self-revert leaves a file alone that somebody else changed',
    among: hasTrouble('edit-file'),
    without: scriptWithout(['if [ "$SHA" != "$DURING" ]; then', 'if false; then']),
  },
  {
    name: 'armed before the first change',
    among: () => true,
    // Everything is there but what looks by itself, and nobody minds.
    without: (parts) => {
      const unwatched = scriptWithout(
        ['    start_timer || fail "systemd-run did not start $UNIT.timer"', '    :'],
        ["    start_watcher || fail 'the watcher did not start'", '    :'],
      )(parts);
      return guardWithout((guard) => ({
        arm: async (run) => {
          await guard.arm(run);
          return { ok: true, value: { kind: 'systemd', proof: 'none' } };
        },
      }))(unwatched);
    },
  },
  {
    name: 'a fresh list is believed, and not the task',
    among: ({ variant }) => variant === 2,
    without: (parts) => ({ ...parts, handlers: { unregister: { ...unregister, apply: believingTheTask } } }),
  },
  {
    name: 'the gate before step 7',
    among: () => true,
    without: (parts) => ({
      ...parts,
      handlers: {
        'await-offline': { ...awaitOffline, apply: async () => ok(null) },
        unregister: {
          ...unregister,
          async apply(step, target) {
            const removed = await removeOnce(target, step.uid, step.name, { until: 'removed', least: 0, most: 120, every: 2 });
            if (!removed.ok) return removed;
            if (removed.value.kind === 'gone') await target.noteRemoved(step.uid, 'procedure');
            return orFail(removed.value);
          },
        },
      },
    }),
  },
];
