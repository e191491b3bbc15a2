import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attribute, child, escapeXml, isXmlText, parseXml, textOf, type XmlElement, xsiType } from '../../src/wire/xml.js';
import { sample, sampleNames, tree } from './wire-samples.js';

const refusal = (text: string | Uint8Array): string => {
  const parsed = parseXml(typeof text === 'string' ? Buffer.from(text) : text);
  return parsed.ok ? 'parsed' : parsed.error;
};

test('every sample is read', () => {
  expect(sampleNames.length).toBeGreaterThan(60);
  for (const name of sampleNames) expect(tree(sample(name.replace('.xml', ''))).name, name).toBe('Envelope');
});

test('names and namespaces are resolved, prefixed or not; xsi:type is a local name', () => {
  const root = tree(
    '<a xmlns="urn:one" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:v="urn:two">' +
      '<v:b i:type="v:Kind" type="Folder">x &amp; &#x79;<![CDATA[<z>]]></v:b><c xmlns=""/></a>',
  );
  expect([root.name, root.namespace]).toEqual(['a', 'urn:one']);
  const b = child(root, 'b');
  expect([b?.namespace, xsiType(b), attribute(b, 'type'), b?.text]).toEqual(['urn:two', 'Kind', 'Folder', 'x & y<z>']);
  expect(child(root, 'c')?.namespace).toBe('');
});

describe('refused with a reason', () => {
  const bomb = `<!DOCTYPE a [<!ENTITY l "lol">${'<!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;">'.repeat(10)}]><a>&m;</a>`;
  for (const { name, text, why } of [
    { name: 'a document type declaration', text: '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', why: /document type/ },
    { name: 'a bomb of entities', text: bomb, why: /document type/ },
    { name: 'an entity nobody declared', text: '<a>&nbsp;</a>', why: /entity/ },
    { name: 'a reference to a character that XML does not have', text: '<a>&#0;</a>', why: /entity/ },
    { name: 'a processing instruction', text: '<?xml-stylesheet href="x"?><a/>', why: /processing instruction/ },
    { name: 'a second document element', text: '<a/><b/>', why: /./ },
    { name: 'text behind the end', text: '<a/>more', why: /./ },
    { name: 'nothing', text: '', why: /./ },
    { name: 'white space only', text: '  \n', why: /./ },
    { name: 'an element without end', text: '<a><b></b>', why: /unclosed/ },
    { name: 'elements that overlap', text: '<a><b></a></b>', why: /./ },
    { name: 'an unbound prefix', text: '<v:a/>', why: /prefix/ },
    { name: 'an attribute twice', text: '<a b="1" b="2"/>', why: /duplicate/ },
    { name: 'the same attribute under two prefixes', text: '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', why: /duplicate/ },
    { name: 'another encoding', text: '<?xml version="1.0" encoding="UTF-16"?><a/>', why: /UTF-16/ },
    { name: 'bytes that are not UTF-8', text: Uint8Array.of(0x3c, 0x61, 0x3e, 0xff, 0xfe), why: /UTF-8/ },
    { name: 'a control character', text: '<a>\u0007</a>', why: /character/ },
    { name: 'HTML', text: '<!doctype html><html><body><br></body></html>', why: /./ },
    { name: 'depth', text: '<a>'.repeat(10_000), why: /deep/ },
    {
      name: 'attributes without number',
      text: `<a ${Array.from({ length: 9_999 }, (_, i) => `b${i}="" `).join('')}/>`,
      why: /attributes/,
    },
  ]) {
    test(name, () => expect(refusal(text)).toMatch(why));
  }

  test('elements without number, and texts without end', () => {
    const elements = parseXml(Buffer.from(`<a>${'<b/>'.repeat(1_001)}</a>`), { maxElements: 1_000 });
    const text = parseXml(Buffer.from(`<a>${'x'.repeat(200_000)}</a>`), { maxText: 100_000 });
    expect([elements, text]).toEqual([
      { ok: false, error: 'more than 1000 elements' },
      { ok: false, error: 'a text longer than 100000 characters' },
    ]);
  });

  test('every sample cut off anywhere', () => {
    const whole = sample('resp-sms-QueryProviderInfo-clash-disconnected');
    const end = whole.lastIndexOf('>');
    for (let length = 0; length < end; length += 97) expect(refusal(whole.subarray(0, length))).not.toBe('parsed');
  });
});

test('a multi-byte character may fall on any boundary of the chunks read', () => {
  for (let shift = 0; shift < 4; shift += 1) {
    const text = `${'x'.repeat(65_530 + shift)}€😀é${'y'.repeat(70_000)}`;
    expect(tree(`<a>${text}</a>`).text).toBe(text);
  }
});

test('no bytes make the parser throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      parseXml(bytes);
    }),
    { seed: 1, numRuns: 500 },
  );
  const whole = sample('resp-vim-RetrievePropertiesEx-vvol');
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(40), (at, byte, cut) => {
      const changed = Buffer.concat([whole.subarray(0, at), Buffer.of(byte), whole.subarray(at + cut)]);
      parseXml(changed);
    }),
    { seed: 2, numRuns: 500 },
  );
});

const xmlText = fc.string({ unit: 'binary' }).filter(isXmlText);

test('what was escaped reads back the same, as text and as attribute', () => {
  fc.assert(
    fc.property(xmlText, (text) => {
      const element = tree(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`);
      expect(element.text).toBe(text);
      expect(attribute(element, 'b')).toBe(text);
    }),
    { seed: 3, numRuns: 1_000 },
  );
});

test('text that XML cannot carry is recognised', () => {
  for (const text of ['\u0000', '\u0008', '\u001b[2J', '\uFFFE', '\uFFFF', '\uD800', 'a\uDC00'])
    expect(isXmlText(text), JSON.stringify(text)).toBe(false);
  for (const text of ['', 'pä$$\t\r\n', '😀', '\u0085', '\uFFFD']) expect(isXmlText(text), JSON.stringify(text)).toBe(true);
});

test('a tree of any shape reads back as it was written', () => {
  interface Node {
    readonly name: string;
    readonly text: string;
    readonly children: readonly Node[];
  }
  const { node } = fc.letrec<{ node: Node }>((tie) => ({
    node: fc.record({
      name: fc.constantFrom('a', 'val', 'returnval'),
      text: xmlText,
      children: fc.oneof({ maxDepth: 6 }, fc.constant([]), fc.array(tie('node'), { maxLength: 3 })),
    }),
  }));
  const write = (one: Node): string =>
    `<${one.name}>${one.children.length > 0 ? one.children.map(write).join('\n ') : escapeXml(one.text)}</${one.name}>`;
  const same = (element: XmlElement, one: Node): void => {
    expect(element.name).toBe(one.name);
    expect(element.children.length).toBe(one.children.length);
    if (one.children.length === 0) expect(element.text).toBe(one.text);
    one.children.forEach((inner, at) => {
      const found = element.children[at];
      if (found === undefined) throw new Error('a child is missing');
      same(found, inner);
    });
  };
  fc.assert(
    fc.property(node, (one) => same(tree(write(one)), one)),
    { seed: 4, numRuns: 200 },
  );
});

test('text of a child stands without white space around it, and empty counts as missing', () => {
  const element = tree('<a><b> x </b><c></c><d/><e>  </e></a>');
  expect(['b', 'c', 'd', 'e', 'f'].map((name) => textOf(element, name))).toEqual([
    'x',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
