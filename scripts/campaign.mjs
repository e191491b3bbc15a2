/**
 * Plays stories of interrupted cleanups against the promises: `npm run campaign -- --seeds 20000`, or one of them again with
 * `--seed N`. Exit code 1 and the seeds when a promise is broken.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the tree, so that what is not bundled is found in node_modules.
const folder = await mkdtemp(join(root, 'node_modules/.campaign-'));
try {
  const outfile = join(folder, 'campaign.mjs');
  await build({
    entryPoints: [`${root}test/campaign/run-campaign.ts`],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outfile,
    logLevel: 'error',
    sourcemap: 'inline',
  });
  const { main } = await import(pathToFileURL(outfile).href);
  process.exitCode = await main(process.argv.slice(2), outfile);
} finally {
  await rm(folder, { recursive: true, force: true });
}
