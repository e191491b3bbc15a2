/**
 * Builds what is published: the command (dist/vasatrust.js, its commands in chunks that load when they are used), the library
 * (dist/index.js) and the lab (dist/lab.js). `--types` adds the declarations, which takes the compiler some seconds.
 *
 * Libraries stay external, so that a security fix of theirs reaches users without a release of ours. The two that every start of the
 * command would otherwise have to find and read (commander, ansis) are bundled: see docs/dependencies.md.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const bundled = new Set(['commander', 'ansis']);
const external = Object.keys(manifest.dependencies).filter((name) => !bundled.has(name));

rmSync(`${root}dist`, { recursive: true, force: true });

await build({
  absWorkingDir: root,
  entryPoints: { vasatrust: 'src/cli/main.ts', index: 'src/index.ts', lab: 'src/lab/start-lab.ts' },
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: [...external, ...external.map((name) => `${name}/*`)],
  define: { VASATRUST_VERSION: JSON.stringify(manifest.version) },
  // Bundled CommonJS asks for Node's own modules through `require`.
  banner: { js: "import { createRequire as nodeRequire } from 'node:module';\nconst require = nodeRequire(import.meta.url);" },
  legalComments: 'external',
  logLevel: 'warning',
});
chmodSync(`${root}dist/vasatrust.js`, 0o755);

if (process.argv.includes('--types')) {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.types.json'], {
    cwd: root,
    stdio: 'inherit',
  });
}
