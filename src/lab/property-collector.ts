import { hasPrivilege, type ServiceCall } from './soap-service.js';
import type { SoapSession } from './soap-session.js';
import { type Field, isKindOf } from './soap-types.js';
import {
  any,
  type Data,
  data,
  isData,
  isList,
  isRef,
  objectNotFound,
  type Ref,
  ServiceFault,
  type Value,
} from './soap-values.js';
import { findObject, type ManagedObject } from './vim-inventory.js';
import { MANAGED_TYPES, VIEW_PROPERTIES, VIM_TYPES } from './vim-types.js';

type Fields = Readonly<Record<string, Value | undefined>>;

/** The server's own limit of a page; a client that asks for more gets this many and a token. */
const PAGE = 1000;

/**
 * RetrievePropertiesEx. Without a session it still answers: every property asked for stands in `missingSet` with NotAuthenticated, which is
 * how real servers tell an expired session here. Throws ServiceFault.
 */
export function readProperties(call: ServiceCall, session: SoapSession | undefined, args: Fields): Value | undefined {
  const contents: Data[] = [];
  for (const spec of records(args.specSet)) {
    const wanted = records(spec.propSet).map((one) => wantedProperties(one, call.version));
    const seen = new Set<string>();
    for (const objectSpec of records(spec.objectSet)) {
      if (session === undefined) contents.push(unauthenticated(objectSpec, wanted));
      else {
        for (const object of selectObjects(call, session, objectSpec)) {
          const key = `${object.ref.type} ${object.ref.value}`;
          if (seen.has(key)) continue;
          seen.add(key);
          const content = objectContent(call, session, object, wanted);
          if (content !== undefined) contents.push(content);
        }
      }
    }
  }
  const options = isData(args.options) ? args.options.fields.maxObjects : undefined;
  if (typeof options === 'number' && options < 1) {
    throw new ServiceFault('InvalidArgument', 'A specified parameter was not correct.', {
      invalidProperty: 'options.maxObjects',
    });
  }
  return session === undefined
    ? data('RetrieveResult', { objects: contents })
    : page(session, contents, Math.min(typeof options === 'number' ? options : PAGE, PAGE));
}

export function continueRead(session: SoapSession, token: string): Value {
  const [size, rest] = session.pages.get(token) ?? [];
  session.pages.delete(token);
  const result = typeof size === 'number' && isList(rest) ? page(session, rest, size) : undefined;
  if (result === undefined) {
    throw new ServiceFault('InvalidArgument', 'A specified parameter was not correct.', { invalidProperty: 'token' });
  }
  return result;
}

function page(session: SoapSession, contents: readonly Value[], size: number): Data | undefined {
  if (contents.length === 0) return undefined;
  if (contents.length <= size) return data('RetrieveResult', { objects: contents });
  const token = String(session.nextToken);
  session.nextToken += 1;
  session.pages.set(token, [size, contents.slice(size)]);
  return data('RetrieveResult', { token, objects: contents.slice(0, size) });
}

interface Wanted {
  readonly type: string;
  readonly paths: readonly Path[];
}

interface Path {
  readonly text: string;
  readonly fields: readonly Field[];
}

function wantedProperties(spec: Fields, version: number): Wanted {
  const type = managedType(spec.type);
  const texts =
    spec.all === true ? type.fields.map((field) => field.name) : (isList(spec.pathSet) ? spec.pathSet : []).map(String);
  return { type: type.name, paths: texts.map((text) => resolvePath(type.name, text, version)) };
}

/** Follows a path through the types. A step may belong to a subtype of what is declared: `info.vvolDS` is of VvolDatastoreInfo. */
function resolvePath(typeName: string, text: string, version: number): Path {
  const fields: Field[] = [];
  let candidates: readonly Field[] = MANAGED_TYPES.get(typeName)?.fields ?? [];
  for (const step of text.split('.')) {
    const field = candidates.find((one) => one.name === step && one.since <= version);
    const previous = fields.at(-1);
    if (field === undefined || previous?.list === true) {
      throw new ServiceFault('InvalidProperty', `The property '${text}' of ${typeName} does not exist.`, { name: text });
    }
    fields.push(field);
    candidates = [...VIM_TYPES.values()].filter((type) => isKindOf(type, field.type)).flatMap((type) => type.fields);
  }
  return { text, fields };
}

function objectContent(
  { world }: ServiceCall,
  session: SoapSession,
  object: ManagedObject,
  wanted: readonly Wanted[],
): Data | undefined {
  const type = MANAGED_TYPES.get(object.ref.type);
  const matching = wanted.filter((one) => isKindOf(type, one.type));
  if (matching.length === 0) return undefined;
  const propSet: Value[] = [];
  const missingSet: Value[] = [];
  const told = new Set<string>();
  // Real servers tell properties by name, in whatever order they were asked for.
  const paths = matching.flatMap((one) => one.paths).sort((a, b) => (a.text < b.text ? -1 : 1));
  for (const path of paths) {
    if (told.has(path.text)) continue;
    told.add(path.text);
    const [top] = path.fields;
    const privilege = privilegeFor(object.ref.type, top?.name ?? '');
    if (!hasPrivilege(session, privilege)) {
      missingSet.push(missing(path.text, 'NoPermission', object.ref, privilege));
      continue;
    }
    const value = valueAt(world, object, path.fields);
    const last = path.fields.at(-1);
    if (value !== undefined && last !== undefined && !(isList(value) && value.length === 0)) {
      propSet.push(data('DynamicProperty', { name: path.text, val: any(last.type, value, last.list) }));
    }
  }
  return data('ObjectContent', {
    obj: object.ref,
    ...(propSet.length === 0 ? {} : { propSet }),
    ...(missingSet.length === 0 ? {} : { missingSet }),
  });
}

