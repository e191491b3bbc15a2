import { internalProviderSkipped } from '../../src/findings/rules/internal-provider-skipped.js';
import { anInventory, aProvider, aRegistration, aVcenter, internal, providerId } from '../support/inventory.js';
import { testRule } from './rule-table.js';

const skipped = (name: string, facts: Parameters<typeof aRegistration>[1] = {}) =>
  aProvider([aRegistration('vca', { ...internal, name, ...facts })], { id: providerId(name) });

testRule(internalProviderSkipped, [
  {
    name: 'one notice per vCenter, with count and names',
    inventory: anInventory([aVcenter('vca'), aVcenter('vcb')], [skipped('IOFILTER esx2'), skipped('IOFILTER esx1')]),
    kind: 'found',
    findings: [{ vcenter: 'vca', count: 2, names: ['IOFILTER esx1', 'IOFILTER esx2'], basis: 'category' }],
  },
  {
    name: 'before 6.7 the category is inferred, and so marked',
    inventory: anInventory([aVcenter('vca')], [skipped('IOFILTER esx1', { categoryBasis: 'inferred' })]),
    kind: 'found',
    findings: [{ basis: 'inferred' }],
  },
  {
    name: 'external providers are not skipped',
    inventory: anInventory([aVcenter('vca')], [aProvider([aRegistration('vca')])]),
    kind: 'passed',
  },
  { name: 'a vCenter without registrations', inventory: anInventory([aVcenter('vca')]), kind: 'does-not-apply' },
]);
