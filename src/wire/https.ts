import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
  connect as tlsConnect,
} from 'node:tls';
import { type Dispatcher, Pool } from 'undici';
import { err, interrupted, ok, type Problem, type Result } from '../model/problem.js';
import {
  handshakeTimeout,
  isStaleConnection,
  notTrusted,
  type Peer,
  pinMismatch,
  problemOf,
  tooLarge,
  unusableTrust,
  WireError,
} from './https-problems.js';

/** How the peer proves who it is. There is no way to say "anybody". */
export type ResolvedTrust =
  /** SHA-256 of the leaf's DER, lower-case hex without colons. Name and dates of the certificate are not looked at: the pin says more. */
  | { readonly kind: 'fingerprint'; readonly sha256: string }
  /** Path to one of these certificates, and the name of `address` in the leaf. */
  | { readonly kind: 'ca'; readonly pem: string }
  /** The same with Node's own root certificates (and `NODE_EXTRA_CA_CERTS`). */
  | { readonly kind: 'system' };

export interface HttpsTarget {
  /** Host name or IP address: the Host header, the server name sent, and the name the certificate must carry. */
  readonly address: string;
  readonly port: number;
  /** Where the TCP connection goes instead; nothing else changes. */
  readonly connectTo?: { readonly host: string; readonly port: number } | undefined;
  readonly trust: ResolvedTrust;
  /** What problems are about: a vCenter id. */
  readonly label: string;
}

export interface HttpsLimits {
  /** Connect and handshake together, ms. */
  readonly connectMs?: number;
  /** From the call to the last byte of the answer, waiting for a free connection included, ms. */
  readonly requestMs?: number;
  /** Largest body accepted, bytes. */
  readonly maxBytes?: number;
  /** Connections open at one time. */
  readonly connections?: number;
}

export interface HttpsRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly requestMs?: number;
  readonly maxBytes?: number;
  /**
   * Asking twice does no harm. Then a connection that the peer closed while it lay idle costs a second try instead of a failure.
   * Default: true for GET, false for all else.
   */
  readonly readsOnly?: boolean;
  /** Aborted: the request is cut off, `not-attempted`. */
  readonly signal?: AbortSignal;
}

export interface HttpsResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  /** How far the peer's clock is ahead of ours by its Date header, ms; resolution 1 s. Missing: no usable header. */
  readonly clockAheadMs?: number;
}

export interface HttpsClient {
  readonly label: string;
  request(request: HttpsRequest): Promise<Result<HttpsResponse>>;
  /** Cuts off what is still under way. */
  close(): Promise<void>;
}

const DEFAULTS = { connectMs: 10_000, requestMs: 60_000, maxBytes: 64 * 1024 * 1024, connections: 12 };

/**
 * Requests to one peer over few kept-alive connections. The peer is verified on each new connection before a byte of HTTP is written.
 * Redirects are not followed: a redirect is an answer like any other, and its status will not be the one expected.
 * `HTTP_PROXY` and its kin are ignored on purpose: the pin is the peer's, and an administrator's password goes over this link.
 * Opens nothing until the first request.
 */
export function openHttps(target: HttpsTarget, limits: HttpsLimits = {}): HttpsClient {
  const limit = { ...DEFAULTS, ...definedOnly(limits) };
  const peer: Peer = { label: target.label, name: peerName(target) };
  const pool = new Pool(`https://${hostPort(target.address, target.port)}`, {
    connections: limit.connections,
    pipelining: 1,
    headersTimeout: 0, // One deadline over everything, below.
    bodyTimeout: 0,
    keepAliveTimeout: 20_000,
    maxHeaderSize: 64 * 1024,
    connect: connectorFor(target, peer, limit.connectMs),
  });

  async function once(request: HttpsRequest): Promise<Outcome> {
    const deadline = AbortSignal.timeout(request.requestMs ?? limit.requestMs);
    const maxBytes = request.maxBytes ?? limit.maxBytes;
    let answered = false;
    try {
      const response = await pool.request({
        method: request.method,
        path: request.path,
        headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'vasatrust', ...request.headers },
        body: request.body ?? null,
        signal: request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]),
      });
      answered = true;
      const receivedAt = Date.now();
      const body = await readBounded(response, maxBytes);
      if (body === undefined) return { result: err(tooLarge(peer, request.path, maxBytes)), stale: false };
      const ahead = clockAhead(response.headers.date, receivedAt);
      const value = { status: response.statusCode, headers: response.headers, body };
      return { result: ok(ahead === undefined ? value : { ...value, clockAheadMs: ahead }), stale: false };
    } catch (error) {
      if (request.signal?.aborted) return { result: err(interrupted(target.label)), stale: false };
      const problem = problemOf(error, peer, request.path, deadline.aborted);
      return { result: err(problem), stale: !answered && isStaleConnection(error) };
    }
  }

  return {
    label: target.label,
    async request(request) {
      const first = await once(request);
      const mayAskAgain = request.readsOnly ?? request.method === 'GET';
      return first.stale && mayAskAgain ? (await once(request)).result : first.result;
    },
    async close() {
      await pool.destroy();
    },
  };
}

