import type { IncomingMessage, ServerResponse } from 'node:http';
import { delayOf } from './provider-server.js';
import { rootBundleZip } from './root-bundle-zip.js';
import { listenTls, type RunningListener, readBody } from './tls-listener.js';
import { openRest, type RestRequest } from './vcenter-rest.js';
import { handleSoap } from './vcenter-soap.js';
import type { LabFault, LabVcenter, LabWorld } from './world.js';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Port 443 of one vCenter: SOAP, REST and the root bundle behind its machine SSL certificate. */
export function startVcenter(world: LabWorld, vcenter: LabVcenter): Promise<RunningListener> {
  const rest = openRest(world, vcenter);
  const bundle = openBundle(world, vcenter);
  const note = (kind: 'rest' | 'http', what: string, outcome: number | string) =>
    world.record.push({
      at: world.now().toISOString(),
      where: vcenter.id,
      kind,
      what: what.slice(0, 200),
      outcome: String(outcome),
    });

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const method = request.method ?? 'GET';
    const { path, query } = splitTarget(request.url ?? '/');
    const headers = singleHeaders(request);
    const body = await readBody(request);
    if (method === 'POST' && (path === '/sdk' || path === '/sms/sdk')) {
      return handleSoap(world, vcenter, { path, headers, body });
    }
    if (path.startsWith('/api/') || path.startsWith('/rest/')) {
      if (speaksGarbage(world, vcenter, 'rest')) {
        note('rest', `${method} ${path}`, 'garbage');
        return { status: 200, headers: { 'content-type': 'application/json' }, body: GARBAGE };
      }
      const answered = rest({ method, path, query, headers, body } satisfies RestRequest);
      note('rest', `${method} ${path}`, answered.status);
      return json(answered.status, answered.json);
    }
    if (path === '/certs/download.zip' && method === 'GET') {
      const garbage = speaksGarbage(world, vcenter, 'rest');
      note('http', `${method} ${path}`, garbage ? 'garbage' : 200);
      return { status: 200, headers: { 'content-type': 'application/zip' }, body: garbage ? GARBAGE : bundle() };
    }
    note('http', `${method} ${path}`, 404);
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: Buffer.from('not found') };
  };

  return listenTls({
    host: '127.0.0.1',
    face: () =>
      speaksGarbage(world, vcenter, 'tls')
        ? 'garbage'
        : {
            privateKeyPem: vcenter.machineSsl.privateKeyPem,
            chain: [vcenter.machineSsl.certificate],
            min: 'TLSv1.2',
            max: vcenter.version.startsWith('8.') ? 'TLSv1.3' : 'TLSv1.2',
          },
    onRequest(request, response) {
      if (vcenter.appliance.down) return void request.socket.destroy();
      answer(request).then(
        (made) => send(world, vcenter, request, response, made),
        (error: unknown) => {
          // A client that went away, or a bug: the connection says nothing more either way.
          if (!request.destroyed) response.destroy(error instanceof Error ? error : undefined);
        },
      );
    },
  });
}

function send(world: LabWorld, vcenter: LabVcenter, request: IncomingMessage, response: ServerResponse, made: Answer): void {
  const write = () => {
    if (response.destroyed) return;
    response.writeHead(made.status, {
      ...made.headers,
      date: new Date(world.now().getTime() + vcenter.appliance.clockAheadMs).toUTCString(),
      'content-length': String(made.body.length),
    });
    response.end(request.method === 'HEAD' ? undefined : made.body);
  };
  const delay = delayOf(world, vcenter.id);
  if (delay > 0) void world.clock.sleep(delay).then(write);
  else write();
}

function json(status: number, value: unknown): Answer {
  return value === undefined
    ? { status, headers: {}, body: Buffer.alloc(0) }
    : { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
}

/** Made once for every list of roots: a big estate is asked for it again and again. */
function openBundle(world: LabWorld, vcenter: LabVcenter): () => Buffer {
  let of = vcenter.trustedRoots;
  let made: Buffer | undefined;
  return () => {
    if (made === undefined || of !== vcenter.trustedRoots) {
      of = vcenter.trustedRoots;
      made = rootBundleZip(world, vcenter);
    }
    return made;
  };
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const at = target.indexOf('?');
  return at < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, at), query: new URLSearchParams(target.slice(at + 1)) };
}

function singleHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join('; ') : value]],
    ),
  );
}

type GarbageAt = Extract<LabFault, { readonly kind: 'garbage' }>['at'];

function speaksGarbage(world: LabWorld, vcenter: LabVcenter, at: GarbageAt): boolean {
  return world.faults.some((fault) => fault.kind === 'garbage' && fault.where === vcenter.id && garbageAt(fault.at, at));
}

/** `all` is every service behind port 443; the handshake itself goes wrong for `tls` alone. */
const garbageAt = (configured: GarbageAt, at: GarbageAt): boolean => configured === at || (configured === 'all' && at !== 'tls');

const GARBAGE = Buffer.concat([
  Buffer.from('{"value": ['),
  Buffer.from([0x00, 0xff, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xc3, 0x28]),
  Buffer.from('PK'),
]);
