import { expect, test } from 'vitest';
import type { Rule } from '../../src/findings/rule.js';
import type { Inventory } from '../../src/model/inventory.js';
import { type Fared, fare, NOW } from '../support/inventory.js';

export interface Row {
  /** A sentence: the name of the test. */
  readonly name: string;
  readonly inventory: Inventory;
  readonly kind: Fared['kind'];
  /** Findings in their order, as far as they matter to the row. */
  readonly findings?: readonly Readonly<Record<string, unknown>>[];
  readonly now?: Date;
}

export function testRule(rule: Rule, rows: readonly Row[]): void {
  test.each(rows.map((row) => [row.name, row] as const))('%s', (_name, { inventory, kind, findings, now }) => {
    const fared = fare(rule, inventory, now ?? NOW);
    expect(fared.kind).toBe(kind);
    if (findings !== undefined) {
      expect(fared.findings).toHaveLength(findings.length);
      expect(fared.findings).toMatchObject(findings.map((finding) => ({ code: rule.code, ...finding })));
    }
    if (kind !== 'found') expect(fared.findings).toEqual([]);
  });

  test('the table has a row that fires, one that stays quiet and one the rule does not apply to', () => {
    const kinds = new Set(rows.map(({ kind }) => kind));
    expect([...kinds]).toEqual(expect.arrayContaining(['found', 'passed', 'does-not-apply']));
  });
}
