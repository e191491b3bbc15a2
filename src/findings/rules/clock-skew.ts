import { defineRule } from '../rule.js';

/**
 * Milliseconds. A certificate that is not valid yet counts as InvalidCertificate in SMS, and the leaf a VMCA issues is young when it is
 * first used: a minute is enough to matter and well above what NTP leaves and the resolution of one second. The limit is ours.
 */
export const LIMIT_MS = 60_000;

export const clockSkew = defineRule({
  code: 'clock-skew',
  subjects: (inventory) => inventory.vcenters,
  about: (vcenter) => ({ vcenter: vcenter.id }),
  applies: () => true,
  check({ id, clockAheadMs }) {
    if (clockAheadMs === undefined) return { missing: 'the clock' };
    return Math.abs(clockAheadMs) > LIMIT_MS ? [{ code: 'clock-skew', vcenter: id, aheadMs: clockAheadMs }] : [];
  },
});
