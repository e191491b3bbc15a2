import { SaxesParser } from 'saxes';

/** One element of a request; prefixes are resolved, text is what stands directly inside it. */
export interface XmlElement {
  readonly local: string;
  readonly ns: string;
  /** Attributes by local name; `xsi:type` is kept apart. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Local name of `xsi:type`. */
  readonly xsiType?: string;
  readonly children: XmlElement[];
  text: string;
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 100_000;

/** Throws an Error that says what is wrong with the text. DOCTYPE and processing instructions are refused; saxes knows no entity but XML's own five. */
export function parseXml(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true });
  const stack: XmlElement[] = [];
  let root: XmlElement | undefined;
  let count = 0;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', () => {
    throw new Error('DOCTYPE is not allowed');
  });
  parser.on('processinginstruction', () => {
    throw new Error('processing instructions are not allowed');
  });
  parser.on('opentag', (tag) => {
    count += 1;
    if (count > MAX_ELEMENTS || stack.length >= MAX_DEPTH) throw new Error('too many elements');
    const attributes = new Map<string, string>();
    let xsiType: string | undefined;
    for (const attribute of Object.values(tag.attributes)) {
      if (attribute.uri === XSI && attribute.local === 'type') xsiType = attribute.value.slice(attribute.value.indexOf(':') + 1);
      else if (attribute.prefix !== 'xmlns' && attribute.name !== 'xmlns') attributes.set(attribute.local, attribute.value);
    }
    const element: XmlElement = {
      local: tag.local,
      ns: tag.uri,
      attributes,
      children: [],
      text: '',
      ...(xsiType === undefined ? {} : { xsiType }),
    };
    stack.at(-1)?.children.push(element);
    root ??= element;
    stack.push(element);
  });
  const addText = (chunk: string): void => {
    const top = stack.at(-1);
    if (top !== undefined) top.text += chunk;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    stack.pop();
  });
  parser.write(text).close();
  if (root === undefined) throw new Error('no element');
  return root;
}
