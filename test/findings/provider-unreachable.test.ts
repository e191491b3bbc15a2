import { providerUnreachable } from '../../src/findings/rules/provider-unreachable.js';
import {
  anEndpoint,
  anInventory,
  aProblem,
  aProvider,
  aRegistration,
  aVcenter,
  internal,
  mintProviderLeaf,
} from '../support/inventory.js';
import { testRule } from './rule-table.js';

const no = {
  reach: { from: 'appliance', answers: false, problem: aProblem('unreachable', 'connection refused'), addresses: ['10.1.2.3'] },
} as const;
const noFromHere = { reach: { from: 'operator', answers: false, problem: aProblem('timeout'), addresses: [] } } as const;
const nobody = { reach: { from: 'nobody' } } as const;
const both = (
  one: Parameters<typeof aRegistration>[1],
  other: Parameters<typeof aRegistration>[1],
  facts: Parameters<typeof aVcenter>[1] = {},
) =>
  anInventory([aVcenter('vca', facts), aVcenter('vcb')], [aProvider([aRegistration('vca', one), aRegistration('vcb', other)])]);
const alone = (...endpoints: ReturnType<typeof anEndpoint>[]) => anInventory([], [aProvider([], { endpoints })]);

testRule(providerUnreachable, [
  {
    name: 'a provider that answers nobody is one finding',
    inventory: both(no, no),
    kind: 'found',
    findings: [{ from: ['vca', 'vcb'], problem: 'connection refused' }],
  },
  {
    name: 'a provider that answers one appliance and not the other',
    inventory: both(no, {}),
    kind: 'found',
    findings: [{ from: ['vca'], vcenter: 'vca' }],
  },
  {
    name: 'this machine is named where no appliance could look',
    inventory: both(noFromHere, noFromHere),
    kind: 'found',
    findings: [{ from: ['operator'] }],
  },
  {
    name: 'a provider of estate.yaml that no look gets through to',
    inventory: alone(
      anEndpoint([], { problem: aProblem('unreachable') }),
      anEndpoint([], { sni: 'x', problem: aProblem('timeout') }),
    ),
    kind: 'found',
    findings: [{ from: ['operator'] }],
  },
  { name: 'what only this machine cannot reach is its own network', inventory: both({}, noFromHere), kind: 'passed' },
  { name: 'a provider that answers', inventory: both({}, {}), kind: 'passed' },
  {
    name: 'behind a reject route it is a leftover',
    inventory: both(no, {}, { leftovers: { rejectRoutes: [{ address: '10.1.2.3', line: 'unreachable 10.1.2.3' }] } }),
    kind: 'passed',
  },
  {
    name: 'so it is where this machine looked in place of the appliance',
    inventory: both({ reach: { ...noFromHere.reach, blockedBy: 'unreachable 10.1.2.3' } }, {}),
    kind: 'passed',
  },
  {
    name: 'one look that gets through is an answer',
    inventory: alone(anEndpoint([], { problem: aProblem('unreachable') }), anEndpoint([mintProviderLeaf(undefined)])),
    kind: 'passed',
  },
  {
    name: 'an answer we cannot use is an answer',
    inventory: alone(anEndpoint([], { problem: aProblem('bad-answer') })),
    kind: 'passed',
  },
  { name: 'nothing is said where nobody looked', inventory: both(nobody, nobody), kind: 'not-judged' },
  {
    name: 'internal providers do not take part',
    inventory: both({ ...no, ...internal }, { ...no, ...internal }),
    kind: 'does-not-apply',
  },
]);
