import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type HttpsTarget, openHttps, type ResolvedTrust } from '../../src/wire/https.js';
import { mintCa, mintLeaf } from '../support/mint.js';
import { clientOf, identity, pinOf, startRaw, startServer, startTls } from './https-server.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
const closing = <T extends { close(): Promise<void> }>(one: T): T => {
  open.push(one);
  return one;
};

const target = (port: number, trust: ResolvedTrust, address = 'vc.lab.test'): HttpsTarget => ({
  address,
  port: 443,
  connectTo: { host: '127.0.0.1', port },
  trust,
  label: 'vc',
});
const GET = { method: 'GET', path: '/hello' } as const;

async function outcome(server: { port: number }, trust: ResolvedTrust, address?: string): Promise<string> {
  const client = closing(openHttps(target(server.port, trust, address), { connectMs: 3_000, requestMs: 5_000 }));
  const answer = await client.request(GET);
  return answer.ok ? `HTTP ${answer.value.status}` : answer.error.code;
}

describe('who is talked to', () => {
  const ca = mintCa({ name: 'CN=Lab CA' });
  const namesake = mintCa({ name: 'CN=Lab CA' });
  const middle = mintCa({ name: 'CN=Lab middle CA', issuer: ca });
  const named = mintLeaf({ issuer: ca, san: ['vc.lab.test', '192.0.2.7', 'fd00::7'] });
  const below = mintLeaf({ issuer: middle, san: ['vc.lab.test'] });
  const elsewhere = mintLeaf({ issuer: ca, san: ['other.lab.test'] });
  const expired = mintLeaf({ issuer: ca, san: ['vc.lab.test'], notAfter: new Date('2021-01-01T00:00:00Z') });
  const other = mintLeaf();

  for (const { name, as, trust, address, result } of [
    { name: 'the pinned leaf is accepted, whatever its name', as: elsewhere, trust: pinOf(elsewhere), result: 'HTTP 200' },
    {
      name: 'the pinned leaf is accepted after its end: the pin says more',
      as: expired,
      trust: pinOf(expired),
      result: 'HTTP 200',
    },
    { name: 'another leaf than the pinned one is refused', as: named, trust: pinOf(other), result: 'tls-not-trusted' },
    { name: 'a leaf of the CA with the right name is accepted', as: named, trust: caOf(ca), result: 'HTTP 200' },
    {
      name: 'the name checked is the address, not where the connection goes',
      as: identity,
      trust: caOf(identity),
      result: 'tls-not-trusted',
    },
    { name: 'an address is looked up among the IP names', as: named, trust: caOf(ca), address: '192.0.2.7', result: 'HTTP 200' },
    { name: 'an IPv6 address too', as: named, trust: caOf(ca), address: 'fd00::7', result: 'HTTP 200' },
    { name: 'another address is refused', as: named, trust: caOf(ca), address: '192.0.2.8', result: 'tls-not-trusted' },
    { name: 'a leaf of the CA with another name is refused', as: elsewhere, trust: caOf(ca), result: 'tls-not-trusted' },
    { name: 'an expired leaf of the CA is refused', as: expired, trust: caOf(ca), result: 'tls-not-trusted' },
    {
      name: 'a CA of the same name with another key proves nothing',
      as: named,
      trust: caOf(namesake),
      result: 'tls-not-trusted',
    },
    { name: 'an intermediate CA in the file is enough', as: below, trust: caOf(middle), result: 'HTTP 200' },
    {
      name: 'a self-signed certificate is not what the system trusts',
      as: named,
      trust: { kind: 'system' } as const,
      result: 'tls-not-trusted',
    },
    {
      name: 'a CA file with nothing in it trusts nobody',
      as: named,
      trust: { kind: 'ca', pem: 'nothing' } as const,
      result: 'refused',
    },
  ]) {
    test(name, async () => {
      const server = closing(await startServer((_asked, response) => void response.end('hi'), as));
      const got = await outcome(server, trust, address);
      if (result === 'refused') expect(['tls-not-trusted', 'config-invalid']).toContain(got);
      else expect(got).toBe(result);
      if (result !== 'HTTP 200') expect(server.asked).toEqual([]);
    });
  }

  test('a mismatch shows both fingerprints as estate.yaml writes them, and says what to do', async () => {
    const server = closing(await startServer((_asked, response) => void response.end(), named));
    const client = closing(openHttps(target(server.port, pinOf(other))));
    const answer = await client.request(GET);
    if (answer.ok) throw new Error('accepted');
    expect(answer.error.summary).toContain(words(named.cert.sha256));
    expect(answer.error.summary).toContain(words(other.cert.sha256));
    expect(answer.error.summary).toMatch(/SHA256 ([0-9A-F]{2}:){31}[0-9A-F]{2}/);
    expect(answer.error.remedy).toContain('tls.fingerprint');
    expect(answer.error.target).toBe('vc');
  });

  test('an untrusted certificate is shown by its fingerprint, so that it can be compared and pinned', async () => {
    const server = closing(await startServer((_asked, response) => void response.end(), named));
    const client = closing(openHttps(target(server.port, caOf(namesake))));
    const answer = await client.request(GET);
    expect(answer.ok ? '' : answer.error.summary).toContain(words(named.cert.sha256));
  });

  test('not one byte of HTTP goes to a peer that does not match', async () => {
    const received: Buffer[] = [];
    let connections = 0;
    const peer = closing(await startTls((socket) => void socket.on('data', (chunk) => received.push(chunk)), named));
    const relay = closing(
      await startRaw((socket) => {
        connections += 1;
        relayTo(peer.port, socket);
      }),
    );
    for (const trust of [pinOf(other), caOf(namesake), { kind: 'system' } as const]) {
      const client = closing(openHttps(target(relay.port, trust)));
      const answer = await client.request({
        method: 'POST',
        path: '/api/session',
        headers: { authorization: 'Basic c2VjcmV0' },
        body: 'secret',
        readsOnly: true,
      });
      expect(answer.ok ? 'sent' : answer.error.code).toBe('tls-not-trusted');
    }
    expect(connections).toBe(3);
    expect(Buffer.concat(received).length).toBe(0);
  });

  test('a resumed connection needs no certificate, and only connections verified before can be resumed', async () => {
    const server = closing(
      await startServer((_asked, response) => {
        response.setHeader('connection', 'close');
        response.end();
      }, named),
    );
    const client = closing(openHttps(target(server.port, pinOf(named))));
    for (let i = 0; i < 3; i += 1) expect((await client.request(GET)).ok).toBe(true);
    expect(server.resumed()).toBeGreaterThan(0);
    const stranger = closing(openHttps(target(server.port, pinOf(other))));
    for (let i = 0; i < 3; i += 1) expect((await stranger.request(GET)).ok).toBe(false);
    expect(server.asked).toHaveLength(3);
  });

  test('each new connection is verified, also when a peer changes its certificate between two', async () => {
    let first = true;
    const good = closing(
      await startServer((_asked, response) => {
        response.setHeader('connection', 'close');
        response.end();
      }, named),
    );
    const bad = closing(await startServer((_asked, response) => void response.end(), other));
    const relay = closing(
      await startRaw((socket) => {
        relayTo(first ? good.port : bad.port, socket);
        first = false;
      }),
    );
    const client = closing(openHttps(target(relay.port, pinOf(named))));
    expect((await client.request(GET)).ok).toBe(true);
    const second = await client.request(GET);
    expect(second.ok ? 'sent' : second.error.code).toBe('tls-not-trusted');
    expect(bad.asked).toEqual([]);
  });

  test('the address is sent as server name and Host; an IP address is not sent as server name', async () => {
    const server = closing(await startServer((_asked, response) => void response.end(), named));
    const byName = closing(openHttps(target(server.port, pinOf(named))));
    const byAddress = closing(openHttps(target(server.port, pinOf(named), '192.0.2.7')));
    expect((await byName.request(GET)).ok && (await byAddress.request(GET)).ok).toBe(true);
    expect(server.names).toEqual(['vc.lab.test', false]);
    expect(server.asked.map((asked) => asked.headers.host)).toEqual(['vc.lab.test', '192.0.2.7']);
  });
});

