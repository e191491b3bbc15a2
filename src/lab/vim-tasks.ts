import { type Data, data, type Ref, ref } from './soap-values.js';
import type { LabVcenter, LabWorld } from './world.js';

/** A vim25 task. Its state follows from the clock alone: queued, then running, and done after `timing.taskMs`. */
interface VimTask {
  readonly key: string;
  readonly descriptionId: string;
  readonly userName: string;
  readonly queuedMs: number;
  readonly durationMs: number;
}

const TASKS = new WeakMap<LabVcenter, Map<string, VimTask>>();

export function startVimTask(
  world: LabWorld,
  vcenter: LabVcenter,
  what: { readonly descriptionId: string; readonly userName: string },
): Ref {
  const tasks = tasksOf(vcenter);
  const key = `task-${tasks.size + 1}`;
  tasks.set(key, { ...what, key, queuedMs: world.now().getTime(), durationMs: world.timing.taskMs });
  return ref('Task', key);
}

export function vimTaskInfo(world: LabWorld, vcenter: LabVcenter, key: string): Data | undefined {
  const task = tasksOf(vcenter).get(key);
  if (task === undefined) return undefined;
  const startMs = task.queuedMs + task.durationMs / 4;
  const endMs = task.queuedMs + task.durationMs;
  const now = world.now().getTime();
  const state = now >= endMs ? 'success' : now >= startMs ? 'running' : 'queued';
  return data('TaskInfo', {
    key,
    task: ref('Task', key),
    descriptionId: task.descriptionId,
    state,
    cancelled: false,
    cancelable: false,
    progress: state === 'running' ? 50 : undefined,
    reason: data('TaskReasonUser', { userName: task.userName }),
    queueTime: new Date(task.queuedMs),
    startTime: state === 'queued' ? undefined : new Date(startMs),
    completeTime: state === 'success' ? new Date(endMs) : undefined,
    eventChainId: Number(key.slice(5)),
  });
}

function tasksOf(vcenter: LabVcenter): Map<string, VimTask> {
  let tasks = TASKS.get(vcenter);
  if (tasks === undefined) {
    tasks = new Map();
    TASKS.set(vcenter, tasks);
  }
  return tasks;
}
