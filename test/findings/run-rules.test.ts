import { describe, expect, test } from 'vitest';
import { CODES, codeEntry, findCodeEntry, severityOf } from '../../src/findings/explain/codes.js';
import { judge, RULES, runRules } from '../../src/findings/run-rules.js';
import { anInventory, NOW } from '../support/inventory.js';
import { healthyInventory, sampleInventory } from '../support/sample-estate.js';

const inventory = sampleInventory();

describe('judge', () => {
  test('orders findings by severity, then causes before consequences, then provider and vCenter', () => {
    expect(
      judge(inventory, NOW).findings.map((f) =>
        [f.code, 'provider' in f ? f.provider : '', 'vcenter' in f ? f.vcenter : ''].join(' ').trim(),
      ),
    ).toEqual([
      'vmca-clash com.example:array1-ct0',
      'vmca-clash com.example:array1-ct1',
      'trust-lost com.example:array1-ct0 vc65',
      'trust-lost com.example:array1-ct1 vc65',
      'stale-registration com.example:array1-ct0 vc65',
      'stale-registration com.example:array1-ct1 vc65',
      'sole-provider com.example:array2 vc65',
      'sole-provider com.example:array2 vc67',
      'sole-provider com.example:array2 vc80',
      'clock-skew  vc80',
      'internal-provider-skipped  vc67',
    ]);
  });

  test('the order does not depend on the order of the inventory', () => {
    const turned = { ...inventory, vcenters: [...inventory.vcenters].reverse(), providers: [...inventory.providers].reverse() };
    expect(judge(turned, NOW).findings).toEqual(judge(inventory, NOW).findings);
    expect(judge(turned, NOW).notJudged).toEqual(judge(inventory, NOW).notJudged);
  });

  test('lists what it could not decide, by whom and for want of what', () => {
    expect(judge(inventory, NOW).notJudged).toContainEqual({
      code: 'root-missing',
      provider: 'com.example:array2',
      vcenter: 'vc80',
      missing: 'whether this vCenter trusts the served certificate',
    });
  });

  test('hands gaps and time through', () => {
    const audit = judge(inventory, NOW);
    expect(audit.gaps).toBe(inventory.gaps);
    expect(audit.now).toBe(NOW.toISOString());
  });

  test('finds nothing in a healthy estate and nothing in an empty one', () => {
    expect(runRules(healthyInventory(), NOW)).toEqual([]);
    expect(runRules(anInventory([]), NOW)).toEqual([]);
  });
});

describe('the catalogue', () => {
  test('has every code once, with a rule for each', () => {
    const codes = CODES.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.filter((code) => !(code in RULES))).toEqual([]);
    expect(Object.keys(RULES).filter((code) => !codes.includes(code as never))).toEqual([]);
    for (const [code, rule] of Object.entries(RULES)) expect(rule.code).toBe(code);
  });

  test.each([
    [
      'error',
      [
        'vmca-clash',
        'trust-lost',
        'client-not-accepted',
        'stale-registration',
        'removal-failed',
        'root-missing',
        'name-mismatch',
        'certificate-expired',
        'root-expired',
        'provider-unreachable',
      ],
    ],
    [
      'warning',
      [
        'same-name-other-key',
        'certificate-expiring',
        'weak-certificate',
        'incomplete-chain',
        'sole-provider',
        'duplicate-registration',
        'controller-split',
        'holder-outside-estate',
        'host-trust-missing',
        'clock-skew',
        'cleanup-leftover',
      ],
    ],
    ['notice', ['internal-provider-skipped']],
  ] as const)('of severity %s are exactly these', (severity, codes) => {
    expect(CODES.filter((entry) => entry.severity === severity).map(({ code }) => code)).toEqual(codes);
    for (const code of codes) expect(severityOf(code)).toBe(severity);
  });

  test('every entry explains itself and marks what it rests on', () => {
    for (const entry of CODES) {
      for (const text of [entry.meaning, entry.proof, entry.remedy])
        expect(text, entry.code).toMatch(/^(?:[A-Z]|vCenter ).*\.$/s);
      expect(entry.title, entry.code).not.toMatch(/\.$/);
      expect(entry.sources.length, entry.code).toBeGreaterThan(0);
    }
  });

  test('is found by what a user types', () => {
    expect(findCodeEntry(' VMCA-Clash ')).toBe(codeEntry('vmca-clash'));
    expect(findCodeEntry('nothing')).toBeUndefined();
  });
});
