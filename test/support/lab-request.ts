import { request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** One HTTPS request to the lab with Node's own client, which checks nothing: what is tested is the lab. */
export function ask(
  port: number,
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly host?: string;
  } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, host = '127.0.0.1' } = options;
    const sent = request(
      { host, port, path, method, headers, rejectUnauthorized: false, agent: false, timeout: 20_000 },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

export interface Handshake {
  /** DER of the leaf, base64. */
  readonly leaf: string;
  readonly protocol: string | null;
}

/** A TLS handshake with or without a server name. */
export function shakeHands(
  port: number,
  options: { readonly host?: string; readonly sni?: string; readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3' } = {},
): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const { host = '127.0.0.1', sni, maxVersion = 'TLSv1.3' } = options;
    const socket: TLSSocket = connect({ host, port, rejectUnauthorized: false, servername: sni ?? '', maxVersion }, () => {
      const leaf = socket.getPeerX509Certificate()?.raw.toString('base64') ?? '';
      resolve({ leaf, protocol: socket.getProtocol() });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
