import { Random } from './random.js';

/** Where in the life of one process of the tool something happens to it: at the nth of its calls that contain the text. */
export interface Trigger {
  /** Part of the call's name; empty: any call. Names: `open`, `ssh …`, `sms registrations`, `sms unregister UID`, `sleep`, `journal intent STEP`, … */
  readonly at: string;
  /** 1: the first of them. */
  readonly nth: number;
}

export type Trouble =
  /** The process is gone, before or after the call had its effect. */
  | { readonly kind: 'crash'; readonly side: 'before' | 'after' }
  /** The connection breaks: the call never arrived, goes on unseen, or had its effect and the answer is lost. Nobody gets through for a while. */
  | { readonly kind: 'lost'; readonly side: 'before' | 'during' | 'after'; readonly noticedS: number; readonly outageS: number }
  /** The answer comes late. */
  | { readonly kind: 'delay'; readonly seconds: number }
  /** The operator's machine sleeps: its steady clock stands still. */
  | { readonly kind: 'sleep'; readonly side: 'before' | 'after'; readonly seconds: number }
  /** Ctrl-C. */
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'reboot'; readonly side: 'before' | 'after' }
  /** Wall clocks only. */
  | { readonly kind: 'clock-jump'; readonly who: 'appliance' | 'operator'; readonly seconds: number }
  | { readonly kind: 'edit-file' }
  /** What somebody types in a shell of the appliance; drawn by no seed. */
  | { readonly kind: 'by-hand'; readonly script: string }
  | { readonly kind: 'remove-registration'; readonly which: number }
  /** Of the next starts of SPS; `forS` seconds long, or for good. */
  | { readonly kind: 'sps-start'; readonly how: 'hangs' | 'fails' | 'unhealthy'; readonly forS: number }
  /** service-control works so long before SPS begins to stop or start; drawn by no seed. */
  | { readonly kind: 'service-control'; readonly seconds: number; readonly forS: number }
  | { readonly kind: 'disk-full'; readonly forS: number }
  /** The vCenter trusts the provider's certificate again, and the provider takes it back. */
  | { readonly kind: 'provider-back' }
  /** The other node of a vCenter HA cluster answers from now on. */
  | { readonly kind: 'fail-over' };

export interface Fault {
  readonly trigger: Trigger;
  readonly trouble: Trouble;
}

/** One process: the run, or what somebody does about it later. */
export interface PlannedSession {
  readonly mode: 'run' | 'resume' | 'revert';
  /** Seconds after the session before it came to its end. */
  readonly afterS: number;
  readonly faults: readonly Fault[];
}

export interface StoryPlan {
  readonly seed: number;
  readonly variant: number;
  /** A later session takes place only when the one before it came to no good end. */
  readonly sessions: readonly PlannedSession[];
  /** Nobody's, while the appliance is by itself after the last session. */
  readonly late?: { readonly afterS: number; readonly trouble: Trouble };
}

/** A third of all faults hit here: around step 7, between an effect and the line about it, around arming, mark and disarming. */
const WINDOWS: readonly (readonly [number, string])[] = [
  [6, 'sms unregister'],
  [4, 'sms task'],
  [4, 'journal outcome unregister'],
  [2, 'journal intent unregister'],
  [4, 'journal removed'],
  [3, ' removed'],
  [3, 'journal intent'],
  [4, 'journal outcome'],
  [2, 'journal looked'],
  [2, 'journal decided'],
  [3, 'route add'],
  [3, 'route del'],
  [5, '/bin/mv'],
  [2, '/bin/cp'],
  [2, '/bin/sed'],
  [5, 'detach stop'],
  [5, 'detach start'],
  [3, 'detach restart'],
  [3, 'systemd-run'],
  [2, 'systemctl'],
  [2, 'guard.sh check'],
  [2, '/bin/rm'],
  [2, 'vmon-cli'],
  [2, 'guard.sh renew'],
  [2, 'open'],
];

const STEPS = [
  'record-state',
  'arm-self-revert',
  'lower-retry',
  'block',
  'stop-sps',
  'start-sps',
  'await-offline',
  'unregister',
  'unblock',
  'restore-retry',
  'restart-sps',
  'disarm-self-revert',
  'confirm-clean',
];

