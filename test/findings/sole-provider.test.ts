import { soleProvider } from '../../src/findings/rules/sole-provider.js';
import { anInventory, aProvider, aRegistration, aVcenter, internal, lost, onArrays, providerId } from '../support/inventory.js';
import { testRule } from './rule-table.js';

const vca = aVcenter('vca');
const ct = (n: number, registrations: Parameters<typeof aProvider>[0]) =>
  aProvider(registrations, { id: providerId(`array1-ct${n}`) });
const reg = (facts: Parameters<typeof aRegistration>[1] = {}, vcenter = 'vca') =>
  aRegistration(vcenter, { ...onArrays('array1'), ...facts });

testRule(soleProvider, [
  {
    name: 'an array that one registration tells',
    inventory: anInventory([vca], [ct(0, [reg()])]),
    kind: 'found',
    findings: [{ provider: 'array1-ct0', vcenter: 'vca', array: 'array1' }],
  },
  {
    name: 'a second registration of the same provider does not help',
    inventory: anInventory([vca], [ct(0, [reg(), reg({ uid: 'again' })])]),
    kind: 'found',
  },
  {
    name: 'each vCenter is counted by itself',
    inventory: anInventory([vca, aVcenter('vcb')], [ct(0, [reg()]), ct(1, [reg({}, 'vcb')])]),
    kind: 'found',
    findings: [{ vcenter: 'vca' }, { vcenter: 'vcb' }],
  },
  { name: 'both controllers are registered', inventory: anInventory([vca], [ct(0, [reg()]), ct(1, [reg()])]), kind: 'passed' },
  {
    name: 'whether they work is told by other codes',
    inventory: anInventory([vca], [ct(0, [reg()]), ct(1, [reg(lost())])]),
    kind: 'passed',
  },
  {
    name: 'registrations that name no array',
    inventory: anInventory([vca], [ct(0, [reg({ arrays: [] })])]),
    kind: 'does-not-apply',
  },
  {
    name: 'internal providers do not take part',
    inventory: anInventory([vca], [ct(0, [reg(internal)])]),
    kind: 'does-not-apply',
  },
]);
