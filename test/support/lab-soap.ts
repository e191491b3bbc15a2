import { SaxesParser } from 'saxes';
import { handleSoap, type SoapResponse } from '../../src/lab/vcenter-soap.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';

/** A bare-handed SOAP client for tests of the lab: it knows nothing of the lab's codec, nor of the product's. */
export interface LabCaller {
  /** To `/sdk`; `version` defaults to the vCenter's own. */
  vim(method: string, self: string, inner?: string, version?: string): Promise<Answer>;
  /** To `/sms/sdk`; `version` defaults to 6.5. */
  sms(method: string, self: string, inner?: string, version?: string): Promise<Answer>;
  logIn(username?: string, password?: string): Promise<Answer>;
  /** Value of `vmware_soap_session` without quotes. */
  cookie: string | undefined;
}

export interface Answer extends SoapResponse {
  readonly text: string;
  /** Local name of the first element in the body's result or fault detail, without the ending `Response` or `Fault`. */
  readonly name: string;
}

export function openCaller(world: LabWorld, vcenter: LabVcenter): LabCaller {
  const send = async (path: string, headers: Record<string, string>, body: string): Promise<Answer> =>
    readAnswer(await handleSoap(world, vcenter, { path, headers, body: Buffer.from(body) }));
  const caller: LabCaller = {
    cookie: undefined,
    vim: (method, self, inner = '', version = vcenter.apiVersion) =>
      send(
        '/sdk',
        {
          soapaction: `"urn:vim25/${version}"`,
          ...(caller.cookie === undefined ? {} : { cookie: `vmware_soap_session="${caller.cookie}"` }),
        },
        envelope(method, 'urn:vim25', self, inner),
      ),
    sms: (method, self, inner = '', version = '6.5') =>
      send('/sms/sdk', { soapaction: `urn:sms/${version}` }, envelope(method, 'urn:sms', self, inner, caller.cookie)),
    async logIn(username, password) {
      const [administrator] = vcenter.accounts;
      const answer = await caller.vim(
        'Login',
        '<_this type="SessionManager">SessionManager</_this>',
        `<userName>${escapeText(username ?? administrator?.username ?? '')}</userName><password>${escapeText(password ?? administrator?.password ?? '')}</password>`,
      );
      caller.cookie = /vmware_soap_session="([^"]*)"/.exec(answer.headers['set-cookie'] ?? '')?.[1];
      return answer;
    },
  };
  return caller;
}

export function readAnswer(response: SoapResponse): Answer {
  const text = response.body.toString('utf8');
  const tag = /<soapenv:Body><(\w+)Response[ />]/.exec(text) ?? /<detail><(\w+)Fault[ />]/.exec(text);
  return { ...response, text, name: tag?.[1] ?? '' };
}

/** `type|value` pairs of references to the services' fixed objects. */
export const THIS = {
  sms: '<_this type="SmsServiceInstance">ServiceInstance</_this>',
  storageManager: '<_this type="SmsStorageManager">storageManager</_this>',
  provider: (ref: string) => `<_this type="VasaProvider">${ref}</_this>`,
  task: (ref: string) => `<_this type="SmsTask">${ref}</_this>`,
  vim: '<_this type="ServiceInstance">ServiceInstance</_this>',
  propertyCollector: '<_this type="PropertyCollector">propertyCollector</_this>',
  viewManager: '<_this type="ViewManager">ViewManager</_this>',
};

export function envelope(method: string, ns: string, self: string, inner: string, cookie?: string): string {
  const header = cookie === undefined ? '' : `<soapenv:Header><vcSessionCookie>${cookie}</vcSessionCookie></soapenv:Header>`;
  return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">${header}<soapenv:Body><${method} xmlns="${ns}">${self}${inner}</${method}></soapenv:Body></soapenv:Envelope>`;
}

/** The texts of all elements of this local name, in document order. */
export function textsOf(xml: string, local: string): string[] {
  return [...xml.matchAll(new RegExp(`<${local}(?: [^>]*)?>([^<]*)</${local}>`, 'g'))].map((match) => match[1] ?? '');
}

/**
 * The element structure of a document below the SOAP body: depth, namespace, local name, local name of `xsi:type`, and whether a `type`
 * attribute is there; no texts. Two spellings of one type are made equal.
 */
export function structureOf(xml: string): string[] {
  const parser = new SaxesParser({ xmlns: true });
  const lines: string[] = [];
  let depth = 0;
  parser.on('opentag', (tag) => {
    depth += 1;
    if (depth <= 2) return;
    const attributes = Object.values(tag.attributes);
    const xsi = attributes.find((one) => one.local === 'type' && one.uri.endsWith('XMLSchema-instance'));
    const type = xsi?.value.slice(xsi.value.indexOf(':') + 1).replace(/^ManagedObject$/, 'ManagedObjectReference');
    const plain = attributes.find((one) => one.name === 'type')?.value;
    const words = [
      `{${tag.uri}}${tag.local}`,
      ...(type === undefined ? [] : [`is ${type}`]),
      ...(plain === undefined ? [] : [`of ${plain}`]),
    ];
    lines.push(`${'  '.repeat(depth - 3)}${words.join(' ')}`);
  });
  parser.on('closetag', () => {
    depth -= 1;
  });
  parser.write(xml).close();
  return lines;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
