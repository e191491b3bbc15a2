import { execFile, spawnSync } from 'node:child_process';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { derBase64 } from '../../src/model/ids.js';
import { ok } from '../../src/model/problem.js';
import {
  type ApplianceReader,
  isAllowedRead,
  readAddresses,
  readClock,
  readRejectRoutes,
  readServedChain,
} from '../../src/wire/appliance-facts.js';
import { shellCommand } from '../../src/wire/quote.js';
import { mintCa, mintLeaf } from '../support/mint.js';
import { missingRoot, missingSystemParts } from '../support/system.js';

/** This machine as the appliance; `setUp` runs first, in a network namespace of its own. */
function here(setUp?: string): ApplianceReader {
  return {
    label: 'here',
    run: (argv) => {
      expect(isAllowedRead(argv)).toBe(true);
      const line = shellCommand(argv);
      if (!line.ok) throw new Error(line.error);
      const command =
        setUp === undefined ? ['/bin/sh', '-c', line.value] : ['unshare', '-n', '/bin/sh', '-c', `${setUp}; ${line.value}`];
      return new Promise((resolve) => {
        const child = execFile(
          command[0] ?? '',
          command.slice(1),
          { timeout: 60_000, maxBuffer: 1 << 24 },
          (error, stdout, stderr) => {
            const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
            resolve(ok({ code, stdout, stderr }));
          },
        );
        child.stdin?.end();
      });
    },
  };
}

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});
async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
const serve = (options: TlsOptions) =>
  listen(createServer(options, (socket) => socket.on('error', () => {})).on('tlsClientError', () => {}));

describe.skipIf(missingSystemParts('openssl', 'timeout'))('openssl s_client against real TLS', () => {
  const root = mintCa({ name: 'CN=Root' });
  const between = mintCa({ name: 'CN=Between', issuer: root });
  const leaf = mintLeaf({ issuer: between });
  const identity = { key: leaf.keyPem, cert: leaf.pem + between.pem };
  const ders = (...all: { der: Uint8Array }[]) => all.map((each) => derBase64(each.der));

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const requestCert of [false, true]) {
      test(`the chain as served over ${version}${requestCert ? ' by a server that insists on a client certificate' : ''}`, async () => {
        const port = await serve({
          ...identity,
          minVersion: version,
          maxVersion: version,
          requestCert,
          rejectUnauthorized: requestCert,
          ca: root.pem,
        });
        expect(await readServedChain(here(), { host: '127.0.0.1', port })).toEqual({
          ok: true,
          value: { state: 'seen', value: ders(leaf, between) },
        });
      });
    }
  }

  test('the server name decides, and none is sent where none is asked for', async () => {
    const names: string[] = [];
    const port = await serve({
      ...identity,
      SNICallback: (name, done) => {
        names.push(name);
        done(null, undefined);
      },
    });
    await readServedChain(here(), { host: '127.0.0.1', port, sni: 'vc1.array1' });
    await readServedChain(here(), { host: 'localhost', port });
    await readServedChain(here(), { host: '127.0.0.1', port });
    expect(names).toEqual(['vc1.array1']);
  });

  test('nobody there, no TLS there, no such name', async () => {
    const port = await listen(createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect(await readServedChain(here(), { host: '127.0.0.1', port })).toMatchObject({ error: { code: 'bad-answer' } });
    expect(await readServedChain(here(), { host: '127.0.0.1', port: 1 })).toMatchObject({ error: { code: 'unreachable' } });
    expect(await readServedChain(here(), { host: 'array1.invalid', port: 443 })).toMatchObject({
      error: { code: 'name-not-found' },
    });
  });

  test('a server that accepts and says nothing runs into the deadline', async () => {
    const port = await listen(createTcpServer((socket) => socket.on('error', () => {})));
    expect(await readServedChain(here(), { host: '127.0.0.1', port })).toMatchObject({ error: { code: 'timeout' } });
  });

  test('an alert is an alert', async () => {
    const port = await serve({
      ...identity,
      minVersion: 'TLSv1.2',
      ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
      maxVersion: 'TLSv1.2',
    });
    expect(await readServedChain(here(), { host: '127.0.0.1', port })).toMatchObject({
      error: { code: 'tls-failed', summary: expect.stringContaining('alert handshake failure (40)') },
    });
  });
});

describe.skipIf(missingSystemParts('getent', 'date'))('getent and date', () => {
  test('names, addresses and what does not resolve', async () => {
    expect(await readAddresses(here(), '127.0.0.1')).toEqual({ ok: true, value: { state: 'seen', value: ['127.0.0.1'] } });
    expect(await readAddresses(here(), 'fd00:0::5')).toEqual({ ok: true, value: { state: 'seen', value: ['fd00::5'] } });
    expect(await readAddresses(here(), 'array1.invalid')).toMatchObject({ ok: true, value: { state: 'absent' } });
  });
  test('this machine is not ahead of itself', async () => {
    const read = await readClock(here(), () => Date.now());
    expect(read.ok && read.value.state === 'seen' && Math.abs(read.value.value)).toBeLessThan(500);
  });
});

const noNamespaces =
  missingSystemParts('/sbin/ip', '/sbin/route', 'unshare') || missingRoot() || spawnSync('unshare', ['-n', 'true']).status !== 0;
describe.skipIf(noNamespaces)('real reject routes', () => {
  const setUp = [
    'ip link set lo up',
    'ip addr add 10.9.0.1/24 dev lo',
    'ip route add unreachable 10.9.0.5/32',
    '/sbin/route add -host 10.9.0.6 reject',
    'ip route add blackhole 10.8.0.0/16',
    'ip route add prohibit 10.9.0.7/32',
    'ip -6 route add unreachable fd00::5/128 || true',
  ].join('; ');

  test('those of ip and those of route are found, networks are not', async () => {
    const read = await readRejectRoutes(here(setUp));
    if (!read.ok || read.value.state !== 'seen') throw new Error(JSON.stringify(read));
    const addresses = read.value.value.map((route) => route.address);
    expect(addresses.filter((address) => address.includes('.'))).toEqual(['10.9.0.5', '10.9.0.6', '10.9.0.7']);
    expect(['fd00::5', undefined]).toContain(addresses[3]);
  });
  test('the same by the table of net-tools', async () => {
    const at = here(setUp);
    const withoutIp: ApplianceReader = {
      label: 'here',
      run: async (argv) => (argv[0] === '/sbin/ip' ? ok({ code: 127, stdout: '', stderr: '' }) : at.run(argv)),
    };
    expect(await readRejectRoutes(withoutIp)).toMatchObject({
      value: { value: [{ address: '10.9.0.5' }, { address: '10.9.0.6' }, { address: '10.9.0.7' }] },
    });
  });
  test('TLS towards a blocked address fails at once as unreachable', async () => {
    for (const host of ['10.9.0.5', '10.9.0.6', '10.9.0.7']) {
      const started = performance.now();
      expect(await readServedChain(here(setUp), { host, port: 443 })).toMatchObject({ error: { code: 'unreachable' } });
      expect(performance.now() - started).toBeLessThan(5_000);
    }
  });
});
