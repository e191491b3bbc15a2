import { ok, type Problem } from '../model/problem.js';
import type { ApplianceFacts, JournalEntry } from '../model/run.js';
import { START_SPS } from '../plan/cleanup-commands.js';
import { plainText } from '../wire/redact.js';
import { readFacts, readService } from './appliance-state.js';
import type { GuardFacts } from './guard/guard-facts.js';
import type { GuardStatus } from './guard/guard-status.js';
import { type openGuard, otherSession } from './guard/self-revert.js';
import { handsOffRemedy, STUCK_REMEDY } from './lasting.js';
import { refused, STARTING, settled } from './service.js';
import type { Target } from './target.js';
import { because, type Done } from './trouble.js';

/** Seconds: a reboot of a vCenter takes a quarter of an hour; and the self-revert waits as long for SPS. */
const REACH = 1500;
const PATIENCE_WITH_GUARD = 2400;
/** Trying again would send a password again, or can lead nowhere. */
const FINAL: readonly Problem['code'][] = [
  'login-refused',
  'secret-unavailable',
  'secret-unusable',
  'config-invalid',
  'not-configured',
  'tls-not-trusted',
];
const MOST_LINES = 40;

export interface ConnectParts {
  readonly guardFor: typeof openGuard;
}

/**
 * Opens the way, and finds out whom it leads to: the same machine as ever, in which boot, watched or not. Within a session it is tried for
 * as long as the appliance may need; the first time once.
 */
export async function connect(target: Target, { guardFor }: ConnectParts): Promise<Done<void>> {
  const { entries } = target.journal;
  const first = factsIn(entries)[0];
  const inSession = factsIn(sinceSession(entries)).at(-1);
  const wasArmed = target.isArmed;
  target.setArmed(false);
  const facts = await openWithin(target, first?.hostKey, inSession !== undefined);
  if (!facts.ok) return facts;
  if (first?.machineId !== undefined && facts.value.machineId !== undefined && first.machineId !== facts.value.machineId) {
    await target.close();
    return because('elsewhere', otherMachine(target.label));
  }
  const last = factsIn(entries).at(-1);
  const rebooted = last?.bootId !== undefined && facts.value.bootId !== undefined && last.bootId !== facts.value.bootId;
  if (inSession !== undefined) {
    target.say(`connected again to ${target.label}`);
    await target.journal.append({ event: 'saw', what: 'connected-again', text: `connected again to ${target.label}` });
  }
  if (rebooted) await target.journal.append({ event: 'saw', what: 'rebooted', text: `${target.label} was rebooted meanwhile` });
  if (inSession === undefined || rebooted) await target.journal.append({ event: 'appliance', facts: facts.value });
  target.cleanPids.clear();
  for (const pid of cleanPids(target, facts.value)) target.cleanPids.add(pid);
  target.useGuard(guardFor(guardFacts(target, facts.value), target.timing));
  if (rebooted && inSession !== undefined && target.state.mode !== 'revert' && target.state.takeBack === undefined)
    await target.journal.append({ event: 'decided', what: { kind: 'take-back', why: 'rebooted' } });
  return watchedOrNot(target, wasArmed);
}

/** What the self-revert of an earlier session, or of this one, is about. */
async function watchedOrNot(target: Target, wasArmed: boolean): Promise<Done<void>> {
  if (!target.state.wasArmed) return ok(undefined);
  const status = target.liftAnswer(await target.guard.status(target.shell));
  if (!status.ok) return status;
  switch (status.value.state) {
    case 'armed': {
      const taken = await target.takeOn();
      // A disarming of this run, whose answer was lost, may have been under way.
      return !taken.ok && taken.error.kind === 'taken-over' && !wasArmed ? goneMeanwhile(target, taken) : taken;
    }
    case 'taken-over':
      return because('taken-over', takingBack(target.label));
    case 'disarmed':
    case 'absent':
      // What it did waits to be collected: where nothing waits, somebody has been here.
      if (wasArmed && !status.value.isThere) return because('elsewhere', otherSession(target.label));
      if (wasArmed) return because('taken-over', takingBack(target.label));
      return collect(target, status.value);
  }
}

async function goneMeanwhile(target: Target, taken: Done<void>): Promise<Done<void>> {
  target.setArmed(false);
  const status = target.liftAnswer(await target.guard.status(target.shell));
  if (!status.ok) return status;
  return status.value.isThere ? taken : ok(undefined);
}

