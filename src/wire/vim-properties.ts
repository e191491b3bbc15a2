import { err, ok, type Result } from '../model/problem.js';
import { type Arg, badAnswer, type Ref, refOf, type SoapFailure } from './soap.js';
import type { VimCaller } from './vim-session.js';
import { child, childrenNamed, textOf, type XmlElement, xsiType } from './xml.js';

/** An object with the properties that were asked for and are set. */
export interface VimObject {
  readonly ref: Ref;
  readonly values: ReadonlyMap<string, XmlElement>;
  /** Property path → type of the fault that kept it from us. */
  readonly missing: ReadonlyMap<string, string>;
}

export type PropertyPaths = Readonly<Record<string, readonly string[]>>;

/** Objects per answer. Bounds an answer to some megabytes: a datastore lists all its mounts and VMs. */
const PAGE = 500;
const MAX_PAGES = 2_000;

/** Properties of everything in a container view. @param paths type → property paths */
export function readView(vim: VimCaller, view: Ref, paths: PropertyPaths): Promise<Result<VimObject[], SoapFailure>> {
  return readAll(vim, writeViewSpec(view, paths));
}

/** Properties of these very objects, all of one type. */
export function readObjects(
  vim: VimCaller,
  refs: readonly Ref[],
  type: string,
  paths: readonly string[],
): Promise<Result<VimObject[], SoapFailure>> {
  return readAll(vim, writeObjectsSpec(refs, type, paths));
}

export function writeObjectsSpec(refs: readonly Ref[], type: string, paths: readonly string[]): Arg {
  const objectSet = refs.map((ref): Arg => ({ name: 'objectSet', children: [{ name: 'obj', ref }, flag('skip', false)] }));
  return { name: 'specSet', children: [propSet(type, paths), ...objectSet] };
}

/** Element order is fixed: propSet before objectSet. */
export function writeViewSpec(view: Ref, paths: PropertyPaths): Arg {
  const selectSet: Arg = {
    name: 'selectSet',
    xsiType: 'TraversalSpec',
    children: [
      { name: 'name', text: 'viewToObj' },
      { name: 'type', text: 'ContainerView' },
      { name: 'path', text: 'view' },
      flag('skip', false),
    ],
  };
  return {
    name: 'specSet',
    children: [
      ...Object.entries(paths).map(([type, list]) => propSet(type, list)),
      { name: 'objectSet', children: [{ name: 'obj', ref: view }, flag('skip', true), selectSet] },
    ],
  };
}

export function writeOptions(maxObjects?: number): Arg {
  return { name: 'options', children: maxObjects === undefined ? [] : [{ name: 'maxObjects', text: String(maxObjects) }] };
}

function propSet(type: string, paths: readonly string[]): Arg {
  const pathSet = paths.map((path): Arg => ({ name: 'pathSet', text: path }));
  return { name: 'propSet', children: [{ name: 'type', text: type }, flag('all', false), ...pathSet] };
}

function flag(name: string, value: boolean): Arg {
  return { name, text: String(value) };
}

async function readAll(vim: VimCaller, specSet: Arg): Promise<Result<VimObject[], SoapFailure>> {
  const collector = vim.content.propertyCollector;
  const objects: VimObject[] = [];
  let answer = await vim.call('RetrievePropertiesEx', collector, [specSet, writeOptions(PAGE)], true);
  for (let page = 0; page < MAX_PAGES; page += 1) {
    if (!answer.ok) return answer;
    const read = decodePage(answer.value, vim.label);
    if (!read.ok) return read;
    objects.push(...read.value.objects);
    if (read.value.token === undefined) return ok(objects);
    // Not a plain read: the token is used up by asking.
    answer = await vim.call('ContinueRetrievePropertiesEx', collector, [{ name: 'token', text: read.value.token }], false);
  }
  return err({ problem: badAnswer(vim.label, `RetrievePropertiesEx goes on after ${MAX_PAGES} pages`) });
}

/** Fails with `session-expired` where a property is missing because nobody is logged in: property reads say it so, with HTTP 200. */
export function decodePage(
  response: XmlElement,
  target: string,
): Result<{ readonly objects: VimObject[]; readonly token: string | undefined }, SoapFailure> {
  const page = child(response, 'returnval');
  const objects: VimObject[] = [];
  for (const element of childrenNamed(page, 'objects')) {
    const object = decodeObject(element);
    if (object === undefined) return err({ problem: badAnswer(target, 'an object without a reference among the properties') });
    if ([...object.missing.values()].includes('NotAuthenticated')) return err({ problem: expired(target) });
    objects.push(object);
  }
  return ok({ objects, token: textOf(page, 'token') });
}

function decodeObject(element: XmlElement): VimObject | undefined {
  const ref = refOf(child(element, 'obj'));
  if (ref === undefined) return undefined;
  const values = new Map<string, XmlElement>();
  for (const property of childrenNamed(element, 'propSet')) {
    const name = textOf(property, 'name');
    const value = child(property, 'val');
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  const missing = new Map<string, string>();
  for (const property of childrenNamed(element, 'missingSet')) {
    const fault = child(child(property, 'fault'), 'fault');
    missing.set(textOf(property, 'path') ?? '', xsiType(fault) ?? 'unknown');
  }
  return { ref, values, missing };
}

function expired(target: string) {
  return {
    code: 'session-expired' as const,
    target,
    summary: `reading properties at ${target}: the session is not, or no longer, valid (NotAuthenticated)`,
    remedy: 'Run again. If it keeps happening, look for a short session limit or something that ends sessions on this vCenter.',
    retry: 'later' as const,
  };
}
