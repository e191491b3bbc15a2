import { canonicalHostPort } from '../x509/names.js';

export interface CategoryVerdict {
  readonly category: 'external' | 'internal' | 'unknown';
  /** `inferred`: this SMS tells no category. */
  readonly basis: 'sms' | 'inferred';
}

/**
 * SMS tells the category since 6.7. Before that an internal provider is known by the names and the port vCenter itself gives to IO-filter
 * and vSAN providers (inferred); anything else counts as external.
 */
export function categoryOf(told: string | undefined, name: string, url: string): CategoryVerdict {
  if (told !== undefined) return { category: told === 'internal' || told === 'external' ? told : 'unknown', basis: 'sms' };
  const internal = /^(IOFILTER|VMware vSAN|VSAN)\b/i.test(name) || canonicalHostPort(url)?.port === 9080;
  return { category: internal ? 'internal' : 'external', basis: 'inferred' };
}