/** About as many calls as a run without trouble makes. */
export const USUAL_CALLS = 260;

export function planStory(seed: number, variants: number): StoryPlan {
  const random = new Random(seed);
  const variant = random.below(variants);
  const sessions: PlannedSession[] = [
    {
      mode: 'run',
      afterS: 0,
      faults: drawFaults(
        random,
        random.weighted([
          [1, 0],
          [12, 1],
          [6, 2],
          [2, 3],
        ]),
      ),
    },
  ];
  while (sessions.length < 4 && random.chance(sessions.length === 1 ? 0.62 : 0.5)) {
    sessions.push({
      mode: random.pick(['resume', 'resume', 'revert'] as const),
      afterS: drawPause(random),
      faults: drawFaults(
        random,
        random.weighted([
          [5, 0],
          [5, 1],
          [1, 2],
        ]),
      ),
    });
  }
  const late = random.chance(0.15)
    ? {
        afterS: random.below(260),
        trouble: random.weighted<Trouble>([
          [6, { kind: 'reboot', side: 'after' }],
          [2, { kind: 'edit-file' }],
          [2, { kind: 'clock-jump', who: 'appliance', seconds: random.pick([-86_400, -3_600, 3_600, 86_400]) }],
          [1, { kind: 'remove-registration', which: random.below(2) }],
        ]),
      }
    : undefined;
  return { seed, variant, sessions, ...(late === undefined ? {} : { late }) };
}

/** Within the lease, just at its end, while the appliance takes itself back, and long after. */
function drawPause(random: Random): number {
  return random.weighted([
    [3, () => random.below(20)],
    [3, () => random.below(120)],
    [4, () => 110 + random.below(80)],
    [2, () => 190 + random.below(120)],
    [1, () => 3_600],
  ])();
}

function drawFaults(random: Random, count: number): Fault[] {
  return Array.from({ length: count }, () => ({ trigger: drawTrigger(random), trouble: drawTrouble(random) }));
}

function drawTrigger(random: Random): Trigger {
  return random.weighted<() => Trigger>([
    [4, () => ({ at: '', nth: 1 + random.below(USUAL_CALLS) })],
    [4, () => ({ at: random.weighted(WINDOWS), nth: 1 + random.below(random.pick([1, 2, 4, 8])) })],
    [
      4,
      () => ({
        at: `journal ${random.pick(['intent', 'outcome'])} ${random.pick(STEPS)}`,
        nth: 1 + random.below(random.pick([1, 1, 2])),
      }),
    ],
  ])();
}

function drawTrouble(random: Random): Trouble {
  const side = random.pick(['before', 'after'] as const);
  return random.weighted<() => Trouble>([
    [30, () => ({ kind: 'crash', side })],
    [
      22,
      () => ({
        kind: 'lost',
        side: random.pick(['before', 'during', 'after'] as const),
        noticedS: random.pick([0, 0, 5, 60]),
        outageS: random.pick([0, 0, 15, 60, 100, 130, 160, 250, 1_000]),
      }),
    ],
    [6, () => ({ kind: 'delay', seconds: random.pick([3, 25, 90, 125, 160, 200]) })],
    [10, () => ({ kind: 'sleep', side, seconds: random.pick([30, 100, 119, 121, 135, 150, 165, 200, 260, 1_800]) })],
    [7, () => ({ kind: 'interrupt' })],
    [7, () => ({ kind: 'reboot', side })],
    [
      4,
      () => ({
        kind: 'clock-jump',
        who: random.pick(['appliance', 'operator'] as const),
        seconds: random.pick([-86_400, -3_600, -150, 150, 3_600, 86_400]),
      }),
    ],
    [4, () => ({ kind: 'edit-file' })],
    [3, () => ({ kind: 'remove-registration', which: random.below(2) })],
    [
      4,
      () => ({
        kind: 'sps-start',
        how: random.pick(['hangs', 'fails', 'unhealthy'] as const),
        forS: random.pick([20, 100, 400, 100_000]),
      }),
    ],
    [2, () => ({ kind: 'disk-full', forS: random.pick([20, 200, 100_000]) })],
  ])();
}
