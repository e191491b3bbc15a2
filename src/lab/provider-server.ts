import { listenTls, type RunningListener, type TlsFace } from './tls-listener.js';
import type { LabProvider, LabWorld } from './world.js';

export interface RunningProvider {
  readonly name: string;
  /** Where its URL leads on this machine; a provider that is down has a port that nothing listens on. */
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The TLS side of one VASA provider: the certificates of the world, its client CAs and `version.xml`. Virtual hosts are told apart by name. */
export async function startProvider(world: LabWorld, provider: LabProvider): Promise<RunningProvider> {
  const listener = await listen(world, provider, await hostFor(provider), (name) => faceOf(world, provider, name));
  if (!provider.up) await listener.close();
  return { name: provider.name, host: listener.host, port: listener.port, close: listener.close };
}

function listen(
  world: LabWorld,
  provider: LabProvider,
  host: '127.0.0.1' | '::1',
  face: (serverName: string | undefined) => TlsFace | 'garbage',
): Promise<RunningListener> {
  const note = (kind: 'tls' | 'http', what: string, outcome: string) =>
    world.record.push({ at: world.now().toISOString(), where: provider.name, kind, what, outcome });
  return listenTls({
    host,
    face,
    onHandshake: (serverName, outcome) => note('tls', `handshake sni=${serverName ?? '-'}`, outcome),
    onRequest(request, response) {
      const path = (request.url ?? '/').split('?')[0] ?? '/';
      const found = request.method === 'GET' && path === provider.path;
      const answer = () => {
        note('http', `${request.method} ${path}`.slice(0, 200), found ? '200' : '404');
        response.writeHead(found ? 200 : 404, { 'content-type': found ? 'text/xml; charset=utf-8' : 'text/plain' });
        if (!found) return response.end('not found');
        const huge = world.faults.find((fault) => fault.kind === 'huge-answer' && fault.where === provider.name);
        response.end(huge?.kind === 'huge-answer' ? Buffer.alloc(huge.bytes, '<a>') : versionXml(provider));
      };
      const delay = delayOf(world, provider.name);
      if (delay > 0) void world.clock.sleep(delay).then(answer);
      else answer();
    },
  });
}

/** The name decides from VASA 5 on; before that there is one certificate, whatever is asked for. */
function faceOf(world: LabWorld, provider: LabProvider, serverName: string | undefined): TlsFace | 'garbage' {
  const spoilt = world.faults.some(
    (fault) => fault.kind === 'garbage' && fault.where === provider.name && (fault.at === 'tls' || fault.at === 'all'),
  );
  if (spoilt) return 'garbage';
  const virtualHost = [...provider.virtualHosts.values()].find(
    (one) => one.vhostName.toLowerCase() === serverName?.toLowerCase(),
  );
  const { served } = virtualHost ?? provider;
  return {
    privateKeyPem: served.identity.privateKeyPem,
    chain: served.chain,
    clientCas: virtualHost ? [] : provider.clientRoots,
    ...provider.tls,
  };
}

export function delayOf(world: LabWorld, where: string): number {
  const slow = world.faults.find((fault) => fault.kind === 'slow' && fault.where === where);
  return world.timing.latencyMs + (slow?.kind === 'slow' ? slow.ms : 0);
}

/** The element names are not published; readers must not depend on them. The VASA versions and their paths are (VASA 2.0 is `version3`). */
function versionXml(provider: LabProvider): string {
  const path = VASA_PATHS[provider.vasaVersion] ?? 'version1';
  return `<?xml version="1.0" encoding="UTF-8"?>
<supportedVersions>
  <version id="${provider.vasaVersion}">
    <serviceLocation>/vasa/services/vasaService?version=${path.slice('version'.length)}</serviceLocation>
  </version>
</supportedVersions>
`;
}

const VASA_PATHS: Readonly<Record<string, string>> = {
  '1.0': 'version1',
  '1.5': 'version2',
  '2.0': 'version3',
  '3.0': 'version4',
  '3.5': 'version5',
  '4.0': 'version6',
  '5.0': 'version7',
  '6.0': 'version8',
};

/** `::1` for a provider that has IPv6 addresses only, where this machine has it. */
async function hostFor(provider: LabProvider): Promise<'127.0.0.1' | '::1'> {
  if (provider.addresses.length === 0 || !provider.addresses.every((address) => address.includes(':'))) return '127.0.0.1';
  try {
    const trial = await listenTls({ host: '::1', face: () => 'garbage', onRequest: () => undefined });
    await trial.close();
    return '::1';
  } catch {
    return '127.0.0.1';
  }
}
