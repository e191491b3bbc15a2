import { err, ok, type Problem, type Result } from '../model/problem.js';
import type { HttpsClient, HttpsResponse } from './https.js';
import { plainText, redact } from './redact.js';
import { attribute, child, escapeXml, ownText, parseXml, textOf, type XmlElement, xsiType } from './xml.js';

/** A managed object reference. */
export interface Ref {
  readonly type: string;
  readonly value: string;
  /** Some servers mark references with it and want it back. */
  readonly serverGuid?: string;
}

/** One element of a request: text, a reference, or children. `xsiType` where the declared type is a base of the real one. */
export interface Arg {
  readonly name: string;
  readonly text?: string;
  readonly ref?: Ref;
  readonly children?: readonly Arg[];
  readonly xsiType?: string;
}

export interface SoapCall {
  readonly path: '/sdk' | '/sms/sdk';
  readonly namespace: 'urn:vim25' | 'urn:sms';
  /** Sent as `SOAPAction: "<namespace>/<version>"`; decides which fields the server shows. */
  readonly version: string;
  readonly method: string;
  readonly self: Ref;
  readonly args?: readonly Arg[];
  /** Goes into the SOAP header: the session of everything but `/sdk`. */
  readonly vcSessionCookie?: string;
  /** The HTTP Cookie header as a whole. */
  readonly cookie?: string;
  /** See `HttpsRequest.readsOnly`. */
  readonly readsOnly: boolean;
  /** Taken out of whatever the server says before it becomes a problem's text. */
  readonly secrets?: readonly string[];
}

export interface SoapAnswer {
  /** The `<MethodResponse>` element. */
  readonly response: XmlElement;
  readonly http: HttpsResponse;
}

/** A failed call: the problem for people, the fault for code that has to tell an expired session from the rest. */
export interface SoapFailure {
  readonly problem: Problem;
  readonly fault?: SoapFault;
  readonly http?: HttpsResponse;
}

export interface SoapFault {
  /** Local type name: `InvalidLogin`, `NotAuthenticated`, …; `SOAP` where the fault has no typed detail. */
  readonly type: string;
  readonly message: string;
  readonly detail?: XmlElement;
}

const ENVELOPE = 'http://schemas.xmlsoap.org/soap/envelope/';
const MAX_ANSWER = 32 * 1024 * 1024;

export async function callSoap(https: HttpsClient, call: SoapCall): Promise<Result<SoapAnswer, SoapFailure>> {
  const answered = await https.request({
    method: 'POST',
    path: call.path,
    headers: {
      'content-type': 'text/xml; charset=utf-8',
      soapaction: `"${call.namespace}/${call.version}"`,
      ...(call.cookie === undefined ? {} : { cookie: call.cookie }),
    },
    body: writeEnvelope(call),
    readsOnly: call.readsOnly,
    maxBytes: MAX_ANSWER,
  });
  if (!answered.ok) return err({ problem: answered.error });
  return readAnswer(answered.value, call, https.label);
}

/** Structure and order as in the request samples of `test/fixtures/wire`; on one line. */
export function writeEnvelope(call: Pick<SoapCall, 'namespace' | 'method' | 'self' | 'args' | 'vcSessionCookie'>): string {
  const header =
    call.vcSessionCookie === undefined
      ? ''
      : `<soapenv:Header><vcSessionCookie>${escapeXml(call.vcSessionCookie)}</vcSessionCookie></soapenv:Header>`;
  const body = [{ name: '_this', ref: call.self }, ...(call.args ?? [])].map(writeArg).join('');
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    `<soapenv:Envelope xmlns:soapenv="${ENVELOPE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${header}` +
    `<soapenv:Body><${call.method} xmlns="${call.namespace}">${body}</${call.method}></soapenv:Body></soapenv:Envelope>`
  );
}

function writeArg(arg: Arg): string {
  const type = arg.xsiType === undefined ? '' : ` xsi:type="${arg.xsiType}"`;
  if (arg.ref !== undefined) {
    const guid = arg.ref.serverGuid === undefined ? '' : ` serverGuid="${escapeXml(arg.ref.serverGuid)}"`;
    return `<${arg.name}${type} type="${escapeXml(arg.ref.type)}"${guid}>${escapeXml(arg.ref.value)}</${arg.name}>`;
  }
  return `<${arg.name}${type}>${arg.children?.map(writeArg).join('') ?? escapeXml(arg.text ?? '')}</${arg.name}>`;
}

type ReadFor = Pick<SoapCall, 'method' | 'path' | 'secrets'>;

/** Answer of the server to `call`: its response element, or what went wrong. Never throws, whatever the bytes. */
export function readAnswer(http: HttpsResponse, call: ReadFor, target: string): Result<SoapAnswer, SoapFailure> {
  const parsed = parseXml(http.body);
  const body = parsed.ok && parsed.value.name === 'Envelope' ? child(parsed.value, 'Body') : undefined;
  const fault = child(body, 'Fault');
  if (fault !== undefined) {
    const read = readFault(fault, call.secrets ?? []);
    return err({ problem: faultProblem(read, call, target), fault: read, http });
  }
  if (http.status !== 200) return err({ problem: statusProblem(http.status, call, target), http });
  const response = child(body, `${call.method}Response`);
  if (response !== undefined) return ok({ response, http });
  const why = parsed.ok ? `no ${call.method}Response in it` : parsed.error;
  return err({
    problem: badAnswer(target, `${call.path} answered ${call.method} with something that is not its answer: ${why}`),
    http,
  });
}

