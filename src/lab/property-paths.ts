import { type Field, isKindOf } from './soap-types.js';
import { isData, isList, ServiceFault, type Value } from './soap-values.js';
import { MANAGED_TYPES, VIM_TYPES } from './vim-types.js';

export type Fields = Readonly<Record<string, Value | undefined>>;

/** A property path of a managed type, step by step: `summary.config.product.version`. */
export interface PropertyPath {
  readonly text: string;
  readonly fields: readonly Field[];
}

/** Follows a path through the types. A step may belong to a subtype of what is declared: `info.vvolDS` is of VvolDatastoreInfo. */
export function resolvePath(typeName: string, text: string, version: number): PropertyPath {
  const fields: Field[] = [];
  let candidates: readonly Field[] = MANAGED_TYPES.get(typeName)?.fields ?? [];
  for (const step of text.split('.')) {
    const field = candidates.find((one) => one.name === step && one.since <= version);
    const previous = fields.at(-1);
    if (field === undefined || previous?.list === true) {
      throw new ServiceFault('InvalidProperty', `The property '${text}' of ${typeName} does not exist.`, { name: text });
    }
    fields.push(field);
    candidates = [...VIM_TYPES.values()].filter((type) => isKindOf(type, field.type)).flatMap((type) => type.fields);
  }
  return { text, fields };
}

/** Throws InvalidType for one the lab does not have. */
export function managedType(value: Value | undefined): { readonly name: string; readonly fields: readonly Field[] } {
  const type = MANAGED_TYPES.get(String(value).trim());
  if (type === undefined) throw new ServiceFault('InvalidType', `Unknown managed type ${String(value)}`, { argument: 'type' });
  return type;
}

/** The fields of each data object in a list. */
export function records(value: Value | undefined): Fields[] {
  return isList(value) ? value.filter(isData).map((one) => one.fields) : [];
}
