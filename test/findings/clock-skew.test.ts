import { clockSkew } from '../../src/findings/rules/clock-skew.js';
import { anInventory, aVcenter } from '../support/inventory.js';
import { testRule } from './rule-table.js';

const ahead = (clockAheadMs: number) => anInventory([aVcenter('vca', { clockAheadMs })]);

testRule(clockSkew, [
  { name: 'more than a minute ahead', inventory: ahead(61_000), kind: 'found', findings: [{ vcenter: 'vca', aheadMs: 61_000 }] },
  { name: 'more than a minute behind', inventory: ahead(-61_000), kind: 'found', findings: [{ aheadMs: -61_000 }] },
  { name: 'a minute', inventory: ahead(60_000), kind: 'passed' },
  {
    name: 'a clock nobody read',
    inventory: anInventory([aVcenter('vca', { clockAheadMs: undefined } as never)]),
    kind: 'not-judged',
  },
  { name: 'no vCenter at all', inventory: anInventory([]), kind: 'does-not-apply' },
]);
