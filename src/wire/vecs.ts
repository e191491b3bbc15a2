import type { VecsEntry } from '../model/evidence.js';
import { err, ok, type Result } from '../model/problem.js';
import { certificatesFromPem } from './certificate-text.js';

const MAX_ENTRIES = 10_000;
const MAX_ALIAS = 4096;

/**
 * What `vecs-cli entry list --store NAME` prints:
 *
 *     Number of entries in store :<TAB>N
 *     Alias :<TAB><alias>
 *     Entry type :<TAB>Trusted Cert
 *     Certificate :<TAB>-----BEGIN CERTIFICATE-----
 *     …
 *
 * An alias may hold `:` and `/` (provider URLs), so a line is cut at its first ` :` only. An entry may hold several certificates
 * or none (secret keys). Fails when the number of entries is not the announced one: half a store must not pass for a whole one.
 * Source: the published vecs-cli (Lightwave) prints this; vCert reads the product's output the same way.
 */
export function parseVecsEntries(text: string, store: string): Result<VecsEntry[], string> {
  const lines = text.split(/\r?\n/);
  const announced = lines.map((line) => /^Number of entries in store :\s*(\d{1,6})\s*$/.exec(line)?.[1]).find(Boolean);
  if (announced === undefined) return err('the number of entries is missing');
  const entries: { alias: string; type: string; body: string[] }[] = [];
  let entry: { alias: string; type: string; body: string[] } | undefined;
  for (const line of lines) {
    const alias = /^Alias :[\t ]?(.*)$/.exec(line)?.[1];
    if (alias !== undefined) {
      if (entries.length >= MAX_ENTRIES) return err(`more than ${MAX_ENTRIES} entries`);
      if (alias.length > MAX_ALIAS) return err('an alias is too long');
      entry = { alias: alias.trim(), type: '', body: [] };
      entries.push(entry);
      continue;
    }
    const type = /^Entry type :\s*(.*)$/.exec(line)?.[1];
    if (entry === undefined) continue;
    if (type !== undefined && entry.type === '') entry.type = type.trim();
    else entry.body.push(line.replace(/^Certificate :\s*/, ''));
  }
  if (entries.length !== Number(announced)) return err(`${announced} entries announced, ${entries.length} printed`);
  if (entries.some((each) => each.alias === '' || each.type === '')) return err('an entry has no alias or no type');
  return ok(entries.map(({ alias, type, body }) => ({ store, alias, type, certificates: certificatesFromPem(body.join('\n')) })));
}

/** Error 4312 is vecs-cli's "object not found" (Lightwave's error table). */
export function saysNoSuchStore(text: string): boolean {
  return /\b4312\b|OBJECT_NOT_FOUND|store does(?:n't| not) exist/i.test(text);
}
