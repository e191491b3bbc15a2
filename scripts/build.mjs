/**
 * Builds what is published: the command (dist/vasatrust.cjs, its commands in chunks that load when they are used), the library
 * (dist/index.js) and the lab (dist/lab.js). The command starts as CommonJS, because Node needs a quarter more time before it runs the
 * first line of an ES module. `--types` adds the declarations, which takes the compiler some seconds.
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

const define = { VASATRUST_VERSION: JSON.stringify(manifest.version) };
const shared = { absWorkingDir: root, outdir: 'dist', platform: 'node', target: 'node20.19', logLevel: 'warning' };

await build({
  ...shared,
  entryPoints: { 'run-process': 'src/cli/run-process.ts', index: 'src/index.ts', lab: 'src/lab/start-lab.ts' },
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  external: [...external, ...external.map((name) => `${name}/*`)],
  define,
  // Bundled CommonJS asks for Node's own modules through `require`.
  banner: { js: "import { createRequire as nodeRequire } from 'node:module';\nconst require = nodeRequire(import.meta.url);" },
  legalComments: 'external',
});
await build({
  ...shared,
  entryPoints: { vasatrust: 'src/cli/main.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  // Not bundled, so that nothing of it is in here: `import('./run-process.js')` finds the module beside it.
  packages: 'external',
  external: ['./run-process.js'],
  bundle: true,
  define,
});
chmodSync(`${root}dist/vasatrust.cjs`, 0o755);

if (process.argv.includes('--types')) {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.types.json'], {
    cwd: root,
    stdio: 'inherit',
  });
}
