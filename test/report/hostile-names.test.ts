import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge } from '../../src/findings/run-rules.js';
import type { Audit } from '../../src/model/finding.js';
import { providerUrl } from '../../src/model/ids.js';
import type { Problem } from '../../src/model/problem.js';
import { renderAudit } from '../../src/report/render-audit.js';
import {
  aHost,
  anEndpoint,
  anInventory,
  aProblem,
  aProvider,
  aRegistration,
  aVcenter,
  daysFromNow,
  heldBy,
  internal,
  mintProviderLeaf,
  NOW,
  onArrays,
  presented,
  providerId,
  untold,
} from '../support/inventory.js';
import { mintCa, nameDer } from '../support/mint.js';
import { DANGEROUS } from './dangerous.js';

/** An audit where everything that comes from outside is `evil`, in every kind of finding that one inventory can have. */
function hostileAudit(evil: string): Audit {
  const ca = mintCa({ name: 'CN=CA' });
  const leaf = mintProviderLeaf(ca, { hash: 'sha1', notAfter: daysFromNow(3) });
  const expired = mintProviderLeaf(ca, { notAfter: daysFromNow(-3) });
  const named = { ...leaf, cert: { ...leaf.cert, subject: evil, issuer: evil, san: [{ kind: 'dns', value: evil } as const] } };
  const root = { ...ca.cert, subject: evil, notAfter: daysFromNow(-1) };
  const problem: Problem = { ...aProblem('fault'), target: evil, summary: evil, remedy: evil };
  const lostFor = (why: Parameters<typeof aRegistration>[1]) => ({
    status: evil,
    statusFault: { type: evil, message: evil },
    certificateStatus: evil,
    lastSync: evil,
    accepted: { value: false, grade: 'tls-alert', why: { code: 'tls-alert', alert: evil, line: evil } } as const,
    stale: {
      value: true,
      why: [
        { code: 'status', status: evil, met: true },
        { code: 'not-external', category: evil },
      ],
    } as const,
    reach: { from: 'appliance', answers: false, problem, addresses: [evil] } as const,
    ...onArrays(evil, `${evil}2`),
    ...why,
  });
  const vcenters = [
    aVcenter('vca', {
      version: evil,
      presents: [
        presented(expired.cert, { alias: evil, store: evil, to: 'unknown' }),
        presented(named.cert, { alias: `${evil}2`, issuedBy: 'external' }),
      ],
      vmca: { certificate: root, source: 'appliance' },
      anchors: [root, { ...mintCa({ name: 'CN=CA' }).cert, subject: evil }],
      clockAheadMs: 1e9,
      hosts: [aHost(evil, [])],
      leftovers: { rejectRoutes: [{ address: '10.1.2.3', line: evil }], armed: [evil], changedRetryAttempt: evil },
    }),
    aVcenter('vcb'),
  ];
  const url = providerUrl(`https://10.1.2.3:1/${evil}`);
  const register = (vcenter: string, uid: string, facts: Parameters<typeof aRegistration>[1]) =>
    aRegistration(vcenter, { name: evil, url, uid: evil + uid, ...facts });
  const providers = [
    aProvider(
      [
        register(
          'vca',
          '1',
          lostFor({ trusted: { value: false, grade: 'no-path', why: { code: 'issuer-unknown', issuer: evil } } }),
        ),
        register(
          'vca',
          '2',
          lostFor({ trusted: { value: false, grade: 'sms-fault', why: { code: 'sms-says-not-trusted', fault: evil } } }),
        ),
        register('vcb', '3', {
          trusted: { value: true, grade: 'path', why: { code: 'path-to-anchor', anchor: root.sha256, anchorSubject: evil } },
          dependents: {
            datastores: [{ name: evil, accessible: false, accessibleOn: [evil] }],
            vms: 1,
            poweredOnVms: 1,
            hosts: [evil],
            vmNames: [evil],
          },
        }),
      ],
      { id: providerId(evil), vasaVersion: evil, endpoints: [anEndpoint([named], { url, sni: evil, ...heldBy(ca, 'vcb') })] },
    ),
    aProvider([register('vca', '4', { ...untold, ...onArrays(evil), retained: true })], {
      id: providerId(`${evil}2`),
      endpoints: [anEndpoint([], { url, problem })],
    }),
    aProvider([register('vca', '5', { ...internal, name: evil })], { id: providerId('io') }),
  ];
  return judge(anInventory(vcenters, providers, [{ target: evil, source: 'sms', problem }]), NOW);
}

