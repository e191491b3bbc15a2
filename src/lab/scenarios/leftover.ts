import { buildArray } from '../build-provider.js';
import { BOTH, HEALTHY, heldBy, registrationsOf } from './clash-parts.js';
import type { ExpectedFinding, Scenario } from './scenario.js';

const SMS_CONFIG = '/usr/lib/vmware-vpx/sps/conf/sms-config.xml';
/** How an armed unit of ours is named: `vasatrust-` and what it is for. */
const ARMED_UNIT = 'vasatrust-revert-20261103.timer';

export const leftover: Scenario = {
  name: 'leftover',
  about: 'a cleanup on vca was never finished: reject route to array1-CT0, retryAttempt 4 and an armed timer are still there',
  rsaKeys: 3,
  async build(lab) {
    const vca = await lab.vcenter({ id: 'vca', release: '6.7U3' });
    const array = await buildArray(lab, 'array1', { retained: false });
    for (const provider of array) lab.register(vca, provider, { daysAgo: 30, active: provider === array[1] });
    lab.populate(vca, {
      hosts: { count: 2, version: vca.version },
      datastores: [{ name: 'vvol-a', providers: array, vms: 2, poweredOn: 2 }],
    });
    const blocked = vca.registrations.find((one) => one.provider === 'array1-CT0');
    if (blocked) blocked.lastSyncMs = lab.daysAgo(2).getTime();
  },
  touchUp(world) {
    for (const { appliance } of world.vcenters) {
      const config = appliance.files.get(SMS_CONFIG);
      if (config) config.content = Buffer.from(config.content.toString('utf8').replace('>99999<', '>4<'));
      appliance.sps.retryAttempt = 4;
      for (const address of world.providers.find((one) => one.name === 'array1-CT0')?.addresses ?? []) {
        appliance.routes.push(`unreachable ${address}`);
      }
      appliance.units.push(ARMED_UNIT);
    }
  },
  expectation: {
    exitCode: 0,
    findings: Array.from(
      { length: 3 },
      (): ExpectedFinding => ({ code: 'cleanup-leftover', severity: 'warning', vcenter: 'vca' }),
    ),
    holders: heldBy(BOTH, 'vca'),
    registrations: [
      // Blocked, so offline; what it serves is trusted all the same, as the operator's machine can see. Whether the provider would refuse
      // this vCenter cannot be seen from behind the route.
      ...registrationsOf('vca', ['array1-CT0'], { status: 'offline', trusted: true, stale: 'unknown' }),
      ...registrationsOf('vca', ['array1-CT1'], HEALTHY),
    ],
  },
};
