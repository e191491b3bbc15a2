import { describe, expect, test } from 'vitest';
import { providerUrl } from '../../src/model/ids.js';
import type { Inventory } from '../../src/model/inventory.js';
import { diffPlans, isSame } from '../../src/plan/diff-plans.js';
import { checkFacts } from '../../src/plan/facts.js';
import { renderPlanCheck, renderPlanDifference } from '../../src/report/plan-changes.js';
import { aHost, aProblem, aRegistration, onArrays } from '../support/inventory.js';
import { CLASH, estate, leafAt, planOf, ROOT, vmcaNumber } from '../support/plan-estates.js';

const before = estate(CLASH);
const plan = planOf(before);
type Vcenter = Inventory['vcenters'][number];
type Provider = Inventory['providers'][number];
const vcenter = (id: string, change: (one: Vcenter) => Vcenter): Inventory => ({
  ...before,
  vcenters: before.vcenters.map((one) => (one.id === id ? change(one) : one)),
});
const provider = (end: string, change: (one: Provider) => Provider): Inventory => ({
  ...before,
  providers: before.providers.map((one) => (one.id.endsWith(end) ? change(one) : one)),
});

test('unchanged evidence changes no fact', () => {
  expect(checkFacts(plan, before)).toEqual([]);
  expect(renderPlanCheck([], plan.facts.length, 'table')).toBe(`All ${plan.facts.length} facts of the plan hold.\n`);
});

describe('plan check names the fact that changed', () => {
  const rows: { name: string; now: Inventory; says: RegExp; state?: 'changed' | 'gone' | 'not-seen' }[] = [
    {
      name: 'a leaf',
      now: provider('ct0', (one) => ({
        ...one,
        endpoints: one.endpoints.map((endpoint) => ({ ...endpoint, leaf: leafAt('new', vmcaNumber(0)).cert })),
      })),
      says: /leaf served at https:\/\/array0-ct0\.lab\.example:8084\/version\.xml: SHA256/,
    },
    {
      name: 'a leaf that cannot be seen now',
      now: provider('ct0', (one) => ({ ...one, endpoints: [] })),
      says: /leaf served at .*\n.*could not be seen now/,
      state: 'not-seen',
    },
    {
      name: 'a registration that is gone',
      now: provider('ct0', (one) => ({ ...one, registrations: one.registrations.filter(({ vcenter: at }) => at !== 'vca') })),
      says: /registration vca-0-0 in vca: array0-CT0 at/,
      state: 'gone',
    },
    {
      name: 'a registration that came',
      now: provider('ct0', (one) => ({
        ...one,
        registrations: [
          ...one.registrations,
          aRegistration('vcc', { ...onArrays('com.purestorage:array0'), uid: 'new', url: one.urls[0] ?? providerUrl('') }),
        ],
      })),
      says: /registrations of com\.purestorage:array0-ct0: vca and vcb\n {2}was vca, vcb\n {2}is vca, vcb, vcc/,
    },
    {
      name: 'a registration under another URL',
      now: provider('ct1', (one) => ({
        ...one,
        registrations: one.registrations.map((reg) => ({ ...reg, url: providerUrl('https://10.0.0.1:8084/version.xml') })),
      })),
      says: /registration vcb-0-1 in vcb/,
    },
    {
      name: 'a provider that keeps its certificate now',
      now: provider('ct1', (one) => ({ ...one, registrations: one.registrations.map((reg) => ({ ...reg, retained: true })) })),
      says: /is array0-CT1 at .*, retained/,
    },
    {
      name: 'a provider that is gone',
      now: { ...before, providers: before.providers.slice(1) },
      says: /is not there any more/,
      state: 'gone',
    },
    {
      name: 'a version',
      now: vcenter('vca', (one) => ({ ...one, version: '6.7.0' })),
      says: /version of vca: 6\.5\.0\n {2}was 6\.5\.0\n {2}is 6\.7\.0/,
    },
    {
      name: 'a root that is trusted now',
      now: vcenter('vcb', (one) => ({
        ...one,
        trustAnchors: [...one.trustAnchors, { certificate: ROOT.cert, seenIn: ['rest'] }],
      })),
      says: /root SHA256 .* not trusted by vcb\n {2}was not there\n {2}is there/,
    },
    {
      name: 'a VMCA',
      now: vcenter('vca', (one) => ({ ...one, vmca: { certificate: vmcaNumber(3).cert, source: 'appliance' } })),
      says: /VMCA of vca: SHA256/,
    },
    {
      name: 'a host that came',
      now: vcenter('vcb', (one) => ({ ...one, hosts: [...(one.hosts ?? []), { ...aHost('esx99'), version: '8.0.3' }] })),
      says: /hosts of vcb: 1\n {2}was no host esx99\n {2}is esx99 \(8\.0\.3\)/,
    },
    {
      name: 'a host of another version',
      now: vcenter('vcb', (one) => ({ ...one, hosts: (one.hosts ?? []).map((host) => ({ ...host, version: '8.0.3' })) })),
      says: /was esx10 \(6\.7\.0\)\n {2}is esx10 \(8\.0\.3\)/,
    },
    {
      name: 'a vCenter that is gone',
      now: { ...before, vcenters: before.vcenters.filter(({ id }) => id !== 'vcc') },
      says: /version of vcc.*\n.*is not there any more/,
      state: 'gone',
    },
    {
      name: 'registrations that cannot be seen now',
      now: {
        ...provider('ct0', (one) => ({ ...one, registrations: one.registrations.filter(({ vcenter: at }) => at !== 'vca') })),
        gaps: [{ target: 'vca', source: 'sms', problem: aProblem('timeout') }],
      },
      says: /registration vca-0-0 in vca.*\n.*could not be seen now/,
      state: 'not-seen',
    },
  ];
  for (const { name, now, says, state } of rows) {
    test(name, () => {
      const changes = checkFacts(plan, now);
      expect(changes.length).toBeGreaterThan(0);
      expect(changes.some((one) => one.state === (state ?? 'changed'))).toBe(true);
      expect(renderPlanCheck(changes, plan.facts.length, 'table')).toMatch(says);
    });
  }
});

