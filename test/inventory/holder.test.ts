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

const withSsh = (id: string, vmca: typeof vmcaA, roots = [vmca]) =>
  vcenterEvidence(id, { registrations: seen([record(`${id}-1`)]), appliance: appliance({ vmca, roots }) });
const withoutSsh = (id: string, facts: Parameters<typeof vcenterEvidence>[1] = {}) =>
  vcenterEvidence(id, { registrations: seen([record(`${id}-1`)]), ...facts });

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
      evidence: bundle(
        [
          withoutSsh('a', { rootBundle: unseen() }),
          withoutSsh('b', { registrations: seen([record('b-1', { certificate: derBase64(leafB.der) })]) }),
        ],
        [probe([leafB])],
      ),
      vcenters: ['b'],
      grade: 'sms-record',
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
