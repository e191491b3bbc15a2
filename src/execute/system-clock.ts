import type { Clock } from './ports.js';

/** This machine's time. */
export const systemClock: Clock = {
  now: () => new Date(),
  uptimeMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
