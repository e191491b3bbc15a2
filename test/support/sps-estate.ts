import { expect } from 'vitest';
import { buildArray } from '../../src/lab/build-provider.js';
import { openWorld } from '../../src/lab/build-world.js';
import { openKeySource } from '../../src/lab/keys.js';
import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import { beginStart, beginStop, findTask, settle, startUnregister, statusOf } from '../../src/lab/sps-model.js';
import type { LabProvider, LabRegistration, LabTask, LabVcenter, LabWorld, SpsSwitches } from '../../src/lab/world.js';

export const START = Date.parse('2026-11-22T12:00:00Z');
/** Real lengths: the clock is ours. */
export const TIMING = {
  spsStopMs: 20_000,
  spsStartMs: 60_000,
  pollMs: 10_000,
  taskMs: 4_000,
  latencyMs: 0,
  retrySecondMs: 1_000,
};

export interface Estate {
  readonly world: LabWorld;
  /** Lost the trust of array1 to `winner`. */
  readonly loser: LabVcenter;
  readonly winner: LabVcenter;
  readonly array1: readonly [LabProvider, LabProvider];
  readonly array2: readonly [LabProvider, LabProvider];
  advance(ms: number): void;
  /** The loser's registration of a provider. */
  lost(provider: LabProvider): LabRegistration;
}

/** Two vCenters, two arrays of two controllers: array1 registered by both, array2 by the loser alone. */
export async function estate(switches: Partial<SpsSwitches> = {}, options: { readonly both?: false } = {}): Promise<Estate> {
  let now = START;
  const lab = openWorld('sps', { now: () => new Date(now), keys: openKeySource({ only: 'ec' }), timing: TIMING, switches });
  const loser = await lab.vcenter({ id: 'vc65', release: '6.5' });
  const winner = await lab.vcenter({ id: 'vc67', release: '6.7' });
  const array1 = await buildArray(lab, 'array1', { retained: false });
  const array2 = await buildArray(lab, 'array2', { retained: false });
  const shared = options.both === false ? [array1[0]] : array1;
  for (const array of [shared, array2]) for (const one of array) lab.register(loser, one, { active: one === array[0] });
  for (const one of shared) lab.register(winner, one, { active: one === shared[0] });
  const world = lab.finish();
  const lost = (provider: LabProvider) => {
    const found = loser.registrations.find((one) => one.provider === provider.name);
    if (!found) throw new Error('not registered');
    return found;
  };
  return {
    world,
    loser,
    winner,
    array1,
    array2,
    lost,
    advance: (ms) => {
      now += ms;
    },
  };
}

export function block({ world, loser }: Estate, ...providers: readonly LabProvider[]): void {
  settle(world, loser);
  for (const provider of providers)
    for (const address of provider.addresses) loser.appliance.routes.push(`unreachable ${address}`);
  settle(world, loser);
}

export function unblock({ world, loser }: Estate): void {
  settle(world, loser);
  loser.appliance.routes.splice(0);
  settle(world, loser);
}

/** Stop, start, and as long as it takes to be healthy. */
export function restart({ world, loser, advance }: Estate): void {
  expect(beginStop(world, loser)).toBe(true);
  advance(TIMING.spsStopMs);
  expect(beginStart(world, loser)).toBe(true);
  advance(TIMING.spsStartMs * 1.25);
  settle(world, loser);
}

export function setRetryAttempt({ loser }: Estate, value: number): void {
  const file = loser.appliance.files.get(SMS_CONFIG);
  if (!file) throw new Error('no sms-config.xml');
  file.content = Buffer.from(file.content.toString('utf8').replace('<retryAttempt>99999<', `<retryAttempt>${value}<`));
}

export function finish({ world, loser, advance }: Estate, task: LabTask, vcenter = loser): LabTask {
  advance(TIMING.taskMs);
  const found = findTask(world, vcenter, task.key);
  if (!found) throw new Error(`${task.key} is gone`);
  return found;
}

export function unregister(at: Estate, registration: LabRegistration): { readonly task: LabTask; readonly gone: boolean } {
  const task = finish(at, startUnregister(at.world, at.loser, registration.uid));
  return { task, gone: !at.loser.registrations.includes(registration) };
}

export const shown = (at: Estate, registration: LabRegistration): string => statusOf(at.world, at.loser, registration).status;
