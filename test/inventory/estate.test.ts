import { describe, expect, test } from 'vitest';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import type { SmsProviderRecord } from '../../src/model/evidence.js';
import { providerUrl } from '../../src/model/ids.js';
import { appliance, bundle, entry, noAppliance, probe, record, seen, unseen, vcenterEvidence } from '../support/evidence.js';
import { mintCa, mintLeaf } from '../support/mint.js';

const vmca = mintCa({ name: 'C=US,O=a.lab.example,CN=CA' });
const otherVmca = mintCa({ name: 'C=US,O=b.lab.example,CN=CA' });

describe('which registrations are one provider', () => {
  const groups = (...records: SmsProviderRecord[]) =>
    buildInventory(
      bundle(records.map((one, index) => vcenterEvidence(`v${index}`, { registrations: seen([one]) }))),
    ).providers.map((provider) => provider.registrations.map((one) => one.uid));
  const byIp = providerUrl('https://10.0.0.5:8084/version.xml');
  const identity = { namespace: 'com.purestorage', providerId: 'vp-ct0' };
  for (const { name, records, expected } of [
    { name: 'the same URL', records: [record('1'), record('2')], expected: [['1', '2']] },
    {
      name: 'the same host and port, spelled differently',
      records: [record('1'), record('2', { url: providerUrl('https://ARRAY1-CT0.lab.example:8084/other') })],
      expected: [['1', '2']],
    },
    {
      name: 'IPv6 in two spellings',
      records: [
        record('1', { url: providerUrl('https://[fd00::5]:8084/') }),
        record('2', { url: providerUrl('https://[FD00:0:0::5]:8084/') }),
      ],
      expected: [['1', '2']],
    },
    {
      name: 'address here and name there, joined by namespace and providerId',
      records: [record('1', identity), record('2', { ...identity, url: byIp })],
      expected: [['1', '2']],
    },
    {
      name: 'joined also where one of them never learned its arrays',
      records: [record('1', identity), record('2', { ...identity, url: byIp, arrays: [] })],
      expected: [['1', '2']],
    },
    {
      name: 'not two arrays whose providers bear the same id',
      records: [
        record('1', identity),
        record('2', {
          ...identity,
          url: byIp,
          arrays: [{ arrayId: 'com.purestorage:two', active: true, manageable: true, priority: 200 }],
        }),
      ],
      expected: [['1'], ['2']],
    },
    { name: 'not two controllers of one array', records: [record('1'), record('2', { url: byIp })], expected: [['1'], ['2']] },
  ])
    test(name, () =>
      expect(
        groups(...records)
          .map((group) => group.sort())
          .sort(),
      ).toEqual(expected),
    );
});

describe('who is linked with whom', () => {
  const links = (...vcenters: Parameters<typeof bundle>[0][number][]) =>
    buildInventory(bundle(vcenters)).vcenters.map((one) => one.linkedWith);
  const node = (id: string) => ({ node: `${id}.lab.example`, type: 'VCSA_EMBEDDED', replicationPartners: [] });
  const trusting = (id: string, own: typeof vmca, roots: (typeof vmca)[]) =>
    vcenterEvidence(id, { appliance: appliance({ vmca: own, roots }) });

  test('nodes of one SSO domain are', () => {
    const topology = seen([node('a'), node('b')]);
    expect(links(vcenterEvidence('a', { topology }), vcenterEvidence('b', { topology }))).toEqual([
      [{ vcenter: 'b', basis: 'topology' }],
      [{ vcenter: 'a', basis: 'topology' }],
    ]);
  });
  test('where the topology cannot be asked, mutual trust says so, marked as inferred', () => {
    expect(links(trusting('a', vmca, [vmca, otherVmca]), trusting('b', otherVmca, [vmca, otherVmca]))[0]).toEqual([
      { vcenter: 'b', basis: 'mutual-trust' },
    ]);
  });
  test('trust in one direction is not a link', () => {
    expect(links(trusting('a', vmca, [vmca, otherVmca]), trusting('b', otherVmca, [otherVmca]))).toEqual([[], []]);
  });
});

