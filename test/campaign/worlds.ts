import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import { buildScenario, startLab } from '../../src/lab/start-lab.js';
import type { LabTiming, LabVcenter, LabWorld, SpsSwitches } from '../../src/lab/world.js';
import type { CleanupPlan } from '../../src/model/cleanup-plan.js';
import { vcenterId } from '../../src/model/ids.js';
import type { Accepted } from '../../src/model/plan-answer.js';
import type { RunId } from '../../src/model/run.js';
import { planCleanup } from '../../src/plan/plan-cleanup.js';
import { lookFor } from '../support/play-cleanup.js';
import type { VirtualClock } from '../support/virtual-clock.js';

/** Times of a real appliance, as far as anybody has said; a virtual clock costs none of it. */
const TIMES: LabTiming = {
  spsStopMs: 10_000,
  spsStartMs: 40_000,
  pollMs: 10_000,
  taskMs: 2_000,
  latencyMs: 0,
  retrySecondMs: 1_000,
};

export const RUN = '20261122T120000Z-vc65-0001' as RunId;

export interface Variant {
  readonly name: string;
  readonly switches?: Partial<SpsSwitches>;
  readonly oneAtATime?: true;
  /** Accepted, besides what is accepted in all of them. */
  readonly accepts?: readonly Accepted[];
  readonly originalRetry?: number;
  prepare?(vcenter: LabVcenter): void;
}

/** Where the engine or the self-revert takes another way. */
export const VARIANTS: readonly Variant[] = [
  { name: 'two registrations in one pass' },
  { name: 'one at a time', oneAtATime: true, switches: { statusWhileRetrying: 'unknown', npeShows: 'fault' } },
  { name: 'one survives the one pass', switches: { npeWhenAllBlocked: 'persists' } },
  {
    name: 'no systemd, no ip',
    prepare: ({ appliance }) => {
      Object.assign(appliance, { hasIp: false, init: 'other' });
    },
  },
  {
    name: 'CRLF, another route, the gate is a poll',
    switches: { offlineGate: 'poll', statusWhileRetrying: 'online' },
    prepare: ({ appliance }) => {
      appliance.routes.push('10.77.0.9 via 10.0.0.1 dev eth0');
      const file = appliance.files.get(SMS_CONFIG);
      if (file) file.content = Buffer.from(file.content.toString('utf8').trimEnd().replaceAll('\n', '\r\n'));
    },
  },
];

export interface Stage {
  readonly world: LabWorld;
  readonly vcenter: LabVcenter;
  readonly plan: CleanupPlan;
}

interface Made {
  readonly world: LabWorld;
  readonly plan: CleanupPlan;
  readonly start: Date;
}

const made = new Map<Variant, Promise<Made>>();

/** A world of its own for one story; made once per process and variant, then copied. @param which a number of `VARIANTS`, or one of one's own */
export async function openStage(
  which: number | Variant,
  clockFrom: (start: Date) => VirtualClock,
): Promise<Stage & { readonly clock: VirtualClock }> {
  const variant = typeof which === 'number' ? (VARIANTS[which] as Variant) : which;
  let making = made.get(variant);
  if (making === undefined) {
    making = makeWorld(variant);
    made.set(variant, making);
  }
  const { world: original, plan, start } = await making;
  const clock = clockFrom(start);
  const world = copyWorld(original, clock);
  return { world, vcenter: firstOf(world), plan, clock };
}

async function makeWorld(variant: Variant): Promise<Made> {
  const world = await buildScenario('clash', {
    timing: TIMES,
    ...(variant.switches === undefined ? {} : { switches: variant.switches }),
  });
  const start = world.now();
  variant.prepare?.(firstOf(world));
  const copy = copyWorld(world, undefined);
  const lab = await startLab(copy);
  try {
    const { inventory, probes } = await lookFor(lab, 'vc65');
    const answer = planCleanup(
      inventory,
      {
        vcenter: vcenterId('vc65'),
        accepted: [{ code: 'dependents-running' }, { code: 'backup-unconfirmed' }, ...(variant.accepts ?? [])],
        purpose: 'carry-out',
        by: 'tool',
        run: RUN,
        madeBy: 'campaign',
        ...(variant.oneAtATime ? { oneAtATime: true } : {}),
        ...(variant.originalRetry === undefined ? {} : { originalRetry: variant.originalRetry }),
      },
      probes,
    );
    if (answer.kind !== 'plan') throw new Error(`${variant.name}: ${JSON.stringify(answer)}`);
    return { world, plan: answer.plan, start };
  } finally {
    await lab.close();
  }
}

function firstOf(world: LabWorld): LabVcenter {
  const [first] = world.vcenters;
  if (first === undefined) throw new Error('a world without a vCenter');
  return first;
}

/** @param clock undefined: the original's */
export function copyWorld(world: LabWorld, clock: VirtualClock | undefined): LabWorld {
  const copies = new Map<object, unknown>();
  const { clock: own, now, ...rest } = world;
  const copy = deepCopy(rest, copies) as Omit<LabWorld, 'clock' | 'now'>;
  return { ...copy, clock: clock ?? own, now: clock === undefined ? now : () => clock.now() };
}

/** Bytes are shared: nobody in the lab changes a buffer in place. */
function deepCopy(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Date) return value;
  const before = copies.get(value);
  if (before !== undefined) return before;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    copies.set(value, list);
    for (const one of value) list.push(deepCopy(one, copies));
    return list;
  }
  if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    copies.set(value, map);
    for (const [key, one] of value) map.set(key, deepCopy(one, copies));
    return map;
  }
  if (value instanceof Set) return new Set([...value].map((one) => deepCopy(one, copies)));
  const object = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  copies.set(value, object);
  for (const [key, one] of Object.entries(value)) object[key] = deepCopy(one, copies);
  return object;
}
