import type { ApplianceProbes } from '../model/appliance-probes.js';
import type { ConfigChange } from '../model/cleanup-plan.js';
import type { Vcenter } from '../model/inventory.js';
import type { RunId } from '../model/run.js';
import type { RefusalReason } from './cleanup-refusal.js';
import { editRetryAttempt, LOWERED_RETRY, SHIPPED_RETRY, type SmsConfigEdit } from './sms-config-edit.js';

const PATH = '/usr/lib/vmware-vpx/sps/conf/sms-config.xml';
/** Beside the file, for a rename; not named *.xml, should anything read the whole folder. No two runs share one. */
const workingOf = (run: string | undefined): string => `${PATH}.vasatrust${run === undefined ? '' : `-${run}`}-new`;
const backupOf = (run: string): string => `/root/.vasatrust/${run}/sms-config.xml.orig`;
/** Seconds; published. */
const INTERVAL = 30;

export interface ConfigWish {
  readonly originalRetry?: number;
  readonly purpose: 'show' | 'carry-out';
  readonly by?: 'hand' | 'tool';
  readonly run?: RunId;
}

/** The number is one that is expected: what ships, what the procedure sets, or what the operator says was there. */
function editOf(
  probes: ApplianceProbes | undefined,
  value: number,
  originalRetry: number | undefined,
): SmsConfigEdit | string | undefined {
  if (probes?.smsConfig.state !== 'seen') return undefined;
  const { text, kind } = probes.smsConfig.value;
  if (text.includes('\ufffd')) return 'it is not UTF-8';
  if (kind !== undefined && kind !== 'regular file') return `it is a ${kind} and not a regular file`;
  const expected = [SHIPPED_RETRY, LOWERED_RETRY, ...(originalRetry === undefined ? [] : [originalRetry])];
  const edit = editRetryAttempt(new TextEncoder().encode(text), value, expected);
  return edit.ok ? edit.value : edit.error;
}

export function configReasons(
  vcenter: Vcenter,
  probes: ApplianceProbes | undefined,
  { originalRetry, purpose, by }: ConfigWish,
): RefusalReason[] {
  if (probes?.smsConfig.state === 'absent')
    return [{ code: 'config-unexpected', path: PATH, why: probes.smsConfig.why ?? 'it is not there' }];
  const edit = editOf(probes, LOWERED_RETRY, originalRetry);
  if (edit === undefined && by === 'tool' && purpose === 'carry-out')
    return [{ code: 'config-unexpected', path: PATH, why: 'it could not be read' }];
  if (typeof edit === 'string') return [{ code: 'config-unexpected', path: PATH, why: edit }];
  const now = edit?.before ?? vcenter.leftovers.changedRetryAttempt;
  if (now === undefined) return [];
  // What is put back is what was found, but for what a cleanup wrote.
  if (originalRetry !== undefined)
    return [LOWERED_RETRY, originalRetry].includes(Number(now))
      ? []
      : [{ code: 'config-unexpected', path: PATH, why: `retryAttempt is ${now}, and --original-retry says ${originalRetry}` }];
  if (Number(now) === SHIPPED_RETRY) return [];
  if (Number(now) === LOWERED_RETRY) return [{ code: 'cleanup-leftover', path: PATH, value: now }];
  return [
    { code: 'config-unexpected', path: PATH, why: `retryAttempt is ${now}; ${SHIPPED_RETRY} or ${LOWERED_RETRY} is expected` },
  ];
}

/**
 * What is changed and what it says at the end: the value that is there now, or what the operator says was there before somebody changed it.
 * The exact line and the checksums are known where the file itself was read.
 */
export function planConfig(
  vcenter: Vcenter,
  probes: ApplianceProbes | undefined,
  { originalRetry, by, run }: ConfigWish,
): ConfigChange {
  const edit = editOf(probes, LOWERED_RETRY, originalRetry);
  const during = String(LOWERED_RETRY);
  const common = {
    path: PATH,
    working: workingOf(by === 'tool' ? run : undefined),
    backup: backupOf(by === 'tool' ? (run ?? 'run') : 'by-hand'),
    during,
    xmllint: hasXmllint(probes),
  };
  if (edit === undefined || typeof edit === 'string') {
    const now = vcenter.leftovers.changedRetryAttempt;
    const after = String(originalRetry ?? now ?? SHIPPED_RETRY);
    return { ...common, ...(now === undefined ? {} : { now }), after, interval: INTERVAL };
  }
  const after = String(originalRetry ?? edit.before);
  const last = after === edit.before ? undefined : editOf(probes, Number(after), originalRetry);
  return {
    ...common,
    now: edit.before,
    after,
    interval: edit.interval,
    exact: {
      line: edit.line,
      column: edit.column,
      lineNow: edit.lineBefore,
      lineDuring: edit.lineAfter,
      shaNow: edit.shaBefore,
      shaDuring: edit.shaAfter,
      shaAfter: typeof last === 'object' ? last.shaAfter : edit.shaBefore,
    },
  };
}

/** Not asked: assumed, as on the releases where it is documented. */
function hasXmllint(probes: ApplianceProbes | undefined): boolean {
  const present = probes?.tools.find(({ tool }) => tool === 'xmllint')?.present;
  return present?.state !== 'seen' || present.value;
}
