/** A typed value on its way into an answer or out of a request. Plain objects that the type tables give a shape to. */
export type Value = string | number | boolean | Date | Ref | Data | Any | readonly Value[];

/** Managed object reference. */
export interface Ref {
  readonly kind: 'ref';
  readonly type: string;
  readonly value: string;
}

export interface Data {
  readonly kind: 'data';
  readonly type: string;
  readonly fields: Readonly<Record<string, Value | undefined>>;
}

/** A value in an `anyType` place: its type has to be told. */
export interface Any {
  readonly kind: 'any';
  /** As in a type table: `string`, `ref`, `~Enum`, a data type. */
  readonly type: string;
  readonly list: boolean;
  readonly value: Value;
}

export function ref(type: string, value: string): Ref {
  return { kind: 'ref', type, value };
}

export function data(type: string, fields: Readonly<Record<string, Value | undefined>>): Data {
  return { kind: 'data', type, fields };
}

export function any(type: string, value: Value, list = false): Any {
  return { kind: 'any', type, list, value };
}

export function isRef(value: Value | undefined): value is Ref {
  return typeof value === 'object' && 'kind' in value && value.kind === 'ref';
}

export function isData(value: Value | undefined): value is Data {
  return typeof value === 'object' && 'kind' in value && value.kind === 'data';
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** A fault as the service throws it; `handleSoap` turns it into an HTTP 500 with the detail. */
export class ServiceFault extends Error {
  readonly fault: Data;
  readonly code: string;
  /** @param code `faultcode` of the envelope */
  constructor(type: string, message: string, fields: Readonly<Record<string, Value | undefined>> = {}, code = 'ServerFaultCode') {
    super(message);
    this.fault = data(type, fields);
    this.code = code;
  }
}

/** How the services refuse what they cannot make sense of. */
export function invalidRequest(message: string): ServiceFault {
  return new ServiceFault('InvalidRequest', message);
}

export function objectNotFound(object: Ref): ServiceFault {
  return new ServiceFault('ManagedObjectNotFound', 'The object has already been deleted or has not been completely created', {
    obj: object,
  });
}