async function openWithin(target: Target, hostKey: string | undefined, again: boolean): Promise<Done<ApplianceFacts>> {
  const time = target.deadline(REACH);
  for (let pause = 2, told = false; ; pause = Math.min(pause * 2, 15)) {
    const opened = await target.open(hostKey);
    const facts = opened.ok ? await readFacts(target, opened.value.shell.hostKeySha256) : opened;
    if (facts.ok) return facts;
    const { kind, problem } = facts.error;
    if (!again || kind === 'elsewhere' || FINAL.includes(problem.code) || time.isOver()) return facts;
    if (!told) target.say(`waiting until ${target.label} can be reached (${problem.summary}), at most ${REACH} s`);
    told = true;
    await target.clock.sleep(pause * target.timing.secondMs);
  }
}

/**
 * Until the self-revert is done, or says that it cannot be. Nothing is changed meanwhile. A problem is what stays left; none: everything may
 * be looked at again.
 */
export async function settleWithGuard(target: Target): Promise<Done<Problem | undefined>> {
  const time = target.deadline(PATIENCE_WITH_GUARD);
  const nudge = nudging(target);
  let tried = false;
  const handsOff = target.deadline((2 * target.timing.guardMs) / target.timing.secondMs + 10);
  for (let told = false; ; told = true) {
    const status = target.liftAnswer(await target.guard.status(target.shell));
    if (!status.ok) {
      if (status.error.kind !== 'failed' || time.isOver()) return status;
      await target.clock.sleep(5 * target.timing.secondMs);
      continue;
    }
    const { state, ended, waitsFor, startFailed } = status.value;
    if (state === 'armed') {
      const alive = await target.takeOn();
      if (alive.ok) return ok(undefined);
      target.setArmed(false);
      // The lease is over, and the next look of the self-revert is yet to come.
      if (alive.error.kind !== 'taken-over') return alive;
    } else if (state !== 'taken-over') {
      const collected = await collect(target, status.value);
      return collected.ok ? ok(undefined) : collected;
    }
    if (state === 'taken-over' && startFailed) {
      const service = await readService(target);
      if (!service.ok && service.error.kind !== 'failed') return service;
      if (service.ok && service.value.runState === 'STOPPED') {
        if (tried) return ok(await refused(target, ''));
        tried = true;
        const started = await startByHand(target);
        if (!started.ok) return started;
        continue;
      }
    }
    if (ended === 'hands-off' && handsOff.isOver())
      return ok(await left(target, status.value, handsOffRemedy(target.plan.config, target.run)));
    if (time.isOver()) return ok(await left(target, status.value, STUCK_REMEDY));
    if (!told) {
      target.say(
        `waiting until the self-revert on ${target.label} is done${waitsFor === undefined ? '' : ` (it waits for ${waitsFor})`}, at most ${PATIENCE_WITH_GUARD} s`,
      );
    }
    const looked = state === 'taken-over' ? await nudge(status.value) : ok(undefined);
    if (!looked.ok) return looked;
    await target.clock.sleep(5 * target.timing.secondMs);
  }
}

/** For a self-revert that does not look any more, since its timer is gone or could not be started again after a reboot. */
function nudging(target: Target): (status: GuardStatus) => Promise<Done<void>> {
  const missed = LOOKS_MISSED * target.timing.guardMs;
  let nudgedAt: number | undefined;
  return async ({ lookedMsAgo }) => {
    const now = target.clock.uptimeMs();
    if ((lookedMsAgo !== undefined && lookedMsAgo <= missed) || (nudgedAt !== undefined && now - nudgedAt <= missed))
      return ok(undefined);
    target.say(`nothing makes the self-revert on ${target.label} look any more: it is made to look from here`);
    nudgedAt = now;
    return target.lift(await target.guard.look(target.shell));
  };
}

const LOOKS_MISSED = 3;

/** The self-revert made its one attempt and will make no other; routes and file are back. Whoever comes makes one of his own. */
async function startByHand(target: Target): Promise<Done<void>> {
  target.say('starting SPS once more: the self-revert could not');
  const started = target.liftAnswer(await target.shell(START_SPS, { timeoutMs: STARTING.most * target.timing.secondMs }));
  if (!started.ok && started.error.kind !== 'failed') return started;
  const now = await settled(target);
  return now.ok || now.error.kind === 'failed' ? ok(undefined) : now;
}

