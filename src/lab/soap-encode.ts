import type { Field, Method, Namespace, TypeTable } from './soap-types.js';
import { type Data, isData, isList, isRef, type Ref, type ServiceFault, type Value } from './soap-values.js';

/** What an encoding needs to know: whose version was asked for, and how references are written. */
export interface Encoding {
  readonly types: TypeTable;
  /** Namespace of the method; `version` gates its types only. */
  readonly ns: Namespace;
  readonly version: number;
  /** `serverGuid` attribute of references; undefined: none. */
  readonly serverGuid?: string;
}

const OPEN =
  '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>';
const CLOSE = '</soapenv:Body></soapenv:Envelope>';
const XSD = new Set(['string', 'int', 'long', 'boolean', 'dateTime', 'byte']);
/** xsd:byte is signed. */
const BYTES = Array.from({ length: 256 }, (_, i) => `>${i < 128 ? i : i - 256}</`);

/** The whole answer, on one line as real servers send it; no result gives an empty response element. */
export function encodeResponse(method: Method, result: Value | undefined, encoding: Encoding): Buffer {
  const inner =
    method.result === undefined || result === undefined ? '' : encodeField(method.result, result, encoding.ns, encoding);
  return Buffer.from(`${OPEN}${root(`${method.name}Response`, encoding.ns, '', inner)}${CLOSE}`, 'utf8');
}

export function encodeFault(fault: ServiceFault, encoding: Encoding): Buffer {
  const type = encoding.types.get(fault.fault.type);
  if (type === undefined) throw new Error(`no such fault type: ${fault.fault.type}`);
  const inner = encodeFields(fault.fault, type.ns, encoding);
  const detail = root(`${type.name}Fault`, type.ns, ` xsi:type="${type.name}"`, inner);
  return Buffer.from(
    `${OPEN}<soapenv:Fault><faultcode>${fault.code}</faultcode><faultstring>${escapeXml(fault.message)}</faultstring><detail>${detail}</detail></soapenv:Fault>${CLOSE}`,
    'utf8',
  );
}

function root(tag: string, ns: Namespace, attributes: string, inner: string): string {
  if (inner === '') return `<${tag} xmlns="${ns}"${attributes}/>`;
  const prefix = ns !== 'urn:vim25' && inner.includes('"vim25:') ? ' xmlns:vim25="urn:vim25"' : '';
  return `<${tag} xmlns="${ns}"${prefix}${attributes}>${inner}</${tag}>`;
}

/** @param scope the default namespace where the element stands */
function encodeField(field: Field, value: Value, scope: Namespace, encoding: Encoding): string {
  if (field.list && field.type === 'byte' && typeof value === 'string') return encodeBytes(value, field.name);
  if (!field.list) return encodeElement(field.name, field.ns, field.type, value, scope, encoding);
  let text = '';
  for (const item of isList(value) ? value : [value])
    text += encodeElement(field.name, field.ns, field.type, item, scope, encoding);
  return text;
}

function encodeElement(tag: string, ns: Namespace, declared: string, value: Value, scope: Namespace, encoding: Encoding): string {
  const xmlns = ns === scope ? '' : ` xmlns="${ns}"`;
  if (typeof value !== 'object') return `<${tag}${xmlns}>${typeof value === 'string' ? escapeXml(value) : value}</${tag}>`;
  if (value instanceof Date) return `<${tag}${xmlns}>${value.toISOString()}</${tag}>`;
  if (isRef(value)) return `<${tag}${xmlns} ${refAttributes(value, encoding)}>${escapeXml(value.value)}</${tag}>`;
  if (isData(value)) {
    const type = encoding.types.get(value.type);
    if (type === undefined) throw new Error(`no such type: ${value.type}`);
    const xsi = type.name === declared ? '' : ` xsi:type="${type.ns === ns ? '' : 'vim25:'}${type.name}"`;
    const inner = encodeFields(value, ns, encoding);
    return inner === '' ? `<${tag}${xmlns}${xsi}/>` : `<${tag}${xmlns}${xsi}>${inner}</${tag}>`;
  }
  if (isList(value)) throw new Error(`a list where one ${declared} belongs`);
  return encodeAny(tag, xmlns, ns, value, encoding);
}

function encodeFields(value: Data, scope: Namespace, encoding: Encoding): string {
  const type = encoding.types.get(value.type);
  let text = '';
  for (const field of type?.fields ?? []) {
    const member = value.fields[field.name];
    if (member === undefined || (field.ns === encoding.ns && field.since > encoding.version)) continue;
    // The element `fault` stands in the surrounding namespace; its neighbour `localizedMessage` in its own.
    const placed = value.type === 'LocalizedMethodFault' && field.name === 'fault' ? { ...field, ns: scope } : field;
    text += encodeField(placed, member, scope, encoding);
  }
  return text;
}

function encodeAny(
  tag: string,
  xmlns: string,
  ns: Namespace,
  any: Exclude<Extract<Value, { kind: 'any' }>, string>,
  encoding: Encoding,
): string {
  const name = any.type.replace('~', '');
  const prefix = ns === 'urn:vim25' ? '' : 'vim25:';
  if (any.list) {
    const item = name === 'ref' ? 'ManagedObjectReference' : name;
    const open = `<${tag}${xmlns} xsi:type="${prefix}ArrayOf${item[0]?.toUpperCase()}${item.slice(1)}">`;
    if (name === 'byte' && typeof any.value === 'string') return `${open}${encodeBytes(any.value, 'byte')}</${tag}>`;
    let text = open;
    for (const one of isList(any.value) ? any.value : [any.value]) {
      text += isRef(one)
        ? `<${item} ${refAttributes(one, encoding)} xsi:type="${prefix}ManagedObjectReference">${escapeXml(one.value)}</${item}>`
        : encodeElement(item, ns, any.type, one, ns, encoding);
    }
    return `${text}</${tag}>`;
  }
  const value = any.value;
  if (isRef(value)) {
    return `<${tag}${xmlns} xsi:type="${prefix}ManagedObjectReference" ${refAttributes(value, encoding)}>${escapeXml(value.value)}</${tag}>`;
  }
  if (isData(value)) return encodeElement(tag, ns, '', value, ns, encoding);
  const text = value instanceof Date ? value.toISOString() : escapeXml(String(value));
  return `<${tag}${xmlns} xsi:type="${XSD.has(name) ? 'xsd:' : prefix}${name}">${text}</${tag}>`;
}

function refAttributes(value: Ref, encoding: Encoding): string {
  const guid = encoding.serverGuid === undefined ? '' : ` serverGuid="${encoding.serverGuid}"`;
  return `type="${value.type}"${guid}`;
}

/** A byte array is one element a byte: vim25 knows no base64 for `byte[]`. */
function encodeBytes(latin1: string, tag: string): string {
  let text = '';
  for (let i = 0; i < latin1.length; i += 1) text += `<${tag}${BYTES[latin1.charCodeAt(i) & 0xff]}${tag}>`;
  return text;
}

/** Control characters that XML 1.0 cannot carry become U+FFFD. */
function escapeXml(text: string): string {
  if (!/[&<>"\x00-\x1f]/.test(text)) return text;
  return text
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#xD;');
}
