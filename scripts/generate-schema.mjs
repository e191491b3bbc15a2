/** Writes schemas/estate.schema.json from the schema that checks estate.yaml. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(root, 'node_modules', '.schema-'));
try {
  const outfile = join(folder, 'estate-schema.mjs');
  await build({
    entryPoints: [join(root, 'src/config/estate-schema.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  const { estateJsonSchema } = await import(pathToFileURL(outfile).href);
  writeFileSync(join(root, 'schemas/estate.schema.json'), `${JSON.stringify(estateJsonSchema(), null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
