import type { DerBase64 } from '../model/ids.js';
import { err, ok, type ProblemCode, type Result } from '../model/problem.js';
import { certificatesFromPem } from './certificate-text.js';
import { plainText } from './redact.js';
import type { CommandOutput } from './vcenter-shell.js';

export interface ServedProblem {
  readonly code: Extract<ProblemCode, 'unreachable' | 'timeout' | 'tls-failed' | 'name-not-found' | 'bad-answer'>;
  readonly text: string;
}

/** More are never sent by anything that works. */
const MAX_CERTIFICATES = 100;

/**
 * What `openssl s_client -showcerts` saw: the certificates in the order the server sent them. They count even if the handshake failed
 * after them (a server that wants a client certificate sends its own first). Without any, its messages tell how far it got.
 * Source: OpenSSL 1.0.2 to 3.x, apps/s_client.c; the wordings of errors were measured.
 */
export function parseServedChain(output: CommandOutput): Result<DerBase64[], ServedProblem> {
  const { stdout, stderr, code } = output;
  const from = stdout.indexOf('Certificate chain');
  const until = stdout.indexOf('\nServer certificate', Math.max(from, 0));
  const chain = from < 0 ? [] : certificatesFromPem(stdout.slice(from, until < 0 ? undefined : until));
  if (chain.length > MAX_CERTIFICATES) return err({ code: 'bad-answer', text: `${chain.length} certificates were sent` });
  if (chain.length > 0) return ok(chain);
  // timeout(1) ends with 124 when it had to end the program.
  if (code === 124) return err({ code: 'timeout', text: 'no TLS handshake within the time allowed' });
  return err(whatFailed(stderr, stdout));
}

function whatFailed(stderr: string, stdout: string): ServedProblem {
  const said = `${stderr}\n${stdout}`;
  const errno = /connect:errno=(\d+)/.exec(said)?.[1];
  if (errno === '111' || /Connection refused/i.test(said)) return { code: 'unreachable', text: 'connection refused' };
  if (errno === '113' || /No route to host/i.test(said)) return { code: 'unreachable', text: 'no route to host' };
  if (errno === '101' || /Network is unreachable/i.test(said)) return { code: 'unreachable', text: 'network unreachable' };
  if (errno === '110' || /Connection timed out/i.test(said)) return { code: 'timeout', text: 'connection timed out' };
  if (errno === '22' || errno === '13')
    return { code: 'unreachable', text: `refused by a route of the appliance (errno ${errno})` };
  if (/gethostbyname failure|Name or service not known|name resolution|No address associated|nodename nor servname/i.test(said))
    return { code: 'name-not-found', text: 'the name does not resolve there' };
  const alert = /(?:tlsv1 |sslv3 |tlsv13 )?alert ([a-z ]+?)(?::|$)/im.exec(said)?.[1];
  const number = /SSL alert number (\d+)/.exec(said)?.[1];
  if (alert !== undefined || number !== undefined)
    return { code: 'tls-failed', text: `TLS alert ${plainText(alert?.trim() ?? '', 60)}${number ? ` (${number})` : ''}` };
  if (/wrong version number|unknown protocol|packet length too long|http request/i.test(said))
    return { code: 'bad-answer', text: 'what answers does not speak TLS' };
  if (errno !== undefined) return { code: 'unreachable', text: `connect failed (errno ${errno})` };
  return { code: 'tls-failed', text: plainText(lastLine(stderr) || 'the connection ended without a certificate', 200) };
}

/** s_client of OpenSSL 1.0.2 has no `-noservername`, and without it sends no name anyway. */
export function saysUnknownOption(output: CommandOutput): boolean {
  return /unknown option|Option unknown|Unrecognized flag/i.test(`${output.stderr}${output.stdout}`);
}

function lastLine(text: string): string {
  return text.trim().split(/\r?\n/).at(-1) ?? '';
}
