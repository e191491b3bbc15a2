import { removalFailed } from '../../src/findings/rules/removal-failed.js';
import type { SpsRemoval } from '../../src/model/evidence.js';
import { anInventory, aProvider, aRegistration, aVcenter, internal } from '../support/inventory.js';
import { testRule } from './rule-table.js';

const UID = 'uid-vc65';
const failed: SpsRemoval = {
  uid: UID,
  outcome: 'null-pointer',
  task: 'SmsTask-22',
  array: 'com.example:array1',
  backup: 'uid-ct1',
  exception: 'java.lang.NullPointerException',
  from: '2026-11-20T10:00:00.000Z',
  to: '2026-11-20T10:00:00.200Z',
  line: 'a line',
};
const at = (removals: readonly SpsRemoval[] | undefined, facts: Parameters<typeof aRegistration>[1] = {}) => {
  const { removals: _none, ...vcenter } = aVcenter('vc65');
  return anInventory(
    [removals === undefined ? vcenter : { ...vcenter, removals }],
    [aProvider([aRegistration('vc65', { uid: UID, ...facts })])],
  );
};

testRule(removalFailed, [
  {
    name: 'a NullPointerException, and the registration is still there',
    inventory: at([failed]),
    kind: 'found',
    findings: [
      {
        vcenter: 'vc65',
        uid: UID,
        known: true,
        attempts: 1,
        at: '2026-11-20T10:00:00.200Z',
        task: 'SmsTask-22',
        array: 'com.example:array1',
        backup: 'uid-ct1',
      },
    ],
  },
  {
    name: 'the last of several attempts is told, with their number',
    inventory: at([failed, { ...failed, task: 'SmsTask-23', to: '2026-11-21T10:00:00.200Z' }]),
    kind: 'found',
    findings: [{ attempts: 2, task: 'SmsTask-23', at: '2026-11-21T10:00:00.200Z' }],
  },
  {
    name: 'another error is a failure of an unknown kind',
    inventory: at([{ ...failed, outcome: 'other-error', exception: 'java.lang.IllegalStateException' }]),
    kind: 'found',
    findings: [{ known: false, exception: 'java.lang.IllegalStateException' }],
  },
  {
    name: 'an attempt without an error does not quiet it while the registration is there',
    inventory: at([failed, { ...failed, outcome: 'no-error' }]),
    kind: 'found',
    findings: [{ attempts: 1 }],
  },
  { name: 'no removal in the log', inventory: at([]), kind: 'passed' },
  { name: "another registration's failed removal", inventory: at([{ ...failed, uid: 'uid-gone' }]), kind: 'passed' },
  { name: 'a removal whose end the log does not hold', inventory: at([{ ...failed, outcome: 'unfinished' }]), kind: 'passed' },
  { name: 'a log that nobody could read', inventory: at(undefined), kind: 'not-judged' },
  { name: 'internal providers do not take part', inventory: at([failed], internal), kind: 'does-not-apply' },
]);
