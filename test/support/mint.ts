import { constants, createHash, generateKeyPairSync, type KeyObject, type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { isIP } from 'node:net';
import type { Certificate } from '../../src/model/certificate.js';
import { parseDer } from '../../src/x509/parse.js';
import { bits, bool, der, explicit, implicit, integer, octets, oid, sequence, setOf, time } from './der.js';

/**
 * Mints certificates in memory, synchronously. It writes DER itself (and lets OpenSSL sign), because tests need what a certificate library refuses to make:
 * version 1, negative serials, raw names, two extensions of one kind, wrong signatures.
 */
export interface Minted {
  readonly cert: Certificate;
  readonly der: Buffer;
  readonly pem: string;
  readonly keys: KeyPairKeyObjectResult;
  /** PKCS#8, for TLS servers. */
  readonly keyPem: string;
}

export type KeyType = 'ec' | 'ec384' | 'rsa' | 'ed25519' | 'dsa';
export type Hash = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

export interface MintOptions {
  /** `CN=CA,DC=vsphere,DC=local`, in the order of the encoding (commas cannot be escaped: use `rawSubject`). */
  readonly name?: string;
  /** DER of the whole Name. */
  readonly rawSubject?: Uint8Array;
  /** Who signs; missing: self-signed. */
  readonly issuer?: Minted;
  /** Issuer name that differs from the issuer's subject. */
  readonly issuerName?: string;
  /** Sign with these keys whatever the issuer's are. */
  readonly signWith?: KeyPairKeyObjectResult;
  readonly keys?: KeyPairKeyObjectResult;
  readonly keyType?: KeyType;
  readonly hash?: Hash;
  /** RSA only. */
  readonly pss?: boolean;
  /** Key identifiers: true (default) the real one, false none, hex a given one. For a self-signed certificate AKI defaults to none. */
  readonly ski?: boolean | string;
  readonly aki?: boolean | string;
  /** Value of the AKI extension, as it is. */
  readonly rawAki?: Uint8Array;
  readonly serial?: bigint | number;
  /** Contents of the serial INTEGER, as they are. */
  readonly rawSerial?: Uint8Array;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Host names, IP addresses, `dns:…` (whatever it is), `email:…`, `uri:…`, `other:…`, `dir:CN=…`, in any mix. */
  readonly san?: readonly string[];
  /** Names of the bits; false: no such extension. */
  readonly keyUsage?: readonly string[] | false;
  readonly extendedKeyUsage?: readonly string[];
  /** false: no such extension; `not-ca`: cA false. */
  readonly basicConstraints?: 'ca' | 'not-ca' | false;
  readonly pathLength?: number;
  readonly nameConstraints?: { readonly permitted?: readonly string[]; readonly excluded?: readonly string[] };
  /** Added as they are; made with `extension(…)`. */
  readonly extraExtensions?: readonly Uint8Array[];
  /** 1: no extensions at all. */
  readonly version?: 1 | 3;
  /** Signature algorithm named inside what is signed, when it is to differ from the one outside. */
  readonly innerAlgorithm?: string;
  /** Signature algorithm that is named, whatever signs. */
  readonly algorithm?: string;
}

/** A CA: cA true, keyCertSign and cRLSign; self-signed unless an issuer is given. */
export function mintCa(options: MintOptions = {}): Minted {
  return mint({
    name: 'CN=Test CA',
    basicConstraints: 'ca',
    keyUsage: ['keyCertSign', 'cRLSign'],
    ...options,
  });
}

/** A server certificate: cA false, SAN `localhost` and 127.0.0.1; self-signed unless an issuer is given. */
export function mintLeaf(options: MintOptions = {}): Minted {
  return mint({
    name: 'CN=localhost',
    san: ['localhost', '127.0.0.1'],
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    ...options,
  });
}

const START = new Date('2020-01-01T00:00:00Z');
const END = new Date('2040-01-01T00:00:00Z');
let lastSerial = 1000n;

function mint(options: MintOptions): Minted {
  const keys = options.keys ?? newKeys(options.keyType);
  const signer = options.signWith ?? options.issuer?.keys ?? keys;
  const algorithm = signatureAlgorithm(signer.privateKey, options);
  const subject = options.rawSubject ? Buffer.from(options.rawSubject) : nameDer(options.name ?? 'CN=Test');
  const issuer =
    options.issuerName !== undefined ? nameDer(options.issuerName) : options.issuer ? subjectOf(options.issuer) : subject;
  const version = options.version ?? 3;
  const tbs = sequence(
    version === 1 ? '' : explicit(0, integer(version - 1)),
    options.rawSerial ? der(0x02, options.rawSerial) : integer(options.serial ?? ++lastSerial),
    options.innerAlgorithm ? sequence(oid(options.innerAlgorithm)) : algorithm,
    issuer,
    sequence(time(options.notBefore ?? START), time(options.notAfter ?? END)),
    subject,
    spkiOf(keys),
    version === 1 ? '' : extensions(options, keys),
  );
  const encoded = sequence(tbs, algorithm, bits(signature(tbs, signer.privateKey, options)));
  return minted(encoded, keys);
}

/** A certificate made by hand, with the keys that belong to it. Throws when our own parser refuses it. */
export function minted(encoded: Buffer, keys: KeyPairKeyObjectResult): Minted {
  const parsed = parseDer(encoded);
  if (!parsed.ok) throw new Error(`the minted certificate ${parsed.error}`);
  return {
    cert: parsed.value,
    der: encoded,
    pem: pemOf(encoded),
    keys,
    get keyPem() {
      return keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    },
  };
}

export const pemOf = (encoded: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(encoded)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;

export function newKeys(type: KeyType = 'ec'): KeyPairKeyObjectResult {
  switch (type) {
    case 'ec':
      return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    case 'ec384':
      return generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'ed25519':
      return generateKeyPairSync('ed25519');
    case 'dsa':
      return generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
  }
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
};

/** `CN=CA,DC=vsphere` as a Name: UTF8String, and IA5String where RFC 5280 asks for it. An empty text is the empty name. */
export function nameDer(text: string): Buffer {
  const parts = text === '' ? [] : text.split(',');
  return sequence(
    ...parts.map((part) => {
      const [type = '', ...value] = part.split('=');
      const ia5 = type === 'DC' || type === 'emailAddress';
      return setOf(attribute(ATTRIBUTES[type] ?? type, value.join('='), ia5 ? 0x16 : type === 'C' ? 0x13 : 0x0c));
    }),
  );
}

/** One AttributeTypeAndValue; wrap it in `setOf` and `sequence`. */
export const attribute = (type: string, value: Uint8Array | string, tag = 0x0c): Buffer => sequence(oid(type), der(tag, value));

export const extension = (id: string, value: Uint8Array, critical = false): Buffer =>
  sequence(oid(id), critical ? bool(true) : '', octets(value));

const USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
];
const PURPOSES: Readonly<Record<string, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};

