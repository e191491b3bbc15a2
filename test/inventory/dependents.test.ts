import { describe, expect, test } from 'vitest';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import type { SmsProviderRecord, VcenterEvidence, VmRecord, VvolDatastore } from '../../src/model/evidence.js';
import { providerUrl } from '../../src/model/ids.js';
import { bundle, record, seen, URL_CT0, unseen, vcenterEvidence } from '../support/evidence.js';

const datastore = (facts: Partial<VvolDatastore>): VvolDatastore => ({
  ref: 'datastore-1',
  name: 'vvol1',
  accessible: true,
  mounts: [],
  vms: [],
  arrays: [],
  told: [],
  ...facts,
});
const vm = (name: string, powerState: string, ...datastores: string[]): VmRecord => ({
  ref: `vm-${name}`,
  name,
  powerState,
  datastores,
});
const elsewhere = providerUrl('https://10.9.9.9:8084/');
const onArray = { arrays: ['com.purestorage:one'] };

function dependents(facts: Partial<VcenterEvidence>, registration: Partial<SmsProviderRecord> = {}) {
  const a = vcenterEvidence('a', { registrations: seen([record('a-1', registration)]), ...facts });
  return buildInventory(bundle([a])).providers[0]?.registrations[0]?.dependents;
}

describe('what depends on a registration', () => {
  for (const { name, given, registration, found } of [
    { name: 'a datastore on one of its arrays', given: onArray, found: true },
    {
      name: 'a datastore whose hosts were told of it by id',
      given: { told: [{ uid: 'com.purestorage:vp-ct0', url: elsewhere, arrays: [] }] },
      registration: { namespace: 'com.purestorage', providerId: 'vp-ct0' },
      found: true,
    },
    {
      name: 'a datastore whose hosts were told of it by URL, in another spelling',
      given: { told: [{ url: providerUrl(URL_CT0.toUpperCase().replace('HTTPS', 'https')), arrays: [] }] },
      found: true,
    },
    {
      name: 'a datastore whose hosts were told of another provider of its array',
      given: { told: [{ url: elsewhere, arrays: [{ arrayId: 'com.purestorage:one', active: true, priority: 1 }] }] },
      found: true,
    },
    {
      name: 'not a datastore of another array and provider',
      given: { arrays: ['com.purestorage:two'], told: [{ uid: 'com.purestorage:vp-ct9', url: elsewhere, arrays: [] }] },
      registration: { namespace: 'com.purestorage', providerId: 'vp-ct0' },
      found: false,
    },
  ])
    test(name, () => {
      expect(dependents({ datastores: seen([datastore(given)]) }, registration)?.datastores.map((one) => one.name)).toEqual(
        found ? ['vvol1'] : [],
      );
    });

  test('VMs on it are counted once, those running apart, and hosts that mount it by name', () => {
    const host = (ref: string) => ({ ref, name: `${ref}.lab.example` });
    expect(
      dependents({
        datastores: seen([
          datastore({ ...onArray, accessible: false, mounts: [{ host: 'host-2', accessible: false }, { host: 'host-1' }] }),
          datastore({ ...onArray, ref: 'datastore-2', name: 'vvol2', mounts: [{ host: 'host-1', accessible: true }] }),
          datastore({ ref: 'datastore-3', name: 'other' }),
        ]),
        vms: seen([
          vm('web', 'poweredOn', 'datastore-1', 'datastore-2'),
          vm('db', 'suspended', 'datastore-2'),
          vm('old', 'poweredOff', 'datastore-1'),
          vm('foreign', 'poweredOn', 'datastore-3'),
        ]),
        hosts: seen([host('host-1'), host('host-2'), host('host-3')]),
      }),
    ).toEqual({
      datastores: [
        { name: 'vvol1', accessible: false, accessibleOn: [], poweredOnVms: 1 },
        { name: 'vvol2', accessible: true, accessibleOn: ['host-1.lab.example'], poweredOnVms: 1 },
      ],
      vms: 3,
      poweredOnVms: 1,
      hosts: ['host-1.lab.example', 'host-2.lab.example'],
      vmNames: ['db', 'old', 'web'],
    });
  });

  for (const fact of ['datastores', 'vms', 'hosts'] as const)
    test(`is not said where ${fact} were not seen: a count that may be too low is no count`, () => {
      expect(dependents({ datastores: seen([datastore(onArray)]), [fact]: unseen() })).toBeUndefined();
    });
});
