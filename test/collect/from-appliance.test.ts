import { describe, expect, test } from 'vitest';
import { type Look, lookFrom } from '../../src/collect/from-appliance.js';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import { err, ok, type ProblemCode } from '../../src/model/problem.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import type { ApplianceReader } from '../../src/wire/appliance-facts.js';
import { appliance, bundle, probe, problem, record, seen, URL_CT0, vcenterEvidence } from '../support/evidence.js';
import { mintLeaf } from '../support/mint.js';

const look: Look = { url: URL_CT0, host: 'array1-ct0.lab.example', port: 8084, isAddress: false, sni: 'array1-ct0.lab.example' };
const context = { now: () => new Date('2026-11-22T12:00:00Z'), timing: { ...DEFAULT_TIMING, sourceMs: 50 } };
const lookWith = (run: ApplianceReader['run']) => lookFrom({ label: 'a', run }, look, context);

describe('a look at a provider from an appliance', () => {
  for (const code of ['timeout', 'unreachable', 'bad-answer'] as const satisfies readonly ProblemCode[])
    test(`${code} on the way to the appliance says nothing about the provider`, async () => {
      const reach = await lookWith(async () => err(problem(code)));
      expect(reach.served).toMatchObject({ state: 'unknown', problem: { code: 'command-failed' } });
      const a = vcenterEvidence('a', { registrations: seen([record('1')]), appliance: appliance({ reach: [reach] }) });
      const inventory = buildInventory(bundle([a], [probe([mintLeaf({})])]));
      expect(inventory.providers[0]?.registrations[0]?.reach).toMatchObject({ from: 'operator', answers: true });
    });

  test('a shell that never answers is not waited for, and is not the provider that does not answer', async () => {
    const reach = await lookWith(() => new Promise(() => {}));
    expect(reach).toMatchObject({
      addresses: { state: 'unknown', problem: { code: 'command-failed' } },
      served: { state: 'unknown', problem: { code: 'command-failed' } },
    });
  });

  test('a refused connection is the provider’s own', async () => {
    const reach = await lookWith(async () => ok({ code: 1, stdout: '', stderr: 'connect:errno=111\n' }));
    expect(reach.served).toMatchObject({ state: 'unknown', problem: { code: 'unreachable' } });
  });
});
