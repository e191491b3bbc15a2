import { describe, expect, test } from 'vitest';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import type { EvidenceBundle, SmsProviderRecord, ToldProvider, VcenterEvidence } from '../../src/model/evidence.js';
import { derBase64, providerUrl } from '../../src/model/ids.js';
import {
  absent,
  appliance,
  bundle,
  dersOf,
  entry,
  noAppliance,
  probe,
  reach,
  record,
  seen,
  URL_CT0,
  unseen,
  vcenterEvidence,
} from '../support/evidence.js';
import { type Minted, mintCa, mintLeaf, nameDer } from '../support/mint.js';

const VMCA = 'C=US,DC=local,DC=vsphere,CN=CA';
const vmcaA = mintCa({ name: VMCA });
const vmcaB = mintCa({ name: VMCA });
const external = mintCa({ name: 'CN=Outside root' });
const issuing = mintCa({ name: 'CN=Outside issuing', issuer: external });
const leafA = mintLeaf({ issuer: vmcaA });
const leafB = mintLeaf({ issuer: vmcaB });
const retainedLeaf = mintLeaf({ issuer: issuing });
const notACa = mintLeaf({ name: 'CN=no CA', issuer: vmcaA });
const underLeaf = mintLeaf({ issuer: notACa });
const ownLeaf = mintLeaf({ name: 'CN=array1' });
const noCa = mintLeaf({ name: 'CN=no CA' });
const fromNoCa = mintLeaf({ issuer: noCa });
const garbage = { ...vmcaA, der: Buffer.from('not a certificate') };
const b = vcenterEvidence('b', {
  registrations: seen([record('b-1')]),
  appliance: appliance({ vmca: vmcaB, roots: [vmcaB], reach: [reach([leafB])] }),
});

const noSigning = mintCa({ name: 'CN=May not sign', keyUsage: ['cRLSign'] });
const constrained = mintLeaf({ issuer: noSigning });
const keptSays = (retained: boolean): VcenterEvidence => ({ ...b, registrations: seen([record('b-1', { retained })]) });

interface At {
  readonly other?: VcenterEvidence;
  readonly acceptedCas?: readonly Minted[];
  readonly served?: Parameters<typeof probe>[0];
  readonly facts?: Partial<SmsProviderRecord>;
  readonly roots?: Parameters<typeof appliance>[0]['roots'];
  readonly smsStore?: Parameters<typeof appliance>[0]['smsStore'];
  readonly reaches?: Parameters<typeof appliance>[0]['reach'];
  readonly rest?: Parameters<typeof appliance>[0]['rest'];
  readonly vcenter?: Partial<VcenterEvidence>;
}

/** vCenter `a`, whose VMCA lost the provider to `b`, with what the case changes. */
function judge(at: At) {
  const served = at.served ?? [leafB];
  const a = vcenterEvidence('a', {
    registrations: seen([record('a-1', { status: 'offline', ...at.facts })]),
    appliance: appliance({
      vmca: vmcaA,
      roots: at.roots ?? [vmcaA],
      smsStore: at.smsStore ?? [],
      reach: at.reaches ?? [reach(served)],
      rest: at.rest ?? {},
    }),
    ...at.vcenter,
  });
  const handshake = { protocol: 'TLSv1.2', chain: dersOf(served), asSent: true, remoteAddress: '10.0.0.5' } as const;
  const acceptedCas = at.acceptedCas?.map((ca) => nameDer(ca.cert.subject).toString('base64'));
  const look = probe(served, acceptedCas === undefined ? {} : { handshake: seen({ ...handshake, acceptedCas }) });
  const evidence: EvidenceBundle = bundle([a, at.other ?? b], [look]);
  const registration = buildInventory(evidence)
    .providers.flatMap((provider) => provider.registrations)
    .find((one) => one.uid === 'a-1');
  if (registration === undefined) throw new Error('the registration is gone');
  return registration;
}

