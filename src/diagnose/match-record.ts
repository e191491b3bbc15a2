import { CATALOGUE, matchSignature } from './catalogue.js';
import type { LogRecord } from './record.js';
import type { Facts, Signature } from './signature.js';

export interface Hit {
  readonly signature: Signature;
  readonly facts: Facts;
}

const byClass = new Map<string, Signature[]>();
for (const signature of CATALOGUE) {
  if (signature.logger !== undefined) byClass.set(signature.logger, [...(byClass.get(signature.logger) ?? []), signature]);
}
const OF_CLASSES = CATALOGUE.filter(({ logger }) => logger !== undefined);
const OF_ANYBODY = CATALOGUE.filter(({ logger }) => logger === undefined);

/** The entry that fires on a record. What the record's own class says goes before what stands in an exception or frame below it. */
export function matchRecord(record: LogRecord): Hit | undefined {
  const { logger } = record;
  const own = logger === undefined ? OF_CLASSES : (byClass.get(logger.slice(logger.lastIndexOf('.') + 1)) ?? []);
  return firstHit(own, record) ?? firstHit(OF_ANYBODY, record);
}

function firstHit(signatures: readonly Signature[], record: LogRecord): Hit | undefined {
  for (const signature of signatures) {
    if (!signature.literals.some((literal) => holds(record, literal))) continue;
    const facts = matchSignature(signature, record);
    if (facts !== undefined) return { signature, facts };
  }
  return undefined;
}

const holds = (record: LogRecord, literal: string): boolean =>
  record.message.includes(literal) || record.text.includes(literal) || record.more.some((line) => line.includes(literal));
