import { type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { bits, explicit, integer, oid, sequence, setOf } from './der.js';
import { nameDer } from './mint.js';

export interface RequestOptions {
  readonly name?: string;
  readonly keys: KeyPairKeyObjectResult;
  /** Key that signs, when it is to differ. */
  readonly signWith?: KeyPairKeyObjectResult;
  /** Extensions asked for; made with `extension`. */
  readonly extensions?: readonly Uint8Array[];
  readonly attributeType?: string;
}

/** A PKCS#10 request, made by hand so that it can also be wrong. */
export function mintRequest({
  name = 'CN=array',
  keys,
  signWith = keys,
  extensions = [],
  attributeType,
}: RequestOptions): Buffer {
  const ec = signWith.privateKey.asymmetricKeyType === 'ec';
  const algorithm = ec ? sequence(oid('1.2.840.10045.4.3.2')) : sequence(oid('1.2.840.113549.1.1.11'), Buffer.of(5, 0));
  const asked = sequence(oid(attributeType ?? '1.2.840.113549.1.9.14'), setOf(sequence(...extensions)));
  const info = sequence(
    integer(0),
    nameDer(name),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    extensions.length > 0 ? explicit(0, asked) : explicit(0),
  );
  return sequence(info, algorithm, bits(sign('sha256', info, signWith.privateKey)));
}
