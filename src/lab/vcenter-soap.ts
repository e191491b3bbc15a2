import { callSms } from './sms-service.js';
import { SMS_METHODS, SMS_TYPES } from './sms-types.js';
import { readArguments, readEnvelope, readSelf, type SoapCall } from './soap-decode.js';
import { encodeFault, encodeResponse } from './soap-encode.js';
import { cookieOf, setCookie, strayCookie } from './soap-session.js';
import { type Method, type Namespace, type TypeTable, versionNumber } from './soap-types.js';
import { invalidRequest, ServiceFault } from './soap-values.js';
import { requestedVersion } from './soap-versions.js';
import { isServing } from './sps-model.js';
import { callVim } from './vim-service.js';
import { VIM_METHODS, VIM_TYPES } from './vim-types.js';
import type { LabRecord, LabVcenter, LabWorld } from './world.js';

export interface SoapRequest {
  /** `/sdk` or `/sms/sdk`, without query. */
  readonly path: string;
  /** Header names in lower case, as `node:http` gives them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SoapResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

interface Endpoint {
  readonly kind: 'sms' | 'vim';
  readonly ns: Namespace;
  readonly types: TypeTable;
  readonly methods: ReadonlyMap<string, Method>;
}

const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['/sdk', { kind: 'vim', ns: 'urn:vim25', types: VIM_TYPES, methods: VIM_METHODS }],
  ['/sms/sdk', { kind: 'sms', ns: 'urn:sms', types: SMS_TYPES, methods: SMS_METHODS }],
]);

/**
 * Answers one POST to vCenter's `/sdk` (vim25) or `/sms/sdk`. Never throws for what a client sends; faults are answers. Handles the faults
 * `garbage` (at `sms`, `vim`, `all`), `session-expires` and `huge-answer`; delays are the HTTP server's.
 */
export async function handleSoap(world: LabWorld, vcenter: LabVcenter, request: SoapRequest): Promise<SoapResponse> {
  const endpoint = ENDPOINTS.get(request.path);
  if (endpoint === undefined) return plain(404, 'not found');
  const note = (what: string, outcome: string): void => {
    const entry: LabRecord = { at: world.now().toISOString(), where: vcenter.id, kind: endpoint.kind, what, outcome };
    world.record.push(entry);
  };
  if (speaksGarbage(world, vcenter, endpoint)) {
    note(methodNameIn(request.body), 'garbage');
    return { status: 200, headers: { 'content-type': 'text/xml; charset=utf-8' }, body: GARBAGE };
  }
  if (endpoint.kind === 'sms' && isServing(world, vcenter) === 'down') {
    note(methodNameIn(request.body), '503');
    return plain(503, '503 Service Unavailable (Failed to connect to endpoint: /sms/sdk)');
  }
  return answer(world, vcenter, request, endpoint, note);
}

function answer(
  world: LabWorld,
  vcenter: LabVcenter,
  request: SoapRequest,
  endpoint: Endpoint,
  note: (what: string, outcome: string) => void,
): SoapResponse {
  const headers: Record<string, string> = { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-cache' };
  // SMS hands out a session cookie of its own, which opens nothing: a client that takes it for the vCenter's own has lost its session.
  if (endpoint.kind === 'sms' && cookieOf(request.headers.cookie) === undefined) headers['set-cookie'] = setCookie(strayCookie());
  const serverGuid = world.switches.serverGuid === 'present' ? { serverGuid: vcenter.instanceUuid } : {};
  let what = '?';
  let version = versionNumber('2.0');
  const encoding = () => ({ types: endpoint.types, ns: endpoint.ns, version, ...serverGuid });
  try {
    const call = readEnvelope(request.body);
    what = call.method.local.slice(0, 100);
    version = requestedVersion(vcenter, endpoint.ns, request.headers.soapaction);
    const method = endpoint.methods.get(call.method.local);
    if (method === undefined || call.method.ns !== endpoint.ns || method.since > version) {
      throw invalidRequest(`Unable to resolve WSDL method name ${what} for ${endpoint.ns}`);
    }
    const self = readSelf(call.method);
    const service = endpoint.kind === 'sms' ? callSms : callVim;
    const result = service({
      world,
      vcenter,
      version,
      method,
      self,
      cookie: endpoint.kind === 'sms' ? call.header.get('vcSessionCookie') : cookieOf(request.headers.cookie),
      userAgent: request.headers['user-agent'] ?? '',
      readArguments: () => readArguments(method, call.method, endpoint.types, version),
      headers,
    });
    const body = encodeResponse(method, result, encoding());
    note(what, 'ok');
    return { status: 200, headers, body };
  } catch (error) {
    if (!(error instanceof ServiceFault)) throw error;
    note(what, error.fault.type);
    return { status: 500, headers, body: encodeFault(error, encoding()) };
  }
}

const GARBAGE = Buffer.concat([
  Buffer.from(
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Bo',
  ),
  Buffer.from([0x00, 0xff, 0xfe, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xc3, 0x28]),
  Buffer.from('<html>dy></Envelope'),
]);

function speaksGarbage(world: LabWorld, vcenter: LabVcenter, endpoint: Endpoint): boolean {
  return world.faults.some(
    (one) => one.kind === 'garbage' && one.where === vcenter.id && (one.at === endpoint.kind || one.at === 'all'),
  );
}

/** For the record of calls that are not looked into. */
function methodNameIn(body: Buffer): string {
  try {
    const call: SoapCall = readEnvelope(body);
    return call.method.local.slice(0, 100);
  } catch {
    return '?';
  }
}

function plain(status: number, text: string): SoapResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(text) };
}
