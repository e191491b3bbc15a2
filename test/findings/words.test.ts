import { describe, expect, test } from 'vitest';
import { nextCommand } from '../../src/findings/explain/commands.js';
import { evidenceLines } from '../../src/findings/explain/evidence.js';
import { headline } from '../../src/findings/explain/headline.js';
import { list, quote } from '../../src/findings/explain/quote.js';
import { remedy } from '../../src/findings/explain/remedy.js';
import {
  acceptReasonText,
  dependentsText,
  gradeText,
  holderProofText,
  holderText,
  issuedByText,
  reachText,
  staleReasonText,
  trustReasonText,
} from '../../src/findings/explain/verdicts.js';
import { judge } from '../../src/findings/run-rules.js';
import type { Finding } from '../../src/model/finding.js';
import type { IsoTime, KeyIdHex, Sha256Hex } from '../../src/model/ids.js';
import { vcenterId } from '../../src/model/ids.js';
import { anInventory, aProblem, aRegistration, NOW, presented, providerId } from '../support/inventory.js';
import { mintLeaf } from '../support/mint.js';
import { sampleInventory } from '../support/sample-estate.js';

const inventory = sampleInventory();
const ct0 = providerId('com.example:array1-ct0');
const vc65 = vcenterId('vc65');
const sha = 'ab'.repeat(32) as Sha256Hex;
const key = '0123456789abcdef' as KeyIdHex;
const day = '2026-12-01T00:00:00.000Z' as IsoTime;
const at = { provider: ct0, vcenter: vc65, uid: '65-ct0' } as const;

describe('headlines', () => {
  const rows: readonly [Finding, string][] = [
    [
      {
        code: 'vmca-clash',
        provider: ct0,
        leaf: sha,
        holders: [vcenterId('vc67')],
        holderGrade: 'vmca-key',
        losers: [vc65],
        url: '',
        arrays: [],
      },
      'array1-CT0 serves a certificate issued by the VMCA of vc67; vc65 lost it: each registration throws out the other',
    ],
    [
      {
        code: 'trust-lost',
        ...at,
        reason: { code: 'issuer-unknown', issuer: 'CN=CA', wantedKeyId: key },
        holders: [],
        since: {},
      },
      'vc65 does not trust what array1-CT0 serves: issuer key 01234567… unknown to vc65',
    ],
    [
      { code: 'client-not-accepted', ...at, how: 'TLS alert unknown_ca' },
      'array1-CT0 refuses what vc65 presents: TLS alert unknown_ca',
    ],
    [
      { code: 'stale-registration', ...at, status: 'offline', name: 'array1-CT0', url: '' },
      'vc65\'s registration "array1-CT0" (offline) is dead and will not come back by itself',
    ],
    [
      { code: 'root-missing', ...at, issuer: 'CN=Root' },
      'vc65 lacks the CA that issued the certificate which array1-CT0 keeps: CN=Root',
    ],
    [
      { code: 'name-mismatch', ...at, leaf: sha, host: 'ct0', san: ['a', 'b'] },
      'vc65 registered array1-CT0 as ct0, which its certificate does not carry (a and b)',
    ],
    [
      { code: 'name-mismatch', ...at, leaf: sha, host: 'ct0', san: [] },
      'vc65 registered array1-CT0 as ct0, which its certificate does not carry (it has no names)',
    ],
    [
      { code: 'certificate-expired', leaf: sha, what: 'provider', provider: ct0, notAfter: day },
      'the certificate that array1-CT0 serves expired on 2026-12-01',
    ],
    [
      { code: 'certificate-expired', leaf: sha, what: 'presented', vcenter: vc65, notAfter: day },
      'the client certificate of vc65 expired on 2026-12-01',
    ],
    [
      { code: 'root-expired', vcenter: vc65, root: sha, subject: 'CN=CA', notAfter: day, providers: [] },
      'the VMCA certificate of vc65 expired on 2026-12-01',
    ],
    [
      { code: 'root-expired', vcenter: vc65, root: sha, subject: 'CN=CA', notAfter: day, providers: [ct0], provider: ct0 },
      "vc65's path to array1-CT0 needs CN=CA, which expired on 2026-12-01",
    ],
    [
      { code: 'provider-unreachable', provider: ct0, url: '', from: ['operator', 'vc65'], problem: 'refused' },
      'array1-CT0 does not answer this machine and vc65: refused',
    ],
    [
      { code: 'same-name-other-key', subject: 'CN=CA', keyIds: [key, key], vcenters: [vc65] },
      '2 CAs are named CN=CA and have different keys (vc65)',
    ],
    [
      { code: 'certificate-expiring', leaf: sha, what: 'vmca', vcenter: vc65, notAfter: day, daysLeft: 1 },
      'the VMCA certificate of vc65 expires on 2026-12-01, in 1 day',
    ],
    [
      { code: 'weak-certificate', leaf: sha, what: 'vmca', vcenter: vc65, weakness: 'RSA key of 1024 bits' },
      'the VMCA certificate of vc65 is weak: RSA key of 1024 bits',
    ],
    [
      { code: 'incomplete-chain', provider: ct0, leaf: sha, missing: 'CN=I', vcenters: [vc65] },
      'array1-CT0 does not serve the intermediate CN=I; only vc65 can fill it in',
    ],
    [{ code: 'sole-provider', provider: ct0, vcenter: vc65, array: 'a' }, 'vc65 reaches array a through array1-CT0 only'],
    [
      { code: 'duplicate-registration', provider: ct0, vcenter: vc65, uids: ['a', 'b'] },
      'vc65 has registered array1-CT0 2 times',
    ],
    [
      {
        code: 'controller-split',
        array: 'a',
        controllers: [
          { provider: ct0, holders: [vc65] },
          { provider: providerId('com.example:array1-ct1'), holders: [] },
        ],
      },
      'the controllers of array a are in different hands: array1-CT0 held by vc65, array1-CT1 held by nobody known',
    ],
    [
      { code: 'holder-outside-estate', provider: ct0, leaf: sha, issuer: 'CN=Other' },
      'nobody here issued what array1-CT0 serves; its issuer calls itself CN=Other (a hint, not proof)',
    ],
    [
      { code: 'host-trust-missing', provider: ct0, vcenter: vc65, hosts: ['esx1'], issuer: 'CN=CA' },
      '1 host of vc65 does not trust array1-CT0, which vc65 does',
    ],
    [{ code: 'clock-skew', vcenter: vc65, aheadMs: -90_000 }, "the clock of vc65 is 90 s behind this machine's"],
    [
      {
        code: 'cleanup-leftover',
        vcenter: vc65,
        what: { kind: 'reject-route', address: '10.1.2.3', line: 'x', providers: [ct0] },
      },
      'on vc65 a reject route to 10.1.2.3 cuts off array1-CT0',
    ],
    [
      { code: 'cleanup-leftover', vcenter: vc65, what: { kind: 'retry-attempt', value: '4' } },
      'on vc65 retryAttempt is 4 instead of the shipped 99999',
    ],
    [
      { code: 'cleanup-leftover', vcenter: vc65, what: { kind: 'armed', name: 'a.timer' } },
      'on vc65 a.timer of a cleanup is there: it is under way, or did not come to its end, or the appliance took it back and keeps the record',
    ],
    [
      { code: 'internal-provider-skipped', vcenter: vc65, count: 2, names: [], basis: 'inferred' },
      '2 internal providers of vc65 left out (by name and port: inferred)',
    ],
  ];

  test.each(rows.map(([finding, words]) => [words, finding] as const))('%s', (words, finding) => {
    expect(headline(finding, inventory)).toBe(words);
  });

  test('two providers of one name are told apart by where they are', () => {
    const [first, second] = inventory.providers;
    const twins = anInventory(
      inventory.vcenters,
      [first, second].flatMap((one) => (one === undefined ? [] : [{ ...one, names: ['array1'] }])),
    );
    const finding: Finding = { code: 'sole-provider', provider: ct0, vcenter: vc65, array: 'a' };
    expect(headline(finding, twins)).toBe('vc65 reaches array a through array1 at 10.1.2.3:8084 only');
  });
});

