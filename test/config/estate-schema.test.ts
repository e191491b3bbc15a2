import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { estateJsonSchema } from '../../src/config/estate-schema.js';
import { loadConfig } from '../../src/config/load-config.js';
import { mistakeText } from '../../src/config/mistake.js';

const root = join(import.meta.dirname, '../..');
const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.yaml'));
const published: object = JSON.parse(readFileSync(join(root, 'schemas/estate.schema.json'), 'utf8'));
const validate = new Ajv({ strict: false }).compile(published);

test('the published JSON Schema is the one that checks (npm run generate)', () => {
  expect(published).toEqual(JSON.parse(JSON.stringify(estateJsonSchema())));
});

test('there are examples', () => expect(examples.length).toBeGreaterThanOrEqual(3));

describe('every example', () => {
  for (const name of examples) {
    test(`${name} is accepted, by vasatrust and by the JSON Schema`, async () => {
      const env = name.includes('environment') ? { GOVC_USERNAME: 'a', GOVC_PASSWORD: 'p' } : {};
      const config = await loadConfig(join('examples', name), { HOME: '/home/op', ...env }, root);
      expect(config.ok ? [] : config.error.map(mistakeText)).toEqual([]);
      expect(config.ok && config.value.vcenters.length).toBeGreaterThan(1);
      expect(validate(parse(readFileSync(join(root, 'examples', name), 'utf8'))), JSON.stringify(validate.errors)).toBe(true);
    });
    test(`${name} names the schema for editors`, () => {
      expect(readFileSync(join(root, 'examples', name), 'utf8')).toMatch(
        /^# yaml-language-server: \$schema=\.\.\/schemas\/estate\.schema\.json\n/,
      );
    });
  }

  test('the full one shows every key of the schema', () => {
    const shown = keysOf(parse(readFileSync(join(root, 'examples/estate-full.yaml'), 'utf8')));
    const all = schemaKeys(published);
    expect(all.filter((key) => !shown.has(key))).toEqual([]);
  });
});

describe('the JSON Schema refuses', () => {
  for (const [name, estate] of [
    ['a plain-text password', { vcenters: [{ address: 'a', password: 'x' }] }],
    ['two sources of one secret', { vcenters: [{ address: 'a', password: { env: 'A', file: 'b' } }] }],
    ['an unknown key', { vcenters: [{ address: 'a', insecure: true }] }],
    ['a vCenter without address', { vcenters: [{ id: 'a' }] }],
  ] as const) {
    test(name, () => expect(validate(estate)).toBe(false));
  }
});

function keysOf(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) keysOf(item, found);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      found.add(key);
      keysOf(inner, found);
    }
  }
  return found;
}

function schemaKeys(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, items } = schema as { properties?: Record<string, unknown>; items?: unknown };
  return [...Object.entries(properties ?? {}).flatMap(([key, inner]) => [key, ...schemaKeys(inner)]), ...schemaKeys(items)];
}
