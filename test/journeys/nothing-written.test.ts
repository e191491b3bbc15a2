import { describe, expect, test } from 'vitest';
import { isAllowedCommand, isAllowedRequest } from '../../src/collect/allowed-calls.js';
import { SCENARIOS } from '../../src/lab/scenarios/find-scenario.js';
import { startLab } from '../../src/lab/start-lab.js';
import type { LabWorld } from '../../src/lab/world.js';
import { auditLab } from '../support/audit-lab.js';

/** What an audit must leave as it found it, as the lab itself holds it. */
function standing(world: LabWorld) {
  return {
    vcenters: world.vcenters.map((vcenter) => ({
      registrations: vcenter.registrations.map(({ uid, name, url, active }) => ({ uid, name, url, active })),
      roots: vcenter.trustedRoots.length,
      stores: [...vcenter.vecs].map(([store, entries]) => [store, entries.map((entry) => entry.alias)]),
      files: [...vcenter.appliance.files].map(([path, file]) => [
        path,
        file.content.toString('base64'),
        file.mode,
        file.owner,
        file.mtimeMs,
      ]),
      routes: vcenter.appliance.routes,
      units: vcenter.appliance.units,
      sps: [vcenter.appliance.sps.state, vcenter.appliance.sps.pid],
      hostAnchors: vcenter.hosts.map((host) => host.trustAnchors.length),
      nextTask: vcenter.nextTask,
    })),
    providers: world.providers.map((provider) => [provider.served.identity.certificate, provider.clientRoots.length]),
  };
}

describe.each(SCENARIOS.map((scenario) => scenario.name))('an audit of %s', (name) => {
  test('changes nothing, and only asks what is on the list', async () => {
    const lab = await startLab(name);
    try {
      const before = JSON.stringify(standing(lab.world));
      await auditLab(lab);
      expect(JSON.stringify(standing(lab.world))).toBe(before);
      expect(lab.record.length).toBeGreaterThan(20);
      expect(lab.record.filter((one) => one.kind === 'change')).toEqual([]);
      const soap = new Set(
        lab.record.flatMap((one) => (one.kind === 'sms' || one.kind === 'vim' ? [`${one.kind} ${one.what}`] : [])),
      );
      const unlisted = [...soap].filter((call) => {
        const [service, method] = call.split(' ');
        const body = `<e:Envelope xmlns:e="urn:e"><e:Body><${method} xmlns="x"/></e:Body></e:Envelope>`;
        return !isAllowedRequest({ method: 'POST', path: service === 'sms' ? '/sms/sdk' : '/sdk', body });
      });
      expect(unlisted).toEqual([]);
    } finally {
      await lab.close();
    }
  });
});

describe('the list of what collecting may ask', () => {
  const soap = (method: string) =>
    `<soapenv:Envelope xmlns:soapenv="urn:e"><soapenv:Body><${method} xmlns="urn:sms"><_this/></${method}></soapenv:Body></soapenv:Envelope>`;
  for (const method of [
    'RegisterProvider_Task',
    'UnregisterProvider_Task',
    'VasaProviderReconnect_Task',
    'VasaProviderSync_Task',
    'VasaProviderRefreshCertificate_Task',
    'SmsRefreshCACertificatesAndCRLs_Task',
  ])
    test(`does not hold ${method}`, () =>
      expect(isAllowedRequest({ method: 'POST', path: '/sms/sdk', body: soap(method) })).toBe(false));
  for (const request of [
    { method: 'POST', path: '/sdk', body: soap('CertMgrRefreshCertificates_Task') },
    {
      method: 'POST',
      path: '/sdk',
      body: '<e:Envelope xmlns:e="urn:e"><e:Header><QueryProvider/></e:Header><e:Body><PowerOffVM_Task/></e:Body></e:Envelope>',
    },
    { method: 'POST', path: '/sdk', body: `<!-- <Body><Login> -->${soap('PowerOffVM_Task')}` },
    { method: 'POST', path: '/api/vcenter/certificate-management/vcenter/trusted-root-chains' },
    { method: 'DELETE', path: '/api/vcenter/certificate-management/vcenter/trusted-root-chains/x' },
    { method: 'POST', path: '/api/vcenter/services/sps?action=restart' },
    { method: 'GET', path: '/api/vcenter/vm' },
    { method: 'GET', path: '/certs/../sdk' },
  ] as const)
    test(`does not hold ${request.method} ${request.path} ${'body' in request ? request.body.length : ''}`, () =>
      expect(isAllowedRequest(request)).toBe(false));
  for (const argv of [
    ['/usr/lib/vmware-vmafd/bin/vecs-cli', 'entry', 'delete', '--store', 'SMS', '--alias', 'sps-extension', '-y'],
    ['/usr/lib/vmware-vmafd/bin/vecs-cli', 'entry', 'getkey', '--store', 'SMS', '--alias', 'sps-extension'],
    ['/bin/service-control', '--restart', 'vmware-sps'],
    ['ip', 'route', 'add', 'unreachable', '10.0.0.5/32'],
    ['rm', '-rf', '/'],
    ['/bin/bash', '-c', 'true'],
    [],
  ])
    test(`does not hold the command ${argv.slice(0, 3).join(' ')}`, () => expect(isAllowedCommand(argv)).toBe(false));
});