/** What it wrote down goes into the journal; where it proved SPS taken back, the process that runs is one that read the original. */
async function collect(target: Target, status: GuardStatus): Promise<Done<void>> {
  await tell(target, status);
  if (status.ended !== 'taken-back') return ok(undefined);
  const service = await readService(target);
  if (!service.ok) return service.error.kind === 'failed' ? ok(undefined) : service;
  const { runState, pid } = service.value;
  if (runState !== 'STARTED' || pid === undefined) return ok(undefined);
  target.cleanPids.add(pid);
  const stop = [...target.steps.values()].find((step) => step.kind === 'stop-sps');
  const touched = stop !== undefined && target.state.steps.get(stop.id)?.applied !== undefined;
  if (touched)
    await target.journal.append({ event: 'outcome', step: stop.id, action: 'undo', result: 'done', found: { cleanPid: pid } });
  return ok(undefined);
}

async function tell(target: Target, { lines, ended, waitsFor }: GuardStatus): Promise<void> {
  const known = new Set(
    target.journal.entries.flatMap((one) => (one.event === 'saw' && one.what === 'self-revert' ? [one.text] : [])),
  );
  const texts = lines.slice(-MOST_LINES).map(({ at, what, detail }) => plainText(`${at} ${what} ${detail}`.trim(), 300));
  if (ended !== undefined)
    texts.push(`ended: ${ended}${waitsFor === undefined ? '' : `, waiting for ${plainText(waitsFor, 200)}`}`);
  for (const text of texts.filter((one) => !known.has(one))) {
    target.say(`the self-revert on ${target.label}: ${text}`);
    await target.journal.append({ event: 'saw', what: 'self-revert', text });
  }
}

async function left(target: Target, status: GuardStatus, remedy: string): Promise<Problem> {
  await tell(target, status);
  return {
    code: status.ended === 'hands-off' ? 'changed-meanwhile' : 'timeout',
    target: target.label,
    summary: `the self-revert on ${target.label} is not done${status.waitsFor === undefined ? '' : `; it waits for ${plainText(status.waitsFor, 200)}`}`,
    remedy,
    retry: 'after-remedy',
  };
}

function guardFacts(target: Target, { bootId = '' }: ApplianceFacts): GuardFacts {
  const { config, addresses } = target.plan;
  const { path, working, backup, exact } = config;
  return {
    run: target.run,
    label: target.label,
    configPath: path,
    working,
    backup,
    shaBefore: exact?.shaNow ?? '',
    shaDuring: exact?.shaDuring ?? '',
    ...(exact === undefined || exact.shaAfter === exact.shaNow ? {} : { shaAfter: exact.shaAfter }),
    addresses: addresses.map(({ address, family }) => ({ address, family })),
    routeTool: target.routeTool,
    cleanPids: [...target.cleanPids],
    bootId,
    owner: target.owner,
    session: target.session,
  };
}

/** Processes of SPS in this boot that read the file as it was found, or as it is left: seen before the first change, or started after it was taken back. */
function cleanPids(target: Target, now: ApplianceFacts): ReadonlySet<number> {
  const pids = new Set<number>();
  const lower = new Set([...target.steps.values()].filter(({ kind }) => kind === 'lower-retry').map(({ id }) => id));
  let boot: string | undefined;
  let lowered = false;
  for (const entry of target.journal.entries) {
    if (entry.event === 'appliance') {
      boot = entry.facts.bootId;
      const { spsPid } = entry.facts;
      if (!lowered && spsPid !== undefined && boot === now.bootId) pids.add(spsPid);
    }
    if (entry.event === 'intent' && entry.action === 'apply' && lower.has(entry.step)) lowered = true;
    if (entry.event !== 'outcome' || boot !== now.bootId) continue;
    const { found } = entry;
    const pid = found !== null && typeof found === 'object' && 'cleanPid' in found ? found.cleanPid : undefined;
    if (typeof pid === 'number') pids.add(pid);
  }
  return pids;
}

const factsIn = (entries: readonly JournalEntry[]): ApplianceFacts[] =>
  entries.flatMap((entry) => (entry.event === 'appliance' ? [entry.facts] : []));

const sinceSession = (entries: readonly JournalEntry[]): readonly JournalEntry[] =>
  entries.slice(entries.findLastIndex(({ event }) => event === 'session'));

const takingBack = (target: string): Problem => ({
  code: 'not-attempted',
  target,
  summary: `the self-revert on ${target} has taken over`,
  remedy: 'Nothing is changed until it is done.',
  retry: 'later',
});

const otherMachine = (target: string): Problem => ({
  code: 'changed-meanwhile',
  target,
  summary: `${target} is another machine than when the run began`,
  remedy:
    'After a fail-over of vCenter HA this is the other node. Nothing more was sent; the first machine takes the run back by itself. Look at both, then use `vasatrust runs revert`.',
  retry: 'after-remedy',
});
