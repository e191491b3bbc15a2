import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import forge from 'node-forge';
import { type BerElement, BerError, childrenOf, numberOf, octetsOf } from './ber.js';

/** null: none, which PKCS#12 tells from an empty one (and tools disagree about which of the two "no passphrase" is). */
export type Passphrase = string | null;

/** An encryption that nothing here reads; `message` names it. */
export class UnsupportedEncryption extends Error {}
/** Decryption ended in what is no padding: nearly always the passphrase. */
export class WrongPassphrase extends Error {}

/** What a hostile file may make us compute: hash rounds of all key derivations together. At most some seconds. */
export class WorkLimit {
  #left = 1_200_000;

  spend(iterations: number): void {
    if (!Number.isSafeInteger(iterations) || iterations < 1) throw new BerError('has an impossible number of iterations');
    this.#left -= iterations;
    if (this.#left < 0) throw new UnsupportedEncryption('more iterations of its key derivation than are computed (1,200,000)');
  }
}

const OID = {
  pbes2: '2a864886f70d01050d',
  pbkdf2: '2a864886f70d01050c',
  sha1TripleDes: '2a864886f70d010c0103',
  sha1Rc2With40Bits: '2a864886f70d010c0106',
} as const;

const PRFS: Readonly<Record<string, string>> = {
  '2a864886f70d0207': 'sha1',
  '2a864886f70d0208': 'sha224',
  '2a864886f70d0209': 'sha256',
  '2a864886f70d020a': 'sha384',
  '2a864886f70d020b': 'sha512',
};

const CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  '608648016503040102': { name: 'aes-128-cbc', keyBytes: 16 },
  '608648016503040116': { name: 'aes-192-cbc', keyBytes: 24 },
  '60864801650304012a': { name: 'aes-256-cbc', keyBytes: 32 },
  '2a864886f70d0307': { name: 'des-ede3-cbc', keyBytes: 24 },
};

/**
 * Decrypts what a passphrase encrypts in PKCS#12 and PKCS#8: PBES2 (RFC 8018: what OpenSSL 3, Java 17 and Windows write today) through OpenSSL, and the two PKCS#12 schemes of old
 * (3DES and 40-bit RC2, RFC 7292 appendix C) through node-forge, because OpenSSL 3 no longer has RC2 at hand.
 * Throws `UnsupportedEncryption`, `WrongPassphrase` or `BerError`.
 * @param algorithm AlgorithmIdentifier
 */
export function decrypt(algorithm: BerElement, encrypted: Buffer, passphrase: Passphrase, work: WorkLimit): Buffer {
  const [oid, parameters] = childrenOf(algorithm);
  const id = oid?.contents.toString('hex');
  if (!parameters) throw new BerError('has an encryption without parameters');
  if (id === OID.pbes2) return decryptPbes2(parameters, encrypted, passphrase, work);
  if (id === OID.sha1TripleDes || id === OID.sha1Rc2With40Bits) return decryptOld(id, parameters, encrypted, passphrase, work);
  throw new UnsupportedEncryption(`encryption ${dotted(oid)}`);
}

function decryptPbes2(parameters: BerElement, encrypted: Buffer, passphrase: Passphrase, work: WorkLimit): Buffer {
  const [derivation, scheme] = childrenOf(parameters);
  const [kdf, kdfParameters] = derivation ? childrenOf(derivation) : [];
  const [cipherId, iv] = scheme ? childrenOf(scheme) : [];
  if (!kdf || !kdfParameters || !cipherId || !iv) throw new BerError('has an encryption that breaks off');
  if (kdf.contents.toString('hex') !== OID.pbkdf2) throw new UnsupportedEncryption(`key derivation ${dotted(kdf)}`);
  const cipher = CIPHERS[cipherId.contents.toString('hex')];
  if (!cipher) throw new UnsupportedEncryption(`cipher ${dotted(cipherId)}`);
  const [salt, iterations, ...rest] = childrenOf(kdfParameters);
  const prfElement = rest.find(({ tag }) => tag === 0x30);
  const prfId = prfElement && childrenOf(prfElement)[0];
  const prf = prfId ? PRFS[prfId.contents.toString('hex')] : 'sha1';
  if (!prf) throw new UnsupportedEncryption(`key derivation with ${dotted(prfId)}`);
  const rounds = numberOf(iterations);
  work.spend(rounds);
  const key = pbkdf2Sync(Buffer.from(passphrase ?? '', 'utf8'), octetsOf(salt), rounds, cipher.keyBytes, prf);
  return withOpenssl(cipher.name, key, octetsOf(iv), encrypted);
}

function decryptOld(id: string, parameters: BerElement, encrypted: Buffer, passphrase: Passphrase, work: WorkLimit): Buffer {
  const [salt, iterations] = childrenOf(parameters);
  // Key and IV are derived apart, the 24 bytes of a 3DES key in two rounds of SHA-1.
  const rounds = numberOf(iterations);
  work.spend(3 * rounds);
  const derive = (use: 1 | 2, bytes: number) => pkcs12Key(passphrase, octetsOf(salt), use, rounds, bytes, 'sha1');
  if (id === OID.sha1TripleDes) return withOpenssl('des-ede3-cbc', derive(1, 24), derive(2, 8), encrypted);
  const cipher = forge.rc2.createDecryptionCipher(derive(1, 5).toString('latin1'), 40);
  cipher.start(derive(2, 8).toString('latin1'));
  cipher.update(forge.util.createBuffer(encrypted.toString('latin1')));
  if (encrypted.length % 8 !== 0 || !cipher.finish()) throw new WrongPassphrase();
  return Buffer.from(cipher.output.getBytes(), 'latin1');
}

function withOpenssl(cipher: string, key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  try {
    const decipher = createDecipheriv(cipher, key, iv);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    throw new WrongPassphrase();
  }
}

/** RFC 7292 appendix B. `use`: 1 key, 2 IV, 3 MAC. */
export function pkcs12Key(
  passphrase: Passphrase,
  salt: Buffer,
  use: 1 | 2 | 3,
  rounds: number,
  bytes: number,
  hash: Pkcs12Hash,
): Buffer {
  const derived = forge.pkcs12.generateKey(
    passphrase,
    forge.util.createBuffer(salt.toString('latin1')),
    use,
    rounds,
    bytes,
    forge.md[hash].create(),
  );
  return Buffer.from(derived.getBytes(), 'latin1');
}

export type Pkcs12Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** An object identifier for a sentence; arcs beyond 2^53 do not occur in algorithm names. */
export function dotted(oid: BerElement | undefined): string {
  if (oid?.tag !== 0x06 || oid.contents.length === 0 || oid.contents.length > 32) return 'without a name';
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of oid.contents) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (arcs.length > 0) arcs.push(arc);
    else arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    arc = 0;
  }
  return arcs.join('.');
}
