import type { Problem, ProblemCode } from '../model/problem.js';

export interface ProbeTarget {
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Where the TCP connection goes instead. */
  readonly connectTo?: { readonly host: string; readonly port: number };
  /** Server name to indicate; none is sent without it, nor for an address (RFC 6066 section 3). */
  readonly sni?: string;
}

export const REMEDY = {
  name: 'Correct serverName in estate.yaml, or the virtual host name that the provider told vCenter.',
  reach:
    'Check that the provider runs, that the port is right, and that no firewall or reject route stands between; then look again.',
  notTls: 'Check host and port of the provider URL: something other than a TLS server, or a broken one, answers there.',
  alert: "Look into the provider's own log for this handshake; it may not serve this server name, or have no usable certificate.",
  dns: 'Correct the name, or make it resolve on this machine; connectTo in estate.yaml goes round name lookup.',
} as const;

export const nameOf = ({ host, port }: ProbeTarget): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

export function problem(at: ProbeTarget, code: ProblemCode, summary: string, remedy: string): Problem {
  const retry = code === 'unreachable' || code === 'timeout' ? 'later' : 'after-remedy';
  return { code, target: nameOf(at), summary, remedy, retry };
}

export const timedOut = (at: ProbeTarget, timeoutMs: number, connected: boolean): Problem =>
  problem(
    at,
    'timeout',
    `${nameOf(at)} ${connected ? 'did not finish its TLS hello' : 'did not take a connection'} within ${Math.round(timeoutMs)} ms`,
    REMEDY.reach,
  );

export const refused = (at: ProbeTarget, alert: string): Problem =>
  problem(at, 'tls-failed', `${nameOf(at)} refused the TLS handshake: ${alert}`, REMEDY.alert);

export const brokeOff = (at: ProbeTarget, midway: boolean): Problem =>
  problem(
    at,
    'bad-answer',
    `${nameOf(at)} closed the connection ${midway ? 'in the middle of its TLS hello' : 'without answering in TLS'}`,
    REMEDY.notTls,
  );

export function notConnected(at: ProbeTarget, error: NodeJS.ErrnoException): Problem {
  const to = at.connectTo ? ` (through ${nameOf(at.connectTo)})` : '';
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN' || error.code === 'EAI_NODATA')
    return problem(at, 'name-not-found', `the name of ${nameOf(at)}${to} does not resolve`, REMEDY.dns);
  return problem(at, 'unreachable', `no TCP connection to ${nameOf(at)}${to}: ${error.code ?? 'failed'}`, REMEDY.reach);
}
