import type { ServiceRecord, TopologyNode } from '../model/evidence.js';
import type { DerBase64 } from '../model/ids.js';
import { certificatesFromPem } from './certificate-text.js';
import { field } from './rest-answer.js';

// Each takes the bare answer (`value` already removed) and returns undefined where it has not the form that the API documents.

/** `[{chain: id}]` */
export function parseChainIds(json: unknown): string[] | undefined {
  return listOf(json, (item) => textField(item, 'chain'));
}

/** `{cert_chain: {cert_chain: [PEM, …]}}`: nested twice, as documented. */
export function parseChain(json: unknown): DerBase64[] | undefined {
  return listOf(field(field(json, 'cert_chain'), 'cert_chain'), pemOf)?.flat();
}

/** `{cert: PEM, …}`; the rest says the same in words. */
export function parseTls(json: unknown): DerBase64[] | undefined {
  return pemOf(field(json, 'cert'));
}

/** One certificate or several; undefined where there is none. */
function pemOf(json: unknown): DerBase64[] | undefined {
  const found = typeof json === 'string' ? certificatesFromPem(json) : [];
  return found.length > 0 ? found : undefined;
}

/** `[{node, type, replication_partners?, client_affinity?}]` */
export function parseTopology(json: unknown): TopologyNode[] | undefined {
  return listOf(json, (item) => {
    const [node, type] = [textField(item, 'node'), textField(item, 'type')];
    if (node === undefined || type === undefined) return undefined;
    const partners = field(item, 'replication_partners');
    const replicationPartners = partners === undefined || partners === null ? [] : listOf(partners, textItem);
    const clientAffinity = textField(item, 'client_affinity');
    if (replicationPartners === undefined) return undefined;
    return { node, type, replicationPartners, ...(clientAffinity === undefined ? {} : { clientAffinity }) };
  });
}

/** `{id: info}` in `/api`, `[{key, value: info}]` in `/rest`. Services without a state are left out. */
export function parseServices(json: unknown): Map<string, ServiceRecord> | undefined {
  if (json === null || typeof json !== 'object') return undefined;
  const pairs: [unknown, unknown][] = Array.isArray(json)
    ? json.map((item) => [field(item, 'key'), field(item, 'value')])
    : Object.entries(json);
  const services = new Map<string, ServiceRecord>();
  for (const [id, info] of pairs) {
    const state = textField(info, 'state');
    const health = textField(info, 'health');
    if (typeof id === 'string' && state !== undefined) services.set(id, { state, ...(health === undefined ? {} : { health }) });
  }
  return services;
}

const MAX_ITEMS = 100_000;

/** Undefined where it is no list, or one of its items is not what it should be. */
function listOf<T>(json: unknown, parse: (item: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(json) || json.length > MAX_ITEMS) return undefined;
  const items = json.map(parse).filter((item) => item !== undefined);
  return items.length === json.length ? items : undefined;
}

const textItem = (item: unknown): string | undefined => (typeof item === 'string' ? item : undefined);

function textField(json: unknown, name: string): string | undefined {
  return textItem(field(json, name));
}
