import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const REQUIRED = process.env.VASATRUST_REQUIRE_SYSTEM_TESTS === '1';

/**
 * For `describe.skipIf(…)`: true when a part is missing and may be missing. Under VASATRUST_REQUIRE_SYSTEM_TESTS=1 a missing part
 * throws instead, so that a skipped system test is a failure.
 * @param parts commands looked up on PATH (and the sbin folders), or absolute paths
 */
export function missingSystemParts(...parts: string[]): boolean {
  const missing = parts.filter((part) => findCommand(part) === undefined);
  if (missing.length > 0 && REQUIRED) throw new Error(`system tests are required, but these are missing: ${missing.join(', ')}`);
  return missing.length > 0;
}

/** Where a command is, or undefined. */
export function findCommand(command: string): string | undefined {
  if (command.startsWith('/')) return existsSync(command) ? command : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin'];
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}

/** True when we may make network namespaces and mounts; else the same rule as a missing part. */
export function missingRoot(): boolean {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && REQUIRED) throw new Error('system tests are required, but this is not root');
  return !isRoot;
}
