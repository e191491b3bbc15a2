import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { TlsHandshake } from '../../src/model/evidence.js';
import { derBase64 } from '../../src/model/ids.js';
import { probeChain } from '../../src/wire/tls-probe.js';
import { dnText } from '../../src/x509/names.js';
import { type Minted, mintCa, mintLeaf } from '../support/mint.js';

const root = mintCa({ name: 'CN=CA,DC=vsphere,DC=local' });
const middle = mintCa({ name: 'CN=Middle', issuer: root });
const leaf = mintLeaf({ issuer: middle });
const rsaLeaf = mintLeaf({ keyType: 'rsa' });
const stranger = mintCa({ name: 'CN=Stranger' });

const open: { close(): unknown; sockets: Set<Socket> }[] = [];
afterEach(async () => {
  for (const { close, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await close();
  }
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ sockets, close: () => new Promise((done) => server.close(done)) });
  return (server.address() as AddressInfo).port;
}

/** A TLS server that sends these certificates in this order; the first one's key is used. */
function tlsServer(chain: readonly Minted[], options: TlsOptions = {}): Promise<number> {
  const server = createTlsServer({
    key: chain[0]?.keyPem,
    cert: chain.map(({ pem }) => pem).join(''),
    maxVersion: 'TLSv1.2',
    ...options,
  });
  server.on('tlsClientError', () => {});
  return listen(server);
}

const rawServer = (onConnection: (socket: Socket) => void): Promise<number> => listen(createServer(onConnection));

