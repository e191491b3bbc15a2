import { describe, expect, test } from 'vitest';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import type { ProviderProbe, SmsProviderRecord, ToldProvider, VcenterEvidence } from '../../src/model/evidence.js';
import { derBase64, providerUrl } from '../../src/model/ids.js';
import { absent, appliance, bundle, probe, reach, record, seen, URL_CT0, unseen, vcenterEvidence } from '../support/evidence.js';
import { type Minted, mintCa, mintLeaf } from '../support/mint.js';

const vmca = mintCa({ name: 'CN=CA' });
const one = mintLeaf({ issuer: vmca, name: 'CN=one' });
const two = mintLeaf({ issuer: vmca, name: 'CN=two' });
const garbage = { der: Buffer.from('not a certificate') } as Minted;
const byAddress = providerUrl('https://[FD00:0:0::5]:8084/version.xml');

const told = (facts: Partial<ToldProvider>): Partial<VcenterEvidence> => ({
  datastores: seen([
    {
      ref: 'datastore-1',
      name: 'vvol1',
      accessible: true,
      mounts: [],
      vms: [],
      arrays: [],
      told: [{ uid: 'com.purestorage:vp-ct0', url: URL_CT0, arrays: [], ...facts }],
    },
  ]),
});
const identity = { namespace: 'com.purestorage', providerId: 'vp-ct0' };
const vasa5 = { ...identity, vasaVersion: '5.0' };
const vhost = (name: string, vcenter: string, leaf: Minted, facts: Partial<ProviderProbe> = {}) =>
  probe([leaf], { variant: 'vhost', sni: name, vcenter: vcenterEvidence(vcenter).id, ...facts });

interface At {
  readonly facts?: Partial<SmsProviderRecord>;
  readonly appliance?: Parameters<typeof appliance>[0];
  readonly vcenter?: Partial<VcenterEvidence>;
  readonly others?: readonly VcenterEvidence[];
  readonly probes?: readonly ProviderProbe[];
}

/** Registration `a-1` of vCenter `a`, and the name in the leaf it is judged by. */
function at({ facts = {}, appliance: there = {}, vcenter = {}, others = [], probes = [] }: At) {
  const a = vcenterEvidence('a', {
    registrations: seen([record('a-1', { status: 'offline', ...facts })]),
    appliance: appliance({ vmca, roots: [vmca], ...there }),
    ...vcenter,
  });
  const provider = buildInventory(bundle([a, ...others], probes)).providers.find((group) =>
    group.registrations.some(({ uid }) => uid === 'a-1'),
  );
  const registration = provider?.registrations.find(({ uid }) => uid === 'a-1');
  if (provider === undefined || registration === undefined) throw new Error('the registration is gone');
  const endpoint = registration.endpoint === undefined ? undefined : provider.endpoints[registration.endpoint];
  return { registration, leaf: endpoint?.leaf?.subject };
}

