import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Vitest's global setup for tests of the built command: never a stale one. */
export function setup(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/build.mjs')], { stdio: 'inherit' });
}
