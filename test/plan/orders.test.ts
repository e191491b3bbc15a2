import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Inventory } from '../../src/model/inventory.js';
import type { Plan, Step, StepKind } from '../../src/model/plan.js';
import { graphFault } from '../../src/plan/graph.js';
import { writePlan } from '../../src/plan/plan-file.js';
import { ACCEPT_ALL, type ArraySpec, CLASH, type EstateSpec, estate, planned, planOf } from '../support/plan-estates.js';
import { permittedOrder, violations } from '../support/plan-model.js';

const state = fc.constantFrom('works', 'lost', 'offline', undefined);

/** One to four vCenters, one to three arrays with one to three controllers, hosts, linked pairs, roots that are there already. */
const estates: fc.Arbitrary<EstateSpec> = fc.integer({ min: 1, max: 4 }).chain((count) => {
  const controller = fc.array(state, { minLength: count, maxLength: count }).map((states) => {
    const registered: Record<number, 'works' | 'lost' | 'offline'> = {};
    for (const [index, one] of states.entries()) if (one !== undefined) registered[index] = one;
    return registered;
  });
  const array: fc.Arbitrary<ArraySpec> = fc.record({
    controllers: fc.array(controller, { minLength: 1, maxLength: 3 }),
    appliance: fc.boolean(),
  });
  const host = fc.record({ version: fc.constantFrom('6.7.0', '7.0.3', '8.0.3'), trusts: fc.boolean() });
  const vcenter = fc.record({
    version: fc.constantFrom('6.5.0', '6.7.0', '7.0.3', '8.0.3'),
    hosts: fc.array(host, { maxLength: 3 }),
    trusts: fc.boolean(),
  });
  return fc
    .record({
      vcenters: fc.array(vcenter, { minLength: count, maxLength: count }),
      arrays: fc.array(array, { minLength: 1, maxLength: 3 }),
      linked: fc.boolean(),
    })
    .map(({ vcenters, arrays, linked }) => ({
      // The first two are linked, in both directions.
      vcenters: vcenters.map((one, index) => (linked && count > 1 && index < 2 ? { ...one, linkedWith: 1 - index } : one)),
      arrays,
    }));
});

