import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { judge } from '../../src/findings/run-rules.js';
import type { Audit } from '../../src/model/finding.js';
import { auditSchema } from '../../src/report/audit-schema.js';
import { textWidth } from '../../src/report/layout.js';
import { type AuditFormat, renderAudit } from '../../src/report/render-audit.js';
import { expectGolden, maskCertificates } from '../support/golden.js';
import {
  anEndpoint,
  anInventory,
  aProblem,
  aProvider,
  aRegistration,
  aVcenter,
  heldBy,
  lost,
  NOW,
  providerId,
  untold,
} from '../support/inventory.js';
import { mintCa, mintLeaf } from '../support/mint.js';
import { healthyInventory, sampleAudit } from '../support/sample-estate.js';

const sample = sampleAudit();
const healthy = judge(healthyInventory(), NOW);
const publishedSchema = JSON.parse(readFileSync(new URL('../../schemas/audit.schema.json', import.meta.url), 'utf8'));
const json = (audit: Audit) => JSON.parse(renderAudit(audit, 'json', { version: '1.2.3' }));

describe('approved outputs', () => {
  for (const [name, audit] of [
    ['clash', sample],
    ['healthy', healthy],
  ] as const)
    for (const [format, ending] of [
      ['table', 'txt'],
      ['json', 'json'],
      ['md', 'md'],
    ] as const)
      test(`${name} as ${format} is as approved`, () => {
        const text = renderAudit(audit, format, { version: '1.2.3' });
        expectGolden(`audit-${name}.${ending}`, maskCertificates(text, audit.inventory));
      });

  test('the clash at 100 columns is as approved', () => {
    expectGolden('audit-clash-100.txt', maskCertificates(renderAudit(sample, 'table', { width: 100 }), sample.inventory));
  });
});