describe('which certificate a vCenter sees', () => {
  const b = vcenterEvidence('b', {
    registrations: seen([record('b-1')]),
    appliance: appliance({ reach: [reach([two])] }),
  });
  for (const { name, case: given, leaf } of [
    {
      name: 'its own appliance’s look, where the operator sees another leaf',
      case: { appliance: { reach: [reach([two])] }, probes: [probe([one])] },
      leaf: 'CN=two',
    },
    {
      name: 'not what another appliance sees',
      case: { others: [b], probes: [probe([one])] },
      leaf: 'CN=one',
    },
    {
      name: 'nothing, where only another appliance got through',
      case: { others: [b], probes: [probe([], { handshake: unseen('unreachable') })] },
      leaf: undefined,
    },
    {
      name: 'nothing, where its appliance is shown something that is no certificate, whatever the operator sees',
      case: { appliance: { reach: [reach([garbage])] }, probes: [probe([one])] },
      leaf: undefined,
    },
    {
      name: 'nothing, where the first certificate cannot be read: no other takes its place',
      case: { probes: [probe([garbage, one])] },
      leaf: undefined,
    },
    {
      name: 'the one served to the name in the URL, not to a client without a name',
      case: { probes: [probe([two], { variant: 'no-sni', sni: undefined as never }), probe([one])] },
      leaf: 'CN=one',
    },
    {
      name: 'the one served without a name, where the URL has an address, in any spelling',
      case: {
        facts: { url: byAddress },
        probes: [
          probe([two], { url: providerUrl('https://[fd00::5]:8084/x'), variant: 'configured-name', sni: 'array1' }),
          probe([one], { url: providerUrl('https://[fd00::5]:8084/x'), variant: 'no-sni', sni: undefined as never }),
        ],
      },
      leaf: 'CN=one',
    },
    {
      name: 'not a virtual host of somebody else at the same port',
      case: { probes: [vhost('b.array1', 'b', two), probe([one])] },
      leaf: 'CN=one',
    },
    {
      name: 'nothing, where only a virtual host of somebody else answers',
      case: { probes: [vhost('b.array1', 'b', two), probe([], { handshake: unseen('unreachable') })] },
      leaf: undefined,
    },
    {
      name: 'not what the same provider serves at the port another vCenter uses',
      case: {
        facts: identity,
        others: [
          vcenterEvidence('b', {
            registrations: seen([record('b-1', { ...identity, url: providerUrl('https://array1-ct0.lab.example:8443/') })]),
          }),
        ],
        probes: [probe([two], { url: providerUrl('https://array1-ct0.lab.example:8443/') })],
      },
      leaf: undefined,
    },
    {
      name: 'not that of the appliance’s look at a virtual host',
      case: { appliance: { reach: [reach([two], { sni: 'b.array1' }), reach([one])] }, probes: [] },
      leaf: 'CN=one',
    },
    {
      name: 'not the same host at another port',
      case: { probes: [probe([two], { url: providerUrl('https://array1-ct0.lab.example:8443/') }), probe([one])] },
      leaf: 'CN=one',
    },
    {
      name: 'VASA 5: its own virtual host by name, as its appliance saw it',
      case: {
        facts: vasa5,
        vcenter: told({ vhost: { name: 'a.array1' } }),
        appliance: { reach: [reach([one]), reach([two], { sni: 'a.array1' })] },
        probes: [probe([one]), vhost('a.array1', 'a', one)],
      },
      leaf: 'CN=two',
    },
    {
      name: 'VASA 5: its own virtual host by port, as its appliance saw it where the operator does not get there',
      case: {
        facts: vasa5,
        vcenter: told({ vhost: { servicePort: 9443 } }),
        appliance: { reach: [reach([one]), reach([two], { sni: undefined as never, port: 9443 })] },
        probes: [probe([one]), vhost('', 'a', one, { port: 9443, sni: undefined as never, handshake: unseen() })],
      },
      leaf: 'CN=two',
    },
    {
      name: 'VASA 5: its own virtual host by port, from the operator’s machine',
      case: {
        facts: vasa5,
        vcenter: told({ vhost: { servicePort: 9443 } }),
        probes: [probe([one]), vhost('', 'a', two, { port: 9443, sni: undefined as never })],
      },
      leaf: 'CN=two',
    },
    {
      name: 'VASA 5: not the virtual host of another provider that has the same URL in no other place',
      case: {
        facts: vasa5,
        vcenter: told({ uid: 'com.purestorage:vp-ct1', vhost: { name: 'a.array1' } }),
        probes: [vhost('a.array1', 'a', two)],
      },
      leaf: undefined,
    },
    {
      name: 'VASA 5: found by the service location, where hosts were told no id and another URL',
      case: {
        facts: { ...vasa5, serviceLocation: 'https://10.9.9.9:8084/vasa' },
        vcenter: told({ uid: undefined as never, url: providerUrl('https://10.9.9.9:8084/vasa'), vhost: { name: 'a.array1' } }),
        probes: [vhost('a.array1', 'a', two)],
      },
      leaf: 'CN=two',
    },
    {
      name: 'VASA 4: the URL, even if hosts were told a virtual host',
      case: {
        facts: { ...identity, vasaVersion: '4.0' },
        vcenter: told({ vhost: { name: 'a.array1' } }),
        probes: [probe([one]), vhost('a.array1', 'a', two)],
      },
      leaf: 'CN=one',
    },
    {
      name: 'version not told, virtual host told: the virtual host',
      case: {
        facts: identity,
        vcenter: told({ vhost: { name: 'a.array1' } }),
        probes: [probe([one]), vhost('a.array1', 'a', two)],
      },
      leaf: 'CN=two',
    },
  ] satisfies readonly { name: string; case: At; leaf: string | undefined }[])
    test(name, () => expect(at(given).leaf).toBe(leaf));

  test('an estate where the appliance agrees with the operator has one look per server name, not two', () => {
    const a = vcenterEvidence('a', {
      registrations: seen([record('a-1')]),
      appliance: appliance({ reach: [reach([one]), reach([one], { sni: 'a.array1' })] }),
    });
    const [provider] = buildInventory(bundle([a], [probe([one])])).providers;
    expect(provider?.endpoints.map(({ sni, seenFrom }) => [sni, seenFrom])).toEqual([
      ['array1-ct0.lab.example', 'operator'],
      ['a.array1', 'a'],
    ]);
  });
});

