import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Result } from '../../src/model/problem.js';
import { connectRest, type RestSession } from '../../src/wire/rest-client.js';
import { parseChain, parseChainIds, parseServices, parseTls, parseTopology } from '../../src/wire/rest-decode.js';
import type { SsoVerdict } from '../../src/wire/sso-verdict.js';
import { mintCa, mintLeaf } from '../support/mint.js';
import { clientOf, startServer, type TestServer } from './https-server.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

interface Told {
  readonly status?: number;
  readonly body?: unknown;
}
type Routes = Record<string, Told | ((nth: number) => Told)>;

const ROOTS = [mintCa({ name: 'CN=Root 1' }), mintCa({ name: 'CN=Root 2' })] as const;
const LEAF = mintLeaf({ issuer: ROOTS[0] });
const CERTS = '/vcenter/certificate-management/vcenter';

const chain = (...pems: string[]) => ({ cert_chain: { cert_chain: pems } });
const NODES = [
  { node: 'vc1.lab.test', type: 'VCSA_EMBEDDED', replication_partners: ['vc2.lab.test'] },
  { node: 'vc3.lab.test', type: 'VCSA_EXTERNAL', client_affinity: 'psc1.lab.test' },
];

/** What a vCenter answers in `/api`; `/rest` wraps it. */
const BARE: Record<string, unknown> = {
  [`${CERTS}/trusted-root-chains`]: [{ chain: 'A1' }, { chain: 'b/2' }],
  [`${CERTS}/trusted-root-chains/A1`]: chain(ROOTS[0].pem),
  [`${CERTS}/trusted-root-chains/b%2F2`]: chain(ROOTS[1].pem, ROOTS[0].pem),
  [`${CERTS}/tls`]: { cert: LEAF.pem, subject_dn: 'CN=x', thumbprint: 'AA' },
  '/vcenter/topology/nodes': NODES,
};
const SPS = { name_key: 'cis.sps.ServiceName', state: 'STARTED', health: 'HEALTHY', startup_type: 'AUTOMATIC' };

const api: Routes = {
  'POST /api/session': { status: 201, body: 'token-api' },
  'DELETE /api/session': { status: 204 },
  ...Object.fromEntries(Object.entries(BARE).map(([path, body]) => [`GET /api${path}`, { body }])),
  'GET /api/vcenter/services': { body: { vpxd: { state: 'STARTED' }, sps: SPS, odd: {} } },
};
const rest: Routes = {
  'POST /rest/com/vmware/cis/session': { body: { value: 'token-rest' } },
  'DELETE /rest/com/vmware/cis/session': { body: {} },
  ...Object.fromEntries(Object.entries(BARE).map(([path, value]) => [`GET /rest${path}`, { body: { value } }])),
  'GET /rest/vcenter/services': { body: { value: [{ key: 'vmware-sps', value: SPS }] } },
};

async function serve(routes: Routes): Promise<TestServer> {
  const counts = new Map<string, number>();
  const server = await startServer((asked, response) => {
    const key = `${asked.method} ${asked.path}`;
    const nth = counts.get(key) ?? 0;
    counts.set(key, nth + 1);
    const route = routes[key];
    const told = typeof route === 'function' ? route(nth) : (route ?? { status: 404, body: { error_type: 'NOT_FOUND' } });
    response.writeHead(told.status ?? 200, { 'content-type': 'application/json' });
    response.end(typeof told.body === 'string' && told.body.startsWith('raw:') ? told.body.slice(4) : JSON.stringify(told.body));
  });
  open.push(server);
  return server;
}

