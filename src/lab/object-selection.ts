import { type Fields, managedType, records, resolvePath } from './property-paths.js';
import type { ServiceCall } from './soap-service.js';
import type { SoapSession } from './soap-session.js';
import { isKindOf } from './soap-types.js';
import { isList, isRef, objectNotFound, type Ref, ServiceFault, type Value } from './soap-values.js';
import { findObject, type ManagedObject } from './vim-inventory.js';
import { MANAGED_TYPES } from './vim-types.js';

/** The objects of one ObjectSpec: the object itself unless skipped, then what its traversals lead to. */
export function selectObjects(call: ServiceCall, session: SoapSession, spec: Fields): ManagedObject[] {
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
