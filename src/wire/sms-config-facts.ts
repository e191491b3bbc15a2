import { createHash } from 'node:crypto';
import type { SmsConfigFacts } from '../model/evidence.js';
import { err, ok, type Result } from '../model/problem.js';
import { parseXml, type XmlElement } from './xml.js';

/**
 * What sms-config.xml says about retrying the query service. Only `qsConnection` with its two numbers is known (the article this
 * project grew from shows that fragment; root element and everything else are not published), so it is looked for at any depth.
 * Comments do not count. Several of a kind: none is reported. Fails with the reason when the file is not well-formed.
 */
export function parseSmsConfig(bytes: Uint8Array, path: string): Result<SmsConfigFacts, string> {
  const root = parseXml(bytes);
  if (!root.ok) return err(root.error);
  const connections = elementsNamed(root.value, 'qsConnection');
  const only = connections.length === 1 ? connections[0] : undefined;
  const retryAttempt = textOf(only, 'retryAttempt');
  const retryInterval = textOf(only, 'retryInterval');
  return ok({
    path,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...(retryAttempt === undefined ? {} : { retryAttempt }),
    ...(retryInterval === undefined ? {} : { retryInterval }),
  });
}

function elementsNamed(element: XmlElement, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  const open = [element];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.name === name) found.push(next);
    open.push(...next.children);
  }
  return found;
}

function textOf(parent: XmlElement | undefined, name: string): string | undefined {
  const [first, ...more] = parent ? elementsNamed(parent, name) : [];
  return first && more.length === 0 ? first.text.trim().slice(0, 100) : undefined;
}