function extensions(options: MintOptions, keys: KeyPairKeyObjectResult): Buffer {
  const list: Uint8Array[] = [];
  const basic = options.basicConstraints;
  if (basic) {
    const pathLength = options.pathLength === undefined ? '' : integer(options.pathLength);
    list.push(extension('2.5.29.19', sequence(basic === 'ca' ? bool(true) : '', pathLength), true));
  }
  if (options.keyUsage) {
    const byte = options.keyUsage.reduce((sum, name) => sum | (0x80 >> USAGES.indexOf(name)), 0);
    const unused = byte === 0 ? 0 : 31 - Math.clz32(byte & -byte);
    list.push(extension('2.5.29.15', bits(Buffer.from([byte]), unused), true));
  }
  if (options.extendedKeyUsage)
    list.push(extension('2.5.29.37', sequence(...options.extendedKeyUsage.map((name) => oid(PURPOSES[name] ?? name)))));
  if (options.ski !== false) {
    const id = typeof options.ski === 'string' ? Buffer.from(options.ski, 'hex') : keyIdOf(keys);
    list.push(extension('2.5.29.14', octets(id)));
  }
  if (options.rawAki) list.push(extension('2.5.29.35', options.rawAki));
  const aki = options.rawAki ? false : (options.aki ?? options.issuer !== undefined);
  if (aki !== false) {
    const own = typeof aki === 'string' ? Buffer.from(aki, 'hex') : issuerKeyId(options.issuer, keys);
    if (own) list.push(extension('2.5.29.35', sequence(implicit(0, own))));
  }
  if (options.san) list.push(extension('2.5.29.17', sequence(...options.san.map(generalName))));
  if (options.nameConstraints) {
    const trees = (names: readonly string[] | undefined, n: number) =>
      names ? explicit(n, ...names.map((name) => sequence(constraintBase(name)))) : '';
    const { permitted, excluded } = options.nameConstraints;
    list.push(extension('2.5.29.30', sequence(trees(permitted, 0), trees(excluded, 1)), true));
  }
  list.push(...(options.extraExtensions ?? []));
  return list.length === 0 ? Buffer.alloc(0) : explicit(3, sequence(...list));
}

