import type { Span, StepKind } from '../model/plan.js';

/**
 * How long a step takes, in seconds. Documented: the directory fills TRUSTED_ROOTS every 5 minutes; a host's refresh took about 5 s with four hosts
 * (8.0.3); an SPS restart with its waits is planned with 30 minutes to an hour. All others are estimates, wide on purpose.
 */
const SECONDS: Readonly<Record<StepKind, Span>> = {
  'confirm-evidence': { least: 30, most: 300 },
  'confirm-clocks': { least: 30, most: 120 },
  'confirm-names': { least: 60, most: 300 },
  'confirm-backup': { least: 300, most: 3600 },
  'hold-automation': { least: 60, most: 900 },
  'obtain-certificates': { least: 600, most: 86_400 },
  'publish-roots': { least: 30, most: 120 },
  'confirm-roots': { least: 10, most: 300 },
  'push-host-roots': { least: 15, most: 120 },
  'install-certificate': { least: 120, most: 900 },
  'confirm-certificate': { least: 10, most: 60 },
  'remove-registration': { least: 15, most: 120 },
  'register-provider': { least: 15, most: 180 },
  'confirm-retained': { least: 5, most: 60 },
  'confirm-online': { least: 10, most: 300 },
  'confirm-controller': { least: 10, most: 120 },
  'final-audit': { least: 30, most: 600 },
  'look-after': { least: 0, most: 0 },
};

/** Should the plain removal fail, the published procedure follows: two restarts of SPS and the wait for `offline`. */
const CLEANUP: Span = { least: 15, most: 3600 };

export const secondsOf = (kind: StepKind): Span => SECONDS[kind];
export const cleanupSeconds = (): Span => CLEANUP;

export const addSpans = (spans: readonly Span[]): Span => ({
  least: spans.reduce((sum, span) => sum + span.least, 0),
  most: spans.reduce((sum, span) => sum + span.most, 0),
});
