import { controllerSplit } from '../../src/findings/rules/controller-split.js';
import { vcenterId } from '../../src/model/ids.js';
import type { Endpoint } from '../../src/model/inventory.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  heldBy,
  internal,
  mintProviderLeaf,
  mintVmca,
  onArrays,
  providerId,
  vmcaOf,
} from '../support/inventory.js';
import { testRule } from './rule-table.js';

const vmcaA = mintVmca('vca');
const vmcaB = mintVmca('vcb');
const vca = aVcenter('vca', vmcaOf(vmcaA));
const vcb = aVcenter('vcb', vmcaOf(vmcaB));
const linked = aVcenter('vca', { ...vmcaOf(vmcaA), linkedWith: [{ vcenter: vcenterId('vcb'), basis: 'topology' }] });
const byA = anEndpoint([mintProviderLeaf(vmcaA)], heldBy(vmcaA, 'vca'));
const byB = anEndpoint([mintProviderLeaf(vmcaB)], heldBy(vmcaB, 'vcb'));
const ct = (
  n: number,
  endpoint: Endpoint,
  facts: Parameters<typeof aProvider>[1] = {},
  registration: Parameters<typeof aRegistration>[1] = {},
) =>
  aProvider([aRegistration('vca', { ...onArrays('array1'), ...registration })], {
    id: providerId(`array1-ct${n}`),
    endpoints: [endpoint],
    ...facts,
  });

testRule(controllerSplit, [
  {
    name: 'each controller is held by another vCenter',
    inventory: anInventory([vca, vcb], [ct(0, byA), ct(1, byB)]),
    kind: 'found',
    findings: [
      {
        array: 'array1',
        controllers: [
          { provider: 'array1-ct0', holders: ['vca'] },
          { provider: 'array1-ct1', holders: ['vcb'] },
        ],
      },
    ],
  },
  { name: 'one vCenter holds both', inventory: anInventory([vca, vcb], [ct(0, byA), ct(1, byA)]), kind: 'passed' },
  {
    name: 'linked vCenters can use what the other holds',
    inventory: anInventory([linked, vcb], [ct(0, byA), ct(1, byB)]),
    kind: 'passed',
  },
  {
    name: 'one controller with a certificate of an external CA',
    inventory: anInventory([vca, vcb], [ct(0, byA), ct(1, anEndpoint([mintProviderLeaf(vmcaB)], heldBy(vmcaB)))]),
    kind: 'passed',
  },
  {
    name: 'nothing is said while one controller was not seen',
    inventory: anInventory([vca, vcb], [ct(0, byA), ct(1, anEndpoint([]))]),
    kind: 'not-judged',
  },
  {
    name: 'an array with one controller cannot be split',
    inventory: anInventory([vca, vcb], [ct(0, byA)]),
    kind: 'does-not-apply',
  },
  {
    name: 'controllers that keep their certificates are held by nobody',
    inventory: anInventory([vca, vcb], [ct(0, byA, { retained: true }), ct(1, byB, { retained: true })]),
    kind: 'does-not-apply',
  },
  {
    name: 'virtual hosts belong to a vCenter each',
    inventory: anInventory([vca, vcb], [ct(0, byA, { vasaVersion: '5.0' }), ct(1, byB, { vasaVersion: '5.0' })]),
    kind: 'does-not-apply',
  },
  {
    name: 'internal providers do not take part',
    inventory: anInventory([vca, vcb], [ct(0, byA, {}, internal), ct(1, byB, {}, internal)]),
    kind: 'does-not-apply',
  },
]);
