import { afterEach, describe, expect, test } from 'vitest';
import { openWorld } from '../../src/lab/build-world.js';
import { openKeySource } from '../../src/lab/keys.js';
import { startVcenter } from '../../src/lab/vcenter-server.js';
import type { LabVcha } from '../../src/lab/world.js';
import type { VchaFacts } from '../../src/model/evidence.js';
import type { Result } from '../../src/model/problem.js';
import { openHttps } from '../../src/wire/https.js';
import { connectVim } from '../../src/wire/vim-client.js';
import { clientOf } from './https-server.js';
import { type Answers, answering, faulty, loginAnswers, startSoapServer } from './soap-server.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const keys = openKeySource({ only: 'ec' });

async function fromLab(vcha: LabVcha | undefined, release: '6.5' | '8.0U3' = '8.0U3'): Promise<Result<VchaFacts>> {
  const builder = openWorld('vcha', { keys });
  const vcenter = await builder.vcenter({ id: 'vc1', release });
  if (vcha !== undefined) vcenter.vcha = vcha;
  const server = await startVcenter(builder.world, vcenter);
  const [account] = vcenter.accounts;
  const https = openHttps({
    address: vcenter.address,
    port: 443,
    connectTo: { host: server.host, port: server.port },
    trust: { kind: 'ca', pem: vcenter.vmca.certificatePem },
    label: 'vc1',
  });
  open.push(server, https);
  return ask(https, account?.username ?? '', account?.password ?? '');
}

async function ask(https: Parameters<typeof connectVim>[0], username: string, password: string): Promise<Result<VchaFacts>> {
  const { session } = await connectVim(https, { username, password, verdict: {} }, 'vc1');
  if (!session.ok) throw new Error(session.error.summary);
  const facts = await session.value.highAvailability();
  await session.value.logout();
  return facts;
}

const CLUSTER: LabVcha = {
  state: 'configured',
  mode: 'enabled',
  nodes: [
    { cluster: '192.168.9.1', failover: '10.0.0.1' },
    { cluster: '192.168.9.2', failover: '10.0.0.1' },
    { cluster: 'fd00::0009' },
  ],
};

describe('vCenter High Availability of a lab vCenter', () => {
  for (const release of ['6.5', '8.0U3'] as const)
    for (const mode of ['enabled', 'maintenance', 'disabled'] as const)
      test(`${mode}, on ${release}: its mode and every address of its nodes`, async () => {
        expect(await fromLab({ ...CLUSTER, mode }, release)).toEqual({
          ok: true,
          value: { state: 'configured', mode, addresses: ['192.168.9.1', '10.0.0.1', '192.168.9.2', 'fd00::9'] },
        });
      });

  test('not configured: nothing else is told', async () => {
    expect(await fromLab(undefined)).toEqual({ ok: true, value: { state: 'notConfigured', addresses: [] } });
  });

  test('prepared only: the addresses, and no mode', async () => {
    expect(await fromLab({ ...CLUSTER, state: 'prepared' })).toMatchObject({ ok: true, value: { state: 'prepared' } });
    expect(JSON.stringify(await fromLab({ ...CLUSTER, state: 'prepared' }))).not.toContain('mode');
  });
});

const CONTENT = `<returnval><rootFolder type="Folder">group-d1</rootFolder><propertyCollector type="PropertyCollector">pc</propertyCollector><viewManager type="ViewManager">vm</viewManager><about><name>x</name><version>8.0.3</version><build>1</build><apiType>VirtualCenter</apiType><apiVersion>8.0.3.0</apiVersion></about><sessionManager type="SessionManager">sm</sessionManager>`;
const MANAGERS =
  '<failoverClusterConfigurator type="FailoverClusterConfigurator">fcc</failoverClusterConfigurator><failoverClusterManager type="FailoverClusterManager">fcm</failoverClusterManager>';

async function fromServer(answers: Answers, managers = MANAGERS) {
  const server = await startSoapServer({
    ...loginAnswers(),
    RetrieveServiceContent: () => answering('RetrieveServiceContent', `${CONTENT}${managers}</returnval>`),
    ...answers,
  });
  const https = clientOf(server);
  open.push(server, https);
  return { facts: await ask(https, 'audit@vsphere.local', 'password'), asked: server.calls.map(({ method }) => method) };
}

const codeOf = ({ facts }: { facts: Result<VchaFacts> }): string => (facts.ok ? 'ok' : facts.error.code);
const config = (inner: string) => () => answering('getVchaConfig', `<returnval>${inner}</returnval>`);

describe('answers that are not as expected', () => {
  test('a vCenter without it is not asked', async () => {
    const seen = await fromServer({}, '');
    expect([codeOf(seen), seen.asked.includes('getVchaConfig')]).toEqual(['not-supported', false]);
  });

  test('one that says it has none', async () => {
    for (const type of ['NotSupported', 'MethodNotFound'])
      expect(codeOf(await fromServer({ getVchaConfig: () => faulty(type, 'no') }))).toBe('not-supported');
  });

  test('no permission stays no permission', async () => {
    expect(codeOf(await fromServer({ getVchaConfig: () => faulty('NoPermission', 'no') }))).toBe('no-permission');
  });

  test('no state is no answer', async () => {
    expect(codeOf(await fromServer({ getVchaConfig: config('') }))).toBe('bad-answer');
  });

  test('a refused mode leaves the state; without a cluster nobody asks for one', async () => {
    const refused = await fromServer({
      getVchaConfig: config('<state>configured</state>'),
      getClusterMode: () => faulty('SystemError', 'no'),
    });
    expect(refused.facts).toEqual({ ok: true, value: { state: 'configured', addresses: [] } });
    const none = await fromServer({ getVchaConfig: config('<state>notConfigured</state>') });
    expect(none.asked).not.toContain('getClusterMode');
  });

  test('a session that expired in between is opened again', async () => {
    let asked = 0;
    const seen = await fromServer({
      getVchaConfig: config('<state>configured</state>'),
      getClusterMode: () => {
        asked += 1;
        return asked === 1
          ? faulty('NotAuthenticated', 'expired')
          : answering('getClusterMode', '<returnval>maintenance</returnval>');
      },
    });
    expect(seen.facts).toEqual({ ok: true, value: { state: 'configured', mode: 'maintenance', addresses: [] } });
    expect(seen.asked.filter((method) => method === 'Login')).toHaveLength(2);
  });

  test('what is no address is left out, and words cannot steer a terminal', async () => {
    const ip = (address: string) => `<ip><ipAddress>${address}</ipAddress></ip>`;
    const seen = await fromServer({
      getVchaConfig: config(
        `<failoverNodeInfo1><clusterIpSettings>${ip('999.1.1.1')}</clusterIpSettings></failoverNodeInfo1><witnessNodeInfo><ipSettings>${ip('10.0.0.07 ; reboot')}</ipSettings></witnessNodeInfo><state>configured\u202e${'x'.repeat(500)}</state>`,
      ),
      getClusterMode: () => answering('getClusterMode', '<returnval>enabled</returnval>'),
    });
    if (!seen.facts.ok) throw new Error(seen.facts.error.summary);
    expect(seen.facts.value.addresses).toEqual([]);
    expect(seen.facts.value.state).not.toContain('\u202e');
    expect(seen.facts.value.state.length).toBeLessThan(80);
  });
});