export function badAnswer(target: string, what: string): Problem {
  return {
    code: 'bad-answer',
    target,
    summary: plainText(`${target}: ${what}`, 400),
    remedy: 'Check that address and port are those of a vCenter, with no proxy or login page in between.',
    retry: 'after-remedy',
  };
}

function readFault(fault: XmlElement, secrets: readonly string[]): SoapFault {
  // SOAP 1.1: faultcode, faultstring, detail; the detail's one child carries the type.
  const detail = child(fault, 'detail')?.children[0];
  const type = xsiType(detail) ?? detail?.name.replace(/Fault$/, '') ?? 'SOAP';
  const message = plainText(redact(textOf(fault, 'faultstring') ?? '', secrets));
  const read = { type: plainText(type, 80), message };
  return detail === undefined ? read : { ...read, detail };
}

/** A session that is not, or no longer, known. Source: vim25 NotAuthenticated; SMS InvalidSession. */
export function isExpiredSession(failure: SoapFailure): boolean {
  return failure.problem.code === 'session-expired';
}

const LOGIN_REFUSED = new Set(['InvalidLogin', 'PasswordExpired', 'SmsInvalidLogin']);
const NOT_READY = new Set(['ServiceNotInitialized', 'AuthConnectionFailed', 'ProxyRegistrationFailed', 'HostConnectFault']);
const NO_SUCH_CALL = new Set(['MethodNotFound', 'NotSupported', 'NotImplemented', 'InvalidRequest']);

function faultProblem(fault: SoapFault, call: ReadFor, target: string): Problem {
  const says = fault.message === '' ? '' : `: ${fault.message}`;
  const at = `${call.method} at ${target}${call.path}`;
  if (LOGIN_REFUSED.has(fault.type)) {
    return {
      code: 'login-refused',
      target,
      summary: `${target} refused user name or password (${fault.type}${says})`,
      remedy:
        'Correct username and password of this vCenter (user@domain, the SSO domain included). It is not tried again in this run.',
      retry: 'after-remedy',
    };
  }
  if (fault.type === 'NotAuthenticated' || fault.type === 'InvalidSession') {
    return {
      code: 'session-expired',
      target,
      summary: `${at}: the session is not, or no longer, valid (${fault.type})`,
      remedy: 'Run again. If it keeps happening, look for a short session limit or something that ends sessions on this vCenter.',
      retry: 'later',
    };
  }
  if (fault.type === 'NoPermission') {
    const privilege = textOf(fault.detail, 'privilegeId');
    const needs = privilege === undefined ? 'a privilege it does not name' : `the privilege ${plainText(privilege, 80)}`;
    return {
      code: 'no-permission',
      target,
      summary: `${at} needs ${needs}, which this account does not have`,
      remedy: `Give the account a role with ${privilege === undefined ? 'that privilege' : plainText(privilege, 80)} at the vCenter's root object, propagated.`,
      retry: 'after-remedy',
    };
  }
  if (NOT_READY.has(fault.type)) return notReady(target, `${at} answered ${fault.type}${says}`);
  if (NO_SUCH_CALL.has(fault.type)) return notSupported(target, `${at}: this version does not know the call (${fault.type})`);
  return {
    code: 'fault',
    target,
    summary: `${at} answered with the fault ${fault.type}${says}`,
    remedy: 'Look for this fault in the logs of the vCenter (sps.log for /sms/sdk, vpxd.log for /sdk) at this time.',
    retry: 'later',
  };
}

function statusProblem(status: number, call: ReadFor, target: string): Problem {
  const said = `${call.method} at ${target}${call.path} answered HTTP ${status}`;
  if (status === 502 || status === 503 || status === 504) return notReady(target, said);
  if (status === 404) return notSupported(target, `${said}: there is no such service`);
  if (status === 401 || status === 403) {
    return {
      code: 'no-permission',
      target,
      summary: said,
      remedy:
        'Something in front of the vCenter asks for a login of its own, or shuts this machine out: check proxies and firewall rules.',
      retry: 'after-remedy',
    };
  }
  return badAnswer(target, `${call.path} answered ${call.method} with HTTP ${status} and no fault`);
}

function notReady(target: string, summary: string): Problem {
  return {
    code: 'fault',
    target,
    summary: `${summary}: the service behind it is not running, or not ready yet`,
    remedy:
      'Wait a few minutes after a restart, then run again. If it stays: `service-control --status vmware-sps vmware-vpxd` on the appliance, and sps.log.',
    retry: 'later',
  };
}

function notSupported(target: string, summary: string): Problem {
  return { code: 'not-supported', target, summary, remedy: 'Nothing to do: this version has no such call.', retry: 'never' };
}

/** The reference an element holds. */
export function refOf(element: XmlElement | undefined): Ref | undefined {
  const value = ownText(element);
  const type = attribute(element, 'type');
  if (value === undefined || type === undefined) return undefined;
  const serverGuid = attribute(element, 'serverGuid');
  return serverGuid === undefined ? { type, value } : { type, value, serverGuid };
}

/** Text of a required child, or the reason why the answer cannot be used. */
export function flagOf(element: XmlElement | undefined, name: string): boolean | undefined {
  const text = textOf(element, name);
  return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : undefined;
}

/** xsd:int and xsd:long within what a number holds exactly. */
export function integerOf(element: XmlElement | undefined, name: string): number | undefined {
  const text = textOf(element, name);
  const value = text !== undefined && /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
