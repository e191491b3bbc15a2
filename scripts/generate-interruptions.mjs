/**
 * Writes docs/interruptions.md from every interruption played against the lab: `npm run generate:interruptions`, some minutes.
 * test/execute/interruptions-{bash,appliancesh}.test.ts play them again, over SSH, and fails when the page is out of date.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the tree, so that what is not bundled is found in node_modules.
const folder = await mkdtemp(join(root, 'node_modules/.interruptions-'));
try {
  const outfile = join(folder, 'interruptions.mjs');
  await build({
    entryPoints: [`${root}test/campaign/interruptions-page.ts`],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outfile,
    logLevel: 'error',
  });
  const { renderPage } = await import(pathToFileURL(outfile).href);
  const { page, broken } = await renderPage();
  process.stdout.write(broken.map((one) => `${one}\n`).join(''));
  if (broken.length > 0) process.exitCode = 1;
  else await writeFile(join(root, 'docs/interruptions.md'), page);
} finally {
  await rm(folder, { recursive: true, force: true });
}