async function connect(server: TestServer, version?: string, verdict: SsoVerdict = {}): Promise<Result<RestSession>> {
  const https = clientOf(server);
  open.push(https);
  return connectRest(https, { username: 'audit@vsphere.local', password: 'pä&ss', verdict }, 'vc', version);
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.summary}`);
  return result.value;
}
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

describe.each([
  { dialect: 'api', routes: api, token: 'token-api', session: '/api/session' },
  { dialect: 'rest', routes: rest, token: 'token-rest', session: '/rest/com/vmware/cis/session' },
] as const)('in the dialect $dialect', ({ dialect, routes, token, session }) => {
  test('login, every read, and the end of the session', async () => {
    const server = await serve(routes);
    const client = must(await connect(server));
    expect(client.dialect).toBe(dialect);
    expect(must(await client.trustedRoots())).toEqual([ROOTS[0].cert.der, ROOTS[1].cert.der]);
    expect(must(await client.machineSsl())).toEqual([LEAF.cert.der]);
    expect(must(await client.spsService())).toEqual({ state: 'STARTED', health: 'HEALTHY' });
    expect(must(await client.topology())).toEqual([
      { node: 'vc1.lab.test', type: 'VCSA_EMBEDDED', replicationPartners: ['vc2.lab.test'] },
      { node: 'vc3.lab.test', type: 'VCSA_EXTERNAL', replicationPartners: [], clientAffinity: 'psc1.lab.test' },
    ]);
    await client.logout();
    const logins = server.asked.filter((asked) => asked.headers.authorization !== undefined);
    expect(logins.map((asked) => Buffer.from(asked.headers.authorization?.split(' ')[1] ?? '', 'base64').toString())).toEqual(
      logins.map(() => 'audit@vsphere.local:pä&ss'),
    );
    const rest = server.asked.filter((asked) => asked.headers.authorization === undefined);
    expect(new Set(rest.map((asked) => asked.headers['vmware-api-session-id']))).toEqual(new Set([token]));
    expect(rest.at(-1)).toMatchObject({ method: 'DELETE', path: session });
  });

  test('a session that expired is renewed once', async () => {
    const path = `GET /${dialect}${CERTS}/tls`;
    const server = await serve({ ...routes, [path]: (nth) => (nth === 0 ? { status: 401 } : (routes[path] as Told)) });
    const client = must(await connect(server, dialect === 'rest' ? '6.7.0' : '8.0.3'));
    expect(must(await client.machineSsl())).toEqual([LEAF.cert.der]);
    expect(server.asked.filter((asked) => asked.method === 'POST')).toHaveLength(2);
  });

  test('one that expires for ever is a problem', async () => {
    const server = await serve({ ...routes, [`GET /${dialect}${CERTS}/tls`]: { status: 401 } });
    const client = must(await connect(server));
    for (let i = 0; i < 3; i += 1) expect(codeOf(await client.machineSsl())).toBe('session-expired');
    expect(server.asked.filter((asked) => asked.method === 'POST' && asked.path === session)).toHaveLength(2);
  });

  test('a version without these calls says so', async () => {
    const server = await serve({ [`POST ${session}`]: routes[`POST ${session}`] ?? {} });
    const client = must(await connect(server));
    for (const result of [
      await client.trustedRoots(),
      await client.machineSsl(),
      await client.spsService(),
      await client.topology(),
    ]) {
      expect(codeOf(result)).toBe('not-supported');
    }
  });
});

test('a version known to be older than 7.0.2 is not asked for what it does not have', async () => {
  for (const [version, path] of [
    ['6.5.0', '/rest/com/vmware/cis/session'],
    ['6.7.0', '/rest/com/vmware/cis/session'],
    ['7.0.1', '/rest/com/vmware/cis/session'],
    ['7.0.2', '/api/session'],
    ['8.0.3', '/api/session'],
  ] as const) {
    const server = await serve({ ...api, ...rest });
    must(await connect(server, version));
    expect(server.asked.map((asked) => asked.path)).toEqual([path]);
  }
});

test('6.5 tells its services elsewhere', async () => {
  const server = await serve({
    ...rest,
    'GET /rest/vcenter/services': { status: 404 },
    'GET /rest/appliance/vmon/service': { body: { value: [{ key: 'sps', value: { state: 'STOPPED' } }] } },
  });
  expect(must(await must(await connect(server, '6.5.0')).spsService())).toEqual({ state: 'STOPPED' });
});

test('where the password is known to be right, 401 at the newer place means that there is no such place', async () => {
  const server = await serve({ ...rest, 'POST /api/session': { status: 401 } });
  const verdict: SsoVerdict = { accepted: true };
  expect(must(await connect(server, undefined, verdict)).dialect).toBe('rest');
  expect(verdict).not.toHaveProperty('refused');
});

describe('a refused password', () => {
  test('is recorded for every client of that vCenter, and not sent a second time', async () => {
    const server = await serve({ 'POST /api/session': { status: 401 }, ...rest });
    const verdict: SsoVerdict = {};
    expect(codeOf(await connect(server, undefined, verdict))).toBe('login-refused');
    expect(verdict.refused?.code).toBe('login-refused');
    expect(codeOf(await connect(server, undefined, verdict))).toBe('not-attempted');
    expect(server.asked).toHaveLength(1);
  });

  test('is not sent where another client had it refused before', async () => {
    const server = await serve(api);
    const refused = { code: 'login-refused', target: 'vc', summary: 's', remedy: 'r', retry: 'after-remedy' } as const;
    expect(codeOf(await connect(server, undefined, { refused }))).toBe('not-attempted');
    expect(server.asked).toEqual([]);
  });
});

describe('what goes wrong', () => {
  for (const { name, told, code } of [
    {
      name: 'no permission',
      told: { status: 403, body: { messages: [{ default_message: 'no\u001b[2J' }] } },
      code: 'no-permission',
    },
    {
      name: 'a service that fails',
      told: { status: 500, body: { value: { messages: [{ default_message: 'boom' }] } } },
      code: 'fault',
    },
    { name: 'HTML', told: { body: 'raw:<html></html>' }, code: 'bad-answer' },
    { name: 'another shape', told: { body: [{ link: 1 }] }, code: 'bad-answer' },
    { name: 'a redirect', told: { status: 302 }, code: 'bad-answer' },
    { name: 'deeply nested JSON', told: { body: `raw:${'['.repeat(200_000)}` }, code: 'bad-answer' },
    { name: 'an answer without end', told: { body: `raw:${' '.repeat(20_000_000)}` }, code: 'too-large' },
  ]) {
    test(`${name}: ${code}`, async () => {
      const server = await serve({ ...api, [`GET /api${CERTS}/trusted-root-chains`]: told });
      const result = await must(await connect(server)).trustedRoots();
      expect(codeOf(result)).toBe(code);
      expect(JSON.stringify(result)).not.toContain('\\u001b');
    });
  }

  test('a chain that is no certificate fails the whole list; one that has gone meanwhile does not', async () => {
    const path = `GET /api${CERTS}/trusted-root-chains/A1`;
    for (const [told, expected] of [
      [{ body: chain('junk') }, 'bad-answer'],
      [{ body: { cert_chain: [LEAF.pem] } }, 'bad-answer'],
      [{ status: 404 }, 'ok'],
    ] as const) {
      const server = await serve({ ...api, [path]: told });
      expect(codeOf(await must(await connect(server)).trustedRoots())).toBe(expected);
    }
  });

  for (const { name, told } of [
    { name: 'no token', told: { body: {} } },
    { name: 'a token that would break out of its header', told: { body: 'a\r\nx: y' } },
    { name: 'a token of a megabyte', told: { body: 'x'.repeat(1_000_000) } },
  ]) {
    test(`a login that gives ${name} is a bad answer`, async () => {
      expect(codeOf(await connect(await serve({ 'POST /api/session': told })))).toBe('bad-answer');
    });
  }

  test('a server that repeats the password does not get it into a problem', async () => {
    const basic = Buffer.from('audit@vsphere.local:pä&ss').toString('base64');
    const body = { messages: [{ default_message: `cannot parse ${basic} for pä&ss` }] };
    const result = await connect(await serve({ 'POST /api/session': { status: 500, body } }));
    expect(codeOf(result)).toBe('fault');
    expect(JSON.stringify(result)).not.toMatch(/pä&ss|YXVkaXRA/);
  });
});

test('no JSON makes decoding throw, and what is decoded has its types', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      for (const parse of [parseChain, parseChainIds, parseServices, parseTls, parseTopology]) parse(json);
    }),
    { seed: 8, numRuns: 500 },
  );
  const node = fc.record(
    { node: fc.anything(), type: fc.anything(), replication_partners: fc.anything(), client_affinity: fc.anything() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(node), (nodes) => {
      for (const one of parseTopology(nodes) ?? []) {
        expect([
          typeof one.node,
          typeof one.type,
          one.replicationPartners.every((partner) => typeof partner === 'string'),
        ]).toEqual(['string', 'string', true]);
      }
    }),
    { seed: 9, numRuns: 300 },
  );
});
