import type {
  BlockedAddress,
  Check,
  CleanupAction,
  CleanupPlan,
  CleanupStep,
  ConfigChange,
  NewRegistration,
  Removal,
  Wait,
} from '../model/cleanup-plan.js';
import type { VcenterId } from '../model/ids.js';
import type { Place, Span, StepId } from '../model/plan.js';
import {
  backupCheck,
  backupCommands,
  dropBackup,
  lowerCheck,
  lowerCommands,
  PROVE_SHELL,
  restoreCheck,
  restoreCommands,
  routeCommands,
  SPS_HEALTHY,
  SPS_STOPPED,
  START_SPS,
  STOP_SPS,
  undoLower,
} from './cleanup-commands.js';

/** Seconds. Stopping, starting and turning healthy: deadlines by reasoning from seen times; SPS polls providers every 10 s (documented). */
const STOP: Wait = { until: 'sps-stopped', least: 0, most: 180, every: 5 };
const START: Wait = { until: 'sps-healthy', least: 0, most: 900, every: 10 };
const REMOVED: Wait = { until: 'removed', least: 0, most: 120, every: 2 };
/** SMS syncs a provider right after it is registered or reconnected; how long that takes is nowhere published. */
const ONLINE: Wait = { until: 'online', least: 0, most: 480, every: 2 };
/** A provider that is trusted turns online with the next poll or not at all (inferred). */
const RECONNECT_MOST = 60;
const POLL = 10;
const OFFLINE_MOST = 600;

/** SPS marks a provider offline when retryAttempt × retryInterval have passed (inferred), and one poll. */
export function offlineWait({ during, interval }: ConfigChange): Wait {
  return { until: 'offline', least: Number(during) * interval + POLL, most: OFFLINE_MOST, every: POLL };
}

export interface StepFacts {
  readonly vcenter: VcenterId;
  readonly removals: readonly Removal[];
  readonly addresses: readonly BlockedAddress[];
  readonly config: ConfigChange;
  readonly routeTool: 'ip' | 'route';
  readonly strategy: 'one-pass' | 'one-at-a-time';
  /** `tool`: carried out by the tool, which arms a self-revert first and keeps its copy in the folder of the run. */
  readonly by: 'hand' | 'tool';
  /** The operator accepted that SPS is not well before anything is done. */
  readonly spsAccepted?: boolean;
  /** uids of those that a Reconnect may help. */
  readonly reconnect?: readonly string[];
  /** uid that is removed → what is registered in its place. */
  readonly again?: ReadonlyMap<string, NewRegistration>;
}

/** First the plain removal of each, then the procedure; in one pass over all, or once per registration. */
export function buildSteps(facts: StepFacts): CleanupStep[] {
  const steps = new StepList(facts.vcenter);
  const { removals, config } = facts;
  steps.add(
    { kind: 'confirm-backup' },
    { seconds: [60, 3600], actor: 'operator', place: 'vcenter', do: [{ by: 'operator', what: 'backup' }] },
  );
  // From the tool's first trace on the appliance, the appliance takes it back by itself.
  if (facts.by === 'tool') {
    addOpenShell(steps, facts);
    steps.add({ kind: 'arm-self-revert' }, { seconds: [5, 120], do: [{ by: 'self-revert', what: 'arm' }] });
  }
  for (const { uid, name } of removals.filter((one) => facts.reconnect?.includes(one.uid) === true)) {
    steps.add(
      { kind: 'try-reconnect', uid, name },
      {
        seconds: [2, ONLINE.most],
        place: 'vcenter',
        do: [{ by: 'sms-reconnect', uid, name }],
        check: [{ by: 'sms', expect: { online: [uid], times: 1 } }],
        wait: { ...ONLINE, most: RECONNECT_MOST },
      },
    );
  }
  for (const { uid, name } of removals) {
    steps.add(
      { kind: 'try-plain', uid, name },
      { seconds: [5, 120], place: 'vcenter', do: [{ by: 'sms', unregister: uid, name }], check: [gone([uid])], wait: REMOVED },
    );
  }
  if (facts.by === 'hand') addOpenShell(steps, facts);
  steps.add(
    { kind: 'record-state' },
    { seconds: [5, 60], do: ssh(backupCommands(config)), check: backupCheck(config), undo: ssh(dropBackup(config)) },
  );
  steps.add(
    { kind: 'lower-retry' },
    {
      number: 2,
      seconds: [5, 120],
      do: ssh(lowerCommands(config, facts.by)),
      check: lowerCheck(config),
      undo: ssh(undoLower(config, facts.by)),
    },
  );
  const turns = facts.strategy === 'one-pass' ? [removals] : removals.map((one) => [one]);
  for (const [index, turn] of turns.entries()) addTurn(steps, { ...facts, removals: turn }, index + 1);
  addEnding(steps, facts, turns.length);
  return steps.done();
}