describe('table', () => {
  const lines = renderAudit(sample, 'table').split('\n');

  test('tells who presents what, who holds, who lost and why, what depends on it and what to do next', () => {
    const text = lines.join('\n');
    expect(text).toMatch(/vc65 {2}6\.5\.0 {2}SMS\/sps-extension {4}absent/);
    expect(text).toMatch(/PROVIDER array1-CT0 .*not retained {3}HELD BY vc67 \(signature, VMCA key /);
    expect(text).toMatch(
      /vc65 {2}offline {2}last sync 2026-11-03 08:12, leaf issued 2026-11-03 08:15 {2}not trusted: .* trust-lost, stale-registration/,
    );
    expect(text).toContain('2 VVol datastores (2 inaccessible), 14 VMs (9 powered on), 6 hosts depend on it');
    expect(lines.at(-2)).toMatch(
      /^6 errors, 4 warnings, 1 notice, 2 gaps\. {2}Next: vasatrust plan external-ca --provider array1-CT0/,
    );
  });

  test('a vCenter whose store was not seen is not shown as presenting nothing', () => {
    expect(lines.find((line) => line.includes('vc80'))).toContain('store SMS not seen');
  });

  test.each([
    ['2026-11-03T09:12:31+01:00', '2026-11-03 08:12'],
    ['2026-11-03 08:12:31.044', '2026-11-03 08:12'],
    ['yesterday', 'yesterday'],
  ])('a last sync of %s is shown as %s', (lastSync, shown) => {
    const audit = judge(anInventory([aVcenter('vca')], [aProvider([aRegistration('vca', { ...untold, lastSync })])]), NOW);
    expect(renderAudit(audit, 'table')).toContain(`last sync ${shown} `);
  });

  test('providers and findings come by name, whatever their ids', () => {
    const named = (id: string, name: string) =>
      aProvider([aRegistration('vca', { ...lost(), name, uid: id })], { id: providerId(id) });
    const audit = judge(anInventory([aVcenter('vca')], [named('b', 'array1-CT0'), named('a', 'array1-CT1')]), NOW);
    const order = renderAudit(audit, 'table')
      .match(/^(?:PROVIDER|error +trust-lost) .*?(CT\d)/gm)
      ?.map((line) => line.slice(-3));
    expect(order).toEqual(['CT0', 'CT1', 'CT0', 'CT1']);
  });

  test('internal providers have no block of their own', () => {
    expect(lines.filter((line) => line.startsWith('PROVIDER'))).toHaveLength(3);
  });

  test('a provider nobody registered says so', () => {
    const audit = judge(
      anInventory([aVcenter('vca')], [aProvider([], { endpoints: [anEndpoint([], { problem: aProblem('timeout') })] })]),
      NOW,
    );
    expect(renderAudit(audit, 'table')).toContain('registered by no vCenter of this estate');
  });

  test('a vCenter whose registrations were not seen is named with every provider, and "registered by no vCenter" is not said', () => {
    const gap = { target: 'vcb', source: 'sms', problem: aProblem('unreachable') } as const;
    const providers = [
      aProvider([aRegistration('vca')]),
      aProvider([], { id: providerId('other'), endpoints: [anEndpoint([])] }),
    ];
    const audit = judge(anInventory([aVcenter('vca'), aVcenter('vcb')], providers, [gap]), NOW);
    for (const format of ['table', 'md'] as const) {
      const text = renderAudit(audit, format);
      expect(text).not.toContain('no vCenter of this estate');
      expect(text).toMatch(/registered by none of the vCenters whose registrations were seen/i);
      expect(text.match(/not known: whether vcb registered it/gi)).toHaveLength(2);
    }
  });

  test('where there are gaps and no finding, the next step is to close them', () => {
    const gap = { target: 'vca', source: 'ssh', problem: aProblem('unreachable') } as const;
    const audit = judge(anInventory([aVcenter('vca')], [], [gap]), NOW);
    for (const format of ['table', 'md'] as const)
      expect(renderAudit(audit, format)).toMatch(/Next: close the gaps as each of them says, then audit again/);
  });

  test('an issuer that was served with the leaf is told as issuer, by signature', async () => {
    const ca = await mintCa({ name: 'CN=Issuing CA' });
    const leaf = await mintLeaf({ issuer: ca, name: 'CN=array' });
    const provider = aProvider([aRegistration('vca')], {
      retained: true,
      endpoints: [anEndpoint([leaf, ca], { servedIssuer: ca.cert })],
    });
    const text = renderAudit(judge(anInventory([aVcenter('vca')], [provider]), NOW), 'table');
    expect(text).toMatch(/retained {3}its own certificate, issued by \S*CN=Issuing CA\S* \(signature; sent with it\)/);
  });

  test('a registration that is trusted and offline is not passed over: since when, and what depends on it', () => {
    const offline = aRegistration('vca', { status: 'offline', lastSync: '2026-11-03T08:12:00Z' });
    const text = renderAudit(judge(anInventory([aVcenter('vca')], [aProvider([offline])]), NOW), 'table');
    expect(text).toMatch(/vca {2}offline {2}last sync 2026-11-03 08:12.* trusted\n {8}\S/);
  });

  test.each([60, 80, 100, 160])('no line is longer than %i columns, but for one word that stays whole', (width) => {
    const long = renderAudit(sample, 'table', { width })
      .split('\n')
      .filter((line) => textWidth(line) > width);
    expect(long.filter((line) => !/^\s*\S{1,110}$/.test(line))).toEqual([]);
    if (width === 160) expect(long).toEqual([]);
  });

  test('breaking lines loses no word', () => {
    const words = (text: string) => text.split(/\s+/).sort();
    expect(words(renderAudit(sample, 'table', { width: 200 }))).toEqual(words(renderAudit(sample, 'table')));
  });

  test('the same audit gives the same bytes', () => {
    expect(renderAudit(judge(sample.inventory, NOW), 'table')).toBe(renderAudit(sample, 'table'));
  });
});

describe('json', () => {
  const validate = new Ajv2020({ allErrors: true }).compile(publishedSchema);

  test.each([
    ['the clash', sample],
    ['a healthy estate', healthy],
    ['an empty one', judge(anInventory([]), NOW)],
  ])('%s keeps the published schema', (_name, audit) => {
    validate(json(audit));
    expect(validate.errors).toBeNull();
  });

  test('every field of the contract is there, and nothing that the contract does not know', () => {
    expect(auditSchema.strict().safeParse(json(sample)).error).toBeUndefined();
    const strict = JSON.parse(JSON.stringify(publishedSchema), (_key, value) =>
      value?.type === 'object' && value.properties !== undefined && value.additionalProperties === undefined
        ? { ...value, additionalProperties: false }
        : value,
    );
    const strictly = new Ajv2020({ allErrors: true }).compile(strict);
    strictly(json(sample));
    expect(strictly.errors).toBeNull();
  });

  test('a field that may be missing is null and never left out', () => {
    const [vc65, , vc80] = json(sample).vcenters;
    expect(vc80).toMatchObject({ vmca: null, instanceUuid: null });
    expect(vc65.presents[0]).toMatchObject({ alias: 'sps-extension', certificate: null });
  });

  test('so is the key identifier of a holder that has none', () => {
    const ca = mintCa({ ski: false });
    const endpoint = anEndpoint([mintLeaf({ issuer: ca })], heldBy(ca, 'vca'));
    const audit = judge(anInventory([], [aProvider([], { endpoints: [endpoint] })]), NOW);
    expect(json(audit).providers[0].endpoints[0].holder).toMatchObject({ vcenters: ['vca'], vmcaKeyId: null });
  });

  test('the three states are true, false and the text "unknown"', () => {
    const states = json(sample).providers.flatMap((provider: { registrations: { trusted: { value: unknown } }[] }) =>
      provider.registrations.map(({ trusted }) => trusted.value),
    );
    expect(new Set(states)).toEqual(new Set([true, false, 'unknown']));
  });

  test('served bytes that are no certificate are told as a problem of the look', () => {
    const endpoint = anEndpoint([mintLeaf()], { unreadable: [{ position: 1, why: 'is cut short' }] });
    const audit = judge(anInventory([], [aProvider([], { endpoints: [endpoint] })]), NOW);
    expect(json(audit).providers[0].endpoints[0].problem).toMatchObject({
      code: 'bad-answer',
      summary: expect.stringContaining('is cut short'),
    });
  });

  test('a validity that is no date is null', () => {
    const leaf = mintLeaf();
    const endpoint = anEndpoint([leaf], { servedChain: [{ ...leaf.cert, notAfter: new Date(Number.NaN) }] });
    const audit = judge(anInventory([], [aProvider([], { endpoints: [endpoint] })]), NOW);
    expect(json(audit).providers[0].endpoints[0].servedChain[0].notAfter).toBeNull();
  });
});

test.each(['table', 'json', 'md'] satisfies AuditFormat[])('%s ends in exactly one line end', (format) => {
  expect(renderAudit(sample, format)).toMatch(/[^\n]\n$/);
});