describe('whether the provider answers', () => {
  const routes = (...addresses: string[]) => ({
    rejectRoutes: seen(addresses.map((address) => ({ address, line: `unreachable ${address}` }))),
  });
  const down = (code: Parameters<typeof unseen>[0]) => reach([], { served: unseen(code) });
  for (const { name, case: given, way } of [
    {
      name: 'from its appliance',
      case: { appliance: { reach: [reach([one])] } },
      way: { from: 'appliance', answers: true, addresses: ['10.0.0.5'] },
    },
    {
      name: 'not, from its appliance, whatever the operator sees',
      case: { appliance: { reach: [down('unreachable')] }, probes: [probe([one])] },
      way: { from: 'appliance', answers: false, problem: { code: 'unreachable' } },
    },
    {
      name: 'a command that failed on the appliance is no answer about the provider',
      case: { appliance: { reach: [down('command-failed')] }, probes: [probe([one])] },
      way: { from: 'operator', answers: true },
    },
    {
      name: 'a route to somewhere else does not block it',
      case: { appliance: { reach: [down('unreachable')], rest: routes('10.0.0.6') }, probes: [probe([one])] },
      way: { from: 'appliance', answers: false },
    },
    {
      name: 'behind a reject route and down for the operator too: not proven to answer',
      case: {
        appliance: { reach: [down('unreachable')], rest: routes('10.0.0.5') },
        probes: [probe([], { handshake: unseen('unreachable') })],
      },
      way: { from: 'operator', answers: false, blockedBy: 'unreachable 10.0.0.5' },
    },
    {
      name: 'something that is no certificate is an answer',
      case: { probes: [probe([garbage])] },
      way: { from: 'operator', answers: true },
    },
    { name: 'nobody looked', case: {}, way: { from: 'nobody' } },
    {
      name: 'VASA 5: the default virtual host answering does not say that the own one does',
      case: {
        facts: vasa5,
        vcenter: told({ vhost: { name: 'a.array1', servicePort: 9443 } }),
        appliance: { reach: [reach([one]), reach([], { sni: 'a.array1', port: 9443, served: unseen('timeout') })] },
        probes: [probe([one]), vhost('a.array1', 'a', two, { port: 9443 })],
      },
      way: { from: 'appliance', answers: false, problem: { code: 'timeout' } },
    },
    {
      name: 'VASA 5: the own virtual host answers the operator, the default one does not',
      case: {
        facts: vasa5,
        vcenter: told({ vhost: { name: 'a.array1' } }),
        probes: [probe([], { handshake: unseen('unreachable') }), vhost('a.array1', 'a', two)],
      },
      way: { from: 'operator', answers: true },
    },
  ] satisfies readonly { name: string; case: At; way: object }[])
    test(name, () => expect(at(given).registration.reach).toMatchObject(way));

  test('behind a reject route, with the operator unable to look too, stale is unknown', () => {
    const { registration } = at({
      facts: { retained: false, statusFault: { type: 'X', message: 'Received fatal alert: unknown_ca' } },
      appliance: { reach: [down('unreachable')], rest: routes('10.0.0.5') },
      probes: [probe([], { handshake: unseen('unreachable') })],
    });
    expect(registration.stale.value).toBe('unknown');
  });

  test('VASA 5: trust lost at a virtual host that its appliance does not reach is not stale', () => {
    const { registration } = at({
      facts: { ...vasa5, retained: false },
      vcenter: told({ vhost: { name: 'a.array1' } }),
      appliance: { roots: [], reach: [reach([one]), reach([], { sni: 'a.array1', served: unseen('unreachable') })] },
      probes: [probe([one]), vhost('a.array1', 'a', two)],
    });
    expect(registration.trusted.value).toBe(false);
    expect(registration.stale.value).toBe(false);
  });

  test('a name that does not resolve there is no gap and no address', () => {
    const { registration } = at({ appliance: { reach: [reach([], { addresses: absent(), served: unseen('name-not-found') })] } });
    expect(registration.reach).toMatchObject({ from: 'appliance', answers: false, addresses: [] });
  });
});

test('the certificate SMS holds is read where it is one', () => {
  expect(at({ facts: { certificate: derBase64(one.der) } }).registration.smsCertificate?.subject).toBe('CN=one');
});