describe('evidence', () => {
  const audit = judge(inventory, NOW);
  const of = (code: string) =>
    audit.findings.filter((finding) => finding.code === code).map((finding) => evidenceLines(finding, inventory).join('\n'));

  test('of a clash names the leaf, its issuer by key, the holder with the proof, and who lost it', () => {
    const [text] = of('vmca-clash');
    const leaf = inventory.providers[0]?.endpoints[0]?.leaf;
    expect(text).toMatch(
      /served leaf CN=array1-ct0\.lab\.example, SHA256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}, SHA1 (?:[0-9A-F]{2}:){19}[0-9A-F]{2}/,
    );
    expect(text).toContain(`issuer key ${leaf?.aki}`);
    expect(text).toContain('held by vc67: signature verified with the VMCA key read on the appliance');
    expect(text).toMatch(/vc65: not trusted: issuer key [0-9a-f]{8}… unknown to vc65/);
  });

  test('of lost trust names both ends of when it may have happened, and that one can be back-dated', () => {
    expect(of('trust-lost')[0]).toContain(
      'since: after the last sync, 2026-11-03T08:12:00Z; leaf valid from 2026-11-03T08:15:00.000Z (an issuer may back-date that)',
    );
  });

  test('of a stale registration names every condition', () => {
    expect(of('stale-registration')[0]?.split('\n')).toEqual([
      'uid 65-ct0 at https://10.1.2.3:8084/version.xml',
      'status offline',
      'TLS from the appliance succeeds',
      'the leaf does not verify there',
      'the provider does not keep its certificate',
      '2 VVol datastores (2 inaccessible), 14 VMs (9 powered on), 6 hosts depend on it',
    ]);
  });

  test('what was inferred says so', () => {
    expect(gradeText('only-bundle')).toContain('inferred');
    expect(gradeText('sms-record')).toContain('inferred');
    expect(holderProofText({ kind: 'only-bundle', issuer: sha })).toContain('inferred');
    expect(holderProofText({ kind: 'sms-record', uid: 'u' })).toContain('inferred');
    expect(holderText({ vcenters: [vc65], grade: 'sms-record', proof: { kind: 'sms-record', uid: 'u' } })).toContain('inferred');
    expect(issuedByText(presented(mintLeaf().cert, { issuedBy: 'former-vmca' }), 'vc65', undefined)).toContain('inferred');
    expect(trustReasonText({ code: 'sms-store-entry', alias: 'x' }, 'vc65')).toContain('inferred');
    for (const proven of ['vmca-key', 'issued-certificates'] as const) expect(gradeText(proven)).not.toContain('inferred');
  });
});