const EVIL = [
  '\u001b[2J\u001b]0;pwned\u0007',
  '\r\nerror  vmca-clash  forged',
  '\u009b31m',
  'x\u202egnp.exe',
  '\u200b\ufeff',
  '<script>alert(1)</script>',
  '| a | b |',
  '\ud800',
];

test('the hostile audit has findings of many kinds, so that their words are tried', () => {
  const codes = new Set(hostileAudit('evil').findings.map(({ code }) => code));
  for (const code of [
    'vmca-clash',
    'trust-lost',
    'client-not-accepted',
    'stale-registration',
    'certificate-expired',
    'certificate-expiring',
    'root-expired',
    'weak-certificate',
    'same-name-other-key',
    'duplicate-registration',
    'sole-provider',
    'clock-skew',
    'cleanup-leftover',
    'provider-unreachable',
    'internal-provider-skipped',
    'name-mismatch',
  ])
    expect(codes).toContain(code);
});

const evilText = fc.oneof(fc.constantFrom(...EVIL), fc.string({ unit: 'binary', maxLength: 60 }));

test('no escape sequence, line end or HTML from outside reaches a report, and JSON parses back with the very names', () => {
  fc.assert(
    fc.property(
      fc.tuple(evilText, evilText).map(([one, other]) => `${one}${other}`),
      fc.constantFrom(undefined, 80),
      (evil, width) => {
        const audit = hostileAudit(evil);
        const table = renderAudit(audit, 'table', width === undefined ? {} : { width });
        expect(table).not.toMatch(DANGEROUS);
        const md = renderAudit(audit, 'md');
        expect(md).not.toMatch(DANGEROUS);
        expect(md.replace(/^<!--.*-->$/gm, '')).not.toMatch(/<[a-z!/]/i);
        const json = renderAudit(audit, 'json');
        expect(json).not.toMatch(DANGEROUS);
        const parsed = JSON.parse(json);
        expect(parsed.providers[0].id).toBe(evil);
        expect(parsed.providers[0].registrations[0].statusFault).toEqual({ type: evil, message: evil });
        expect(parsed.gaps[0].target).toBe(evil);
      },
    ),
    { seed: 4, numRuns: 60 },
  );
});

test('no line begins with what a name says', () => {
  const text = renderAudit(hostileAudit('\nerror    vmca-clash  forged'), 'table', { width: 60 });
  const OURS =
    /^(?: |$|WHAT EACH vCENTER PRESENTS$|PROVIDER |error {4}[a-z]|warning {2}[a-z]|notice {3}[a-z]|gap {6}|Not judged, |Seen at \d|\d+ errors?, )/;
  for (const line of text.split('\n')) {
    expect(line).toMatch(OURS);
    expect(line).not.toMatch(/^error +vmca-clash +forged/);
  }
});

test('names of a megabyte do not make a report of megabytes', () => {
  const audit = hostileAudit('n'.repeat(1_000_000));
  expect(renderAudit(audit, 'table').length).toBeLessThan(100_000);
  expect(renderAudit(audit, 'md').length).toBeLessThan(200_000);
  const { findings } = JSON.parse(renderAudit(audit, 'json')) as {
    findings: { headline: string; evidence: string[]; remedy: string }[];
  };
  for (const { headline, evidence, remedy } of findings)
    expect(`${headline}${evidence.join('')}${remedy}`.length).toBeLessThan(5_000);
});

test('a subject whose own encoding holds control characters is shown safely', () => {
  const leaf = mintProviderLeaf(undefined, { rawSubject: nameDer('CN=\u001b[31mred\u202e') });
  const audit = judge(anInventory([], [aProvider([], { endpoints: [anEndpoint([leaf])] })]), NOW);
  for (const format of ['table', 'md', 'json'] as const) expect(renderAudit(audit, format)).not.toMatch(DANGEROUS);
});
