import { createHmac, timingSafeEqual } from 'node:crypto';
import { type BerElement, BerError, childrenOf, numberOf, octetsOf, readBer } from './ber.js';
import {
  decrypt,
  dotted,
  type Passphrase,
  type Pkcs12Hash,
  pkcs12Key,
  UnsupportedEncryption,
  type WorkLimit,
  WrongPassphrase,
} from './password-cipher.js';

const DATA = '2a864886f70d010701';
const ENCRYPTED_DATA = '2a864886f70d010706';
const BAG = {
  key: '2a864886f70d010c0a0101',
  shroudedKey: '2a864886f70d010c0a0102',
  certificate: '2a864886f70d010c0a0103',
  safe: '2a864886f70d010c0a0106',
};
const X509_CERTIFICATE = '2a864886f70d01091601';
const MAC_HASHES: Readonly<Record<string, Pkcs12Hash>> = {
  '2b0e03021a': 'sha1',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
};
const HASH_BYTES: Readonly<Record<Pkcs12Hash, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };
const MAX_NESTING = 8;

/** DER of what is in a PKCS#12 file: certificates as they stand in it, keys as PrivateKeyInfo. */
export interface Pkcs12Contents {
  readonly certificates: readonly Buffer[];
  readonly keys: readonly Buffer[];
}

/**
 * Opens a PKCS#12 file. The MAC is checked first, so that a wrong passphrase is told from damage; files without one are read as far as the passphrase
 * goes. Throws `WrongPassphrase`, `UnsupportedEncryption` or `BerError`.
 */
export function openPkcs12(outer: BerElement, passphrase: Passphrase, work: WorkLimit): Pkcs12Contents {
  const [, authSafe, macData] = childrenOf(outer);
  const safes = contentsOf(authSafe);
  if (macData) checkMac(macData, safes, passphrase, work);
  const found = { certificates: [] as Buffer[], keys: [] as Buffer[] };
  for (const safe of childrenOf(readBer(safes))) {
    const [type, content] = childrenOf(safe);
    const id = type?.contents.toString('hex');
    if (id === DATA) collectBags(readBer(contentsOf(safe)), passphrase, work, found, 0);
    else if (id === ENCRYPTED_DATA && content)
      collectBags(readBer(decryptSafe(content, passphrase, work)), passphrase, work, found, 0);
    else throw new UnsupportedEncryption(`contents of type ${dotted(type)}`);
  }
  return found;
}

/** The OCTET STRING of a ContentInfo of type data. */
function contentsOf(contentInfo: BerElement | undefined): Buffer {
  const [type, content] = contentInfo ? childrenOf(contentInfo) : [];
  if (type?.contents.toString('hex') !== DATA)
    throw new UnsupportedEncryption(`contents of type ${dotted(type)} (only passphrases are known here)`);
  return octetsOf(content && childrenOf(content)[0]);
}

function checkMac(macData: BerElement, safes: Buffer, passphrase: Passphrase, work: WorkLimit): void {
  const [digestInfo, salt, iterations] = childrenOf(macData);
  const [algorithm, digest] = digestInfo ? childrenOf(digestInfo) : [];
  const oid = algorithm && childrenOf(algorithm)[0];
  const hash = MAC_HASHES[oid?.contents.toString('hex') ?? ''];
  if (!hash) throw new UnsupportedEncryption(`integrity check ${dotted(oid)}`);
  const rounds = iterations ? numberOf(iterations) : 1;
  work.spend(rounds);
  const key = pkcs12Key(passphrase, octetsOf(salt), 3, rounds, HASH_BYTES[hash], hash);
  const mac = createHmac(hash, key).update(safes).digest();
  const expected = octetsOf(digest);
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) throw new WrongPassphrase();
}

/** EncryptedData ::= SEQUENCE { version, EncryptedContentInfo { type, algorithm, [0] contents } }. */
function decryptSafe(content: BerElement, passphrase: Passphrase, work: WorkLimit): Buffer {
  const encryptedData = childrenOf(content)[0];
  const info = encryptedData && childrenOf(encryptedData)[1];
  const [, algorithm, encrypted] = info ? childrenOf(info) : [];
  if (!algorithm || !encrypted) throw new BerError('has an encrypted part that breaks off');
  return decrypt(algorithm, octetsOf(encrypted), passphrase, work);
}

function collectBags(
  safeContents: BerElement,
  passphrase: Passphrase,
  work: WorkLimit,
  found: { readonly certificates: Buffer[]; readonly keys: Buffer[] },
  depth: number,
): void {
  if (depth > MAX_NESTING) throw new BerError('is nested too deeply');
  for (const bag of childrenOf(safeContents)) {
    const [type, value] = childrenOf(bag);
    const inner = value && childrenOf(value)[0];
    if (!inner) throw new BerError('has a bag that breaks off');
    const id = type?.contents.toString('hex');
    if (id === BAG.key) found.keys.push(inner.whole);
    else if (id === BAG.shroudedKey) found.keys.push(openShroudedKey(inner, passphrase, work));
    else if (id === BAG.safe) collectBags(inner, passphrase, work, found, depth + 1);
    else if (id === BAG.certificate) {
      const [kind, certificate] = childrenOf(inner);
      if (kind?.contents.toString('hex') !== X509_CERTIFICATE || !certificate) continue;
      found.certificates.push(octetsOf(childrenOf(certificate)[0]));
    }
  }
}

/** EncryptedPrivateKeyInfo (RFC 5208 section 6) → PrivateKeyInfo. */
export function openShroudedKey(encryptedKey: BerElement, passphrase: Passphrase, work: WorkLimit): Buffer {
  const [algorithm, encrypted] = childrenOf(encryptedKey);
  if (!algorithm || !encrypted) throw new BerError('has an encrypted key that breaks off');
  return decrypt(algorithm, octetsOf(encrypted), passphrase, work);
}