interface Outcome {
  readonly result: Result<HttpsResponse>;
  /** The connection went away before a byte of answer came, as idle ones do. */
  readonly stale: boolean;
}

type Connector = (options: object, done: (error: Error | null, socket: never) => void) => void;

/** Makes undici's sockets: TCP to `connectTo`, TLS as `address`, handed over only after verification. */
function connectorFor(target: HttpsTarget, peer: Peer, timeoutMs: number): Connector {
  let session: Buffer | undefined;
  return (_options, done) => {
    let socket: TLSSocket;
    try {
      socket = tlsConnect({
        ...tlsOptions(target),
        // Resuming spares the peer a signature per connection. Tickets come from verified connections of this client alone.
        ...(session === undefined ? {} : { session }),
      });
    } catch (error) {
      done(new WireError(unusableTrust(peer, error)), null as never);
      return;
    }
    let settled = false;
    let verified = false;
    const settle = (error: Error | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      verified = error === null;
      if (!verified) socket.destroy();
      done(error, (verified ? socket : null) as never);
    };
    const timer = setTimeout(() => settle(new WireError(handshakeTimeout(peer, timeoutMs))), timeoutMs);
    socket.setNoDelay(true);
    socket.on('error', (error) => settle(error));
    socket.on('close', () => settle(Object.assign(new Error('closed during the handshake'), { code: 'ECONNRESET' })));
    socket.on('session', (ticket) => {
      if (verified) session = ticket;
    });
    socket.once('secureConnect', () => {
      const refusal = refusalOf(socket, target.trust, peer);
      settle(refusal === undefined ? null : new WireError(refusal));
    });
  };
}

function tlsOptions({
  address,
  port,
  connectTo,
  trust,
}: HttpsTarget): ConnectionOptions & { autoSelectFamilyAttemptTimeout: number } {
  return {
    host: connectTo?.host ?? address,
    port: connectTo?.port ?? port,
    // RFC 6066 section 3: no IP addresses as server name.
    ...(isIP(address) === 0 ? { servername: address } : {}),
    ALPNProtocols: ['http/1.1'],
    secureContext: contextFor(trust),
    // OpenSSL's verdict is read in `refusalOf` while the certificate is still at hand for the message.
    rejectUnauthorized: false,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(address, certificate),
    // Node's 250 ms per address is too short for a far-away vCenter with several addresses.
    autoSelectFamilyAttemptTimeout: 2_000,
  };
}

const contexts = new Map<string, SecureContext>();
const MAX_CONTEXTS = 64;

/**
 * One context for all peers trusted in the same way: making one, with all of Node's root certificates, costs as much as a handshake.
 * Throws on a CA file without a usable certificate.
 */
function contextFor(trust: ResolvedTrust): SecureContext {
  const key = trust.kind === 'ca' ? `ca ${trust.pem}` : trust.kind;
  const known = contexts.get(key);
  if (known !== undefined) return known;
  // A pin needs no roots. Whoever is named in a CA file is trusted, root or not.
  const roots = {
    fingerprint: { ca: [] },
    ca: trust.kind === 'ca' ? { ca: trust.pem, allowPartialTrustChain: true } : {},
    system: {},
  }[trust.kind];
  const made = createSecureContext({ minVersion: 'TLSv1.2', ...roots });
  if (contexts.size < MAX_CONTEXTS) contexts.set(key, made);
  return made;
}

function refusalOf(socket: TLSSocket, trust: ResolvedTrust, peer: Peer): Problem | undefined {
  // Only who holds the keys of a connection verified before can resume it. Node shows no certificate then.
  if (socket.isSessionReused()) return undefined;
  const leaf = socket.getPeerX509Certificate()?.raw;
  const offered = leaf === undefined ? undefined : createHash('sha256').update(leaf).digest('hex');
  if (trust.kind === 'fingerprint') {
    return offered === trust.sha256.toLowerCase() ? undefined : pinMismatch(peer, trust.sha256, offered);
  }
  // Typed as an Error, but a string: the code of OpenSSL's or Node's refusal.
  return socket.authorized ? undefined : notTrusted(peer, String(socket.authorizationError), offered);
}

/** The body, or undefined once it is larger than allowed; the rest is not read. */
async function readBounded(response: Dispatcher.ResponseData, maxBytes: number): Promise<Uint8Array | undefined> {
  // A cut-off body reports the cutting as an error of its own; nobody is left to hear it.
  const giveUp = (): undefined => {
    response.body.on('error', () => {}).destroy();
    return undefined;
  };
  const announced = Number(response.headers['content-length']);
  if (announced > maxBytes) return giveUp();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return giveUp();
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

/** Source: RFC 9110 section 6.6.1; the header has no fraction of a second, hence the half second added. */
function clockAhead(date: string | string[] | undefined, receivedAt: number): number | undefined {
  const said = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(said) ? undefined : said + 500 - receivedAt;
}

/** `host:port`, with brackets around an IPv6 address. */
export function hostPort(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function peerName({ address, port, connectTo }: HttpsTarget): string {
  const name = hostPort(address, port);
  return connectTo === undefined ? name : `${name} (by way of ${hostPort(connectTo.host, connectTo.port)})`;
}

function definedOnly(limits: HttpsLimits): Partial<HttpsLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
