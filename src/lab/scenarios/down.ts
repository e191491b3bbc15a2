import { BOTH, buildPair, registrationsOf } from './clash-parts.js';
import type { Scenario } from './scenario.js';

const DOWN = { status: 'offline', trusted: 'unknown', stale: false } as const;

export const down: Scenario = {
  name: 'down',
  about: 'array1 is switched off: unreachable, which is not stale',
  rsaKeys: 4,
  async build(lab) {
    const { array, first, second } = await buildPair(lab, { first: { release: '7.0U3' }, second: { release: '7.0U3' } });
    for (const provider of array) provider.up = false;
    for (const vcenter of [first, second]) {
      for (const registration of vcenter.registrations) registration.lastSyncMs = lab.daysAgo(1).getTime();
      for (const datastore of vcenter.datastores) for (const mount of datastore.mounts) mount.accessible = false;
    }
  },
  expectation: {
    exitCode: 1,
    findings: BOTH.map((provider) => ({ code: 'provider-unreachable', severity: 'error', provider })),
    // Whose the providers are cannot be seen while they are down.
    holders: [],
    registrations: [...registrationsOf('vca', BOTH, DOWN), ...registrationsOf('vcb', BOTH, DOWN)],
    gaps: true,
  },
};