describe('trusted: does this vCenter accept what the provider serves?', () => {
  for (const { name, at, trusted } of [
    { name: 'yes, by a path to an anchor', at: { served: [leafA] }, trusted: { value: true, grade: 'path' } },
    {
      name: 'yes, by a path through an intermediate the provider sends',
      at: { served: [retainedLeaf, issuing], roots: [external] },
      trusted: { value: true, grade: 'path' },
    },
    {
      name: 'yes, by the entry VECS keeps under the URL, in another spelling',
      at: { served: [ownLeaf], smsStore: [entry('SMS', 'https://ARRAY1-ct0.lab.example:8084/version.xml', ownLeaf)] },
      trusted: { value: true, grade: 'sms-entry' },
    },
    {
      name: 'no: its own VMCA has the name of the issuer and another key',
      at: {},
      trusted: { value: false, grade: 'no-path', why: { code: 'same-name-other-key' } },
    },
    {
      name: 'no: an entry under another URL does not count',
      at: { served: [ownLeaf], smsStore: [entry('SMS', 'https://other.lab.example:8084/version.xml', ownLeaf)] },
      trusted: { value: false, grade: 'no-path' },
    },
    {
      name: 'no: the intermediate is missing',
      at: { served: [retainedLeaf], roots: [external] },
      trusted: { value: false, why: { code: 'issuer-unknown' } },
    },
    {
      name: 'unknown: without SSH the SMS store may hold the certificate',
      at: { vcenter: { appliance: noAppliance(), trustedRoots: seen([derBase64(vmcaA.der)]) } },
      trusted: { value: 'unknown', why: { code: 'not-seen', what: 'sms-store' } },
    },
    {
      name: 'unknown: only the root download was seen, and that is a copy',
      at: { vcenter: { appliance: noAppliance(), rootBundle: seen([derBase64(vmcaA.der)]) } },
      trusted: { value: 'unknown', why: { code: 'not-seen', what: 'anchors' } },
    },
    {
      name: 'yes, by a CA kept under the URL that issued the leaf',
      at: { served: [retainedLeaf], smsStore: [entry('SMS', URL_CT0, issuing)] },
      trusted: { value: true, grade: 'sms-entry' },
    },
    {
      name: 'no: what is kept under the URL has the right key and is no CA',
      at: { served: [fromNoCa], smsStore: [entry('SMS', URL_CT0, noCa)] },
      trusted: { value: false, grade: 'no-path' },
    },
    {
      name: 'no: there is no store SMS, and no path',
      at: { rest: { smsStore: absent() } },
      trusted: { value: false, grade: 'no-path' },
    },
    {
      name: 'unknown: one of the trust anchors cannot be read, and it may be the one',
      at: { roots: [vmcaA, garbage] },
      trusted: { value: 'unknown', why: { code: 'not-seen', what: 'anchors' } },
    },
    {
      name: 'no, where the appliance’s list cannot be read and REST’s can',
      at: { roots: [vmcaA, garbage], vcenter: { trustedRoots: seen([derBase64(vmcaA.der)]) } },
      trusted: { value: false, grade: 'no-path' },
    },
    {
      name: 'yes, by a path, whatever else cannot be read',
      at: { served: [leafA], roots: [vmcaA, garbage] },
      trusted: { value: true, grade: 'path' },
    },
    {
      name: 'unknown: what is kept under the URL cannot be read',
      at: { smsStore: [entry('SMS', URL_CT0, garbage)] },
      trusted: { value: 'unknown', why: { code: 'not-seen', what: 'sms-store' } },
    },
    {
      name: 'unknown, where the fault that names this certificate is another',
      at: {
        facts: { statusFault: { type: 'InvalidCertificate', certificate: derBase64(leafB.der) } },
        vcenter: { appliance: noAppliance() },
      },
      trusted: { value: 'unknown' },
    },
    {
      name: 'no, even without SSH, where SMS itself says so of this very certificate',
      at: {
        facts: { statusFault: { type: 'CertificateNotTrusted', certificate: derBase64(leafB.der) } },
        vcenter: { appliance: noAppliance() },
      },
      trusted: { value: false, grade: 'sms-fault' },
    },
    {
      name: 'unknown, where SMS said so of another certificate',
      at: {
        facts: { statusFault: { type: 'CertificateNotTrusted', certificate: derBase64(leafA.der) } },
        vcenter: { appliance: noAppliance() },
      },
      trusted: { value: 'unknown' },
    },
  ] as const)
    test(name, () => expect(judge(at).trusted).toMatchObject(trusted));
});