async function probe(port: number, more: { sni?: string; host?: string } = {}, timeoutMs = 5_000): Promise<TlsHandshake> {
  const result = await probeChain({ host: '127.0.0.1', port, ...more }, timeoutMs);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.summary}`);
  return result.value;
}

const ders = (chain: readonly Minted[]) => chain.map(({ der }) => derBase64(der));

describe('the chain is what was sent', () => {
  for (const { name, chain } of [
    { name: 'leaf, intermediate, root', chain: [leaf, middle, root] },
    { name: 'without the intermediate', chain: [leaf, root] },
    { name: 'the leaf alone', chain: [leaf] },
    { name: 'in odd order', chain: [leaf, root, middle] },
    { name: 'with unrelated certificates', chain: [leaf, stranger, middle, rsaLeaf] },
    { name: 'with a certificate twice', chain: [leaf, middle, middle] },
    { name: 'an RSA certificate', chain: [rsaLeaf] },
  ])
    test(name, async () => {
      const seen = await probe(await tlsServer(chain));
      expect(seen.chain).toEqual(ders(chain));
      expect(seen).toMatchObject({ protocol: 'TLSv1.2', asSent: true, remoteAddress: '127.0.0.1' });
    });

  test('a long chain that needs several records', async () => {
    const bulky = Array.from({ length: 40 }, (_, i) => mintLeaf({ name: `CN=filler ${i}`, san: [`${'x'.repeat(900)}.example`] }));
    const seen = await probe(await tlsServer([leaf, ...bulky]));
    expect(seen.chain).toEqual(ders([leaf, ...bulky]));
  });

  for (const { name, ciphers, cert } of [
    { name: 'RSA key exchange', ciphers: 'AES128-SHA', cert: rsaLeaf },
    { name: 'ECDHE with CBC', ciphers: 'ECDHE-RSA-AES256-SHA384', cert: rsaLeaf },
    { name: 'DHE', ciphers: 'DHE-RSA-AES256-GCM-SHA384', cert: rsaLeaf },
    { name: 'ECDSA with ChaCha20', ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305', cert: leaf },
  ])
    test(`a server that speaks ${name} only`, async () => {
      expect((await probe(await tlsServer([cert], { ciphers, dhparam: 'auto' }))).chain).toEqual(ders([cert]));
    });

  for (const protocol of ['TLSv1', 'TLSv1.1'] as const)
    test(`a server that speaks ${protocol} only`, async () => {
      const options = {
        minVersion: protocol,
        maxVersion: protocol,
        ciphers: 'DEFAULT@SECLEVEL=0',
        requestCert: true,
        ca: root.pem,
      };
      const seen = await probe(await tlsServer([rsaLeaf], options));
      expect(seen).toMatchObject({ protocol, chain: ders([rsaLeaf]), clientCertificateRequested: true });
      expect(seen.acceptedCas?.map(dnText)).toEqual(['CN=CA,DC=vsphere,DC=local']);
    });
});

describe('client certificates', () => {
  test('a server that wants none', async () => {
    const seen = await probe(await tlsServer([leaf]));
    expect(seen.clientCertificateRequested).toBe(false);
    expect(seen).not.toHaveProperty('acceptedCas');
  });
  test('a server that names its CAs', async () => {
    const seen = await probe(await tlsServer([leaf], { requestCert: true, ca: [root.pem, stranger.pem] }));
    expect(seen.clientCertificateRequested).toBe(true);
    expect(seen.acceptedCas?.map(dnText)).toEqual(['CN=CA,DC=vsphere,DC=local', 'CN=Stranger']);
  });
  test('a server that takes any CA', async () => {
    const seen = await probe(await tlsServer([leaf], { requestCert: true, ca: [] }));
    expect(seen).toMatchObject({ clientCertificateRequested: true, acceptedCas: [] });
  });
});

describe('server names', () => {
  const virtual = mintLeaf({ name: 'CN=vhost', san: ['vc65.array1.example'] });
  const withVhost = (seen: (string | undefined)[] = []) =>
    tlsServer([leaf], {
      SNICallback: (name, done) => {
        seen.push(name);
        done(null, name === 'vc65.array1.example' ? createSecureContext({ key: virtual.keyPem, cert: virtual.pem }) : undefined);
      },
    });

  test('each name shows its own certificate', async () => {
    const port = await withVhost();
    expect((await probe(port)).chain).toEqual(ders([leaf]));
    expect((await probe(port, { sni: 'vc65.array1.example' })).chain).toEqual(ders([virtual]));
    expect((await probe(port, { sni: 'VC65.Array1.Example.' })).chain).toEqual(ders([virtual]));
    expect((await probe(port, { sni: 'other.example' })).chain).toEqual(ders([leaf]));
  });
  test('no name is sent for an address, nor when none is given', async () => {
    const names: (string | undefined)[] = [];
    const port = await withVhost(names);
    for (const sni of ['127.0.0.1', '::1', '[fe80::1]', '']) await probe(port, { sni });
    await probe(port);
    expect(names).toEqual([]);
  });
  test('a name that is not ASCII is sent as IDNA', async () => {
    const names: (string | undefined)[] = [];
    await probe(await withVhost(names), { sni: 'speicher-köln.example' });
    expect(names).toEqual(['xn--speicher-kln-ejb.example']);
  });
  test('a name that fits no ClientHello is refused before anything is sent', async () => {
    const result = await probeChain({ host: '127.0.0.1', port: await withVhost(), sni: 'x'.repeat(300) }, 5_000);
    expect(result).toMatchObject({ ok: false, error: { code: 'bad-answer' } });
  });
  test('a warning about the name does not end the handshake', async () => {
    const real = await tlsServer([leaf]);
    const port = await rawServer((socket) => {
      socket.write(Uint8Array.of(21, 3, 3, 0, 2, 1, 112));
      relay(socket, real);
    });
    expect((await probe(port, { sni: 'unknown.example' })).chain).toEqual(ders([leaf]));
  });
});

/** Passes bytes on, one at a time towards the probe when asked to. */
function relay(socket: Socket, port: number, oneByOne = false): void {
  const upstream = connect(port, '127.0.0.1');
  upstream.on('error', () => {});
  socket.on('data', (chunk) => upstream.write(chunk)).on('close', () => upstream.destroy());
  upstream.on('data', async (chunk) => {
    upstream.pause();
    for (const part of oneByOne ? Array.from(chunk, (byte) => Uint8Array.of(byte)) : [chunk]) {
      if (!socket.writable) return;
      await new Promise((sent) => socket.write(part, sent));
    }
    upstream.resume();
  });
}

describe('TLS 1.3 alone', () => {
  const only13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;
  test('leaf and path come from Node, marked as not as sent', async () => {
    const seen = await probe(await tlsServer([leaf, middle, root], only13));
    expect(seen).toMatchObject({ protocol: 'TLSv1.3', asSent: false, chain: ders([leaf, middle, root]) });
    expect(seen).not.toHaveProperty('clientCertificateRequested');
  });
  test('what the server left out is not filled in', async () => {
    expect((await probe(await tlsServer([leaf], only13))).chain).toEqual(ders([leaf]));
  });
  test('a server that wants a client certificate still shows its own', async () => {
    const seen = await probe(await tlsServer([leaf], { ...only13, requestCert: true, rejectUnauthorized: true, ca: root.pem }));
    expect(seen.chain).toEqual(ders([leaf]));
  });
  test('the server name is sent there, too, and none for an address', async () => {
    const names: string[] = [];
    const port = await tlsServer([leaf], {
      ...only13,
      SNICallback(name, done) {
        names.push(name);
        done(null);
      },
    });
    await probe(port, { sni: 'array1.example' });
    await probe(port);
    await probe(port, { sni: '127.0.0.1' });
    expect(names).toEqual(['array1.example']);
  });
  test('a server of both versions is read as sent', async () => {
    const seen = await probe(await tlsServer([leaf, stranger], { maxVersion: 'TLSv1.3' }));
    expect(seen).toMatchObject({ protocol: 'TLSv1.2', asSent: true, chain: ders([leaf, stranger]) });
  });
});

describe('addresses', () => {
  test('connectTo takes the TCP connection elsewhere', async () => {
    const port = await tlsServer([leaf]);
    const result = await probeChain({ host: 'array1.invalid', port: 8084, connectTo: { host: '127.0.0.1', port } }, 5_000);
    expect(result).toMatchObject({ ok: true, value: { remoteAddress: '127.0.0.1' } });
  });
  test('an IPv6 literal needs no brackets', async () => {
    const server = createTlsServer({ key: leaf.keyPem, cert: leaf.pem, maxVersion: 'TLSv1.2' });
    server.on('tlsClientError', () => {});
    server.listen(0, '::1');
    await once(server, 'listening');
    open.push({ sockets: new Set(), close: () => new Promise((done) => server.close(done)) });
    expect((await probe((server.address() as AddressInfo).port, { host: '::1' })).remoteAddress).toBe('::1');
  });
  test('a name that does not resolve', async () => {
    const result = await probeChain({ host: 'array1.invalid', port: 8084 }, 5_000);
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'name-not-found', target: 'array1.invalid:8084', retry: 'after-remedy' },
    });
  });
  test('a port nobody listens on', async () => {
    const port = await rawServer(() => {});
    await open.pop()?.close();
    const result = await probeChain({ host: '127.0.0.1', port }, 5_000);
    expect(result).toMatchObject({ ok: false, error: { code: 'unreachable', target: `127.0.0.1:${port}`, retry: 'later' } });
  });
});

describe('peers that do not behave', () => {
  const handshakeRecord = (...messages: Uint8Array[]) => {
    const body = Buffer.concat(messages);
    return Buffer.concat([Uint8Array.of(22, 3, 3, body.length >> 8, body.length & 0xff), body]);
  };
  const message = (type: number, body: Uint8Array) =>
    Buffer.concat([Uint8Array.of(type, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff), body]);
  const hello = message(2, Buffer.concat([Uint8Array.of(3, 3), Buffer.alloc(32), Uint8Array.of(0, 0xc0, 0x2f, 0)]));
  const certificates = (...list: Uint8Array[]) => {
    const length = (n: number) => Uint8Array.of(n >> 16, (n >> 8) & 0xff, n & 0xff);
    const body = Buffer.concat(list.flatMap((der) => [length(der.length), der]));
    return message(11, Buffer.concat([length(body.length), body]));
  };
  const done = message(14, Buffer.alloc(0));

  const cases: readonly { name: string; answer: (socket: Socket) => void; code: string; words?: RegExp }[] = [
    {
      name: 'an HTTP server',
      answer: (s) => s.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      code: 'bad-answer',
      words: /does not speak TLS.*HTTP/,
    },
    { name: 'an SSH server', answer: (s) => s.write('SSH-2.0-OpenSSH_9.2\r\n'), code: 'bad-answer', words: /does not speak TLS/ },
    { name: 'terminal escapes', answer: (s) => s.write('\x1b]0;owned\x07\x1b[2J'), code: 'bad-answer', words: /^[ -~]*$/ },
    { name: 'nothing but a FIN', answer: (s) => s.end(), code: 'bad-answer', words: /without answering in TLS/ },
    { name: 'a reset', answer: (s) => s.resetAndDestroy(), code: 'bad-answer' },
    {
      name: 'an alert',
      answer: (s) => s.write(Uint8Array.of(21, 3, 3, 0, 2, 2, 112)),
      code: 'tls-failed',
      words: /unrecognized_name/,
    },
    {
      name: 'an alert without a name',
      answer: (s) => s.write(Uint8Array.of(21, 3, 3, 0, 2, 2, 250)),
      code: 'tls-failed',
      words: /alert 250/,
    },
    {
      name: 'close_notify',
      answer: (s) => s.write(Uint8Array.of(21, 3, 3, 0, 2, 1, 0)),
      code: 'tls-failed',
      words: /close_notify/,
    },
    { name: 'half an alert', answer: (s) => s.write(Uint8Array.of(21, 3, 3, 0, 1, 2)), code: 'bad-answer' },
    {
      name: 'half a ServerHello',
      answer: (s) => s.end(handshakeRecord(hello).subarray(0, 30)),
      code: 'bad-answer',
      words: /in the middle/,
    },
    {
      name: 'a ServerHello of no version',
      answer: (s) => s.write(handshakeRecord(message(2, Buffer.alloc(60)))),
      code: 'bad-answer',
    },
    {
      name: 'no certificate',
      answer: (s) => s.write(handshakeRecord(hello, done)),
      code: 'bad-answer',
      words: /without a certificate/,
    },
    {
      name: 'an empty list',
      answer: (s) => s.write(handshakeRecord(hello, certificates())),
      code: 'bad-answer',
      words: /empty list/,
    },
    {
      name: 'a certificate of no bytes',
      answer: (s) => s.write(handshakeRecord(hello, certificates(Buffer.alloc(0)))),
      code: 'bad-answer',
    },
    {
      name: '65 certificates',
      answer: (s) => s.write(handshakeRecord(hello, certificates(...Array(65).fill(Buffer.alloc(9))))),
      code: 'bad-answer',
    },
    {
      name: 'certificates before the hello',
      answer: (s) => s.write(handshakeRecord(certificates(leaf.der))),
      code: 'bad-answer',
    },
    {
      name: 'a message of 16 MB',
      answer: (s) => s.write(handshakeRecord(hello, Uint8Array.of(11, 255, 255, 255, 0))),
      code: 'too-large',
    },
    { name: 'a record of 64 KB', answer: (s) => s.write(Uint8Array.of(22, 3, 3, 255, 255)), code: 'bad-answer' },
    { name: 'application data', answer: (s) => s.write(Uint8Array.of(23, 3, 3, 0, 1, 0)), code: 'bad-answer' },
    {
      name: 'empty records for ever',
      answer: (s) => s.write(Buffer.concat(Array(5_000).fill(Uint8Array.of(22, 3, 3, 0, 0)))),
      code: 'too-large',
    },
    { name: 'silence', answer: () => {}, code: 'timeout', words: /did not finish its TLS hello within 500 ms/ },
    {
      name: 'data without an end',
      answer: (s) => {
        const more = () => {
          while (s.writable && s.write(handshakeRecord(message(22, Buffer.alloc(16_000)))));
        };
        s.write(handshakeRecord(hello), more);
        s.on('drain', more);
      },
      code: 'too-large',
    },
  ];
  for (const { name, answer, code, words } of cases)
    test(`${name}: ${code}`, async () => {
      const port = await rawServer((socket) => socket.once('data', () => answer(socket)));
      const started = performance.now();
      const result = await probeChain({ host: '127.0.0.1', port }, 500);
      expect(result).toMatchObject({ ok: false, error: { code, target: `127.0.0.1:${port}` } });
      if (!result.ok) {
        expect(result.error.remedy).not.toBe('');
        if (words) expect(result.error.summary).toMatch(words);
      }
      expect(performance.now() - started).toBeLessThan(3_000);
    });

  test('one byte at a time is read as well', async () => {
    const real = await tlsServer([leaf, middle]);
    const port = await rawServer((socket) => relay(socket.setNoDelay(true), real, true));
    expect((await probe(port)).chain).toEqual(ders([leaf, middle]));
  });
  test('each message in a record of its own, and all in one', async () => {
    for (const answer of [
      Buffer.concat([hello, certificates(leaf.der), done].map((part) => handshakeRecord(part))),
      handshakeRecord(hello, certificates(leaf.der), done),
      Buffer.concat(
        [...Buffer.concat([hello, certificates(leaf.der), done])].map((byte) => handshakeRecord(Uint8Array.of(byte))),
      ),
    ]) {
      const port = await rawServer((socket) => socket.once('data', () => socket.write(answer)));
      expect((await probe(port)).chain).toEqual(ders([leaf]));
    }
  });
  for (const { name, end } of [
    { name: 'closes', end: (socket: Socket) => socket.end() },
    { name: 'falls silent', end: () => {} },
    { name: 'sends an alert', end: (socket: Socket) => socket.write(Uint8Array.of(21, 3, 3, 0, 2, 2, 80)) },
  ])
    test(`a server that ${name} after its certificates has shown them`, async () => {
      const port = await rawServer((socket) =>
        socket.once('data', () => {
          socket.write(handshakeRecord(hello, certificates(leaf.der, middle.der)));
          end(socket);
        }),
      );
      const seen = await probe(port, {}, 500);
      expect(seen.chain).toEqual(ders([leaf, middle]));
      expect(seen).not.toHaveProperty('clientCertificateRequested');
    });
  test('garbage in place of certificates is carried as it is', async () => {
    const garbage = Buffer.from('not a certificate');
    const port = await rawServer((socket) =>
      socket.once('data', () => socket.write(handshakeRecord(hello, certificates(garbage), done))),
    );
    expect((await probe(port)).chain).toEqual([derBase64(garbage)]);
  });
});

describe('manners', () => {
  test('the probe says close_notify and leaves', async () => {
    const received: Buffer[] = [];
    let ended: () => void = () => {};
    const left = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const real = await tlsServer([leaf]);
    const port = await rawServer((socket) => {
      socket.on('data', (chunk) => received.push(chunk)).on('end', ended);
      relay(socket, real);
    });
    await probe(port);
    await left;
    expect(Buffer.concat(received).subarray(-7)).toEqual(Buffer.from([21, 3, 3, 0, 2, 1, 0]));
  });
  test('nothing but one ClientHello is sent before', async () => {
    const received: Buffer[] = [];
    const port = await rawServer((socket) => socket.on('data', (chunk) => received.push(chunk)));
    await probeChain({ host: '127.0.0.1', port, sni: 'array1.example' }, 200);
    const sent = Buffer.concat(received);
    expect([...sent.subarray(0, 3), sent[5]]).toEqual([22, 3, 1, 1]);
    expect(sent.length).toBe(5 + sent.readUInt16BE(3));
    expect(sent.length - 5 < 256 || sent.length - 5 >= 512).toBe(true);
    expect(sent.includes('array1.example')).toBe(true);
  });
});
