import { expect, test } from 'vitest';
import { openSms } from '../../src/wire/sms-client.js';
import { connectVim } from '../../src/wire/vim-client.js';
import { clientOf } from './https-server.js';
import { answering, loginAnswers, sampleAnswer, startSoapServer } from './soap-server.js';

test('the SOAP part of one vCenter takes six round trips', async () => {
  const datastore =
    '<objects><obj type="Datastore">datastore-1</obj>' +
    [
      ['name', 'vvol'],
      ['summary.type', 'VVOL'],
      ['summary.accessible', 'true'],
    ]
      .map(([name, value]) => `<propSet><name>${name}</name><val xsi:type="xsd:string">${value}</val></propSet>`)
      .join('') +
    '<propSet><name>host</name><val><DatastoreHostMount><key type="HostSystem">host-1</key></DatastoreHostMount></val></propSet>' +
    '<propSet><name>vm</name><val><ManagedObjectReference type="VirtualMachine">vm-1</ManagedObjectReference></val></propSet></objects>' +
    '<objects><obj type="HostSystem">host-1</obj><propSet><name>configManager.certificateManager</name>' +
    '<val type="HostCertificateManager">certificateManager-1</val></propSet></objects>';
  const server = await startSoapServer(
    {
      ...loginAnswers(),
      CurrentTime: () => answering('CurrentTime', '<returnval>2026-11-22T13:45:00Z</returnval>'),
      CreateContainerView: () => answering('CreateContainerView', '<returnval type="ContainerView">view-1</returnval>'),
      RetrievePropertiesEx: (call) =>
        answering(
          'RetrievePropertiesEx',
          JSON.stringify(call.request).includes('VirtualMachine')
            ? '<returnval><objects><obj type="VirtualMachine">vm-1</obj></objects></returnval>'
            : `<returnval>${datastore}</returnval>`,
        ),
      DestroyView: () => answering('DestroyView', ''),
      ListCACertificates: () => answering('ListCACertificates', ''),
      QueryStorageManager: () => sampleAnswer('resp-sms-QueryStorageManager'),
      QueryProvider: () => sampleAnswer('resp-sms-QueryProvider-two'),
      QueryProviderInfo: () => sampleAnswer('resp-sms-QueryProviderInfo-clash-offline'),
    },
    150,
  );
  const https = clientOf(server);
  try {
    const { session } = await connectVim(https, { username: 'audit@vsphere.local', password: 'password', verdict: {} }, 'vc');
    if (!session.ok) throw new Error(session.error.summary);
    const vim = session.value;
    const results = await Promise.all([openSms(https, vim).queryRegistrations(), vim.storageView(), vim.currentTime()]);
    await vim.logout();
    expect(results.map((result) => result.ok)).toEqual([true, true, true]);
    expect(server.calls.map((call) => call.method).sort()).toEqual([
      'CreateContainerView',
      'CurrentTime',
      'DestroyView',
      'ListCACertificates',
      'Login',
      'Logout',
      'QueryProvider',
      'QueryProviderInfo',
      'QueryProviderInfo',
      'QueryStorageManager',
      'RetrievePropertiesEx',
      'RetrievePropertiesEx',
      'RetrieveServiceContent',
    ]);
    expect(server.rounds()).toBe(6);
  } finally {
    await https.close();
    await server.close();
  }
});
