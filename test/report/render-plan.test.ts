import { describe, expect, test } from 'vitest';
import { describeStep } from '../../src/plan/describe-step.js';
import { recommend } from '../../src/plan/recommend.js';
import { renderRecommendations } from '../../src/report/recommendation.js';
import { renderPlan } from '../../src/report/render-plan.js';
import { expectGolden, maskCertificates } from '../support/golden.js';
import { anInventory, aVcenter, NOW } from '../support/inventory.js';
import { CLASH, estate, hostileEstate, ISSUING, planOf, ROOT } from '../support/plan-estates.js';

const inventory = estate(CLASH);
const plan = planOf(inventory);
const named = { planFile: 'plan.json' };
const later = new Date(NOW.getTime() + 3 * 3_600_000);
/** So that the masks know the external CA as well. */
const withCa = anInventory([...inventory.vcenters, aVcenter('ca', { anchors: [ROOT.cert, ISSUING.cert] })], inventory.providers);
const masked = (text: string): string =>
  maskCertificates(text, withCa).replace(/(-----BEGIN CERTIFICATE-----\n)[^-]+/g, '$1(body)\n');

describe('a plan is shown', () => {
  test('as the approved table', () => expectGolden('plan-clash.txt', masked(renderPlan(plan, 'table', later, named, 120))));
  test('as the approved runbook', () => expectGolden('plan-clash.md', masked(renderPlan(plan, 'md', later, named))));
  test('as JSON with the words of every step beside its data', () => {
    const shown = JSON.parse(renderPlan(plan, 'json', later, named)) as {
      ageSeconds: number;
      steps: { id: string; text: { title: string } }[];
    };
    expect(shown.ageSeconds).toBe(10_800);
    expect(shown.steps.map(({ id }) => id)).toEqual(plan.steps.map(({ id }) => id));
    expect(shown.steps.every(({ text }) => text.title.length > 5)).toBe(true);
  });
  test('recommendations as the approved table', () =>
    expectGolden(
      'recommend-clash.txt',
      renderRecommendations(recommend(inventory, inventory.providers), 'table', {
        madeBy: 'vasatrust',
        takenAt: plan.takenAt,
        width: 110,
      }),
    ));
});

describe('the runbook, read as an operator', () => {
  const runbook = renderPlan(plan, 'md', later, named);
  const blocks = [...runbook.matchAll(/```(sh|powershell)\n([\s\S]*?)\n```/g)].map(([, language, text]) => ({
    language,
    text: text ?? '',
  }));

  test('has a tick box for each step', () => expect(runbook.match(/^- \[ \] done/gm)).toHaveLength(plan.steps.length));

  test('no command has a hole to be filled in, but for the addresses of the fallback procedure', () => {
    const holes = blocks.flatMap(({ text }) =>
      text
        .split('\n')
        .filter((line) => /<(?!\/?(?:qsConnection|retryAttempt)>)[a-z]|\bTODO\b|\bXXX\b|…|undefined|\[object/.test(line)),
    );
    expect(holes).toEqual([]);
    expect(blocks.filter(({ text }) => /^ADDRESSES=''$/m.test(text))).toHaveLength(1);
  });

  test('names only commands that there are', () => {
    const ours = new Set(
      [...runbook.matchAll(/`?vasatrust (?!test)([a-z-]+(?: (?:recommend|external-ca|show|diff|check|csr|import)\b)?)/g)].map(
        ([, words]) => words,
      ),
    );
    expect([...ours].sort()).toEqual([
      'audit',
      'ca check',
      'ca csr',
      'ca import',
      'check-registration',
      'cleanup',
      'explain',
      'plan check',
      'plan external-ca',
    ]);
  });

  test('every question to the vendor is there in bold, and everything inferred is marked', () => {
    const words = plan.steps.map((step) => describeStep(step, plan, named));
    const asked = words.flatMap(({ askVendor }) => askVendor);
    expect(asked.length).toBeGreaterThan(5);
    expect(runbook.match(/^- \*\*Ask your vendor:\*\*/gm)).toHaveLength(asked.length);
    const marks = words.flatMap(({ sources }) => sources.map(({ mark }) => mark));
    expect(runbook.match(/\*likely:\*/g)).toHaveLength(marks.filter((mark) => mark === 'inferred').length);
    expect(words.every(({ sources }) => sources.length > 0)).toBe(true);
  });

  test('each step says what to expect, how to tell it failed and how to go back', () => {
    for (const label of ['Expect', 'It failed when', 'Back', 'Known from'])
      expect(runbook.match(new RegExp(`^- ${label}: .{6,}`, 'gm'))).toHaveLength(plan.steps.length);
  });
});

test('hostile names neither leave a quoted word nor reach the terminal', () => {
  const hostile = planOf(hostileEstate());
  for (const format of ['table', 'md', 'json'] as const) {
    const text = renderPlan(hostile, format, later, named, 100);
    expect(text).not.toMatch(/[\u001b\u202e]/);
  }
  const runbook = renderPlan(hostile, 'md', later, named);
  const fences = runbook.match(/^```/gm) ?? [];
  expect(fences.length % 2).toBe(0);
  expect(runbook).not.toMatch(/^\s*rm -rf/m);
});
