import { describe, expect, test } from 'vitest';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import type { EvidenceBundle } from '../../src/model/evidence.js';
import { derBase64 } from '../../src/model/ids.js';
import { appliance, bundle, dersOf, entry, probe, record, seen, unseen, vcenterEvidence } from '../support/evidence.js';
import { mintCa, mintLeaf } from '../support/mint.js';

const VMCA = 'C=US,DC=local,DC=vsphere,CN=CA';
const vmcaA = mintCa({ name: VMCA });
const vmcaB = mintCa({ name: VMCA });
const outside = mintCa({ name: 'CN=Somebody else' });
const leafA = mintLeaf({ issuer: vmcaA });
const leafB = mintLeaf({ issuer: vmcaB });
const leafOutside = mintLeaf({ issuer: outside });
const noAki = mintLeaf({ issuer: vmcaB, aki: false });
const own = mintLeaf({});
const machineB = mintLeaf({ issuer: vmcaB, name: 'CN=b.lab.example' });
const extensionB = mintLeaf({ issuer: vmcaB, name: 'CN=sps-extension' });

const ownCa = mintCa({ name: 'CN=array1' });
const topologyOf = (...ids: string[]) =>
  seen(ids.map((id) => ({ node: `${id}.lab.example`, type: 'VCSA_EMBEDDED', replicationPartners: [] })));

const withSsh = (id: string, vmca: typeof vmcaA, roots = [vmca]) =>
  vcenterEvidence(id, { registrations: seen([record(`${id}-1`)]), appliance: appliance({ vmca, roots }) });
const withoutSsh = (id: string, facts: Parameters<typeof vcenterEvidence>[1] = {}) =>
  vcenterEvidence(id, { registrations: seen([record(`${id}-1`)]), ...facts });

const onlineWithLeafB = withoutSsh('b', { registrations: seen([record('b-1', { certificate: derBase64(leafB.der) })]) });
const withHost = (id: string) =>
  withoutSsh(id, {
    rootBundle: seen(dersOf([vmcaB])),
    hosts: seen([
      { ref: 'host-1', name: `esx-${id}`, certificate: derBase64(mintLeaf({ issuer: vmcaB, name: `CN=esx-${id}` }).der) },
    ]),
  });

const holderIn = (evidence: EvidenceBundle) => buildInventory(evidence).providers[0]?.endpoints[0]?.holder;

