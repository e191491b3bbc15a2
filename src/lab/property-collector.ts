import { selectObjects } from './object-selection.js';
import { type Fields, managedType, type PropertyPath, records, resolvePath } from './property-paths.js';
import { hasPrivilege, type ServiceCall } from './soap-service.js';
import type { SoapSession } from './soap-session.js';
import { type Field, isKindOf } from './soap-types.js';
import { any, type Data, data, isData, isList, isRef, type Ref, ServiceFault, type Value } from './soap-values.js';
import type { ManagedObject } from './vim-inventory.js';
import { MANAGED_TYPES, VIEW_PROPERTIES } from './vim-types.js';

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
  readonly paths: readonly PropertyPath[];
}

function wantedProperties(spec: Fields, version: number): Wanted {
  const type = managedType(spec.type);
  const texts =
    spec.all === true ? type.fields.map((field) => field.name) : (isList(spec.pathSet) ? spec.pathSet : []).map(String);
  return { type: type.name, paths: texts.map((text) => resolvePath(type.name, text, version)) };
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
