import { duplicateRegistration } from '../../src/findings/rules/duplicate-registration.js';
import { anInventory, aProvider, aRegistration, aVcenter, internal } from '../support/inventory.js';
import { testRule } from './rule-table.js';

const of = (...registrations: Parameters<typeof aProvider>[0]) =>
  anInventory([aVcenter('vca'), aVcenter('vcb')], [aProvider(registrations)]);

testRule(duplicateRegistration, [
  {
    name: 'two uids of one vCenter for one provider',
    inventory: of(aRegistration('vca', { uid: 'b' }), aRegistration('vca', { uid: 'a' }), aRegistration('vcb')),
    kind: 'found',
    findings: [{ vcenter: 'vca', uids: ['a', 'b'] }],
  },
  { name: 'one registration in each of two vCenters', inventory: of(aRegistration('vca'), aRegistration('vcb')), kind: 'passed' },
  { name: 'a provider that nobody registered', inventory: of(), kind: 'does-not-apply' },
  {
    name: 'internal providers do not take part',
    inventory: of(aRegistration('vca', { uid: 'b', ...internal }), aRegistration('vca', { uid: 'a', ...internal })),
    kind: 'does-not-apply',
  },
]);
