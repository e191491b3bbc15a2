// Runs one benchmark: node bench/run.mjs NAME [arguments]. Bundles bench/NAME.ts with esbuild, so that it runs on every supported Node.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const [name, ...rest] = process.argv.slice(2);
if (!name) {
  console.error('usage: node bench/run.mjs NAME');
  process.exit(2);
}
// In here, so that what is left out of the bundle is found.
const folder = mkdtempSync(join(import.meta.dirname, '..', 'node_modules', '.bench-'));
const outfile = join(folder, 'bench.mjs');
try {
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    external: ['ssh2', 'cpu-features'],
    define: { BENCH_FOLDER: JSON.stringify(import.meta.dirname) },
    logLevel: 'warning',
  });
  const { status } = spawnSync(process.execPath, [outfile, ...rest], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
