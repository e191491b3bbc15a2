import { clientNotAccepted } from '../../src/findings/rules/client-not-accepted.js';
import { anInventory, aProvider, aRegistration, aVcenter, internal } from '../support/inventory.js';
import { testRule } from './rule-table.js';

const at = (facts: Parameters<typeof aRegistration>[1]) =>
  anInventory([aVcenter('vc65')], [aProvider([aRegistration('vc65', facts)])]);
const refused = {
  accepted: { value: false, grade: 'tls-alert', why: { code: 'tls-alert', alert: 'unknown_ca', line: 'a line' } },
} as const;

testRule(clientNotAccepted, [
  {
    name: 'a TLS alert of the provider is a refusal',
    inventory: at(refused),
    kind: 'found',
    findings: [{ vcenter: 'vc65', how: 'TLS alert unknown_ca' }],
  },
  {
    name: 'a status fault that says so is a refusal',
    inventory: at({
      accepted: { value: false, grade: 'sms-fault', why: { code: 'status-fault', fault: 'CertificateNotTrusted' } },
    }),
    kind: 'found',
    findings: [{ how: 'CertificateNotTrusted' }],
  },
  { name: 'a session proves acceptance', inventory: at({}), kind: 'passed' },
  {
    name: 'a list of acceptable CAs without ours is a hint and no finding',
    inventory: at({ accepted: { value: 'unknown', why: { code: 'acceptable-ca-hint', listed: false } } }),
    kind: 'not-judged',
  },
  { name: 'internal providers do not take part', inventory: at({ ...refused, ...internal }), kind: 'does-not-apply' },
]);