describe('accepted: does the provider accept what this vCenter presents?', () => {
  const refused =
    '2026-11-22 ERROR https://array1-ct0.lab.example:8084 javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate';
  const log = (line: string) => ({ rest: { spsLog: seen({ bytesRead: line.length, lines: [line] }) } });
  for (const { name, at, accepted } of [
    { name: 'yes, while there is a session', at: { facts: { status: 'online' } }, accepted: { value: true, grade: 'session' } },
    { name: 'no, where the provider sent a certificate alert', at: log(refused), accepted: { value: false, grade: 'tls-alert' } },
    {
      name: 'unknown: the alert was some other provider',
      at: log(refused.replace('array1-ct0', 'array9')),
      accepted: { value: 'unknown' },
    },
    {
      name: 'unknown: an alert of ours is about their certificate',
      at: log(refused.replace('Received', 'Sent')),
      accepted: { value: 'unknown' },
    },
    {
      name: 'yes, while connected, though the last sync failed',
      at: { facts: { status: 'syncError' } },
      accepted: { value: true, grade: 'session' },
    },
    {
      name: 'no, where the alert stands in the fault of the status',
      at: { facts: { statusFault: { type: 'ProviderConnectionFailed', message: 'x: Received fatal alert: unknown_ca' } } },
      accepted: { value: false, grade: 'sms-fault', why: { fault: 'Received fatal alert: unknown_ca' } },
    },
    {
      name: 'no, where the record names the uid and not the URL',
      at: log(refused.replace('https://array1-ct0.lab.example:8084', 'provider a-1')),
      accepted: { value: false, grade: 'tls-alert' },
    },
    {
      name: 'unknown: the alert was of a provider whose port begins like this one',
      at: log(refused.replace(':8084', ':80840')),
      accepted: { value: 'unknown' },
    },
    {
      name: 'unknown: the alert was of a provider whose name ends like this one',
      at: log(refused.replace('array1-ct0', 'old-array1-ct0')),
      accepted: { value: 'unknown' },
    },
    {
      name: 'unknown: the alert was of a provider whose name begins like this one, at the usual port',
      at: {
        ...log(refused.replace(':8084', '')),
        facts: { url: providerUrl('https://array1-ct0.lab/') },
      },
      accepted: { value: 'unknown' },
    },
    {
      name: 'no, where the URL leaves the usual port out and the log does not',
      at: {
        ...log(refused.replace(':8084', ':443')),
        facts: { url: providerUrl('https://array1-ct0.lab.example/version.xml') },
      },
      accepted: { value: false, grade: 'tls-alert' },
    },
    {
      name: 'unknown: since the alert it has synchronised',
      at: {
        ...log(`2026-11-03T08:12:00.000Z [pool-1] ERROR ${refused}`),
        facts: { lastSyncTime: '2026-11-03T08:13:00.000Z' },
      },
      accepted: { value: 'unknown' },
    },
    {
      name: 'unknown: it has synchronised days after the alert, whatever zone that time is in',
      at: {
        ...log(`2026-11-03T08:12:00.000Z [pool-1] ERROR ${refused}`),
        facts: { lastSyncTime: '2026-11-05 08:13:00.123' },
      },
      accepted: { value: 'unknown' },
    },
    {
      name: 'no, where a last sync without a zone may have been before the alert',
      at: {
        ...log(`2026-11-03T08:12:00.000Z [pool-1] ERROR ${refused}`),
        facts: { lastSyncTime: '2026-11-03 10:13:00.123' },
      },
      accepted: { value: false, grade: 'tls-alert' },
    },
    {
      name: 'no, where the alert came after the last sync',
      at: {
        ...log(`2026-11-03T08:14:00.000Z [pool-1] ERROR ${refused}`),
        facts: { lastSyncTime: '2026-11-03T08:13:00.000Z' },
      },
      accepted: { value: false, grade: 'tls-alert' },
    },
    {
      name: 'unknown: an acceptable CA is a hint, and says which way',
      at: { acceptedCas: [vmcaA], smsStore: [entry('SMS', 'sps-extension', leafA)] },
      accepted: { value: 'unknown', why: { code: 'acceptable-ca-hint', listed: true } },
    },
    {
      name: 'unknown: a list without our CA is a hint as well',
      at: { acceptedCas: [external], smsStore: [entry('SMS', 'sps-extension', leafA)] },
      accepted: { value: 'unknown', why: { code: 'acceptable-ca-hint', listed: false } },
    },
    {
      name: 'the newest alert counts',
      at: { rest: { spsLog: seen({ bytesRead: 1, lines: [refused, refused.replace('bad_certificate', 'unknown_ca')] }) } },
      accepted: { value: false, why: { alert: 'unknown_ca' } },
    },
    { name: 'unknown: nothing was seen', at: {}, accepted: { value: 'unknown', why: { code: 'not-seen' } } },
  ] as const)
    test(name, () => expect(judge(at).accepted).toMatchObject(accepted));
});

