import { randomBytes } from 'node:crypto';
import { connect, isIP, type Socket } from 'node:net';
import { domainToASCII } from 'node:url';
import type { TlsHandshake } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import {
  alertName,
  CLOSE_NOTIFY,
  clientHello,
  MESSAGE,
  readCertificateRequest,
  readCertificates,
  readServerHello,
} from './tls-hello.js';
import { brokeOff, nameOf, notConnected, type ProbeTarget, problem, REMEDY, refused, timedOut } from './tls-problems.js';
import { TlsRecords } from './tls-records.js';
import { readTls13 } from './tls13-path.js';

export type { ProbeTarget } from './tls-problems.js';

/**
 * What a server presents, read by ourselves: a TLS 1.2 handshake up to ServerHelloDone, then goodbye. The chain is exactly what was sent, in that order ([0] is the leaf, by RFC 5246
 * section 7.4.2; the rest is the peer's habit), and the CertificateRequest tells whose client certificates the server welcomes. Node's own TLS reorders and completes chains and hides
 * the request. Trusts nothing on purpose: an untrusted chain is what we came to see. Sends no certificate and nothing secret.
 *
 * A server that refuses TLS 1.2 is asked again by Node with TLS 1.3: its chain is the path that OpenSSL rebuilt (`asSent` is false), its request stays hidden.
 *
 * `timeoutMs` covers name lookup, connecting and every handshake together. Fails with `name-not-found`, `unreachable`, `timeout`, `tls-failed` (the server sent an alert), `too-large`, or
 * `bad-answer` when the peer does not speak TLS. A server that breaks off after its certificates has still shown them.
 */
export async function probeChain(at: ProbeTarget, timeoutMs: number): Promise<Result<TlsHandshake>> {
  const deadline = performance.now() + timeoutMs;
  const sni = indicatedName(at.sni);
  if (sni === null)
    return err(problem(at, 'bad-answer', `the server name "${at.sni?.slice(0, 64)}" cannot be sent in TLS`, REMEDY.name));
  const { result, tryTls13 } = await readHello(at, sni, timeoutMs);
  const left = deadline - performance.now();
  if (!tryTls13 || left < 1) return result;
  const newer = await readTls13(at, sni, left);
  return newer.ok ? newer : result;
}

/** The name to send, undefined for none, null for one that TLS cannot carry. */
function indicatedName(sni: string | undefined): string | undefined | null {
  if (!sni || isIP(sni.replace(/^\[|\]$/g, '')) !== 0) return undefined;
  const name = /^[\x21-\x7e]+$/.test(sni) ? sni.toLowerCase() : domainToASCII(sni);
  const bare = name.replace(/\.$/, '');
  return bare === '' || bare.length > 255 ? null : bare;
}

interface Outcome {
  readonly result: Result<TlsHandshake>;
  /** The peer refused in a way that a server without TLS 1.2 might. */
  readonly tryTls13: boolean;
}

const PERHAPS_TLS13_ONLY = new Set([
  'protocol_version',
  'handshake_failure',
  'insufficient_security',
  'missing_extension',
  'illegal_parameter',
]);

