import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModule, violations } from './support/architecture.js';

/** Files that may pass 400 lines: one table or one parser, with the reason. */
const LONG_FILES: Readonly<Record<string, string>> = {};

const root = join(import.meta.dirname, '..');

test('src/ follows the import rules', () => {
  const modules = sourceFiles().map((path) => readModule(path, readFileSync(join(root, path), 'utf8')));
  expect(modules.length).toBeGreaterThan(5);
  expect(violations(modules, LONG_FILES)).toEqual([]);
});

test('every exception for a long file is still needed', () => {
  const long = sourceFiles().filter((path) => readFileSync(join(root, path), 'utf8').split('\n').length > 400);
  expect(Object.keys(LONG_FILES).filter((path) => !long.includes(path))).toEqual([]);
});

describe('a planted violation is caught', () => {
  const planted: { name: string; files: Record<string, string>; says: string | RegExp }[] = [
    {
      name: 'the lab using a wire codec',
      files: { 'src/lab/x.ts': "import { a } from '../wire/soap.js';" },
      says: 'src/lab/x.ts:1: lab may not import src/wire/soap.ts',
    },
    {
      name: 'the product using the lab',
      files: { 'src/collect/x.ts': "import { a } from '../lab/world.js';" },
      says: /collect may not import src\/lab/,
    },
    {
      name: 'a command other than lab, rehearse and start using the lab',
      files: { 'src/cli/commands/audit.ts': "const lab = await import('../../lab/start-lab.js');" },
      says: /cli may not import src\/lab/,
    },
    {
      name: 'model importing x509',
      files: { 'src/model/x.ts': "import type { A } from '../x509/parse.js';" },
      says: /model may not import/,
    },
    {
      name: 'collect importing a value from config',
      files: { 'src/collect/x.ts': "import { loadConfig } from '../config/load-config.js';" },
      says: /collect may not import src\/config/,
    },
    {
      name: 'report importing a rule',
      files: { 'src/report/x.ts': "import { a } from '../findings/rules/trust-lost.js';" },
      says: /report may not import src\/findings\/rules/,
    },
    {
      name: 'a re-export over a forbidden arrow',
      files: { 'src/x509/x.ts': "export { a } from '../wire/soap.js';\nconst b = 1;" },
      says: /x509 may not import/,
    },
    {
      name: 'an inline import type',
      files: { 'src/model/x.ts': "export type A = import('../wire/soap.js').A;" },
      says: /model may not import/,
    },
    {
      name: 'a cycle',
      files: {
        'src/model/a.ts': "import { b } from './b.js'; export const a = 1;",
        'src/model/b.ts': "import { c } from './c.js'; export const b = 1;",
        'src/model/c.ts': "import type { A } from './a.js'; export const c = 1;",
      },
      says: 'cycle: src/model/a.ts → src/model/b.ts → src/model/c.ts → src/model/a.ts',
    },
    {
      name: 'a file read in a pure folder',
      files: { 'src/findings/x.ts': "import { readFile } from 'node:fs/promises';" },
      says: /node:fs\/promises in a pure folder/,
    },
    { name: 'the clock in a pure folder', files: { 'src/report/x.ts': 'export const a = Date.now();' }, says: /Date.now/ },
    {
      name: 'today in a pure folder',
      files: { 'src/x509/x.ts': '\nexport const a = new Date();' },
      says: /x.ts:2: new Date\(\)/,
    },
    { name: 'chance in a pure folder', files: { 'src/inventory/x.ts': 'export const a = Math.random();' }, says: /Math.random/ },
    {
      name: 'the environment in a pure folder',
      files: { 'src/model/x.ts': 'export const a = process.env.A;' },
      says: /process.env/,
    },
    {
      name: 'an X.509 library in wire',
      files: { 'src/wire/x.ts': "import { X509Certificate } from '@peculiar/x509';" },
      says: /@peculiar\/x509 outside x509/,
    },
    {
      name: 'node-forge in the lab outside pki.ts',
      files: { 'src/lab/x.ts': "import forge from 'node-forge';" },
      says: /node-forge outside x509/,
    },
    {
      name: 'more than createHash in inventory',
      files: { 'src/inventory/x.ts': "import { createHash, randomBytes } from 'node:crypto';" },
      says: /node:crypto in inventory/,
    },
    {
      name: 'any cryptography in findings',
      files: { 'src/findings/x.ts': "import { createHash } from 'node:crypto';" },
      says: /node:crypto in findings/,
    },
    { name: 'a barrel file', files: { 'src/wire/all.ts': "export * from './soap.js';" }, says: /all.ts: is a barrel file/ },
    { name: 'a default export', files: { 'src/wire/x.ts': 'export default function run() {}' }, says: /default export/ },
    {
      name: 'a default export by name',
      files: { 'src/wire/x.ts': 'const a = 1;\nexport { a as default };' },
      says: /default export/,
    },
    { name: 'a long file', files: { 'src/wire/x.ts': 'const a = 1;\n'.repeat(401) }, says: /401 lines, more than 400/ },
    { name: 'a utils folder', files: { 'src/wire/utils/text.ts': 'export const a = 1;' }, says: /name it after what it holds/ },
    { name: 'camelCase file names', files: { 'src/wire/tlsProbe.ts': 'export const a = 1;' }, says: /kebab-case/ },
    { name: 'an import without .js', files: { 'src/wire/x.ts': "import { a } from './soap';" }, says: /end in .js/ },
    {
      name: 'a computed import()',
      files: { 'src/cli/x.ts': 'export const a = (name: string) => import(name);' },
      says: /computed/,
    },
    { name: 'a new folder without a rule', files: { 'src/stuff/x.ts': 'export const a = 1;' }, says: /no rule says/ },
  ];
  for (const { name, files, says } of planted) {
    test(name, () => {
      const found = violations(Object.entries(files).map(([path, text]) => readModule(path, text)));
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(says);
    });
  }
});

test('what the rules allow is not reported', () => {
  const files = {
    'src/collect/a.ts': "import type { Config } from '../config/config.js';\nimport { b } from '../wire/b.js';",
    'src/wire/b.ts': "import { readFile } from 'node:fs/promises';\nexport const b = [readFile, Date.now()];",
    'src/inventory/c.ts': "import { createHash } from 'node:crypto';\nexport const c = [createHash, new Date(0)];",
    'src/cli/commands/lab.ts': "const lab = () => import('../../lab/start-lab.js');\nexport const d = lab;",
    'src/report/e.ts': "import { explain } from '../findings/explain.js';\nexport const e = explain;",
  };
  expect(violations(Object.entries(files).map(([path, text]) => readModule(path, text)))).toEqual([]);
});

test('a justified exception may be long', () => {
  const module = readModule('src/wire/table.ts', 'const a = 1;\n'.repeat(401));
  expect(violations([module], { 'src/wire/table.ts': 'one table' })).toEqual([]);
});

function sourceFiles(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((path) => `src/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts'));
}