describe('stale: all conditions, none of them unknown', () => {
  const blocked = { rest: { rejectRoutes: seen([{ address: '10.0.0.5', line: 'unreachable 10.0.0.5' }]) } };
  const down = [reach([], { served: unseen('unreachable') })];
  for (const { name, at, stale } of [
    { name: 'offline, reachable, not trusted, and the holder is proven', at: {}, stale: true },
    { name: 'disconnected counts like offline', at: { facts: { status: 'disconnected' } }, stale: true },
    { name: 'not retained is enough without a holder', at: { served: [ownLeaf], facts: { retained: false } }, stale: true },
    { name: 'online is not stale', at: { facts: { status: 'online' } }, stale: false },
    {
      name: 'a retained certificate never makes stale',
      at: { served: [retainedLeaf, issuing], facts: { retained: true } },
      stale: false,
    },
    { name: 'an internal provider never is', at: { facts: { category: 'internal' } }, stale: false },
    {
      name: 'an IO-filter provider on 6.5, which tells no category, never is',
      at: { facts: { category: undefined, name: 'IOFILTER Provider esx1' } },
      stale: false,
    },
    { name: 'a provider that is down is not stale', at: { reaches: down }, stale: false },
    { name: 'no word on retaining and no holder: unknown', at: { served: [ownLeaf] }, stale: 'unknown' },
    {
      name: 'a path that a constraint breaks proves nothing lost: unknown',
      at: { served: [constrained], roots: [noSigning], facts: { retained: false } },
      stale: 'unknown',
    },
    {
      name: 'trusted here and proven refused by the provider',
      at: {
        served: [leafA],
        facts: { retained: false, statusFault: { type: 'X', message: 'Received fatal alert: bad_certificate' } },
      },
      stale: true,
    },
    { name: 'a category nobody knows: unknown', at: { facts: { category: 'new-kind' } }, stale: 'unknown' },
    {
      name: 'a holder that only a bundle tells of is too weak: unknown',
      at: {
        other: vcenterEvidence('b', { registrations: seen([record('b-1')]), rootBundle: seen([derBase64(vmcaB.der)]) }),
      },
      stale: 'unknown',
    },
    {
      name: 'a holder known by what its key issued is enough',
      at: {
        other: vcenterEvidence('b', {
          registrations: seen([record('b-1')]),
          rootBundle: seen([derBase64(vmcaB.der)]),
          machineSsl: seen([derBase64(mintLeaf({ issuer: vmcaB }).der)]),
        }),
      },
      stale: true,
    },
    {
      name: 'silent about retaining, while another vCenter says the certificate is kept',
      at: { other: keptSays(true) },
      stale: false,
    },
    {
      name: 'not retained by this SMS, kept by another: unknown',
      at: { facts: { retained: false }, other: keptSays(true) },
      stale: 'unknown',
    },
    { name: 'not retained by this SMS, nor by another', at: { facts: { retained: false }, other: keptSays(false) }, stale: true },
    { name: 'no status: unknown', at: { facts: { status: undefined } }, stale: 'unknown' },
    { name: 'nobody looked from the appliance: unknown', at: { reaches: [] }, stale: 'unknown' },
    { name: 'trusted here, but whether we are refused was not seen: unknown', at: { served: [leafA] }, stale: 'unknown' },
    {
      name: 'a path broken by a constraint is not a path lost: unknown',
      at: { served: [underLeaf, notACa], roots: [vmcaA] },
      stale: 'unknown',
    },
    { name: 'behind a reject route the look from here stands in', at: { ...blocked, reaches: down }, stale: true },
  ])
    test(name, () => expect(judge(at as At).stale.value).toBe(stale));

  test('behind a reject route the route is named, and the provider is not called unreachable', () => {
    const { stale, reach: way } = judge({ ...blocked, reaches: down });
    expect(stale.why).toContainEqual({ code: 'tls-from-appliance', outcome: 'reject-route' });
    expect(way).toMatchObject({ from: 'operator', answers: true, blockedBy: 'unreachable 10.0.0.5' });
  });
});

describe('from VASA 5 on only the own virtual host counts', () => {
  const vhostA = mintLeaf({ issuer: vmcaA, name: 'CN=a' });
  const told = (vhost?: ToldProvider['vhost']): Partial<VcenterEvidence> => ({
    datastores: seen([
      {
        ref: 'datastore-1',
        name: 'vvol1',
        accessible: true,
        mounts: [],
        vms: [],
        arrays: [],
        told: [{ uid: 'com.purestorage:vp-ct0', url: URL_CT0, arrays: [], ...(vhost === undefined ? {} : { vhost }) }],
      },
    ]),
  });
  const facts = { vasaVersion: '5.0', namespace: 'com.purestorage', providerId: 'vp-ct0', status: 'online' };

  test('the default virtual host may serve what it likes', () => {
    const a = vcenterEvidence('a', {
      registrations: seen([record('a-1', facts)]),
      appliance: appliance({ vmca: vmcaA, roots: [vmcaA], reach: [reach([leafB]), reach([vhostA], { sni: 'a.array1' })] }),
      ...told({ name: 'a.array1' }),
    });
    const [registration] =
      buildInventory(bundle([a], [probe([leafB]), probe([vhostA], { variant: 'vhost', sni: 'a.array1', vcenter: a.id })]))
        .providers[0]?.registrations ?? [];
    expect(registration?.trusted).toMatchObject({ value: true, grade: 'path' });
  });

  test('where the virtual host is not known, nothing is known', () => {
    const registration = judge({ facts: { ...facts, status: 'offline' }, vcenter: told() });
    expect(registration.trusted).toEqual({ value: 'unknown', why: { code: 'not-seen', what: 'virtual-host' } });
    expect(registration.accepted.value).toBe('unknown');
    expect(registration.stale.value).toBe('unknown');
  });
});
