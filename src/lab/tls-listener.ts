import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { DerBase64 } from '../model/ids.js';
import { generateEcKeys } from './keys.js';
import { certificatePem, mintBare, subjectBytes } from './pki.js';

/** What one server name of one port serves. */
export interface TlsFace {
  readonly privateKeyPem: string;
  /** As sent: [0] is the leaf. */
  readonly chain: readonly DerBase64[];
  /** CAs whose names the CertificateRequest lists; missing: no client certificate is asked for. */
  readonly clientCas?: readonly DerBase64[];
  readonly min: 'TLSv1.2' | 'TLSv1.3';
  readonly max: 'TLSv1.2' | 'TLSv1.3';
}

export interface TlsListenerOptions {
  readonly host: '127.0.0.1' | '::1';
  /** Asked anew for every connection, so that a changed world shows at once. `garbage`: bytes that are no TLS, then the end. */
  face(serverName: string | undefined): TlsFace | 'garbage';
  readonly onRequest: RequestListener;
  /** After every finished or failed handshake. */
  readonly onHandshake?: (serverName: string | undefined, outcome: string) => void;
}

export interface RunningListener {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** HTTPS on a random port whose certificate is looked up for every connection. */
export async function listenTls(options: TlsListenerOptions): Promise<RunningListener> {
  const http = createHttpServer({ keepAliveTimeout: 30_000 }, options.onRequest);
  const sockets = new Set<Socket>();
  const contexts = openContextCache();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const face = options.face(undefined);
    if (face === 'garbage') return speakGarbage(socket);
    let serverName: string | undefined;
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: contexts.get(face),
      requestCert: face.clientCas !== undefined,
      rejectUnauthorized: false,
      SNICallback(name, done) {
        serverName = name;
        const named = options.face(name);
        done(null, contexts.get(named === 'garbage' ? face : named));
      },
    });
    let finished = false;
    const finish = (outcome: string) => {
      if (finished) return;
      finished = true;
      options.onHandshake?.(serverName, outcome);
    };
    secure.on('error', (error) => {
      finish(`failed: ${error.message.slice(0, 200)}`);
      secure.destroy();
    });
    secure.once('close', () => finish('closed'));
    secure.once('secure', () => {
      finish(secure.getProtocol() ?? 'secure');
      http.emit('connection', secure);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, options.host, resolve);
  });
  return {
    host: options.host,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The whole body of a request, at most 16 MB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > 16 * 1024 * 1024) throw new Error('request too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Looks like the start of an HTTP answer with control characters in it, and is no TLS record. */
function speakGarbage(socket: Socket): void {
  socket.end(Buffer.from('HTTP/1.0 400 \u001b[31mnot TLS\u0007\r\n\r\n\u0000\u0016\u0003\u0001garbage', 'latin1'));
}

function openContextCache(): { get(face: TlsFace): SecureContext } {
  const known = new Map<string, SecureContext>();
  return {
    get(face) {
      const key = createHash('sha256')
        .update(JSON.stringify([face.chain, face.clientCas, face.min, face.max]))
        .digest('base64');
      const context = known.get(key) ?? makeContext(face);
      if (known.size > 32) known.clear();
      known.set(key, context);
      return context;
    },
  };
}

function makeContext(face: TlsFace): SecureContext {
  return createSecureContext({
    key: face.privateKeyPem,
    cert: face.chain.map(certificatePem).join(''),
    // An empty list, and not a missing one: OpenSSL would otherwise look for the leaf's issuer in its own store and send it along.
    ca: (face.clientCas ?? []).map(nameOnly),
    minVersion: face.min,
    maxVersion: face.max,
  });
}

const stand = new Map<DerBase64, string>();
const standInKeys = generateEcKeys();

/**
 * A certificate with the subject of `ca` that can sign nothing. Only its name goes into the CertificateRequest; with the real one OpenSSL
 * would complete the served chain from this list, and a provider that serves a leaf alone could not be shown.
 */
function nameOnly(ca: DerBase64): string {
  const known = stand.get(ca) ?? certificatePem(mintBare(subjectBytes(ca), standInKeys));
  if (stand.size > 4096) stand.clear();
  stand.set(ca, known);
  return known;
}
