import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type HttpsClient, type HttpsLimits, openHttps, type ResolvedTrust } from '../../src/wire/https.js';
import { type Minted, mintLeaf } from '../support/mint.js';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Handler = (asked: Asked, response: ServerResponse) => void | Promise<void>;

export interface TestServer {
  readonly port: number;
  readonly identity: Minted;
  /** Every HTTP request that arrived, in order. */
  readonly asked: Asked[];
  /** Server names indicated in TLS handshakes; `false` where none was. */
  readonly names: (string | false)[];
  /** Connections accepted. */
  readonly connections: () => number;
  /** Those of them that resumed an earlier TLS session. */
  readonly resumed: () => number;
  close(): Promise<void>;
}

export const identity = mintLeaf();

/** A real HTTPS server on 127.0.0.1. */
export async function startServer(handler: Handler, as: Minted = identity): Promise<TestServer> {
  const asked: Asked[] = [];
  const names: (string | false)[] = [];
  let connections = 0;
  let resumed = 0;
  const server = createHttpsServer({ cert: as.pem, key: as.keyPem }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      asked.push(one);
      await handler(one, response);
    });
  });
  server.on('secureConnection', (socket) => {
    names.push(socket.servername ?? false);
    if (socket.isSessionReused()) resumed += 1;
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.on('tlsClientError', () => {});
  const { port, close } = await listen(server);
  return { port, identity: as, asked, names, connections: () => connections, resumed: () => resumed, close };
}

/** Anything else that accepts TCP. */
export async function startRaw(talk: (socket: Socket) => void): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    talk(socket);
  });
  return listen(server);
}

/** Speaks TLS, and then whatever it likes. */
export async function startTls(
  talk: (socket: Socket) => void,
  as: Minted = identity,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createTlsServer({ cert: as.pem, key: as.keyPem }, (socket) => {
    socket.on('error', () => {});
    talk(socket);
  });
  server.on('tlsClientError', () => {});
  return listen(server);
}

async function listen(server: Server): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export const pinOf = (minted: Minted): ResolvedTrust => ({ kind: 'fingerprint', sha256: minted.cert.sha256 });

/** A client of that server which calls it `vc.lab.test`. */
export function clientOf(server: Pick<TestServer, 'port' | 'identity'>, limits: HttpsLimits = {}): HttpsClient {
  return openHttps(
    {
      address: 'vc.lab.test',
      port: 443,
      connectTo: { host: '127.0.0.1', port: server.port },
      trust: pinOf(server.identity),
      label: 'vc',
    },
    limits,
  );
}
