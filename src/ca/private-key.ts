import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Sha256Hex } from '../model/ids.js';
import { type BerElement, BerError, childrenOf, octetsOf, readBer } from './ber.js';

/** A private key that came with a file. */
export interface FoundKey {
  /** The key itself, for whoever writes it; throws where OpenSSL cannot read it. */
  readonly open: () => KeyObject;
  /** Of its public half: what a certificate for this key says. */
  readonly spkiSha256: Sha256Hex;
}

/** PrivateKeyInfo, RSAPrivateKey or ECPrivateKey; undefined for what is no key that OpenSSL knows. */
export function keyInDer(der: Buffer): FoundKey | undefined {
  const rsa = rsaKey(der);
  if (rsa) return rsa;
  for (const type of ['pkcs8', 'sec1'] as const) {
    try {
      return found(createPrivateKey({ key: der, format: 'der', type }));
    } catch {
      // not of this form
    }
  }
  return undefined;
}

/** A PEM block, armour included, that is encrypted in the old way (`DEK-Info`). Encrypted PKCS#8 is `openShroudedKey`'s, which bounds the work. */
export function keyInOldPem(block: string, passphrase: string): FoundKey | undefined {
  try {
    return found(createPrivateKey({ key: block, format: 'pem', passphrase }));
  } catch {
    return undefined;
  }
}

export const isOldEncrypted = (block: string): boolean => /^Proc-Type: *4, *ENCRYPTED/m.test(block.slice(0, 500));

function found(key: KeyObject): FoundKey {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { open: () => key, spkiSha256: sha256(spki) };
}

const RSA_ENCRYPTION = Buffer.from('300d06092a864886f70d0101010500', 'hex');
/** version, modulus, public exponent, and the six numbers of the private half (RFC 8017 appendix A.1.2). */
const RSA_NUMBERS = 9;

/**
 * The public half of an RSA key is in the clear beside the private one. Taken out by hand, because OpenSSL needs half a millisecond to read a private key and
 * write its public half, and a thousand are read where a plan is large.
 */
function rsaKey(der: Buffer): FoundKey | undefined {
  try {
    const outer = childrenOf(readBer(der));
    const pkcs8 = outer[1]?.tag === 0x30;
    if (pkcs8 && !outer[1]?.whole.equals(RSA_ENCRYPTION)) return undefined;
    const numbers = pkcs8 ? childrenOf(readBer(octetsOf(outer[2]))) : outer;
    const [, modulus, exponent] = numbers;
    if (numbers.length !== RSA_NUMBERS || !modulus || !exponent || numbers.some(({ tag }) => tag !== 0x02)) return undefined;
    const open = () => createPrivateKey({ key: der, format: 'der', type: pkcs8 ? 'pkcs8' : 'pkcs1' });
    return { open, spkiSha256: sha256(rsaSpki(modulus, exponent)) };
  } catch (error) {
    if (error instanceof BerError) return undefined;
    throw error;
  }
}

/** SubjectPublicKeyInfo (RFC 3279 section 2.3.1). */
function rsaSpki(modulus: BerElement, exponent: BerElement): Buffer {
  const key = wrap(0x30, modulus.whole, exponent.whole);
  return wrap(0x30, RSA_ENCRYPTION, wrap(0x03, Buffer.of(0), key));
}

function wrap(tag: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  if (length > 0xffff) throw new BerError('has a key that is far too large');
  return Buffer.concat([Buffer.of(tag, ...bytes), ...parts]);
}

const sha256 = (bytes: Buffer): Sha256Hex => createHash('sha256').update(bytes).digest('hex') as Sha256Hex;