describe('random estates', () => {
  test('no permitted order leaves a vCenter without a path that the plan did not announce', () => {
    let plans = 0;
    fc.assert(
      fc.property(estates, fc.infiniteStream(fc.nat()), (spec, choices) => {
        const inventory = estate(spec);
        const result = planned(inventory, ACCEPT_ALL);
        if (result.kind !== 'plan') return;
        plans++;
        expect(graphFault(result.plan.steps)).toBeUndefined();
        const order = permittedOrder(result.plan.steps, (ready) => (choices.next().value ?? 0) % ready);
        expect(violations(result.plan, order, inventory)).toEqual([]);
      }),
      { numRuns: 400, seed: 20261122 },
    );
    expect(plans).toBeGreaterThan(100);
  });

  test('the same evidence gives the same bytes', () => {
    fc.assert(
      fc.property(estates, (spec) => {
        const [one, other] = [planned(estate(spec), ACCEPT_ALL), planned(estate(spec), ACCEPT_ALL)];
        expect(other).toEqual(one);
        if (one.kind === 'plan' && other.kind === 'plan') expect(writePlan(other.plan)).toBe(writePlan(one.plan));
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  test('every controller waits for the one before: two never change at once', () => {
    fc.assert(
      fc.property(estates, fc.infiniteStream(fc.nat()), (spec, choices) => {
        const result = planned(estate(spec), ACCEPT_ALL);
        if (result.kind !== 'plan') return;
        const order = permittedOrder(result.plan.steps, (ready) => (choices.next().value ?? 0) % ready);
        let open = 0;
        for (const { kind } of order) {
          if (kind === 'install-certificate') open++;
          if (kind === 'confirm-controller') open--;
          expect(open).toBeLessThan(2);
        }
      }),
      { numRuns: 100, seed: 11 },
    );
  });
});

describe('a broken order is caught', () => {
  const inventory = estate(CLASH);
  const plan = planOf(inventory);
  const id = (kind: StepKind, ...parts: string[]) => [kind, ...parts].join('.');
  const at = (name: string, from: Plan = plan): Step => {
    const found = from.steps.find((step) => step.id === name);
    if (found === undefined) throw new Error(`no step ${name} among ${from.steps.map((step) => step.id).join(', ')}`);
    return found;
  };
  const moved = (name: string, to: { before: string } | { after: string }): Step[] => {
    const step = at(name);
    const rest = plan.steps.filter((one) => one !== step);
    const index = rest.indexOf(at('before' in to ? to.before : to.after));
    rest.splice('before' in to ? index : index + 1, 0, step);
    return rest;
  };
  const installed = plan.steps.filter(({ kind }) => kind === 'install-certificate').map((step) => step.id);
  const [first = '', second = ''] = installed as string[];

  test('the order of the plan itself passes', () => {
    expect(installed).toEqual([id('install-certificate', 'array0-CT0'), id('install-certificate', 'array0-CT1')]);
    expect(violations(plan, plan.steps, inventory)).toEqual([]);
  });

  const orders: { name: string; order: () => readonly Step[]; says: RegExp; in?: () => Plan; on?: () => Inventory }[] = [
    {
      name: 'roots after the certificate that needs them',
      order: () => moved(id('publish-roots', 'vca'), { after: first }),
      says: /vca does not trust/,
    },
    {
      name: 'roots after the registration',
      order: () => moved(id('publish-roots', 'vcb'), { after: id('register-provider', 'vcb', 'array0-CT0') }),
      says: /CertificateNotImported/,
    },
    {
      name: 'a host left for later',
      order: () => moved(id('push-host-roots', 'vca', 'esx01'), { after: second }),
      says: /a host of vca/,
    },
    {
      name: 'hosts before their vCenter has the roots',
      order: () => moved(id('push-host-roots', 'vcb', 'esx10'), { before: id('publish-roots', 'vcb') }),
      says: /nothing to push/,
    },
    {
      name: 'the store looked at before anything was published',
      order: () => moved(id('confirm-roots', 'vca'), { before: id('publish-roots', 'vca') }),
      says: /not in the store/,
    },
    {
      name: 'a certificate put in before the CA signed it',
      order: () => moved('obtain-certificates', { after: first }),
      says: /no certificate to put in/,
    },
    {
      name: 'both controllers at once',
      order: () => moved(second, { after: first }),
      says: /vcb has no path to com.purestorage:array0, unannounced/,
    },
    {
      name: 'the second controller before the holder is back at the first',
      order: () => moved(second, { before: id('register-provider', 'vcb', 'array0-CT0') }),
      says: /vcb has no path/,
    },
    {
      name: 'all registrations removed first',
      order: () => {
        const removals = plan.steps.filter(({ kind }) => kind === 'remove-registration');
        return [...removals, ...plan.steps.filter((step) => !removals.includes(step))];
      },
      says: /vcb has no path to com.purestorage:array0, unannounced and early/,
    },
    {
      name: 'registered before the certificate is there',
      order: () => moved(id('register-provider', 'vca', 'array0-CT1'), { before: second }),
      says: /AlreadyExists/,
    },
    {
      name: 'the loser registers again before the certificate is there: the clash itself',
      order: () => {
        const early = [id('remove-registration', 'vca', 'array0-CT1'), id('register-provider', 'vca', 'array0-CT1')].map((name) =>
          at(name),
        );
        const rest = plan.steps.filter((step) => !early.includes(step));
        rest.splice(rest.indexOf(at(first)), 0, ...early);
        return rest;
      },
      says: /signs it anew/,
    },
    {
      name: 'registered before the old registration is gone',
      order: () =>
        moved(id('register-provider', 'vca', 'array0-CT0'), { before: id('remove-registration', 'vca', 'array0-CT0') }),
      says: /AlreadyExists/,
    },
    {
      name: 'the stop rule looked at before the registration',
      order: () => moved(id('confirm-retained', 'vca', 'array0-CT0'), { before: id('register-provider', 'vca', 'array0-CT0') }),
      says: /not online/,
    },
    {
      name: 'the gate passed while somebody is missing',
      order: () => moved(id('confirm-controller', 'array0-CT0'), { before: id('register-provider', 'vcb', 'array0-CT0') }),
      says: /vcb is not online here/,
    },
    { name: 'the final audit too early', order: () => moved('final-audit', { before: second }), says: /array0-CT1 is not done/ },
    {
      name: 'a vCenter forgotten',
      order: () =>
        plan.steps.filter((step) => !('vcenter' in step && step.vcenter === 'vca' && step.kind === 'register-provider')),
      says: /not online/,
    },
    {
      name: 'a URL that the certificate does not carry',
      order: () =>
        plan.steps.map((step) =>
          step.kind === 'register-provider' ? { ...step, url: 'https://10.9.9.9:8084/version.xml' as typeof step.url } : step,
        ),
      says: /InvalidCertificate/,
    },
    {
      name: 'an outage that is not announced',
      in: () => ({ ...planOf(single), outages: planOf(single).outages.map((one) => ({ ...one, windows: [] })) }),
      on: () => single,
      order: () => planOf(single).steps,
      says: /vcb has no path to com.purestorage:array0, unannounced/,
    },
  ];
  const single = estate({ ...CLASH, arrays: [{ controllers: [{ 0: 'lost', 1: 'works' }], holder: 1 }] });

  for (const { name, order, says, in: inPlan, on } of orders) {
    test(name, () => {
      const found = violations(inPlan?.() ?? plan, order(), on?.() ?? inventory);
      expect(found.map(({ what }) => what).join('\n')).toMatch(says);
    });
  }
});
