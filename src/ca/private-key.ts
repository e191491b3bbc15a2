import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Sha256Hex } from '../model/ids.js';

/** A private key that came with a file. */
export interface FoundKey {
  readonly key: KeyObject;
  /** Of its public half: what a certificate for this key says. */
  readonly spkiSha256: Sha256Hex;
}

/** PrivateKeyInfo, RSAPrivateKey or ECPrivateKey; undefined for what is no key that OpenSSL knows. */
export function keyInDer(der: Buffer): FoundKey | undefined {
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    try {
      return found(createPrivateKey({ key: der, format: 'der', type }));
    } catch {
      // not of this form
    }
  }
  return undefined;
}

/** A PEM block, armour included, that is encrypted in the old way (`DEK-Info`), or not at all. Encrypted PKCS#8 is `openShroudedKey`'s, which bounds the work. */
export function keyInPem(block: string, passphrase: string | undefined): FoundKey | 'wrong-passphrase' | undefined {
  try {
    return found(createPrivateKey({ key: block, format: 'pem', ...(passphrase !== undefined && { passphrase }) }));
  } catch {
    return isOldEncrypted(block) ? 'wrong-passphrase' : undefined;
  }
}

export const isOldEncrypted = (block: string): boolean => /^Proc-Type: *4, *ENCRYPTED/m.test(block.slice(0, 500));

function found(key: KeyObject): FoundKey {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { key, spkiSha256: createHash('sha256').update(spki).digest('hex') as Sha256Hex };
}
