import { DEFAULT_TIMING, type Timing } from '../../src/model/timing.js';

/** The waits of the procedure and the lease, scaled; what a network or a machine needs stays as it is. */
export function standinTiming(secondMs: number): Timing {
  const scaled = (ms: number) => Math.round((ms * secondMs) / 1000);
  const { leaseMs, renewMs, guardMs } = DEFAULT_TIMING;
  return { ...DEFAULT_TIMING, secondMs, leaseMs: scaled(leaseMs), renewMs: scaled(renewMs), guardMs: scaled(guardMs) };
}