/** The issuer's SKI as it says it; its key's real one where it says none. */
function issuerKeyId(issuer: Minted | undefined, keys: KeyPairKeyObjectResult): Buffer {
  if (issuer?.cert.ski) return Buffer.from(issuer.cert.ski, 'hex');
  return keyIdOf(issuer?.keys ?? keys);
}

/** RFC 5280 section 4.2.1.2, method (1): SHA-1 of the key bits. Here of the whole SPKI, which serves as well and needs no parser. */
const keyIdOf = (keys: KeyPairKeyObjectResult): Buffer => createHash('sha1').update(spkiOf(keys)).digest();
const spkiOf = (keys: KeyPairKeyObjectResult): Buffer => keys.publicKey.export({ type: 'spki', format: 'der' });

const addressOctets = (text: string): Buffer => {
  if (isIP(text) === 4) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: 8 - front.length - back.length }, () => '0');
  return Buffer.from(
    [...front, ...(tail === undefined ? [] : middle), ...back].map((group) => group.padStart(4, '0')).join(''),
    'hex',
  );
};

function generalName(name: string): Buffer {
  if (name.startsWith('dns:')) return implicit(2, name.slice(4));
  if (name.startsWith('email:')) return implicit(1, name.slice(6));
  if (name.startsWith('uri:')) return implicit(6, name.slice(4));
  if (name.startsWith('dir:')) return explicit(4, nameDer(name.slice(4)));
  if (name.startsWith('other:')) return explicit(0, oid('1.3.6.1.4.1.311.20.2.3'), explicit(0, der(0x0c, name.slice(6))));
  return isIP(name) ? implicit(7, addressOctets(name)) : implicit(2, name);
}

/** As in SAN, but addresses are `10.0.0.0/255.0.0.0`. */
function constraintBase(name: string): Buffer {
  const [address = '', mask] = name.split('/');
  return mask !== undefined && isIP(address)
    ? implicit(7, Buffer.concat([addressOctets(address), addressOctets(mask)]))
    : generalName(name);
}

/** The subject of a minted certificate as encoded, taken from where `mint` put it. */
function subjectOf(issuer: Minted): Buffer {
  const fields = children(children(issuer.der)[0] as Buffer);
  const first = issuer.cert.version === 1 ? 0 : 1;
  return fields[first + 4] as Buffer;
}

/** The elements inside a constructed element. */
export function children(encoded: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let at = headerLength(encoded, 0);
  while (at < encoded.length) {
    const length = headerLength(encoded, at) + contentLength(encoded, at);
    found.push(encoded.subarray(at, at + length));
    at += length;
  }
  return found;
}

const headerLength = (bytes: Buffer, at: number): number => {
  const first = bytes[at + 1] ?? 0;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
};
const contentLength = (bytes: Buffer, at: number): number => {
  const first = bytes[at + 1] ?? 0;
  return first < 0x80 ? first : bytes.readUIntBE(at + 2, first & 0x7f);
};

const RSA: Readonly<Record<Hash, string>> = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};
const ECDSA: Readonly<Record<Hash, string>> = {
  md5: '1.2.840.10045.4.1',
  sha1: '1.2.840.10045.4.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};
const SHA256 = '2.16.840.1.101.3.4.2.1';

function signatureAlgorithm(key: KeyObject, options: MintOptions): Buffer {
  if (options.algorithm !== undefined) return sequence(oid(options.algorithm));
  const hash = options.hash ?? 'sha256';
  switch (key.asymmetricKeyType) {
    case 'ec':
      return sequence(oid(ECDSA[hash]));
    case 'ed25519':
      return sequence(oid('1.3.101.112'));
    case 'dsa':
      return sequence(oid('2.16.840.1.101.3.4.3.2'));
    default: {
      if (!options.pss) return sequence(oid(RSA[hash]), der(0x05));
      const sha256 = sequence(oid(SHA256));
      const mgf = sequence(oid('1.2.840.113549.1.1.8'), sha256);
      return sequence(oid('1.2.840.113549.1.1.10'), sequence(explicit(0, sha256), explicit(1, mgf), explicit(2, integer(32))));
    }
  }
}

function signature(tbs: Buffer, key: KeyObject, options: MintOptions): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return sign(null, tbs, key);
  const pss = options.pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  return sign(options.hash ?? 'sha256', tbs, { key, ...pss });
}
