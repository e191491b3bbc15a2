import type { CleanupStep } from '../model/cleanup-plan.js';
import type { Timing } from '../model/timing.js';
import { STARTING, STOPPING } from './service.js';

/** Seconds: routes and file back, and the self-revert disarmed. */
const BACK = 120;
const FREE: readonly CleanupStep['kind'][] = ['confirm-backup', 'open-shell', 'record-state', 'arm-self-revert'];
const WAY_BACK: readonly CleanupStep['kind'][] = [
  'unblock',
  'restore-retry',
  'restart-sps',
  'confirm-clean',
  'disarm-self-revert',
];
const TOUCHES_SERVICE: readonly CleanupStep['kind'][] = ['stop-sps', 'start-sps', 'await-offline', 'unregister'];

/** Could this step take its longest, and everything then be taken back, before the deadline? What is on the way back is always begun. */
export function deadlineAllows(
  step: CleanupStep,
  at: {
    readonly deadline: Date;
    readonly now: Date;
    readonly timing: Timing;
  },
): boolean {
  if (FREE.includes(step.kind) || WAY_BACK.includes(step.kind)) return true;
  const service = TOUCHES_SERVICE.includes(step.kind) ? STOPPING.most + STARTING.most : 0;
  const most = (step.seconds.most + service + BACK) * at.timing.secondMs;
  return at.now.getTime() + most <= at.deadline.getTime();
}
