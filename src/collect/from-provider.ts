import type { ProviderConfig } from '../config/config.js';
import { hostPortKey } from '../inventory/group-providers.js';
import { isAtVirtualHost, virtualHostOf } from '../inventory/virtual-host.js';
import type { ProviderProbe, VcenterEvidence } from '../model/evidence.js';
import { isoTime, type ProviderUrl, type VcenterId } from '../model/ids.js';
import { interrupted, type Problem } from '../model/problem.js';
import { probeChain } from '../wire/tls-probe.js';
import { readVersionXml } from '../wire/version-xml.js';
import { canonicalHostPort } from '../x509/names.js';
import type { CollectContext } from './collect-context.js';
import { observe, unknown, within } from './observe.js';

/** One look that should be made from the operator's machine. */
export interface ProbeWish {
  readonly url: ProviderUrl;
  readonly variant: ProviderProbe['variant'];
  readonly sni?: string;
  readonly port?: number;
  readonly vcenter?: VcenterId;
  readonly connectTo?: { readonly host: string; readonly port: number };
}

/**
 * How a provider URL is looked at: without server name, with the URL's host, with the name estate.yaml gives. The first is what a client
 * without SNI sees; the second is what SMS sends.
 */
export function wishesForUrl(url: ProviderUrl, configured: ProviderConfig | undefined): ProbeWish[] {
  const at = canonicalHostPort(url);
  // Nowhere to go, which the look itself says: without it nobody would hear of the registration's provider.
  if (at === undefined) return [{ url, variant: 'no-sni' }];
  const connectTo = configured?.connectTo === undefined ? {} : { connectTo: configured.connectTo };
  const names = new Map<string, ProbeWish>([['', { url, variant: 'no-sni', ...connectTo }]]);
  if (!at.isAddress) names.set(at.host, { url, variant: 'url-host', sni: at.host, ...connectTo });
  const given = configured?.serverName;
  if (given !== undefined && !names.has(given)) names.set(given, { url, variant: 'configured-name', sni: given, ...connectTo });
  return [...names.values()];
}

/** Each vCenter's own virtual host at a VASA 5 provider, as its hosts were told. */
export function wishesForVirtualHosts(
  vcenter: VcenterEvidence,
  configuredFor: (url: ProviderUrl) => ProviderConfig | undefined,
): ProbeWish[] {
  if (vcenter.registrations.state !== 'seen' || vcenter.datastores.state !== 'seen') return [];
  const { value: datastores } = vcenter.datastores;
  return vcenter.registrations.value.flatMap((record): ProbeWish[] => {
    const vhost = isAtVirtualHost(record, datastores) ? virtualHostOf(record, datastores) : undefined;
    const at = canonicalHostPort(record.url);
    if (vhost === undefined || at === undefined) return [];
    const connectTo = configuredFor(record.url)?.connectTo;
    const otherPort = vhost.port === undefined || vhost.port === at.port ? undefined : vhost.port;
    return [
      {
        url: record.url,
        variant: 'vhost',
        vcenter: vcenter.id,
        ...(vhost.name === undefined ? {} : { sni: vhost.name }),
        ...(otherPort === undefined ? {} : { port: otherPort }),
        // A detour leads to the URL's own port only; to another port nobody told us the way.
        ...(connectTo === undefined || otherPort !== undefined ? {} : { connectTo }),
      },
    ];
  });
}

/** Makes one look. Trusts nothing and sends nothing: an untrusted chain is what we came to see. */
export async function probeProvider(wish: ProbeWish, context: CollectContext): Promise<ProviderProbe> {
  const { url, variant, sni, port, vcenter, connectTo } = wish;
  const base = {
    url,
    variant,
    ...(sni === undefined ? {} : { sni }),
    ...(port === undefined ? {} : { port }),
    ...(vcenter === undefined ? {} : { vcenter }),
    ...(connectTo === undefined ? {} : { connectedTo: `${connectTo.host}:${connectTo.port}` }),
  };
  const at = canonicalHostPort(url);
  if (at === undefined) {
    const not = unknown(notAUrl(url));
    return { ...base, handshake: not, versionXml: not };
  }
  if (context.signal?.aborted) {
    const not = unknown(interrupted(url));
    return { ...base, handshake: not, versionXml: not };
  }
  context.progress({ target: url, source: 'tls', state: 'started' });
  const target = {
    host: at.host,
    port: port ?? at.port,
    ...(connectTo === undefined ? {} : { connectTo }),
    ...(sni === undefined ? {} : { sni }),
  };
  const handshake = observe(
    await within(2 * context.timing.probeMs, url, 'tls', probeChain(target, context.timing.probeMs), context.signal),
    context.now,
  );
  context.progress({
    target: url,
    source: 'tls',
    state: handshake.state === 'unknown' ? 'gap' : 'seen',
    ...(handshake.state === 'unknown' ? { problem: handshake.problem.code } : {}),
  });
  return { ...base, handshake, versionXml: await lookAtVersion(wish, at.isAddress, handshake.state === 'seen', context) };
}

/** Read once per URL, with the server name SMS would send. */
async function lookAtVersion(
  wish: ProbeWish,
  isAddress: boolean,
  answers: boolean,
  context: CollectContext,
): Promise<ProviderProbe['versionXml']> {
  const wanted = wish.variant === (isAddress ? 'no-sni' : 'url-host');
  if (!wanted || !answers)
    return {
      state: 'absent',
      at: isoTime(context.now()),
      why: wanted ? 'the provider did not answer' : 'read with another server name',
    };
  return observe(
    await readVersionXml({ url: wish.url, connectTo: wish.connectTo, sni: wish.sni }, context.timing.probeMs),
    context.now,
  );
}

type Registered = { readonly url: ProviderUrl; readonly uid: string; readonly arrays: readonly { readonly arrayId: string }[] };

/** Finds the entry of estate.yaml that is about a URL: by the URL itself, else by uid or array of the registrations that use it. */
export function providerFinder(
  providers: readonly ProviderConfig[],
): (url: ProviderUrl, registered: readonly Registered[]) => ProviderConfig | undefined {
  const byUrl = new Map(
    providers.flatMap((provider) => ('url' in provider.match ? [[hostPortKey(provider.match.url), provider] as const] : [])),
  );
  const byId = new Map(
    providers.flatMap((provider) =>
      'uid' in provider.match
        ? [[provider.match.uid, provider] as const]
        : 'arrayId' in provider.match
          ? [[provider.match.arrayId, provider] as const]
          : [],
    ),
  );
  return (url, registered) => {
    const key = hostPortKey(url);
    const direct = byUrl.get(key);
    if (direct !== undefined || byId.size === 0) return direct;
    const ids = registered
      .filter((record) => hostPortKey(record.url) === key)
      .flatMap((record) => [record.uid, ...record.arrays.map((array) => array.arrayId)]);
    return ids.map((id) => byId.get(id)).find((found) => found !== undefined);
  };
}

function notAUrl(url: string): Problem {
  return {
    code: 'bad-answer',
    target: url,
    summary: 'this registration has no usable URL, so the provider could not be looked at',
    remedy: 'Look at the registration in the vSphere Client (Configure > Storage Providers).',
    retry: 'never',
  };
}
