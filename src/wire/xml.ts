import { isUtf8 } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import { type SaxesAttributeNS, SaxesParser } from 'saxes';
import { err, ok, type Result } from '../model/problem.js';
import { plainText } from './redact.js';

/** One element with namespaces resolved. Text and child elements in one element do not occur in SOAP data; text is all character data joined. */
export interface XmlElement {
  /** Local name. */
  readonly name: string;
  /** Namespace URI; empty: none. */
  readonly namespace: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  readonly text: string;
}

export interface XmlAttribute {
  readonly name: string;
  readonly namespace: string;
  readonly value: string;
}

export interface XmlLimits {
  readonly maxDepth: number;
  readonly maxElements: number;
  /** Per element, namespace declarations included. */
  readonly maxAttributes: number;
  /** Longest text of one element, characters. */
  readonly maxText: number;
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const LIMITS: XmlLimits = { maxDepth: 64, maxElements: 1_000_000, maxAttributes: 64, maxText: 8 * 1024 * 1024 };
const CHUNK = 64 * 1024;
const NONE: readonly never[] = [];

/** Thrown inside the parser alone, to leave it. */
class Refusal extends Error {}

/**
 * Reads a document: well-formed XML 1.0 in UTF-8 with namespaces. Refused, with the reason as error: DOCTYPE, entities other than the
 * five predefined ones and character references, processing instructions, anything past the limits. Never throws.
 */
export function parseXml(bytes: Uint8Array, limits: Partial<XmlLimits> = {}): Result<XmlElement, string> {
  try {
    return ok(parse(bytes, { ...LIMITS, ...limits }));
  } catch (error) {
    // saxes throws plain errors for what is not well-formed; a TypeError or the like is a mistake of ours.
    if (error instanceof Error && Object.getPrototypeOf(error) === Error.prototype) return err(plainText(error.message, 160));
    if (error instanceof Refusal) return err(error.message);
    throw error;
  }
}

interface Open {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: readonly XmlAttribute[];
  children: XmlElement[] | readonly never[];
  text: string;
}

function parse(bytes: Uint8Array, limits: XmlLimits): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: false, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const stack: Open[] = [];
  let root: XmlElement | undefined;
  let elements = 0;

  // Six handlers and no more: with a seventh V8 stops treating the parser as an object with fields, and parsing takes four times as long.
  parser.on('doctype', () => {
    throw new Refusal('a document type declaration, which SOAP forbids');
  });
  parser.on('processinginstruction', () => {
    throw new Refusal('a processing instruction, which SOAP forbids');
  });
  parser.on('opentag', (tag) => {
    elements += 1;
    if (elements > limits.maxElements) throw new Refusal(`more than ${limits.maxElements} elements`);
    if (stack.length >= limits.maxDepth) throw new Refusal(`elements nested more than ${limits.maxDepth} deep`);
    const node: Open = {
      name: tag.local,
      namespace: tag.uri,
      attributes: attributesOf(tag.attributes, limits.maxAttributes),
      children: NONE,
      text: '',
    };
    const parent = stack.at(-1);
    if (parent === undefined) root = node;
    else if (parent.children === NONE) parent.children = [node];
    else (parent.children as XmlElement[]).push(node);
    stack.push(node);
  });
  const addText = (text: string): void => {
    const node = stack.at(-1);
    if (node === undefined) return;
    if (node.text.length + text.length > limits.maxText) throw new Refusal(`a text longer than ${limits.maxText} characters`);
    node.text = node.text === '' ? text : node.text + text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const node = stack.pop();
    // Line breaks between elements, in pretty-printed answers.
    if (node !== undefined && node.children.length > 0) node.text = node.text.trim();
  });

  const encoding = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*\bencoding\s*=\s*["']([^"'>]*)/.exec(
    Buffer.from(bytes.subarray(0, 256)).toString('latin1'),
  )?.[1];
  if (encoding !== undefined && !/^(utf-?8|us-ascii)$/i.test(encoding))
    throw new Refusal(`encoding ${plainText(encoding, 40)} instead of UTF-8`);
  if (!isUtf8(bytes)) throw new Refusal('not UTF-8');
  // Several times faster than a TextDecoder that checks as it goes.
  const decoder = new StringDecoder('utf8');
  for (let at = 0; at < bytes.length; at += CHUNK)
    parser.write(decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(CHUNK, bytes.length - at))));
  parser.close();
  if (root === undefined) throw new Refusal('no element at all');
  return root;
}

function attributesOf(attributes: Record<string, SaxesAttributeNS>, max: number): readonly XmlAttribute[] {
  let found: XmlAttribute[] | undefined;
  let count = 0;
  for (const key in attributes) {
    count += 1;
    if (count > max) throw new Refusal(`an element with more than ${max} attributes`);
    const attribute = attributes[key];
    if (attribute === undefined || attribute.prefix === 'xmlns' || key === 'xmlns') continue;
    found ??= [];
    found.push({ name: attribute.local, namespace: attribute.uri, value: attribute.value });
  }
  return found ?? NONE;
}

/** First child of that local name, whatever its namespace: real servers and pyvmomi differ there. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name);
}

export function childrenNamed(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((one) => one.name === name) ?? [];
}

/** Text of the first child of that name, white space at the ends removed; undefined where there is none or it is empty. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return ownText(child(element, name));
}

/** The element's own text by the same rule. */
export function ownText(element: XmlElement | undefined): string | undefined {
  const text = element?.text.trim();
  return text === undefined || text === '' ? undefined : detached(text);
}

/**
 * A copy that stands alone. V8 keeps the whole parsed chunk alive for a slice of it: evidence of a thousand vCenters would hold on to
 * every answer it came from. Shorter strings than 13 characters are always copies.
 */
function detached(text: string): string {
  return text.length < 13 ? text : Buffer.from(text).toString();
}

export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  return element?.attributes.find((one) => one.name === name && one.namespace === '')?.value;
}

/** Local name in `xsi:type`. The prefix is not looked up: servers spell the same type with, without and with different ones. */
export function xsiType(element: XmlElement | undefined): string | undefined {
  const value = element?.attributes.find((one) => one.name === 'type' && one.namespace === XSI)?.value.trim();
  return value?.slice(value.indexOf(':') + 1);
}

/** Whether text can be written in XML 1.0 at all: no control characters but tab, CR and LF, no halves of surrogate pairs. */
export function isXmlText(text: string): boolean {
  return /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u.test(text);
}

/** For element content and for attribute values in double quotes. CR, LF and tab survive attribute and line-end normalisation. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\r\n\t]/g, (char) => ESCAPES[char] ?? char);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};