describe('plan diff', () => {
  test('a plan and itself do not differ', () => {
    expect(isSame(diffPlans(plan, plan))).toBe(true);
    expect(renderPlanDifference(diffPlans(plan, plan), { older: plan, newer: plan }, 'table')).toBe('No difference.\n');
  });

  test('one more host, one vCenter less, and an outage that was not there', () => {
    const newer = planOf(
      estate({
        vcenters: [
          { version: '6.5.0', hosts: [{ version: '6.5.0' }] },
          { version: '6.7.0', hosts: [{ version: '6.7.0' }, { version: '8.0.3' }] },
        ],
        arrays: [{ controllers: [{ 0: 'lost', 1: 'works' }] }],
      }),
    );
    const text = renderPlanDifference(diffPlans(plan, newer), { older: plan, newer }, 'table');
    expect(text).toMatch(/^~ strategy controller-by-controller → all-at-once$/m);
    expect(text).toMatch(/^~ outage of vcb, at most: 0 s → /m);
    expect(text).toMatch(/^- step push-host-roots\.vca\.esx01$/m);
    expect(text).toMatch(/^\+ step push-host-roots\.vcb\.esx11$/m);
    expect(text).toMatch(/^- step install-certificate\.array0-CT1$/m);
    expect(text).toMatch(/^\+ warning: Array com\.purestorage:array0: one provider is the only path/m);
    expect(text).toMatch(/^- fact: registration vca-0-1 in vca/m);
  });

  test('a step that follows another one now is told as moved', () => {
    const steps = [...plan.steps];
    const [a, b] = [steps[1], steps[2]];
    if (a === undefined || b === undefined) throw new Error('too short');
    steps.splice(1, 2, b, a);
    const difference = diffPlans(plan, { ...plan, steps });
    expect(difference.added).toEqual([]);
    expect(difference.moved).toContain(b.id);
  });
});
