import type { CleanupStepKind } from '../../model/cleanup-plan.js';
import { tryReconnect } from '../first-reconnect.js';
import { reRegister } from '../re-register.js';
import type { StepHandler } from '../step-handler.js';
import { awaitOffline } from './await-offline.js';
import { confirmBackup, confirmClean } from './confirm-steps.js';
import { openShell } from './open-shell.js';
import { recordState } from './record-state.js';
import { lowerRetry, restoreRetry } from './retry-steps.js';
import { block, unblock } from './route-steps.js';
import { armSelfRevert, disarmSelfRevert } from './self-revert-steps.js';
import { restartSps, startSps, stopSps } from './service-steps.js';
import { tryPlain } from './try-plain.js';
import { unregister } from './unregister.js';

/** One per kind of step. */
export type Handlers = { readonly [Kind in CleanupStepKind]: StepHandler<Kind> };

export const HANDLERS: Handlers = {
  'confirm-backup': confirmBackup,
  'open-shell': openShell,
  'try-reconnect': tryReconnect,
  'try-plain': tryPlain,
  'record-state': recordState,
  'arm-self-revert': armSelfRevert,
  'lower-retry': lowerRetry,
  block,
  'stop-sps': stopSps,
  'start-sps': startSps,
  'await-offline': awaitOffline,
  unregister,
  unblock,
  'restore-retry': restoreRetry,
  'restart-sps': restartSps,
  'confirm-clean': confirmClean,
  're-register': reRegister,
  'disarm-self-revert': disarmSelfRevert,
};
