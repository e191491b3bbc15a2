import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generatedFiles } from '../../scripts/generated-files.js';

const root = new URL('../../', import.meta.url);

test('docs/findings/ and the schema of the JSON report are what `node scripts/generate-docs.mjs` writes', () => {
  const files = generatedFiles();
  for (const [path, text] of files) expect(readFileSync(new URL(path, root), 'utf8'), path).toBe(text);
  const pages = [...files.keys()].flatMap((path) =>
    path.startsWith('docs/findings/') ? [path.slice('docs/findings/'.length)] : [],
  );
  expect(readdirSync(new URL('docs/findings/', root)).sort()).toEqual(pages.sort());
});
