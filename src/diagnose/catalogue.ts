import { HOST_SIGNATURES } from './catalogue-hosts.js';
import { REMOVAL_SIGNATURES } from './catalogue-removal.js';
import { SERVICE_SIGNATURES } from './catalogue-service.js';
import { TRUST_SIGNATURES } from './catalogue-trust.js';
import type { LogRecord } from './record.js';
import type { Facts, Signature } from './signature.js';

/** Everything the reader of logs knows, by topic. */
export const CATALOGUE: readonly Signature[] = [
  ...REMOVAL_SIGNATURES,
  ...TRUST_SIGNATURES,
  ...HOST_SIGNATURES,
  ...SERVICE_SIGNATURES,
];

/** Marks every record of level ERROR: an error between the beginning and the end of a removal means it did not work. */
const ERROR_LITERAL = '] ERROR ';

/** Every text that files are searched for. */
export const LITERALS: readonly string[] = [...new Set([...CATALOGUE.flatMap(({ literals }) => literals), ERROR_LITERAL])];

/** What the entry reads out of the record; undefined where it does not fire. */
export function matchSignature(signature: Signature, record: LogRecord): Facts | undefined {
  if (signature.logger !== undefined && record.logger !== undefined && !isClass(record.logger, signature.logger))
    return undefined;
  const found = signature.pattern.exec(record.message) ?? firstMatch(signature, record.more);
  if (found === null || found === undefined) return undefined;
  if (signature.followedBy !== undefined && !record.more.some((line) => signature.followedBy?.test(line))) return undefined;
  const facts: Record<string, string> = {};
  for (const [name, value] of Object.entries(found.groups ?? {})) if (value !== undefined) facts[name] = value.slice(0, 300);
  return facts;
}

/** Entries without a class of their own may stand in an exception or cause below the head. */
function firstMatch(signature: Signature, lines: readonly string[]): RegExpExecArray | undefined {
  if (signature.logger !== undefined) return undefined;
  for (const line of lines) {
    const found = signature.pattern.exec(line);
    if (found !== null) return found;
  }
  return undefined;
}

const isClass = (logger: string, name: string): boolean => logger === name || logger.endsWith(`.${name}`);
