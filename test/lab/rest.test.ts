import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintCa } from '../../src/lab/pki.js';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabVcenter } from '../../src/lab/world.js';
import { ask } from '../support/lab-request.js';

const CERTIFICATES = '/vcenter/certificate-management/vcenter';

function vcenterOf(lab: RunningLab, id: string): { vcenter: LabVcenter; port: number } {
  const vcenter = lab.world.vcenters.find((one) => one.id === id);
  if (!vcenter) throw new Error(`no vCenter ${id}`);
  return { vcenter, port: lab.ports.https.get(id) ?? 0 };
}

function basic(vcenter: LabVcenter, who: 'administrator' | 'auditor' = 'administrator'): Record<string, string> {
  const account = vcenter.accounts.find((one) => one.username.startsWith(who));
  return { authorization: `Basic ${Buffer.from(`${account?.username}:${account?.password}`).toString('base64')}` };
}

async function logIn(lab: RunningLab, id: string, dialect: 'api' | 'rest', who: 'administrator' | 'auditor' = 'administrator') {
  const { vcenter, port } = vcenterOf(lab, id);
  const path = dialect === 'api' ? '/api/session' : '/rest/com/vmware/cis/session';
  const answered = await ask(port, path, { method: 'POST', headers: basic(vcenter, who) });
  const parsed = JSON.parse(answered.body.toString()) as string | { value: string };
  const token = typeof parsed === 'string' ? parsed : parsed.value;
  const headers = { 'vmware-api-session-id': token };
  return {
    status: answered.status,
    get: async (path: string) => {
      const got = await ask(port, `/${dialect}${path}`, { headers });
      return { status: got.status, json: got.body.length > 0 ? (JSON.parse(got.body.toString()) as unknown) : undefined };
    },
    send: async (method: string, path: string, body?: unknown) => {
      const sent = await ask(port, `/${dialect}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: sent.status, json: sent.body.length > 0 ? (JSON.parse(sent.body.toString()) as unknown) : undefined };
    },
  };
}

describe('REST', () => {
  let lab: RunningLab;
  beforeAll(async () => {
    lab = await startLab('linked-mode', { withoutSsh: true });
  });
  afterAll(() => lab.close());

  test('hands out a session for the right password only: 201 in the new dialect, 200 in the old', async () => {
    const { vcenter, port } = vcenterOf(lab, 'vca');
    const wrong = { authorization: `Basic ${Buffer.from('administrator@vsphere.local:no').toString('base64')}` };
    expect((await ask(port, '/api/session', { method: 'POST', headers: wrong })).status).toBe(401);
    expect((await ask(port, '/api/session', { method: 'POST' })).status).toBe(401);
    expect((await ask(port, '/api/session', { method: 'POST', headers: basic(vcenter) })).status).toBe(201);
    expect((await ask(port, '/rest/com/vmware/cis/session', { method: 'POST', headers: basic(vcenter) })).status).toBe(200);
  });

  test('answers nothing without a session, with a made-up one, or with one that was ended', async () => {
    const { port } = vcenterOf(lab, 'vca');
    const path = `${CERTIFICATES}/tls`;
    expect((await ask(port, `/api${path}`)).status).toBe(401);
    expect((await ask(port, `/api${path}`, { headers: { 'vmware-api-session-id': 'abc' } })).status).toBe(401);
    const session = await logIn(lab, 'vca', 'api');
    expect((await session.get(path)).status).toBe(200);
    expect((await session.send('DELETE', '/session')).status).toBe(204);
    expect((await session.get(path)).status).toBe(401);
  });

  test('tells the certificate of its own port', async () => {
    const { vcenter } = vcenterOf(lab, 'vca');
    const { json } = await (await logIn(lab, 'vca', 'api')).get(`${CERTIFICATES}/tls`);
    const seen = new X509Certificate((json as { cert: string }).cert);
    expect(seen.raw.toString('base64')).toBe(vcenter.machineSsl.certificate);
  });

  test.each(['api', 'rest'] as const)('tells every trusted root, in dialect %s', async (dialect) => {
    const { vcenter } = vcenterOf(lab, 'vca');
    const session = await logIn(lab, 'vca', dialect);
    const bare = (json: unknown) => (dialect === 'api' ? json : (json as { value: unknown }).value);
    const list = bare((await session.get(`${CERTIFICATES}/trusted-root-chains`)).json) as { chain: string }[];
    const roots = [];
    for (const { chain } of list) {
      const got = bare((await session.get(`${CERTIFICATES}/trusted-root-chains/${chain}`)).json);
      const [pem = ''] = (got as { cert_chain: { cert_chain: string[] } }).cert_chain.cert_chain;
      roots.push(new X509Certificate(pem).raw.toString('base64'));
    }
    expect(roots).toEqual(vcenter.trustedRoots);
    expect((await session.get(`${CERTIFICATES}/trusted-root-chains/${'0'.repeat(40)}`)).status).toBe(404);
  });

  test('tells the nodes of the SSO domain and the state of SPS', async () => {
    const session = await logIn(lab, 'vca', 'api');
    expect((await session.get('/vcenter/topology/nodes')).json).toEqual([
      { node: 'vca.lab.example', type: 'VCSA_EMBEDDED', replication_partners: ['vcb.lab.example'] },
      { node: 'vcb.lab.example', type: 'VCSA_EMBEDDED', replication_partners: ['vca.lab.example'] },
    ]);
    expect((await session.get('/vcenter/services/sps')).json).toMatchObject({ state: 'STARTED', health: 'HEALTHY' });
    expect((await session.get('/vcenter/services')).json).toHaveProperty('sps.state', 'STARTED');
    expect((await session.get('/vcenter/services/nothing')).status).toBe(404);
  });

  test('does not know other paths and methods', async () => {
    const session = await logIn(lab, 'vca', 'api');
    expect((await session.get('/vcenter/vm')).status).toBe(404);
    expect((await session.send('PUT', `${CERTIFICATES}/tls`, {})).status).toBe(405);
  });

  test('takes and removes a trusted root from an administrator, writes both down, and refuses an auditor', async () => {
    const { vcenter } = vcenterOf(lab, 'vcb');
    const before = [...vcenter.trustedRoots];
    const root = await mintCa({ subject: 'CN=New Root, OU=LAB', keyKind: 'ec' });
    const spec = { cert_chain: { cert_chain: [root.certificatePem] } };
    const path = `${CERTIFICATES}/trusted-root-chains`;
    expect((await (await logIn(lab, 'vcb', 'api', 'auditor')).send('POST', path, spec)).status).toBe(403);
    const session = await logIn(lab, 'vcb', 'api');
    const added = await session.send('POST', path, spec);
    expect(added.status).toBe(201);
    expect((await session.send('POST', path, spec)).status).toBe(400);
    expect(vcenter.trustedRoots).toEqual([...before, root.certificate]);
    expect((await session.send('DELETE', `${path}/${added.json}`)).status).toBe(204);
    expect(vcenter.trustedRoots).toEqual(before);
    expect(lab.record.filter(({ kind, where }) => kind === 'change' && where === 'vcb').map(({ what }) => what)).toEqual([
      `trusted root ${added.json} added`,
      `trusted root ${added.json} removed`,
    ]);
    expect((await session.send('POST', path, { cert_chain: { cert_chain: ['no PEM'] } })).status).toBe(400);
  });
});

describe('REST of older releases', () => {
  let lab: RunningLab;
  beforeAll(async () => {
    lab = await startLab('clash', { withoutSsh: true });
  });
  afterAll(() => lab.close());

  test.each(['vc65', 'vc67'])('%s has neither the new dialect nor certificate management', async (id) => {
    const { vcenter, port } = vcenterOf(lab, id);
    expect((await ask(port, '/api/session', { method: 'POST', headers: basic(vcenter) })).status).toBe(404);
    const session = await logIn(lab, id, 'rest');
    expect((await session.get(`${CERTIFICATES}/tls`)).status).toBe(404);
    expect((await session.get('/vcenter/topology/nodes')).status).toBe(404);
  });

  test('6.5 has the service list of the appliance, 6.7 both', async () => {
    const old = await logIn(lab, 'vc65', 'rest');
    expect((await old.get('/vcenter/services/sps')).status).toBe(404);
    expect((await old.get('/appliance/vmon/service/sps')).json).toMatchObject({ value: { state: 'STARTED' } });
    const newer = await logIn(lab, 'vc67', 'rest');
    expect((await newer.get('/vcenter/services/sps')).json).toMatchObject({ value: { state: 'STARTED' } });
    expect((await newer.get('/appliance/vmon/service')).json).toMatchObject({ value: [{ key: 'vpxd' }, { key: 'sps' }, {}] });
  });

  test('the Date header tells the clock of the appliance', async () => {
    const { vcenter, port } = vcenterOf(lab, 'vc65');
    vcenter.appliance.clockAheadMs = 3_600_000;
    const ahead = Date.parse(String((await ask(port, '/nothing')).headers.date)) - Date.now();
    expect(Math.abs(ahead - 3_600_000)).toBeLessThan(30_000);
  });
});
