import { describe, expect, test } from 'vitest';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import { startLab } from '../../src/lab/start-lab.js';
import type { PlanWarning } from '../../src/model/plan.js';
import type { Accepted, WayName } from '../../src/model/plan-answer.js';
import { graphFault } from '../../src/plan/graph.js';
import { recommend } from '../../src/plan/recommend.js';
import { renderPlan } from '../../src/report/render-plan.js';
import { auditLab } from '../support/audit-lab.js';
import { ACCEPT_ALL, planned } from '../support/plan-estates.js';
import { violations } from '../support/plan-model.js';

/** What each scenario of the lab is told to do, and what a plan for array1 comes to without any acceptance. */
const rows: {
  scenario: string;
  way: WayName;
  plan: readonly string[];
  accepted?: readonly string[];
  /** Besides those that every plan for this array has. */
  warns?: readonly PlanWarning['code'][];
}[] = [
  // 6.5 and 6.7, hosts of both.
  { scenario: 'clash', way: 'external-ca', plan: ['plan'], warns: ['host-store-drop', 'mixed-versions', 'removal-may-fail'] },
  { scenario: 'same-name', way: 'external-ca', plan: ['plan'] },
  { scenario: 'ipv6', way: 'external-ca', plan: ['plan'] },
  { scenario: 'by-name', way: 'external-ca', plan: ['plan'] },
  {
    scenario: 'controller-split',
    way: 'external-ca',
    plan: ['last-path:vca'],
    accepted: ['last-path:vca'],
    warns: ['last-path'],
  },
  {
    scenario: 'linked-mode',
    way: 'leave-alone',
    plan: ['works-as-it-is:array1-CT0', 'works-as-it-is:array1-CT1'],
    accepted: ['works-as-it-is'],
    warns: ['linked'],
  },
  { scenario: 'shared-psc', way: 'leave-alone', plan: ['works-as-it-is:array1-CT0', 'works-as-it-is:array1-CT1'] },
  { scenario: 'external-ca', way: 'leave-alone', plan: ['works-as-it-is:array1-CT0', 'works-as-it-is:array1-CT1'] },
  { scenario: 'vasa5', way: 'leave-alone', plan: ['vasa5:array1-CT0', 'vasa5:array1-CT1'] },
  {
    scenario: 'holder-outside',
    way: 'external-ca',
    plan: ['holder-outside:array1-CT0', 'holder-outside:array1-CT1'],
    accepted: ['holder-outside'],
    warns: ['holder-outside', 'mixed-versions'],
  },
];

describe('the lab is told what to do', () => {
  for (const { scenario, way, plan, accepted, warns = [] } of rows) {
    test(`${scenario}: ${way}`, async () => {
      const lab = await startLab(scenario);
      try {
        const { bundle } = await auditLab(lab);
        const inventory = buildInventory(bundle);
        const array = inventory.providers.find(({ names }) => names.includes('array1-CT0'))?.arrays[0] ?? '';
        const own = inventory.providers.filter(({ arrays }) => arrays.includes(array));
        expect(recommend(inventory, own).map(({ ways }) => ways[0])).toMatchObject([{ way, verdict: 'chosen' }]);
        const result = planned(inventory, [], [array]);
        const told =
          result.kind === 'refused'
            ? result.refusals.map((one) => ('name' in one ? `${one.code}:${one.name}` : one.code))
            : [result.kind];
        expect(told).toEqual(plan);
        const words = (accepted ?? []).map(
          (word): Accepted =>
            word.includes(':') ? { code: word.split(':')[0] ?? '', name: word.split(':')[1] ?? '' } : { code: word },
        );
        const made = accepted === undefined ? result : planned(inventory, words, [array]);
        if (made.kind !== 'plan') return expect(accepted).toBeUndefined();
        expect(made.plan.warnings.map(({ code }) => code)).toEqual(
          expect.arrayContaining(['ask-vendor', 'dependents-running', ...warns]),
        );
        expect(graphFault(made.plan.steps)).toBeUndefined();
        expect(violations(made.plan, made.plan.steps, inventory)).toEqual([]);
        expect(renderPlan(made.plan, 'md', new Date(bundle.finishedAt), { planFile: 'plan.json' })).toContain('STOP RULE');
      } finally {
        await lab.close();
      }
    });
  }

  test('without SSH trust is not known, so nothing is planned, whatever is accepted', async () => {
    const lab = await startLab('clash', { withoutSsh: true });
    try {
      const { bundle } = await auditLab(lab);
      const result = planned(buildInventory(bundle), ACCEPT_ALL, ['array1-CT0']);
      expect(result.kind).toBe('thin');
      expect(result.kind === 'thin' && result.missing.map(({ what }) => what)).toContain('trust');
    } finally {
      await lab.close();
    }
  });
});