describe('who holds a provider', () => {
  for (const { name, evidence, vcenters, grade } of [
    {
      name: 'the vCenter whose current VMCA key signed the leaf, though both VMCAs have one name',
      evidence: bundle([withSsh('a', vmcaA), withSsh('b', vmcaB)], [probe([leafB])]),
      vcenters: ['b'],
      grade: 'vmca-key',
    },
    {
      name: 'the same without any key identifier: only the signature can tell',
      evidence: bundle([withSsh('a', vmcaA), withSsh('b', vmcaB)], [probe([noAki])]),
      vcenters: ['b'],
      grade: 'vmca-key',
    },
    {
      name: 'the same where the leaf names an issuer of another name: every key is tried',
      evidence: bundle(
        [withSsh('a', vmcaA), withSsh('b', vmcaB)],
        [probe([mintLeaf({ issuer: vmcaB, aki: false, issuerName: 'CN=Renamed since' })])],
      ),
      vcenters: ['b'],
      grade: 'vmca-key',
    },
    {
      name: 'not those that merely trust the root: linked vCenters trust every root',
      evidence: bundle([withSsh('a', vmcaA, [vmcaA, vmcaB]), withSsh('b', vmcaB, [vmcaA, vmcaB])], [probe([leafA])]),
      vcenters: ['a'],
      grade: 'vmca-key',
    },
    {
      name: 'all vCenters that share one VMCA key',
      evidence: bundle([withSsh('a', vmcaA), withSsh('b', vmcaA)], [probe([leafA])]),
      vcenters: ['a', 'b'],
      grade: 'vmca-key',
    },
    {
      name: 'by the machine-SSL certificate the same key issued, without SSH',
      evidence: bundle(
        [
          withoutSsh('a', { rootBundle: seen(dersOf([vmcaA])) }),
          withoutSsh('b', { rootBundle: seen(dersOf([vmcaB])), machineSsl: seen(dersOf([machineB])) }),
        ],
        [probe([leafB])],
      ),
      vcenters: ['b'],
      grade: 'issued-certificates',
    },
    {
      name: 'by a host certificate the same key issued',
      evidence: bundle(
        [
          withoutSsh('b', {
            rootBundle: seen(dersOf([vmcaB])),
            hosts: seen([{ ref: 'host-1', name: 'esx1', certificate: derBase64(machineB.der) }]),
          }),
        ],
        [probe([leafB])],
      ),
      vcenters: ['b'],
      grade: 'issued-certificates',
    },
    {
      name: 'by sps-extension, where root.cer could not be read',
      evidence: bundle(
        [
          vcenterEvidence('b', {
            registrations: seen([record('b-1')]),
            appliance: appliance({ roots: [vmcaB], smsStore: [entry('SMS', 'sps-extension', extensionB)] }),
          }),
        ],
        [probe([leafB])],
      ),
      vcenters: ['b'],
      grade: 'issued-certificates',
    },
    {
      name: 'weakly, the only vCenter whose bundle has the issuer',
      evidence: bundle(
        [withoutSsh('a', { rootBundle: seen(dersOf([vmcaA])) }), withoutSsh('b', { rootBundle: seen(dersOf([vmcaB])) })],
        [probe([leafB])],
      ),
      vcenters: ['b'],
      grade: 'only-bundle',
    },
    {
      name: 'weakest, the only SMS that is online with exactly this certificate',
      evidence: bundle([withoutSsh('a', { rootBundle: seen(dersOf([vmcaA])) }), onlineWithLeafB], [probe([leafB])]),
      vcenters: ['b'],
      grade: 'sms-record',
    },
    {
      name: 'by the machine-SSL certificate of the one vCenter that has it, though all trust its CA',
      evidence: bundle(
        [
          withoutSsh('a', { rootBundle: seen(dersOf([vmcaA, vmcaB])) }),
          withoutSsh('b', { rootBundle: seen(dersOf([vmcaA, vmcaB])), machineSsl: seen(dersOf([machineB])) }),
        ],
        [probe([leafB])],
      ),
      vcenters: ['b'],
      grade: 'issued-certificates',
    },
    {
      name: 'several vCenters of one PSC, by the host certificates it issued for both',
      evidence: bundle([withHost('a'), withHost('b')], [probe([leafB])]),
      vcenters: ['a', 'b'],
      grade: 'issued-certificates',
    },
    {
      name: 'by the entry __MACHINE_CERT of the appliance, and no other of that store',
      evidence: bundle(
        [
          vcenterEvidence('b', {
            registrations: seen([record('b-1')]),
            appliance: appliance({
              roots: [vmcaA, vmcaB],
              rest: {
                machineSslStore: seen([
                  entry('MACHINE_SSL_CERT', 'other', mintLeaf({ issuer: vmcaA })),
                  entry('MACHINE_SSL_CERT', '__MACHINE_CERT', machineB),
                ]),
              },
            }),
          }),
        ],
        [probe([leafB])],
      ),
      vcenters: ['b'],
      grade: 'issued-certificates',
    },
  ])
    test(name, () => expect(holderIn(evidence)).toMatchObject({ vcenters, grade }));

  for (const { name, evidence } of [
    {
      name: 'nobody: a root bundle somewhere was not seen, so "the only one" cannot be said',
      evidence: bundle(
        [withoutSsh('a', { rootBundle: unseen() }), withoutSsh('b', { rootBundle: seen(dersOf([vmcaB])) })],
        [probe([leafB])],
      ),
    },
    {
      name: 'nobody: two bundles have the issuer',
      evidence: bundle(
        [withoutSsh('a', { rootBundle: seen(dersOf([vmcaB])) }), withoutSsh('b', { rootBundle: seen(dersOf([vmcaB])) })],
        [probe([leafB])],
      ),
    },
    {
      name: 'nobody: the only bundle belongs to a vCenter without a registration there',
      evidence: bundle(
        [withoutSsh('a', { rootBundle: seen(dersOf([vmcaA])) }), vcenterEvidence('b', { rootBundle: seen(dersOf([vmcaB])) })],
        [probe([leafB])],
      ),
    },
    {
      name: 'nobody: the certificate is retained and its CA also issued a machine-SSL certificate',
      evidence: bundle(
        [
          withoutSsh('b', {
            registrations: seen([record('b-1', { retained: true })]),
            rootBundle: seen(dersOf([vmcaB])),
            machineSsl: seen(dersOf([machineB])),
          }),
        ],
        [probe([leafB])],
      ),
    },
    {
      name: 'nobody by an outside CA that replaced the machine-SSL certificate: the hosts’ come from another key',
      evidence: bundle(
        [
          withoutSsh('b', {
            rootBundle: seen(dersOf([vmcaB, outside])),
            machineSsl: seen(dersOf([mintLeaf({ issuer: outside, name: 'CN=b.lab.example' })])),
            hosts: seen([{ ref: 'host-1', name: 'esx1', certificate: derBase64(machineB.der) }]),
          }),
          withoutSsh('a', { rootBundle: seen(dersOf([vmcaA, outside])) }),
        ],
        [probe([leafOutside])],
      ),
    },
    {
      name: 'nobody by an outside CA that replaced the machine-SSL certificate: the current VMCA has another key',
      evidence: bundle(
        [
          vcenterEvidence('b', {
            registrations: seen([record('b-1')]),
            machineSsl: seen(dersOf([mintLeaf({ issuer: outside, name: 'CN=b.lab.example' })])),
            appliance: appliance({ vmca: vmcaB, roots: [vmcaB, outside], rest: { machineSslStore: unseen() } }),
          }),
          withSsh('a', vmcaA, [vmcaA, outside]),
        ],
        [probe([leafOutside])],
      ),
    },
    {
      name: 'nobody by an outside CA that issued the machine-SSL certificates of two vCenters',
      evidence: bundle(
        ['a', 'b'].map((id) =>
          withoutSsh(id, {
            rootBundle: seen(dersOf([outside])),
            machineSsl: seen(dersOf([mintLeaf({ issuer: outside, name: `CN=${id}.lab.example` })])),
          }),
        ),
        [probe([leafOutside])],
      ),
    },
    {
      name: 'nobody by its only bundle: it is linked with a vCenter outside the estate, whose root it has too',
      evidence: bundle(
        [
          withoutSsh('a', { rootBundle: seen(dersOf([vmcaA])) }),
          withoutSsh('b', { rootBundle: seen(dersOf([vmcaB, outside])), topology: topologyOf('b', 'elsewhere') }),
        ],
        [probe([leafOutside])],
      ),
    },
    {
      name: 'nobody by its only bundle: it is linked',
      evidence: bundle(
        [
          withoutSsh('a', { rootBundle: seen(dersOf([vmcaA])), topology: topologyOf('a', 'b') }),
          withoutSsh('b', { rootBundle: seen(dersOf([vmcaB])), topology: topologyOf('a', 'b') }),
        ],
        [probe([leafB])],
      ),
    },
    {
      name: 'nobody by its SMS: it is linked',
      evidence: bundle(
        [
          { ...onlineWithLeafB, topology: topologyOf('a', 'b') },
          withoutSsh('a', { rootBundle: seen(dersOf([vmcaA])), topology: topologyOf('a', 'b') }),
        ],
        [probe([leafB])],
      ),
    },
    {
      name: 'nobody by its SMS: what another vCenter trusts was not seen',
      evidence: bundle([withoutSsh('a', { rootBundle: unseen() }), onlineWithLeafB], [probe([leafB])]),
    },
    {
      name: 'nobody by its SMS: another vCenter trusts the issuer',
      evidence: bundle([withoutSsh('a', { rootBundle: seen(dersOf([vmcaB])) }), onlineWithLeafB], [probe([leafB])]),
    },
    {
      name: 'nobody by its SMS: its own anchors were seen, and the issuer is not among them',
      evidence: bundle([{ ...onlineWithLeafB, rootBundle: seen(dersOf([vmcaA])) }], [probe([leafB])]),
    },
    {
      name: 'nobody by its SMS: it has that certificate and is offline',
      evidence: bundle(
        [withoutSsh('b', { registrations: seen([record('b-1', { status: 'offline', certificate: derBase64(leafB.der) })]) })],
        [probe([leafB])],
      ),
    },
    {
      name: 'nobody by its SMS: the provider keeps its certificate',
      evidence: bundle(
        [withoutSsh('b', { registrations: seen([record('b-1', { retained: true, certificate: derBase64(leafB.der) })]) })],
        [probe([leafB])],
      ),
    },
    {
      name: 'nobody: the provider made its own certificate, which is also trusted somewhere',
      evidence: bundle([withoutSsh('b', { rootBundle: seen(dersOf([ownCa])) })], [probe([ownCa])]),
    },
    {
      name: 'nobody: the provider made its own certificate',
      evidence: bundle(
        [withoutSsh('b', { registrations: seen([record('b-1', { certificate: derBase64(own.der) })]) })],
        [probe([own])],
      ),
    },
    {
      name: 'nobody in the estate: the issuer is a stranger',
      evidence: bundle([withSsh('a', vmcaA), withSsh('b', vmcaB)], [probe([leafOutside])]),
    },
    {
      name: 'nobody: the provider did not answer',
      evidence: bundle([withSsh('a', vmcaA)], [probe([], { handshake: unseen() })]),
    },
  ])
    test(name, () => expect(holderIn(evidence)).toBeUndefined());
});