/** From a one-pass run in which a registration survived step 7: the others are unblocked, and each survivor gets a turn of its own. */
export function buildFallback(facts: StepFacts): CleanupStep[] {
  return facts.strategy !== 'one-pass' || facts.removals.length < 2 ? [] : buildTurns(facts);
}

/** @param facts all blocked addresses, and the removals that are still to be done */
function buildTurns(facts: StepFacts): CleanupStep[] {
  const steps = new StepList(facts.vcenter);
  for (const [index, one] of facts.removals.entries()) {
    const pass = index + 2;
    const others = facts.addresses.filter(({ uids }) => !uids.includes(one.uid));
    if (index === 0 && others.length > 0) addUnblock(steps, others, facts.routeTool, pass);
    // Blocked since step 3; the tool looks again, should it come back after a reboot.
    addTurn(steps, { ...facts, removals: [one] }, pass, index === 0 && facts.by === 'hand');
  }
  addEnding(steps, facts, facts.removals.length + 1);
  return steps.done();
}

function addOpenShell(steps: StepList, { spsAccepted = false }: StepFacts): void {
  const check = spsAccepted ? [PROVE_SHELL] : [PROVE_SHELL, SPS_HEALTHY];
  steps.add({ kind: 'open-shell' }, { number: 1, seconds: [5, 60], do: [{ by: 'operator', what: 'log-in' }], check });
}

/** The same procedure for these registrations alone, when others went by the plain removal. */
export const stepsWithout = (plan: CleanupPlan, gone: ReadonlySet<string>): CleanupStep[] =>
  buildSteps({ ...factsOf(plan, (uid) => !gone.has(uid)), strategy: plan.strategy });

/** What follows when these are still there after step 7 of the one pass. */
export const stepsForSurvivors = (plan: CleanupPlan, survivors: readonly string[]): CleanupStep[] =>
  buildTurns({ ...factsOf(plan, (uid) => survivors.includes(uid)), addresses: plan.addresses });

export const acceptsSps = (accepted: CleanupPlan['accepted']): boolean => accepted.some(({ code }) => code === 'sps-unhealthy');

function factsOf(plan: CleanupPlan, isLeft: (uid: string) => boolean): StepFacts {
  const { vcenter, removals, addresses, config, strategy, routeTool = 'ip', by = 'hand', accepted } = plan;
  const again = plan.steps.flatMap((step) => (step.kind === 're-register' ? [[step.uid, step.registration] as const] : []));
  return {
    vcenter: vcenter.id,
    removals: removals.filter(({ uid }) => isLeft(uid)),
    addresses: addresses.flatMap((one) => {
      const uids = one.uids.filter(isLeft);
      // What was taken over is removed, whoever went before.
      return uids.length === 0 && one.alreadyBlocked === undefined ? [] : [{ ...one, uids }];
    }),
    config,
    strategy,
    routeTool,
    by,
    spsAccepted: acceptsSps(accepted),
    again: new Map(again),
  };
}

/** Steps 3 to 8 for these removals. `blocked`: their route is there already. */
function addTurn(steps: StepList, facts: StepFacts, pass: number, blocked = false): void {
  const { removals, config, routeTool } = facts;
  const uids = removals.map(({ uid }) => uid);
  const addresses = facts.addresses.filter((one) => one.uids.some((uid) => uids.includes(uid)));
  const routes = addresses.map((address) => ({ ...address, ...routeCommands(address, routeTool) }));
  if (!blocked) {
    const fresh = routes.filter(({ alreadyBlocked }) => alreadyBlocked === undefined);
    steps.add(
      { kind: 'block', addresses: addresses.map(({ address }) => address) },
      {
        number: 3,
        pass,
        seconds: [2, 30],
        do: ssh(fresh.map(({ add }) => add)),
        check: routes.flatMap((one) => one.blocked),
        undo: ssh(routes.map(({ remove }) => remove)),
      },
    );
  }
  steps.add(
    { kind: 'stop-sps' },
    { number: 4, pass, seconds: [10, STOP.most], do: ssh([STOP_SPS]), check: [SPS_STOPPED], undo: ssh([START_SPS]), wait: STOP },
  );
  steps.add(
    { kind: 'start-sps' },
    { number: 5, pass, seconds: [40, START.most], do: ssh([START_SPS]), check: [SPS_HEALTHY], wait: START },
  );
  const wait = offlineWait(config);
  steps.add(
    { kind: 'await-offline', uids },
    {
      number: 6,
      pass,
      place: 'vcenter',
      seconds: [wait.least, wait.most],
      check: [SPS_HEALTHY, ...routes.flatMap((one) => one.blocked), { by: 'sms', expect: { offline: uids, times: 2 } }],
      wait,
    },
  );
  for (const { uid, name } of removals) {
    steps.add(
      { kind: 'unregister', uid, name },
      {
        number: 7,
        pass,
        place: 'vcenter',
        seconds: [5, 120],
        do: [{ by: 'sms', unregister: uid, name }],
        check: [gone([uid])],
        wait: REMOVED,
      },
    );
  }
  const takenOver = facts.addresses.filter((one) => one.uids.length === 0);
  addUnblock(steps, [...addresses, ...takenOver], routeTool, pass);
}

