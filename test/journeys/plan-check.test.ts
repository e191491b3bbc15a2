import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import { signAnew } from '../../src/lab/provider-model.js';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';
import { derBase64 } from '../../src/model/ids.js';
import type { Plan } from '../../src/model/plan.js';
import { checkFacts } from '../../src/plan/facts.js';
import { renderPlanCheck } from '../../src/report/plan-changes.js';
import { auditLab } from '../support/audit-lab.js';
import { planOf, ROOT } from '../support/plan-estates.js';

const vcenterOf = (world: LabWorld, id: string): LabVcenter => {
  const found = world.vcenters.find((one) => one.id === id);
  if (!found) throw new Error(`no ${id}`);
  return found;
};

/** What changes in the estate after the plan was made, one after the other, each on top of those before. */
const rows: readonly { readonly name: string; readonly change: (world: LabWorld) => void; readonly says: RegExp }[] = [
  {
    name: 'a root',
    change: (world) => vcenterOf(world, 'vc67').trustedRoots.push(derBase64(ROOT.der)),
    says: /root SHA256 .* not trusted by vc67\n {2}was not there\n {2}is there/,
  },
  {
    name: 'a host',
    change: (world) => vcenterOf(world, 'vc67').hosts.pop(),
    says: /hosts of vc67: 2\n {2}was esx-vc67-2\.lab\.example \(6\.7\.0\)\n {2}is no host esx-vc67-2/,
  },
  {
    name: 'the version of a vCenter',
    change: (world) => Object.assign(vcenterOf(world, 'vc67'), { version: '6.7.1' }),
    says: /version of vc67: 6\.7\.0\n {2}was 6\.7\.0\n {2}is 6\.7\.1/,
  },
  {
    name: 'a registration',
    change: (world) => vcenterOf(world, 'vc65').registrations.splice(0, 1),
    says: /registration 453d453a-ac19-4bf5-b1f7-7252ad84950a in vc65[^\n]*\n.*is not there any more/,
  },
  {
    name: 'a leaf',
    change: (world) => {
      const provider = world.providers.find(({ name }) => name === 'array1-CT1');
      if (provider) signAnew(provider, vcenterOf(world, 'vc67').vmca, { now: world.now() });
    },
    says: /leaf served at https:\/\/array1-ct1\.lab\.example:8084\/version\.xml: SHA256/,
  },
];

describe('after a look over the wire, `plan check` names what changed since the plan was made', () => {
  let lab: RunningLab;
  let plan: Plan;
  const look = async () => checkFacts(plan, buildInventory((await auditLab(lab)).bundle));
  beforeAll(async () => {
    lab = await startLab('clash');
    plan = planOf(buildInventory((await auditLab(lab)).bundle), [], ['array1-CT0']);
  });
  afterAll(() => lab.close());

  test('nothing at first', async () => expect(await look()).toEqual([]));
  for (const { name, change, says } of rows)
    test(name, async () => {
      const before = renderPlanCheck(await look(), plan.facts.length, 'table');
      expect(before).not.toMatch(says);
      change(lab.world);
      expect(renderPlanCheck(await look(), plan.facts.length, 'table')).toMatch(says);
    });
});
