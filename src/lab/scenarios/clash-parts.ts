import { buildArray } from '../build-provider.js';
import type { LabProvider, LabVcenter } from '../world.js';
import type { VcenterSpec, WorldBuilder } from '../world-builder.js';
import type { ExpectedFinding, ExpectedHolder, ExpectedRegistration, ScenarioExpectation } from './scenario.js';

/** What a vCenter is left with after somebody else took the providers over at `at`: its last sync was just before. */
export function loseTrust(loser: LabVcenter, providers: readonly LabProvider[], at: Date): void {
  const names = new Set(providers.map((provider) => provider.name));
  const lost = loser.registrations.filter((one) => names.has(one.provider));
  for (const registration of lost) registration.lastSyncMs = at.getTime() - 180_000;
  const uids = new Set(lost.map((one) => one.uid));
  for (const datastore of loser.datastores) {
    if (datastore.told.length > 0 && datastore.told.every((uid) => uids.has(uid))) {
      for (const mount of datastore.mounts) mount.accessible = false;
    }
  }
}

export interface Pair {
  readonly first: LabVcenter;
  readonly second: LabVcenter;
  readonly array: readonly [LabProvider, LabProvider];
}

/** Two vCenters, two hosts each, that registered both controllers of `array1` one after the other: 60 and 20 days ago. */
export async function buildPair(
  lab: WorldBuilder,
  spec: {
    readonly first: Omit<VcenterSpec, 'id'>;
    readonly second: Omit<VcenterSpec, 'id'>;
    readonly array?: Parameters<typeof buildArray>[2];
    readonly urls?: (vcenter: 'vca' | 'vcb', provider: LabProvider) => string;
    /** Between building and registering. */
    readonly prepare?: (first: LabVcenter, second: LabVcenter, array: readonly LabProvider[]) => void | Promise<void>;
  },
): Promise<Pair> {
  const first = await lab.vcenter({ ...spec.first, id: 'vca' });
  const second = await lab.vcenter({ ...spec.second, id: 'vcb' });
  const array = await buildArray(lab, 'array1', { retained: false, ...spec.array });
  await spec.prepare?.(first, second, array);
  for (const [vcenter, daysAgo] of [
    [first, 60],
    [second, 20],
  ] as const) {
    for (const provider of array) {
      const url = spec.urls?.(vcenter === first ? 'vca' : 'vcb', provider);
      lab.register(vcenter, provider, { daysAgo, active: provider === array[0], ...(url ? { url } : {}) });
    }
    lab.populate(vcenter, {
      hosts: { count: 2, version: vcenter.version },
      datastores: [{ name: `vvol-${vcenter.id}`, providers: array, vms: 3, poweredOn: 2 }],
    });
  }
  return { first, second, array };
}

export const BOTH = ['array1-CT0', 'array1-CT1'] as const;

/** The findings of providers that were taken from `losers`. */
export function clashFindings(providers: readonly string[], losers: readonly string[]): readonly ExpectedFinding[] {
  return providers.flatMap((provider): ExpectedFinding[] => [
    { code: 'vmca-clash', severity: 'error', provider },
    ...lossFindings([provider], losers),
  ]);
}

export function lossFindings(providers: readonly string[], losers: readonly string[]): readonly ExpectedFinding[] {
  return providers.flatMap((provider) =>
    losers.flatMap((vcenter): ExpectedFinding[] => [
      { code: 'trust-lost', severity: 'error', provider, vcenter },
      { code: 'stale-registration', severity: 'error', provider, vcenter },
    ]),
  );
}

export const LOST: Pick<ExpectedRegistration, 'status' | 'trusted' | 'stale'> = {
  status: 'offline',
  trusted: false,
  stale: true,
};
export const HEALTHY: Pick<ExpectedRegistration, 'status' | 'trusted' | 'stale'> = {
  status: 'online',
  trusted: true,
  stale: false,
};

export function registrationsOf(
  vcenter: string,
  providers: readonly string[],
  as: Pick<ExpectedRegistration, 'status' | 'trusted' | 'stale'>,
): readonly ExpectedRegistration[] {
  return providers.map((provider) => ({ vcenter, provider, ...as }));
}

/** Held by the VMCA of these vCenters; which of them it is can be told from issued certificates alone, too. */
export function heldBy(providers: readonly string[], ...vcenters: readonly string[]): readonly ExpectedHolder[] {
  return providers.map((provider) => ({ provider, vcenters, grade: 'vmca-key', gradeWithoutSsh: 'issued-certificates' }));
}

/** A vCenter that lost trust has hosts that did, too: whether that is said again as a finding of its own is left to the rule. */
export const HOSTS_LOST_IT_TOO: NonNullable<ScenarioExpectation['mayAlso']> = [
  { code: 'host-trust-missing', why: 'the hosts of the losing vCenter lack the issuer as well' },
];
