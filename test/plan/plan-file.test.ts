import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/model/plan.js';
import { readPlan, writePlan } from '../../src/plan/plan-file.js';
import { CLASH, estate, planOf } from '../support/plan-estates.js';

const plan = planOf(estate(CLASH));

test('a plan comes back as it was written, every field of it', () => {
  const rich = planOf(
    estate({
      vcenters: [
        { version: '6.5.0', hosts: [{ version: '6.7.0' }], clockAheadMs: 90_000, linkedWith: 1 },
        { version: '8.0.3', linkedWith: 0 },
        {},
      ],
      arrays: [{ controllers: [{ 0: 'lost', 1: 'works' }, { 1: 'works' }] }, { controllers: [{ 0: 'lost', 1: 'works' }] }],
    }),
  );
  for (const one of [plan, rich]) {
    const read = readPlan(writePlan(one), 'plan.json');
    expect(read).toEqual({ ok: true, value: one });
  }
});

describe('what is not a plan is refused with the place where it is wrong', () => {
  const changed = (change: (copy: Record<string, unknown> & { steps: Record<string, unknown>[] }) => void): string => {
    const copy = JSON.parse(writePlan(plan));
    change(copy);
    return JSON.stringify(copy);
  };
  const rows: { name: string; text: string; says: RegExp }[] = [
    { name: 'no JSON', text: '{', says: /JSON/ },
    { name: 'something else', text: '{}', says: /formatVersion/ },
    {
      name: 'a newer format',
      text: changed((copy) => {
        copy.formatVersion = 2;
      }),
      says: /written by a newer vasatrust/,
    },
    {
      name: 'a misspelt field',
      text: changed((copy) => {
        copy.stratgy = 'x';
      }),
      says: /stratgy/,
    },
    {
      name: 'a kind of step nobody knows',
      text: changed((copy) => {
        (copy.steps[0] as { kind: string }).kind = 'pray';
      }),
      says: /steps\.0/,
    },
    {
      name: 'a step twice',
      text: changed((copy) => copy.steps.push(copy.steps[0] as Record<string, unknown>)),
      says: /there twice/,
    },
    {
      name: 'a need that is not there',
      text: changed((copy) => {
        (copy.steps[3] as { needs: string[] }).needs = ['nowhere'];
      }),
      says: /needs nowhere/,
    },
    {
      name: 'a changed order',
      text: changed((copy) => {
        copy.steps.reverse();
      }),
      says: /stands before/,
    },
    {
      name: 'a certificate that is not there',
      text: changed((copy) => {
        copy.providerCertificates = [];
      }),
      says: /names certificate array0-CT0/,
    },
    {
      name: 'a point of no return that is not there',
      text: changed((copy) => {
        copy.pointOfNoReturn = 'x';
      }),
      says: /point of no return/,
    },
    {
      name: 'a file name in a certificate name',
      text: changed((copy) => {
        (copy.providerCertificates as { name: string }[])[0] = {
          ...(plan.providerCertificates[0] as Plan['providerCertificates'][number]),
          name: '../../etc/passwd',
        };
      }),
      says: /providerCertificates\.0\.name/,
    },
  ];
  for (const { name, text, says } of rows) {
    test(name, () => {
      const read = readPlan(text, 'plan.json');
      expect(read.ok ? 'a plan' : read.error.summary).toMatch(says);
    });
  }
});
