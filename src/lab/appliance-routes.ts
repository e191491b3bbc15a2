import { BlockList, isIP } from 'node:net';
import type { LabAppliance, LabProvider } from './world.js';

/** `10.0.0.5` or `10.0.0.0/24` of a route line that refuses, with its kind. */
export function refusedPrefix(route: string): { kind: 'unreachable' | 'blackhole' | 'prohibit'; prefix: string } | undefined {
  const [, kind, prefix] = /^(unreachable|blackhole|prohibit) (\S+)/.exec(route) ?? [];
  return kind && prefix ? { kind: kind as 'unreachable' | 'blackhole' | 'prohibit', prefix } : undefined;
}

/** The route that refuses an address on this appliance, if one does. */
export function refusingRoute(appliance: LabAppliance, address: string): string | undefined {
  return appliance.routes.find((route) => {
    const refused = refusedPrefix(route);
    return refused !== undefined && covers(refused.prefix, address);
  });
}

const answers = new Map<string, boolean>();
const MAX_ANSWERS = 4096;

export function covers(prefix: string, address: string): boolean {
  const question = `${prefix} ${address}`;
  let answer = answers.get(question);
  if (answer === undefined) {
    if (answers.size >= MAX_ANSWERS) answers.clear();
    answer = isWithin(prefix, address);
    answers.set(question, answer);
  }
  return answer;
}

function isWithin(prefix: string, address: string): boolean {
  const [net = '', bits] = prefix.split('/');
  const family = isIP(net);
  if (family === 0 || isIP(address) !== family) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(net, bits === undefined ? (family === 6 ? 128 : 32) : Number(bits), type);
  return list.check(address, type);
}

/** Addresses a name has on this appliance; an address stands for itself (without brackets and zone). Empty: does not resolve. */
export function resolve(appliance: LabAppliance, name: string): readonly string[] {
  const bare = name.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (isIP(bare) > 0) return [bare];
  const wanted = bare.toLowerCase();
  for (const [known, addresses] of appliance.hosts) if (known.toLowerCase() === wanted) return addresses;
  return [];
}

/** How a TCP connection from the appliance to an address of a provider ends. */
export function connectionTo(
  appliance: LabAppliance,
  provider: LabProvider | undefined,
  address: string,
): 'open' | 'no-route' | 'refused' {
  if (refusingRoute(appliance, address)) return 'no-route';
  if (!provider?.up) return 'refused';
  return provider.addresses.some((own) => covers(own, address)) ? 'open' : 'refused';
}

/** Host of a provider URL as it is written there, IPv6 without brackets; undefined: no https URL. */
export function urlHost(url: string): { readonly host: string; readonly port: number } | undefined {
  try {
    const { protocol, hostname, port } = new URL(url);
    return protocol === 'https:' ? { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 443 : Number(port) } : undefined;
  } catch {
    return undefined;
  }
}