function relayTo(port: number, socket: Socket): void {
  const onward = connect(port, '127.0.0.1');
  onward.on('error', () => socket.destroy());
  socket.pipe(onward).pipe(socket);
  socket.on('close', () => onward.destroy());
}

function caOf(minted: { readonly pem: string }): ResolvedTrust {
  return { kind: 'ca', pem: minted.pem };
}

function words(sha256: string): string {
  return `SHA256 ${sha256.toUpperCase().replace(/(..)(?=.)/g, '$1:')}`;
}

describe('what comes back', () => {
  test('status, headers, body and the distance of the clocks', async () => {
    const server = closing(
      await startServer((_asked, response) => {
        response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString());
        response.setHeader('set-cookie', ['a=1', 'b=2']);
        response.statusCode = 201;
        response.end('body');
      }),
    );
    const answer = await closing(clientOf(server)).request({ method: 'POST', path: '/x?y=1', body: 'sent' });
    if (!answer.ok) throw new Error(answer.error.summary);
    expect(answer.value.status).toBe(201);
    expect(Buffer.from(answer.value.body).toString()).toBe('body');
    expect(answer.value.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(answer.value.clockAheadMs).toBeGreaterThan(3_600_000 - 5_000);
    expect(answer.value.clockAheadMs).toBeLessThan(3_600_000 + 5_000);
    expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/x?y=1', body: 'sent' });
  });

  test('a redirect is an answer and is not followed', async () => {
    const server = closing(
      await startServer((_asked, response) => void response.writeHead(302, { location: 'https://elsewhere.test/' }).end()),
    );
    const answer = await closing(clientOf(server)).request(GET);
    expect(answer.ok && answer.value.status).toBe(302);
    expect(server.asked).toHaveLength(1);
  });

  test('proxies of the environment are ignored', async () => {
    const proxied: string[] = [];
    const proxy = closing(
      await startRaw((socket) => {
        proxied.push('connected');
        socket.destroy();
      }),
    );
    const server = closing(await startServer((_asked, response) => void response.end()));
    const before = { ...process.env };
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'])
      process.env[name] = `http://127.0.0.1:${proxy.port}`;
    try {
      expect((await closing(clientOf(server)).request(GET)).ok).toBe(true);
    } finally {
      process.env = before;
    }
    expect(proxied).toEqual([]);
  });

  test('many requests share few connections', async () => {
    const server = closing(await startServer((_asked, response) => void response.end()));
    const client = closing(clientOf(server, { connections: 3 }));
    const answers = await Promise.all(Array.from({ length: 40 }, () => client.request(GET)));
    expect(answers.every((answer) => answer.ok)).toBe(true);
    expect(server.connections()).toBeLessThanOrEqual(3);
  });

  test('a connection closed while idle costs a read nothing, and a write is not sent twice', async () => {
    let close = true;
    const server = closing(
      await startServer((asked, response) => {
        if (close && asked.path === '/second') {
          close = false;
          response.socket?.destroy();
          return;
        }
        response.end('done');
      }),
    );
    const client = closing(clientOf(server, { connections: 1 }));
    await client.request(GET);
    const read = await client.request({ method: 'POST', path: '/second', readsOnly: true });
    expect(read.ok).toBe(true);
    close = true;
    const write = await client.request({ method: 'POST', path: '/second' });
    expect(write.ok ? 'sent twice' : write.error.code).toBe('unreachable');
    expect(server.asked.map((asked) => asked.path)).toEqual(['/hello', '/second', '/second', '/second']);
  });
});