function addUnblock(steps: StepList, addresses: readonly BlockedAddress[], routeTool: 'ip' | 'route', pass: number): void {
  const routes = addresses.map((address) => routeCommands(address, routeTool));
  steps.add(
    { kind: 'unblock', addresses: addresses.map(({ address }) => address) },
    {
      number: 8,
      pass,
      seconds: [2, 30],
      do: ssh(routes.map(({ remove }) => remove)),
      check: routes.flatMap((one) => [one.none, ...one.open]),
    },
  );
}

/** Steps 9 to 11. */
function addEnding(steps: StepList, { config, removals, again, by }: StepFacts, pass: number): void {
  const uids = removals.map(({ uid }) => uid);
  steps.add(
    { kind: 'restore-retry' },
    { number: 9, pass, seconds: [5, 120], do: ssh(restoreCommands(config, by)), check: restoreCheck(config) },
  );
  steps.add(
    { kind: 'restart-sps' },
    {
      number: 10,
      pass,
      seconds: [50, STOP.most + START.most],
      do: ssh([STOP_SPS, START_SPS]),
      check: [SPS_HEALTHY],
      wait: START,
    },
  );
  steps.add(
    { kind: 'confirm-clean' },
    {
      number: 11,
      pass,
      place: 'vcenter',
      seconds: [20, 300],
      do: by === 'tool' ? [] : ssh(dropBackup(config)),
      check: [gone(uids), SPS_HEALTHY],
    },
  );
  if (by === 'tool') {
    steps.add({ kind: 'disarm-self-revert' }, { pass, seconds: [5, 120], do: [{ by: 'self-revert', what: 'disarm' }] });
  }
  addAgain(steps, again, pass);
}

/** Last of all: nothing of ours is left by then, so a person may take his time to compare fingerprints, and a failure leaves nothing to take back. */
function addAgain(steps: StepList, again: StepFacts['again'], pass: number): void {
  // Of all that are removed, also of those that went before this turn.
  for (const [uid, registration] of again ?? []) {
    steps.add(
      { kind: 're-register', uid, name: registration.name, registration },
      {
        number: 11,
        pass,
        place: 'vcenter',
        seconds: [5, ONLINE.most],
        do: [{ by: 'sms-register', registration }],
        check: [{ by: 'sms', expect: { online: [registration.url], times: 1 } }],
        wait: ONLINE,
      },
    );
  }
}

const ssh = (commands: readonly (readonly string[])[]): { readonly by: 'ssh'; readonly argv: readonly string[] }[] =>
  commands.map((argv) => ({ by: 'ssh', argv }));

const gone = (uids: readonly string[]): Check => ({ by: 'sms', expect: { absent: uids, times: 1 } });

interface Details {
  readonly number?: number;
  readonly pass?: number;
  readonly seconds: readonly [number, number];
  readonly actor?: CleanupStep['actor'];
  readonly place?: 'appliance' | 'vcenter';
  readonly do?: CleanupStep['do'];
  readonly check?: readonly Check[];
  readonly undo?: CleanupStep['undo'];
  readonly wait?: Wait;
}

/** Each step needs the one before it: there is one appliance and one file. */
class StepList {
  private readonly vcenter: VcenterId;
  private readonly steps: CleanupStep[] = [];

  constructor(vcenter: VcenterId) {
    this.vcenter = vcenter;
  }

  add(
    action: CleanupAction,
    { number, pass = 1, seconds: [least, most], actor = 'tool', place = 'appliance', wait, ...details }: Details,
  ): void {
    const previous = this.steps.at(-1)?.id;
    const seconds: Span = { least, most };
    const at: Place = { kind: place, vcenter: this.vcenter };
    const what = 'uid' in action ? `.${action.uid}` : '';
    // Under a name of its own in each turn.
    const turn = pass === 1 ? '' : `.turn${pass}`;
    const twin = this.steps.filter((one) => one.kind === action.kind && one.pass === pass && !('uid' in one)).length;
    this.steps.push({
      id: `${action.kind}.${this.vcenter}${what}${turn}${twin === 0 || what !== '' ? '' : `.${twin + 1}`}` as StepId,
      needs: previous === undefined ? [] : [previous],
      ...(number === undefined ? {} : { number }),
      pass,
      actor,
      place: at,
      seconds,
      do: details.do ?? [],
      check: details.check ?? [],
      undo: details.undo ?? [],
      ...(wait === undefined ? {} : { wait }),
      ...action,
    });
  }

  done(): CleanupStep[] {
    return this.steps;
  }
}
