import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { hostPort } from './https.js';
import { type Peer, problemOf } from './https-problems.js';
import { plainText } from './redact.js';

export interface VersionXmlSource {
  /** Provider URL; its path is what is asked for. */
  readonly url: string;
  readonly connectTo?: { readonly host: string; readonly port: number } | undefined;
  /** Server name to send; missing: none. */
  readonly sni?: string | undefined;
}

const MAX_BYTES = 64 * 1024;

/**
 * The text a provider serves under its URL, usually `version.xml`, as it is. Nobody is verified on purpose: the certificate is what we
 * came to see, the text is public, and nothing secret is sent. Old protocol versions and keys are put up with for the same reason.
 * `timeoutMs` covers everything from the connection to the last byte.
 */
export function readVersionXml(at: VersionXmlSource, timeoutMs: number): Promise<Result<string>> {
  const url = parseUrl(at.url);
  if (url === undefined) return Promise.resolve(err(unusableUrl(at.url)));
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? 443 : Number(url.port);
  const peer: Peer = { label: at.url, name: hostPort(at.connectTo?.host ?? host, at.connectTo?.port ?? port) };
  return new Promise((resolve) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const fail = (error: unknown): void => resolve(err(problemOf(error, peer, url.pathname, deadline.aborted)));
    const call = request(
      {
        host: at.connectTo?.host ?? host,
        port: at.connectTo?.port ?? port,
        path: `${url.pathname}${url.search}`,
        headers: { host: url.host, 'user-agent': 'vasatrust', accept: '*/*', 'accept-encoding': 'identity' },
        // RFC 6066 section 3: no IP addresses as server name.
        servername: at.sni !== undefined && isIP(at.sni) === 0 ? at.sni : '',
        rejectUnauthorized: false,
        minVersion: 'TLSv1',
        ciphers: 'DEFAULT:@SECLEVEL=0',
        agent: false,
        signal: deadline,
      },
      (response) => {
        readText(response).then((text) => resolve(judge(text, response.statusCode ?? 0, at.url)), fail);
      },
    );
    call.on('error', fail);
    call.end();
  });
}

/** Undefined once it is longer than allowed. */
async function readText(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function judge(text: string | undefined, status: number, url: string): Result<string> {
  if (text === undefined) {
    return err({
      code: 'too-large',
      target: url,
      summary: plainText(`${url} answers with more than ${MAX_BYTES / 1024} KiB; the rest was not read`),
      remedy: 'Check that this is the URL the provider is registered under.',
      retry: 'after-remedy',
    });
  }
  if (status === 200) return ok(text);
  return err({
    code: 'bad-answer',
    target: url,
    summary: plainText(`${url} answers with HTTP ${status}`),
    remedy: 'Check the path of the URL in the provider documentation, and that its VASA service runs.',
    retry: 'later',
  });
}

function parseUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' ? url : undefined;
}

function unusableUrl(url: string): Problem {
  return {
    code: 'not-supported',
    target: url,
    summary: 'this provider URL is not an https address',
    remedy: 'Correct the URL, or remove the registration if it was made by mistake.',
    retry: 'never',
  };
}
