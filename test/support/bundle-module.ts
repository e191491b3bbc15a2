import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');

/**
 * A TypeScript file as one that Node runs by itself; libraries stay outside, so it lies under node_modules. For tests that need a process
 * of its own: one that can be killed.
 */
export async function bundleModule(entry: string): Promise<{ readonly path: string; remove(): void }> {
  const folder = mkdtempSync(join(root, 'node_modules', '.test-'));
  const path = join(folder, 'bundle.mjs');
  await build({
    entryPoints: [join(root, entry)],
    outfile: path,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    define: { VASATRUST_VERSION: '"test"' },
    logLevel: 'warning',
  });
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
