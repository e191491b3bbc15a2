/**
 * Writes what is made from the source: docs/findings/ and schemas/audit.schema.json. `node scripts/generate-docs.mjs`.
 * test/report/generated-files.test.ts fails when they are out of date.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { generatedFiles } = await load('scripts/generated-files.ts');
const files = generatedFiles();

await mkdir(`${root}docs/findings`, { recursive: true });
await mkdir(`${root}schemas`, { recursive: true });
for (const name of await readdir(`${root}docs/findings`))
  if (!files.has(`docs/findings/${name}`)) await rm(`${root}docs/findings/${name}`);
for (const [path, text] of files) await writeFile(root + path, text);
process.stdout.write(`${files.size} files written\n`);

/** Node 20 cannot run TypeScript: bundled in memory, then imported. */
async function load(entry) {
  const { outputFiles } = await build({
    entryPoints: [root + entry],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    logLevel: 'error',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
