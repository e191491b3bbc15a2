import { cleanupLeftover } from '../../src/findings/rules/cleanup-leftover.js';
import { providerUrl } from '../../src/model/ids.js';
import type { Leftovers } from '../../src/model/inventory.js';
import { anEndpoint, anInventory, aProvider, aRegistration, aVcenter, internal } from '../support/inventory.js';
import { testRule } from './rule-table.js';

const route = (address: string) => ({ rejectRoutes: [{ address, line: `unreachable ${address}` }], armed: [] });
const at = (leftovers: Leftovers, registration: Parameters<typeof aRegistration>[1] = {}) =>
  anInventory(
    [aVcenter('vca', { leftovers })],
    [aProvider([aRegistration('vca', registration)], { endpoints: [anEndpoint([])] })],
  );

testRule(cleanupLeftover, [
  {
    name: 'a reject route to an address of a provider',
    inventory: at(route('10.1.2.3')),
    kind: 'found',
    findings: [{ vcenter: 'vca', what: { kind: 'reject-route', address: '10.1.2.3', providers: ['com.example:array1-ct0'] } }],
  },
  {
    name: 'an IPv6 route, however the registered URL spells the address',
    inventory: at(route('fd00:1::10'), { url: providerUrl('https://[FD00:1:0:0:0:0:0:10]:8084/'), reach: { from: 'nobody' } }),
    kind: 'found',
  },
  {
    name: 'a route as the appliance spells it',
    inventory: at(route('FD00:1:0:0::10'), { url: providerUrl('https://[fd00:1::10]:8084/') }),
    kind: 'found',
  },
  {
    name: 'a changed retryAttempt',
    inventory: at({ rejectRoutes: [], armed: [], changedRetryAttempt: '4' }),
    kind: 'found',
    findings: [{ what: { kind: 'retry-attempt', value: '4' } }],
  },
  {
    name: 'timers that are still armed',
    inventory: at({ rejectRoutes: [], armed: ['a.timer', 'b.timer'] }),
    kind: 'found',
    findings: [{ what: { name: 'a.timer' } }, { what: { name: 'b.timer' } }],
  },
  { name: 'what was seen is told although the rest was not', inventory: at({ changedRetryAttempt: '4' }), kind: 'found' },
  { name: 'a clean appliance', inventory: at({ rejectRoutes: [], armed: [] }), kind: 'passed' },
  { name: "a reject route to somewhere else is the administrator's own", inventory: at(route('192.0.2.1')), kind: 'passed' },
  { name: 'a route to an internal provider blocks no array', inventory: at(route('10.1.2.3'), internal), kind: 'passed' },
  { name: 'an appliance nobody looked at', inventory: at({}), kind: 'not-judged' },
  { name: 'no vCenter at all', inventory: anInventory([]), kind: 'does-not-apply' },
]);
