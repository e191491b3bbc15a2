import { connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import type { TlsHandshake } from '../model/evidence.js';
import { type DerBase64, derBase64 } from '../model/ids.js';
import { err, ok, type Result } from '../model/problem.js';
import { brokeOff, nameOf, type ProbeTarget, problem, REMEDY, refused, timedOut } from './tls-problems.js';

/**
 * Leaf and path of a server that speaks nothing older than TLS 1.3, where certificates are encrypted. Node's TLS does it: the path is OpenSSL's, built from what was sent; what else was
 * sent, in which order, and whether a client certificate was asked for stays unknown. Trusts nothing; sends no certificate.
 */
export function readTls13(at: ProbeTarget, sni: string | undefined, timeoutMs: number): Promise<Result<TlsHandshake>> {
  const to = at.connectTo ?? at;
  return new Promise((resolve) => {
    const socket: TLSSocket = connectTls({
      host: to.host,
      port: to.port,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      rejectUnauthorized: false,
      // No roots: with them OpenSSL would add what the server left out.
      ca: [],
      ciphers: 'DEFAULT@SECLEVEL=0',
      ...(sni !== undefined ? { servername: sni } : {}),
    });
    const timer = setTimeout(() => finish(err(timedOut(at, timeoutMs, true))), timeoutMs);
    const finish = (result: Result<TlsHandshake>) => {
      clearTimeout(timer);
      socket.on('error', () => {});
      if (result.ok) socket.end();
      socket.setTimeout(1_000, () => socket.destroy());
      socket.unref();
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    socket.once('secureConnect', () => {
      const chain = rebuiltPath(socket.getPeerCertificate(true));
      const { remoteAddress } = socket;
      finish(
        chain.length > 0
          ? ok({ protocol: 'TLSv1.3', ...(remoteAddress !== undefined ? { remoteAddress } : {}), chain, asSent: false })
          : err(problem(at, 'bad-answer', `${nameOf(at)} sent no certificate`, REMEDY.notTls)),
      );
    });
    socket.once('error', () => finish(err(refused(at, 'handshake_failure'))));
    socket.once('close', () => finish(err(brokeOff(at, false))));
  });
}

/** Node links a self-signed certificate to itself. */
function rebuiltPath(leaf: DetailedPeerCertificate): DerBase64[] {
  const path: DerBase64[] = [];
  for (let next: DetailedPeerCertificate | undefined = leaf; next?.raw && path.length < 64; next = next.issuerCertificate) {
    const der = derBase64(next.raw);
    if (path.includes(der)) break;
    path.push(der);
  }
  return path;
}