describe('remedies', () => {
  const stale: Finding = { code: 'stale-registration', ...at, status: 'offline', name: '', url: '' };

  test('powered-on VMs come before a removal', () => {
    expect(remedy(stale, inventory)).toMatch(/^9 powered-on VMs depend on it: move or stop them first\./);
  });

  test('what was not seen is not taken for nothing', () => {
    const blind = anInventory(inventory.vcenters, [
      { ...inventory.providers[0], registrations: [aRegistration('vc65', { uid: '65-ct0' })] } as never,
    ]);
    expect(remedy(stale, blind)).toMatch(/^What depends on it was not seen/);
  });

  test('whoever lost trust is told not to throw out the holder', () => {
    const finding: Finding = {
      code: 'trust-lost',
      ...at,
      reason: { code: 'not-seen', what: 'leaf' },
      holders: [vcenterId('vc67')],
      since: {},
    };
    expect(remedy(finding, inventory)).toMatch(
      /^vc67 holds this provider; .*Do not have vc65 refresh certificates or register again while vc67 depends on it/,
    );
  });

  test('the next command is the plan where there is a clash, else it is about the first finding', () => {
    const { findings } = judge(inventory, NOW);
    expect(nextCommand(findings, inventory)).toEqual({
      command: 'vasatrust plan external-ca --provider array1-CT0 --ca chain.pem --out plan.json',
      note: 'removing the stale registrations of vc65 is a step of it',
    });
    const others = findings.filter(({ code }) => code !== 'vmca-clash');
    expect(nextCommand(others, inventory)?.command).toBe(`vasatrust explain ${others[0]?.code}`);
    expect(nextCommand([], inventory)).toBeUndefined();
    const skipped: Finding = { code: 'internal-provider-skipped', vcenter: vc65, count: 1, names: [], basis: 'category' };
    expect(nextCommand([skipped], inventory)).toBeUndefined();
  });
});

describe('verdicts', () => {
  test.each([
    [
      trustReasonText({ code: 'same-name-other-key', issuer: 'CN=CA', foundKeyIds: [] }, 'vc65'),
      "vc65 knows the issuer's name with another key",
    ],
    [trustReasonText({ code: 'not-seen', what: 'anchors' }, 'vc65'), 'its trust anchors were not seen'],
    [trustReasonText({ code: 'path-broken', at: sha, how: 'not-a-ca' }, 'vc65'), 'an issuer on the path is not a CA'],
    [acceptReasonText({ code: 'acceptable-ca-hint', listed: false }), 'the provider does not list its CA as acceptable (a hint)'],
    [
      staleReasonText({ code: 'tls-from-appliance', outcome: 'reject-route' }),
      'a reject route on the appliance blocks the provider',
    ],
    [staleReasonText({ code: 'tls-from-appliance', outcome: false }), 'TLS from the appliance fails'],
    [staleReasonText({ code: 'status', status: 'online', met: false }), 'status online: neither offline nor disconnected'],
    [reachText({ from: 'nobody' }), 'nobody looked whether it answers'],
    [
      reachText({ from: 'appliance', answers: false, problem: aProblem('timeout', 'no answer in 5 s'), addresses: [] }),
      'does not answer the appliance: no answer in 5 s',
    ],
    [
      reachText({ from: 'operator', answers: true, addresses: [], blockedBy: 'unreachable 10.1.2.3' }),
      'answers this machine; on the appliance a reject route blocks it: unreachable 10.1.2.3',
    ],
    [dependentsText(aRegistration('vc65')) ?? '(not seen)', '(not seen)'],
    [
      dependentsText(aRegistration('vc65', { dependents: { datastores: [], vms: 0, poweredOnVms: 0, hosts: [], vmNames: [] } })),
      'nothing depends on it',
    ],
  ])('%s', (words, expected) => expect(words).toBe(expected));

  test('lists and names are bounded and say what they leave out', () => {
    expect(list(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
    expect(quote('x'.repeat(500))).toBe(`${'x'.repeat(200)}… (500 characters)`);
  });
});
