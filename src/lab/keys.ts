import { createPrivateKey, createPublicKey, generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export type KeyKind = 'rsa' | 'ec' | 'ec-p384' | 'ed25519' | 'rsa-1024' | 'rsa-3072' | 'rsa-4096';

export interface LabKeys {
  readonly privateKey: KeyObject;
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
}

const generate = promisify(generateKeyPair);

/** A new key pair. RSA is made in the thread pool: ask for several at once. EC takes a tenth of a millisecond. */
export async function generateKeys(kind: KeyKind = 'rsa'): Promise<LabKeys> {
  switch (kind) {
    case 'rsa':
    case 'rsa-1024':
    case 'rsa-3072':
    case 'rsa-4096': {
      const modulusLength = kind === 'rsa' ? 2048 : Number(kind.slice(4));
      return labKeys((await generate('rsa', { modulusLength })).privateKey);
    }
    case 'ec':
      return generateEcKeys();
    case 'ec-p384':
      return labKeys(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey);
    case 'ed25519':
      return labKeys(generateKeyPairSync('ed25519').privateKey);
  }
}

export const generateEcKeys = (): LabKeys => labKeys(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);

export const keysFromPem = (privateKeyPem: string): LabKeys => labKeys(createPrivateKey(privateKeyPem));

function labKeys(privateKey: KeyObject): LabKeys {
  return {
    privateKey,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    spki: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
  };
}

/** Hands out key pairs, each once per source. */
export interface KeySource {
  take(kind: KeyKind): Promise<LabKeys>;
  /** Starts making the next `count` pairs, so that taking them one after the other does not wait for each. */
  prepare(kind: KeyKind, count: number): void;
}

const made = new Map<KeyKind, Promise<LabKeys>[]>();

/**
 * Keys for one lab. Two takes of one source never give the same pair, but the n-th of every source in this process does: RSA keys are slow
 * to make and no lab depends on their being new.
 * `only`: whatever is asked for, this kind is given (big estates run on EC alone).
 */
export function openKeySource(options: { readonly only?: KeyKind } = {}): KeySource {
  const taken = new Map<KeyKind, number>();
  const nth = (kind: KeyKind, index: number): Promise<LabKeys> => {
    const list = made.get(kind) ?? [];
    made.set(kind, list);
    const keys = list[index] ?? generateKeys(kind);
    list[index] = keys;
    return keys;
  };
  return {
    take(asked) {
      const kind = options.only ?? asked;
      const index = taken.get(kind) ?? 0;
      taken.set(kind, index + 1);
      return nth(kind, index);
    },
    prepare(asked, count) {
      const kind = options.only ?? asked;
      const from = taken.get(kind) ?? 0;
      for (let index = from; index < from + count; index++) nth(kind, index).catch(() => undefined);
    },
  };
}
