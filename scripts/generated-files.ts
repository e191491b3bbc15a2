import { z } from 'zod';
import { CODES } from '../src/findings/explain/codes.js';
import { auditSchema } from '../src/report/audit-schema.js';
import { codeIndex, codePage } from '../src/report/code-page.js';
import { prefilterModuleSource } from './prefilter-assembly.js';

/** Path in the repository → content, of everything `node scripts/generate-docs.mjs` writes. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/findings/README.md', codeIndex(CODES)],
    ...CODES.map((entry) => [`docs/findings/${entry.code}.md`, codePage(entry)] as const),
    ['src/diagnose/prefilter-module.ts', prefilterModuleSource()],
    ['schemas/audit.schema.json', `${JSON.stringify(z.toJSONSchema(auditSchema, { io: 'input' }), null, 2)}\n`],
  ]);
}
