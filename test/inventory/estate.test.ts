import { describe, expect, test } from 'vitest';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import type { SmsProviderRecord } from '../../src/model/evidence.js';
import { derBase64, providerUrl } from '../../src/model/ids.js';
import {
  appliance,
  bundle,
  entry,
  noAppliance,
  probe,
  reach,
  record,
  seen,
  unseen,
  vcenterEvidence,
} from '../support/evidence.js';
import { type Minted, mintCa, mintLeaf } from '../support/mint.js';

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
    {
      name: 'joined where none of them ever learned its arrays',
      records: [record('1', { ...identity, arrays: [] }), record('2', { ...identity, url: byIp, arrays: [] })],
      expected: [['1', '2']],
    },
    {
      name: 'not one that never learned its arrays with either of two that bear its id',
      records: [
        record('1', identity),
        record('2', {
          ...identity,
          url: providerUrl('https://10.0.0.9:8084/'),
          arrays: [{ arrayId: 'com.purestorage:two', active: true, manageable: true, priority: 200 }],
        }),
        record('3', { ...identity, url: byIp, arrays: [] }),
      ],
      expected: [['1'], ['2'], ['3']],
    },
    {
      name: 'that one with the provider at its URL all the same',
      records: [
        record('1', identity),
        record('2', {
          ...identity,
          url: byIp,
          arrays: [{ arrayId: 'com.purestorage:two', active: true, manageable: true, priority: 200 }],
        }),
        record('3', { ...identity, url: byIp, arrays: [] }),
      ],
      expected: [['1'], ['2', '3']],
    },
    {
      name: 'not one host at two ports',
      records: [record('1'), record('2', { url: providerUrl('https://array1-ct0.lab.example:8443/version.xml') })],
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
  test('nodes of one SSO domain are, where estate.yaml has addresses instead of names', () => {
    const topology = seen([node('a'), node('b')]);
    const byAddress = (id: string, address: string) => vcenterEvidence(id, { address, topology });
    expect(links(byAddress('a', '10.0.0.1'), byAddress('b', '10.0.0.2'))).toEqual([
      [{ vcenter: 'b', basis: 'topology' }],
      [{ vcenter: 'a', basis: 'topology' }],
    ]);
  });
  test('two that each stand alone are not, though both call themselves localhost', () => {
    const topology = seen([{ node: 'localhost', type: 'VCSA_EMBEDDED', replicationPartners: [] }]);
    expect(links(vcenterEvidence('a', { topology }), vcenterEvidence('b', { topology }))).toEqual([[], []]);
  });
  test('with how many outside the estate, PSCs not counted', () => {
    const psc = { node: 'psc.lab.example', type: 'PSC_EXTERNAL', replicationPartners: [] };
    const topology = seen([node('a'), node('b'), node('c'), psc]);
    const outside = (...ids: string[]) =>
      buildInventory(bundle(ids.map((id) => vcenterEvidence(id, { topology })))).vcenters.map((one) => one.linkedOutside);
    expect(outside('a', 'b')).toEqual([1, 1]);
    expect(outside('a', 'b', 'c')).toEqual([undefined, undefined, undefined]);
  });
  test('where one topology was seen and it names the other not, but the other’s was not: mutual trust still says so', () => {
    const [a, b] = [trusting('a', vmca, [vmca, otherVmca]), trusting('b', otherVmca, [vmca, otherVmca])];
    expect(links({ ...a, topology: seen([node('a')]) }, b)[0]).toEqual([{ vcenter: 'b', basis: 'mutual-trust' }]);
  });
  test('not by mutual trust, where both topologies were seen and say otherwise', () => {
    const [a, b] = [trusting('a', vmca, [vmca, otherVmca]), trusting('b', otherVmca, [vmca, otherVmca])];
    expect(links({ ...a, topology: seen([node('a')]) }, { ...b, topology: seen([node('b')]) })).toEqual([[], []]);
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
  test('issued by a former VMCA that bore the vCenter’s name, while the current one has another', () => {
    const renamed = mintCa({ name: 'CN=CA,O=Something else' });
    const at = appliance({
      vmca: renamed,
      roots: [renamed, old],
      smsStore: [entry('SMS', 'sps-extension', mintLeaf({ issuer: old }))],
    });
    expect(
      buildInventory(bundle([vcenterEvidence('a', { version: '8.0.3', appliance: at })])).vcenters[0]?.presents[0]?.issuedBy,
    ).toBe('former-vmca');
  });
  test('by which VMCA is not known where that certificate itself is all that tells of the VMCA', () => {
    const at = appliance({ roots: [old], smsStore: [entry('SMS', 'sps-extension', mintLeaf({ issuer: old }))] });
    const [a] = buildInventory(bundle([vcenterEvidence('a', { version: '8.0.3', appliance: at })])).vcenters;
    expect(a?.vmca?.source).toBe('issued-certificates');
    expect(a?.presents[0]?.issuedBy).toBe('unknown');
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
  const sourcesOf = (...given: Parameters<typeof bundle>) =>
    buildInventory(bundle(...given)).gaps.map(({ target, source, problem }) => [target, source, problem.code]);
  const at = appliance({ vmca, roots: [vmca] });

  for (const { name, facts, source } of [
    { name: 'about', facts: { about: unseen() }, source: 'vim' },
    { name: 'registrations', facts: { registrations: unseen() }, source: 'sms' },
    { name: 'datastores', facts: { datastores: unseen() }, source: 'vim' },
    { name: 'hosts', facts: { hosts: unseen() }, source: 'vim' },
    { name: 'VMs', facts: { vms: unseen() }, source: 'vim' },
    {
      name: 'the trust anchors of a host',
      facts: { hosts: seen([{ ref: 'host-1', name: 'esx1', trustAnchors: unseen() }]) },
      source: 'vim',
    },
    { name: 'the root download', facts: { rootBundle: unseen() }, source: 'root-bundle' },
    { name: 'trusted roots', facts: { trustedRoots: unseen() }, source: 'rest' },
    { name: 'the machine-SSL certificate', facts: { machineSsl: unseen() }, source: 'rest' },
    { name: 'the state of SPS', facts: { sps: unseen() }, source: 'rest' },
    { name: 'the topology', facts: { topology: unseen() }, source: 'rest' },
    ...(
      [
        'shell',
        'smsStore',
        'trustedRootsStore',
        'machineSslStore',
        'vmcaRoot',
        'smsConfig',
        'rejectRoutes',
        'armed',
        'clockAheadMs',
        'spsLog',
      ] as const
    ).map((fact) => ({ name: fact, facts: { appliance: { ...at, [fact]: unseen() } }, source: 'ssh' })),
  ])
    test(`${name} not seen is one`, () => {
      expect(sourcesOf([vcenterEvidence('a', { appliance: at, ...facts })])).toEqual([['a', source, 'timeout']]);
    });
  test('an appliance that could not be asked about a provider is one; a provider that does not answer there is a finding', () => {
    const looking = (code: Parameters<typeof unseen>[0]) =>
      sourcesOf([vcenterEvidence('a', { appliance: { ...at, reach: [reach([], { served: unseen(code) })] } })]);
    expect(looking('command-failed')).toEqual([['a', 'ssh', 'command-failed']]);
    expect(looking('unreachable')).toEqual([]);
  });
  test('version.xml is one only where TLS worked', () => {
    const url = 'https://array1-ct0.lab.example:8084/version.xml';
    expect(sourcesOf([], [probe([mintLeaf({})], { versionXml: unseen('bad-answer') })])).toEqual([
      [url, 'version-xml', 'bad-answer'],
    ]);
    expect(sourcesOf([], [probe([], { handshake: unseen(), versionXml: unseen('bad-answer') })])).toEqual([
      [url, 'tls', 'timeout'],
    ]);
  });
  const garbage = { ...vmca, der: Buffer.from('not a certificate') };
  for (const { name, facts, source } of [
    { name: 'TRUSTED_ROOTS', facts: { appliance: appliance({ vmca, roots: [vmca, garbage] }) }, source: 'ssh' },
    {
      name: 'the store SMS',
      facts: { appliance: appliance({ vmca, roots: [vmca], smsStore: [entry('SMS', 'https://x/', garbage)] }) },
      source: 'ssh',
    },
    { name: 'root.cer', facts: { appliance: appliance({ vmca: garbage, roots: [vmca] }) }, source: 'ssh' },
    { name: 'REST’s trusted roots', facts: { appliance: at, trustedRoots: seen([derBase64(garbage.der)]) }, source: 'rest' },
  ])
    test(`a certificate in ${name} that cannot be read is one`, () => {
      expect(sourcesOf([vcenterEvidence('a', facts)])).toEqual([['a', source, 'bad-answer']]);
    });
  test('a served certificate that cannot be read is one', () => {
    expect(sourcesOf([], [probe([garbage])]).map(([, ...what]) => what)).toEqual([['tls', 'bad-answer']]);
  });
  test('a chain whose order TLS 1.3 hid is one', () => {
    const hidden = probe([mintLeaf({})], { handshake: seen({ protocol: 'TLSv1.3', chain: [], asSent: false }) });
    expect(buildInventory(bundle([], [hidden])).gaps).toMatchObject([{ source: 'tls', problem: { code: 'not-supported' } }]);
  });
});

describe('what a vCenter trusts', () => {
  const anchorsOf = (facts: Parameters<typeof vcenterEvidence>[1]) =>
    buildInventory(bundle([vcenterEvidence('a', facts)])).vcenters[0]?.trustAnchors.map(({ certificate }) => certificate.sha256);
  const both = seen([derBase64(vmca.der), derBase64(otherVmca.der)]);
  for (const { name, facts, expected } of [
    { name: 'the download, where nothing better was seen', facts: { rootBundle: both }, expected: [vmca, otherVmca] },
    {
      name: 'the store alone, where that was seen: the download can lag behind',
      facts: { rootBundle: both, appliance: appliance({ roots: [vmca] }) },
      expected: [vmca],
    },
    {
      name: 'nothing, where the store was seen empty, whatever the download holds',
      facts: { rootBundle: both, appliance: appliance({ roots: [] }) },
      expected: [],
    },
    {
      name: 'what REST says, where nobody looked on the appliance',
      facts: { rootBundle: both, trustedRoots: seen([derBase64(otherVmca.der)]) },
      expected: [otherVmca],
    },
  ])
    test(name, () => expect(anchorsOf(facts)).toEqual(expected.map((one) => one.cert.sha256)));
});

describe('what an earlier cleanup left', () => {
  const leftovers = (smsConfig: object) =>
    buildInventory(
      bundle([
        vcenterEvidence('a', {
          appliance: appliance({ rest: { smsConfig: seen({ path: '/x', size: 1, sha256: '00', ...smsConfig }) } }),
        }),
      ]),
    ).vcenters[0]?.leftovers.changedRetryAttempt;
  test('the shipped number of attempts is none', () => expect(leftovers({ retryAttempt: ' 99999 ' })).toBeUndefined());
  test('another number is', () => expect(leftovers({ retryAttempt: ' 4 ' })).toBe('4'));
  test('none at all says nothing', () => expect(leftovers({})).toBeUndefined());
});

describe('the clock', () => {
  const aheadOf = (facts: Parameters<typeof vcenterEvidence>[1]) =>
    buildInventory(bundle([vcenterEvidence('a', facts)])).vcenters[0]?.clockAheadMs;
  test('of the appliance counts before that of the web server', () =>
    expect(aheadOf({ clockAheadMs: seen(1000), appliance: appliance({ rest: { clockAheadMs: seen(5000) } }) })).toBe(5000));
  test('of the web server counts where the appliance’s was not seen', () =>
    expect(aheadOf({ clockAheadMs: seen(1000) })).toBe(1000));
});

describe('what vCenters say of one provider', () => {
  const provider = (...facts: Partial<SmsProviderRecord>[]) =>
    buildInventory(
      bundle(facts.map((one, index) => vcenterEvidence(`v${index}`, { registrations: seen([record(`${index}`, one)]) }))),
    ).providers[0];
  test('counts where all that say anything agree', () => {
    expect(provider({ retained: true, vasaVersion: '3.0' }, {})).toMatchObject({ retained: true, vasaVersion: '3.0' });
  });
  test('is nothing where they disagree', () => {
    const disputed = provider({ retained: true, vasaVersion: '3.0' }, { retained: false, vasaVersion: '4.0' });
    expect(disputed?.retained).toBeUndefined();
    expect(disputed?.vasaVersion).toBeUndefined();
  });
  for (const { name, kept, retained } of [
    { name: 'kept', kept: true, retained: true },
    { name: 'signed anew', kept: false, retained: false },
  ])
    test(`where they disagree, the SMS that holds what is served now counts: ${name}`, () => {
      const [now, before] = [mintLeaf({ issuer: mintCa() }), mintLeaf({ issuer: mintCa() })];
      const says = (uid: string, leaf: Minted, word: boolean) =>
        vcenterEvidence(uid, { registrations: seen([record(uid, { retained: word, certificate: derBase64(leaf.der) })]) });
      const evidence = bundle([says('a', before, !kept), says('b', now, kept)], [probe([now])]);
      expect(buildInventory(evidence).providers[0]?.retained).toBe(retained);
      const nobodyCurrent = bundle([says('a', before, true), says('b', before, false)], [probe([now])]);
      expect(buildInventory(nobodyCurrent).providers[0]?.retained).toBeUndefined();
    });
  test('an external provider stays one where another vCenter calls it internal', () => {
    expect(provider({ category: 'external' }, { category: 'internal' })?.category).toBe('external');
  });
  for (const { name, facts, category, basis } of [
    { name: 'a category nobody knows is unknown', facts: { category: 'new-kind' }, category: 'unknown', basis: 'sms' },
    {
      name: 'without one, port 9080 is an IO-filter provider’s',
      facts: { category: undefined as never, url: providerUrl('https://esx1.lab.example:9080/version.xml') },
      category: 'internal',
      basis: 'inferred',
    },
    {
      name: 'without one, an array is external',
      facts: { category: undefined as never },
      category: 'external',
      basis: 'inferred',
    },
    {
      name: 'an array whose name begins like a vSAN provider’s is external where SMS says so',
      facts: { name: 'VSAN array', category: 'external' },
      category: 'external',
      basis: 'sms',
    },
  ])
    test(name, () => {
      expect(provider(facts)?.registrations[0]).toMatchObject({ category, categoryBasis: basis });
    });
});

test('two providers that bear one id have ids of their own here', () => {
  const identity = { namespace: 'com.purestorage', providerId: 'vp-ct0' };
  const other = { arrayId: 'com.purestorage:two', active: true, manageable: true, priority: 200 };
  const { providers } = buildInventory(
    bundle([
      vcenterEvidence('a', {
        registrations: seen([
          record('1', identity),
          record('2', { ...identity, url: providerUrl('https://10.0.0.9:8084/'), arrays: [other] }),
        ]),
      }),
    ]),
  );
  expect(providers.map(({ id }) => id)).toEqual(['com.purestorage:vp-ct0', 'com.purestorage:vp-ct0@10.0.0.9:8084']);
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