describe('bounds', () => {
  test('an endless answer is cut off at the limit, announced or not', async () => {
    let written = 0;
    const server = closing(
      await startServer((asked, response) => {
        if (asked.path === '/announced') response.setHeader('content-length', 100 * 1024 * 1024);
        const chunk = Buffer.alloc(64 * 1024, 'x');
        const more = (): void => {
          while (!response.destroyed && written < 100 * 1024 * 1024) {
            written += chunk.length;
            if (!response.write(chunk)) {
              response.once('drain', more);
              return;
            }
          }
          response.end();
        };
        more();
      }),
    );
    const client = closing(clientOf(server, { maxBytes: 1024 * 1024 }));
    for (const path of ['/announced', '/chunked']) {
      written = 0;
      const answer = await client.request({ method: 'GET', path });
      expect(answer.ok ? 'read' : answer.error.code).toBe('too-large');
      // The limit, and what fits into buffers on the way.
      expect(written).toBeLessThan(20 * 1024 * 1024);
    }
    expect((await client.request({ method: 'GET', path: '/chunked', maxBytes: 200 * 1024 * 1024 })).ok).toBe(true);
  });

  test('headers without end are refused', async () => {
    const server = closing(
      await startServer((_asked, response) => {
        for (let i = 0; i < 50; i += 1) response.setHeader(`x-${i}`, 'y'.repeat(4_000));
        response.end();
      }),
    );
    const answer = await closing(clientOf(server)).request(GET);
    expect(answer.ok ? 'read' : answer.error.code).toBe('too-large');
  });

  test('a certain time is waited for the handshake, the headers and the body each', async () => {
    const silent = closing(await startRaw(() => {}));
    const mute = closing(await startServer(() => {}));
    const slow = closing(
      await startServer((_asked, response) => {
        response.writeHead(200);
        response.write('half');
      }),
    );
    const limits = { connectMs: 150, requestMs: 300 };
    const handshake = await closing(openHttps(target(silent.port, { kind: 'system' }), limits)).request(GET);
    const headers = await closing(clientOf(mute, { requestMs: 300 })).request(GET);
    const body = await closing(clientOf(slow, { requestMs: 300 })).request(GET);
    for (const answer of [handshake, headers, body]) expect(answer.ok ? 'answered' : answer.error.code).toBe('timeout');
  });
});