function readHello(at: ProbeTarget, sni: string | undefined, timeoutMs: number): Promise<Outcome> {
  const to = at.connectTo ?? at;
  return new Promise((resolve) => {
    const socket = connect({ host: to.host, port: to.port, noDelay: true });
    const records = new TlsRecords();
    const seen: Seen = {};
    let connected = false;
    let settled = false;
    const timer = setTimeout(() => {
      finish(timedOut(at, timeoutMs, connected));
    }, timeoutMs);

    /** Whatever goes wrong after the certificates came takes nothing away from them. */
    const finish = (failure: Problem | undefined, tryTls13 = false) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      const { chain, protocol } = seen;
      const { remoteAddress } = socket;
      sayGoodbye(socket, failure === undefined);
      if (!chain || !protocol) {
        const error =
          failure ?? problem(at, 'bad-answer', `${nameOf(at)} ended its TLS hello without a certificate`, REMEDY.notTls);
        resolve({ result: err(error), tryTls13 });
        return;
      }
      const requested = seen.acceptedCas ? true : failure === undefined ? false : undefined;
      const handshake: TlsHandshake = {
        protocol,
        ...(remoteAddress !== undefined ? { remoteAddress } : {}),
        chain,
        asSent: true,
        ...(requested !== undefined ? { clientCertificateRequested: requested } : {}),
        ...(seen.acceptedCas ? { acceptedCas: seen.acceptedCas } : {}),
      };
      resolve({ result: ok(handshake), tryTls13: false });
    };

    socket.once('connect', () => {
      connected = true;
      socket.write(clientHello(randomBytes(32), sni));
    });
    socket.on('data', (chunk) => {
      for (const event of settled ? [] : records.push(chunk)) {
        if (event.kind === 'alert') {
          // Warnings (unrecognized_name from Java, say) do not end a handshake; close_notify does.
          if (event.level === 1 && event.code !== 0) continue;
          finish(refused(at, alertName(event.code)), PERHAPS_TLS13_ONLY.has(alertName(event.code)));
        } else if (event.kind === 'malformed') {
          finish(problem(at, event.code, `${nameOf(at)} ${event.why}`, REMEDY.notTls));
        } else {
          const step = takeMessage(seen, event.type, event.body);
          if (!step.ok) finish(problem(at, 'bad-answer', `${nameOf(at)} ${step.error}`, REMEDY.notTls));
          else if (step.value === 'done') finish(undefined);
        }
        if (settled) return;
      }
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      finish(connected ? brokeOff(at, records.unfinished || seen.protocol !== undefined) : notConnected(at, error), connected);
    });
    socket.once('close', () => {
      finish(brokeOff(at, records.unfinished || seen.protocol !== undefined), seen.protocol === undefined);
    });
  });
}

interface Seen {
  protocol?: TlsHandshake['protocol'];
  chain?: readonly DerBase64[];
  acceptedCas?: readonly string[];
}

function takeMessage(seen: Seen, type: number, body: Buffer): Result<'more' | 'done', string> {
  if (!seen.protocol && type !== MESSAGE.serverHello && type !== MESSAGE.helloRequest)
    return err(`sent TLS message ${type} before its ServerHello`);
  switch (type) {
    case MESSAGE.serverHello: {
      const protocol = readServerHello(body);
      if (!protocol.ok) return protocol;
      if (seen.protocol) return err('sent two ServerHellos');
      seen.protocol = protocol.value;
      return ok('more');
    }
    case MESSAGE.certificate: {
      const chain = readCertificates(body);
      if (!chain.ok) return chain;
      if (seen.chain) return err('sent two lists of certificates');
      seen.chain = chain.value;
      return ok('more');
    }
    case MESSAGE.certificateRequest: {
      const names = readCertificateRequest(body, seen.protocol as TlsHandshake['protocol']);
      if (!names.ok) return names;
      seen.acceptedCas = names.value;
      return ok('more');
    }
    case MESSAGE.serverHelloDone:
      return ok('done');
    case MESSAGE.helloRequest:
    case MESSAGE.newSessionTicket:
    case MESSAGE.serverKeyExchange:
    case MESSAGE.certificateStatus:
      return ok('more');
    default:
      return err(`sent TLS message ${type}, which does not belong into a hello`);
  }
}

/** An alert and a FIN, so that the server sees a client that left and not one that crashed; whoever does not close in a second is left alone. */
function sayGoodbye(socket: Socket, polite: boolean): void {
  socket.on('error', () => {});
  if (!polite || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(CLOSE_NOTIFY);
  socket.resume();
  socket.setTimeout(1_000, () => socket.destroy());
  socket.unref();
}