describe('what a vCenter presents', () => {
  const extension = mintLeaf({ issuer: vmca, name: 'CN=sps-extension' });
  const selfSigned = mintLeaf({ name: 'CN=sms' });
  const old = mintCa({ name: 'C=US,O=a.lab.example,CN=CA' });
  const foreign = mintCa({ name: 'CN=Outside' });
  const presents = (version: string, smsStore: ReturnType<typeof entry>[], roots = [vmca, old, foreign]) =>
    buildInventory(bundle([vcenterEvidence('a', { version, appliance: appliance({ vmca, roots, smsStore }) })])).vcenters[0]
      ?.presents;

  test('on 8.x it is documented which entry is shown to whom', () => {
    expect(
      presents('8.0.3', [entry('SMS', 'sps-extension', extension), entry('SMS', 'sms_self_signed', selfSigned)]),
    ).toMatchObject([
      { alias: 'sps-extension', to: 'vvol', issuedBy: 'current-vmca', basis: 'documented' },
      { alias: 'sms_self_signed', to: 'iofilter', issuedBy: 'self', basis: 'documented' },
    ]);
  });
  test('on 6.x it is not: both candidates are listed, one of them absent, and marked', () => {
    const [first, second] = presents('6.5.0', [entry('SMS', 'sms_self_signed', selfSigned)]) ?? [];
    expect(first).toMatchObject({ alias: 'sps-extension', to: 'unknown', basis: 'inferred' });
    expect(first?.certificate).toBeUndefined();
    expect(second).toMatchObject({ alias: 'sms_self_signed', to: 'unknown', issuedBy: 'self' });
  });
  for (const { name, issuer, issuedBy } of [
    { name: 'an earlier VMCA of the same name', issuer: old, issuedBy: 'former-vmca' },
    { name: 'an outside CA', issuer: foreign, issuedBy: 'external' },
    { name: 'a CA nobody here knows', issuer: otherVmca, issuedBy: 'unknown' },
  ])
    test(`issued by ${name}`, () => {
      expect(
        presents('8.0.3', [entry('SMS', 'sps-extension', mintLeaf({ issuer, name: 'CN=sps-extension' }))])?.[0]?.issuedBy,
      ).toBe(issuedBy);
    });
  test('without SSH nothing is said about it', () => {
    expect(buildInventory(bundle([vcenterEvidence('a', { appliance: noAppliance() })])).vcenters[0]?.presents).toEqual([]);
  });
});

describe('gaps', () => {
  test('one problem of one source is one gap, however many facts it cost', () => {
    const not = unseen('login-refused');
    const a = vcenterEvidence('a', { registrations: not, datastores: not, hosts: not, vms: not });
    expect(buildInventory(bundle([a])).gaps.map(({ target, source, problem }) => [target, source, problem.code])).toEqual([
      ['a', 'sms', 'login-refused'],
      ['a', 'vim', 'login-refused'],
      ['a', 'ssh', 'not-configured'],
    ]);
  });
  test('what is not there is no gap', () => {
    const a = vcenterEvidence('a', { appliance: appliance({ vmca, roots: [vmca] }) });
    expect(buildInventory(bundle([a], [probe([mintLeaf({})])])).gaps).toEqual([]);
  });
  test('a chain whose order TLS 1.3 hid is one', () => {
    const hidden = probe([mintLeaf({})], { handshake: seen({ protocol: 'TLSv1.3', chain: [], asSent: false }) });
    expect(buildInventory(bundle([], [hidden])).gaps).toMatchObject([{ source: 'tls', problem: { code: 'not-supported' } }]);
  });
});

test('the same evidence gives the same digest; another leaf gives another', () => {
  const [one, two] = [mintLeaf({ issuer: vmca }), mintLeaf({ issuer: vmca })];
  const a = vcenterEvidence('a', { registrations: seen([record('1')]) });
  const digest = (leaf: typeof one) => buildInventory(bundle([a], [probe([leaf])])).digest;
  expect(digest(one)).toBe(digest(one));
  expect(digest(one)).not.toBe(digest(two));
});

describe('the CA certificate served with a leaf', () => {
  const issuing = mintCa({ name: 'C=US,O=Example,CN=Issuing CA' });
  const sameName = mintCa({ name: 'C=US,O=Example,CN=Issuing CA' });
  const leaf = mintLeaf({ issuer: issuing });
  for (const { name, chain, expected } of [
    { name: 'is its issuer where the signature verifies', chain: [leaf, issuing], expected: issuing.cert.sha256 },
    { name: 'is found whatever its place', chain: [leaf, sameName, issuing], expected: issuing.cert.sha256 },
    { name: 'is not where only the name fits', chain: [leaf, sameName], expected: undefined },
  ])
    test(name, () => {
      const a = vcenterEvidence('a', { registrations: seen([record('1')]) });
      const [provider] = buildInventory(bundle([a], [probe(chain)])).providers;
      expect(provider?.endpoints[0]?.leaf?.sha256).toBe(leaf.cert.sha256);
      expect(provider?.endpoints[0]?.servedIssuer?.sha256).toBe(expected);
    });
});
