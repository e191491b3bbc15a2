import { describe, expect, test } from 'vitest';
import { auditExitCode } from '../../src/cli/exit-codes.js';
import { codeEntry } from '../../src/findings/explain/codes.js';
import { SCENARIOS } from '../../src/lab/scenarios/find-scenario.js';
import type { ExpectedHolder, ScenarioExpectation } from '../../src/lab/scenarios/scenario.js';
import { startLab } from '../../src/lab/start-lab.js';
import type { LabWorld } from '../../src/lab/world.js';
import type { Audit, Finding } from '../../src/model/finding.js';
import type { Provider } from '../../src/model/inventory.js';
import { auditLab } from '../support/audit-lab.js';

/** Every scenario, seen through real sockets with SSH, against what the definitions say about it. */
describe.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', (name, { expectation }) => {
  test('is judged as the definitions say', async () => {
    const lab = await startLab(name);
    try {
      const { audit } = await auditLab(lab);
      const seen = describeAudit(audit, lab.world, expectation);
      expect(seen).toEqual(describeExpectation(expectation));
      if (expectation.gaps !== true) expect(audit.gaps).toEqual([]);
      const severities = audit.findings.map((finding) => codeEntry(finding.code).severity);
      expect(auditExitCode(severities, audit.gaps.length)).toBe(expectation.exitCode);
    } finally {
      await lab.close();
    }
  });
});

function describeAudit(audit: Audit, world: LabWorld, expectation: ScenarioExpectation) {
  const named = (provider: Provider): string => labName(provider, world);
  const byId = new Map(audit.inventory.providers.map((provider) => [provider.id as string, provider]));
  const optional = new Set<string>((expectation.mayAlso ?? []).map(({ code }) => code));
  const external = audit.inventory.providers.filter((provider) => provider.category === 'external');
  return {
    findings: audit.findings
      .filter((finding) => codeEntry(finding.code).severity !== 'notice' && !optional.has(finding.code))
      .map((finding) => findingLine(finding, byId, named))
      .sort(),
    internalSkipped: audit.findings
      .flatMap((finding) => (finding.code === 'internal-provider-skipped' ? [finding.vcenter as string] : []))
      .sort(),
    holders: expectation.holders.map((expected) => holderOf(expected, external, named)),
    registrations: external
      .flatMap((provider) =>
        provider.registrations.map((one) =>
          [one.vcenter, named(provider), one.status, String(one.trusted.value), String(one.stale.value)].join(' '),
        ),
      )
      .sort(),
  };
}

function describeExpectation(expectation: ScenarioExpectation): ReturnType<typeof describeAudit> {
  return {
    findings: expectation.findings
      .map((one) => [one.severity, one.code, one.vcenter ?? '-', one.provider ?? '-'].join(' '))
      .sort(),
    internalSkipped: [...(expectation.internalSkipped ?? [])].sort(),
    holders: expectation.holders.map(({ provider, vcenters, grade }) =>
      [provider, [...vcenters].sort().join('+'), grade ?? '-'].join(' '),
    ),
    registrations: expectation.registrations
      .map((one) => [one.vcenter, one.provider, one.status, String(one.trusted), String(one.stale)].join(' '))
      .sort(),
  };
}

function findingLine(finding: Finding, byId: ReadonlyMap<string, Provider>, named: (provider: Provider) => string): string {
  const provider = 'provider' in finding && finding.provider !== undefined ? byId.get(finding.provider) : undefined;
  const vcenter = 'vcenter' in finding ? finding.vcenter : undefined;
  return [codeEntry(finding.code).severity, finding.code, vcenter ?? '-', provider === undefined ? '-' : named(provider)].join(
    ' ',
  );
}

function holderOf(expected: ExpectedHolder, providers: readonly Provider[], named: (provider: Provider) => string): string {
  const provider = providers.find((one) => named(one) === expected.provider);
  const endpoints = (provider?.endpoints ?? []).filter((endpoint) =>
    expected.virtualHostOf === undefined ? endpoint.vcenter === undefined : endpoint.vcenter === expected.virtualHostOf,
  );
  const holders = new Set(
    endpoints.map(({ holder }) => [[...(holder?.vcenters ?? [])].sort().join('+'), holder?.grade ?? '-'].join(' ')),
  );
  return [expected.provider, [...holders].join(' or ')].join(' ');
}

/** The lab's name of what the product found: by any of its registrations. */
function labName(provider: Provider, world: LabWorld): string {
  const uid = provider.registrations[0]?.uid;
  return world.vcenters.flatMap((vcenter) => vcenter.registrations).find((one) => one.uid === uid)?.provider ?? provider.id;
}
