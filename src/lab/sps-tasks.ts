import { clockOf, logTaskComplete, logTaskCreated } from './sps-log.js';
import type { LabTask, LabVcenter, LabWorld } from './world.js';

export type TaskOutcome = { readonly result?: string } | { readonly error: NonNullable<LabTask['error']> };

interface PendingTask {
  readonly vcenter: LabVcenter;
  readonly task: LabTask;
  readonly createdMs: number;
  /** SPS process the task lives in. */
  readonly pid: number;
  /** Does the work and its log lines, when the task is due. */
  readonly work: (atMs: number, key: string) => TaskOutcome;
}

const pendingOf = new WeakMap<LabWorld, PendingTask[]>();

/** A task in state `queued`. It runs from a quarter of `timing.taskMs` on; its work is done, all at once, when `taskMs` is over. */
export function createTask(world: LabWorld, vcenter: LabVcenter, object: string, work: PendingTask['work']): LabTask {
  const createdMs = clockOf(world);
  const task: LabTask = { key: `SmsTask-${vcenter.nextTask}`, object, state: 'queued' };
  vcenter.nextTask += 1;
  vcenter.tasks.push(task);
  logTaskCreated(vcenter, createdMs, task.key);
  const pending = pendingOf.get(world) ?? [];
  pendingOf.set(world, pending);
  pending.push({ vcenter, task, createdMs, pid: vcenter.appliance.sps.pid, work });
  return task;
}

/** Moves all tasks of the world on to what the clock says, in the order in which they are due. */
export function settleTasks(world: LabWorld): void {
  const pending = pendingOf.get(world);
  if (!pending || pending.length === 0) return;
  const now = clockOf(world);
  for (const one of [...pending]) {
    const { vcenter, task, createdMs } = one;
    const runsMs = createdMs + world.timing.taskMs / 4;
    const dueMs = createdMs + world.timing.taskMs;
    if (now >= runsMs && task.state === 'queued') {
      task.state = 'running';
      task.progress = 10;
      task.startMs = Math.round(runsMs);
    }
    const died = vcenter.appliance.sps.pid !== one.pid || vcenter.appliance.sps.state !== 'STARTED';
    if (now < dueMs && !died) continue;
    pending.splice(pending.indexOf(one), 1);
    if (died) continue;
    finish(vcenter, task, dueMs, one.work(dueMs, task.key));
  }
}

function finish(vcenter: LabVcenter, task: LabTask, atMs: number, outcome: TaskOutcome): void {
  task.completionMs = Math.round(atMs);
  if ('error' in outcome) {
    task.state = 'error';
    task.error = outcome.error;
  } else {
    task.state = 'success';
    task.progress = 100;
    if (outcome.result !== undefined) task.result = outcome.result;
  }
  logTaskComplete(vcenter, atMs, task.key);
}

export function failed(type: string, message: string, fields?: Readonly<Record<string, string>>): TaskOutcome {
  return { error: { type, message, ...(fields ? { fields } : {}) } };
}
