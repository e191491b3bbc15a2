import { readdirSync, readFileSync } from 'node:fs';
import { parseXml, type XmlElement } from '../../src/wire/xml.js';

const FOLDER = new URL('../fixtures/wire/', import.meta.url);

export const sampleNames = readdirSync(FOLDER).filter((name) => name.endsWith('.xml'));

export function sample(name: string): Buffer {
  return readFileSync(new URL(`${name}.xml`, FOLDER));
}

/** The document element of a sample, or of what we wrote ourselves. */
export function tree(bytes: Uint8Array | string): XmlElement {
  const parsed = parseXml(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** The element that a sample answers a call with. */
export function responseIn(name: string): XmlElement {
  const response = tree(sample(name)).children.find((child) => child.name === 'Body')?.children[0];
  if (response === undefined) throw new Error(`${name} has no body`);
  return response;
}

/** Resolved names, attributes and text, in order; prefixes, declarations and layout do not count. */
export function canonical(element: XmlElement): unknown {
  return {
    name: `{${element.namespace}}${element.name}`,
    attributes: element.attributes.map(({ namespace, name, value }) => `{${namespace}}${name}=${value}`).sort(),
    text: element.children.length > 0 ? '' : element.text,
    children: element.children.map(canonical),
  };
}
