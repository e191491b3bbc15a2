import { staleRegistration } from '../../src/findings/rules/stale-registration.js';
import { anInventory, aProvider, aRegistration, aVcenter, internal, lost, untold } from '../support/inventory.js';
import { testRule } from './rule-table.js';

const at = (facts: Parameters<typeof aRegistration>[1]) =>
  anInventory([aVcenter('vc65')], [aProvider([aRegistration('vc65', facts)])]);

testRule(staleRegistration, [
  {
    name: 'a registration that was judged stale is told',
    inventory: at(lost()),
    kind: 'found',
    findings: [{ vcenter: 'vc65', status: 'offline', name: 'array1-CT0' }],
  },
  { name: 'a registration that works is not stale', inventory: at({}), kind: 'passed' },
  { name: 'an unknown part makes no finding', inventory: at(untold), kind: 'not-judged' },
  { name: 'internal providers do not take part', inventory: at({ ...lost(), ...internal }), kind: 'does-not-apply' },
]);
