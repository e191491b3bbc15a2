import type { RejectRoute } from '../model/evidence.js';
import { canonicalAddress } from '../x509/names.js';
import { plainText } from './redact.js';

const MAX_ROUTES = 10_000;

/**
 * Host routes that refuse, from `ip route show` and `ip -6 route show`: `unreachable 10.9.0.5`, `unreachable 10.9.0.6 scope host` (as
 * net-tools adds it), `unreachable fd00::5 dev lo metric 1024 pref medium`; `blackhole` and `prohibit` refuse as well.
 * Routes to networks and the default route are not host routes. Source: measured with iproute2.
 */
export function parseIpRoutes(text: string): RejectRoute[] {
  return fromLines(text, (line) => /^\s*(?:unreachable|blackhole|prohibit)\s+(\S+)/.exec(line)?.[1]);
}

/** The same from `route -n`, IPv4 only: `10.9.0.6  -  255.255.255.255  !H  0  -  0  -`. Source: measured with net-tools. */
export function parseRouteTable(text: string): RejectRoute[] {
  return fromLines(text, (line) => {
    const [address, , mask, flags] = line.trim().split(/\s+/);
    return mask === '255.255.255.255' && flags?.includes('!') ? address : undefined;
  });
}

function fromLines(text: string, destination: (line: string) => string | undefined): RejectRoute[] {
  const routes: RejectRoute[] = [];
  for (const line of text.split(/\r?\n/)) {
    const address = hostAddress(destination(line) ?? '');
    if (address === undefined) continue;
    routes.push({ address, line: plainText(line.trim(), 300) });
    if (routes.length >= MAX_ROUTES) break;
  }
  return routes;
}

function hostAddress(destination: string): string | undefined {
  const [, text = '', bits] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(destination) ?? [];
  if (bits !== undefined && bits !== (text.includes(':') ? '128' : '32')) return undefined;
  return canonicalAddress(text);
}
