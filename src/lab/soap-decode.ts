import { type DataType, type Field, isKindOf, type Method, type TypeTable } from './soap-types.js';
import { data, invalidRequest, type Ref, ref, ServiceFault, type Value } from './soap-values.js';
import { parseXml, type XmlElement } from './soap-xml.js';

const ENVELOPE = 'http://schemas.xmlsoap.org/soap/envelope/';
const MAX_REQUEST = 4 * 1024 * 1024;

/** Element order is checked: real services refuse members out of order, and a client that gets it wrong should learn it here. */
export interface SoapCall {
  readonly method: XmlElement;
  /** Children of the SOAP header, by local name. */
  readonly header: ReadonlyMap<string, string>;
}

export type Arguments = Readonly<Record<string, Value | undefined>>;

/** Throws a ServiceFault for whatever is not a SOAP 1.1 envelope with exactly one method. */
export function readEnvelope(body: Buffer): SoapCall {
  if (body.length > MAX_REQUEST) throw invalidRequest('The request is too large.');
  let root: XmlElement;
  try {
    root = parseXml(body.toString('utf8'));
  } catch (error) {
    throw invalidRequest(`Error in the request: ${error instanceof Error ? error.message : 'not XML'}`);
  }
  if (root.local !== 'Envelope' || root.ns !== ENVELOPE) throw invalidRequest(`Unexpected element tag "${root.local}" seen`);
  const header = new Map<string, string>();
  let method: XmlElement | undefined;
  for (const part of root.children) {
    if (part.ns !== ENVELOPE) throw invalidRequest(`Unexpected element tag "${part.local}" seen`);
    if (part.local === 'Header' && method === undefined) {
      for (const entry of part.children) header.set(entry.local, entry.text.trim());
    } else if (part.local === 'Body' && method === undefined) {
      if (part.children.length !== 1) throw invalidRequest('Expected one element in the body.');
      method = part.children[0];
    } else throw invalidRequest(`Unexpected element tag "${part.local}" seen`);
  }
  if (method === undefined) throw invalidRequest('Missing body.');
  return { method, header };
}

/** The object a method is called on: `_this` comes first. */
export function readSelf(element: XmlElement): Ref {
  const [first] = element.children;
  if (first?.local !== '_this') throw invalidRequest('Required parameter _this is missing');
  return readRef(first);
}

export function readArguments(method: Method, element: XmlElement, types: TypeTable, version: number): Arguments {
  return readMembers(method.parameters, element.children.slice(1), element, types, version);
}

function readMembers(
  fields: readonly Field[],
  children: readonly XmlElement[],
  parent: XmlElement,
  types: TypeTable,
  version: number,
): Arguments {
  const values: Record<string, Value | undefined> = {};
  let at = 0;
  let list: Value[] | undefined;
  if (parent.text.trim() !== '') throw invalidRequest(`Unexpected text in element "${parent.local}"`);
  for (const child of children) {
    const from = at;
    while (at < fields.length && fields[at]?.name !== child.local) at += 1;
    const field = fields[at];
    if (field === undefined || (field.ns === parent.ns && field.since > version)) {
      throw invalidRequest(`Unexpected element tag "${child.local}" seen in element "${parent.local}"`);
    }
    if (child.ns !== 'urn:vim25' && child.ns !== 'urn:sms') {
      throw invalidRequest(`Element tag "${child.local}" is not in the service's namespace`);
    }
    const value = readValue(field, child, types, version);
    if (!field.list) {
      values[field.name] = value;
      list = undefined;
      at += 1;
    } else if (at === from && list !== undefined) list.push(value);
    else {
      list = [value];
      values[field.name] = list;
    }
  }
  for (const field of fields) {
    if (!field.optional && values[field.name] === undefined) {
      throw invalidRequest(`Required parameter ${field.name} is missing in element "${parent.local}"`);
    }
  }
  return values;
}

function readValue(field: Field, element: XmlElement, types: TypeTable, version: number): Value {
  if (field.type === 'ref') return readRef(element);
  const declared = types.get(field.type);
  if (declared === undefined) return readText(field, element);
  const type = concreteType(declared, element, types);
  return data(type.name, readMembers(type.fields, element.children, element, types, version));
}

function concreteType(declared: DataType, element: XmlElement, types: TypeTable): DataType {
  if (element.xsiType === undefined) return declared;
  const type = types.get(element.xsiType);
  if (type === undefined || !isKindOf(type, declared.name)) {
    throw new ServiceFault('InvalidType', `Element "${element.local}" cannot be of type ${element.xsiType}`, {
      argument: element.local,
    });
  }
  return type;
}

function readText(field: Field, element: XmlElement): Value {
  if (element.children.length > 0) throw invalidRequest(`Unexpected element in "${element.local}"`);
  const text = element.text;
  const trimmed = text.trim();
  if (field.type === 'boolean') {
    if (!/^(true|false|1|0)$/.test(trimmed)) throw invalidRequest(`Element "${element.local}" is not a boolean`);
    return trimmed === 'true' || trimmed === '1';
  }
  if (field.type === 'int' || field.type === 'long') {
    if (!/^-?\d{1,19}$/.test(trimmed)) throw invalidRequest(`Element "${element.local}" is not a number`);
    return Number(trimmed);
  }
  return text;
}

function readRef(element: XmlElement): Ref {
  const type = element.attributes.get('type');
  if (type === undefined || element.children.length > 0) throw invalidRequest(`Element "${element.local}" is not a reference`);
  return ref(type, element.text.trim());
}