describe('connection failures are told apart', () => {
  test('nobody listens', async () => {
    const gone = await startRaw(() => {});
    await gone.close();
    expect(await outcome(gone, pinOf(identity))).toBe('unreachable');
  });

  test('the name does not resolve', async () => {
    const client = closing(
      openHttps({ address: 'no-such-host.invalid', port: 443, trust: { kind: 'system' }, label: 'vc' }, { connectMs: 5_000 }),
    );
    const answer = await client.request(GET);
    expect(answer.ok ? 'answered' : answer.error.code).toBe('name-not-found');
  });

  test('the peer does not speak TLS', async () => {
    const plain = closing(await startRaw((socket) => void socket.write('SSH-2.0-OpenSSH_9.2\r\n')));
    expect(await outcome(plain, pinOf(identity))).toBe('tls-failed');
  });

  test('the peer hangs up during the handshake', async () => {
    const rude = closing(await startRaw((socket) => void socket.destroy()));
    expect(await outcome(rude, pinOf(identity))).toBe('unreachable');
  });

  test('the peer speaks TLS but not HTTP', async () => {
    const server = closing(await startTls((socket) => void socket.end('220 mail ESMTP\u001b[2J\r\n')));
    expect(await outcome(server, pinOf(identity))).toBe('bad-answer');
  });

  test('a body shorter than announced', async () => {
    const server = closing(
      await startServer((_asked, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('short', () => response.socket?.destroy());
      }),
    );
    const answer = await closing(clientOf(server)).request(GET);
    expect(answer.ok ? 'read' : answer.error.code).toMatch(/unreachable|bad-answer/);
  });
});