function privilegeFor(type: string, property: string): string {
  if (type === 'HostCertificateManager') return 'Certificate.Manage';
  return VIEW_PROPERTIES.has(property) || type === 'Task' ? 'System.View' : 'System.Read';
}

function valueAt(world: ServiceCall['world'], object: ManagedObject, fields: readonly Field[]): Value | undefined {
  const [top, ...rest] = fields;
  let value = top === undefined ? undefined : object.property(world, top.name);
  for (const field of rest) value = isData(value) ? value.fields[field.name] : undefined;
  return value;
}

/** The objects of one ObjectSpec: the object itself unless skipped, then what its traversals lead to. */
function selectObjects(call: ServiceCall, session: SoapSession, spec: Fields): ManagedObject[] {
  if (!isRef(spec.obj)) return [];
  const start = lookUp(call, session, spec.obj);
  if (start === undefined) throw objectNotFound(spec.obj);
  const named = new Map<string, Fields>();
  collectNames(spec.selectSet, named);
  const found: ManagedObject[] = [];
  const visited = new Set<string>();
  const walk = (object: ManagedObject, selections: readonly Fields[]): void => {
    for (const selection of selections) {
      const traversal = selection.path === undefined ? named.get(String(selection.name)) : selection;
      if (traversal === undefined)
        throw new ServiceFault('InvalidArgument', 'Unknown selection name.', { invalidProperty: 'selectSet' });
      const type = managedType(traversal.type);
      if (!isKindOf(MANAGED_TYPES.get(object.ref.type), type.name)) continue;
      const step = `${object.ref.type} ${object.ref.value} ${String(traversal.path)} ${String(traversal.name)}`;
      if (visited.has(step)) continue;
      visited.add(step);
      resolvePath(type.name, String(traversal.path), call.version);
      for (const next of traverse(call, session, object, String(traversal.path))) {
        if (traversal.skip !== true) found.push(next);
        walk(next, records(traversal.selectSet));
      }
    }
  };
  if (spec.skip !== true) found.push(start);
  walk(start, records(spec.selectSet));
  return found;
}

function collectNames(selectSet: Value | undefined, named: Map<string, Fields>): void {
  for (const selection of records(selectSet)) {
    if (selection.path === undefined) continue;
    if (selection.name !== undefined) named.set(String(selection.name), selection);
    collectNames(selection.selectSet, named);
  }
}

function traverse(call: ServiceCall, session: SoapSession, object: ManagedObject, path: string): ManagedObject[] {
  if (object.ref.type === 'ContainerView' && path === 'view') return object.children();
  const value = object.property(call.world, path);
  const refs = isList(value) ? value.filter(isRef) : isRef(value) ? [value] : [];
  return refs.map((one) => lookUp(call, session, one)).filter((one) => one !== undefined);
}

function lookUp({ vcenter }: ServiceCall, session: SoapSession, wanted: Ref): ManagedObject | undefined {
  if (wanted.type !== 'ContainerView') {
    return MANAGED_TYPES.has(wanted.type) ? findObject(vcenter, wanted) : undefined;
  }
  const view = session.views.get(wanted.value);
  const container = view === undefined ? undefined : findObject(vcenter, view.container);
  if (view === undefined || container === undefined) return undefined;
  const members = (): ManagedObject[] => {
    const list: ManagedObject[] = [];
    const add = (objects: readonly ManagedObject[]): void => {
      for (const object of objects) {
        const type = MANAGED_TYPES.get(object.ref.type);
        if (view.types.length === 0 || view.types.some((one) => isKindOf(type, one))) list.push(object);
        if (view.recursive) add(object.children());
      }
    };
    add(container.children());
    return list;
  };
  return {
    ref: wanted,
    children: members,
    property: (_world, name) => {
      if (name === 'view') return members().map((object) => object.ref);
      if (name === 'container') return view.container;
      if (name === 'recursive') return view.recursive;
      return name === 'type' ? [...view.types] : undefined;
    },
  };
}

function unauthenticated(spec: Fields, wanted: readonly Wanted[]): Data {
  const object = isRef(spec.obj) ? spec.obj : undefined;
  const type = object === undefined ? undefined : MANAGED_TYPES.get(object.type);
  const paths =
    spec.skip === true
      ? records(spec.selectSet).flatMap((one) => (one.path === undefined ? [] : [String(one.path)]))
      : wanted.filter((one) => isKindOf(type, one.type)).flatMap((one) => one.paths.map((path) => path.text));
  return data('ObjectContent', {
    obj: object,
    missingSet: paths.map((path) => missing(path, 'NotAuthenticated', object, 'System.View')),
  });
}

function missing(path: string, fault: string, object: Ref | undefined, privilegeId: string): Data {
  return data('MissingProperty', {
    path,
    fault: data('LocalizedMethodFault', { fault: data(fault, { object, privilegeId }) }),
  });
}

function managedType(value: Value | undefined): { readonly name: string; readonly fields: readonly Field[] } {
  const type = MANAGED_TYPES.get(String(value).trim());
  if (type === undefined) throw new ServiceFault('InvalidType', `Unknown managed type ${String(value)}`, { argument: 'type' });
  return type;
}

/** The fields of each data object in a list. */
function records(value: Value | undefined): Fields[] {
  return isList(value) ? value.filter(isData).map((one) => one.fields) : [];
}
