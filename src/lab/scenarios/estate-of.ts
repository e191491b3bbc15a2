import type { LabVcenter } from '../world.js';
import type { WorldBuilder } from '../world-builder.js';
import { HEALTHY, LOST } from './clash-parts.js';
import type { ExpectedFinding, ExpectedHolder, ExpectedRegistration, Scenario } from './scenario.js';

/** Every so many vCenters share an array with one provider; the last of them to register holds it. */
const GROUP = 4;
const RELEASES = ['6.5', '6.7', '6.7U3', '7.0U3', '8.0U3'] as const;

/** `estate-of-<n>`: n vCenters on EC keys, in groups that clash over a VASA 3 provider. For measuring. */
export function estateOf(size: number): Scenario {
  return {
    name: `estate-of-${size}`,
    about: `${size} vCenters in groups of ${GROUP}, each group fighting over one provider`,
    rsaKeys: 0,
    build: (lab) => build(lab, size),
    expectation: expect(size),
  };
}

async function build(lab: WorldBuilder, size: number): Promise<void> {
  for (let start = 1; start <= size; start += GROUP) {
    const members = idsFrom(start, size);
    const group = groupName(start);
    const provider = await lab.provider({ name: group, array: group, retained: false });
    const vcenters: LabVcenter[] = [];
    for (const [index, id] of members.entries()) {
      const release = RELEASES[(start + index) % RELEASES.length] ?? '8.0U3';
      const vcenter = await lab.vcenter({ id, release });
      lab.register(vcenter, provider, { daysAgo: 60 - index });
      lab.populate(vcenter, {
        hosts: { count: 1, version: vcenter.version },
        datastores: [{ name: `vvol-${id}`, providers: [provider], vms: 2, poweredOn: 1, accessible: id === members.at(-1) }],
      });
      vcenters.push(vcenter);
    }
    for (const [index, vcenter] of vcenters.slice(0, -1).entries()) {
      for (const registration of vcenter.registrations) registration.lastSyncMs = lab.daysAgo(59 - index).getTime() - 180_000;
    }
  }
}

function expect(size: number): Scenario['expectation'] {
  const findings: ExpectedFinding[] = [];
  const holders: ExpectedHolder[] = [];
  const registrations: ExpectedRegistration[] = [];
  for (let start = 1; start <= size; start += GROUP) {
    const provider = groupName(start);
    const members = idsFrom(start, size);
    const winner = members.at(-1) ?? '';
    if (members.length > 1) findings.push({ code: 'vmca-clash', severity: 'error', provider });
    for (const vcenter of members) {
      const lost = vcenter !== winner;
      if (lost) findings.push({ code: 'trust-lost', severity: 'error', provider, vcenter });
      if (lost) findings.push({ code: 'stale-registration', severity: 'error', provider, vcenter });
      findings.push({ code: 'sole-provider', severity: 'warning', provider, vcenter });
      registrations.push({ vcenter, provider, ...(lost ? LOST : HEALTHY) });
    }
    holders.push({ provider, vcenters: [winner], grade: 'vmca-key', gradeWithoutSsh: 'issued-certificates' });
  }
  return {
    exitCode: size > 1 ? 1 : 0,
    findings,
    mayAlso: [{ code: 'host-trust-missing', why: 'the hosts of a losing vCenter lack the issuer as well' }],
    holders,
    registrations,
  };
}

const idsFrom = (start: number, size: number): string[] =>
  Array.from({ length: Math.min(GROUP, size - start + 1) }, (_, index) => `vc${String(start + index).padStart(4, '0')}`);
const groupName = (start: number): string => `group${String((start - 1) / GROUP + 1).padStart(4, '0')}`;
