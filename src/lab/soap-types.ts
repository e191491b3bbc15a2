/**
 * Type tables of the two SOAP services, written as text: one type or method per line, in wire order. They drive both directions: what a
 * request may contain, and in which order and in which version an answer tells its fields.
 */
export type Namespace = 'urn:vim25' | 'urn:sms';

export interface Field {
  readonly name: string;
  /** `string`, `int`, `long`, `boolean`, `dateTime`, `byte`, `anyType`, `ref` (a managed object), `~Name` (an enumeration) or a data type's name. */
  readonly type: string;
  readonly list: boolean;
  readonly optional: boolean;
  /** First version of the declaring namespace that has it; see `versionNumber`. */
  readonly since: number;
  readonly ns: Namespace;
}

export interface DataType {
  readonly name: string;
  readonly ns: Namespace;
  readonly base?: DataType;
  /** Base fields first: the order on the wire. */
  readonly fields: readonly Field[];
}

export interface Method {
  readonly name: string;
  readonly ns: Namespace;
  /** Managed type it is called on. */
  readonly on: string;
  readonly privilege: string;
  readonly since: number;
  readonly parameters: readonly Field[];
  readonly result?: Field;
}

export type TypeTable = ReadonlyMap<string, DataType>;

/** `8.0.1.0` as a number that compares: three digits a part. A part that is not a number counts as 0. */
export function versionNumber(version: string): number {
  let number = 0;
  const parts = version.split('.');
  for (let i = 0; i < 4; i += 1) number = number * 1000 + (Number.parseInt(parts[i] ?? '0', 10) || 0);
  return number;
}

/** @param text lines of `Name [< Base] : field:type[[]][?][@since] …`; a base stands above what extends it */
export function defineTypes(ns: Namespace, text: string, known: TypeTable = new Map()): Map<string, DataType> {
  const types = new Map(known);
  for (const line of linesOf(text)) {
    const match = /^(\w+)(?: < (\w+))? :(.*)$/.exec(line);
    if (match === null) throw new Error(`not a type: ${line}`);
    const [, name = '', baseName, fields = ''] = match;
    const base = baseName === undefined ? undefined : types.get(baseName);
    if (baseName !== undefined && base === undefined) throw new Error(`unknown base ${baseName} of ${name}`);
    const own = fieldsOf(ns, fields);
    types.set(name, { name, ns, fields: [...(base?.fields ?? []), ...own], ...(base === undefined ? {} : { base }) });
  }
  return types;
}

/** @param text lines of `Name on Type needs Privilege since Version ( parameters ) [result]` */
export function defineMethods(ns: Namespace, text: string): Map<string, Method> {
  const methods = new Map<string, Method>();
  for (const line of linesOf(text)) {
    const match = /^(\w+) on (\w+) needs ([\w.]+) since ([\d.]+) \(([^)]*)\)(?: (\S+))?$/.exec(line);
    if (match === null) throw new Error(`not a method: ${line}`);
    const [, name = '', on = '', privilege = '', since = '', parameters = '', result] = match;
    methods.set(name, {
      name,
      ns,
      on,
      privilege,
      since: versionNumber(since),
      parameters: fieldsOf(ns, parameters),
      ...(result === undefined ? {} : { result: fieldOf(ns, `returnval:${result}`) }),
    });
  }
  return methods;
}

export function isKindOf(type: DataType | undefined, ancestor: string): boolean {
  for (let at = type; at !== undefined; at = at.base) if (at.name === ancestor) return true;
  return false;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function fieldsOf(ns: Namespace, text: string): Field[] {
  return text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => fieldOf(ns, word));
}

function fieldOf(ns: Namespace, word: string): Field {
  const match = /^(\w+):(~?\w+)(\[\])?(\?)?(?:@([\d.]+))?$/.exec(word);
  if (match === null) throw new Error(`not a field: ${word}`);
  const [, name = '', type = '', list, optional, since] = match;
  return { name, type, ns, list: list !== undefined, optional: optional !== undefined, since: versionNumber(since ?? '0') };
}
